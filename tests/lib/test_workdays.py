"""The working calendar and the weekly exchange that rests on it."""

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ydjy.lib import workdays
from ydjy.lib.workdays import SHANGHAI, Calendar, Day, Rule

ROOT = Path(__file__).parents[2]
ROWS = workdays.read_days((ROOT / "apps/offices/data/calendar.csv").read_text(encoding="utf-8"))
CALENDAR = Calendar(ROWS)
DAYS = st.dates(date(2021, 1, 1), date(2027, 12, 31))
NEXT, MANUAL = Rule(shift="NEXT_WORKDAY"), Rule(shift="MANUAL")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


# --- The calendar ------------------------------------------------------------------------------


def test_every_day_of_2021_to_2026_agrees_with_chinesecalendar():
    chinese_calendar = pytest.importorskip("chinese_calendar")
    day = date(2021, 1, 1)
    while day <= date(2026, 12, 31):
        assert CALENDAR.is_workday(day) == chinese_calendar.is_workday(day), day
        day += timedelta(days=1)


def test_2025_and_2026_have_248_working_days_each():
    for year in (2025, 2026):
        assert CALENDAR.workdays_between(date(year - 1, 12, 31), date(year, 12, 31)) == 248


def test_a_make_up_saturday_is_worked_and_new_years_day_2025_stands_alone():
    assert CALENDAR.is_workday(date(2026, 10, 10))
    assert CALENDAR.is_workday(date(2025, 1, 26))
    assert not CALENDAR.is_workday(date(2025, 1, 1))
    assert CALENDAR.is_workday(date(2025, 1, 2))


def test_a_year_without_a_notice_keeps_only_the_fixed_days_off():
    assert not CALENDAR.has_official(2027)
    off = [date(2027, 1, 1), date(2027, 10, 1)]
    assert not any(CALENDAR.is_workday(day) for day in off)
    assert CALENDAR.is_workday(date(2027, 2, 8))  # Spring Festival is not guessed
    assert CALENDAR.is_workday(date(2027, 10, 4))
    assert not CALENDAR.is_workday(date(2027, 10, 9))  # nor a make-up Saturday


def test_a_row_typed_by_an_office_does_not_make_a_year_official():
    calendar = Calendar([Day(date(2027, 3, 1), works=False, name="停电", official=False)])
    assert not calendar.is_workday(date(2027, 3, 1))
    assert not calendar.has_official(2027)
    assert not calendar.is_workday(date(2027, 1, 1))


def test_fixed_days_do_not_overrule_a_notice():
    calendar = Calendar([Day(date(2027, 1, 2), works=False, name="元旦")])
    assert calendar.is_workday(date(2027, 1, 1))


@pytest.mark.parametrize(
    ("day", "words"),
    [
        (date(2026, 10, 1), "10月1日国庆节放假"),
        (date(2026, 10, 10), "10月10日（周六）国庆节调休上班"),
        (date(2026, 11, 21), "11月21日（周六）周末休息"),
        (date(2026, 11, 20), "11月20日（周五）正常上班"),
        (date(2027, 10, 1), "10月1日国庆节放假（2027年放假安排尚未公布）"),
    ],
)
def test_a_day_explains_itself(day: date, words: str):
    assert CALENDAR.explain(day) == words


def test_one_day_twice_is_refused():
    row = Day(date(2026, 1, 1), works=False, name="元旦")
    with pytest.raises(ValueError, match="2026-01-01）出现了两次"):
        Calendar([row, row])


def test_a_datetime_is_not_taken_for_a_date():
    with pytest.raises(TypeError):
        CALENDAR.is_workday(at("2026-10-01T00:00"))


def test_a_calendar_without_working_days_is_refused_instead_of_searched_for_ever():
    first = date(2026, 1, 1)
    calendar = Calendar(Day(first + timedelta(days=i), False, "停办") for i in range(900))
    with pytest.raises(ValueError, match="一年多没有工作日"):
        calendar.next_workday(first)
    with pytest.raises(ValueError, match="一年多没有工作日"):
        workdays.week(2026, 2, calendar)


# --- Arithmetic --------------------------------------------------------------------------------


def test_twenty_working_days_skip_the_national_holiday():
    assert CALENDAR.add_workdays(date(2026, 9, 21), 20) == date(2026, 10, 26)
    assert CALENDAR.next_workday(date(2026, 9, 30)) == date(2026, 10, 8)
    assert CALENDAR.previous_workday(date(2026, 10, 8)) == date(2026, 9, 30)
    assert CALENDAR.add_workdays(date(2026, 10, 3), 0) == date(2026, 10, 3)


@settings(deadline=None, max_examples=60)
@given(DAYS, st.integers(-60, 60))
def test_going_and_coming_back_ends_on_the_same_working_day(day: date, n: int):
    day = CALENDAR.next_workday(day)
    there = CALENDAR.add_workdays(day, n)
    assert CALENDAR.add_workdays(there, -n) == day
    assert CALENDAR.workdays_between(day, there) == n


@settings(deadline=None, max_examples=40)
@given(DAYS, DAYS, DAYS)
def test_working_days_between_add_up(a: date, b: date, c: date):
    between = CALENDAR.workdays_between
    assert between(a, b) + between(b, c) == between(a, c)


