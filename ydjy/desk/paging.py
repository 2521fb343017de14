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
    @property
    def limit(self) -> int:
        return COUNTED

    @cached_property
    def count(self) -> int:  # type: ignore[override]
        limit = self.limit
        found = self.object_list.order_by()[: limit + 1].count()  # type: ignore[union-attr]
        return More(limit) if found > limit else found

    def page(self, number: Any) -> Page:
        """A far page is found by its keys, so that the rows before it are not fetched."""
        number = self.validate_number(number)
        if number <= NEAR:
            return super().page(number)
        rows: Any = self.object_list
        keys = rows.values_list("pk", flat=True)[
            (number - 1) * self.per_page : number * self.per_page
        ]
        return self._get_page(rows.filter(pk__in=list(keys)), number, self)


class FoundPaginator(CappedPaginator):
    """Pages of what a search found."""

    @property
    def limit(self) -> int:
        return FOUND
