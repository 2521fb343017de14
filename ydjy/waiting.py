"""等我办: everything that waits for a person, on the first page of whoever may do it.

The one list of the kinds; a kind that does not stand here is invisible to whom it waits for.
"""

from datetime import datetime
from typing import Any

from apps.errors import waiting_errors
from apps.filings import waiting_filings
from apps.institutions import waiting_lists
from ydjy.desk import waiting_exports
from ydjy.desk.waitingwork import Waits, counted

KINDS = (
    *waiting_errors.KINDS,
    *waiting_filings.KINDS,
    *waiting_lists.KINDS,
    *waiting_exports.KINDS,
)


def line(staff: Any, now: datetime) -> list[Waits]:
    """The words, numbers and links of one person, in one query beside those of the scope."""
    return counted(KINDS, staff, now)
