"""The tabs and drop-downs above the list of tickets: only values that the person's rows have."""

import re
from datetime import datetime
from typing import Any

from django.contrib.admin import SimpleListFilter
from django.db.models import Q, QuerySet
from django.utils import timezone

from apps.errors.models.transitions import OPEN, STRANDED, Status
from apps.offices.models import Role
from apps.offices.models.duty import Duty
from ydjy.desk.admin.tabs import Tabs, counts
from ydjy.lib.whole_numbers import whole_number

_WEEK = re.compile(r"(\d{4})-W(\d{2})", re.ASCII)
TABS = {
    "mine": "我的待办",
    "offered": "请我接手",
    "new": "未分派",
    "working": "处理中",
    "waiting": "等回复",
    "overdue": "逾期",
    "stranded": "经办人办不了",
    "open": "全部待办",
    "done": "已有结果",
    "all": "全部",
}


UNCOUNTED = ("done", "all")  # they grow for ever; their list counts itself


def hands(staff: Any, now: datetime) -> list[int]:
    """Whose tickets are this person's today, asked once for each page and day."""
    day = timezone.localdate(now)
    kept = staff.__dict__.setdefault("_hands", {})
    if day not in kept:
        kept[day] = Duty.objects.acting_for(staff, day)
    return kept[day]  # type: ignore[no-any-return]


def tab_condition(tab: str, staff: Any, now: datetime) -> Q:
    """The one definition of each tab: its list and its counter cannot differ."""
    is_open = Q(status__in=OPEN)
    return {
        "mine": is_open & Q(assignee__in=hands(staff, now)),
        "offered": is_open & Q(offered_to__in=hands(staff, now)),
        "new": Q(status=Status.NEW),
        "working": Q(status=Status.WORKING),
        "waiting": Q(status=Status.WAITING),
        "overdue": is_open & Q(batch__due_at__lte=now),
        "stranded": is_open & STRANDED,
        "open": is_open,
        "done": ~is_open,
        "all": Q(pk__isnull=False),
    }[tab]


def tab_counts(tickets: QuerySet[Any], staff: Any, now: datetime) -> dict[str, int]:
    asked = {tab: tab_condition(tab, staff, now) for tab in TABS if tab not in UNCOUNTED}
    return counts(tickets, asked)


def default_tab(staff: Any) -> str:
    return "mine" if staff.role in (Role.CLERK, Role.REVIEWER) else "open"


class TabFilter(Tabs):
    tabs = TABS
    seldom = frozenset({"offered", "stranded"})

    def first(self) -> str:
        return default_tab(self.person)

    def queryset(self, request: Any, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(tab_condition(self.value(), self.person, timezone.now()))


class NumbersFilter(SimpleListFilter):
    """Exactly the tickets whose numbers were pasted; shown by the page and not as a drop-down."""

    title = "编号"
    parameter_name = "n"
    is_hidden = True

    def lookups(self, request: Any, model_admin: Any) -> list[tuple[str, str]]:
        return [("", "")]

    def queryset(self, request: Any, queryset: QuerySet[Any]) -> QuerySet[Any]:
        pasted = self.value()
        return queryset.numbered(pasted.split(",")[:300]) if pasted else queryset


_COLUMNS = (
    "err_code",
    "cause",
    "cause__label",
    "insured_place",
    "assignee",
    "assignee__name",
    "assignee__username",
    "batch__iso_year",
    "batch__iso_week",
)
NEWEST = 3000  # rows whose values the drop-downs offer


def _values(request: Any, model_admin: Any) -> list[dict[str, Any]]:
    """What stands in the person's newest rows of the chosen tab, read once for all drop-downs."""
    if not hasattr(request, "_ticket_values"):
        chosen = request.GET.get("tab", "")
        tab = chosen if chosen in TABS else default_tab(request.user)
        rows = model_admin.get_queryset(request).filter(
            tab_condition(tab, request.user, timezone.now())
        )
        # What is open is little and found by its index; of the closed the newest are enough.
        rows = rows.order_by("-pk") if tab in ("done", "all") else rows.order_by()
        request._ticket_values = list(rows.values(*_COLUMNS)[:NEWEST])
    return request._ticket_values  # type: ignore[no-any-return]


class _ValueFilter(SimpleListFilter):
    """A drop-down of the values that the person's own rows hold."""

    column = ""

    def lookups(self, request: Any, model_admin: Any) -> list[tuple[str, str]]:
        found = {self.choice(row) for row in _values(request, model_admin)}
        return sorted((choice for choice in found if choice[0]), key=lambda choice: choice[1])

    def choice(self, row: dict[str, Any]) -> tuple[str, str]:
        """Value and label of one row; a blank value is not offered."""
        return row[self.column], row[self.column]

    def has_output(self) -> bool:
        return True  # a link may ask for an older value than those offered

    @property
    def chosen_word(self) -> str:
        value = self.value() or ""
        return str(dict(self.lookup_choices).get(value, value))

    def queryset(self, request: Any, queryset: QuerySet[Any]) -> QuerySet[Any]:
        chosen = self.value()
        return queryset.filter(**{self.column: chosen}) if chosen else queryset


class _KeyFilter(_ValueFilter):
    """The same for a relation: what is asked must be a key."""

    def queryset(self, request: Any, queryset: QuerySet[Any]) -> QuerySet[Any]:
        chosen = whole_number(self.value())
        return queryset if chosen is None else queryset.filter(**{self.column: chosen})


class WeekFilter(_ValueFilter):
    title = "周次"
    parameter_name = "week"

    def lookups(self, request: Any, model_admin: Any) -> list[tuple[str, str]]:
        return super().lookups(request, model_admin)[::-1]

    def choice(self, row: dict[str, Any]) -> tuple[str, str]:
        week = f"{row['batch__iso_year']}-W{row['batch__iso_week']:02d}"
        return week, week

    def queryset(self, request: Any, queryset: QuerySet[Any]) -> QuerySet[Any]:
        chosen = self.value()
        if not chosen:
            return queryset
        found = _WEEK.fullmatch(chosen)
        if found is None:
            return queryset
        return queryset.filter(batch__iso_year=int(found[1]), batch__iso_week=int(found[2]))


class CodeFilter(_ValueFilter):
    title = "错误码"
    parameter_name = "code"
    column = "err_code"


class CauseFilter(_KeyFilter):
    title = "原因"
    parameter_name = "cause"
    column = "cause"

    def choice(self, row: dict[str, Any]) -> tuple[str, str]:
        return str(row["cause"] or ""), row["cause__label"] or ""


class PlaceFilter(_ValueFilter):
    title = "参保地"
    parameter_name = "place"
    column = "insured_place"


class WorkerFilter(_KeyFilter):
    title = "经办人"
    parameter_name = "who"
    column = "assignee"

    def choice(self, row: dict[str, Any]) -> tuple[str, str]:
        return (
            str(row["assignee"] or ""),
            row["assignee__name"] or row["assignee__username"] or "",
        )
