"""Office hours over working days: minutes that count, and whether a window is open now.

Hours come as frames of a day (上午、下午), which may differ by weekday and season: the caller
hands in a function from the date to its frames. A day that the calendar does not work has none.
Moments must know their zone; answers are on Shanghai's clock. Source: features.md O4-O8.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from ydjy.lib.workdays import ONE_DAY, SEARCH_DAYS, SHANGHAI, Calendar, clock, in_words, shanghai


@dataclass(frozen=True)
class Frame:
    """Hours of one stretch of a day, 8:30 to 11:30; a day has several (上午、下午)."""

    open: time
    close: time

    def __post_init__(self) -> None:
        if self.open >= self.close:
            raise ValueError(f"上班时间 {clock(self.open)} 须早于下班时间 {clock(self.close)}。")


FramesFor = Callable[[date], Sequence[Frame]]
Span = tuple[datetime, datetime]


@dataclass(frozen=True)
class OpenState:
    """Whether a window is open; `until` when open, `opens_at` when not (None: never)."""

    open: bool
    until: datetime | None
    opens_at: datetime | None
    words: str


def working_minutes(
    start: datetime, end: datetime, calendar: Calendar, frames_for: FramesFor
) -> int:
    """Whole minutes of office hours between two moments; 0 where `end` is not later."""
    start, end = shanghai(start), shanghai(end)
    total = timedelta()
    day = start.date()
    while day <= end.date():
        for opens, closes in _spans(day, calendar, frames_for):
            total += max(min(closes, end) - max(opens, start), timedelta())
        day += ONE_DAY
    return total // timedelta(minutes=1)


def add_working_minutes(
    start: datetime, minutes: int, calendar: Calendar, frames_for: FramesFor
) -> datetime:
    """The moment when so many minutes of office hours have gone by since `start`.

    Raises ValueError for negative minutes, or when no hours are on record.
    """
    if minutes < 0:
        raise ValueError("分钟数不能小于零。")
    start = shanghai(start)
    left = timedelta(minutes=minutes)
    if not left:
        return start
    for opens, closes in _spans_from(start, calendar, frames_for):
        opens = max(opens, start)
        if left <= closes - opens:
            return opens + left
        left -= closes - opens
    raise ValueError("没有登记上班时间，无法推算到期时间，请先登记上班时间。")


def open_state(now: datetime, calendar: Calendar, frames_for: FramesFor) -> OpenState:
    """Whether the office is open now and until when, or when it opens next, in words."""
    now = shanghai(now)
    opens, closes = next(_spans_from(now, calendar, frames_for), (None, None))
    if opens is None or closes is None:
        return OpenState(False, None, None, "没有登记上班时间，请先打电话询问")
    if opens <= now:
        return OpenState(True, closes, None, f"现在是上班时间，到 {clock(closes)}")
    if opens.date() == now.date():
        return OpenState(False, None, opens, f"现在休息，{clock(opens)} 上班")
    today = "今天已下班" if _spans(now.date(), calendar, frames_for) else "今天休息"
    when = f"{in_words(opens, weekday=True)}{clock(opens)}"
    return OpenState(False, None, opens, f"{today}，{when} 上班")


def _spans_from(start: datetime, calendar: Calendar, frames_for: FramesFor) -> Iterator[Span]:
    """Office hours that end after `start`, until a year has none."""
    day, idle = start.date(), 0
    while idle < SEARCH_DAYS:
        spans = [span for span in _spans(day, calendar, frames_for) if span[1] > start]
        yield from spans
        idle = 0 if spans else idle + 1
        day += ONE_DAY


def _spans(day: date, calendar: Calendar, frames_for: FramesFor) -> list[Span]:
    """Office hours of one day in order, those that touch or overlap made one."""
    if not calendar.is_workday(day):
        return []
    spans: list[Span] = []
    for frame in sorted(frames_for(day), key=lambda frame: frame.open):
        opens, closes = (datetime.combine(day, t, SHANGHAI) for t in (frame.open, frame.close))
        if spans and opens <= spans[-1][1]:
            spans[-1] = (spans[-1][0], max(spans[-1][1], closes))
        else:
            spans.append((opens, closes))
    return spans