# --- The file ----------------------------------------------------------------------------------


def test_the_shipped_calendar_names_its_notices():
    text = (ROOT / "apps/offices/data/calendar.csv").read_text(encoding="utf-8")
    assert text.startswith("day,works,name,source\n")
    assert "2022-12-31,0,元旦,国办发明电〔2022〕16号\n" in text
    assert "2026-10-10,1,国庆节,国办发明电〔2025〕7号\n" in text
    assert len(ROWS) == 220
    assert all(row.official for row in ROWS)


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ("2026-13-01,0,元旦,x", "第2行：日期“2026-13-01”读不出"),
        ("2026-01-01,是,元旦,x", "第2行：works 列是“是”"),
        ("2026-01-01,0,,x", "第2行：name 列是空的"),
        ("2026-01-01", "第2行：works 列是“”"),
        ("2026-01-01,0,元旦,x\n2026-01-01,0,元旦,x", "第3行：2026-01-01 前面已有一行"),
    ],
)
def test_a_bad_row_is_refused_with_its_line(rows: str, words: str):
    with pytest.raises(ValueError, match=words):
        workdays.read_days(f"day,works,name,source\n{rows}\n")


def test_a_file_with_other_columns_is_refused():
    with pytest.raises(ValueError, match="第1行缺少列：name、source"):
        workdays.read_days("day,works\n2026-01-01,0\n")


def test_a_file_saved_by_excel_with_a_mark_in_front_is_read():
    assert workdays.read_days("\ufeffday,works,name,source\n2026-01-01,0,元旦,x\n")


# --- Weeks -------------------------------------------------------------------------------------

GOLDEN = {  # features.md section 3: Monday -> intake, cut-off, working weekend days
    "2025-12-29": ("2025-12-29", "2025-12-31", ["2026-01-04"]),
    "2026-02-09": ("2026-02-09", "2026-02-13", ["2026-02-14"]),
    "2026-02-16": (None, None, []),
    "2026-02-23": ("2026-02-24", "2026-02-27", ["2026-02-28"]),
    "2026-04-06": ("2026-04-07", "2026-04-10", []),
    "2026-04-27": ("2026-04-27", "2026-04-30", []),
    "2026-05-04": ("2026-05-06", "2026-05-08", ["2026-05-09"]),
    "2026-06-15": ("2026-06-15", "2026-06-18", []),
    "2026-09-14": ("2026-09-14", "2026-09-18", ["2026-09-20"]),
    "2026-09-21": ("2026-09-21", "2026-09-24", []),
    "2026-09-28": ("2026-09-28", "2026-09-30", []),
    "2026-10-05": ("2026-10-08", "2026-10-09", ["2026-10-10"]),
    "2026-12-28": ("2026-12-28", "2026-12-31", []),  # decisions 3, provisional
}


@pytest.mark.parametrize("week", workdays.weeks(2026, CALENDAR), ids=lambda w: str(w.monday))
def test_every_week_of_2026_is_as_the_golden_table_says(week: workdays.Week):
    friday = week.monday + timedelta(days=4)
    usual = (str(week.monday), str(friday), [])
    intake, due, weekend = GOLDEN.get(str(week.monday), usual)
    assert (str(week.intake_on) if week.intake_on else None) == intake
    assert (week.due_at.isoformat() if week.due_at else None) == (
        f"{due}T16:00:00+08:00" if due else None
    )
    both = (week.monday + timedelta(days=i) for i in (5, 6))
    assert [str(day) for day in both if CALENDAR.is_workday(day)] == weekend
    assert week.provisional == (week.iso_week == 53)


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (47, "周一接收，周五16:00前返回。"),
        (40, "10月1日至7日放假，本周期改为9月30日（周三）16:00前返回。"),
        (
            41,
            "10月1日至7日放假，本周期改为10月8日（周四）接收，10月9日（周五）16:00前返回。",
        ),
        (8, "2月15日至23日放假，本周没有工作日，并入2026年第9周，2月24日（周二）接收。"),
        (
            9,
            "2月15日至23日放假，本周期改为2月24日（周二）接收，2月27日（周五）16:00前返回。"
            "上一周没有工作日，报错并入本周期。",
        ),
        (
            53,
            "1月1日放假，本周期改为12月31日（周四）16:00前返回。"
            "2027年放假安排尚未公布，日期为暂定。",
        ),
    ],
)
def test_a_week_gives_its_reason(number: int, words: str):
    assert workdays.week(2026, number, CALENDAR).reason == words


def test_the_cut_off_can_move_to_the_next_working_day_even_a_make_up_sunday():
    week = workdays.week(2026, 1, CALENDAR, NEXT)
    assert week.due_at == at("2026-01-04T16:00")
    assert week.reason == "1月1日至3日放假，本周期改为1月4日（周日）16:00前返回。"
    assert workdays.week(2026, 18, CALENDAR, NEXT).due_at == at("2026-05-06T16:00")


