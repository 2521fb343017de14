"""Every week of 2021–2027: what the command says, against the rule worked out by hand.

The rule once more, in the plainest words: Friday, or the last working day from Monday to Thursday
before it; a week without one has no exchange.
"""

import json
from datetime import date, timedelta
from io import StringIO

import pytest
from django.core.management import call_command

from apps.offices.models import official_calendar
from apps.offices.models.calendar import weeks_of
from apps.offices.sync import sync_calendar

pytestmark = pytest.mark.django_db
YEARS = range(2021, 2028)
# From the notices of the State Council, read by eye: weeks of 2026 and 2027 that differ.
GOLDEN = {
    "2026-W01": ("2025-12-29", "2025-12-31"),
    "2026-W07": ("2026-02-09", "2026-02-13"),
    "2026-W08": (None, None),
    "2026-W09": ("2026-02-24", "2026-02-27"),
    "2026-W15": ("2026-04-07", "2026-04-10"),
    "2026-W18": ("2026-04-27", "2026-04-30"),
    "2026-W19": ("2026-05-06", "2026-05-08"),
    "2026-W25": ("2026-06-15", "2026-06-18"),
    "2026-W38": ("2026-09-14", "2026-09-18"),
    "2026-W39": ("2026-09-21", "2026-09-24"),
    "2026-W40": ("2026-09-28", "2026-09-30"),
    "2026-W41": ("2026-10-08", "2026-10-09"),
    "2026-W53": ("2026-12-28", "2026-12-31"),
    "2027-W39": ("2027-09-27", "2027-09-30"),
}


@pytest.fixture(autouse=True)
def _calendar():
    sync_calendar()


@pytest.mark.parametrize("year", YEARS)
def test_every_week_has_its_intake_and_its_cut_off(year):
    calendar = official_calendar(date(year, 1, 1), date(year, 12, 31))
    weeks = weeks_of(year)
    assert len(weeks) == date(year, 12, 28).isocalendar().week
    for week in weeks:
        days = [week.monday + timedelta(days=n) for n in range(5)]
        worked = [day for day in days if calendar.is_workday(day)]
        name = f"{week.iso_year}-W{week.iso_week:02d}"
        if not worked:
            assert (week.intake_on, week.due_at) == (None, None), name
            continue
        assert week.intake_on == worked[0], name
        assert week.due_at is not None
        assert week.due_at.isoformat() == f"{worked[-1]}T16:00:00+08:00", name
        assert week.reason.endswith("。")


def test_the_weeks_read_by_eye_are_those_of_the_program():
    found = {
        f"{w.iso_year}-W{w.iso_week:02d}": (
            str(w.intake_on) if w.intake_on else None,
            str(w.due_at.date()) if w.due_at else None,
        )
        for year in (2026, 2027)
        for w in weeks_of(year)
    }
    assert {name: found[name] for name in GOLDEN} == GOLDEN


def test_the_command_prints_the_same_weeks():
    out = StringIO()
    call_command("weeks", "2026", json=True, stdout=out)
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    assert len(lines) == 53
    assert next(line for line in lines if line["iso_week"] == 40)["due_at"] == (
        "2026-09-30T16:00:00+08:00"
    )


def test_only_weeks_with_a_day_of_an_open_year_are_provisional():
    assert not any(week.provisional for year in range(2021, 2026) for week in weeks_of(year))
    assert [week.iso_week for week in weeks_of(2026) if week.provisional] == [53]
    assert all(week.provisional for week in weeks_of(2027))
