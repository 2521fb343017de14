"""What is done for filings without anybody asking."""

from celery import shared_task
from django.utils import timezone

from apps.filings import attachments, batches
from ydjy.desk.audit import as_actor


@shared_task(time_limit=600)
def sweep() -> int:
    """Every hour: bytes of photographs that a crash left without their row."""
    with as_actor("system:papers"):
        return attachments.sweep()


@shared_task(time_limit=1800, soft_time_limit=1700)
def go_on() -> int:
    """Every minute: lists whose registering ended half-way."""
    with as_actor("system:lists"):
        return batches.sweep(timezone.now())
