"""The jobs of the desk itself."""

from time import monotonic

from celery import shared_task

from ydjy.desk import audit

_SECONDS = 40  # within the minute that the next run begins


@shared_task
def seal_changes() -> int:
    """Seals what the last minute wrote; after a large import it catches up in several runs."""
    begun, total = monotonic(), 0
    while monotonic() - begun < _SECONDS and (sealed := audit.seal_changes()):
        total += sealed
    return total
