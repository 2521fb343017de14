"""Returning the received file with cells added and nothing else changed (decisions.md 2).

xlsx: the package is copied part by part and cells are spliced into the sheet part. csv: fields
are added in the received encoding and with the received separator, the bytes of all other fields
stay. xls: answered with an xlsx of the same sheets, columns and row numbers; so is an xlsx with
macros, because a macro is never served.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ydjy.lib.workbook import delimited
from ydjy.lib.workbook.book import INSTITUTIONS, Sheet, WorkbookError
from ydjy.lib.workbook.reading import read
from ydjy.lib.workbook.write import Grid, width_of, write_grids, zip_member
from ydjy.lib.workbook.xlsx import reader as xlsx_reader
from ydjy.lib.workbook.xlsx.column_widths import widths
from ydjy.lib.workbook.xlsx.package import Package, member_name
from ydjy.lib.workbook.xlsx.splice import splice

_MOST_WIDTHS = 60
_NEEDS_QUOTES = re.compile(r'["\r\n]')


@dataclass(frozen=True)
class Fill:
    """Cells to add on one sheet (``""`` for the only sheet of a csv).

    ``columns``: an int is an existing 0-based column whose cells are overwritten, a str the title
    of a new column at the right, in order; the value maps Excel row numbers to texts.
    """

    sheet: str
    header_row: int
    columns: Mapping[int | str, Mapping[int, str]]


def returned_format(book_format: str) -> str:
    """The format in which a received file goes back."""
    return "xlsx" if book_format == "xls" else book_format


def fill(data: bytes, book_format: str, additions: Sequence[Fill], *, encoding: str = "") -> bytes:
    """The received file with the additions; the same input gives the same bytes. ``encoding``:
    the one by which a text file was read.

    Raises WorkbookError for a file that cannot be read, ValueError for a sheet or row that the
    file does not have.
    """
    if book_format in ("csv", "tsv"):
        (only,) = additions
        return _fill_text(data, only, encoding)
    if book_format == "xls":
        return _rebuilt(data, additions)
    package = Package(data, INSTITUTIONS)
    if any(name.endswith("vbaproject.bin") for name in package.names()):
        return _rebuilt(data, additions)
    return _filled_package(package, additions)


def _filled_package(package: Package, additions: Sequence[Fill]) -> bytes:
    members = xlsx_reader.sheet_members(package)
    by_member: dict[str, Fill] = {}
    for addition in additions:
        if addition.sheet not in members:
            raise ValueError(f"the file has no sheet {addition.sheet!r}")
        by_member[member_name(members[addition.sheet])] = addition
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as filled:
        for info in package.infos:
            name = member_name(info.filename)
            content = package.bytes_of(name)
            if name in by_member:
                addition = by_member[name]
                content = splice(content, addition.header_row, addition.columns)
            member = zip_member(info.filename)
            member.date_time = max(info.date_time, member.date_time)
            filled.writestr(member, content)
    return out.getvalue()


def _rebuilt(data: bytes, additions: Sequence[Fill]) -> bytes:
    book = read(data, INSTITUTIONS)
    by_sheet = {addition.sheet: addition for addition in additions}
    unknown = by_sheet.keys() - {sheet.name for sheet in book.sheets}
    if unknown:
        raise ValueError(f"the file has no sheet {min(unknown)!r}")
    out = io.BytesIO()
    write_grids(out, [_grid(sheet, by_sheet.get(sheet.name)) for sheet in book.sheets])
    return out.getvalue()


def _grid(sheet: Sheet, addition: Fill | None) -> Grid:
    rows = {row.number: list(row.cells) for row in sheet.rows}
    answered: set[int] = set()
    header_row = 0
    if addition is not None:
        header_row = addition.header_row
        width = max((len(cells) for cells in rows.values()), default=0)
        for row, texts in _by_row(addition, width).items():
            if row not in rows:
                raise ValueError(f"the sheet has no row {row}")
            answered |= texts.keys()
            for column, text in texts.items():
                cells = rows[row]
                cells += [""] * (column + 1 - len(cells))
                cells[column] = text
    said = list(map(width_of, rows.get(header_row, [])[:_MOST_WIDTHS]))
    titles = rows.get(header_row, [])
    for column, wide in widths({at: "".join(titles[at : at + 1]) for at in answered}).items():
        if column < len(said):
            said[column] = max(said[column], wide)
    ordered = sorted(rows.items())
    return Grid(
        sheet.name,
        ordered,
        header_row,
        widths=tuple(said),
        hidden=sheet.hidden,
        merged=sheet.merged,
    )


def _by_row(addition: Fill, width: int) -> dict[int, dict[int, str]]:
    """Row number → column → text; new columns begin at ``width``."""
    by_row: dict[int, dict[int, str]] = {}
    column = width
    for key, texts in addition.columns.items():
        index = key if isinstance(key, int) else column
        if isinstance(key, str):
            by_row.setdefault(addition.header_row, {})[index] = key
            column += 1
        for row, text in texts.items():
            by_row.setdefault(row, {})[index] = text
    return by_row


def _fill_text(data: bytes, addition: Fill, encoding: str) -> bytes:
    decoded = delimited.decode(data, encoding)
    separator = delimited.sniff_separator(decoded.text)
    lines = list(_records(decoded.text, separator))
    if not 0 < addition.header_row <= len(lines):
        raise ValueError(f"the file has no row {addition.header_row}")
    width = len(lines[addition.header_row - 1][0])
    by_row = _by_row(addition, width)
    if by_row and max(by_row) > len(lines):
        raise ValueError(f"the file has no row {max(by_row)}")
    new = sum(isinstance(key, str) for key in addition.columns)
    parts: list[str] = []
    for number, (fields, ending) in enumerate(lines, 1):
        texts = by_row.get(number, {})
        if texts or (number > addition.header_row and len(fields) == width):
            fields += [""] * (width + new - len(fields))
        for column, text in texts.items():
            fields[column] = _field(text, separator)
        parts += (separator.join(fields), ending)
    return _encoded("".join(parts), decoded.encoding)


def _records(text: str, separator: str) -> Iterator[tuple[list[str], str]]:
    """Every record as its fields exactly as written, with its line ending."""
    bare = f"[^{re.escape(separator)}\r\n]*"
    token = re.compile(rf'("[^"]*(?:""[^"]*)*"|{bare})({re.escape(separator)}|\r\n|\r|\n|\Z)')
    fields: list[str] = []
    place = 0
    while place < len(text) or fields:
        found = token.match(text, place)
        if found is None:
            raise WorkbookError(f"第 {len(fields) + 1} 列附近引号不成对，不能写入结果。")
        fields.append(found[1])
        place = found.end()
        if found[2] != separator:
            yield fields, found[2]
            fields = []


def _field(text: str, separator: str) -> str:
    safe = delimited.neutralise(text)
    if separator in safe or _NEEDS_QUOTES.search(safe):
        return '"' + safe.replace('"', '""') + '"'
    return safe


def _encoded(text: str, encoding: str) -> bytes:
    # Excel reads UTF-8 only with its mark; the others go back as they came.
    if encoding in ("utf-8", "utf-8-sig"):
        return text.encode("utf-8-sig")
    if encoding.startswith("utf-16"):
        return ("\ufeff" + text).encode(encoding)
    try:
        return text.encode(encoding)
    except UnicodeEncodeError:  # an answer has characters that the received encoding lacks
        return text.encode("utf-8-sig")
