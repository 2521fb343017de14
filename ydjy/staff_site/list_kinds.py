"""Everything that is received as a list, so that nothing of it is left over (X18).

A new kind of list is tended when it stands here; a test looks whether one is missing.
"""

from datetime import datetime

from apps.errors import resources as causes
from apps.errors.exchange import feedback
from apps.errors.intake import receive as intake_receive
from apps.errors.returns import build as returns_build
from apps.filings.imports import columns as imports_columns
from apps.filings.imports import register as imports_register
from apps.filings.models import attachment
from apps.institutions import resources as groups
from apps.institutions.imports import workflow
from apps.offices import resources as offices
from ydjy.desk import leases
from ydjy.desk.crypto import vault
from ydjy.desk.imports import cleanup, progress

SMALL = (*causes.LISTS, *groups.LISTS, *offices.LISTS)
KEPT = (
    intake_receive.KEPT,
    feedback.KEPT,
    imports_register.KEPT,
    imports_columns.KEPT,
    workflow.KEPT,
    *(small.kept for small in SMALL),
)


def tend(now: datetime) -> int:
    """What is due now; every ten minutes also what a crash left beside the lists."""
    leases.free_the_dead(now)
    taken = cleanup.tend(now)
    if now.minute % cleanup.SWEEPING == 0:
        for sweep in (attachment.sweep, returns_build.sweep, vault.sweep, progress.sweep):
            sweep()
    return taken
