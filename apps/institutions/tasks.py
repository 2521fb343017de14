"""Lists of institutions that take longer than a page may: Celery wakes, the database knows what."""

from contextlib import suppress

from celery import shared_task
from django.db import transaction
from django.utils import timezone
from kombu.exceptions import OperationalError

from apps.institutions.imports import workflow
from apps.institutions.models import ListImport
from ydjy.desk import leases
from ydjy.desk.audit.change_log import as_actor


@shared_task(time_limit=1800, soft_time_limit=1700)
def run(pk: int) -> None:
    one = ListImport.objects.select_related("upload").get(pk=pk)
    by = one.published_by_id or one.upload.received_by_id
    with as_actor(f"staff:{by}" if by else "system:lists"):
        workflow.run(pk)


@shared_task(time_limit=1800, soft_time_limit=1700)
def sweep() -> int:
    """Every minute: goes on with the lists whose worker has died or was never asked."""
    now = timezone.now()
    leases.free_the_dead(now)
    waiting = list(ListImport.objects.waiting(now).values_list("pk", flat=True))
    for pk in waiting:
        run(pk)
    return len(waiting)


def wake(pk: int) -> None:
    """Ask a worker to do it once this transaction is kept; without one the page offers a button."""

    def ask() -> None:
        with suppress(OperationalError, OSError):
            run.delay(pk)

    transaction.on_commit(ask)