def test_a_cut_off_left_to_a_person_stays_on_friday_and_says_so():
    week = workdays.week(2026, 40, CALENDAR, MANUAL)
    assert week.due_at == at("2026-10-02T16:00")
    assert "返回时间须由专人确定" in week.reason
    assert workdays.week(2026, 41, CALENDAR, MANUAL).reason.startswith("10月1日至7日放假，本周期")


def test_a_week_with_only_a_make_up_saturday_has_no_exchange():
    monday = date(2026, 3, 2)
    rows = [Day(monday + timedelta(days=i), False, "停办") for i in range(5)]
    calendar = Calendar([*ROWS, *rows, Day(date(2026, 3, 7), True, "停办")])
    week = workdays.week(2026, 10, calendar)
    assert week.intake_on is None
    assert week.due_at is None
    assert workdays.merged_into(week, calendar).iso_week == 11


def test_an_empty_week_merges_into_the_next_that_exists_also_over_two_holidays():
    empty = workdays.week(2026, 8, CALENDAR)
    assert workdays.merged_into(empty, CALENDAR) == workdays.week(2026, 9, CALENDAR)
    more = [Day(date(2026, 2, 24) + timedelta(days=i), False, "停办") for i in range(4)]
    assert workdays.merged_into(empty, Calendar([*ROWS, *more])).iso_week == 10


def test_years_have_52_or_53_weeks_and_others_are_refused():
    assert len(workdays.weeks(2025, CALENDAR)) == 52
    assert len(workdays.weeks(2026, CALENDAR)) == 53
    with pytest.raises(ValueError, match="2027年没有第53周"):
        workdays.week(2027, 53, CALENDAR)


def test_a_week_over_the_edge_of_an_unannounced_year_is_provisional():
    assert not workdays.week(2026, 52, CALENDAR).provisional
    assert workdays.week(2026, 53, CALENDAR).provisional
    assert all(week.provisional for week in workdays.weeks(2027, CALENDAR))
    assert not any(w.provisional for y in range(2021, 2026) for w in workdays.weeks(y, CALENDAR))


@settings(deadline=None, max_examples=80)
@given(
    st.integers(2021, 2027),
    st.integers(1, 52),
    st.integers(0, 4),
    st.integers(0, 4),
    st.sampled_from(["PREV_WORKDAY", "NEXT_WORKDAY", "MANUAL"]),
)
def test_a_cut_off_never_comes_before_its_intake(year, number, first, second, shift):
    rule = Rule(intake_weekday=min(first, second), due_weekday=max(first, second), shift=shift)
    week = workdays.week(year, number, CALENDAR, rule)
    assert (week.intake_on is None) == (week.due_at is None)
    assert week.reason.endswith("。")
    if week.intake_on and week.due_at:
        assert CALENDAR.is_workday(week.intake_on)
        assert week.intake_on <= week.due_at.date()
        assert shift == "MANUAL" or CALENDAR.is_workday(week.due_at.date())


def test_a_rule_that_returns_before_it_receives_is_refused():
    with pytest.raises(ValueError, match="不晚于返回日"):
        Rule(intake_weekday=3, due_weekday=1)
    with pytest.raises(ValueError, match="接收时间须早于返回时间"):
        Rule(intake_time=time(17), due_time=time(16))


# --- Moments -----------------------------------------------------------------------------------


def test_monday_morning_in_shanghai_is_its_own_week_though_utc_has_sunday():
    assert workdays.iso_week_of(datetime(2026, 11, 15, 23, 0, tzinfo=UTC)) == (2026, 47)
    assert workdays.iso_week_of(datetime(2026, 11, 15, 15, 59, tzinfo=UTC)) == (2026, 46)
    assert workdays.iso_week_of(at("2025-12-29T09:00")) == (2026, 1)


def test_a_moment_without_a_zone_is_refused():
    naive = datetime(2026, 11, 16, 7, 0)
    with pytest.raises(ValueError, match="缺少时区"):
        workdays.iso_week_of(naive)
    with pytest.raises(ValueError, match="缺少时区"):
        workdays.is_on_time(naive, at("2026-11-20T16:00"))


def test_before_four_is_strict():
    due = at("2026-11-20T16:00")
    assert workdays.is_on_time(at("2026-11-20T15:59:59"), due)
    assert not workdays.is_on_time(due, due)
    assert workdays.is_on_time(datetime(2026, 11, 20, 7, 59, 59, tzinfo=UTC), due)


@pytest.mark.parametrize(
    ("now", "words"),
    [
        ("2026-11-19T15:00", "1 天 1 小时"),
        ("2026-11-18T15:50", "2 天"),
        ("2026-11-20T12:40", "3 小时 20 分"),
        ("2026-11-20T13:00", "3 小时"),
        ("2026-11-20T15:10", "50 分钟"),
        ("2026-11-20T15:59:30", "不到 1 分钟"),
        ("2026-11-20T16:00", "刚过时限"),
        ("2026-11-20T16:40", "已过 40 分钟"),
        ("2026-11-21T17:00", "已过 1 天 1 小时"),
    ],
)
def test_the_countdown_speaks_as_people_do(now: str, words: str):
    assert workdays.remaining(at(now), at("2026-11-20T16:00")) == words
