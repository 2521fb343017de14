"""What is known of an institution: dated openings, rights, suspensions, checks, look-alikes."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.institutions import duplicates
from apps.institutions.models import (
    DiseaseGroup,
    Institution,
    InstitutionAlias,
    NetworkOpening,
    ReferralRight,
    Suspension,
)
from apps.institutions.referral import scope
from tests.cast import Cast

pytestmark = pytest.mark.django_db
DAY = date(2026, 5, 3)


def opening(one: Institution, begins: Any = None, ends: Any = None, **more: Any) -> NetworkOpening:
    values = {"reach": "cross_province", "business": "inpatient", **more}
    return NetworkOpening.objects.create(
        institution=one, valid_from=begins, valid_to=ends, **values
    )


@pytest.fixture
def hospital(db: None) -> Institution:
    return Institution.objects.create(name="甲医院")


# Openings ----------------------------------------------------------------------------------------


def test_was_it_open_on_the_third_of_may(hospital: Institution):
    opening(hospital, date(2026, 1, 1), date(2026, 5, 2))
    opening(hospital, date(2026, 5, 4), None)
    assert not hospital.openings.on(DAY).exists()
    assert hospital.openings.on(date(2026, 5, 2)).exists()
    assert hospital.openings.on(date(2026, 5, 4)).exists()


def test_the_database_refuses_two_openings_of_one_day(hospital: Institution):
    opening(hospital, date(2026, 1, 1), DAY)
    with pytest.raises(IntegrityError), transaction.atomic():
        opening(hospital, DAY, None)
    with pytest.raises(IntegrityError), transaction.atomic():
        opening(hospital, None, None)
    second = opening(hospital, DAY + timedelta(days=1))
    second.valid_from = DAY
    with pytest.raises(IntegrityError), transaction.atomic():
        second.save()


def test_another_business_reach_or_hospital_is_another_opening(hospital: Institution):
    opening(hospital)
    opening(hospital, reach="in_province")
    opening(hospital, business="chronic")
    opening(Institution.objects.create(name="乙医院"))
    assert NetworkOpening.objects.count() == 4


ENDS = st.none() | st.integers(0, 6).map(lambda n: date(2026, 5, 1) + timedelta(days=n))


@settings(
    deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(first=st.tuples(ENDS, ENDS), second=st.tuples(ENDS, ENDS))
def test_the_database_and_the_form_agree_on_what_overlaps(
    hospital: Institution, first: Any, second: Any
):
    if any(a and b and b < a for a, b in (first, second)):
        return
    days = [date(2026, 4, 30) + timedelta(days=n) for n in range(9)]

    def covers(pair: Any, day: date) -> bool:
        return (pair[0] or day) <= day <= (pair[1] or day)

    both = any(covers(first, day) and covers(second, day) for day in days)
    try:
        with transaction.atomic():
            opening(hospital, *first)
            new = NetworkOpening(
                institution=hospital,
                reach="cross_province",
                business="inpatient",
                valid_from=second[0],
                valid_to=second[1],
            )
            assert bool(new.overlapping()) == both
            new.save()
            assert not both
            raise RuntimeError
    except IntegrityError:
        assert both
    except RuntimeError:
        pass


# Suspensions and rights by date ------------------------------------------------------------------


def test_a_suspension_takes_effect_on_its_day_without_a_job(hospital: Institution):
    Suspension.objects.create(
        institution=hospital, valid_from=DAY, valid_to=DAY + timedelta(days=7)
    )
    states = [hospital.state_on(DAY + timedelta(days=n)) for n in (-1, 0, 7, 8)]
    assert states == ["正常", "暂停", "暂停", "正常"]
    for n, working in ((-1, True), (0, False), (7, False), (8, True)):
        rows = Institution.objects.working(DAY + timedelta(days=n))
        assert rows.exists() == working


def test_an_agreement_that_ended_is_not_working(hospital: Institution):
    hospital.valid_from, hospital.valid_to = DAY, DAY
    hospital.save()
    days = [DAY + timedelta(days=n) for n in (-1, 0, 1)]
    assert [hospital.state_on(day) for day in days] == ["还没生效", "正常", "已到期"]
    assert [Institution.objects.working(day).exists() for day in days] == [False, True, False]


def test_a_right_of_a_suspended_hospital_rests(hospital: Institution):
    ReferralRight.objects.create(institution=hospital, mode="all")
    Suspension.objects.create(institution=hospital, valid_from=DAY)
    assert ReferralRight.objects.in_force(DAY - timedelta(days=1)).exists()
    assert not ReferralRight.objects.in_force(DAY).exists()


@pytest.mark.parametrize(
    ("mode", "include", "wording", "said"),
    [
        ("only", "精神疾病", "仅限精神疾病", ""),
        ("only", "精神疾病", "仅限精神病", ""),
        ("all", "", "", ""),
        ("only", "精神疾病", "仅限传染病", "意思不一样"),
        ("all", "", "仅限精神疾病", "意思不一样"),
        ("unparsed", "", "看情况", "还没有整理成规则"),
    ],
)
def test_rule_and_wording_are_compared(
    hospital: Institution, mode: str, include: str, wording: str, said: str
):
    right = ReferralRight.objects.create(
        institution=hospital, mode=mode, include=include, wording=wording
    )
    assert said in right.inconsistent()
    assert bool(right.inconsistent()) == bool(said)
    assert (right in ReferralRight.objects.disagreeing()) == bool(said)


@given(
    st.frozensets(st.sampled_from(scope.SOURCE_GROUPS.names)),
    st.frozensets(st.sampled_from(scope.SOURCE_GROUPS.names)),
)
def test_a_narrower_scope_allows_nothing_that_the_wider_does_not(one: Any, other: Any):
    only = scope.from_record("only" if one else "all", one, ())
    without = scope.from_record("except" if other else "all", (), other)
    if scope.narrows(only, without):
        for group in scope.SOURCE_GROUPS.names:
            if scope.verdict(only, [group]).answer == "yes":
                assert scope.verdict(without, [group]).answer == "yes"
    assert scope.narrows(only, only)


def test_what_is_unparsed_is_never_narrower():
    unread, none = scope.parse("看情况"), scope.parse("不限")
    assert not scope.narrows(unread, none)
    assert not scope.narrows(none, unread)
    assert not scope.narrows(unread, unread)


# Checking ----------------------------------------------------------------------------------------


def test_the_longest_unchecked_come_first_and_the_national_list_is_not_ours(cast: Cast):
    for name, day, listed in (
        ("新", DAY, ""), ("旧", date(2025, 1, 1), ""), ("从没", None, ""),
        ("全国", None, "national"),
    ):  # fmt: skip
        Institution.objects.create(name=name, checked_on=day, listed=listed)
    rows = Institution.objects.unchecked(date(2026, 4, 1))
    assert [row.name for row in rows] == ["从没", "旧"]
    rows[0].check_off(by=cast.directory, how="phone", day=DAY)
    assert [row.name for row in Institution.objects.unchecked(date(2026, 4, 1))] == ["旧"]


# Look-alikes -------------------------------------------------------------------------------------


def alike(*names: str) -> set[frozenset[str]]:
    for name in names:
        Institution.objects.create(name=name)
    return {frozenset((p.first.name, p.second.name)) for p in duplicates.pairs()}


def test_two_spellings_of_one_name_are_listed():
    found = alike("锦州市第一九六八医院", "锦州市第1968医院", "义县人民医院")
    assert found == {frozenset(("锦州市第一九六八医院", "锦州市第1968医院"))}


def test_names_that_share_most_of_their_words_are_listed():
    found = alike("锦州市古塔区仁和大药房", "古塔区仁和大药房", "太和区康宁医院")
    assert found == {frozenset(("锦州市古塔区仁和大药房", "古塔区仁和大药房"))}


def test_the_first_and_the_third_hospital_are_two():
    assert alike("锦州医科大学附属第一医院", "锦州医科大学附属第三医院") == set()


def test_an_alias_that_is_the_name_of_another_is_listed():
    one = Institution.objects.create(name="中心医院")
    Institution.objects.create(name="铁路医院")
    InstitutionAlias.objects.create(institution=one, name="铁路医院")
    (pair,) = duplicates.pairs()
    assert pair.why == "别名和名称相同"


def test_a_group_of_diseases_stands_below_another_and_never_below_itself():
    lungs = DiseaseGroup.objects.create(name="测试肺病")
    dust = DiseaseGroup.objects.create(name="测试尘肺", parent=lungs)
    dust.full_clean()
    lungs.parent = dust
    with pytest.raises(ValidationError, match="上级写成了自己或者自己的下级"):
        lungs.full_clean()


# Rights ------------------------------------------------------------------------------------------


def right(
    one: Institution, begins: Any = None, ends: Any = None, serves: str = ""
) -> ReferralRight:
    return ReferralRight.objects.create(
        institution=one, mode="all", serves=serves, valid_from=begins, valid_to=ends
    )


def test_the_database_refuses_two_rights_of_one_day(hospital: Institution):
    right(hospital, None, DAY)
    second = right(hospital, DAY + timedelta(days=1))
    for begins, ends in ((DAY, DAY), (None, None), (None, date(2020, 1, 1)), (DAY, None)):
        with pytest.raises(IntegrityError), transaction.atomic():
            right(hospital, begins, ends)
    with pytest.raises(IntegrityError), transaction.atomic():
        ReferralRight.objects.filter(pk=second.pk).update(valid_from=DAY)
    assert ReferralRight(institution=hospital, valid_from=DAY).overlapping() is not None


def test_a_right_for_other_people_or_of_another_hospital_is_another_right(hospital: Institution):
    right(hospital)
    right(hospital, serves="210727")
    right(Institution.objects.create(name="乙医院"))
    assert ReferralRight(institution=hospital, serves="210726").overlapping() is None
    assert ReferralRight.objects.count() == 3
