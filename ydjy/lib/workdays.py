"""Working days and the weekly exchange, over calendar rows passed in.

The State Council takes days off the week and gives weekend days back (调休), so Monday to
Friday is wrong in about ten weeks of a year. Years whose notice is not out yet are counted
Monday to Friday less the fixed days of the law, and all that rests on them is provisional.
Dates are those of Asia/Shanghai; a moment must know its zone. Source: domain.md 2.8, 4.6 and
traps 10-12, features.md section 3, decisions 3.
"""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from io import StringIO
from typing import Literal
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")
FIXED_HOLIDAYS = {
    (1, 1): "元旦",
    (5, 1): "劳动节",
    (5, 2): "劳动节",
    (10, 1): "国庆节",
    (10, 2): "国庆节",
    (10, 3): "国庆节",
}
FRIDAY = 4
ONE_DAY = timedelta(days=1)
WEEKDAYS = ("周一", "周二", "周三", "周四", "周五", "周六", "周日")
SEARCH_DAYS = 400  # further than any holiday reaches: beyond it the data are wrong


@dataclass(frozen=True)
class Day:
    """One row of the working calendar: a day that differs from its weekday.

    `official` rows come from a State Council notice; others were typed by an office.
    """

    day: date
    works: bool
    name: str
    official: bool = True


class Calendar:
    """The working calendar: notice rows first, then the weekday, then the fixed holidays."""

    def __init__(self, days: Iterable[Day]) -> None:
        self._days: dict[date, Day] = {}
        for row in days:
            if row.day in self._days:
                raise ValueError(
                    f"工作日历中{in_words(row.day)}（{row.day}）出现了两次，请只留一行。"
                )
            self._days[row.day] = row
        self._official_years = {row.day.year for row in self._days.values() if row.official}

    def has_official(self, year: int) -> bool:
        """Whether the notice for this year is loaded (at least one official row)."""
        return year in self._official_years

    def is_workday(self, day: date) -> bool:
        row = self.row(day)
        return row.works if row else day.weekday() <= FRIDAY

    def row(self, day: date) -> Day | None:
        """The row that makes this day differ from its weekday; fixed days in open years."""
        if isinstance(day, datetime):  # a datetime never equals a date: it would miss its row
            raise TypeError("a date is wanted, not a datetime")
        if day in self._days:
            return self._days[day]
        name = FIXED_HOLIDAYS.get((day.month, day.day))
        if name is None or self.has_official(day.year):
            return None
        return Day(day, works=False, name=name, official=False)

    def explain(self, day: date) -> str:
        """Why this day is worked or not, as one Chinese phrase: 10月1日国庆节放假."""
        row = self.row(day)
        weekday = WEEKDAYS[day.weekday()]
        if row is None:
            words = f"（{weekday}）{'正常上班' if self.is_workday(day) else '周末休息'}"
        elif row.works:
            words = f"（{weekday}）{row.name}调休上班"
        else:
            words = f"{row.name}放假"
        open_year = "" if self.has_official(day.year) else f"（{_not_announced(day.year)}）"
        return f"{in_words(day)}{words}{open_year}"

    def next_workday(self, day: date) -> date:
        """The first working day after `day`."""
        return self._walk(day, ONE_DAY)

    def previous_workday(self, day: date) -> date:
        """The last working day before `day`."""
        return self._walk(day, -ONE_DAY)

    def add_workdays(self, day: date, n: int) -> date:
        """`n` working days on (back if negative); the day itself is not counted (20个工作日)."""
        step = ONE_DAY if n > 0 else -ONE_DAY
        for _ in range(abs(n)):
            day = self._walk(day, step)
        return day

    def workdays_between(self, a: date, b: date) -> int:
        """Working days after `a` up to and including `b`; negative where `b` is earlier."""
        if b < a:
            return -self.workdays_between(b, a)
        return sum(self.is_workday(a + ONE_DAY * i) for i in range(1, (b - a).days + 1))

    def holiday_around(self, day: date) -> tuple[date, date]:
        """First and last day of the named holiday that `day` lies in."""
        first = last = day
        while (row := self.row(first - ONE_DAY)) and not row.works:
            first -= ONE_DAY
        while (row := self.row(last + ONE_DAY)) and not row.works:
            last += ONE_DAY
        return first, last

    def _walk(self, day: date, step: timedelta) -> date:
        for _ in range(SEARCH_DAYS):
            day += step
            if self.is_workday(day):
                return day
        raise ValueError("工作日历中一年多没有工作日，请核对日历。")


