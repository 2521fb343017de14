"""What the minute job does for every list there is, whichever room it belongs to."""

from celery import shared_task
from django.utils import timezone

from ydjy.desk.audit.change_log import as_actor
from ydjy.staff_site import list_kinds


@shared_task(time_limit=1800)
def tend_lists() -> int:
    """Every minute, apart from the tick: the registering of a long list may take many."""
    with as_actor("system:lists"):
        return list_kinds.tend(timezone.now())
