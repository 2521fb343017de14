"""From one week to the next: what stays open moves on with its age, what the province refuses
comes back as 第 N 次. The ticket keeps its number, which says in which week it was first seen.
"""

from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from apps.errors.intake import tickets as intake_tickets
from apps.errors.models import ArchiveRule, Batch, Ticket, TicketEvent
from ydjy.desk.crypto.fields import opened
from ydjy.desk.exceptions import Refused
from ydjy.lib import workdays


def cycle_at(now: datetime) -> Batch:
    """The week in which something that comes up now is answered: this one, or the next when its
    cut-off has gone by or its file is back already."""
    batch = Batch.objects.at(now)
    if batch.returned_at is None and workdays.is_on_time(now, batch.due_at):
        return batch
    return after(batch)


def after(batch: Batch) -> Batch:
    """The week after, the first that has a working day."""
    monday = batch.monday + timedelta(days=7)
    return Batch.objects.of_week(*monday.isocalendar()[:2])


@transaction.atomic
def carry_over(now: datetime) -> int:
    """Open tickets of weeks that went back move to the week of ``now``; how many did. Again, or
    after a fortnight without a tick, the same tickets are in the same week."""
    batch = Batch.objects.at(now)
    left = Ticket.objects.open().filter(
        batch__returned_at__isnull=False, batch__due_at__lt=batch.due_at
    )
    tickets = list(left.select_for_update(of=("self",)).order_by("pk"))
    for ticket in tickets:
        _log(ticket, now, f"{ticket.batch.week} 没有办结，转到 {batch.week}")
    move(tickets, batch)
    return len(tickets)


def archive(now: datetime) -> int:
    """Put away the weeks of which the province has said the last word so many days ago, as the rule
    of the day says; how many were. One of which something is still open waits."""
    before = now - timedelta(days=ArchiveRule.on(timezone.localdate(now)).days)
    over = Q(confirmed_at__lt=before) | Q(nil=True, returned_at__lt=before)
    done = 0
    for batch in Batch.objects.filter(over, archived_at=None):
        with suppress(Refused):
            batch.archive(by=None, now=now)
            done += 1
    return done


def move(tickets: Iterable[Ticket], batch: Batch) -> None:
    """These tickets belong to ``batch`` from now on; the province may list them there again. A line
    has its key once in a week: the same problem of two earlier weeks gives it to the first."""
    tickets, given = list(tickets), {""}
    for ticket in tickets:
        line = ticket.lines.select_related("staged").order_by("pk").first()
        values = (opened(line.staged.values) or {}) if line else {}
        key = intake_tickets.source_key(batch, values) if values else ""
        others = Ticket.objects.filter(source_key=key).exclude(pk=ticket.pk)
        taken = key in given or others.exists()
        ticket.batch, ticket.source_key = batch, "" if taken else key
        given.add(key)
        ticket.unfinished_reason, ticket.expected_on = "", None
        ticket.version += 1
    Ticket.objects.bulk_update(
        tickets,
        ["batch", "source_key", "unfinished_reason", "expected_on", "version"],
        batch_size=200,
    )


def _log(ticket: Ticket, now: datetime, words: str) -> None:
    TicketEvent.objects.create(
        ticket=ticket,
        at=now,
        by=None,
        verb=TicketEvent.Verb.CARRY,
        before=ticket.status,
        after=ticket.status,
        words=words,
    )


def age_in_weeks(ticket: Ticket, now: datetime | None = None) -> int:
    """How many weeks it has been open: 0 in the week in which it was first seen."""
    year, week = ticket.number.split("-")[0].split("W")
    first = datetime.fromisocalendar(int(year), int(week), 1).date()
    today = timezone.localdate(now)
    monday = today - timedelta(days=today.weekday())
    return max((monday - first).days // 7, 0)
