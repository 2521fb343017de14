"""Text from cells: canonical form, lost characters, keys of names."""

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ydjy.lib.text import (
    clean,
    digits_of_numerals,
    for_reading,
    has_lost_characters,
    name_key,
)

NAME_LETTERS = "第一二十百千九六八零〇○0195 ·（）医院A"


@pytest.mark.parametrize(
    ("dirty", "expected"),
    [
        ("  锦州市\u3000\u00a0 医院\n本部 ", "锦州市 医院 本部"),
        ("\ufeff２１０７\u200b０２", "210702"),
        ("姓\x00名\x1f", "姓名"),
        ("备案\u202e号", "备案号"),
        ("（锦州）：Ａ，", "(锦州):A,"),
        ("\u3164\u2800", ""),
        ("𠮷䶮𬱖", "𠮷䶮𬱖"),
        ("ئالىم", "ئالىم"),
        ("half \ud800 pair", "half \ufffd pair"),
    ],
)
def test_dirt_is_removed_and_letters_stay(dirty: str, expected: str) -> None:
    assert clean(dirty) == expected


@settings(deadline=None, max_examples=150)
@given(st.text())
def test_cleaning_twice_changes_nothing_more(text: str) -> None:
    once = clean(text)
    assert clean(once) == once
    assert not any(unicodedata.category(ch) in ("Cc", "Cf", "Cs") for ch in once)


@pytest.mark.parametrize("text", ["张\ufffd", "\ue000三", "张??强", "李□明", "锟斤拷锟斤拷"])
def test_lost_characters_are_noticed(text: str) -> None:
    assert has_lost_characters(text)


@pytest.mark.parametrize("text", ["王?明", "张□", "？三"])
def test_one_question_mark_is_a_loss_in_a_name_only(text: str) -> None:
    assert has_lost_characters(text, name=True)
    assert not has_lost_characters(text)


@pytest.mark.parametrize(
    "text", ["", "未备案?请核实", "□是 □否", "what??", "𠮷䶮", "阿布都·热合曼"]
)
def test_ordinary_text_has_lost_nothing(text: str) -> None:
    assert not has_lost_characters(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("第九六八医院", "第968医院"),
        ("第二〇五", "第205"),
        ("第二零五", "第205"),
        ("第二百零五", "第205"),
        ("二百五十", "250"),
        ("一千二百三十四", "1234"),
        ("十四", "14"),
        ("二十", "20"),
        ("千山 百姓 一二十", "千山 百姓 一二十"),
    ],
)
def test_numerals_become_digits_where_they_count_something(text: str, expected: str) -> None:
    assert digits_of_numerals(text) == expected


def test_spellings_of_one_hospital_share_a_key() -> None:
    spellings = [
        "联勤保障部队第九六八医院",
        "联勤保障部队 第968医院",
        "联勤保障部队（９６８）医院",
        "联勤保障部队第\u200b九六八\u3000医院。",
    ]
    assert {name_key(name) for name in spellings} == {"联勤保障部队968医院"}


def test_every_middle_dot_and_none_is_one_spelling() -> None:
    names = {name_key(f"阿布都{dot}热合曼") for dot in ["", *"·•・･‧⋅∙ㆍ．."]}
    assert names == {"阿布都热合曼"}


def test_different_hospitals_keep_different_keys() -> None:
    names = ["第一医院", "第二医院", "第十一医院", "千山区医院", "市医院", "锦州市医院"]
    assert len({name_key(name) for name in names}) == len(names)


@settings(deadline=None, max_examples=150)
@given(st.text(alphabet=NAME_LETTERS, max_size=12))
def test_a_key_has_no_blanks_no_punctuation_and_survives_cleaning(text: str) -> None:
    key = name_key(text)
    assert all(ch.isalnum() for ch in key)
    assert name_key(f" {text}\u200b") == key


@pytest.mark.parametrize(
    ("stored", "read"),
    [
        ("结算超时,参保地无返回", "结算超时，参保地无返回"),
        ("读卡失败: 卡识别码校验不通过", "读卡失败：卡识别码校验不通过"),
        ("返回码:1101,HTTP/1.1", "返回码:1101,HTTP/1.1"),
        ("timeout, no answer", "timeout, no answer"),
    ],
)
def test_chinese_is_shown_with_its_own_punctuation(stored: str, read: str):
    assert for_reading(stored) == read
