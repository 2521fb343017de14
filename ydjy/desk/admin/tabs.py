"""The tabs above a long list, each with its number, and the drop-downs beside them."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.contrib.admin import SimpleListFilter
from django.db.models import Q, QuerySet

from ydjy.desk.admin.paginators import counted


class Tabs(SimpleListFilter):
    """Which tab; drawn as tabs by the template, so it never shows among the drop-downs."""

    title = "分类"
    parameter_name = "tab"
    is_hidden = True
    tabs: ClassVar[dict[str, str]]
    seldom: ClassVar[frozenset[str]] = frozenset()  # drawn only while something is in them

    def __init__(self, request: Any, params: Any, model: Any, model_admin: Any):
        self.person = request.user
        self.searching = bool(request.GET.get("q"))
        super().__init__(request, params, model, model_admin)

    def first(self) -> str:
        """The tab with which this person begins."""
        raise NotImplementedError

    def lookups(self, request: Any, model_admin: Any) -> list[tuple[str, str]]:
        return list(self.tabs.items())

    def value(self) -> str:
        """What is asked for; a search without a tab looks everywhere."""
        chosen = super().value()
        if chosen in self.tabs:
            return str(chosen)
        return "all" if self.searching else self.first()


COUNTED = 999  # further a counter does not count


def counts(rows: QuerySet[Any], conditions: Mapping[str, Q]) -> dict[str, int]:
    """The counters as they are shown: each by its index, and none further than anyone reads."""
    return {tab: counted(rows.filter(asked), COUNTED) for tab, asked in conditions.items()}


def above(cl: Any, counts: Mapping[str, int | str]) -> dict[str, Any]:
    """What the template draws; a tab that is not counted has no number."""
    spec = next(one for one in cl.filter_specs if isinstance(one, Tabs))
    here = spec.value()
    return {
        "tab": here,
        "tabs": [
            {
                "label": label,
                "count": counts.get(key),
                "here": key == here,
                "url": cl.get_query_string({"tab": key}, ["p"]),
            }
            for key, label in spec.tabs.items()
            if key not in spec.seldom or key == here or counts.get(key) not in (None, 0, "0")
        ],
        "dropdowns": [
            {
                "title": one.title,
                "chosen": getattr(one, "chosen_word", ""),
                "choices": list(one.choices(cl)),
            }
            for one in cl.filter_specs
            if not getattr(one, "is_hidden", False)
        ],
    }
