"""Reading: exact cells or the exact refusal."""

import itertools
from datetime import date, datetime
from pathlib import Path

import pytest

from tests import workbooks
from tests.workbooks import raw_xlsx, weekly_workbook, xls, xlsx, zipped
from ydjy.lib.workbook import (
    WEEKLY,
    BoolText,
    DateText,
    ErrorText,
    NumberText,
    UncomputedText,
    cell_problem,
    read,
)
from ydjy.lib.workbook.xlsx import package as package_module

SAMPLE = Path(__file__).parents[1] / "data" / "weekly_sample_2026W47.xlsx"


def one(data: bytes) -> list[tuple[str, ...]]:
    (sheet,) = read(data, WEEKLY).sheets
    return [row.cells for row in sheet.rows]


def cell(inner: str) -> str:
    """One XML cell as read, in column A after a text in row 1."""
    rows = one(raw_xlsx(f'<row r="2">{inner}</row>', styles=DATE_STYLES))
    return rows[0][0]


DATE_STYLES = (
    '<numFmts count="1"><numFmt numFmtId="164" formatCode="yyyy&quot;年&quot;m月d日"/></numFmts>'
    '<cellXfs count="5"><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="164"/>'
    '<xf numFmtId="31"/><xf numFmtId="49"/></cellXfs>'
)


# What a real weekly file holds -------------------------------------------------------------------


def test_the_sample_of_the_province_is_read_cell_for_cell() -> None:
    book = read(SAMPLE.read_bytes(), WEEKLY)
    assert (book.format, book.encoding, book.delimiter, book.notes) == ("xlsx", None, None, ())
    (sheet,) = book.sheets
    assert (sheet.name, sheet.hidden, len(sheet.rows)) == ("报错明细", False, 25)
    row = sheet.rows[1]
    assert row.number == 2
    assert row.cells[:3] == ("1", "LN20261116-0001", "2026-11-09 09:00:00")
    assert [type(text) for text in row.cells[:3]] == [NumberText, str, DateText]
    assert row.cells[10:12] == ("210702190501010005", "210700000000000000000000000001")
    assert type(row.cells[10]) is str
    assert row.at(16) == ""
    assert (row.cells[19], type(row.cells[19])) == ("1234.5", NumberText)


@pytest.mark.parametrize("layout", [1, 2])
def test_both_weekly_layouts_come_back_as_they_were_written(layout: int) -> None:
    rows = workbooks.weekly_rows(5, layout)
    read_rows = one(weekly_workbook(rows, layout))
    assert read_rows[0] == tuple(workbooks.WEEKLY_HEADERS[layout])
    for given_row, cells in zip(rows, read_rows[1:], strict=True):
        wanted = [_shown(value) for value in given_row]
        assert list(cells) + [""] * (len(wanted) - len(cells)) == wanted


def _shown(value: workbooks.Cell) -> str:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    return value.isoformat() if isinstance(value, date) else str(value)


def test_an_old_xls_gives_the_same_cells_and_kinds() -> None:
    rows = [["序号", "日期", "金额", "号码"], [1, date(2026, 11, 9), 1234.5, "210702190501010005"]]
    book = read(xls({"一": [[], *rows]}), WEEKLY)
    assert book.format == "xls"
    first, second = book.sheets[0].rows
    assert (first.number, second.number) == (2, 3)
    assert second.cells == ("1", "2026-11-09", "1234.5", "210702190501010005")
    assert [type(text) for text in second.cells] == [NumberText, DateText, NumberText, str]


def test_an_xls_table_that_begins_in_column_c_keeps_its_columns() -> None:
    assert one(xls([[], ["", "", "x"], [], ["", "", "y", "z"]])) == [
        ("", "", "x"),
        ("", "", "y", "z"),
    ]


