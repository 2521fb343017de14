"""The working calendar 工作日历 and the rule of the weekly exchange, both as dated rows."""

from datetime import date

from django.db import models

from apps.offices.models.policy import Dated, DatedQuerySet, Sourced, Weekday
from ydjy.lib import workdays


class CalendarDay(models.Model):
    """A day that the State Council's notice names: off, or a make-up working day 调休."""

    day = models.DateField("日期", unique=True)
    works = models.BooleanField("上班")
    name = models.CharField("名称", max_length=20)
    source = models.CharField("依据", max_length=80)
    official = models.BooleanField("正式公布", default=True)

    class Meta:
        verbose_name = verbose_name_plural = "工作日历"
        ordering = ["day"]
        permissions = [
            ("import_calendarday", "导入放假安排"),
            ("export_calendarday", "导出工作日历"),
        ]

    def __str__(self) -> str:
        return f"{self.day}{'上班' if self.works else '休息'}（{self.name}）"


def official_calendar(first: date, last: date) -> workdays.Calendar:
    """The calendar of a span and of the whole years beside it: one row makes a year official."""
    rows = CalendarDay.objects.filter(
        day__gte=date(first.year - 1, 1, 1), day__lte=date(last.year + 1, 12, 31)
    )
    return workdays.Calendar(workdays.Day(r.day, r.works, r.name, r.official) for r in rows)


def missing_year(today: date, calendar: workdays.Calendar | None = None) -> int | None:
    """The year whose official days are needed and not here: this one, or from 1 November the next.

    The State Council's notice comes in November as a rule; from then on the gap is shown in red.
    """
    calendar = calendar or official_calendar(today, today)
    return next((y for y in years_wanted(today) if not calendar.has_official(y)), None)


def years_wanted(today: date) -> list[int]:
    return [today.year, today.year + 1] if today.month >= 11 else [today.year]


def official_years(years: list[int]) -> set[int]:
    """Those of the years for which the official days are here: one row makes a year official."""
    rows = CalendarDay.objects.filter(official=True, day__year__in=years)
    return set(rows.values_list("day__year", flat=True))


def calendar_gap(today: date, calendar: workdays.Calendar | None = None) -> str:
    """The one sentence about a missing calendar, on 本周, on the calendar page and in ``check``;
    "" where nothing is missing (O5)."""
    year = missing_year(today, calendar)
    if year is None:
        return ""
    return (
        f"{year}年的放假安排还没有录入，那一年各周的期限都是暂定的，先按平常的周末算。"
        "国务院办公厅公布后，请在“系统—工作日历”里录入。"
    )


class WeekRule(Sourced, Dated):
    """When the province's list comes and when the results must be back (D-E01, D-E02)."""

    class Shift(models.TextChoices):
        PREV_WORKDAY = "PREV_WORKDAY", "提前到前一个工作日"
        NEXT_WORKDAY = "NEXT_WORKDAY", "推后到下一个工作日"
        MANUAL = "MANUAL", "由人指定"

    intake_time = models.TimeField("周一几点前应收到")
    due_weekday = models.PositiveSmallIntegerField("返回日", choices=Weekday, default=4)
    due_time = models.TimeField("几点前返回")
    shift = models.CharField(
        "返回日放假时", max_length=12, choices=Shift, default=Shift.PREV_WORKDAY
    )

    objects = DatedQuerySet.as_manager()

    class Meta(Dated.Meta):
        abstract = False
        verbose_name = verbose_name_plural = "每周时限"

    def __str__(self) -> str:
        return f"{self.due_time:%H:%M}前返回"

    @classmethod
    def on(cls, day: date) -> workdays.Rule:
        return _rule_on(list(cls.objects.order_by("-valid_from")), day)

    def as_rule(self) -> workdays.Rule:
        return workdays.Rule(
            intake_time=self.intake_time,
            due_weekday=self.due_weekday,
            due_time=self.due_time,
            shift=self.shift,
        )


def week_of(iso_year: int, iso_week: int) -> workdays.Week:
    """The exchange week, from the calendar and the rule that hold on its Monday."""
    monday = date.fromisocalendar(iso_year, iso_week, 1)
    calendar = official_calendar(monday, monday)
    return workdays.week(iso_year, iso_week, calendar, WeekRule.on(monday))


def weeks_of(year: int) -> list[workdays.Week]:
    """All ISO weeks of a year, each by the rule of its own Monday."""
    calendar = official_calendar(date(year, 1, 1), date(year, 12, 31))
    last = date(year, 12, 28).isocalendar().week
    mondays = [date.fromisocalendar(year, week, 1) for week in range(1, last + 1)]
    rules = list(WeekRule.objects.order_by("-valid_from"))
    return [
        workdays.week(year, week, calendar, _rule_on(rules, monday))
        for week, monday in enumerate(mondays, start=1)
    ]


def _rule_on(rules: list[WeekRule], day: date) -> workdays.Rule:
    for rule in rules:
        starts, ends = rule.valid_from or date.min, rule.valid_to or date.max
        if starts <= day <= ends:
            return rule.as_rule()
    return workdays.STANDARD
