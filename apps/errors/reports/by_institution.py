"""How many tickets named an institution in each of the last twelve weeks, and why (I10)."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from django.db.models import Count

from apps.errors.models import Ticket

WEEKS = 12


@dataclass(frozen=True)
class Panel:
    """A table beside a record: its title, its header, its rows as text."""

    title: str
    header: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    empty: str = ""


def twelve_weeks(institution: Any, staff: Any, today: date) -> Panel:
    """The tickets that this person may see, by the Monday of their week and by cause."""
    monday = today - timedelta(days=today.weekday())
    mondays = [monday - timedelta(weeks=n) for n in range(WEEKS)]
    rows = (
        Ticket.objects.visible_to(staff)
        .filter(institution=institution, reported_on__gte=mondays[-1])
        .order_by()
        .values("reported_on", "cause__label")
        .annotate(number=Count("pk"))
    )
    total: Counter[date] = Counter()
    causes: dict[date, Counter[str]] = {}
    for row in rows:
        week = row["reported_on"] - timedelta(days=row["reported_on"].weekday())
        total[week] += row["number"]
        causes.setdefault(week, Counter())[row["cause__label"] or "还没有结果"] += row["number"]
    told = [
        [f"{week.year}年{week.month}月{week.day}日起", str(total[week]), _words(causes[week])]
        for week in mondays
        if total[week]
    ]
    return Panel(
        f"近 {WEEKS} 周的报错（{sum(total.values())} 条）",
        ["哪一周", "报错", "原因"],
        told,
        "近 12 周没有这家机构的报错。",
    )


def _words(causes: Counter[str]) -> str:
    return "，".join(f"{label} {number} 条" for label, number in causes.most_common(3))
