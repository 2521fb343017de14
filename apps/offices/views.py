"""Public: telephones and places, one office, where to ask about a filing, working days."""

from datetime import date, timedelta
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.dateparse import parse_date

from apps.offices.models import Channel, Hotline, Office, official_calendar
from apps.offices.openhours import Timetable
from apps.offices.page import Phone, page, paged, show, shown
from ydjy.lib.workdays import Calendar, in_words

LONGEST_SPAN = 250  # working days; further than that no calendar is announced


@page
def offices(request: HttpRequest) -> HttpResponse:
    """Every telephone and every place, and which of them are open now."""
    timetable = Timetable(timezone.now())
    lines = [
        Phone(line, timetable.of_hotline(line))
        for line in shown(Hotline.objects.select_related("office"), timetable.today)
    ]
    places = [
        (place, timetable.of_office(place.pk))
        for place in shown(Office.objects.exclude(address=""), timetable.today)
    ]
    open_now = [line for line in lines if line.opening.open]
    only_open = request.GET.get("now") == "open"
    context = {
        "lines": paged(open_now if only_open else lines, request),
        "places": paged(places, request),
        "only_open": only_open,
        "open_count": len(open_now),
        "all_count": len(lines),
        "kept": "now=open&" if only_open else "",
        "newest": max((row.checked_on for row in (*lines, *(p for p, _ in places))), default=None),
    }
    return show(request, "offices/offices.html", context)


@page
def office(request: HttpRequest, pk: int) -> HttpResponse:
    """One office: where it is, when it is open, whom it serves, what to dial."""
    timetable = Timetable(timezone.now())
    rows = shown(Office.objects.select_related("source", "parent"), timetable.today)
    row = rows.filter(pk=pk).first()
    if row is None:
        raise Http404
    own = shown(Hotline.objects.select_related("office"), timetable.today).filter(office=row)
    lines = [Phone(line, timetable.of_hotline(line)) for line in own]
    opening = timetable.of_office(row.pk) or next((x.opening for x in lines if x.opening), None)
    below = shown(row.below.all(), timetable.today)
    context = {"row": row, "lines": lines, "opening": opening, "below": below}
    return show(request, "offices/office.html", context)


@page
def phones(request: HttpRequest) -> HttpResponse:
    """The list for the village notice-board: A4, telephones only (P11)."""
    today = timezone.localdate()
    lines = shown(Hotline.objects.select_related("office"), today)
    return show(request, "offices/phones.html", {"lines": lines, "today": today})


@page
def progress(request: HttpRequest) -> HttpResponse:
    """Where a person can ask about a filing. It is never looked up here (decisions 6)."""
    ways = shown(Channel.objects.select_related("source"), timezone.localdate())
    ways = ways.filter(queries=True, available=True)
    return show(request, "offices/progress.html", {"ways": ways, "row": ways.first()})


@page
def workdays(request: HttpRequest) -> HttpResponse:
    """«20 个工作日» as a date, counted out and explained (O8)."""
    today = timezone.localdate()
    typed, count = request.GET.get("from", ""), request.GET.get("days", "")
    start = parse_date_kindly(typed) if typed else today
    context: dict[str, Any] = {"typed": typed or today.isoformat(), "days": count or "20"}
    if not count:
        return show(request, "offices/workdays.html", context)
    if start is None or abs(start.year - today.year) > 5:
        context["problem"] = "日期请写成 2026-11-20 这样。"
    elif not (count.isascii() and count.isdigit() and 0 < int(count) <= LONGEST_SPAN):
        context["problem"] = f"工作日请填 1 到 {LONGEST_SPAN} 的数字。"
    else:
        context |= count_out(start, int(count), official_calendar(start, start))
    return show(request, "offices/workdays.html", context)


def parse_date_kindly(text: str) -> date | None:
    """A date as YYYY-MM-DD; ``None`` for anything else."""
    try:
        return parse_date(text)
    except ValueError:
        return None


def count_out(start: date, days: int, calendar: Calendar) -> dict[str, Any]:
    """The day reached, the odd days on the way, and the years nobody has announced yet."""
    end = calendar.add_workdays(start, days)
    span = [start + timedelta(days=n) for n in range(1, (end - start).days + 1)]
    odd = [calendar.explain(day) for day in span if calendar.row(day)]
    return {
        "start": start,
        "end": end,
        "end_in_words": in_words(end, weekday=True),
        "odd": odd,
        "open_years": sorted({d.year for d in span if not calendar.has_official(d.year)}),
    }
