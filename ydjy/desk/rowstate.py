"""What a page knew of a row when it was opened: nobody overwrites what they did not see.

Every form and every button carries a short keyed word that changes with the row (reliability
decision 8). It tells nothing without the key, and needs no column.
"""

from collections.abc import Collection
from typing import Any

from django.contrib.auth import get_user_model
from django.db import models
from django.utils import timezone
from django.utils.crypto import salted_hmac

from ydjy.desk import audit
from ydjy.desk.models import Change
from ydjy.desk.secrets import Sealed

SEEN = "seen"  # the name of the hidden field
VERSION = "version"
NAMED = 4  # fields that a sentence names; more are no sentence
_SALT = "ydjy.desk.rowstate"


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


def changed_lately(row: models.Model) -> str:
    """Who changed the row last, when, and in which fields, as far as it was recorded."""
    change = Change.objects.filter(
        table=row._meta.db_table, row=str(row.pk), operation="update"
    ).first()
    if change is None:
        return "刚才有人改过这一条"
    kind, _, key = change.actor.partition(":")
    people = get_user_model().objects.filter(pk=key) if kind == "staff" and key.isdecimal() else []
    who = audit.who_words(change.actor, next((str(person) for person in people), ""))
    own = {str(field.verbose_name) for field in row._meta.concrete_fields if field.editable}
    named = [label for label, *_ in audit.in_words(change) if label in own]
    what = f"（{'、'.join(named[:NAMED])}{'等' if len(named) > NAMED else ''}）" if named else ""
    return f"{who} {timezone.localtime(change.at):%H:%M} 改过这一条{what}"