def read_days(csv_text: str) -> list[Day]:
    """Official rows from a file with the columns day, works (0/1), name and source.

    Raises ValueError with a Chinese sentence that names the line of a bad row.
    """
    reader = csv.DictReader(StringIO(csv_text.removeprefix("\ufeff")))
    missing = [c for c in ("day", "works", "name", "source") if c not in (reader.fieldnames or ())]
    if missing:
        raise ValueError(
            f"工作日历第1行缺少列：{'、'.join(missing)}。请按 day,works,name,source 填写。"
        )
    days: dict[date, Day] = {}
    for cells in reader:
        row = _read_day(cells, f"工作日历第{reader.line_num}行")
        if row.day in days:
            raise ValueError(f"工作日历第{reader.line_num}行：{row.day} 前面已有一行，请只留一行。")
        days[row.day] = row
    return list(days.values())


def _read_day(cells: dict[str, str | None], where: str) -> Day:
    text, works, name = ((cells[c] or "").strip() for c in ("day", "works", "name"))
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{where}：日期“{text}”读不出，请写成 2026-10-01 的样子。") from None
    if works not in ("0", "1"):
        raise ValueError(f"{where}：works 列是“{works}”，请填 0（放假）或 1（上班）。")
    if not name:
        raise ValueError(f"{where}：name 列是空的，请填节日名称，例如国庆节。")
    return Day(day, works == "1", name)


# --- Weeks -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Rule:
    """When the province's file is due in and out; weekdays from Monday 0 to Friday 4.

    `shift` says where the cut-off goes when its day is off: to the last working day before it
    (前移), the first after it (后移), or nowhere until a person sets it (不变).
    """

    intake_weekday: int = 0
    intake_time: time = time(12, 0)
    due_weekday: int = FRIDAY
    due_time: time = time(16, 0)
    shift: Literal["PREV_WORKDAY", "NEXT_WORKDAY", "MANUAL"] = "PREV_WORKDAY"

    def __post_init__(self) -> None:
        if not 0 <= self.intake_weekday <= self.due_weekday <= FRIDAY:
            raise ValueError("接收日须在周一至周五之间，且不晚于返回日。")
        if self.intake_time >= self.due_time:
            raise ValueError("接收时间须早于返回时间，两者可能落在同一天。")


@dataclass(frozen=True)
class Week:
    """One exchange with the province: an ISO week, its intake day and its cut-off.

    Both are None in a week without a working day. `reason` is a Chinese sentence, always there.
    """

    iso_year: int
    iso_week: int
    monday: date
    intake_on: date | None
    due_at: datetime | None
    reason: str
    provisional: bool


STANDARD = Rule()


def week(iso_year: int, iso_week: int, calendar: Calendar, rule: Rule = STANDARD) -> Week:
    """The exchange of one ISO week. Raises ValueError for a week the year does not have."""
    try:
        monday = date.fromisocalendar(iso_year, iso_week, 1)
    except ValueError:
        raise ValueError(f"{iso_year}年没有第{iso_week}周。") from None
    intake = _intake_on(monday, calendar, rule)
    due = _due_on(monday, intake, calendar, rule) if intake else None
    open_years = [y for y in _years(monday) if not calendar.has_official(y)]
    return Week(
        iso_year,
        iso_week,
        monday,
        intake,
        datetime.combine(due, rule.due_time, SHANGHAI) if due else None,
        _reason(monday, intake, due, calendar, rule)
        + (f"{_not_announced(*open_years)}，日期为暂定。" if open_years else ""),
        bool(open_years),
    )


def weeks(year: int, calendar: Calendar, rule: Rule = STANDARD) -> list[Week]:
    """All 52 or 53 exchanges of an ISO year."""
    last = date(year, 12, 28).isocalendar().week  # 28 December is always in the last week
    return [week(year, number, calendar, rule) for number in range(1, last + 1)]


def merged_into(empty: Week, calendar: Calendar, rule: Rule = STANDARD) -> Week:
    """The next week that has an exchange: where the rows of an empty week go."""
    iso = _next_opening(empty.monday, calendar, rule).isocalendar()
    return week(iso.year, iso.week, calendar, rule)


def iso_week_of(moment: datetime) -> tuple[int, int]:
    """ISO year and week in Shanghai: Monday 07:00 there is still Sunday in UTC."""
    iso = shanghai(moment).isocalendar()
    return iso.year, iso.week


def is_on_time(moment: datetime, due_at: datetime) -> bool:
    """“16:00前” is strict: 15:59:59 is on time, 16:00:00 is late."""
    return shanghai(moment) < shanghai(due_at)