# Kinds of cells ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        ("1", "1"),
        ("1.0", "1"),
        ("1234.5", "1234.5"),
        ("1321.8099999999999", "1321.81"),
        ("0.1", "0.1"),
        ("1E-3", "0.001"),
        ("-0", "0"),
        ("1E10", "10000000000"),
        ("210702190501010", "210702190501010"),
        ("210702190501010005", "210702190501010000"),
        ("2.10702190501010E+17", "210702190501010000"),
        ("2.107E+29", "210700000000000000000000000000"),
        ("1E+300", "1E+300"),
    ],
)
def test_a_number_is_shown_with_the_digits_of_excel(stored: str, shown: str) -> None:
    text = cell(f'<c r="A2"><v>{stored}</v></c>')
    assert (text, type(text)) == (shown, NumberText)


@pytest.mark.parametrize(
    ("style", "stored", "shown"),
    [
        (1, "46335", "2026-11-09"),
        (1, "46335.375", "2026-11-09 09:00:00"),
        (2, "46335", "2026-11-09"),
        (3, "46335", "2026-11-09"),
        (1, "0.375", "09:00:00"),
        (1, "1", "1900-01-01"),
        (1, "61", "1900-03-01"),
    ],
)
def test_a_date_is_iso_text(style: int, stored: str, shown: str) -> None:
    text = cell(f'<c r="A2" s="{style}"><v>{stored}</v></c>')
    assert (text, type(text)) == (shown, DateText)


@pytest.mark.parametrize("stored", ["60", "-1", "2958466"])
def test_a_serial_that_is_no_day_stays_a_number(stored: str) -> None:
    assert type(cell(f'<c r="A2" s="1"><v>{stored}</v></c>')) is NumberText


def test_the_1904_system_counts_from_1904() -> None:
    data = raw_xlsx(
        '<row r="1"><c r="A1" s="1"><v>44873</v></c></row>', styles=DATE_STYLES, from_1904=True
    )
    assert one(data) == [("2026-11-09",)]


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        ('<c r="A1"><v>44873</v></c>', True),
        ('<c r="A1"><v>44873.5</v></c>', True),
        ('<c r="A1" s="1"><v>44873</v></c>', False),
        ('<c r="A1"><v>12</v></c>', False),
        ('<c r="A1" t="inlineStr"><is><t>44873</t></is></c>', False),
    ],
)
def test_a_day_of_the_1904_system_that_is_not_shown_as_one_is_told(cells: str, told: bool) -> None:
    data = raw_xlsx(f'<row r="1">{cells}</row>', styles=DATE_STYLES, from_1904=True)
    assert ("从 1904 年算起" in "".join(read(data, WEEKLY).notes)) is told
    plain = raw_xlsx(f'<row r="1">{cells}</row>', styles=DATE_STYLES)
    assert read(plain, WEEKLY).notes == ()


@pytest.mark.parametrize(
    ("xml", "shown", "kind"),
    [
        ('<c r="A2" t="b"><v>1</v></c>', "TRUE", BoolText),
        ('<c r="A2" t="e"><v>#N/A</v></c>', "#N/A", ErrorText),
        ('<c r="A2"><f>SUM(B1:B3)</f></c>', "=SUM(B1:B3)", UncomputedText),
        ('<c r="A2"><f>SUM(B1:B3)</f><v/></c>', "=SUM(B1:B3)", UncomputedText),
        ('<c r="A2"><f>SUM(B1:B3)</f><v>6</v></c>', "6", NumberText),
        ('<c r="A2" t="str"><f>A1</f><v>义县</v></c>', "义县", str),
        ('<c r="A2" t="d"><v>2026-11-09T09:00:00</v></c>', "2026-11-09 09:00:00", DateText),
        ('<c r="A2" t="inlineStr"><is><t>a_x000D_b</t></is></c>', "a\rb", str),
        ('<c r="A2" t="inlineStr"><is><t>_x005F_x0041_</t></is></c>', "_x0041_", str),
        ('<c r="A2" t="inlineStr"><is><t>&lt;b&gt; &amp; 甲</t></is></c>', "<b> & 甲", str),
        ('<c r="A2" t="inlineStr"><is><t>0012</t></is></c>', "0012", str),
        (
            '<c r="A2" t="inlineStr"><is><r><t>测</t></r><r><t>试</t></r>'
            "<rPh><t>ce</t></rPh></is></c>",
            "测试",
            str,
        ),
    ],
)
def test_each_kind_of_cell_keeps_what_it_was(xml: str, shown: str, kind: type[str]) -> None:
    text = cell(xml)
    assert (text, type(text)) == (shown, kind)


