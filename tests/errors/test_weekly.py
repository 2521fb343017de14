"""How one row of the weekly list is read: exact values, or the exact refusal."""

from datetime import date

import pytest

from apps.errors.intake import columns as intake_columns
from ydjy.lib.workbook import DateText, NumberText

KIND = intake_columns.kind(today=date(2026, 11, 16), home="210700")
NUMBER = "210702190501010005"
ROW = {
    "seq": NumberText("1"),
    "reported_on": DateText("2026-11-09 09:00:00"),
    "insured_place": "义县",
    "care_place": "沈阳",
    "inst_name": "沈阳市第1测试医院",
    "name": "测试甲",
    "cert_no": NUMBER,
    "err_msg": "未办理异地就医备案登记",
}


def judge(**changes):
    return KIND.judge(ROW | changes)


def test_a_clean_row_is_read_into_canonical_values():
    values, doubts = judge(amount="￥1,234.5元", in_hospital="在院", phone="0416-8904567转8001")

    assert doubts.status == "accepted"
    assert values["seq"] == "1"
    assert values["reported_on"] == "2026-11-09"
    assert values["reported_at"] == "2026-11-09 09:00:00"
    assert (values["insured_area"], values["insured_place"]) == ("210727", "义县")
    assert (values["care_area"], values["care_place"]) == ("210100", "沈阳")
    assert values["amount"] == "1234.50"
    assert values["in_hospital"] == "是"
    assert values["phone"] == "0416-8904567转8001"


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("2026-11-09", "2026-11-09"),
        ("2026/11/9", "2026-11-09"),
        ("2026.11.9", "2026-11-09"),
        ("2026年11月9日", "2026-11-09"),
        ("２０２６年１１月９日", "2026-11-09"),
        ("20261109", "2026-11-09"),
        ("二〇二六年十一月九日", "2026-11-09"),
        ("2026-11-09 09:00", "2026-11-09"),
        (NumberText("46335"), "2026-11-09"),
        (NumberText("46335.375"), "2026-11-09"),
        (NumberText("20261109"), "2026-11-09"),
    ],
)
def test_a_day_may_be_written_in_many_ways(written, day):
    values, doubts = judge(reported_on=written)

    assert (values["reported_on"], doubts.status) == (day, "accepted")


@pytest.mark.parametrize(
    ("column", "cell", "status", "words"),
    [
        ("reported_on", "2026-02-30", "rejected", "没有这一天"),
        ("reported_on", "11月9日", "rejected", "没有写年份"),
        ("reported_on", "03/04/2026", "held", "分不清哪个是月"),
        ("reported_on", "2062-11-09", "held", "在今天之后"),
        ("reported_on", "上周一", "rejected", "日期认不出来"),
        ("reported_on", "", "rejected", "空着"),
        ("cert_no", "", "rejected", "空着"),
        ("cert_no", NumberText("210702190501010000"), "rejected", "已被 Excel 抹成 0"),
        ("cert_no", "21070219050101000", "rejected", "17 位"),
        ("name", "", "rejected", "空着"),
        ("name", "测试�", "held", "认不出的字"),
        ("err_msg", "/ ", "accepted", ""),
        ("err_msg", "", "rejected", "空着"),
        ("insured_place", "火星县", "held", "认不出是哪里"),
        ("care_place", "火星县", "accepted", ""),
        ("amount", "一千元", "rejected", "金额认不出来"),
        ("psn_no", NumberText("210700000000000000"), "rejected", "抹成 0"),
        ("phone", "找小王", "held", ""),
    ],
)
def test_what_cannot_be_read_is_said_and_never_guessed(column, cell, status, words):
    _, doubts = judge(**{column: cell})

    assert doubts.status == status
    assert words in (doubts.bad | doubts.unsure).get(column, "")


def test_all_errors_of_a_row_are_told_at_once():
    _, doubts = judge(cert_no="123", reported_on="昨天", name="")

    assert set(doubts.bad) == {"cert_no", "reported_on", "name"}


def test_fifteen_digits_become_eighteen_and_it_is_said():
    values, doubts = judge(cert_no="210702050101000")

    assert (len(values["cert_no"] or ""), doubts.status) == (18, "accepted")
    assert "15位" in doubts.notes["cert_no"]


def test_a_number_inside_the_message_is_masked_before_anything_is_stored():
    values, _ = judge(err_msg=f"未查询到{NUMBER}的备案", remark=f"证件{NUMBER}")

    assert NUMBER not in (values["err_msg"] or "") + (values["remark"] or "")


def test_codes_keep_their_zeros_and_are_no_numbers():
    values, _ = judge(err_code="0012", infno="1E10", med_type=NumberText("21"))

    assert (values["err_code"], values["infno"], values["med_type"]) == ("0012", "1E10", "21")


def test_the_place_of_care_is_read_from_the_institution_code_when_no_column_says_it():
    cells = {key: cell for key, cell in ROW.items() if key != "care_place"}
    values, _ = KIND.judge(cells | {"inst_code": "H31010100003"})

    assert values["care_area"] == "310101"


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("210727", "accepted"),
        ("210799", "accepted"),  # 市本级
        ("210788", "accepted"),  # a zone that no list knows, in a city that is known
        ("215500", "held"),
        ("999999", "held"),
    ],
)
def test_a_code_of_no_city_waits_for_a_person(code, status):
    cells = {key: cell for key, cell in ROW.items() if key != "insured_place"}
    values, doubts = KIND.judge(cells | {"insured_area": code})

    assert doubts.status == status
    assert ("没有这个区划代码" in doubts.unsure.get("insured_area", "")) == (status == "held")
    assert values["insured_place" if status == "held" else "insured_area"] == code


def test_a_code_column_and_a_name_column_may_both_say_the_place():
    values, _ = judge(insured_area="210702", insured_place="古塔区")

    assert (values["insured_area"], values["insured_place"]) == ("210702", "古塔区")


def test_the_province_number_makes_two_lines_the_same():
    one, _ = judge(province_no="LN-1")
    two, _ = judge(province_no="LN-1", err_msg="别的")
    three, _ = judge(province_no="LN-2")

    assert (
        intake_columns.same_problem(one)
        == intake_columns.same_problem(two)
        != intake_columns.same_problem(three)
    )
