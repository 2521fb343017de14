"""What a published list does beside the columns of an institution: rights and suspensions.

And how it is taken back. The key of what was made is kept with the staged row, so undoing touches
only what this import made, and only where nobody has changed it since.
"""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

from django.db.models import ProtectedError, Q, QuerySet

from apps.institutions.imports import columns as imports_columns
from apps.institutions.imports import compare as imports_compare
from apps.institutions.imports.diff import Differing
from apps.institutions.imports.write import Stamp
from apps.institutions.models import (
    DiseaseGroup,
    Institution,
    InstitutionAlias,
    InternalContact,
    ListImport,
    ListRow,
    NetworkOpening,
    ReferralRight,
    Suspension,
)
from apps.institutions.referral import scope as scopes
from ydjy.desk.imports.undo import Brought
from ydjy.desk.models import Change

MADE_RIGHT, ENDED_RIGHT, WAS_RIGHT = "_right", "_ended", "_was"
TOUCHED = "后来有人改过，没有动"
MADE_STOP, ENDED_STOPS, WAS_STATUS = "_stop", "_stops", "_status"
_WORDING = ("mode", "include", "exclude", "wording")
_PARTS = (InstitutionAlias, InternalContact, NetworkOpening, ReferralRight, Suspension)


def apply(rows: Iterable[Differing], kept: dict[int | None, ListRow], stamp: Stamp) -> None:
    """Rights and suspensions of published rows, from the day that the row names (today)."""
    vocabulary = DiseaseGroup.objects.vocabulary()
    for row in rows:
        if not {"scope", "status"} & row.after.keys():
            continue
        said = row.after.get("from")
        begins = date.fromisoformat(said) if said else stamp.day
        made: dict[str, Any] = {}
        if "scope" in row.after:
            made |= _scope(row, begins, vocabulary)
        if "status" in row.after:
            made |= _status(row, begins)
        if mine := kept.get(row.pk):
            mine.after = {**mine.after, **made}
            mine.save(update_fields=["after"])


def _scope(row: Differing, begins: date, vocabulary: scopes.Vocabulary) -> dict[str, Any]:
    """The new right from its day on; the one before ends on the day before."""
    made: dict[str, Any] = {}
    before = ReferralRight.objects.on(begins).filter(institution=row.pk).first()
    right = ReferralRight(institution_id=row.pk, valid_from=begins)
    if before is not None:
        right.serves, right.source_id = before.serves, before.source_id
        if before.valid_from == begins:
            right = before
            made[WAS_RIGHT] = [getattr(before, name) for name in _WORDING]
        else:
            made[ENDED_RIGHT] = [before.pk, before.valid_to and before.valid_to.isoformat()]
            right.valid_to, before.valid_to = before.valid_to, begins - timedelta(days=1)
            before.save(update_fields=["valid_to"])
    right.scope = scopes.parse(row.after["scope"], vocabulary)
    later = ReferralRight.objects.filter(
        institution=row.pk, serves=right.serves, valid_from__gt=begins
    ).order_by("valid_from")
    if right.valid_to is None and (next_one := later.first()):
        right.valid_to = next_one.valid_from - timedelta(days=1)
    right.save()
    return made | {MADE_RIGHT: right.pk}


def _status(row: Differing, begins: date) -> dict[str, Any]:
    if row.after["status"] == imports_columns.NORMAL:
        rows = Institution.objects.filter(pk=row.pk)
        was = rows.values_list("status", flat=True).first()
        rows.update(status=Institution.Status.NORMAL)
        stops = Suspension.objects.filter(institution=row.pk).exclude(valid_to__lt=begins)
        until = [[stop.pk, stop.valid_to and stop.valid_to.isoformat()] for stop in stops]
        for stop in stops:
            stop.valid_to = max(stop.valid_from, begins - timedelta(days=1))
            stop.save(update_fields=["valid_to"])
        return {WAS_STATUS: was, ENDED_STOPS: until}
    ended = row.after["status"] == imports_columns.ENDED
    stop = Suspension.objects.create(
        institution_id=row.pk,
        kind=Suspension.Kind.ENDED if ended else Suspension.Kind.SUSPENDED,
        reason="名单里没有了" if row.outcome == ListRow.Outcome.MISSING else "名单登记",
        valid_from=begins,
    )
    return {MADE_STOP: stop.pk}


# Taking back -----------------------------------------------------------------------------------


def take_back(one: ListImport) -> tuple[int, int]:
    """(institutions taken back, institutions left because somebody changed them since)."""
    back = left = 0
    dated = _touched(one, (ReferralRight, Suspension))
    for row in _written(one):
        mine = any(key.startswith("_") for key in row.after)
        said = TOUCHED if mine and row.institution in dated else _restore(row)
        back, left = back + (said == "已撤回"), left + (said != "已撤回")
        row.outcome_note = said
        row.save(update_fields=["outcome_note"])
    gone, stay = _remove_new(one)
    return back + gone, left + stay


