"""Columns that the admin would print in the notation of a computer (True, ["retired"]), in words.

Only its public hooks: a name in a list or in a fieldset that is only looked at may be a function.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.http import HttpRequest

YES_NO = {True: "是", False: "否", None: "—"}
Names = tuple[tuple[str, Any], ...]


class InWords:
    """For an admin or an inline. ``labels`` says what the codes of a column of lists are called."""

    labels: Mapping[str, Mapping[str, Any]] = {}

    def in_words(self: Any, names: Iterable[Any]) -> list[Any]:
        """``names`` with a function in the place of each column of truth or of a list."""
        return [
            self.in_words(name)
            if isinstance(name, list | tuple)
            else _column(self.model, name, tuple(self.labels.get(name, {}).items()))
            for name in names
        ]

    def get_fieldsets(self: Any, request: HttpRequest, obj: Any = None) -> Any:
        found = super().get_fieldsets(request, obj)  # type: ignore[misc]
        if obj is None or self.has_change_permission(request, obj):
            return found
        return [
            (title, options | {"fields": self.in_words(options["fields"])})
            for title, options in found
        ]


@cache  # the admin compares the functions of two calls
def _column(model: type[models.Model], name: Any, labels: Names) -> Any:
    try:
        field: Any = model._meta.get_field(name)
    except (FieldDoesNotExist, TypeError):  # a method of the admin, a function
        return name
    if isinstance(field, models.BooleanField):
        return _function(field, name, YES_NO.__getitem__)
    if isinstance(field, models.JSONField):
        return _function(field, name, lambda value: _listed(value, dict(labels)))
    return name


def _listed(value: Any, labels: Mapping[str, Any]) -> str:
    """The codes of a list by their names: 退休、在职."""
    return "、".join(str(labels.get(code, code)) for code in value or ()) or "—"


def _function(field: Any, name: str, words: Callable[[Any], str]) -> Callable[[Any], str]:
    def said(row: models.Model) -> str:
        return words(getattr(row, name))

    said.__name__ = name
    said.short_description = field.verbose_name  # type: ignore[attr-defined]
    said.admin_order_field = name  # type: ignore[attr-defined]
    return said
