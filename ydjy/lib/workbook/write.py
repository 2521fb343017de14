"""Writing workbooks: every cell text, the same bytes for the same content, nothing on disk.

A small writer of our own because openpyxl puts every sheet through a file in the temp folder,
where no case data may ever lie (reliability.md INV8), and stamps the time of day into the file.
A cell typed as text is never a formula, whatever it begins with.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape as html_escape
from pathlib import Path
from typing import BinaryIO

from ydjy.lib.workbook.book import Limits, Merge, WorkbookError, column_letter
from ydjy.lib.workbook.delimited import neutralise
from ydjy.lib.workbook.xlsx.cells import escape

# The first day a zip can name: the same content must give the same bytes.
ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)
LONGEST_CELL = Limits(0, 0, 0).cell
_WIDEST, _NARROWEST = 60, 8
_ROWS_AT_A_TIME = 500
_NOT_IN_A_SHEET_NAME = re.compile(r"[\[\]:*?/\\\x00-\x1f]")
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_DECLARATION = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_PLAIN, _HEADER, _TITLE, _MARKED = 1, 2, 3, 4
_STYLES = (
    f'{_DECLARATION}<styleSheet xmlns="{_MAIN}"><fonts count="3">'
    '<font><sz val="11"/><name val="宋体"/></font>'
    '<font><b/><sz val="11"/><name val="宋体"/></font>'
    '<font><b/><sz val="14"/><name val="宋体"/></font></fonts>'
    '<fills count="3"><fill><patternFill patternType="none"/></fill>'
    '<fill><patternFill patternType="gray125"/></fill><fill><patternFill patternType="solid">'
    '<fgColor rgb="FFFDECEB"/><bgColor indexed="64"/></patternFill></fill></fills>'
    '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
    '<cellXfs count="5"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
    + "".join(
        f'<xf numFmtId="49" fontId="{font}" fillId="0" borderId="0" xfId="0" '
        'applyNumberFormat="1" applyFont="1"/>'
        for font in range(3)
    )
    + '<xf numFmtId="49" fontId="0" fillId="2" borderId="0" xfId="0" applyNumberFormat="1" '
    'applyFill="1"/></cellXfs><cellStyles count="1">'
    '<cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
)


def _quoted(text: str) -> str:
    """The value of an attribute. (Not from ``xml.sax``, which brings the whole of ``urllib`` into
    the reading child.)"""
    return f'"{html_escape(text)}"'.replace("\n", "&#10;").replace("\t", "&#9;")


@dataclass(frozen=True)
class Hint:
    """What Excel says beside a cell of a column, and what it offers to choose from."""

    title: str
    words: str = ""
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class SheetOut:
    """A sheet to write: an optional title line, the header, the rows; widths in characters.

    ``marked``: position of a row, from 0, → the columns whose cells are filled red. ``hints``: of
    a list to be filled in, by column, for ``room`` rows; its columns are text also where empty.
    """

    name: str
    header: Sequence[str]
    rows: Iterable[Sequence[str]]
    widths: Sequence[float] = ()
    title: str = ""
    marked: Mapping[int, Collection[int]] = field(default_factory=dict)
    hints: Mapping[int, Hint] = field(default_factory=dict)
    room: int = 0


@dataclass(frozen=True)
class Grid:
    """A sheet by row numbers: what ``write`` makes of a SheetOut and ``fill`` of an old xls."""

    name: str
    rows: Iterable[tuple[int, Sequence[str]]]
    header_row: int
    title_row: int = 0
    widths: Sequence[float] = ()
    hidden: bool = False
    merged: tuple[Merge, ...] = ()
    marked: Mapping[int, Collection[int]] = field(default_factory=dict)
    hints: Mapping[int, Hint] = field(default_factory=dict)
    room: int = 0


def write(target: BinaryIO | Path, sheets: Sequence[SheetOut]) -> None:
    """An xlsx of text cells: bold frozen header, widths; WorkbookError for an over-long cell."""
    write_grids(target, [_grid(sheet) for sheet in sheets])


def _grid(sheet: SheetOut) -> Grid:
    def rows() -> Iterator[tuple[int, Sequence[str]]]:
        if sheet.title:
            yield 1, [sheet.title]
        yield header_row, sheet.header
        yield from enumerate(sheet.rows, header_row + 1)

    header_row = 2 if sheet.title else 1
    widths = sheet.widths or tuple(map(width_of, sheet.header))
    marked = {header_row + 1 + position: cells for position, cells in sheet.marked.items()}
    return Grid(
        sheet.name,
        rows(),
        header_row,
        header_row - 1,
        widths,
        marked=marked,
        hints=sheet.hints,
        room=sheet.room,
    )


def width_of(text: str) -> float:
    """A column width that shows this text: a Chinese character is two wide."""
    return float(min(_WIDEST, max(_NARROWEST, 2 * len(text) + 2)))


def write_grids(target: BinaryIO | Path, grids: Sequence[Grid]) -> None:
    """The same by row numbers."""
    names = _sheet_names([grid.name for grid in grids])
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as package:
        for name, text in _frame(names, grids):
            package.writestr(zip_member(name), text.encode())
        for number, grid in enumerate(grids, 1):
            member = zip_member(f"xl/worksheets/sheet{number}.xml")
            with package.open(member, "w", force_zip64=True) as out:
                for text in _sheet_xml(grid):
                    out.write(text.encode())


def zip_member(name: str) -> zipfile.ZipInfo:
    """A deflated member without a time of its own."""
    info = zipfile.ZipInfo(name, ZIP_EPOCH)
    info.compress_type = zipfile.ZIP_DEFLATED
    return info


def _sheet_names(wanted: Sequence[str]) -> list[str]:
    names: list[str] = []
    for number, name in enumerate(wanted, 1):
        clean = _NOT_IN_A_SHEET_NAME.sub("-", name).strip("'")[:31] or f"Sheet{number}"
        if clean.lower() in (taken.lower() for taken in names):
            clean = f"{clean[:26]}-{number}"
        names.append(clean)
    return names


def _frame(names: Sequence[str], grids: Sequence[Grid]) -> Iterator[tuple[str, str]]:
    """The parts around the sheets."""
    numbers = range(1, len(names) + 1)
    spreadsheet = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    overrides = "".join(
        f'<Override PartName="/xl/worksheets/sheet{n}.xml" '
        f'ContentType="{spreadsheet}.worksheet+xml"/>'
        for n in numbers
    )
    yield (
        "[Content_Types].xml",
        f'{_DECLARATION}<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{spreadsheet}.sheet.main+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{spreadsheet}.styles+xml"/>'
        f"{overrides}</Types>",
    )
    yield "_rels/.rels", _relationships([("rId1", "officeDocument", "xl/workbook.xml")])
    sheets = "".join(
        f'<sheet name={_quoted(name)} sheetId="{n}"{_state(grid)} r:id="rId{n}"/>'
        for n, name, grid in zip(numbers, names, grids, strict=True)
    )
    yield (
        "xl/workbook.xml",
        f'{_DECLARATION}<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}">'
        f"<sheets>{sheets}</sheets></workbook>",
    )
    parts = [(f"rId{n}", "worksheet", f"worksheets/sheet{n}.xml") for n in numbers]
    yield (
        "xl/_rels/workbook.xml.rels",
        _relationships([*parts, (f"rId{len(names) + 1}", "styles", "styles.xml")]),
    )
    yield "xl/styles.xml", _STYLES


def _state(grid: Grid) -> str:
    return ' state="hidden"' if grid.hidden else ""


def _relationships(parts: Sequence[tuple[str, str, str]]) -> str:
    inner = "".join(
        f'<Relationship Id="{identifier}" Type="{_OFFICE}/{kind}" Target="{target}"/>'
        for identifier, kind, target in parts
    )
    return f'{_DECLARATION}<Relationships xmlns="{_PACKAGE}/relationships">{inner}</Relationships>'


def _sheet_xml(grid: Grid) -> Iterator[str]:
    pane = (
        f'<pane ySplit="{grid.header_row}" topLeftCell="A{grid.header_row + 1}" '
        'activePane="bottomLeft" state="frozen"/>'
        if grid.header_row
        else ""
    )
    as_text = f' style="{_PLAIN}"' if grid.hints else ""
    columns = "".join(
        f'<col min="{n}" max="{n}" width="{width:g}" customWidth="1"{as_text}/>'
        for n, width in enumerate(grid.widths, 1)
    )
    yield (
        f'{_DECLARATION}<worksheet xmlns="{_MAIN}"><sheetViews>'
        f'<sheetView workbookViewId="0">{pane}</sheetView></sheetViews>'
        f"{f'<cols>{columns}</cols>' if columns else ''}<sheetData>"
    )
    block: list[str] = []
    for number, cells in grid.rows:
        style = {grid.header_row: _HEADER, grid.title_row: _TITLE}.get(number, _PLAIN)
        block.append(_row_xml(number, cells, style, grid.marked.get(number, ())))
        if len(block) == _ROWS_AT_A_TIME:
            yield "".join(block)
            block.clear()
    yield "".join(block)
    merges = "".join(
        f'<mergeCell ref="{column_letter(left)}{top}:{column_letter(right)}{bottom}"/>'
        for top, bottom, left, right in grid.merged
    )
    yield f"</sheetData>{f'<mergeCells>{merges}</mergeCells>' if merges else ''}"
    yield f"{_validations(grid)}</worksheet>"


_LONGEST_OFFER, _LONGEST_HINT = 255, 250  # what Excel takes in one cell validation


def _validations(grid: Grid) -> str:
    """Drop-downs and hints below the header; what is typed otherwise is warned of, not refused."""
    first = grid.header_row + 1
    found = []
    for index, hint in sorted(grid.hints.items()):
        offered = ",".join(hint.choices)
        listed = bool(offered) and len(offered) <= _LONGEST_OFFER
        if not (listed or hint.words):
            continue
        where = f"{column_letter(index)}{first}:{column_letter(index)}{first + grid.room - 1}"
        kind = ' type="list" errorStyle="warning" showErrorMessage="1"' if listed else ""
        words = hint.words[:_LONGEST_HINT]
        said = (
            f' showInputMessage="1" promptTitle={_quoted(hint.title[:32])} prompt={_quoted(words)}'
            if words
            else ""
        )
        inner = (
            f"<formula1>{html_escape(chr(34) + offered + chr(34), quote=False)}</formula1>"
            if listed
            else ""
        )
        found.append(
            f'<dataValidation{kind} allowBlank="1"{said} sqref="{where}">{inner}</dataValidation>'
        )
    count = len(found)
    inside = "".join(found)
    return f'<dataValidations count="{count}">{inside}</dataValidations>' if found else ""


def _row_xml(number: int, cells: Sequence[str], style: int, marked: Collection[int]) -> str:
    inner = "".join(
        f'<c r="{column_letter(index)}{number}" s="{_MARKED if index in marked else style}" '
        f't="inlineStr">{inline_xml(text)}</c>'
        for index, text in enumerate(cells)
        if text or index in marked
    )
    return f'<row r="{number}">{inner}</row>'


def inline_xml(text: str, prefix: str = "") -> str:
    """The inside of a text cell; control characters are stored as ``_x0001_``."""
    if len(text) > LONGEST_CELL:
        raise WorkbookError(f"有一格内容超过 {LONGEST_CELL:,} 个字，表格放不下，请删短。")
    body = html_escape(escape(text), quote=False)
    return f'<{prefix}is><{prefix}t xml:space="preserve">{body}</{prefix}t></{prefix}is>'


def write_csv(target: BinaryIO | Path, sheet: SheetOut) -> None:
    """A csv that Excel opens right: UTF-8 with mark, formula-like text neutralised."""
    if isinstance(target, Path):
        with target.open("wb") as opened:
            write_csv(opened, sheet)
        return
    target.write(b"\xef\xbb\xbf")
    lines = ([sheet.title],) if sheet.title else ()
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    for row in (*lines, sheet.header):
        writer.writerow(map(neutralise, row))
    for row in sheet.rows:
        writer.writerow(map(neutralise, row))
        if buffer.tell() > 65_536:
            target.write(buffer.getvalue().encode())
            buffer.seek(0)
            buffer.truncate()
    target.write(buffer.getvalue().encode())
