"""The rows that the logs speak of, in words: «工单 2026W49-003», and not the key of a table.

What a row is called holds nobody's name (a house rule) and, to be sure, no number of a person.
"""

from collections.abc import Iterable

from django.apps import apps
from django.db import models

from ydjy.lib import masking

Place = tuple[str, str]  # table, key


def tables() -> dict[str, type[models.Model]]:
    return {model._meta.db_table: model for model in apps.get_models(include_auto_created=True)}


def table_words(table: str) -> str:
    model = tables().get(table)
    if model is None:
        return table
    owner = model._meta.auto_created  # of a table between two: the groups and permissions of staff
    return f"{owner._meta.verbose_name}的权限" if owner else str(model._meta.verbose_name)  # type: ignore[union-attr]


def row_words(places: Iterable[Place]) -> dict[Place, str]:
    """What each row is called, asked once a table; of one that is gone its key."""
    asked: dict[str, set[str]] = {}
    for table, row in places:
        asked.setdefault(table, set()).add(row)
    found: dict[Place, str] = {}
    for table, rows in asked.items():
        found |= {(table, row): f"编号 {row}" if row else "" for row in rows}
        found |= {(table, row): words for row, words in _called(table, rows).items()}
    return found


def _called(table: str, rows: set[str]) -> dict[str, str]:
    model = tables().get(table)
    keys = {row for row in rows if row.isascii() and row.isdecimal()}
    if model is None or model._meta.auto_created or not keys:
        return {}
    # Of all of them: those that were withdrawn, too, were changed by somebody.
    there = model._base_manager.filter(pk__in=[int(key) for key in keys])
    return {str(one.pk): masking.mask_in_text(str(one)) for one in there}
