"""What somebody still holds, and where it goes when the account is closed or the person moves on.

The rooms above say what they know of (as with the leftovers of lists); nothing that is held by a
person may stay with one who cannot do it.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, NamedTuple

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from apps.offices.models.duty import Duty
from apps.offices.models.staff import CASE_ROLES, Role, Staff
from ydjy.desk.exceptions import Refused, in_words


@dataclass(frozen=True)
class OpenWork:
    """One kind of it. ``hand_on`` gives one row to the colleague, or puts it back where the
    office finds it (``nobody``, in words)."""

    words: str
    rows: Callable[[Staff], QuerySet[Any]]
    hand_on: Callable[[Any, Staff, Staff | None, Any], None]
    nobody: str


class Held(NamedTuple):
    """So many of one kind."""

    kind: OpenWork
    count: int


#: In the order in which it is told; the apps above add theirs at the start.
KINDS: list[OpenWork] = []


def register(kinds: Iterable[OpenWork]) -> None:
    KINDS.extend(kind for kind in kinds if kind not in KINDS)


def held_by(person: Staff) -> list[Held]:
    """What this person holds now, as it stands in the database."""
    return [Held(kind, count) for kind in KINDS if (count := kind.rows(person).count())]


def leaves(before: Staff, after: Staff) -> bool:
    """Whether the change takes the person away from the work: closed, another office or role."""
    moved = (before.office_id, before.role) != (after.office_id, after.role)
    return moved or (before.is_active and not after.is_active)


def could_keep(before: Staff, after: Staff) -> bool:
    """Whether everything of the old place can still be done from the new one."""
    path = after.office.path if after.office else ""
    works = after.is_active and after.role in CASE_ROLES - {Role.HEAD}
    return bool(works and before.office and path and before.office.path.startswith(path))


def could_take_over(person: Staff) -> QuerySet[Staff]:
    """Those who see all that the person saw: case workers of the office and of those above it."""
    path = person.office.path if person.office else "-"
    above = [path[: i + 1] for i, sign in enumerate(path) if sign == "/"]
    people = Staff.objects.case_workers().filter(office__path__in=above)
    return people.exclude(pk=person.pk).select_related("office").order_by("-office__path", "pk")


@transaction.atomic
def hand_on(person: Staff, to: Staff | None, *, by: Any) -> int:
    """All of it to one colleague, or back to the office, each with its event; how many rows."""
    moved = 0
    for kind in KINDS:
        for row in _locked(kind.rows(person)):
            kind.hand_on(row, person, to, by)
            moved += 1
    return moved


def _locked(rows: QuerySet[Any]) -> Iterator[Any]:
    yield from list(rows.select_for_update(of=("self",)).order_by("pk"))


# Duties ------------------------------------------------------------------------------------------


def _duties(person: Staff) -> QuerySet[Duty]:
    """From today on: the own duties and absences, and the days as somebody's B 角."""
    today = timezone.localdate()
    return Duty.objects.filter(Q(person=person) | Q(deputy=person), valid_to__gte=today)


def _pass_duty(row: Duty, person: Staff, to: Staff | None, by: Any) -> None:
    """The colleague stands in from today on; without one the row ends. What is over stays as it
    was, and an absence of the person's own has nobody's work in it any more."""
    today = timezone.localdate()
    first, last, absent = row.valid_from, row.valid_to, row.kind == Duty.Kind.AWAY
    if first < today:
        row.valid_to = today - timedelta(days=1)
        row.save(update_fields=["valid_to"])
    else:
        row.delete()
    if to is None or (absent and row.person_id == person.pk):
        return
    rest = Duty(
        office=row.office,
        kind=row.kind,
        person=to if row.person_id == person.pk else row.person,
        deputy=to if row.deputy_id == person.pk else row.deputy,
        note=row.note,
        valid_from=max(first, today),
        valid_to=last,
    )
    try:
        rest.full_clean()
    except ValidationError as problem:
        words = in_words(rest, problem)
        raise Refused(f"值班和B角交不过去：{words}请换一位，或先在“值班和B角”里改。") from problem
    rest.save()


register([OpenWork("值班和B角", _duties, _pass_duty, "从今天起取消")])