def remaining(now: datetime, due_at: datetime) -> str:
    """The countdown: 1 天 1 小时 / 3 小时 20 分 / 50 分钟 / 已过 40 分钟 (ux.md 4.4)."""
    late = not is_on_time(now, due_at)
    left = abs(shanghai(due_at) - shanghai(now))
    hours, minutes = divmod(left.seconds // 60, 60)
    if left.days:
        words = f"{left.days} 天" + (f" {hours} 小时" if hours else "")
    elif hours:
        words = f"{hours} 小时" + (f" {minutes} 分" if minutes else "")
    else:
        words = f"{minutes} 分钟" if minutes else "不到 1 分钟"
    if late:
        return f"已过 {words}" if left >= timedelta(minutes=1) else "刚过时限"
    return words


def _intake_on(monday: date, calendar: Calendar, rule: Rule) -> date | None:
    """First working day Monday to Friday; a make-up weekend day does not open a week."""
    worked = [day for day in _weekdays(monday) if calendar.is_workday(day)]
    later = [day for day in worked if day.weekday() >= rule.intake_weekday]
    return next(iter(later or worked[-1:]), None)


def _due_on(monday: date, intake: date, calendar: Calendar, rule: Rule) -> date:
    planned = monday + ONE_DAY * rule.due_weekday
    due = planned
    if not calendar.is_workday(planned):
        if rule.shift == "PREV_WORKDAY":
            due = calendar.previous_workday(planned)
        elif rule.shift == "NEXT_WORKDAY":
            due = calendar.next_workday(planned)
    return max(due, intake)


def _years(monday: date) -> list[int]:
    return sorted({monday.year, (monday + 6 * ONE_DAY).year})


def _next_opening(monday: date, calendar: Calendar, rule: Rule) -> date:
    mondays = (monday + timedelta(weeks=i) for i in range(1, 60))
    openings = (_intake_on(later, calendar, rule) for later in mondays)
    found = next(filter(None, openings), None)
    if found is None:
        raise ValueError("工作日历中一年多没有工作日，请核对日历。")
    return found


def _reason(
    monday: date, intake: date | None, due: date | None, calendar: Calendar, rule: Rule
) -> str:
    if intake is None or due is None:
        return _empty_reason(monday, calendar, rule)
    planned = (monday + ONE_DAY * rule.intake_weekday, monday + ONE_DAY * rule.due_weekday)
    off = [day for day in planned if not calendar.is_workday(day)]
    back = f"{in_words(due, weekday=True)}{clock(rule.due_time)}前返回。"
    take = f"{in_words(intake, weekday=True)}接收，" if intake != planned[0] else ""
    if planned[1] in off and rule.shift == "MANUAL":
        words = f"{_holidays(off, calendar)}，{take}返回时间须由专人确定，暂记{back}"
    elif (intake, due) != planned:
        words = f"{_holidays(off, calendar)}，本周期改为{take}{back}"
    else:
        days = (WEEKDAYS[intake.weekday()], WEEKDAYS[due.weekday()])
        words = f"{days[0]}接收，{days[1]}{clock(rule.due_time)}前返回。"
    if _intake_on(monday - 7 * ONE_DAY, calendar, rule) is None:
        words += "上一周没有工作日，报错并入本周期。"
    return words


def _empty_reason(monday: date, calendar: Calendar, rule: Rule) -> str:
    opening = _next_opening(monday, calendar, rule)
    iso = opening.isocalendar()
    return (
        f"{_holidays(_weekdays(monday), calendar)}，本周没有工作日，"
        f"并入{iso.year}年第{iso.week}周，{in_words(opening, weekday=True)}接收。"
    )


def _weekdays(monday: date) -> list[date]:
    return [monday + ONE_DAY * i for i in range(FRIDAY + 1)]


def _holidays(off: list[date], calendar: Calendar) -> str:
    """10月1日至7日放假, once for each holiday that the days lie in."""
    spans = dict.fromkeys(calendar.holiday_around(day) for day in off)
    return "、".join(_span_in_words(first, last) for first, last in spans) + "放假"


def _span_in_words(first: date, last: date) -> str:
    if first == last:
        return in_words(first)
    tail = f"{last.day}日" if last.month == first.month else in_words(last)
    return f"{in_words(first)}至{tail}"


# --- Words and zones ---------------------------------------------------------------------------


def shanghai(moment: datetime) -> datetime:
    """The same moment on Shanghai's clock. Raises ValueError for one without a zone."""
    if moment.tzinfo is None:
        raise ValueError("时间缺少时区，无法换算成北京时间。")
    return moment.astimezone(SHANGHAI)


def in_words(day: date, *, weekday: bool = False) -> str:
    """10月1日, or 10月1日（周四）."""
    return f"{day.month}月{day.day}日" + (f"（{WEEKDAYS[day.weekday()]}）" if weekday else "")


def clock(moment: time | datetime) -> str:
    """8:30, 16:00: as people write the hour."""
    return f"{moment.hour}:{moment.minute:02}"


def _not_announced(*years: int) -> str:
    return "、".join(f"{year}年" for year in years) + "放假安排尚未公布"
