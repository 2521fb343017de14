"""Whose rows a person may see: the own office's and those of every office below it.

An office's ``path`` is the chain of keys from the city down (``/1/4/``), so «mine and below» is one
prefix. Nobody sees case rows by being a superuser: the case roles give the sight, and they alone.
"""

from typing import Any, Protocol, Self

from django.db import models


class Person(Protocol):
    """What scoping needs to know of a staff member."""

    @property
    def case_path(self) -> str | None:
        """The path of the office whose cases this person works on; ``None`` sees none."""


class OfficeScopedQuerySet(models.QuerySet[Any]):
    """The only door to case rows. ``office_path`` leads from the row to its office's path."""

    office_path = "office__path"

    def visible_to(self, staff: Person | Any) -> Self:
        path = getattr(staff, "case_path", None)
        return self.filter(**{f"{self.office_path}__startswith": path}) if path else self.none()
