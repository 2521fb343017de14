"""The jobs of the desk itself."""

from contextlib import suppress
from time import monotonic

from celery import shared_task
from django.db import transaction
from django.utils import timezone
from kombu.exceptions import OperationalError

from ydjy.desk import bulk_insert
from ydjy.desk.audit import change_log
from ydjy.desk.exports import files as exports_files
from ydjy.desk.imports.background import go_on_with as go_on_with  # a task, to be found here

_SECONDS = 40  # within the minute that the next run begins


@shared_task
def seal_changes() -> int:
    """Seals what the last minute wrote; after a large import it catches up in several runs."""
    begun, total = monotonic(), 0
    while monotonic() - begun < _SECONDS and (sealed := change_log.seal_changes()):
        total += sealed
        bulk_insert.give_way()
    return total


@shared_task
def tend_exports() -> tuple[int, int]:
    """Makes the exports that wait and deletes those that are over."""
    with change_log.as_actor("system:exports"):
        return exports_files.tend(timezone.now())


@shared_task
def make_export(pk: int) -> None:
    with change_log.as_actor("system:exports"):
        exports_files.make(pk)


def wake_export(pk: int) -> None:
    """Ask a worker once this transaction is kept; without one the minute job does it."""

    def ask() -> None:
        with suppress(OperationalError, OSError):
            make_export.delay(pk)

    transaction.on_commit(ask)
