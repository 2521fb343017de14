"""The diagnosis: the same message, other data, another cause – and the row that shows it."""

import re
from dataclasses import replace
from datetime import date

import pytest

from apps.errors.diagnosis.cause_codes import CAUSES
from apps.errors.diagnosis.engine import (
    Case,
    FilingFact,
    OpeningFact,
    business_of,
    diagnose,
    fill_in,
)

DAY = date(2026, 11, 11)
FILING = FilingFact(
    pk=7,
    number="2107-20260401-00001",
    status="approved",
    status_label="已通过",
    category="异地长期居住人员",
    destination="210100",
    destination_name="沈阳市",
    start_on=date(2026, 4, 1),
    end_on=None,
    uploaded=True,
)
OPENING = OpeningFact(
    pk=3,
    reach="in_province",
    business="inpatient",
    valid_from=date(2024, 1, 1),
    valid_to=None,
    label="省内异地住院2024-01-01起",
)
CASE = Case(
    day=DAY,
    home="210700",
    insured_area="210727",
    care_area="210100",
    care_place="沈阳市",
    inst_name="沈阳市第1测试医院",
    inst_code="H21010200001",
    institution=5,
    med_type="21",
    infno="2401",
    err_msg="未查询到有效的异地就医备案信息",
    filings=(FILING,),
    openings=(OPENING,),
)
ELSEWHERE = replace(FILING, pk=8, destination="460000", destination_name="海南省")


@pytest.mark.parametrize(
    ("filings", "openings", "cause", "evidence"),
    [
        ((), (OPENING,), "not_filed", ("filing", None)),
        ((replace(FILING, status="pending"),), (OPENING,), "not_filed", ("filing", 7)),
        ((replace(FILING, status="revoked"),), (OPENING,), "not_filed", ("filing", 7)),
        (
            (replace(FILING, end_on=date(2026, 11, 10)),),
            (OPENING,),
            "filing_not_in_force",
            ("filing", 7),
        ),
        (
            (replace(FILING, start_on=date(2026, 11, 12)),),
            (OPENING,),
            "filing_not_in_force",
            ("filing", 7),
        ),
        ((ELSEWHERE,), (OPENING,), "wrong_place", ("filing", 8)),
        ((replace(FILING, uploaded=False),), (OPENING,), "not_uploaded", ("filing", 7)),
        (
            (FILING,),
            (replace(OPENING, valid_to=date(2026, 11, 10)),),
            "not_open",
            ("opening", 3),
        ),
        (
            (FILING,),
            (replace(OPENING, business="outpatient"),),
            "not_open",
            ("institution", 5),
        ),
        ((FILING,), (OPENING,), "other", ("text", None)),
    ],
)
def test_the_same_message_with_other_data_has_another_cause(filings, openings, cause, evidence):
    verdict = diagnose(replace(CASE, filings=filings, openings=openings))

    assert verdict.cause == cause
    assert (verdict.evidence[0].kind, verdict.evidence[0].pk) == evidence
    assert verdict.reason.endswith("。")


WORDS = [
    ("结算超时，参保地无返回", "timeout"),
    ("读卡失败：卡识别码校验不通过", "card"),
    ("持卡信息与参保库不一致", "card"),
    ("参保人待遇状态异常", "insured_status"),
    ("未查询到参保人员信息", "insured_status"),
    ("门诊慢特病资格未查询到", "chronic"),
    ("费用明细上传失败：药品目录对照缺失", "catalogue"),
    ("入院登记已存在，不能重复登记", "duplicate"),
    ("定点医疗机构未开通异地就医住院结算", "not_open"),
]


@pytest.mark.parametrize(("message", "cause"), WORDS)
def test_when_our_rows_are_all_well_the_words_of_the_message_decide(message, cause):
    assert diagnose(replace(CASE, err_msg=message)).cause == cause


@pytest.mark.parametrize(("message", "cause"), WORDS)
def test_no_filing_in_our_register_does_not_outdo_what_the_message_says(message, cause):
    """People file elsewhere too; only the platform's own list of that day proves that they did
    not. The other cause is shown beside, with its evidence."""
    verdict = diagnose(replace(CASE, err_msg=message, filings=()))
    assert (verdict.cause, verdict.second.cause) == (cause, "not_filed")
    assert verdict.evidence[0].kind == "text"
    assert verdict.second.reason == (
        "本系统没有查到这个人在 2026-11-11 的备案，平台上有没有请先核对。"
    )

    proved = diagnose(replace(CASE, err_msg=message, filings=(), on_platform="no"))
    assert (proved.cause, proved.second.cause) == ("not_filed", cause)
    assert proved.evidence[0].kind == "platform"

    there = diagnose(replace(CASE, err_msg=message, filings=(), on_platform="yes"))
    assert (there.cause, there.second) == (cause, None)


@pytest.mark.parametrize(("message", "cause"), WORDS)
@pytest.mark.parametrize(
    ("change", "proved"),
    [
        ({"filings": (replace(FILING, uploaded=False),)}, "not_uploaded"),
        ({"openings": (replace(OPENING, valid_to=date(2026, 11, 10)),)}, "not_open"),
    ],
)
def test_what_a_row_of_ours_shows_comes_before_the_words(message, cause, change, proved):
    verdict = diagnose(replace(CASE, err_msg=message, **change))
    second = verdict.second and verdict.second.cause
    assert (verdict.cause, second) == (proved, None if cause == proved else cause)
    assert verdict.evidence[0].pk