def test_only_cells_without_a_usable_value_have_a_problem() -> None:
    assert cell_problem("文字") is None
    assert cell_problem(NumberText("1")) is None
    assert cell_problem(ErrorText("#N/A")) == "单元格是错误值 #N/A，请改成实际内容"
    assert "选择性粘贴" in str(cell_problem(UncomputedText("=A1")))


def test_shared_strings_rich_text_and_escapes_are_read_once() -> None:
    strings = ("<si><t>姓名</t></si>", "<si><r><t>_x005F_</t></r><r><t>x0041_</t></r></si>")
    data = raw_xlsx(
        '<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c></row>',
        strings=strings,
    )
    assert one(data) == [("姓名", "_x0041_")]


# Layout of sheets --------------------------------------------------------------------------------


def test_blank_and_ghost_rows_are_left_out_and_numbers_stay() -> None:
    data = raw_xlsx(
        '<row r="1"/><row r="3"><c r="A3" s="4"/><c r="C3" t="inlineStr"><is><t>x</t></is></c>'
        '<c r="E3" s="4"/></row><row r="9" hidden="1"><c r="A9"><v>5</v></c></row>'
        '<row r="12"><c r="A12" t="inlineStr"><is><t>  </t></is></c></row>'
    )
    rows = read(data, WEEKLY).sheets[0].rows
    assert [(row.number, row.cells, row.hidden) for row in rows] == [
        (3, ("", "", "x"), False),
        (9, ("5",), True),
    ]


def test_rows_and_cells_without_references_follow_one_another() -> None:
    inner = (
        '<row><c t="inlineStr"><is><t>a</t></is></c><c><v>2</v></c></row><row><c><v>3</v></c></row>'
    )
    rows = read(raw_xlsx(inner), WEEKLY).sheets[0].rows
    assert [(row.number, row.cells) for row in rows] == [(1, ("a", "2")), (2, ("3",))]


def test_all_sheets_are_read_whichever_is_active_and_hidden_ones_are_told() -> None:
    data = xlsx(
        {"说明": [["x"]], "古塔区": [["a"]], "义县": [["b"]]}, active="说明", hidden=["义县"]
    )
    book = read(data, WEEKLY)
    assert [(s.name, s.hidden, s.rows[0].cells) for s in book.sheets] == [
        ("说明", False, ("x",)),
        ("古塔区", False, ("a",)),
        ("义县", True, ("b",)),
    ]
    assert book.notes == ("有隐藏的工作表：“义县”，也已读取。",)


def test_hidden_rows_are_told_and_read() -> None:
    data = xlsx({"一": [["a"], ["b"], ["c"]]}, hidden_rows={"一": [2, 3]})
    book = read(data, WEEKLY)
    assert [row.hidden for row in book.sheets[0].rows] == [False, True, True]
    assert book.notes == ("工作表“一”有 2 行被隐藏，也已读取。",)


def test_merged_ranges_are_told() -> None:
    data = xlsx({"一": [["t"], ["a", "b"], ["c", "d"]]}, merged={"一": ["A1:B1", "A2:A3"]})
    assert read(data, WEEKLY).sheets[0].merged == ((1, 1, 0, 1), (2, 3, 0, 0))


def test_a_strict_workbook_is_read() -> None:
    data = raw_xlsx('<row r="1"><c r="A1"><v>7</v></c></row>', strict=True)
    assert one(data) == [("7",)]


@pytest.mark.parametrize("target", ["/xl/worksheets/sheet1.xml", "..\\xl\\worksheets\\sheet1.xml"])
def test_absolute_and_backslash_targets_are_followed(target: str) -> None:
    data = raw_xlsx('<row r="1"><c r="A1"><v>7</v></c></row>', sheet_target=target)
    assert one(data) == [("7",)]


