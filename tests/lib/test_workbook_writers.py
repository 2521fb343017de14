"""However a program writes the XML of a sheet: every row is read, and answered where it is seen.

The same 40 or 2,400 rows, as writers with other habits write them; 2,400 rows are more than two
reading blocks. Counted by a parser that knows nothing of ours.
"""

import io
import itertools
import re
import zipfile
from collections.abc import Callable
from xml.etree import ElementTree

import pytest

from tests.workbooks import raw_xlsx
from ydjy.lib.workbook import WEEKLY, Fill, WorkbookError, fill, read
from ydjy.lib.workbook.xlsx import rows as xlsx_rows
from ydjy.lib.workbook.xlsx.rows import raw_rows
from ydjy.lib.workbook.xlsx.xml import blocks, without_asides

SMALL, LARGE = 40, 2_400
SHEET = "xl/worksheets/sheet1.xml"


def sheet_data(rows: int) -> str:
    """Row 1 is the header; every third row is followed by one that only has a format."""
    lines = [_row(1, "号码", "说明", "结果")]
    for n in range(2, rows + 2):
        lines.append(_row(n * 2, f"N{n:06}", "a&lt;b&amp;c " * 3, "中文" * 20))
        if n % 3 == 0:
            lines.append(f'<row r="{n * 2 + 1}" s="1" customFormat="1"/>')
    return "".join(lines)


def _row(number: int, *texts: str) -> str:
    cells = "".join(
        f'<c r="{letter}{number}" t="inlineStr"><is><t>{text}</t></is></c>'
        for letter, text in zip("ABC", texts, strict=True)
    )
    return f'<row r="{number}">{cells}</row>'


def _cells_in_cdata(xml: str) -> str:
    return re.sub(r"<t>(N[0-9]+)</t>", r"<t><![CDATA[\1]]></t>", xml)


Write = Callable[[str], str]
HABITS: dict[str, Write] = {
    "plain": lambda xml: xml,
    "prefix": lambda xml: re.sub(r"<(/?)(?=[a-z])", r"<\1x:", xml).replace("xmlns=", "xmlns:x="),
    "long prefix": lambda xml: re.sub(r"<(/?)(?=[a-z])", r"<\1表-1:", xml).replace(
        "xmlns=", "xmlns:表-1="
    ),
    "apostrophes": lambda xml: re.sub(r'(\s[a-zA-Z]+)="([^"]*)"', r"\1='\2'", xml),
    "no references": lambda xml: re.sub(r'(<c) r="[A-Z]+[0-9]+"', r"\1", xml),
    "row without number": lambda xml: re.sub(r'(<row) r="[0-9]+"', r"\1", xml),
    "lower-case references": lambda xml: re.sub(
        r'(<c r=")([A-Z]+)', lambda m: m[1] + m[2].lower(), xml
    ),
    "pretty": lambda xml: xml.replace("><", ">\n    <").replace("<t>\n    ", "<t>"),
    "attributes on lines": lambda xml: re.sub(r"<(row|c) ", "<\\1\n  ", xml),
    "blanks in end tags": lambda xml: re.sub(r"</(row|c|is)>", r"</\1 >", xml),
    "comments": lambda xml: xml.replace(
        "</row>", '</row><!-- <row r="9"><c r="A9"><v>1</v></c></row> -->'
    ),
    "open comment": lambda xml: xml.replace("<sheetData>", "<sheetData><!-- </row> <row/> < -->"),
    "instructions": lambda xml: xml.replace("<row ", "<?hint </row> ?><row "),
    "cdata": _cells_in_cdata,
    "carriage returns": lambda xml: xml.replace("</row>", "</row>\r\n"),
    "self-closed cells": lambda xml: xml.replace("</row>", '<c r="Z1" s="1"/></row>'),
}
# A blank row has no cell to tell its number by: those that leave numbers out leave it out, too.
_NUMBERED = {"row without number"}


def workbook(habit: str, rows: int) -> bytes:
    data = sheet_data(rows)
    if habit in _NUMBERED:
        data = re.sub(r"<row [^>]*/>", "", data)
    if habit == "self-closed cells":
        data = data.replace('<c r="Z1"', "<c")
    archive = zipfile.ZipFile(io.BytesIO(raw_xlsx(data)))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as again:
        for name in archive.namelist():
            content = archive.read(name)
            if name == SHEET:
                content = HABITS[habit](content.decode()).encode()
            again.writestr(name, content)
    return out.getvalue()


def told(data: bytes) -> list[tuple[int, str]]:
    """Number and first text of every row that has one, by the parser alone."""
    found, before = [], 0
    xml = zipfile.ZipFile(io.BytesIO(data)).read(SHEET)
    for row in (e for e in ElementTree.fromstring(xml).iter() if e.tag.endswith("}row")):  # noqa: S314
        cells = [cell for cell in row if "".join(cell.itertext()).strip()]
        place = re.sub("[^0-9]", "", cells[0].get("r", "")) if cells else ""
        before = int(row.get("r") or place or before + 1)
        if cells:
            found.append((before, "".join(cells[0].itertext()).strip()))
    return found


@pytest.mark.parametrize("rows", [SMALL, LARGE])
@pytest.mark.parametrize("habit", HABITS)
def test_as_many_rows_are_read_as_the_file_has(habit: str, rows: int) -> None:
    data = workbook(habit, rows)
    (sheet,) = read(data, WEEKLY).sheets
    assert [(row.number, row.cells[0].strip()) for row in sheet.rows] == told(data)
    assert len(sheet.rows) == rows + 1
    assert {tuple(text.strip() for text in row.cells[1:]) for row in sheet.rows[1:]} == {
        (("a<b&c " * 3).strip(), "中文" * 20)
    }


