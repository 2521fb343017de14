"""Rows of a sheet part before their cells mean anything.

Ordinary rows are taken apart by one regular expression, three times as fast as building a tree;
it must account for every cell of the row, else that row goes through the XML parser. Both ways
give the same rows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple
from xml.etree import ElementTree

from ydjy.lib.workbook.blocks import Block, local, text_of
from ydjy.lib.workbook.book import WorkbookError
from ydjy.lib.workbook.package import DAMAGED

# Column letters, style, type, stored value, inline text.
RawCell = tuple[str, str, str, str, str]
UNCOMPUTED = "formula"

_CELL = re.compile(
    r'<c r="([A-Z]{1,3})[0-9]+"(?: s="([0-9]+)")?(?: t="([a-zA-Z]+)")?'
    r"(?: ?/>|>(?:<v>([^<]*)</v>|"
    r'<is><t(?: xml:space="preserve")?>([^<]*)</t></is>)?</c>)'
)
_ROW = re.compile(r'<row r="([0-9]{1,7})"([^<>]*)>')
# What only the XML parser may judge: in a row, and anywhere in a block.
_NOT_ORDINARY = ("&", "<!", "<?", "<c>")
_CONTENT = (b"<v", b"<is", b"<f", b"<t", b"<!", b"<?")
_CONTROL = bytes((*range(9), *range(11, 32)))
_HIDDEN = re.compile(r'\shidden="(?:1|true)"')


class RawRow(NamedTuple):
    """``number`` as stated, None for the one after the last."""

    number: str | None
    hidden: bool
    cells: list[RawCell]


def raw_rows(block: Block) -> Iterator[RawRow]:
    """The rows of a block of a sheet part."""
    whole = bool(block.opening and block.closing)
    if not whole or len(block.data.translate(None, _CONTROL)) != len(block.data):
        yield from map(_from_element, block.elements())
        return
    if _is_empty(block.data):
        return
    try:
        text = block.data.decode()
    except UnicodeDecodeError as error:
        raise WorkbookError(DAMAGED) from error
    *rows, rest = text.split("</row>")
    for row in rows:
        yield from _ordinary(row) or _through_parser(block, row + "</row>")
    if "<c" in rest or "</" in rest:
        yield from _through_parser(block, rest)


def _is_empty(data: bytes) -> bool:
    """Whether numbered rows hold nothing but formats, as a sheet styled to its last row does."""
    numbered = data.count(b"<row") == data.count(b'<row r="')
    return numbered and not any(sign in data for sign in _CONTENT)


def _through_parser(block: Block, text: str) -> list[RawRow]:
    return [_from_element(element) for element in block.elements(text.encode())]


def _ordinary(text: str) -> list[RawRow] | None:
    start = max(text.rfind("<row "), 0)
    row = _ROW.match(text, start)
    if row is None or any(sign in text for sign in _NOT_ORDINARY):
        return None
    cells = _CELL.findall(text, row.end())
    if len(cells) != text.count("<c "):
        return None
    return [RawRow(row[1], _HIDDEN.search(row[2]) is not None, cells)]


def _from_element(element: ElementTree.Element) -> RawRow:
    hidden = element.get("hidden") in ("1", "true")
    return RawRow(element.get("r"), hidden, [_cell(cell) for cell in element])


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
    letters = cell.get("r", "").rstrip("0123456789")
    return letters, cell.get("s", ""), kind, value, inline
