"""The reminder ladder 催办: who still has open tickets is told, first the person, then the lead.

Each rung is a dated row: so many working days before the cut-off, at an hour. A rung is climbed
only in working hours, once, and only while it is the latest one that is due: after a week without
a tick nobody gets five old messages. A week that is over and has not gone back is told to all of
them once each working day until it has. Each message has a key that the database keeps unique, so
that two tickers, or the same one fifty times, send one and log one line.

What a message says is worked out when it is read; it is gone when its cause is.
"""

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q
from django.urls import reverse
from django.utils import timezone

from apps.errors.models import Batch, Notice, ReminderStep, Ticket
from apps.errors.tickets.display import queue_url
from apps.errors.tickets.filters import hands
from apps.offices.models import Office, Role, Staff, official_calendar
from apps.offices.models.duty import Duty
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
BUREAU = frozenset({Role.CITY_LEAD, Role.HEAD})
LEADS = BUREAU | {Role.COUNTY_LEAD}
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
    if not _in_office_hours(here):
        return None
    calendar = official_calendar(batch.monday, batch.monday)
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


def remind_all(now: datetime) -> int:
    """Every week that has something open or has not gone back; the number of new messages."""
    still_open = Ticket.objects.open().filter(batch=OuterRef("pk"))
    weeks = Batch.objects.filter(Q(received_at__isnull=False) | Exists(still_open))
    return sum(remind(batch, now) for batch in weeks.filter(returned_at=None))


def remind(batch: Batch, now: datetime) -> int:
    """Climb the rung that is due; the number of new messages."""
    if batch.returned_at:
        return 0
    if _is_over(batch, now):
        return _send(batch, f"{batch.week}:over:{timezone.localdate(now)}", _ORDER[-1], now)
    step = due_step(batch, now)
    if step is None:
        return 0
    key = f"{batch.week}:{step.days_before}:{step.at:%H%M}"
    return _send(batch, key, ReminderStep.Audience(step.audience), now)


def _is_over(batch: Batch, now: datetime) -> bool:
    """Whether it is a later working day's office hours than that of the cut-off."""
    here = timezone.localtime(now)
    return timezone.localdate(batch.due_at) < here.date() and _in_office_hours(here)


def _in_office_hours(here: datetime) -> bool:
    workday = official_calendar(here.date(), here.date()).is_workday(here.date())
    return workday and OPENS <= here.time() < CLOSES


def urge(batch: Batch, *, by: Any, now: datetime) -> int:
    """催办 by hand: everybody below ``by`` with open tickets, at most once a day each."""
    tickets = Ticket.objects.visible_to(by)
    key = f"{batch.week}:urged:{timezone.localdate(now)}"
    return _send(batch, key, ReminderStep.Audience.PERSON, now, tickets)


@transaction.atomic
def _send(
    batch: Batch,
    key: str,
    audience: ReminderStep.Audience,
    now: datetime,
    tickets: Any = None,
) -> int:
    tickets = (Ticket.objects.all() if tickets is None else tickets).open().filter(batch=batch)
    told = {staff.pk: staff for staff in _audience(batch, tickets, audience, now)}
    sent = 0
    for staff in told.values():
        words = in_words(staff, batch, now, *_open(staff, [batch], now).get(batch.pk, (0, 0)))
        if not words:
            continue
        _, fresh = Notice.objects.get_or_create(
            to=staff, key=key, defaults={"words": words, "batch": batch, "at": now}
        )
        if fresh:
            # The older messages about the same week are said again by this one.
            same = Notice.objects.filter(to=staff, batch=batch, read_at=None)
            same.exclude(key=key).update(read_at=now)
            log.info("reminder %s to staff %s", key, staff.pk)
            sent += 1
    return sent


def _audience(
    batch: Batch, tickets: Any, audience: ReminderStep.Audience, now: datetime
) -> Iterator[Staff]:
    """Whom, up to the rung: a lead's rung reminds the persons, too."""
    rung = _ORDER.index(audience)
    yield from _persons(tickets, timezone.localdate(now))
    if rung >= 1:
        yield from _county_leads(tickets)
    # A week that is over has to go back, even when nothing in it is open.
    if rung >= 2 and (batch.due_at <= now or tickets.exists()):
        yield from _leads(BUREAU).filter(office__parent=None)