def test_prefixed_element_names_are_read() -> None:
    members = workbooks.parts("")
    members["xl/worksheets/sheet1.xml"] = (
        f'<x:worksheet xmlns:x="{workbooks.MAIN}"><x:sheetData><x:row r="1"><x:c r="A1">'
        "<x:v>7</x:v></x:c></x:row></x:sheetData></x:worksheet>"
    )
    assert one(zipped(members)) == [("7",)]


def test_a_sheet_part_in_utf_16_is_read() -> None:
    members = workbooks.parts("")
    members["xl/worksheets/sheet1.xml"] = (
        f'<?xml version="1.0" encoding="UTF-16"?><worksheet xmlns="{workbooks.MAIN}"><sheetData>'
        '<row r="1"><c r="A1" t="inlineStr"><is><t>义县</t></is></c></row></sheetData></worksheet>'
    ).encode("utf-16")
    assert one(zipped(members)) == [("义县",)]


def test_a_lie_about_the_dimension_changes_nothing() -> None:
    data = raw_xlsx('<row r="1"><c r="A1"><v>7</v></c></row>')
    lie = data.replace(b"<sheetData>", b"<sheetData>")
    members = workbooks.parts('<row r="1"><c r="A1"><v>7</v></c></row>')
    text = str(members["xl/worksheets/sheet1.xml"])
    members["xl/worksheets/sheet1.xml"] = text.replace(
        "<sheetData>", '<dimension ref="A1:XFD1048576"/><sheetData>'
    )
    assert one(zipped(members)) == one(lie)


def test_a_large_sheet_is_read_the_same_in_small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ordinary rows by pattern, odd rows by the XML parser, cut at any place."""
    odd = (
        '<row r="{n}"><c r="A{n}"><v>{n}</v></c><c r="B{n}" t="inlineStr"><is><t>a&amp;{n}</t>'
        "</is></c></row>",
        '<row r="{n}" hidden="1"><c r="A{n}" s="1"><v>46335</v></c><c r="C{n}" s="4"/></row>',
        '<row r="{n}"/>',
        '<row r="{n}" spans="1:3"><c r="B{n}" t="inlineStr"><is><t xml:space="preserve"> 甲 </t>'
        "</is></c></row>",
        '<row r="{n}"><c s="0" r="A{n}" ><v>{n}</v></c><c r="B{n}"><f>A1</f></c></row>',
        '<row r="{n}"><!-- </c> --><c r="A{n}" t="str"><v><![CDATA[<c r="B1">]]></v></c></row>',
    )
    kinds = itertools.cycle(odd)
    inner = "".join(next(kinds).format(n=n) for n in range(1, 601))
    data = raw_xlsx(
        inner, styles=DATE_STYLES, after='<mergeCells><mergeCell ref="A1:A2"/></mergeCells>'
    )
    whole = read(data, WEEKLY)
    assert len(whole.sheets[0].rows) == 500
    for size in (700, 1013, 5000):
        monkeypatch.setattr(package_module, "PIECE", size)
        assert read(data, WEEKLY) == whole


def test_a_name_that_says_something_else_is_told_and_the_content_read() -> None:
    book = read(weekly_workbook(), WEEKLY, filename="第47周.xls")
    assert book.notes == ("文件名以 .xls 结尾，内容其实是 xlsx，已按内容读取。",)
    assert read(weekly_workbook(), WEEKLY, filename="第47周.xlsx").notes == ()


def test_macros_are_told_and_only_cells_are_read() -> None:
    members = workbooks.parts('<row r="1"><c r="A1"><v>7</v></c></row>')
    members["xl/vbaProject.bin"] = b"macro"
    members["xl/externalLinks/externalLink1.xml"] = "<externalLink/>"
    book = read(zipped(members), WEEKLY)
    assert book.sheets[0].rows[0].cells == ("7",)
    assert book.notes == (
        "文件带有宏：只读取了单元格内容，宏没有运行，回传的文件里也不会有宏。",
        "文件引用了别的工作簿：没有去读取，用的是文件里存下的数值。",
    )
