"""What a page knew of a row when it was opened: nobody overwrites what they did not see.

Every form and every button carries a short keyed word that changes with the row (reliability
decision 8). It tells nothing without the key, and needs no column.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any, NamedTuple

from django.contrib.auth import get_user_model
from django.db import models
from django.utils import timezone
from django.utils.crypto import salted_hmac

from ydjy.desk.audit import change_log
from ydjy.desk.crypto.fields import Sealed
from ydjy.desk.models import Change

SEEN = "seen"  # the name of the hidden field
VERSION = "version"
NAMED = 4  # fields that a sentence names; more are no sentence
_SALT = "ydjy.desk.row_state"


def state_of(row: models.Model, names: Collection[str] | None = None) -> str:
    """The word for a stored row; of the named fields only, where a page shows no others.

    A row that counts its versions is known by its version as well."""
    fields = row._meta.concrete_fields
    counted = any(field.name == VERSION for field in fields)
    if names is None:
        names = {VERSION} if counted else {field.name for field in fields}
    values = [
        (field.name, _plain(field.value_from_object(row)))
        for field in fields
        if field.name in names or field.name == VERSION
    ]
    return word_of([row._meta.label, row.pk, *values])


def word_of(parts: Any) -> str:
    """A word that nobody can make without the key."""
    return salted_hmac(_SALT, repr(parts)).hexdigest()[:32]


def _plain(value: Any) -> Any:
    return value.reveal() if isinstance(value, Sealed) else value


def locked(row: models.Model) -> models.Model | None:
    """The row as it is stored now, held until the transaction ends; ``None`` if it is gone."""
    rows = type(row)._base_manager.select_for_update(of=("self",))
    return rows.filter(pk=row.pk).first()


def take_over(row: models.Model, stored: models.Model) -> None:
    """What others saved since ``row`` was read; a form writes every column, not only its own."""
    for field in row._meta.concrete_fields:
        setattr(row, field.attname, getattr(stored, field.attname))


class Touch(NamedTuple):
    """One change of a row as its history tells it: what stands in the fields is not in it."""

    at: datetime
    who: str
    operation: str
    fields: list[str]


def history_of(row: models.Model, most: int) -> list[Touch]:
    """Who changed the row, when, and in which fields, the newest first."""
    changes = list(Change.objects.filter(table=row._meta.db_table, row=str(row.pk))[:most])
    keys = {c.actor.removeprefix("staff:") for c in changes if c.actor.startswith("staff:")}
    people = get_user_model().objects.filter(pk__in=[key for key in keys if key.isdecimal()])
    names = {f"staff:{person.pk}": str(person) for person in people}
    own = {str(field.verbose_name) for field in row._meta.concrete_fields if field.editable}
    return [
        Touch(
            change.at,
            change_log.who_words(change.actor, names.get(change.actor, "")),
            change.operation,
            [label for label, *_ in change_log.in_words(change) if label in own],
        )
        for change in changes
    ]


def changed_lately(row: models.Model) -> str:
    """Who changed the row last, when, and in which fields, as far as it was recorded."""
    last = next((one for one in history_of(row, 1) if one.operation == "update"), None)
    if last is None:
        return "刚才有人改过这一条"
    more = "等" if len(last.fields) > NAMED else ""
    what = f"（{'、'.join(last.fields[:NAMED])}{more}）" if last.fields else ""
    return f"{last.who} {timezone.localtime(last.at):%H:%M} 改过这一条{what}"
