"""Rows of a sheet part before their cells mean anything.

Ordinary rows are taken apart by one regular expression, three times as fast as building a tree;
it must account for every cell of the row, else that row goes through the XML parser. Both ways
give the same rows, and neither may lose one: as many must come out as end in the bytes, counted by
their tags alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple
from xml.etree import ElementTree

from ydjy.lib.workbook.book import WorkbookError
from ydjy.lib.workbook.sniff import SAVE_AS
from ydjy.lib.workbook.xlsx.package import DAMAGED
from ydjy.lib.workbook.xlsx.xml import Block, blocks, local, parse, rows_ended, text_of

# Column letters, style, type, stored value, inline text.
RawCell = tuple[str, str, str, str, str]
Keep = Callable[[ElementTree.Element], None]
UNCOMPUTED = "formula"

_CELL = re.compile(
    r'<c r="([A-Z]{1,3})[0-9]+"(?: s="([0-9]+)")?(?: t="([a-zA-Z]+)")?'
    r"(?: ?/>|>(?:<v>([^<]*)</v>|"
    r'<is><t(?: xml:space="preserve")?>([^<]*)</t></is>)?</c>)'
)
_ROW = re.compile(r'<row r="([0-9]{1,7})"([^<>]*?)(/?)>')
_CONTROL = bytes((*range(9), *range(11, 32)))
_HIDDEN = re.compile(r'\shidden="(?:1|true)"')
_DIGITS = "0123456789"


class RawRow(NamedTuple):
    """``number`` as stated, None for the one after the last."""

    number: str | None
    hidden: bool
    cells: list[RawCell]


def rows_of(pieces: Iterator[bytes], sheet: str, keep_merges: Keep) -> Iterator[list[RawRow]]:
    """The rows of a sheet part, some hundred at a time; WorkbookError when one got lost."""
    told = seen = 0

    def tail(last: bytes) -> None:
        if b"mergeCell" in last:
            for group in parse(last):
                if local(group.tag) == "mergeCells":
                    keep_merges(group)

    for block in blocks(pieces, b"row", b"sheetData", tail):
        ended = rows_ended(block.data)
        told += ended
        if _is_empty(block, ended):
            seen += ended
            continue
        rows = raw_rows(block)
        seen += len(rows)
        yield rows
    if told != seen:
        raise WorkbookError(
            f"工作表“{sheet}”里有 {told} 行，读出来是 {seen} 行，为免漏行，没有读这个文件，"
            f"{SAVE_AS}"
        )


def raw_rows(block: Block) -> list[RawRow]:
    """The rows of a block of a sheet part."""
    whole = bool(block.opening and block.closing)
    if not whole or len(block.data.translate(None, _CONTROL)) != len(block.data):
        return [_from_element(element) for element in block.elements()]
    try:
        text = block.data.decode()
    except UnicodeDecodeError as error:
        raise WorkbookError(DAMAGED) from error
    *texts, rest = text.split("</row>")
    rows: list[RawRow] = []
    for row in texts:
        rows += _ordinary(row) or _through_parser(block, row + "</row>")
    if "<" in rest:
        rows += _through_parser(block, rest)
    return rows


def _is_empty(block: Block, rows: int) -> bool:
    """Whether numbered rows hold nothing but formats, as a sheet styled to its last row does: what
    has any content has an end tag besides those of the rows."""
    data = block.data
    if not block.opening or not block.closing or data.count(b'<row r="') != rows:
        return False
    return data.count(b"</") == data.count(b"</row>")


def _through_parser(block: Block, text: str) -> list[RawRow]:
    return [_from_element(element) for element in block.elements(text.encode())]


def _ordinary(text: str) -> list[RawRow] | None:
    """The last row of the text and the empty ones before it; None for the XML parser to look."""
    start = text.rfind("<row ")
    row = _ROW.match(text, max(start, 0))
    if row is None or row[3] or "&" in text:
        return None
    cells = _CELL.findall(text, row.end())
    if len(cells) != text.count("<c"):
        return None
    last = RawRow(row[1], _HIDDEN.search(row[2]) is not None, cells)
    if text.find("<row") == start:
        return [last]
    empty = _ROW.findall(text, 0, start)
    if len(empty) != text.count("<row", 0, start) or not all(closed for *_, closed in empty):
        return None
    return [*(RawRow(number, False, []) for number, _, _ in empty), last]


def _from_element(element: ElementTree.Element) -> RawRow:
    hidden = element.get("hidden") in ("1", "true")
    number = element.get("r")
    if number is None and len(element) and (place := element[0].get("r")):
        number = place.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") or None
    return RawRow(number, hidden, [_cell(cell) for cell in element])


def _cell(cell: ElementTree.Element) -> RawCell:
    value = formula = inline = ""
    for child in cell:
        tag = local(child.tag)
        if tag == "v":
            value = child.text or ""
        elif tag == "is":
            inline = text_of(child)
        elif tag == "f":
            formula = f"={child.text or ''}"
    kind = cell.get("t", "n")
    if formula and not value and kind in ("n", "e", "b"):
        kind, value = UNCOMPUTED, formula
    letters = cell.get("r", "").rstrip(_DIGITS).upper()
    return letters, cell.get("s", ""), kind, value, inline
