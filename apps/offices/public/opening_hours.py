"""When a window or a telephone is open: stored hours, odd days and the calendar, put into words.

A page makes one ``Timetable`` and asks it for every office on it: three queries however many there
are. «Open» means office hours, not that somebody picks up. Features O4, O6, O7.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import chain

from apps.offices.models.calendar import official_calendar
from apps.offices.models.office import Hotline, ServiceHours
from apps.offices.models.publishing import SpecialHours
from ydjy.lib.workdays import WEEKDAYS, Calendar, clock, in_words, shanghai
from ydjy.lib.workhours import Frame, open_state

SOON = timedelta(days=14)  # how far ahead an odd day is announced


@dataclass(frozen=True)
class Opening:
    """Hours as one line, whether it is open now, and the odd days of the next two weeks.

    ``state`` is '' where nothing can be said: no hours on record, or no official calendar.
    """

    hours: str = ""
    open: bool = False
    state: str = ""
    rest: str = ""
    soon: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.hours)


class _FramesDecide(Calendar):
    """For ``open_state``: our frames know the calendar already, 延时服务 on a Saturday included."""

    def is_workday(self, day: date) -> bool:
        return True


class Timetable:
    """The hours of every office and telephone at one moment."""

    def __init__(self, now: datetime) -> None:
        self.now = shanghai(now)
        self.today = self.now.date()
        self.calendar = official_calendar(self.today, self.today)
        self._office: dict[int, list[ServiceHours]] = defaultdict(list)
        self._hotline: dict[int, list[ServiceHours]] = defaultdict(list)
        for row in ServiceHours.objects.all():
            if row.hotline_id:
                self._hotline[row.hotline_id].append(row)
            elif row.office_id:
                self._office[row.office_id].append(row)
        last_week = self.today - timedelta(days=7)
        self._special = list(SpecialHours.objects.filter(published=True, valid_to__gte=last_week))

    @property
    def boundaries(self) -> frozenset[str]:
        """Every time of day at which some sentence of ours may change, as HH:MM."""
        hours = chain(*self._office.values(), *self._hotline.values())
        rows = [*hours, *self._special]
        return frozenset(f"{t:%H:%M}" for row in rows for t in (row.opens, row.closes) if t)

    def of_office(self, office: int | None) -> Opening:
        return self._opening(self._office.get(office or 0, []), office)

    def of_hotline(self, hotline: Hotline) -> Opening:
        """The number's own hours, else those of its office."""
        own = self._hotline.get(hotline.pk) or self._office.get(hotline.office_id or 0, [])
        return self._opening(own, hotline.office_id)

    def _opening(self, rows: Sequence[ServiceHours], office: int | None) -> Opening:
        special = [row for row in self._special if row.office_id in (None, office)]
        if not rows:
            return Opening()
        hours = in_short([row for row in rows if _holds(row, self.today)])
        soon = tuple(
            _announce(row)
            for row in special
            if row.valid_to >= self.today and row.valid_from <= self.today + SOON
        )
        if not self.calendar.has_official(self.today.year):
            return Opening(hours, soon=soon)
        state = open_state(
            self.now, _FramesDecide([]), lambda day: self._frames(day, rows, special)
        )
        said, _, rest = state.words.partition("，")
        if state.opens_at and not self.calendar.has_official(state.opens_at.year):
            rest = ""  # the next opening lies in a year nobody has announced
        return Opening(hours, state.open, said, rest, soon)

    def _frames(
        self, day: date, rows: Sequence[ServiceHours], special: Sequence[SpecialHours]
    ) -> list[Frame]:
        here = [row for row in special if _holds(row, day)]
        extra = [
            Frame(row.opens, row.closes) for row in here if row.kind == SpecialHours.Kind.EXTRA
        ]
        closed = [row for row in here if row.kind == SpecialHours.Kind.CLOSED]
        if any(row.opens is None for row in closed):
            return extra
        valid = [row for row in rows if _holds(row, day)]
        named = [row for row in valid if row.weekday == day.weekday()]
        if self.calendar.is_workday(day):
            regular = named or [row for row in valid if row.weekday is None]
        else:  # a weekend on which it is open by its own hours; never a public holiday
            regular = [] if self.calendar.row(day) else named
        frames = [Frame(row.opens, row.closes) for row in regular]
        for row in closed:
            frames = [part for frame in frames for part in _without(frame, row.opens, row.closes)]
        return frames + extra


def _without(frame: Frame, begin: time, end: time) -> list[Frame]:
    """What is left of a frame when the time between is closed."""
    left = ((frame.open, min(frame.close, begin)), (max(frame.open, end), frame.close))
    return [Frame(opens, closes) for opens, closes in left if opens < closes]


def in_short(rows: Iterable[ServiceHours]) -> str:
    """Hours as on a door plate: 工作日 8:30—11:30，13:30—17:00."""
    by_day: dict[int | None, list[str]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: row.opens):
        by_day[row.weekday].append(f"{clock(row.opens)}—{clock(row.closes)}")
    groups: list[tuple[list[int | None], list[str]]] = []
    for day in sorted(by_day, key=lambda day: -1 if day is None else day):
        frames = by_day[day]
        if groups and groups[-1][1] == frames and None not in groups[-1][0]:
            groups[-1][0].append(day)
        else:
            groups.append(([day], frames))
    return "；".join(f"{_days(days)} {'，'.join(frames)}" for days, frames in groups)


def _days(days: Sequence[int | None]) -> str:
    numbers = [day for day in days if day is not None]
    if not numbers:
        return "工作日"
    if len(numbers) > 2 and numbers[-1] - numbers[0] == len(numbers) - 1:
        return f"{WEEKDAYS[numbers[0]]}到{WEEKDAYS[numbers[-1]]}"
    return "、".join(WEEKDAYS[day] for day in numbers)


def _holds(row: ServiceHours | SpecialHours, day: date) -> bool:
    return (row.valid_from or date.min) <= day <= (row.valid_to or date.max)


def _announce(row: SpecialHours) -> str:
    days = in_words(row.valid_from, weekday=True)
    if row.valid_to != row.valid_from:
        days += f"到{in_words(row.valid_to, weekday=True)}"
    times = f" {clock(row.opens)}—{clock(row.closes)}" if row.opens else ""
    reason = f"（{row.reason}）" if row.reason else ""
    return f"{days}{row.get_kind_display()}{times}{reason}"
