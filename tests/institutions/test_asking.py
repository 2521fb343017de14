"""Which hospitals refer: every county and every group of Jinzhou, from the loaded policy."""

from datetime import date

import pytest

from apps.institutions.models import DiseaseGroup, Institution, ReferralRight, Suspension
from apps.institutions.referral.query import ask
from ydjy.desk.exceptions import Refused

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("jinzhou_policy")]
DAY = date(2026, 11, 23)

CITY = "附属第一医院 中心医院 第968医院 附属第三医院"
PSYCHIATRY, INFECTION, MOTHERS = "康宁医院", "传染病医院", "妇婴医院"
HOME = {
    "黑山县": "黑山县人民医院",
    "北镇市": "北镇市人民医院",
    "凌海市": "凌海市人民医院",
    "义县": "义县人民医院",
}
DISTRICTS = ("古塔区", "凌河区", "太和区", "滨海新区")
ANSWERS = {  # group: (for a district, for a county: None is its own hospital)
    "综合": (CITY, None),
    "传染病": (INFECTION, INFECTION),
    "结核病": (INFECTION, INFECTION),
    "精神疾病": (PSYCHIATRY, PSYCHIATRY),
    "妇产科": (f"{CITY} {MOTHERS}", None),
    "儿科": (f"{CITY} {MOTHERS}", None),
}


def answered(area: str, *groups: str) -> tuple[set[str], set[str], bool]:
    _, answer = ask(area, groups, DAY)
    return (
        {institution.name for institution in answer.yes},
        {institution.name for institution, _ in answer.ask},
        answer.fallback,
    )


def ends(found: set[str], expected: str) -> bool:
    """Every expected ending belongs to one found name and none is left over."""
    wanted = expected.split()
    return len(found) == len(wanted) and all(any(n.endswith(e) for n in found) for e in wanted)


def test_the_table_names_every_group_that_is_loaded():
    assert set(ANSWERS) == set(DiseaseGroup.objects.values_list("name", flat=True))


@pytest.mark.parametrize("group", ANSWERS)
@pytest.mark.parametrize("area", DISTRICTS)
def test_a_district_is_sent_to_the_hospitals_of_the_city(area: str, group: str):
    yes, unsure, fallback = answered(area, group)
    assert ends(yes, ANSWERS[group][0])
    assert (unsure, fallback) == (set(), False)


@pytest.mark.parametrize("group", ANSWERS)
@pytest.mark.parametrize("area", HOME)
def test_a_county_is_sent_home_first_and_to_the_city_with_a_flag(area: str, group: str):
    yes, unsure, fallback = answered(area, group)
    expected = ANSWERS[group][1]
    assert ends(yes, expected or HOME[area])
    assert unsure == set()
    assert fallback == (expected is not None)


def test_two_groups_that_nobody_has_together_are_asked_about():
    yes, unsure, _ = answered("古塔区", "儿科", "结核病")
    assert yes == set()
    assert ends(unsure, f"{INFECTION} {MOTHERS}")


def test_nothing_said_is_a_general_case_and_never_passes_a_limit():
    assert answered("古塔区") == answered("古塔区", "综合")


def test_a_listed_disease_is_answered_before_any_hospital():
    _, answer = ask("义县", ["精神疾病"], DAY, in_catalogue=True)
    assert not answer.needs_certificate
    assert answer.yes == answer.ask == ()


def test_a_scope_that_changes_next_monday_answers_by_the_day_asked():
    one = ReferralRight.objects.get(institution__name__endswith=PSYCHIATRY)
    monday = date(2026, 11, 30)
    one.valid_to = date(2026, 11, 29)
    one.save()
    ReferralRight.objects.create(institution=one.institution, mode="all", valid_from=monday)
    before = {i.name for i in ask("古塔区", ["综合"], date(2026, 11, 29))[1].yes}
    after = {i.name for i in ask("古塔区", ["综合"], monday)[1].yes}
    assert after - before == {one.institution.name}


def test_a_suspended_hospital_refers_nobody_from_its_day_on():
    hospital = Institution.objects.get(name__endswith=PSYCHIATRY)
    Suspension.objects.create(institution=hospital, valid_from=DAY)
    assert answered("古塔区", "精神疾病")[0] == set()
    assert ask("古塔区", ["精神疾病"], date(2026, 11, 22))[1].yes == (hospital,)


def test_an_unknown_group_or_place_is_refused_with_what_there_is():
    with pytest.raises(Refused, match="可以写：综合、传染病"):
        ask("古塔区", ["骨科"], DAY)
    with pytest.raises(Refused, match="不是锦州市的县区"):
        ask("朝阳区", ["综合"], DAY)