@pytest.mark.parametrize("habit", HABITS)
def test_every_row_is_answered_in_its_row(habit: str) -> None:
    data = workbook(habit, SMALL)
    (sheet,) = read(data, WEEKLY).sheets
    answers = {row.number: f"答复{row.number}" for row in sheet.rows[1:]}
    back = fill(data, "xlsx", [Fill(sheet.name, 1, {"处理结果": answers})])
    (again,) = read(back, WEEKLY).sheets
    assert [row.at(3) for row in again.rows] == ["处理结果", *answers.values()]


def test_a_lost_row_is_never_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Should a reader ever lose one: the count of the tags does not agree, and nothing is read."""
    monkeypatch.setattr(xlsx_rows, "raw_rows", lambda block: raw_rows(block)[:-1])
    with pytest.raises(WorkbookError, match=r"里有 \d+ 行，读出来是 \d+ 行"):
        read(workbook("plain", LARGE), WEEKLY)


def test_rows_out_of_order_are_refused_and_not_mixed_up() -> None:
    rows = [_row(1, "号码", "说明", "结果"), _row(3, "N3", "", ""), _row(2, "N2", "", "")]
    with pytest.raises(WorkbookError, match="第 3 行之后行号次序混乱"):
        read(raw_xlsx("".join(rows)), WEEKLY)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64, 10_000])
def test_where_a_part_is_cut_does_not_matter(size: int) -> None:
    xml = (
        b'<worksheet xmlns="x"><!-- a <b> --><sheetData>'
        b'<row r="1"><c><v>1</v></c></row><?pi </row>?><row r="2"><c t="str"><v>'
        b"<![CDATA[</row>&]]></v></c></row></sheetData></worksheet>"
    )
    pieces = [xml[at : at + size] for at in range(0, len(xml), size)]
    clean = b"".join(without_asides(iter(pieces)))
    assert clean == b"".join(without_asides(iter([xml])))
    assert b"&lt;/row&gt;&amp;" in clean
    assert b"<!" not in clean


# Answers are seen --------------------------------------------------------------------------------

COLUMNS = {
    "no columns": "",
    "empty": "<cols/>",
    "all hidden from E": '<cols><col min="5" max="16384" width="9" hidden="1"/></cols>',
    "all hidden": '<cols><col min="1" max="16384" hidden="1"/></cols>',
    "hidden from D on, in pieces": (
        '<cols><col min="1" max="3" width="9"/><col min="4" max="4" hidden="true" width="0"/>'
        '<col min="5" max="6" width="3" customWidth="1"></col>'
        '<col min="8" max="16384" hidden="1"/></cols>'
    ),
    "collapsed": (
        '<cols><col min="2" max="9" width="20" hidden="1" outlineLevel="1" collapsed="1"/></cols>'
    ),
    "squeezed": '<cols><col min="1" max="40" width="3" customWidth="1" style="1"/></cols>',
    "gap": '<cols><col min="1" max="3" width="9"/><col min="9" max="16384" hidden="1"/></cols>',
}


def shown(data: bytes) -> dict[int, float]:
    """Column from 0 → width, of columns that are seen."""
    xml = ElementTree.fromstring(zipfile.ZipFile(io.BytesIO(data)).read(SHEET))  # noqa: S314
    cols = [element for element in xml.iter() if element.tag.endswith("}col")]
    spans = [(int(c.get("min", 0)), int(c.get("max", 0))) for c in cols]
    assert all(a[1] < b[0] for a, b in itertools.pairwise(spans)), spans
    return {
        n - 1: float(col.get("width", 8.43))
        for col, (first, last) in zip(cols, spans, strict=True)
        if col.get("hidden") not in ("1", "true") and col.get("collapsed") not in ("1", "true")
        for n in range(first, min(last, 60) + 1)
    }


@pytest.mark.parametrize("habit", ["plain", "prefix", "apostrophes"])
@pytest.mark.parametrize("case", COLUMNS)
def test_answers_stand_in_columns_that_are_seen_and_wide_enough(case: str, habit: str) -> None:
    archive = zipfile.ZipFile(io.BytesIO(workbook("plain", 3)))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as again:
        for name in archive.namelist():
            content = archive.read(name)
            if name == SHEET:
                xml = content.decode().replace("<sheetData>", f"{COLUMNS[case]}<sheetData>")
                content = HABITS[habit](xml).encode()
            again.writestr(name, content)
    numbers = [row.number for row in read(out.getvalue(), WEEKLY).sheets[0].rows[1:]]
    said = dict.fromkeys(numbers, "已办结")
    back = fill(
        out.getvalue(), "xlsx", [Fill("报错明细", 1, {2: said, "处理结果": said, "处理人": said})]
    )
    assert [row.cells[2:] for row in read(back, WEEKLY).sheets[0].rows[1:]] == [("已办结",) * 3] * 3
    widths = shown(back)
    assert min(widths[2], widths[3], widths[4]) >= 8
    assert max(widths[2], widths[3]) >= 40
    if "hidden" in COLUMNS[case] and "16384" in COLUMNS[case]:
        assert 30 not in widths, "the rest stays hidden"


def test_blocks_name_no_prefix() -> None:
    (block,) = blocks(iter([b'<a:sst xmlns:a="x"><a:si><a:t>1</a:t></a:si></a:sst>']), b"si", None)
    assert b"a:" not in block.data.replace(b"xmlns:a=", b"")
