"""What the reader of an old .xls does not tell: error values (it gives them as blank cells), hidden
rows, where days count from, a password, and how old the format is.

Only what that needs of the two formats: the sectors of an OLE file ([MS-CFB] 2.2 to 2.6) and the
records of a workbook stream ([MS-XLS] 2.4). What does not fit together ends the search, it never
ends the reading.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

_ERRORS = {
    0x00: "#NULL!", 0x07: "#DIV/0!", 0x0F: "#VALUE!", 0x17: "#REF!",
    0x1D: "#NAME?", 0x24: "#NUM!", 0x2A: "#N/A",
}  # fmt: skip
_FORMULA, _BOOL_OR_ERROR, _SHEET, _START, _END = 0x06, 0x205, 0x85, 0x809, 0x0A
_PASSWORD, _DATE_MODE, _ROW, _HIDDEN = 0x2F, 0x22, 0x208, 0x20
_OLDER_STARTS, _BIFF8 = (0x09, 0x209, 0x409), 0x0600
_MAY_HAVE_SOME = re.compile(
    rb"\x05\x02\x08\x00|\x02.[\x00\x07\x0f\x17\x1d\x24\x2a]...\xff\xff", re.DOTALL
)
_MAY_BE_HIDDEN = re.compile(
    rb"\x08\x02\x10\x00.{12}[\x20-\x3f\x60-\x7f\xa0-\xbf\xe0-\xff]", re.DOTALL
)
_NO_SECTOR = 0xFFFFFFFA  # from here on a number means something else
_MINI_SECTOR = 64
Errors = dict[tuple[int, int], str]


@dataclass
class OldSheet:
    """Of one sheet, rows and columns from 0: error values, and the rows that are not shown."""

    errors: Errors = field(default_factory=dict)
    hidden: set[int] = field(default_factory=set)


@dataclass(frozen=True)
class Entry:
    """A stream or folder of an OLE file; ``at`` is where its name stands."""

    name: str
    at: int
    start: int
    length: int


class OldFile:
    """An OLE file and the workbook in it. ``names`` are in small letters: the format knows no
    capitals in them."""

    def __init__(self, data: bytes):
        self.data = data
        self.fat: list[int] = []
        self.entries: list[Entry] = []
        try:
            self.size = {9: 512, 12: 4096}[struct.unpack_from("<H", data, 30)[0]]
            self.mini_below, mini = struct.unpack_from("<II", data, 56)
            for sector in self._fat_sectors():
                self.fat += struct.unpack_from(f"<{self.size // 4}I", data, self._at(sector))
            self.mini_fat = struct.iter_unpack("<I", self._joined(self._chain(mini)))
            self.entries = list(self._read_entries())
        except (struct.error, LookupError):
            return

    @property
    def names(self) -> set[str]:
        return {entry.name.lower() for entry in self.entries}

    @property
    def workbook(self) -> Entry | None:
        by_name = {entry.name.lower(): entry for entry in reversed(self.entries)}
        return by_name.get("workbook") or by_name.get("book")

    def with_usual_name(self) -> bytes:
        """The file with its workbook named as a reader looks for it that knows capitals."""
        entry = self.workbook
        usual = entry.name.capitalize() if entry else ""
        if entry is None or entry.name == usual:
            return self.data
        end = entry.at + 2 * len(usual)
        return self.data[: entry.at] + usual.encode("utf-16-le") + self.data[end:]

    @cached_property
    def stream(self) -> bytes:
        entry = self.workbook
        if entry is None:
            return b""
        try:
            if entry.length >= self.mini_below:
                return self._joined(self._chain(entry.start))[: entry.length]
            small = [number for (number,) in self.mini_fat]
            inside = self._joined(self._chain(self.entries[0].start))
            return b"".join(
                inside[n * _MINI_SECTOR : (n + 1) * _MINI_SECTOR]
                for n in _followed(small, entry.start, len(small))
            )[: entry.length]
        except (struct.error, LookupError):
            return b""

    def _at(self, sector: int) -> int:
        return (sector + 1) * self.size

    def _fat_sectors(self) -> Iterator[int]:
        data, size = self.data, self.size
        yield from (n for n in struct.unpack_from("<109I", data, 76) if n < _NO_SECTOR)
        (more,) = struct.unpack_from("<I", data, 68)
        for _ in range(len(data) // size):
            if more >= _NO_SECTOR:
                return
            *sectors, more = struct.unpack_from(f"<{size // 4}I", data, self._at(more))
            yield from (n for n in sectors if n < _NO_SECTOR)

    def _chain(self, sector: int) -> list[int]:
        return list(_followed(self.fat, sector, len(self.data) // self.size))

    def _joined(self, sectors: list[int]) -> bytes:
        return b"".join(self.data[self._at(n) : self._at(n) + self.size] for n in sectors)

    def _read_entries(self) -> Iterator[Entry]:
        (directory,) = struct.unpack_from("<I", self.data, 48)
        for sector in self._chain(directory):
            for at in range(self._at(sector), self._at(sector) + self.size, 128):
                (letters,) = struct.unpack_from("<H", self.data, at + 64)
                name = self.data[at : at + max(letters - 2, 0)].decode("utf-16-le", "ignore")
                start, length = struct.unpack_from("<II", self.data, at + 116)
                yield Entry(name, at, start, length)

    # The workbook in it -------------------------------------------------------------------------

    @cached_property
    def _globals(self) -> list[tuple[int, bytes]]:
        found: list[tuple[int, bytes]] = []
        for kind, body in _records(self.stream, 0):
            if kind == _END:
                break
            found.append((kind, body))
        return found

    @property
    def before_97(self) -> bool:
        """Excel 5, 95 and older: their texts name no encoding that can be relied on."""
        if not self._globals:
            return False
        kind, body = self._globals[0]
        older = kind == _START and int.from_bytes(body[:2], "little") < _BIFF8
        return older or kind in _OLDER_STARTS

    @property
    def has_password(self) -> bool:
        return any(kind == _PASSWORD for kind, _ in self._globals[:5])

    @property
    def from_1904(self) -> bool:
        return any(kind == _DATE_MODE and body[:1] == b"\x01" for kind, body in self._globals)

    def sheets(self) -> list[OldSheet]:
        """Every worksheet, in the order of the workbook."""
        stream = self.stream
        # Most have none, and walking the records takes time.
        if not _MAY_HAVE_SOME.search(stream) and not _MAY_BE_HIDDEN.search(stream):
            return []
        return [
            _sheet_from(stream, int.from_bytes(body[:4], "little"))
            for kind, body in self._globals
            if kind == _SHEET and len(body) >= 6 and body[5] == 0
        ]


def _followed(table: list[int], sector: int, most: int) -> Iterator[int]:
    """The sectors of a stream; a ring ends where the file is used up."""
    for _ in range(most + 1):
        if sector >= _NO_SECTOR:
            return
        yield sector
        sector = table[sector]


def _sheet_from(stream: bytes, start: int) -> OldSheet:
    sheet = OldSheet()
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
        elif kind == _ROW and len(body) >= 13 and body[12] & _HIDDEN:
            sheet.hidden.add(int.from_bytes(body[:2], "little"))
        if code in _ERRORS:
            row, column = struct.unpack_from("<HH", body)
            sheet.errors[row, column] = _ERRORS[code]
    return sheet


def _records(stream: bytes, at: int) -> Iterator[tuple[int, bytes]]:
    while at + 4 <= len(stream):
        kind, size = struct.unpack_from("<HH", stream, at)
        yield kind, stream[at + 4 : at + 4 + size]
        at += 4 + size
