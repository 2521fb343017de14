"""«20 个工作日内» as a date: what was asked, the day reached, and why (O8). Public and staff."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from django.utils.dateparse import parse_date

from apps.offices.models import official_calendar
from ydjy.lib.whole_numbers import whole_number
from ydjy.lib.workdays import Calendar, in_words

LONGEST_SPAN = 250  # working days; further than that no calendar is announced


def asked(typed: Mapping[str, str], today: date) -> dict[str, Any]:
    """The answer to ``?from=&days=``, or what is wrong with the question."""
    day, count = typed.get("from", ""), typed.get("days", "")
    start = parse_date_kindly(day) if day else today
    found: dict[str, Any] = {"typed": day or today.isoformat(), "days": count or "20"}
    if not count:
        return found
    if start is None or abs(start.year - today.year) > 5:
        return found | {"problem": "日期请写成 2026-11-20 这样。"}
    days = whole_number(count, most=LONGEST_SPAN)
    if not days:
        return found | {"problem": f"工作日请填 1 到 {LONGEST_SPAN} 的数字。"}
    return found | count_out(start, days, official_calendar(start, start))


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
