"""Pages of a list that may be very long: it is counted up to a limit, and no further.

Counting a million rows takes longer than everything else on the page together; whoever has ten
thousand results narrows the search instead of turning pages.
"""

from functools import cached_property

from django.core.paginator import Paginator

COUNTED = 10_000


class CappedPaginator(Paginator):
    """Pages of the first ``COUNTED`` rows; ``more`` says that there are others."""

    @cached_property
    def _seen(self) -> int:
        return self.object_list.order_by()[: COUNTED + 1].count()  # type: ignore[union-attr]

    @property
    def more(self) -> bool:
        return self._seen > COUNTED

    @cached_property
    def count(self) -> int:
        return min(self._seen, COUNTED)
