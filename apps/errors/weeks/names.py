"""Naming a week: ``2026-W47`` as commands and pages write it."""

import re

from django.utils import timezone

from apps.errors.models import Batch
from ydjy.desk.exceptions import Refused

_WEEK = re.compile(r"(\d{4})-?W(\d{1,2})")


def batch_of(name: str | None) -> Batch:
    """The batch of the named week, or of the current one; ``Refused`` for what is no week."""
    if not name:
        return Batch.objects.at(timezone.now())
    found = _WEEK.fullmatch(name.strip().upper())
    if found is None:
        raise Refused(f"“{name}”不是周次。请写成 2026-W47 这样。")
    try:
        return Batch.objects.of_week(int(found[1]), int(found[2]))
    except ValueError as error:
        raise Refused(f"没有 {name} 这一周。一年有 52 或 53 周，请核对。") from error
