"""csv and tsv: every encoding read right, every broken line named."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.workbooks import csv_bytes
from ydjy.lib.workbook import WEEKLY, Limits, WorkbookError, read


def one(data: bytes) -> list[tuple[str, ...]]:
    (sheet,) = read(data, WEEKLY).sheets
    return [row.cells for row in sheet.rows]


def refusal(data: bytes, limits: Limits = WEEKLY) -> str:
    with pytest.raises(WorkbookError) as caught:
        read(data, limits)
    return str(caught.value)


TABLE = [["序号", "姓名", "报错信息"], ["1", "测试𠮷", "甲,乙"], ["2", "测试䶮", "两\n行"]]
CELLS = [tuple(row) for row in TABLE]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-8", "gb18030", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_every_encoding_and_separator_is_read_right(encoding: str, separator: str) -> None:
    book = read(csv_bytes(TABLE, encoding, separator), WEEKLY)
    assert book.encoding == encoding
    assert book.delimiter == separator
    assert book.format == ("tsv" if separator == "\t" else "csv")
    assert [row.cells for row in book.sheets[0].rows] == CELLS
    assert [row.number for row in book.sheets[0].rows] == [1, 2, 3]


def test_utf_16_with_its_mark_is_read() -> None:
    assert one(csv_bytes(TABLE, "utf-16")) == CELLS


NAME_CHARACTERS = st.one_of(
    st.characters(min_codepoint=0x3400, max_codepoint=0x9FFF),
    st.characters(min_codepoint=0x20000, max_codepoint=0x323AF),
)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.text(NAME_CHARACTERS, min_size=1)))
def test_every_gb18030_name_survives(names: list[str]) -> None:
    rows = [["序号", "姓名"], *[[str(n), f"㐀{name}"] for n, name in enumerate(names)]]
    assert one(csv_bytes(rows, "gb18030")) == [tuple(row) for row in rows]


@pytest.mark.parametrize(
    ("data", "start"),
    [
        (b"a,b\nc,d\n\xff\xff,e\n", "第 3 行有认不出的字符"),
        (b"\xef\xbb\xbfa,b\n\xd2\xe5,c\n", "第 2 行有认不出的字符"),
        (b"a,b\nc,\x00d\n", "第 2 行有空字节（NUL）"),
        (b"a,b\nc,\x01d\n", "第 2 行有控制字符"),
        ("a,义县\n".encode("gb18030") + "b,古塔\n".encode(), "文件里混用了两种编码（第 2 行"),
        (b'a,b\nc,"d\ne,f\n', "从第 2 行（文本行）起引号不成对"),
        (b'a,b\nc,"d"e\nf,g\n', "从第 2 行（文本行）起引号不成对"),
        (("a," * 80 + "b\n").encode(), "第 1 行有 81 列，超过 60 列"),
        (f"a,b\nc,{'长' * 32_768}\n".encode(), "第 2 行有单元格超过 32,767 个字"),
    ],
)
def test_a_broken_line_is_named_and_nothing_guessed(data: bytes, start: str) -> None:
    assert refusal(data).startswith(start)


def test_row_numbers_count_blank_lines_and_quoted_breaks_as_excel_does() -> None:
    rows = read(b'a,b\n\n"x\ny",1\nz,2\n', WEEKLY).sheets[0].rows
    assert [row.number for row in rows] == [1, 3, 4]


def test_our_own_apostrophes_are_taken_off_again() -> None:
    assert one(b"a,b\n'=1+1,'text\n''=x,-5\n") == [
        ("a", "b"),
        ("=1+1", "'text"),
        ("'=x", "-5"),
    ]
