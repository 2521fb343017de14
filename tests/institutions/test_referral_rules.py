"""Which hospitals refer whom: the county rule over the scope algebra (domain.md 4.4)."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.institutions.referral.decision import (
    COUNTY_SENTENCE,
    NO_CERTIFICATE,
    Area,
    CountyRule,
    ReferralAnswer,
    Right,
    who_refers,
)
from apps.institutions.referral.scope import SOURCE_GROUPS, parse

GUTA = Area("210702", "古塔区", is_county=False)
BINHAI = Area("BINHAI", "滨海新区", is_county=False)
HEISHAN = Area("210726", "黑山县", is_county=True)
YIXIAN = Area("210727", "义县", is_county=True)
LINGHAI = Area("210781", "凌海市", is_county=True)
BEIZHEN = Area("210782", "北镇市", is_county=True)
AREAS = [GUTA, BINHAI, HEISHAN, YIXIAN, LINGHAI, BEIZHEN]

USUAL = parse("不含传染病、结核病、精神疾病")


def county(key: int, area: Area, wording: str = "不含传染病、结核病、精神疾病") -> Right[int]:
    return Right(key, parse(wording), frozenset({area.code}))


#: The list of the city, numbered as it is printed (D-I01 to D-I11).
JINZHOU = [
    *(Right(n, USUAL) for n in (1, 2, 3, 4)),
    Right(5, parse("仅限精神疾病")),
    Right(6, parse("仅限传染病、结核病")),
    Right(7, parse("仅限妇产科、儿科")),
    county(8, HEISHAN),
    county(9, BEIZHEN),
    county(10, LINGHAI),
    county(11, YIXIAN),
]


def asked(answer: ReferralAnswer[int]) -> list[int]:
    return [key for key, _ in answer.ask]


@pytest.mark.parametrize(
    ("area", "case", "yes", "ask", "fallback"),
    [
        (GUTA, {"综合"}, (1, 2, 3, 4), [], False),
        (GUTA, set(), (1, 2, 3, 4), [], False),
        (GUTA, {"结核病"}, (6,), [], False),
        (GUTA, {"传染病"}, (6,), [], False),
        (GUTA, {"精神疾病"}, (5,), [], False),
        (GUTA, {"儿科"}, (1, 2, 3, 4, 7), [], False),
        (GUTA, {"儿科", "结核病"}, (), [6, 7], False),
        (BINHAI, {"综合"}, (1, 2, 3, 4), [], False),
        (HEISHAN, {"综合"}, (8,), [], False),
        (HEISHAN, {"妇产科"}, (8,), [], False),
        (HEISHAN, {"精神疾病"}, (5,), [], True),
        (HEISHAN, {"儿科", "结核病"}, (), [6, 7], True),
        (YIXIAN, {"传染病"}, (6,), [], True),
        (YIXIAN, {"综合"}, (11,), [], False),
        (LINGHAI, {"儿科"}, (10,), [], False),
        (BEIZHEN, {"结核病"}, (6,), [], True),
    ],
)
def test_the_answers_of_the_domain_table(
    area: Area, case: set[str], yes: tuple[int, ...], ask: list[int], fallback: bool
) -> None:
    answer = who_refers(JINZHOU, area, case)
    assert (answer.yes, asked(answer), answer.fallback) == (yes, ask, fallback)


def test_a_listed_disease_names_no_hospital_because_it_needs_no_certificate() -> None:
    answer = who_refers(JINZHOU, HEISHAN, {"精神疾病"}, in_catalogue=True)
    assert answer == ReferralAnswer(note=NO_CERTIFICATE, needs_certificate=False)
    assert who_refers(JINZHOU, HEISHAN, {"精神疾病"}).needs_certificate


def test_a_fallback_says_that_one_must_call_first() -> None:
    note = who_refers(JINZHOU, YIXIAN, {"精神疾病"}).note
    assert note.startswith("义县没有能看“精神疾病”的转诊医院，下面有市里的医院。")
    assert COUNTY_SENTENCE in note
    assert note.endswith("请先打电话问清楚。")


def test_a_county_that_can_refer_shows_the_county_sentence() -> None:
    assert who_refers(JINZHOU, YIXIAN, {"综合"}).note == COUNTY_SENTENCE


def test_a_district_with_an_answer_needs_no_note_and_without_one_must_call() -> None:
    assert who_refers(JINZHOU, GUTA, {"综合"}).note == ""
    note = who_refers(JINZHOU, GUTA, {"儿科", "结核病"}).note
    assert note == "没有能确定看“结核病、儿科”的转诊医院，请先打电话问清楚。"


@pytest.mark.parametrize(
    ("rule", "yes", "fallback"),
    [("home_only", (), False), ("home_then_city", (5,), True), ("any", (5,), False)],
)
def test_the_county_rule_decides_about_the_city_hospitals(
    rule: CountyRule, yes: tuple[int, ...], fallback: bool
) -> None:
    answer = who_refers(JINZHOU, HEISHAN, {"精神疾病"}, county_rule=rule)
    assert (answer.yes, answer.fallback) == (yes, fallback)


def test_under_the_rule_any_county_and_city_hospitals_stand_side_by_side() -> None:
    answer = who_refers(JINZHOU, HEISHAN, {"综合"}, county_rule="any")
    assert (answer.yes, answer.note) == ((1, 2, 3, 4, 8), "")


def test_home_only_without_a_home_hospital_says_so() -> None:
    answer = who_refers(JINZHOU, HEISHAN, {"精神疾病"}, county_rule="home_only")
    assert answer.note == "黑山县没有能看“精神疾病”的转诊医院，请先打电话问清楚。"
    assert dict(answer.no)[5] == "黑山县参保人员只在行政区内办理转诊"


def test_a_county_without_any_right_of_its_own_is_still_a_county() -> None:
    answer = who_refers(JINZHOU[:7], HEISHAN, {"综合"})
    assert (answer.yes, answer.fallback) == ((1, 2, 3, 4), True)


def test_every_other_choice_gets_its_reason() -> None:
    reasons = dict(who_refers(JINZHOU, HEISHAN, {"综合"}).no)
    assert reasons[1] == "黑山县有能办转诊的医院，先在行政区内办理"
    assert reasons[5] == "仅限精神疾病，不看一般疾病"
    assert reasons[11] == "只为所在县（市）的参保人员办理转诊，不为黑山县参保人员办理"
    assert dict(who_refers(JINZHOU, GUTA, {"精神疾病"}).no)[1] == "不含精神疾病"


def test_a_county_hospital_with_an_unread_scope_is_asked_beside_the_city_hospitals() -> None:
    rights = [*JINZHOU[:7], county(8, HEISHAN, "凭通知")]
    answer = who_refers(rights, HEISHAN, {"综合"})
    assert (answer.yes, asked(answer), answer.fallback) == ((1, 2, 3, 4), [8], True)
    assert answer.note.startswith("黑山县没有能确定看“一般疾病”的转诊医院")


def test_an_empty_list_says_that_one_must_call() -> None:
    rights: list[Right[int]] = []
    assert who_refers(rights, GUTA, {"儿科"}) == ReferralAnswer(
        note="没有能看“儿科”的转诊医院，请先打电话问清楚。"
    )


@settings(deadline=None, max_examples=80)
@given(
    st.sampled_from(AREAS),
    st.frozensets(st.sampled_from([*SOURCE_GROUPS.names, "肺结核", "精神病"])),
    st.sampled_from(["home_only", "home_then_city", "any"]),
    st.lists(st.sampled_from(JINZHOU), unique=True),
)
def test_every_right_is_sorted_once_and_no_county_serves_another(
    area: Area, case: frozenset[str], rule: CountyRule, rights: list[Right[int]]
) -> None:
    answer = who_refers(rights, area, case, county_rule=rule)
    offered = [*answer.yes, *asked(answer)]
    refused = [key for key, _ in answer.no]
    assert sorted([*offered, *refused]) == sorted(right.key for right in rights)
    serves = {right.key: right.serves for right in rights}
    assert all(not serves[key] or area.code in serves[key] for key in offered)
    assert not answer.fallback or (area.is_county and rule == "home_then_city")
    assert offered or answer.note.endswith("请先打电话问清楚。")
    if area.is_county and rule == "home_only":
        assert all(serves[key] for key in offered)
