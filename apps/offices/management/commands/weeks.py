"""The exchange weeks of a year, as calendar and rule give them."""

from argparse import ArgumentParser
from datetime import date
from typing import Any

from apps.offices.models.calendar import weeks_of
from ydjy.desk.commands import DeskCommand


class Command(DeskCommand):
    help = "列出一年里每一周的接收日和返回期限"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("year", type=int, metavar="YEAR", help="年份，例如 2026")

    def run(self, *, year: int, **options: Any) -> None:
        for week in weeks_of(year):
            record = {
                "iso_year": week.iso_year,
                "iso_week": week.iso_week,
                "intake_on": week.intake_on.isoformat() if week.intake_on else None,
                "due_at": week.due_at.isoformat() if week.due_at else None,
                "reason": week.reason,
                "provisional": week.provisional,
            }
            name = f"{week.iso_year}-W{week.iso_week:02d}"
            mark = "（暂定）" if week.provisional else ""
            self.say(record, f"{name} {_day(week.monday)} {week.reason}{mark}", **options)


def _day(day: date) -> str:
    return f"{day.month}月{day.day}日起"
