"""Columns that the admin would print in the notation of a computer (True, ["retired"]), in words.

Only its public hooks: a name in ``list_display`` or in a read-only fieldset may be a function.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.db import models

YES_NO = {True: "是", False: "否", None: "—"}
Labels = Mapping[str, Mapping[str, Any]]


def columns(model: type[models.Model], names: Iterable[Any], labels: Labels) -> list[Any]:
    """``names`` with a function in the place of each column of truth or of a list.

    ``labels`` says per column what the codes of its list are called."""
    return [column(model, name, labels.get(name, {})) for name in names]


def column(model: type[models.Model], name: Any, labels: Mapping[str, Any]) -> Any:
    field = _field(model, name)
    if isinstance(field, models.BooleanField):
        return _function(field, name, lambda value: YES_NO[value])
    if isinstance(field, models.JSONField):
        return _function(field, name, lambda value: listed(value, labels))
    return name


def listed(value: Any, labels: Mapping[str, Any]) -> str:
    """The codes of a list by their names: 退休人员、在职人员."""
    return "、".join(str(labels.get(code, code)) for code in value or ()) or "—"


def _field(model: type[models.Model], name: Any) -> Any:
    try:
        return model._meta.get_field(name)
    except (FieldDoesNotExist, TypeError):  # a method of the admin, a function
        return None


def _function(field: Any, name: str, words: Callable[[Any], str]) -> Callable[[Any], str]:
    def said(row: models.Model) -> str:
        return words(getattr(row, name))

    said.__name__ = name
    said.short_description = field.verbose_name  # type: ignore[attr-defined]
    said.admin_order_field = name  # type: ignore[attr-defined]
    return said
