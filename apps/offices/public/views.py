"""Public: telephones and places, one office, where to ask about a filing, working days."""

from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone

from apps.offices.models import Channel, Hotline, Office
from apps.offices.public import working_days
from apps.offices.public.opening_hours import Timetable
from apps.offices.public.page import Phone, code_of, page, paged, show, shown


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
    lines = list(shown(Hotline.objects.select_related("office"), today))
    newest = max((line.checked_on for line in lines if line.checked_on), default=None)
    context = {"lines": lines, "today": today, "newest": newest, "qr": code_of("/offices/")}
    return show(request, "offices/phones.html", context)


@page
def progress(request: HttpRequest) -> HttpResponse:
    """Where a person can ask about a filing. It is never looked up here (decisions 6)."""
    ways = shown(Channel.objects.select_related("source"), timezone.localdate())
    ways = ways.filter(queries=True, available=True)
    return show(request, "offices/progress.html", {"ways": ways, "row": ways.first()})


@page
def workdays(request: HttpRequest) -> HttpResponse:
    """«20 个工作日» as a date, counted out and explained (O8)."""
    found = working_days.asked(request.GET, timezone.localdate())
    return show(request, "offices/workdays.html", found)
