"""等我办: everything that waits for a person, on the first page of whoever may do it.

The one list of the kinds; a kind that does not stand here is invisible to whom it waits for.
"""

from datetime import datetime
from typing import Any

from apps.errors.reports import waiting
from apps.filings.review import waiting as review_waiting
from apps.institutions.imports import waiting as imports_waiting
from ydjy.desk.exports import waiting as exports_waiting
from ydjy.desk.waiting_work import Waits, counted

KINDS = (
    *waiting.KINDS,
    *review_waiting.KINDS,
    *imports_waiting.KINDS,
    *exports_waiting.KINDS,
)


def line(staff: Any, now: datetime) -> list[Waits]:
    """The words, numbers and links of one person, in one query beside those of the scope."""
    return counted(KINDS, staff, now)
