"""Telephone numbers as hand-made lists write them."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ydjy.lib.phones import PhoneError, mask, parse

ONE = """0416-8904567 | 0416-8904567 | 04168904567 | landline
0416—8904567 | 0416-8904567 | 04168904567 | landline
０４１６－８９０４５６７ | 0416-8904567 | 04168904567 | landline
(0416)8904567 | 0416-8904567 | 04168904567 | landline
（0416） 890 4567 | 0416-8904567 | 04168904567 | landline
04168904567 | 0416-8904567 | 04168904567 | landline
041689045670 | 0416-89045670 | 041689045670 | landline
01088888888 | 010-88888888 | 01088888888 | landline
024-88888888 | 024-88888888 | 02488888888 | landline
416-8904567 | 0416-8904567 | 04168904567 | landline
4168904567 | 0416-8904567 | 04168904567 | landline
2488888888 | 024-88888888 | 02488888888 | landline
10-88888888 | 010-88888888 | 01088888888 | landline
+86 416 8904567 | 0416-8904567 | 04168904567 | landline
8904567 | 8904567 | 8904567 | landline
8890 4567 | 88904567 | 88904567 | landline
电话：0416-8904567（办公室） | 0416-8904567 | 04168904567 | landline
0416-8904567转8001 | 0416-8904567转8001 | 04168904567,8001 | landline
0416-8904567-8001 | 0416-8904567转8001 | 04168904567,8001 | landline
0416 8904567 ext.8001 | 0416-8904567转8001 | 04168904567,8001 | landline
0416-8904567分机：801 | 0416-8904567转801 | 04168904567,801 | landline
0512-12333 | 0512-12333 | 051212333 | short
051212333 | 0512-12333 | 051212333 | short
12393 | 12393 | 12393 | short
12345 | 12345 | 12345 | short
12333转2 | 12333转2 | 12333,2 | short
120 | 120 | 120 | short
96618 | 96618 | 96618 | short
13900000001 | 13900000001 | 13900000001 | mobile
139 0000 0001 | 13900000001 | 13900000001 | mobile
139-0000-0001 | 13900000001 | 13900000001 | mobile
8613900000001 | 13900000001 | 13900000001 | mobile
'13900000001 | 13900000001 | 13900000001 | mobile
13900000001.0 | 13900000001 | 13900000001 | mobile
400-882-1234 | 400-882-1234 | 4008821234 | service400
4008821234 | 400-882-1234 | 4008821234 | service400
4008-821-234 | 400-882-1234 | 4008821234 | service400
800 820 8820 | 800-820-8820 | 8008208820 | service400"""

SEVERAL = """0571-88888888，0571-99999999 | 0571-88888888 0571-99999999
0571-888888880571-99999999 | 0571-88888888 0571-99999999
0571-88888888057199999999 | 0571-88888888 0571-99999999
057188888888057199999999 | 0571-88888888 0571-99999999
0416890456704168904568 | 0416-8904567 0416-8904568
1390000000013900000001 | 13900000000 13900000001
0416890456713900000001 | 0416-8904567 13900000001
88888888,66666666 | 88888888 66666666
8888888866666666 | 88888888 66666666
8904567/8904568 | 8904567 8904568
8904567 8904568 | 8904567 8904568
0416-8904567、8904568 | 0416-8904567 0416-8904568
0416-8904567或13900000001；12393 | 0416-8904567 13900000001 12393
0416-8904567 12345 | 0416-8904567 12345
0416-8904567转8001、8002 | 0416-8904567转8001 0416-8904567转8002
手机：13900000001 座机：0416-8904567 | 13900000001 0416-8904567
13900000000\n13900000001 | 13900000000 13900000001"""

UNREADABLE = """8001|12|张三|见公告|0416-8904567～8904569|8904567—8904570|13800138000（停用）
|1390000000|139000000012|890456788888888|1.39E+10|04168904567041689045680416
|0416-89045|+1 202 555 0100|123456789012345678"""


def table(text: str) -> list[list[str]]:
    return [
        [cell.strip(" ").replace("\\n", "\n") for cell in row.split(" | ")]
        for row in text.split("\n")
    ]


@pytest.mark.parametrize(("written", "display", "tel", "kind"), table(ONE))
def test_one_number_is_read_however_it_is_written(
    written: str, display: str, tel: str, kind: str
) -> None:
    (phone,) = parse(written)
    assert (phone.display, phone.tel, phone.kind) == (display, tel, kind)
    assert phone.ext == display.partition("转")[2]


@pytest.mark.parametrize(
    ("written", "displays"), table(SEVERAL.replace("00\n13900000001 |", "00\\n13900000001 |"))
)
def test_several_numbers_are_told_apart_joined_or_glued(written: str, displays: str) -> None:
    assert [phone.display for phone in parse(written)] == displays.split(" ")


@pytest.mark.parametrize("written", ["", " ", "\u3000", "NaN", "无", "-", "——", "/", "暂无", "、"])
def test_a_word_for_nothing_is_no_number(written: str) -> None:
    assert parse(written) == []


@pytest.mark.parametrize("written", UNREADABLE.replace("\n", "").split("|"))
def test_what_cannot_be_read_for_certain_is_refused_without_repeating_it(written: str) -> None:
    with pytest.raises(PhoneError) as refusal:
        parse(written)
    sentence = str(refusal.value)
    assert sentence.endswith("。")
    assert len(written) < 6 or written not in sentence
    assert not re.search("[0-9]{6}", sentence)


def test_a_cell_too_long_for_telephones_is_refused_at_once() -> None:
    with pytest.raises(PhoneError, match="太长"):
        parse("0416-8904567," * 100)


@pytest.mark.parametrize("area", ["0416", "416"])
def test_a_local_number_takes_the_area_of_the_office(area: str) -> None:
    (phone,) = parse("8904567转8001", area)
    assert (phone.display, phone.tel) == ("0416-8904567转8001", "04168904567,8001")


def test_short_codes_mobiles_and_written_areas_do_not_take_the_area_of_the_office() -> None:
    phones = parse("12393、13900000001、0512-58888888、400-882-1234", "0416")
    assert [p.tel for p in phones] == ["12393", "13900000001", "051258888888", "4008821234"]


def test_a_display_reads_back_as_the_same_number() -> None:
    for written, *_ in table(ONE):
        (phone,) = parse(written)
        assert parse(phone.display) == [phone]


def test_the_number_is_not_in_its_repr() -> None:
    assert "8904567" not in repr(parse("0416-8904567"))


@pytest.mark.parametrize(
    ("written", "hidden"),
    [
        ("13900000001", "139****0001"),
        ("0416-8904567", "0416-***4567"),
        ("88904567转8001", "****4567转8001"),
        ("12393", "12393"),
        ("400-882-1234", "400-882-1234"),
        ("1390000000013900000001", "139****0000、139****0001"),
        ("张三13900000001", "139****0001"),
        ("", ""),
    ],
)
def test_a_personal_number_is_masked(written: str, hidden: str) -> None:
    assert mask(written) == hidden


areas = st.sampled_from(["010", "021", "024", "0416", "0431", "0512", "0571", "0991"])
locals_ = st.from_regex("[2-9][0-9]{6,7}", fullmatch=True)
mobiles = st.from_regex("1[3-9][0-9]{9}", fullmatch=True)
numbers = st.one_of(mobiles, st.tuples(areas, locals_).map("-".join))


@settings(deadline=None, max_examples=150)
@given(st.lists(numbers, min_size=1, max_size=4), st.sampled_from([",", "、", ";", " / ", "或"]))
def test_any_list_with_separators_is_read_as_it_stands(written: list[str], joint: str) -> None:
    assert [phone.display for phone in parse(joint.join(written))] == written


@settings(deadline=None, max_examples=150)
@given(st.lists(mobiles, min_size=2, max_size=4))
def test_mobiles_without_separators_are_told_apart(written: list[str]) -> None:
    assert [phone.display for phone in parse("".join(written))] == written


@settings(deadline=None, max_examples=150)
@given(st.text(alphabet="0123456789-转 ()x,、+.eE无张", max_size=60))
def test_any_text_is_read_or_refused_and_masking_never_breaks(text: str) -> None:
    mask(text)
    try:
        phones = parse(text)
    except PhoneError:
        return
    digits = re.sub("[^0-9]", "", text)
    for phone in phones:
        assert re.sub("[^0-9]", "", phone.display).lstrip("0")[-4:] in digits
