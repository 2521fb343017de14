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

from apps.errors.diagnosis import facts as diagnosis_facts
from apps.errors.exchange import outbox, watch_folder
from apps.errors.models import Batch, Heartbeat
from apps.errors.reports import reminders
from apps.errors.tickets import bulk, presence
from apps.errors.weeks import carry_over
from ydjy.desk import leases, sessions
from ydjy.desk.audit.change_log import as_actor

log = logging.getLogger("ydjy.tick")


@shared_task
def tick() -> None:
    with as_actor("system:tick"):
        run(timezone.now())


def run(now: datetime) -> Batch:
    """Everything that a minute may bring, the most urgent first."""
    batch = open_week()
    jobs: tuple[tuple[str, Callable[[], Any]], ...] = (
        ("leases", lambda: leases.free_the_dead(now)),
        ("sending", lambda: outbox.sweep(now)),
        ("carrying", lambda: carry_over.carry_over(now)),
        ("archiving", lambda: carry_over.archive(now)),
        ("reminders", lambda: reminders.remind_all(now)),
        ("watching", watch_folder.look),
        ("bulk", bulk.sweep),
        ("diagnosis", diagnosis_facts.diagnose_changed),
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
