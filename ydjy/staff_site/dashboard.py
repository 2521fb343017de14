"""本周: what the staff see first. Questions asked across the apps, composed here and nowhere else.

Everything counts through ``visible_to``: a county's people get a county's numbers.
"""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Case, Count, IntegerField, Min, Q, QuerySet, Value, When
from django.utils import timezone

from apps.errors.exchange import outbox
from apps.errors.intake.assignment import Roster
from apps.errors.models import Batch, Dispatch, ReturnFile, Ticket
from apps.errors.models.transitions import OPEN, Status
from apps.errors.reports import reminders, statistics
from apps.errors.reports.reminders import LEADS, Standing
from apps.errors.returns import build as returns_build
from apps.errors.returns import state
from apps.errors.tickets import filters
from apps.errors.tickets.display import queue_url, shown, working_left
from apps.offices.models import Duty, Office, calendar_gap, official_calendar
from apps.offices.models.calendar import week_of
from ydjy.desk.models import Upload
from ydjy.desk.waiting_work import Waits
from ydjy.lib import workdays
from ydjy.staff_site import past_weeks, waiting

BAR = 1000  # width of the progress bar in its own units
GAP = 3
_MENDS_CALENDAR = "offices.add_calendarday"
FIRST = 10  # rows of 先办这些
NOTICES = 5


@dataclass(frozen=True)
class Countdown:
    """What every page says in its head: how long until the results must be back."""

    due: str
    left: str
    late: bool
    done: str = ""
    work: str = ""


@dataclass(frozen=True)
class DayCell:
    name: str
    day: date
    words: str
    past: bool
    today: bool
    off: bool


@dataclass(frozen=True)
class Number:
    """One of the five numbers; ``key`` is its colour, ``url`` the list that it counts."""

    key: str
    label: str
    count: int
    url: str
    of: int | None = None


@dataclass(frozen=True)
class Segment:
    key: str
    x: float
    width: float


@dataclass(frozen=True)
class Button:
    label: str
    url_name: str
    filled: bool = False
    query: str = ""


@dataclass
class Week:
    """All that the page 本周 shows."""

    batch: Batch
    monday: date
    sunday: date
    countdown: Countdown
    days: list[DayCell]
    numbers: list[Number]
    bridge: list[str]
    bar: list[Segment]
    total: int
    open: int
    mine: int
    buttons: list[Button]
    first: list[Any] = field(default_factory=list)
    people: list[dict[str, Any]] = field(default_factory=list)
    recent: list[dict[str, Any]] = field(default_factory=list)
    counties: list[dict[str, Any]] = field(default_factory=list)
    notices: list[Standing] = field(default_factory=list)
    stuck: list[Dispatch] = field(default_factory=list)
    duty: list[Duty] = field(default_factory=list)
    vacant: list[str] = field(default_factory=list)
    waiting: list[Waits] = field(default_factory=list)
    owed: list[Upload] = field(default_factory=list)
    calendar_gap: str = ""
    sent_back: str = ""
    refused: list[ReturnFile] = field(default_factory=list)
    overdue: list[tuple[Batch, str]] = field(default_factory=list)
    advice: str = ""


def current(now: datetime) -> Batch:
    """The batch of this week as stored, or as it will be; nothing is written by looking."""
    iso_year, iso_week = workdays.iso_week_of(now)
    found = Batch.objects.filter(iso_year=iso_year, iso_week=iso_week).first()
    if found:
        return found
    week = week_of(iso_year, iso_week)
    if week.due_at is None:
        ahead = official_calendar(week.monday, week.monday)
        merged = workdays.merged_into(week, ahead)
        stored = Batch.objects.filter(iso_year=merged.iso_year, iso_week=merged.iso_week).first()
        if stored:
            return stored
        week = week_of(merged.iso_year, merged.iso_week)
    return Batch(iso_year=week.iso_year, iso_week=week.iso_week, **Batch.dates_of(week))


def countdown(batch: Batch, now: datetime, calendar: workdays.Calendar | None = None) -> Countdown:
    """With a calendar also how many working hours are left."""
    due = timezone.localtime(batch.due_at)
    weekday = workdays.WEEKDAYS[due.weekday()]
    done = ""
    if batch.returned_at:
        sent = timezone.localtime(batch.returned_at)
        late = "" if batch.on_time() else "，晚了"
        done = f"{sent.month}月{sent.day}日 {sent:%H:%M} 已返回省里{late}"
    work = working_left(now, batch.due_at, calendar) if calendar and not done else ""
    return Countdown(
        work=work,
        due=f"{weekday} {due:%H:%M}" + ("（改过）" if batch.due_overridden else ""),
        left=workdays.remaining(now, batch.due_at),
        late=not workdays.is_on_time(now, batch.due_at),
        done=done,
    )


