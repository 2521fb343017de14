"""Pages of a list that may have a million rows: counted to ten thousand, keys first further on.

Counting a million takes longer than everything else on the page together; whoever has ten thousand
results narrows the search instead of turning pages.
"""

from functools import cached_property
from typing import Any

from django.core.paginator import Page, Paginator

COUNTED = 10_000
FOUND = 1_000  # of what a search found: further it is to be narrowed
NEAR = 5  # pages that are read in one go


class More(int):
    """A number that stands for itself and more; pages show it with a plus."""

    def __str__(self) -> str:
        return f"{int(self):,}+"


class CappedPaginator(Paginator):
    @cached_property
    def count(self) -> int:  # type: ignore[override]
        return counted(self.object_list, COUNTED)

    def page(self, number: Any) -> Page:
        """A far page is found by its keys, so that the rows before it are not fetched."""
        number = self.validate_number(number)
        if number <= NEAR:
            return super().page(number)
        return self._by_keys(number, self.object_list.values_list("pk", flat=True))  # type: ignore[union-attr]

    def _by_keys(self, number: int, keys: Any) -> Page:
        first = (number - 1) * self.per_page
        here = list(keys[first : first + self.per_page])
        rows = self.object_list.filter(pk__in=here)  # type: ignore[union-attr]
        return self._get_page(rows, number, self)


class FoundPaginator(CappedPaginator):
    """Pages of what a search found: searched once, for its keys; they are the count too."""

    @cached_property
    def keys(self) -> list[Any]:
        return list(self.object_list.values_list("pk", flat=True)[: FOUND + 1])  # type: ignore[union-attr]

    @cached_property
    def count(self) -> int:  # type: ignore[override]
        return More(FOUND) if len(self.keys) > FOUND else len(self.keys)

    def page(self, number: Any) -> Page:
        return self._by_keys(self.validate_number(number), self.keys[:FOUND])


def counted(rows: Any, limit: int) -> int:
    """How many, no further than the limit."""
    found: int = rows.order_by()[: limit + 1].count()
    return More(limit) if found > limit else found
