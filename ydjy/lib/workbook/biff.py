"""Where an old .xls has error values: the reader that we use gives them as blank cells.

Only what that needs of the two formats: the sectors of an OLE file ([MS-CFB] 2.2 to 2.6) and the
records of a workbook stream ([MS-XLS] 2.4). What does not fit together ends the search, it never
ends the reading.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator

_ERRORS = {
    0x00: "#NULL!", 0x07: "#DIV/0!", 0x0F: "#VALUE!", 0x17: "#REF!",
    0x1D: "#NAME?", 0x24: "#NUM!", 0x2A: "#N/A",
}  # fmt: skip
_FORMULA, _BOOL_OR_ERROR, _SHEET, _START, _END = 0x06, 0x205, 0x85, 0x809, 0x0A
_MAY_HAVE_SOME = re.compile(
    rb"\x05\x02\x08\x00|\x02.[\x00\x07\x0f\x17\x1d\x24\x2a]...\xff\xff", re.DOTALL
)
_NO_SECTOR = 0xFFFFFFFA  # from here on a number means something else
_MINI_BELOW = 4096
Errors = dict[tuple[int, int], str]


def error_cells(data: bytes) -> list[Errors]:
    """Of every sheet, in the order of the workbook, (row, column), both from 0 → error value."""
    try:
        stream = _workbook_stream(data)
    except (struct.error, LookupError):
        return []
    if not _MAY_HAVE_SOME.search(stream):  # most have none, and walking the records takes time
        return []
    starts = []
    for kind, body in _records(stream, 0):
        if kind == _SHEET and len(body) >= 6 and body[5] == 0:  # a worksheet
            starts.append(int.from_bytes(body[:4], "little"))
        if kind == _END:
            break
    return [_errors_from(stream, start) for start in starts]


def _errors_from(stream: bytes, start: int) -> Errors:
    found: Errors = {}
    depth = 0
    for kind, body in _records(stream, start):
        depth += (kind == _START) - (kind == _END)
        if depth < 1:
            break
        if depth > 1 or len(body) < 8:  # a chart lies inside
            continue
        code = None
        if kind == _BOOL_OR_ERROR and body[7]:
            code = body[6]
        elif kind == _FORMULA and len(body) >= 14 and body[6] == 2 and body[12:14] == b"\xff\xff":
            code = body[8]
        if code in _ERRORS:
            row, column = struct.unpack_from("<HH", body)
            found[row, column] = _ERRORS[code]
    return found


def _records(stream: bytes, at: int) -> Iterator[tuple[int, bytes]]:
    while at + 4 <= len(stream):
        kind, size = struct.unpack_from("<HH", stream, at)
        yield kind, stream[at + 4 : at + 4 + size]
        at += 4 + size


def _workbook_stream(data: bytes) -> bytes:
    size = {9: 512, 12: 4096}[struct.unpack_from("<H", data, 30)[0]]
    (directory,) = struct.unpack_from("<I", data, 48)
    fat: list[int] = []
    for sector in _fat_sectors(data, size):
        fat += struct.unpack_from(f"<{size // 4}I", data, (sector + 1) * size)
    entries = _chain(data, fat, directory, size)
    for at in range(0, len(entries), 128):
        entry = entries[at : at + 128]
        (letters,) = struct.unpack_from("<H", entry, 64)
        if entry[: max(letters - 2, 0)].decode("utf-16-le", "ignore") in ("Workbook", "Book"):
            start, length = struct.unpack_from("<II", entry, 116)
            if length < _MINI_BELOW:
                return b""  # no genuine workbook is so small
            return _chain(data, fat, start, size)[:length]
    return b""


def _fat_sectors(data: bytes, size: int) -> Iterator[int]:
    yield from (n for n in struct.unpack_from("<109I", data, 76) if n < _NO_SECTOR)
    (more,) = struct.unpack_from("<I", data, 68)
    for _ in range(len(data) // size):
        if more >= _NO_SECTOR:
            return
        *sectors, more = struct.unpack_from(f"<{size // 4}I", data, (more + 1) * size)
        yield from (n for n in sectors if n < _NO_SECTOR)


def _chain(data: bytes, fat: list[int], sector: int, size: int) -> bytes:
    """The sectors of a stream one after the other; a ring ends where the file is used up."""
    parts: list[bytes] = []
    while sector < _NO_SECTOR and len(parts) <= len(data) // size:
        parts.append(data[(sector + 1) * size : (sector + 2) * size])
        sector = fat[sector]
    return b"".join(parts)
