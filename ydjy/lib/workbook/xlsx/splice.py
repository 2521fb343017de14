"""Adding cells to the sheet part of an xlsx by their place in its bytes.

Everything that is not added stays byte for byte: styles, pictures, shapes, what WPS wrote and we
do not know (performance.md 2, «Returning the province's file»). The XML parser only tells where
the tags stand.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from xml.parsers import expat

from ydjy.lib.workbook.book import WorkbookError, column_letter
from ydjy.lib.workbook.write import inline_xml
from ydjy.lib.workbook.xlsx.column_widths import Col, Edit, readable
from ydjy.lib.workbook.xlsx.package import DAMAGED, HOSTILE

_SPANS = re.compile(rb"""\s+spans=("[^"]*"|'[^']*')""")
_DECLARED_UTF16 = re.compile(r"^<\?xml.*?\?>", re.DOTALL)
_ORDINARY_ROW = re.compile(rb'<row r="([0-9]{1,7})"[^<>]*?(/?)>')
_ROW_TAG = re.compile(rb"<row\b")
_ORDINARY_CELL = re.compile(
    rb'<c r="([A-Z]{1,3})[0-9]+"(?: s="([0-9]+)")?(?: t="[a-zA-Z]+")? ?(/>|></c>)?'
)

Cells = Mapping[int, Mapping[int | str, str]]


@dataclass(slots=True)
class _Cell:
    column: int
    start: int
    style: str
    end: int = 0
    filled: bool = False
    formula: bool = False


@dataclass(slots=True)
class _Row:
    """``kept`` are the empty cells and all from the one left of the first that is replaced on."""

    number: int
    start: int
    tag: str
    end: int = 0
    self_closing: bool = False
    stated: bool = True
    last: _Cell | None = None
    kept: list[_Cell] = field(default_factory=list)

    def at(self, column: int) -> _Cell | None:
        return next((cell for cell in self.kept if cell.column == column), None)

    def first_after(self, column: int) -> int | None:
        return next((cell.start for cell in self.kept if cell.column > column), None)

    def style_left_of(self, column: int) -> str:
        known = [*self.kept, *([self.last] if self.last else [])]
        left = [cell for cell in known if cell.column < column]
        return max(left, key=lambda cell: cell.column).style if left else ""