def test_a_message_about_the_filing_has_the_filing_first_and_the_words_beside():
    message = "未办理异地就医备案登记，结算超时"
    verdict = diagnose(replace(CASE, err_msg=message, filings=()))
    assert (verdict.cause, verdict.second.cause) == ("not_filed", "timeout")


ASSERTED = re.compile("经查|经核|已告知|已核|现已|已联系|已经?上报，")


@pytest.mark.parametrize("cause", CAUSES, ids=lambda one: one.code)
def test_no_sentence_to_the_province_asserts_what_nothing_proves(cause):
    assert not ASSERTED.search(cause.template)
    ours = fill_in(cause.template, CASE)
    if "没有查到" in ours and not ours.startswith("按报错信息"):
        assert "本系统" in ours
    assert "{" not in ours
    proved = fill_in(cause.template, replace(CASE, on_platform="no"))
    assert len(proved) <= 200
    if cause.code == "not_filed":
        assert proved.startswith("国家平台 2026-11-11 的备案清单里没有查到参保人")


def test_the_province_reads_full_width_brackets():
    case = replace(CASE, inst_name="浙江大学医院(庆春院区)", care_place="杭州(主城)")
    assert fill_in("请{机构}（{就医地}）", case) == "请浙江大学医院（庆春院区）（杭州（主城））"


def test_a_one_sided_bill_did_go_through_once_so_a_missing_filing_is_not_why():
    verdict = diagnose(replace(CASE, err_msg="结算撤销失败，存在单边账", filings=()))

    assert verdict.cause == "one_sided"
    assert verdict.checks[0].answer == "no", "what our rows show is still told"


def test_the_filing_that_covers_place_and_day_wins_over_one_that_does_not():
    verdict = diagnose(replace(CASE, filings=(ELSEWHERE, FILING)))

    assert (verdict.cause, verdict.filing) == ("other", FILING.pk)


def test_a_filing_for_beijing_covers_every_district_of_it():
    beijing = replace(FILING, destination="110000", destination_name="北京市")
    case = replace(CASE, care_area="110108", filings=(beijing,), openings=())

    assert diagnose(case).checks[0].answer == "yes"


def test_care_in_the_home_city_needs_no_filing():
    case = replace(CASE, care_area="210702", filings=(), openings=())

    assert diagnose(case).checks[0].answer == "yes"


def test_outpatient_care_that_needs_no_filing_is_not_blamed_on_a_missing_one():
    outpatient = replace(CASE, med_type="11", filings=(), openings=(), err_msg="参保人待遇状态异常")

    assert diagnose(outpatient).second.cause == "not_filed"
    free = replace(outpatient, filing_free=frozenset({"outpatient"}))
    assert (diagnose(free).cause, diagnose(free).second) == ("insured_status", None)
    asked = replace(free, err_msg="未办理异地就医备案登记")
    assert diagnose(asked).cause == "not_filed", "the province itself asks for the filing"


def test_an_unknown_hospital_is_unknown_and_never_called_closed():
    verdict = diagnose(replace(CASE, institution=None, openings=()))

    assert verdict.cause == "other"
    assert verdict.checks[1].answer == "unknown"


def test_a_hospital_without_recorded_openings_is_unknown_too():
    assert diagnose(replace(CASE, openings=())).checks[1].answer == "unknown"


def test_an_opening_across_provinces_does_not_serve_inside_the_province():
    only_far = replace(OPENING, reach="cross_province")

    assert diagnose(replace(CASE, openings=(only_far,))).cause == "not_open"


def test_a_line_of_another_city_is_not_ours():
    verdict = diagnose(replace(CASE, insured_area="210802", filings=()))

    assert verdict.cause == "not_ours"


@pytest.mark.parametrize(
    ("change", "business"),
    [
        ({"med_type": "21"}, "inpatient"),
        ({"med_type": "14"}, "chronic"),
        ({"med_type": "", "txn_type": "住院结算"}, "inpatient"),
        ({"med_type": "", "txn_type": "药店购药"}, "pharmacy"),
        ({"med_type": "", "infno": "2207"}, "outpatient"),
        ({"med_type": "", "infno": "", "inst_code": "P21010200001"}, "pharmacy"),
        ({"med_type": "", "infno": "1101", "inst_code": ""}, ""),
    ],
)
def test_the_kind_of_care_is_read_from_what_the_line_has(change, business):
    assert business_of(replace(CASE, **change)) == business


def test_a_template_is_filled_and_unknown_braces_are_left_for_the_clerk():
    text = fill_in("已联系{机构}（{就医地}），{日期}，{经办人}", CASE)

    assert text == "已联系沈阳市第1测试医院（沈阳市），2026-11-11，{经办人}"


@pytest.mark.parametrize("area", ["999999", "", "21"])
def test_where_the_place_of_care_is_unknown_the_opening_is_too(area):
    case = replace(CASE, care_area=area)
    opening = diagnose(case).checks[1]
    assert (opening.answer, diagnose(CASE).checks[1].answer) == ("unknown", "yes")
    assert opening.words.endswith("看不出是否开通。")
