"""What is done for filings without anybody asking."""

from celery import shared_task

from apps.filings import attachments
from ydjy.desk.audit import as_actor


@shared_task(time_limit=600)
def sweep() -> int:
    """Every hour: bytes of photographs that a crash left without their row."""
    with as_actor("system:papers"):
        return attachments.sweep()