def _written(one: ListImport) -> QuerySet[ListRow]:
    """The rows that changed an institution that was there before."""
    stopped = Q(outcome=ListRow.Outcome.MISSING, allowed=True)
    return one.rows.filter(Q(outcome=ListRow.Outcome.CHANGED) | stopped)


def brought(one: ListImport) -> Brought:
    """How many institutions the list made or changed, and how many of them somebody changed since:
    by the same marks as :func:`take_back`."""
    rows, dated = list(_written(one)), _touched(one, (ReferralRight, Suspension))
    touched = 0
    for start in range(0, len(rows), 500):
        part = rows[start : start + 500]
        stored = Institution.objects.in_bulk([row.institution for row in part])
        touched += sum(
            row.institution in dated or _is_other(row, stored.get(row.institution)) for row in part
        )
    new, changed = Institution.objects.filter(brought_by=one.pk), sorted(_touched_since(one))
    for start in range(0, len(changed), 500):
        touched += new.filter(pk__in=changed[start : start + 500]).count()
    return Brought(len(rows) + new.count(), touched, "家机构")


def _touched(one: ListImport, parts: Iterable[Any]) -> set[int]:
    """Institutions of which somebody made or changed such a part since the list was published."""
    found: set[int] = set()
    for part in parts:
        changed = Change.objects.filter(table=part._meta.db_table, at__gt=one.published_at)
        rows = [int(row) for row in changed.values_list("row", flat=True)]
        for start in range(0, len(rows), 500):
            there = part.objects.filter(pk__in=rows[start : start + 500])
            found.update(there.values_list("institution_id", flat=True))
    return found


def _restore(row: ListRow) -> str:
    stored = Institution.objects.filter(pk=row.institution).first()
    if stored is None:
        return "已经没有这家机构"
    if _is_other(row, stored):
        return TOUCHED
    for name in _fields(row):
        value: Any = row.before.get(name) or None
        if name not in ("valid_from", "national_code"):
            value = value or ""
        setattr(
            stored, name, date.fromisoformat(value) if name == "valid_from" and value else value
        )
    stored.digest = None
    stored.status = row.after.get(WAS_STATUS) or stored.status
    stored.save()
    _take_back_rights(row.after)
    return "已撤回"


def _fields(row: ListRow) -> list[str]:
    return [name for name in imports_compare.FIELDS.values() if name in row.after]


def _is_other(row: ListRow, stored: Institution | None) -> bool:
    """Whether the institution is no longer as the list said."""
    return stored is None or any(
        _text(getattr(stored, name)) != row.after[name] for name in _fields(row)
    )


def _text(value: Any) -> str:
    return value.isoformat() if isinstance(value, date) else str(value or "")


def _take_back_rights(after: dict[str, Any]) -> None:
    if stop := after.get(MADE_STOP):
        Suspension.objects.filter(pk=stop).delete()
    for stop, until in after.get(ENDED_STOPS, ()):
        Suspension.objects.filter(pk=stop).update(valid_to=_day(until))
    if was := after.get(WAS_RIGHT):
        values = dict(zip(_WORDING, was, strict=True))
        ReferralRight.objects.filter(pk=after[MADE_RIGHT]).update(**values)
    elif made := after.get(MADE_RIGHT):
        ReferralRight.objects.filter(pk=made).delete()
    if ended := after.get(ENDED_RIGHT):
        ReferralRight.objects.filter(pk=ended[0]).update(valid_to=_day(ended[1]))


def _day(said: str | None) -> date | None:
    return date.fromisoformat(said) if said else None


def _remove_new(one: ListImport) -> tuple[int, int]:
    """Institutions that this import made go, unless somebody changed or needs them by now."""
    new = Institution.objects.filter(brought_by=one.pk)
    keys, touched, gone = list(new.values_list("pk", flat=True)), _touched_since(one), 0
    for start in range(0, len(keys), 500):
        chunk = [pk for pk in keys[start : start + 500] if pk not in touched]
        gone += _delete(chunk)
    return gone, len(keys) - gone


def _touched_since(one: ListImport) -> set[int]:
    """Institutions that somebody changed since, or a part of them."""
    table = Institution._meta.db_table
    changed = Change.objects.filter(table=table, operation="update", at__gt=one.published_at)
    return _touched(one, _PARTS) | {int(row) for row in changed.values_list("row", flat=True)}


def _delete(keys: list[int]) -> int:
    try:
        Institution.objects.filter(pk__in=keys).delete()
    except ProtectedError:
        if len(keys) == 1:
            return 0
        middle = len(keys) // 2
        return _delete(keys[:middle]) + _delete(keys[middle:])
    return len(keys)