# What a message says ----------------------------------------------------------------------------


Counts = dict[int, tuple[int, int]]  # week → open tickets in one's hands, and in one's sight


@dataclass(frozen=True)
class Standing:
    """An unread message as it is true now, and where one acts on it."""

    notice: Notice
    words: str
    url: str


def standing(staff: Any, now: datetime) -> list[Standing]:
    """The messages to this person whose cause still is, the newest first, in words of now."""
    unread = Notice.objects.visible_to(staff).standing(hands(staff, now))
    notices = list(unread.select_related("batch", "ticket__assignee"))
    counts = _open(staff, [n.batch for n in notices if n.batch], now)
    found = (_told(notice, staff, counts, now) for notice in notices)
    return [one for one in found if one.words]


def _told(notice: Notice, staff: Any, counts: Counts, now: datetime) -> Standing:
    if ticket := notice.ticket:
        words = f"{ticket.assignee}请你接手工单 {ticket.number}。"
        return Standing(notice, words, reverse("admin:errors_ticket_change", args=[ticket.pk]))
    batch: Any = notice.batch
    mine, total = counts.get(batch.pk, (0, 0))
    url = queue_url(tab="mine" if mine else "open", week=batch.week)
    if not total:
        url = reverse("admin:errors_batch_change", args=[batch.pk])
    return Standing(notice, in_words(staff, batch, now, mine, total), url)


def _open(staff: Any, batches: Iterable[Batch], now: datetime) -> Counts:
    """Of each week, how many open tickets are in the person's hands and how many in their sight."""
    keys = {batch.pk for batch in batches}
    if not keys:
        return {}
    rows = Ticket.objects.visible_to(staff).open().filter(batch__in=keys).order_by()
    mine = Count("pk", filter=Q(assignee__in=hands(staff, now)))
    return {
        row["batch"]: (row["mine"], row["total"])
        for row in rows.values("batch").annotate(mine=mine, total=Count("pk"))
    }


def in_words(staff: Any, batch: Batch, now: datetime, mine: int, total: int) -> str:
    """What this person has to hear of that week now; blank when there is nothing any more."""
    late = batch.due_at <= now
    said = [f"你手上还有 {mine} 条没有结果"] if mine else []
    if staff.role in LEADS and total > mine:
        where = "全市" if staff.municipal else f"{staff.office}"
        said.append(f"{where}还有 {total} 条没有结果")
    if late and not said and staff.role in BUREAU and staff.municipal and batch.received_at:
        said.append("还没有返回省里")
    if not said:
        return ""
    left = workdays.remaining(now, batch.due_at)
    when = f"返回期限{left}" if late else f"离返回省里还有 {left}"
    return f"{batch.week} {'，'.join(said)}，{when}。"


def _persons(tickets: Any, day: date) -> Iterator[Staff]:
    held = tickets.filter(assignee__isnull=False).order_by().values("assignee")
    for person in Staff.objects.filter(pk__in=held).order_by("pk"):
        yield Duty.objects.deputy_of(person, day) or person


def _county_leads(tickets: Any) -> Iterator[Staff]:
    """The leads of the office, or of the nearest above it that has one."""
    leads = list(_leads({Role.COUNTY_LEAD, Role.CITY_LEAD}))
    for office in Office.objects.filter(pk__in=tickets.order_by().values("office")):
        above = [lead for lead in leads if office.path.startswith(lead.office_path or "-")]
        nearest = max((lead.office_path or "" for lead in above), key=len, default="")
        yield from (lead for lead in above if lead.office_path == nearest)


def _leads(roles: Iterable[Role]) -> Any:
    return Staff.objects.filter(is_active=True, role__in=roles, office__isnull=False)


def forget_old(now: datetime) -> int:
    """Messages older than a year go; the events of the tickets stay."""
    gone, _ = Notice.objects.filter(at__lt=now - timedelta(days=366)).delete()
    return gone
