"""Office hours: minutes that count, and whether a window is open."""

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ydjy.lib.workdays import SHANGHAI, Calendar, read_days
from ydjy.lib.workhours import Frame, add_working_minutes, open_state, working_minutes

ROOT = Path(__file__).parents[2]
CALENDAR = Calendar(
    read_days((ROOT / "apps/offices/data/calendar.csv").read_text(encoding="utf-8"))
)
HOURS = (Frame(time(8, 30), time(11, 30)), Frame(time(13, 30), time(17, 0)))
A_DAY = 3 * 60 + 3 * 60 + 30


def hours(day: date) -> tuple[Frame, ...]:
    return HOURS


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    ("start", "end", "minutes"),
    [
        ("2026-11-16T08:00", "2026-11-16T18:00", A_DAY),
        ("2026-11-16T11:00", "2026-11-16T14:00", 60),  # lunch does not count
        ("2026-11-20T16:00", "2026-11-23T09:30", 120),  # nor a weekend
        ("2026-10-01T00:00", "2026-10-08T00:00", 0),  # nor a holiday
        ("2026-10-10T08:00", "2026-10-10T18:00", A_DAY),  # a make-up Saturday does
        ("2026-11-16T10:00", "2026-11-16T09:00", 0),
    ],
)
def test_only_office_hours_of_working_days_count(start: str, end: str, minutes: int):
    assert working_minutes(at(start), at(end), CALENDAR, hours) == minutes


def test_moments_of_another_zone_are_counted_on_shanghais_clock():
    start = datetime(2026, 11, 16, 0, 30, tzinfo=UTC)
    assert working_minutes(start, at("2026-11-16T09:30"), CALENDAR, hours) == 60


def test_overlapping_frames_count_once_in_any_order():
    def frames(day: date) -> list[Frame]:
        return [Frame(time(9), time(12)), Frame(time(8), time(10))]

    assert working_minutes(at("2026-11-16T00:00"), at("2026-11-17T00:00"), CALENDAR, frames) == 240


def test_four_working_hours_run_over_lunch_and_holidays():
    assert add_working_minutes(at("2026-11-16T09:30"), 240, CALENDAR, hours) == at(
        "2026-11-16T15:30"
    )
    assert add_working_minutes(at("2026-09-30T16:00"), 240, CALENDAR, hours) == at(
        "2026-10-08T11:30"
    )
    assert add_working_minutes(at("2026-10-03T12:00"), 1, CALENDAR, hours) == at("2026-10-08T08:31")
    assert add_working_minutes(at("2026-10-03T12:00"), 0, CALENDAR, hours) == at("2026-10-03T12:00")


@settings(deadline=None, max_examples=60)
@given(
    st.datetimes(datetime(2025, 1, 1), datetime(2026, 12, 1)).map(
        lambda m: m.replace(second=0, microsecond=0, tzinfo=SHANGHAI)
    ),
    st.integers(0, 5000),
)
def test_minutes_added_are_the_minutes_counted(start: datetime, minutes: int):
    end = add_working_minutes(start, minutes, CALENDAR, hours)
    assert working_minutes(start, end, CALENDAR, hours) == minutes


def test_what_cannot_be_reckoned_is_refused_in_words():
    with pytest.raises(ValueError, match="没有登记上班时间"):
        add_working_minutes(at("2026-11-16T09:30"), 1, CALENDAR, lambda day: ())
    with pytest.raises(ValueError, match="不能小于零"):
        add_working_minutes(at("2026-11-16T09:30"), -1, CALENDAR, hours)
    with pytest.raises(ValueError, match="缺少时区"):
        working_minutes(datetime(2026, 11, 16), at("2026-11-17T00:00"), CALENDAR, hours)
    with pytest.raises(ValueError, match="上班时间 17:00 须早于下班时间 8:30"):
        Frame(time(17), time(8, 30))


@pytest.mark.parametrize(
    ("now", "words"),
    [
        ("2026-11-20T14:00", "现在是上班时间，到 17:00"),
        ("2026-11-20T08:30", "现在是上班时间，到 11:30"),
        ("2026-11-20T11:30", "现在休息，13:30 上班"),
        ("2026-11-20T07:00", "现在休息，8:30 上班"),
        ("2026-11-20T17:00", "今天已下班，11月23日（周一）8:30 上班"),
        ("2026-11-21T10:00", "今天休息，11月23日（周一）8:30 上班"),
        ("2026-10-01T10:00", "今天休息，10月8日（周四）8:30 上班"),
        ("2026-10-10T10:00", "现在是上班时间，到 11:30"),
    ],
)
def test_the_door_says_whether_it_is_open(now: str, words: str):
    state = open_state(at(now), CALENDAR, hours)
    assert state.words == words
    assert state.open == (state.until is not None) == (state.opens_at is None)


def test_an_office_without_hours_sends_people_to_the_telephone():
    state = open_state(at("2026-11-20T14:00"), CALENDAR, lambda day: [])
    assert (state.open, state.until, state.opens_at) == (False, None, None)
    assert state.words == "没有登记上班时间，请先打电话询问"


def test_a_season_may_have_its_own_hours():
    def seasonal(day: date) -> list[Frame]:
        return [Frame(time(9), time(16))] if day.month < 6 else [Frame(time(8), time(17))]

    assert open_state(at("2026-03-02T08:30"), CALENDAR, seasonal).opens_at == at("2026-03-02T09:00")
    summer = open_state(at("2026-07-01T16:30"), CALENDAR, seasonal)
    assert summer.until == at("2026-07-01T16:30") + timedelta(minutes=30)
