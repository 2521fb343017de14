"""The reminder ladder 催办: who still has open tickets is told, first the person, then the lead.

Each rung is a dated row: so many working days before the cut-off, at an hour. A rung is climbed
only in working hours, once, and only while it is the latest one that is due: after a week without
a tick nobody gets five old messages. Each message has a key that the database keeps unique, so
that two tickers, or the same one fifty times, send one and log one line.
"""

import logging
from collections.abc import Iterator
from datetime import datetime, time, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Count
from django.utils import timezone

from apps.errors.models import Batch, Notice, ReminderStep, Ticket
from apps.offices.models import Office, Role, Staff, official_calendar
from apps.offices.models.duty import Duty
from apps.offices.models.staff import CASE_ROLES
from ydjy.lib import workdays

# Wednesday, Thursday, Friday 10:00 and Friday 15:00 in a week without holidays (E10).
STANDARD = (
    (2, time(10), ReminderStep.Audience.PERSON),
    (1, time(10), ReminderStep.Audience.PERSON),
    (0, time(10), ReminderStep.Audience.COUNTY_LEAD),
    (0, time(15), ReminderStep.Audience.BUREAU_LEAD),
)
OPENS, CLOSES = time(8, 30), time(17, 30)
_ORDER = list(ReminderStep.Audience)
log = logging.getLogger("ydjy.notices")


def sync_ladder() -> int:
    """The standard ladder where the bureau has none yet. Returns the number of rungs."""
    if not ReminderStep.objects.exists():
        for days_before, at, audience in STANDARD:
            ReminderStep.objects.create(days_before=days_before, at=at, audience=audience)
    return ReminderStep.objects.count()


def due_step(batch: Batch, now: datetime) -> ReminderStep | None:
    """The rung to climb now, if any: the latest that is due, in working hours."""
    here = timezone.localtime(now)
    calendar = official_calendar(batch.monday, batch.monday)
    if not calendar.is_workday(here.date()) or not OPENS <= here.time() < CLOSES:
        return None
    last: tuple[datetime, ReminderStep] | None = None
    for step in ReminderStep.objects.on(here.date()):
        at = moment(step, batch, calendar)
        if at <= now and (last is None or at >= last[0]):
            last = (at, step)
    if last is None or timezone.localdate(last[0]) != here.date():
        return None
    return last[1]


def moment(step: ReminderStep, batch: Batch, calendar: workdays.Calendar) -> datetime:
    due = timezone.localdate(batch.due_at)
    day = calendar.add_workdays(due, -step.days_before) if step.days_before else due
    return datetime.combine(day, step.at, workdays.SHANGHAI)


def remind(batch: Batch, now: datetime) -> int:
    """Climb the rung that is due; the number of new messages."""
    step = due_step(batch, now)
    if step is None or batch.returned_at:
        return 0
    key = f"{batch.week}:{step.days_before}:{step.at:%H%M}"
    return _send(batch, key, step.audience, now)


def urge(batch: Batch, *, by: Any, now: datetime) -> int:
    """催办 by hand: everybody below ``by`` with open tickets, at most once a day each."""
    tickets = Ticket.objects.visible_to(by)
    key = f"{batch.week}:urged:{timezone.localdate(now)}"
    return _send(batch, key, ReminderStep.Audience.PERSON, now, tickets)


@transaction.atomic
def _send(batch: Batch, key: str, audience: str, now: datetime, tickets: Any = None) -> int:
    tickets = (Ticket.objects.all() if tickets is None else tickets).open().filter(batch=batch)
    left = workdays.remaining(now, batch.due_at)
    sent = 0
    for staff, count, whose in _audience(tickets, audience, timezone.localdate(now)):
        words = f"{batch.week} {whose}还有 {count} 条没有结果，离返回省里还有 {left}。"
        _, fresh = Notice.objects.get_or_create(
            to=staff,
            key=key,
            defaults={"words": words, "query": f"?tab=open&week={batch.week}", "at": now},
        )
        if fresh:
            _settle_earlier(batch, staff, key, now)
            log.info("reminder %s to staff %s", key, staff.pk)
            sent += 1
    return sent


def _settle_earlier(batch: Batch, staff: Staff, key: str, now: datetime) -> None:
    """The older messages about the same week say a number that is not right any more."""
    same = Notice.objects.filter(to=staff, key__startswith=f"{batch.week}:", read_at=None)
    same.exclude(key=key).update(read_at=now)


def _audience(tickets: Any, audience: str, day: Any) -> Iterator[tuple[Staff, int, str]]:
    """(whom, how many, whose) up to the rung: a lead's rung reminds the persons, too."""
    rung = _ORDER.index(ReminderStep.Audience(audience))
    counts: dict[int, list[Any]] = {}

    def add(staff: Staff, count: int, whose: str) -> None:
        counts.setdefault(staff.pk, [staff, 0, whose])[1] += count

    for staff, count in _persons(tickets, day):
        add(staff, count, "你手上")
    if rung >= 1:
        for staff, count, whose in _county_leads(tickets):
            add(staff, count, whose)
    if rung >= 2 and (total := tickets.count()):
        for staff in _leads({Role.CITY_LEAD, Role.HEAD}).filter(office__parent=None):
            counts[staff.pk] = [staff, total, "全市"]
    yield from ((staff, count, whose) for staff, count, whose in counts.values())


def _persons(tickets: Any, day: Any) -> Iterator[tuple[Staff, int]]:
    rows = tickets.filter(assignee__isnull=False).order_by().values("assignee")
    for row in rows.annotate(n=Count("pk")):
        person = Staff.objects.get(pk=row["assignee"])
        yield Duty.objects.deputy_of(person, day) or person, row["n"]


def _county_leads(tickets: Any) -> Iterator[tuple[Staff, int, str]]:
    """The leads of the office, or of the nearest above it that has one."""
    leads = list(_leads({Role.COUNTY_LEAD, Role.CITY_LEAD}))
    for row in tickets.order_by().values("office").annotate(n=Count("pk")):
        office = Office.objects.get(pk=row["office"])
        above = [lead for lead in leads if office.path.startswith(lead.office_path or "-")]
        nearest = max((lead.office_path or "" for lead in above), key=len, default="")
        for lead in above:
            if lead.office_path == nearest:
                yield lead, row["n"], f"{office}"


def _leads(roles: set[Role]) -> Any:
    wanted = roles & CASE_ROLES
    return Staff.objects.filter(is_active=True, role__in=wanted, office__isnull=False)


def forget_old(now: datetime) -> int:
    """Messages older than a year go; the events of the tickets stay."""
    gone, _ = Notice.objects.filter(at__lt=now - timedelta(days=366)).delete()
    return gone
