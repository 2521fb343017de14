"""Everything that is received as a list, so that nothing of it is left over (X18).

A new kind of list is tended when it stands here; a test looks whether one is missing.
"""

from datetime import datetime

from apps.errors import feedback, intake, returns
from apps.errors import lists as causes
from apps.filings import attachments, batches, workbooks
from apps.institutions import importing
from apps.institutions import lists as groups
from apps.offices import lists as offices
from ydjy.desk import leftovers, progress, vault

SMALL = (*causes.LISTS, *groups.LISTS, *offices.LISTS)
KEPT = (
    intake.KEPT,
    feedback.KEPT,
    batches.KEPT,
    workbooks.KEPT,
    importing.KEPT,
    *(small.kept for small in SMALL),
)


def tend(now: datetime) -> int:
    """What is due now; every ten minutes also what a crash left beside the lists."""
    taken = leftovers.tend(now)
    if now.minute % leftovers.SWEEPING == 0:
        for sweep in (attachments.sweep, returns.sweep, vault.sweep, progress.sweep):
            sweep()
    return taken