def week(staff: Any, now: datetime, batch: Batch | None = None) -> Week:
    """The page for one person at one moment, in a fixed number of queries."""
    batch = batch or current(now)
    tickets = Ticket.objects.visible_to(staff)
    counts = _counts(tickets, batch, staff, now)
    numbers = _numbers(batch, counts)
    leads = staff.has_perm("errors.assign_ticket")
    calendar = official_calendar(batch.monday, batch.monday)
    recent, overdue = past_weeks.weeks(staff, now)
    received = statistics.received([batch, *recent], staff)
    rows = statistics.bridge(statistics.rows_of(batch, staff) if received[batch.week] else ())
    today = timezone.localdate(now)
    duty = list(Duty.objects.visible_to(staff).today(today))
    past = past_weeks.tickets_of([*recent, *overdue], tickets)
    return Week(
        batch=batch,
        monday=batch.monday,
        sunday=batch.monday + timedelta(days=6),
        countdown=countdown(batch, now, calendar),
        days=_days(batch, _came(received[batch.week], counts["carried"]), today, calendar),
        numbers=numbers,
        bridge=statistics.in_words(rows, counts["total"], counts["carried"]),
        bar=_bar(numbers[:4], counts["total"]),
        total=counts["total"],
        open=counts["open"],
        mine=counts["mine"],
        buttons=_buttons(staff, batch, counts, now),
        first=[shown(t, now) for t in _first(tickets, staff, leads, now)],
        people=_people(tickets, batch, now),
        recent=past_weeks.recent(recent, received, past, now),
        counties=_counties(tickets, now),
        vacant=_vacant(tickets, duty, today),
        overdue=past_weeks.owed(overdue, batch, past, now) if staff.role in LEADS else [],
        notices=reminders.standing(staff, now)[:NOTICES],
        duty=duty,
        calendar_gap=calendar_gap(today, calendar) if staff.has_perm(_MENDS_CALENDAR) else "",
        **_returns(staff, batch, now),
    )


def _returns(staff: Any, batch: Batch, now: datetime) -> dict[str, Any]:
    """等我办, and of what goes back: how far this week is, what was refused, owed or is stuck."""
    waits = waiting.line(staff, now)
    kinds = {one.kind.key for one in waits}
    files = list(state.files(batch, staff)) if staff.municipal else []
    owed = returns_build.owed(Upload.objects.visible_to(staff))
    return {
        "waiting": waits,
        "sent_back": state.in_words([file for file in files if file.batch_id == batch.pk]),
        "refused": [file for file in files if file.state == ReturnFile.State.REFUSED],
        "owed": list(owed) if "owed_file" in kinds else [],
        "stuck": outbox.stuck(now) if "unsent_file" in kinds else [],
        "advice": outbox.advice(batch, now),
    }


def _counts(tickets: QuerySet[Any], batch: Batch, staff: Any, now: datetime) -> dict[str, int]:
    here = Q(batch=batch.pk) if batch.pk else Q(pk=None)

    def number(condition: Q) -> Count:
        return Count("pk", filter=condition)

    is_open = Q(status__in=OPEN)
    # Only this week's and what is still open: years of closed tickets are not read.
    return tickets.filter(here | is_open).aggregate(
        total=number(here),
        done=number(here & ~is_open),
        working=number(here & Q(status=Status.WORKING)),
        waiting=number(here & Q(status=Status.WAITING)),
        new=number(here & Q(status=Status.NEW)),
        carried=number(here & ~Q(number__startswith=batch.prefix)),
        open=number(here & is_open),
        overdue=number(is_open & Q(batch__due_at__lte=now)),
        mine=number(is_open & Q(assignee__in=filters.hands(staff, now))),
    )


def _numbers(batch: Batch, counts: dict[str, int]) -> list[Number]:
    def link(tab: str) -> str:
        return queue_url(tab=tab, week=batch.week)

    return [
        Number("done", "已有结果", counts["done"], link("done"), counts["total"]),
        Number("working", "处理中", counts["working"], link("working")),
        Number("waiting", "等回复", counts["waiting"], link("waiting")),
        Number("new", "未分派", counts["new"], link("new")),
        Number("overdue", "逾期", counts["overdue"], queue_url(tab="overdue")),
    ]


def _bar(numbers: list[Number], total: int) -> list[Segment]:
    """The parts of the whole with small white gaps between; none for nothing."""
    shares = [(n.key, n.count) for n in numbers if n.count] if total else []
    x, segments = 0.0, []
    for key, count in shares:
        width = count * BAR / total
        segments.append(Segment(key, round(x, 1), round(max(width - GAP, 2), 1)))
        x += width
    return segments


def _came(received: int, carried: int) -> str:
    return f"收到 {received} 行" + (f"，转来 {carried} 条" if carried else "")


def _days(batch: Batch, came: str, today: date, calendar: workdays.Calendar) -> list[DayCell]:
    due = timezone.localtime(batch.due_at)
    cells = []
    for i in range(5 if due.date() <= batch.monday + timedelta(days=4) else 7):
        day = batch.monday + timedelta(days=i)
        cells.append(
            DayCell(
                name=workdays.WEEKDAYS[day.weekday()],
                day=day,
                words=_duty(batch, day, due, came, calendar),
                past=day < today,
                today=day == today,
                off=not calendar.is_workday(day),
            )
        )
    return cells