class _Places:
    """Where the tags of a sheet part stand (byte offsets), for the wanted rows."""

    def __init__(self, data: bytes, rows: frozenset[int], kept_from: int) -> None:
        self.data = data
        self.wanted = rows
        self.kept_from = kept_from
        self.rows: dict[int, _Row] = {}
        self.sheet_data = 0
        self.dimension: tuple[int, int] | None = None
        self.columns_at: tuple[int, int] | None = None
        self.columns: list[Col] = []
        self._columns_start = 0
        self.last_column = -1
        self.last_row = 0
        self._row: _Row | None = None
        self._cell: _Cell | None = None
        self._names: dict[str, str] = {}
        self._indexes: dict[str, int] = {}
        self._parser = expat.ParserCreate()
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.StartDoctypeDeclHandler = self._doctype
        try:
            self._parser.Parse(data, True)
        except expat.ExpatError as error:
            raise WorkbookError(DAMAGED) from error

    def _doctype(self, *_: object) -> None:
        raise WorkbookError(HOSTILE)

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        name = self._names.get(tag)
        if name is None:
            name = self._names[tag] = tag.rpartition(":")[2]
        if name in ("v", "is", "f"):
            if self._cell is not None:
                self._cell.filled = True
                self._cell.formula |= name == "f"
        elif name == "c":
            self._start_cell(attributes)
        elif name == "row":
            number = int(attributes.get("r", self.last_row + 1))
            self.last_row = number
            self._row = _Row(number, self._parser.CurrentByteIndex, tag, stated="r" in attributes)
        elif name != "t":
            self._start_frame(name, attributes)

    def _start_frame(self, name: str, attributes: dict[str, str]) -> None:
        if name == "sheetData":
            self.sheet_data = self._parser.CurrentByteIndex
        elif name == "dimension":
            start = self._parser.CurrentByteIndex
            self.dimension = (start, self.data.index(b">", start) + 1)
        elif name == "cols":
            self._columns_start = self._parser.CurrentByteIndex
        elif name == "col":
            self.columns.append(Col.read(attributes, self._parser.CurrentByteIndex))

    def _start_cell(self, attributes: dict[str, str]) -> None:
        if self._row is None:
            return
        last = self._row.last
        reference = attributes.get("r")
        if reference is None:
            column = last.column + 1 if last else 0
        else:
            letters = reference.rstrip("0123456789")
            if last is None and not self._row.stated and letters != reference:
                self.last_row = self._row.number = int(reference[len(letters) :])
            column = self._indexes.get(letters, -1)
            if column < 0:
                column = self._indexes[letters] = _index(letters)
        self._cell = _Cell(column, self._parser.CurrentByteIndex, attributes.get("s", ""))
        self._row.last = self._cell

    def _end(self, tag: str) -> None:
        name = self._names[tag]
        if name == "c" and self._cell is not None and self._row is not None:
            cell = self._cell
            self._cell = None
            if cell.filled and cell.column > self.last_column:
                self.last_column = cell.column
            if not cell.filled or cell.column >= self.kept_from:
                cell.end = self._after(cell.start)
                self._row.kept.append(cell)
        elif name == "row" and self._row is not None:
            row = self._row
            self._row = None
            row.end = self._parser.CurrentByteIndex
            row.self_closing = row.last is None and self._closes_itself(row.start)
            if row.number in self.wanted:
                self.rows[row.number] = row
        elif name == "col":
            last = self.columns[-1]
            self.columns[-1] = last._replace(end=self._after(last.start))
        elif name == "cols":
            start = self._columns_start
            end = self._parser.CurrentByteIndex if self.columns else self._after(start)
            self.columns_at = (start, end)

    def _closes_itself(self, start: int) -> bool:
        # At the end of <a/> the parser stands behind the tag, at the end of <a></a> before </a>.
        return self.data[start : self._parser.CurrentByteIndex].endswith(b"/>")

    def _after(self, start: int) -> int:
        here = self._parser.CurrentByteIndex
        inside = self.data[start:here]
        if inside.endswith(b"/>") and inside.count(b"<") == 1:
            return here
        return self.data.index(b">", here) + 1


def _index(letters: str) -> int:
    index = 0
    for letter in letters.upper():
        index = index * 26 + ord(letter) - 64
    return index - 1


def _ordinary_places(data: bytes, wanted: set[int]) -> _Places | None:
    """The same for new columns on an ordinary sheet, eight times as fast: only the last cell of
    each row matters. None where the XML parser must look, or empty cells stand further right."""
    begin = data.find(b"<sheetData>")
    if begin < 0 or b"<!" in data or b"<row>" in data or data.find(b"<?", 5) >= 0:
        return None
    # The frame before the rows has the same offsets in the whole part.
    places = _Places(data[:begin] + b"<sheetData/></worksheet>", frozenset(), sys.maxsize)
    places.data = data
    empty, rows, closed = -1, 0, 0
    for opening in _ORDINARY_ROW.finditer(data, begin):
        rows += 1
        row = _Row(int(opening[1]), opening.start(), "row", opening.end())
        row.self_closing = bool(opening[2])
        closed += row.self_closing
        if not row.self_closing:
            row.end = data.find(b"</row>", opening.end())
            last = data.rfind(b"<c", opening.end(), row.end)
            cell = _ORDINARY_CELL.match(data, last) if last >= 0 else None
            if cell is None and last >= 0:
                return None
            if cell is not None:
                column = _index(cell[1].decode())
                row.last = _Cell(column, last, (cell[2] or b"").decode())
                if cell[3]:
                    empty = max(empty, column)
                else:
                    places.last_column = max(places.last_column, column)
        places.last_row = row.number
        if row.number in wanted:
            places.rows[row.number] = row
    # Counted by their tags: one written in another way is left to the parser with all others.
    ended = data.count(b"</row>", begin) + closed
    whole = rows == len(_ROW_TAG.findall(data, begin)) == ended and empty <= places.last_column
    return places if whole else None


