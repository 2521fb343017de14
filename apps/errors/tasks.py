"""The minute tick: what is due is read from the database, so running it 0, 1 or 50 times is one.

Each job stands alone: one that cannot be done is logged, and the others are done all the same.
"""

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Any

from celery import shared_task
from django.db import transaction
from django.utils import timezone

from apps.errors import (
    bulk,
    carrying,
    diagnosis,
    presence,
    reminders,
    sending,
    tending,
    watching,
)
from apps.errors.models import Batch, Heartbeat
from ydjy.desk import leases, sessions
from ydjy.desk.audit import as_actor

log = logging.getLogger("ydjy.tick")


@shared_task
def tick() -> None:
    with as_actor("system:tick"):
        run(timezone.now())


@shared_task(time_limit=1800)
def tend_lists() -> int:
    """Every minute, apart from the tick: the registering of a long list may take many."""
    with as_actor("system:lists"):
        return tending.tend(timezone.now())


def run(now: datetime) -> Batch:
    """Everything that a minute may bring, the most urgent first."""
    batch = open_week()
    jobs: tuple[tuple[str, Callable[[], Any]], ...] = (
        ("leases", lambda: leases.free_the_dead(now)),
        ("sending", lambda: sending.sweep(now)),
        ("carrying", lambda: carrying.carry_over(now)),
        ("archiving", lambda: carrying.archive(now)),
        ("reminders", lambda: reminders.remind_all(now)),
        ("watching", watching.look),
        ("bulk", bulk.sweep),
        ("diagnosis", diagnosis.diagnose_changed),
        ("presence", lambda: presence.forget(now)),
        ("sessions", lambda: sessions.sweep(now)),
    )
    for name, job in jobs:
        try:
            job()
        except Exception:
            log.exception("the job %s of the tick was not done", name)
            if transaction.get_connection().in_atomic_block:
                raise
    Heartbeat.beat(now)
    return batch


def open_week() -> Batch:
    """The batch of this week exists, with the dates that the calendar gives it now.

    A week that was received or returned keeps the dates it was worked by (domain 4.6).
    """
    batch = Batch.objects.at(timezone.now())
    if batch.provisional and batch.received_at is None and not batch.due_overridden:
        batch.refresh_dates()
    return batch