def _duty(batch: Batch, day: date, due: datetime, came: str, calendar: workdays.Calendar) -> str:
    intake = came if batch.received_at else "接收省里的表"
    back = f"{due:%H:%M} 前返回省里"
    if not calendar.is_workday(day):
        row = calendar.row(day)
        return f"{row.name}放假" if row else "休息"
    if day == due.date():
        return f"{intake}，{back}" if day == batch.intake_on else back
    return intake if day == batch.intake_on else "办理"


def _buttons(staff: Any, batch: Batch, counts: dict[str, int], now: datetime) -> list[Button]:
    """What the person may do, with the day's own step filled."""
    mine = f"办我的 {counts['mine']} 条" if counts["mine"] else "看待办"
    may = [
        Button("导入报错", "admin:errors_batch_receive"),
        Button("导出返回表", "admin:errors_batch_send_back"),
        Button(
            mine,
            "admin:errors_ticket_changelist",
            query=f"?tab={'mine' if counts['mine'] else 'open'}",
        ),
    ]
    needed = ("errors.import_batch", "errors.export_batch", "errors.work_ticket")
    allowed = [b for b, permission in zip(may, needed, strict=True) if staff.has_perm(permission)]
    step = 2
    if not batch.received_at:
        step = 0
    elif not counts["open"] or timezone.localdate(now) >= timezone.localdate(batch.due_at):
        step = 1
    wanted = may[step] if may[step] in allowed else (allowed[-1] if allowed else None)
    return [
        Button(b.label, b.url_name, filled=b is wanted, query=b.query)
        for b in allowed
        if batch.pk or b is not may[1]
    ]


def _first(tickets: QuerySet[Any], staff: Any, leads: bool, now: datetime) -> QuerySet[Any]:
    """Ten to begin with: a lead's undistributed ones, a clerk's own ones, then the most urgent."""
    own = Q(status=Status.NEW) if leads else Q(assignee__in=filters.hands(staff, now))
    rank = Case(When(own, then=Value(0)), default=Value(1), output_field=IntegerField())
    ordered = tickets.open().urgent_first()
    return (
        ordered.annotate(rank=rank)
        .order_by("rank", *ordered.query.order_by)
        .select_related("batch", "assignee")[:FIRST]
    )


def _people(tickets: QuerySet[Any], batch: Batch, now: datetime) -> list[dict[str, Any]]:
    is_open = Q(status__in=OPEN)
    here = Q(batch=batch.pk) if batch.pk else Q(pk=None)
    rows = (
        tickets.filter(is_open | here, assignee__isnull=False)
        .order_by()
        .values("assignee", "assignee__name", "assignee__username")
        .annotate(
            working=Count("pk", filter=Q(status=Status.WORKING)),
            waiting=Count("pk", filter=Q(status=Status.WAITING)),
            done=Count("pk", filter=here & ~is_open),
            oldest=Min("touched_at", filter=is_open),
        )
    )
    people = sorted(rows, key=lambda r: (-(r["working"] + r["waiting"]), r["assignee"]))
    for row in people:
        row["name"] = row["assignee__name"] or row["assignee__username"]
        row["idle"] = untouched(row["oldest"], now)
        row["url"] = queue_url(tab="open", who=row["assignee"])
    return people


def _counties(tickets: QuerySet[Any], now: datetime) -> list[dict[str, Any]]:
    """Outstanding per office (E9); one office alone is no table."""
    rows = (
        tickets.open()
        .order_by()
        .values("office__name")
        .annotate(open=Count("pk"), late=Count("pk", filter=Q(batch__due_at__lte=now)))
    )
    found = sorted(rows, key=lambda row: (-row["open"], row["office__name"]))
    return found if len(found) > 1 else []


def untouched(moment: datetime | None, now: datetime) -> str:
    """9 天, 3 小时: how long nobody has done anything."""
    if moment is None:
        return ""
    lain = now - moment
    if lain.days:
        return f"{lain.days} 天"
    hours = lain.seconds // 3600
    return f"{hours} 小时" if hours else "刚办过"


def _vacant(tickets: QuerySet[Any], duty: list[Duty], day: date) -> list[str]:
    """Where lines wait for a person and everybody who could take them is away."""
    if not any(row.kind == Duty.Kind.AWAY for row in duty):
        return []
    waiting = tickets.filter(status=Status.NEW).order_by().values_list("office")
    counts = dict(waiting.annotate(Count("pk")))
    roster = Roster(day)
    found = Office.objects.filter(pk__in=counts.keys() & roster.absent.keys()).order_by("path")
    complaints = ((roster.complaint(office), counts[office.pk]) for office in found)
    return [f"{why}，{count} 条还没有分派。" for why, count in complaints if why]