def splice(data: bytes, header_row: int, columns: Mapping[int | str, Mapping[int, str]]) -> bytes:
    """The sheet part with cells added: ``columns`` as in ``Fill``.

    A new cell takes the style of the cell it replaces, or of its left neighbour.
    """
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        data = _DECLARED_UTF16.sub("", data.decode("utf-16"), count=1).encode()
    wanted = {row for texts in columns.values() for row in texts} | {header_row}
    existing = [key for key in columns if isinstance(key, int)]
    kept_from = min(existing, default=sys.maxsize) - 1
    places = None if existing else _ordinary_places(data, wanted)
    if places is None:
        places = _Places(data, frozenset(wanted), kept_from)
    missing = sorted(wanted - places.rows.keys())
    if missing:
        raise ValueError(f"the sheet has no row {missing[0]}")
    titles = [key for key in columns if isinstance(key, str)]
    index = {title: places.last_column + 1 + n for n, title in enumerate(titles)}
    by_row: dict[int, dict[int, str]] = {row: {} for row in wanted}
    for key, texts in columns.items():
        column = index[key] if isinstance(key, str) else key
        if isinstance(key, str):
            by_row[header_row][column] = key
        for row, text in texts.items():
            by_row[row][column] = text
    edits = _frame_edits(places, titles, existing)
    for number, texts in by_row.items():
        edits += _row_edits(data, places.rows[number], texts)
    return _apply(data, edits)


def _frame_edits(places: _Places, titles: Sequence[str], existing: Sequence[int]) -> list[Edit]:
    """Answer columns that can be seen and read, and the range the sheet says it uses."""
    first = places.last_column + 1
    last = places.last_column + len(titles)
    tag = places.rows[next(iter(places.rows))].tag.removesuffix("row")
    answers = dict.fromkeys(existing, "") | {first + n: title for n, title in enumerate(titles)}
    start, end = places.columns_at or (places.sheet_data, places.sheet_data)
    inside = bool(places.columns)
    edits = readable(places.columns, answers, end, tag)
    if edits and not inside:
        whole = b"".join(body for _, _, body in edits)
        edits = [(start, end, f"<{tag}cols>".encode() + whole + f"</{tag}cols>".encode())]
    if titles and places.dimension is not None:
        start, end = places.dimension
        ref = f"A1:{column_letter(last)}{places.last_row}"
        closing = "/" if places.data[start:end].endswith(b"/>") else ""
        edits.append((start, end, f'<{tag}dimension ref="{ref}"{closing}>'.encode()))
    return edits


def _row_edits(data: bytes, row: _Row, texts: Mapping[int, str]) -> list[Edit]:
    prefix = row.tag.removesuffix("row")
    opened = data.index(b">", row.start) + 1
    opening = _SPANS.sub(b"", data[row.start : opened])
    edits: list[Edit] = []
    inside: list[bytes] = []
    for column in sorted(texts):
        cell = row.at(column)
        if cell is not None and cell.formula:
            where = f"{column_letter(column)}{row.number}"
            raise WorkbookError(f"单元格 {where} 是公式，不能写入结果，请改用另一列。")
        style = cell.style if cell is not None else row.style_left_of(column)
        body = _cell_xml(row.number, column, texts[column], style, prefix)
        if cell is not None:
            edits.append((cell.start, cell.end, body))
            continue
        after = row.first_after(column)
        if after is not None:
            edits.append((after, after, body))
        else:
            inside.append(body)
    added = b"".join(inside)
    if row.self_closing:
        whole = opening.removesuffix(b"/>").rstrip() + b">" + added
        return [(row.start, row.end, whole + f"</{row.tag}>".encode())]
    return [(row.start, opened, opening), *edits, (row.end, row.end, added)]


def _cell_xml(row: int, column: int, text: str, style: str, prefix: str) -> bytes:
    attributes = f'r="{column_letter(column)}{row}"' + (f' s="{style}"' if style else "")
    if not text:
        return f"<{prefix}c {attributes}/>".encode()
    inside = inline_xml(text, prefix)
    return f'<{prefix}c {attributes} t="inlineStr">{inside}</{prefix}c>'.encode()


def _apply(data: bytes, edits: list[Edit]) -> bytes:
    parts: list[bytes] = []
    here = 0
    for start, end, body in sorted(edits, key=lambda edit: edit[:2]):
        parts += (data[here:start], body)
        here = end
    parts.append(data[here:])
    return b"".join(parts)
