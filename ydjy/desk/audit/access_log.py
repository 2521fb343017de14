"""The log of readings 查看记录: who had whose number shown, or looked for a person by number."""

from typing import Any

from django.db import models
from django.utils import timezone

from ydjy.desk.models import Reading


def record(by: Any, obj: models.Model, what: str, reason: str = "") -> Reading:
    """``by`` was shown ``what`` of the row ``obj``."""
    return _note(by, obj._meta.db_table, str(obj.pk), what, reason)


def record_search(by: Any, model: type[models.Model], token: str) -> Reading:
    """``by`` looked for a person by number; ``token`` tells whose only to who has the number."""
    return _note(by, model._meta.db_table, token[:40], "按证件号码查找", "")


def record_export(by: Any, model: type[models.Model], what: str, reason: str) -> Reading:
    """``by`` took rows of a list out as a file."""
    return _note(by, model._meta.db_table, "", what, reason)


def _note(by: Any, table: str, row: str, what: str, reason: str) -> Reading:
    return Reading.objects.create(
        at=timezone.now(), by=by, table=table, row=row, what=what, reason=reason[:200]
    )
