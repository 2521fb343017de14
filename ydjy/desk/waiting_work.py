"""What waits for a person 等我办: each kind of it says whose it is and where it is done.

Every room names its kinds in a module of its own; ``ydjy.staff_site.waiting`` is the one list of
them all.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from django.contrib.auth import get_user_model
from django.db.models import IntegerField, Model, QuerySet, Subquery
from django.urls import reverse


@dataclass(frozen=True)
class WaitingKind:
    """One kind of work that waits. ``rows`` narrows what the person may see of ``model`` to what
    waits for this very person: whoever made it, where a second person is needed, is left out.
    ``page`` shows exactly those rows, and is open to whoever has one of the ``permissions``."""

    key: str
    words: str
    permissions: tuple[str, ...]
    model: type[Model]
    rows: Callable[[Any, Any, datetime], QuerySet[Any]]
    page: str
    query: str = ""
    scoped: bool = True  # by ``visible_to``; else everybody with the permission sees all

    def is_for(self, staff: Any) -> bool:
        return any(staff.has_perm(permission) for permission in self.permissions)

    @property
    def url(self) -> str:
        return reverse(f"admin:{self.page}") + self.query


class Waits(NamedTuple):
    """One part of the line 等我办."""

    kind: WaitingKind
    count: int


class _Number(Subquery):
    """How many rows a query finds, so that many of them are one question to the database."""

    template = "(SELECT count(*) FROM (%(subquery)s) waiting_rows)"
    output_field = IntegerField()


def counted(kinds: Iterable[WaitingKind], staff: Any, now: datetime) -> list[Waits]:
    """What of each kind waits for this person now; kinds of which nothing waits are left out."""
    mine = [kind for kind in kinds if kind.is_for(staff)]
    if not mine:
        return []
    numbers = [_Number(rows.order_by().values("pk")) for rows in _rows(mine, staff, now)]
    one_row = get_user_model()._default_manager.filter(pk=staff.pk)
    found = one_row.values_list(*numbers).get()
    return [Waits(kind, count) for kind, count in zip(mine, found, strict=True) if count]


def _rows(kinds: Iterable[WaitingKind], staff: Any, now: datetime) -> Iterator[QuerySet[Any]]:
    """What a person may see of a model is worked out once for all kinds of it."""
    seen: dict[type[Model], Any] = {}
    for kind in kinds:
        if kind.model not in seen:
            rows: Any = kind.model._default_manager
            seen[kind.model] = rows.visible_to(staff) if kind.scoped else rows.all()
        yield kind.rows(seen[kind.model], staff, now)
