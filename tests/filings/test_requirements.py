"""The pure judgement: days, ages, overlaps, two rules that disagree, and what words come out."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.filings.rules import judge as rules_judge
from apps.filings.rules.judge import (
    Application,
    Guardian,
    Period,
    add_months,
    age_on,
    change_lock,
    commitment_due,
    decide,
    end_of,
    judge,
    overlapping,
)
from apps.filings.rules.ruleset import ChannelRow, EligibilityRow, MaterialRow, Rules, from_json
from ydjy.lib.workdays import Calendar, Day

DAY = date(2026, 11, 20)
RULES = Rules(
    code="long",
    category="long",
    category_name="异地长期居住人员",
    group="long_term",
    basis="《指南》",
)
ASKED = Application(
    applied_on=DAY, start_on=DAY, insured_area="210727", destination="310000", channel="window"
)


def words(rules: Rules = RULES, **asked: object) -> str:
    return judge(rules, replace(ASKED, **asked)).sentence


# Days --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "months", "end"),
    [
        (date(2026, 8, 31), 6, date(2027, 2, 28)),
        (date(2027, 8, 31), 6, date(2028, 2, 29)),
        (date(2026, 11, 20), 6, date(2027, 5, 20)),
        (date(2026, 12, 1), 1, date(2027, 1, 1)),
        (date(2026, 1, 31), 0, date(2026, 1, 31)),
    ],
)
def test_months_are_calendar_months_and_end_with_a_shorter_one(start, months, end):
    assert add_months(start, months) == end
    assert end_of(replace(RULES, validity_months=months or None), start) == (
        end if months else None
    )


@settings(deadline=None, max_examples=60)
@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.integers(0, 60))
def test_adding_months_never_leaves_the_month_it_leads_to(day, months):
    later = add_months(day, months)
    assert (later.year * 12 + later.month) - (day.year * 12 + day.month) == months
    assert later.day == day.day or (later.day < day.day and (later + timedelta(1)).day == 1)


@pytest.mark.parametrize(
    ("born", "day", "age"),
    [
        (date(1966, 11, 20), DAY, 60),
        (date(1966, 11, 21), DAY, 59),
        (date(1964, 2, 29), date(2026, 2, 27), 61),
        (date(1964, 2, 29), date(2026, 2, 28), 62),
        (date(1964, 2, 29), date(2024, 2, 28), 59),
        (date(1964, 2, 29), date(2024, 2, 29), 60),
    ],
)
def test_age_counts_on_the_day_of_application_leap_births_included(born, day, age):
    assert age_on(born, day) == age


# Who ---------------------------------------------------------------------------------------------

TWO_WAYS = replace(
    RULES,
    eligibility=(
        EligibilityRow(frozenset({"310"}), frozenset({"retired"}), basis="《甲》"),
        EligibilityRow(frozenset({"390"}), min_age=60, basis="《甲》"),
    ),
)


@pytest.mark.parametrize(
    ("asked", "allowed"),
    [
        ({"insutype": "310", "person_status": "retired"}, True),
        ({"insutype": "310", "person_status": "employed"}, False),
        ({"insutype": "390", "born": date(1966, 11, 20)}, True),
        ({"insutype": "390", "born": date(1966, 11, 21)}, False),
        ({"insutype": "390"}, False),
    ],
)
def test_any_one_row_of_eligibility_is_enough(asked, allowed):
    assert judge(TWO_WAYS, replace(ASKED, **asked)).allowed is allowed


def test_a_refusal_says_for_each_row_what_is_not_met_and_where_it_stands():
    verdict = judge(TWO_WAYS, replace(ASKED, insutype="390", born=date(1970, 1, 1)))
    assert "要是职工医保，要是退休；或者要年满60周岁，申请这天是56周岁" in verdict.sentence
    assert verdict.refusals[0].basis == "《甲》"


def test_who_is_not_meant_gets_a_filing_only_with_a_written_reason():
    young = {"insutype": "390", "born": date(1970, 1, 1)}
    assert not judge(TWO_WAYS, replace(ASKED, **young)).allowed
    assert judge(TWO_WAYS, replace(ASKED, **young, excused={"eligibility": "局里批了"})).allowed


MINOR = replace(RULES, eligibility=(EligibilityRow(frozenset({"390"}), below_age=18),))


@pytest.mark.parametrize(
    ("guardian", "why"),
    [
        (None, "请写监护人的备案"),
        (Guardian(insured_there=True), ""),
        (Guardian(False, "A", "work", "310000", True), ""),
        (Guardian(False, "A", "work", "310000", False), "现在没有生效"),
        (Guardian(False, "A", "long_term", "310000", True), "不是常驻异地工作的备案"),
        (Guardian(False, "A", "work", "110000", True), "就医地不一样"),
    ],
)
def test_a_minor_needs_the_guardians_filing_or_insurance_there(guardian, why):
    said = words(MINOR, insutype="390", born=date(2015, 1, 1), guardian=guardian)
    assert why in said
    assert bool(said) is bool(why)


# Where, by which way -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("destination", "why"),
    [
        ("310000", ""),
        ("210100", ""),
        ("310115", "备案要写到“上海市”"),
        ("460100", "备案要写到“海南省”"),
        ("210000", "范围太大"),
        ("710000", "没有异地就医备案"),
        ("210700", "就在本市"),
        ("999999", "没有找到"),
    ],
)
def test_a_place_is_filed_at_its_level(destination, why):
    assert why in words(destination=destination)
    assert bool(words(destination=destination)) is bool(why)


WAYS = replace(
    RULES,
    channels=(ChannelRow("window", "窗口"), ChannelRow("mini", "小程序", True, "《乙》")),
)


@pytest.mark.parametrize(
    ("channel", "destination", "allowed"),
    [
        ("window", "210100", True),
        ("mini", "310000", True),
        ("mini", "210100", False),
        ("phone", "310000", False),
    ],
)
def test_a_wrong_way_is_refused_and_the_right_ones_are_named(channel, destination, allowed):
    said = words(WAYS, channel=channel, destination=destination)
    assert bool(said) is not allowed
    assert allowed or "可以用的渠道：窗口、小程序（仅限跨省）" in said


def test_an_exception_to_the_way_needs_a_reason_and_a_policy_that_allows_it():
    asked = {"channel": "phone", "excused": {"channel": "系统停机"}}
    assert words(WAYS, **asked)
    assert not words(replace(WAYS, channel_override=True), **asked)
    assert words(replace(WAYS, channel_override=True), channel="phone")


# From when to when -------------------------------------------------------------------------------


def test_a_start_may_lie_in_the_past_but_not_after_the_admission():
    past = DAY - timedelta(days=9)
    assert not words(start_on=past, admission_on=past)
    assert "入院日期2026年11月11日当天或之前" in words(admission_on=past)


IN_HOSPITAL = replace(RULES, group="emergency", in_hospital_only=True, this_stay_only=True)


@pytest.mark.parametrize(
    ("stay", "why"),
    [
        ({"admission_on": DAY}, ""),
        ({}, "请写入院日期"),
        ({"admission_on": DAY + timedelta(1)}, "还没有入院"),
        ({"admission_on": DAY, "discharge_on": DAY}, "过了入院后、出院前"),
        ({"admission_on": DAY, "settled": True}, "过了入院后、出院前"),
    ],
)
def test_an_emergency_is_filed_after_the_admission_and_before_the_discharge(stay, why):
    said = words(IN_HOSPITAL, **stay)
    assert why in said
    assert bool(said) is bool(why)


def test_a_stay_ends_with_the_discharge_and_has_no_end_before():
    asked = replace(ASKED, admission_on=DAY)
    assert judge(IN_HOSPITAL, asked).end_on is None
    later = replace(asked, discharge_on=DAY + timedelta(days=9))
    assert judge(IN_HOSPITAL, later).end_on == DAY + timedelta(days=9)


def test_an_unsettled_validity_is_never_read_as_open_ended():
    unsettled = replace(RULES, unsettled=True)
    assert "请写明结束日期" in words(unsettled)
    assert not words(unsettled, end_on=DAY + timedelta(days=300))
    assert not words(unsettled, open_ended=True)
    assert "请写明结束日期" in words(replace(unsettled, group="referral"), open_ended=True)


def test_the_end_may_be_earlier_than_the_rule_but_not_later():
    half_a_year = replace(RULES, validity_months=6)
    assert not words(half_a_year, end_on=date(2027, 1, 1))
    assert "最多办6个月" in words(half_a_year, end_on=date(2027, 6, 1))
    assert "结束日期早于开始日期" in words(half_a_year, end_on=DAY - timedelta(1))


@pytest.mark.parametrize(
    ("asked", "mode", "backfill"),
    [
        ({}, "direct", False),
        ({"admission_on": DAY - timedelta(3), "start_on": DAY - timedelta(3)}, "direct", True),
        (
            {"admission_on": DAY - timedelta(3), "start_on": DAY - timedelta(3), "settled": True},
            "manual",
            True,
        ),
    ],
)
def test_filed_late_before_the_bill_is_direct_and_after_it_by_hand(asked, mode, backfill):
    verdict = judge(RULES, replace(ASKED, **asked))
    assert (verdict.settlement, verdict.is_backfill) == (mode, backfill)


def test_what_experts_must_admit_is_paid_by_hand():
    assert judge(replace(RULES, panel_needed=True), ASKED).settlement == "manual"


def test_a_change_waits_for_its_lock_unless_there_is_an_excuse():
    locked = replace(RULES, change_lock_months=6)
    start = date(2026, 8, 31)
    assert change_lock(locked, start, date(2027, 2, 27)).level == "refuse"
    assert change_lock(locked, start, date(2027, 2, 28)).level == "ok"
    assert change_lock(locked, start, DAY, "搬家").level == "warn"
    assert change_lock(RULES, start, DAY).level == "ok"


def test_a_promise_is_due_in_working_days_over_a_holiday():
    october = [Day(date(2026, 10, day), works=False, name="国庆节") for day in range(1, 8)]
    calendar = Calendar([*october, Day(date(2026, 10, 10), works=True, name="国庆节")])
    three = replace(RULES, commitment_days=3)
    assert commitment_due(three, date(2026, 9, 30), calendar) == date(2026, 10, 10)
    assert commitment_due(RULES, DAY, calendar) is None


def period(start: str, end: str | None, *, long_term: bool = True) -> Period:
    ends = date.fromisoformat(end) if end else None
    return Period("x", long_term, date.fromisoformat(start), ends)


@pytest.mark.parametrize(
    ("mine", "other", "clash"),
    [
        (period("2026-01-01", None), period("2026-06-01", None), True),
        (period("2026-01-01", "2026-05-31"), period("2026-06-01", None), False),
        (period("2026-01-01", "2026-06-01"), period("2026-06-01", None), True),
        (period("2026-01-01", None), period("2025-01-01", "2025-12-31"), False),
        (period("2026-01-01", None), period("2026-06-01", None, long_term=False), False),
        (period("2026-01-01", None, long_term=False), period("2026-06-01", None), False),
    ],
)
def test_two_long_term_filings_never_run_at_once_and_a_temporary_one_may(mine, other, clash):
    assert bool(overlapping(mine, [other])) is clash


# Materials ---------------------------------------------------------------------------------------

CARD = MaterialRow(1, "social-card", "社会保障卡")
DEED = MaterialRow(2, "deed", "房产证", waivable=True)
PERMIT = MaterialRow(2, "permit", "居住证", waivable=True)
BOOK = MaterialRow(3, "book", "户口簿", whose="child", pages="首页、本人页")
FORM = MaterialRow(4, "form", "备案表", auto_generated=True)
PAPERS = replace(RULES, materials=(CARD, DEED, PERMIT, BOOK, FORM))
BOTH = {CARD.key: "original", PERMIT.key: "copy", BOOK.key: "copy"}


def test_what_is_missing_is_named_as_the_citizen_says_it():
    verdict = judge(PAPERS, replace(ASKED, handed={CARD.key: "original"}))
    assert verdict.missing == ("房产证、居住证（任选其一）", "子女的户口簿（首页、本人页）")
    assert "备案表" not in verdict.sentence


def test_all_groups_with_any_one_paper_each_are_enough():
    assert judge(PAPERS, replace(ASKED, handed=BOTH)).allowed


def test_a_promise_stands_in_only_where_the_policy_and_the_paper_allow_it():
    promised = {**BOTH, PERMIT.key: "promise"}
    allowing = replace(PAPERS, commitment_allowed=True)
    assert not words(allowing, handed=promised, commitment_signed=True)
    assert "请填承诺书签字日期" in words(allowing, handed=promised)
    assert words(PAPERS, handed=promised, commitment_signed=True)
    assert words(allowing, handed={**BOTH, CARD.key: "promise"}, commitment_signed=True)


def test_what_may_come_later_needs_a_day():
    later = {**BOTH, BOOK.key: "later"}
    assert words(PAPERS, handed=later)
    assert not words(PAPERS, handed=later, lacking_due_on=DAY + timedelta(5))


def test_a_listed_disease_needs_no_certificate_and_another_one_does():
    listed = replace(RULES, group="referral")
    said = [f.words for f in judge(listed, ASKED).findings if f.rule == "certificate"]
    assert said == ["不用转诊证明，不要向参保人要。"]
    unlisted = replace(listed, certificate_needed=True)
    assert "须有转诊证明" in words(unlisted)
    assert not words(unlisted, issuer="yes")
    assert "不含精神疾病" in words(unlisted, issuer="no", issuer_reason="不含精神疾病")
    assert "要先核实" in words(unlisted, issuer="ask", issuer_reason="没写清楚")
    assert not words(unlisted, issuer="ask", issuer_reason="没写清楚", issuer_confirmed="医务科")


# Two rules ---------------------------------------------------------------------------------------

GUIDE = replace(IN_HOSPITAL, code="guide", category="e", basis="《2021指南》")
NATIONAL = replace(
    GUIDE, code="national", basis="《22号》", valid_from=date(2023, 1, 1),
    cross_province_only=True, in_hospital_only=False,
)  # fmt: skip


@pytest.mark.parametrize(
    ("day", "cross", "taken"),
    [
        (date(2022, 12, 31), True, ["guide"]),
        (date(2023, 1, 1), True, ["national"]),
        (date(2023, 1, 1), False, ["guide"]),
        (date(2026, 11, 20), True, ["national"]),
    ],
)
def test_of_two_rules_the_day_of_admission_decides_and_both_are_shown(day, cross, taken):
    choice = decide([GUIDE, NATIONAL], day, cross_province=cross)
    assert [rules.code for rules in choice.taken] == taken
    assert len(choice.taken) + len(choice.passed_over) == 2
    assert all(why for _, why in choice.passed_over)


def test_a_rule_not_in_force_on_the_day_refuses():
    assert "在2022年12月1日不适用（2023年1月1日起）" in words(
        NATIONAL, admission_on=date(2022, 12, 1), start_on=date(2022, 12, 1)
    )


def test_the_rules_a_filing_was_judged_by_come_back_from_its_copy():
    whole = replace(PAPERS, eligibility=TWO_WAYS.eligibility, channels=WAYS.channels)
    assert from_json(whole.as_json()) == whole
    assert from_json(NATIONAL.as_json() | {"something": "later"}) == NATIONAL


def test_nothing_in_the_judgement_knows_the_database():
    text = open(rules_judge.__file__, encoding="utf-8").read()  # noqa: SIM115
    assert "django" not in text.lower().replace("knows django", "")
