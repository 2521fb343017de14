"""What a received workbook is once it has been read: sheets of rows of text cells.

Cells are text, always. What Excel thought of a cell is kept as a subclass of ``str``, so that an
identity number that went through a number cell can be refused (domain.md 2.7, trap 13) and the
plain case costs nothing.
"""

from __future__ import annotations

import marshal
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, Literal, NamedTuple, overload

Format = Literal["xlsx", "xls", "csv", "tsv"]
Merge = tuple[int, int, int, int]

MEGABYTE = 1024 * 1024
# Titles, header lines and remarks that may stand around the data rows of a full list.
ROWS_AROUND_THE_DATA = 100


class WorkbookError(ValueError):
    """The file cannot be used; ``str(error)`` is one Chinese sentence: what, and how to mend."""


@dataclass(frozen=True)
class Limits:
    """How large a received file of one kind of list may be (reliability.md 1 and section 6).

    ``upload`` and ``inflated`` are bytes (packed, unpacked), ``rows`` data rows over all sheets,
    ``columns`` columns that hold anything, ``cell`` characters, ``memory`` bytes of address space,
    ``cpu`` and ``wall`` seconds. ``inflated`` is a floor: 20 times the upload is always allowed;
    a genuine sheet part unpacks up to 90 times, so the floor is what its rows can need.
    """

    upload: int
    rows: int
    inflated: int
    memory: int = 512 * MEGABYTE
    cpu: int = 20
    wall: int = 30
    columns: int = 60
    members: int = 500
    cell: int = 32_767

    @property
    def last_row(self) -> int:
        """The last Excel row that may hold anything."""
        return self.rows + ROWS_AROUND_THE_DATA


WEEKLY = Limits(upload=10 * MEGABYTE, rows=60_000, inflated=128 * MEGABYTE)
INSTITUTIONS = Limits(
    upload=100 * MEGABYTE,
    rows=1_000_000,
    inflated=1024 * MEGABYTE,
    memory=1536 * MEGABYTE,
    cpu=120,
    wall=150,
)
OTHER = Limits(upload=10 * MEGABYTE, rows=20_000, inflated=64 * MEGABYTE)


class NumberText(str):
    """The cell was a number. From 16 digits on Excel has already replaced digits by zeros."""

    __slots__ = ()


class NumberFrom1904(NumberText):
    """A number that may be a day, in a workbook whose days count from 1904."""

    __slots__ = ()


class DateText(str):
    """The cell was a date: ``2026-11-09``, ``2026-11-09 09:00:00`` or ``09:00:00``."""

    __slots__ = ()


class BoolText(str):
    """The cell was ``TRUE`` or ``FALSE``."""

    __slots__ = ()


class ErrorText(str):
    """The cell was an error value such as ``#N/A``."""

    __slots__ = ()


class UncomputedText(ErrorText):
    """The cell was a formula without a stored result; the text is the formula."""

    __slots__ = ()


# As a csv has it, and what Excel writes there for a day that its column is too narrow to show.
_ERROR = re.compile(r"#(?:N/A|VALUE!|REF!|DIV/0!|NUM!|NAME\?|NULL!|SPILL!|CALC!|#{2,})")

KINDS: dict[str, type[str]] = {
    "n": NumberText,
    "n4": NumberFrom1904,
    "d": DateText,
    "b": BoolText,
    "e": ErrorText,
    "u": UncomputedText,
}


def cell_problem(text: str) -> str | None:
    """The clause to show for a cell that holds no usable value, or None."""
    if isinstance(text, UncomputedText):
        return "单元格是公式，文件里没有存下计算结果，请复制后“选择性粘贴—数值”再保存"
    if isinstance(text, ErrorText) or (text[:1] == "#" and _ERROR.fullmatch(text)):
        return f"单元格是错误值 {text}，请改成实际内容"
    return None


class Row(NamedTuple):
    """One row that holds something; ``number`` is the row number that Excel shows."""

    number: int
    cells: tuple[str, ...]
    hidden: bool = False

    def at(self, index: int | None) -> str:
        """The cell at a 0-based column; blank beyond the end or without a column."""
        if index is None or index >= len(self.cells):
            return ""
        return self.cells[index]


@dataclass(frozen=True)
class Sheet:
    """A sheet: its non-blank rows in order, and merged ranges.

    A range is (first row, last row, first column, last column), rows as ``Row.number``, columns
    from 0 as in ``Row.cells``. The value of a merged range stands in its first cell only.
    """

    name: str
    hidden: bool
    rows: Sequence[Row]
    merged: tuple[Merge, ...] = ()


@dataclass(frozen=True)
class Book:
    """A file that was read. ``notes`` are Chinese sentences for the person who sent it."""

    format: Format
    sheets: tuple[Sheet, ...]
    encoding: str | None = None
    delimiter: str | None = None
    notes: tuple[str, ...] = ()


# The readers speak in events, so that the guarded child holds one block of rows at a time:
#   ("sheet", name, hidden) · ("rows", [WireRow, …]) · ("merged", (range, …))
#   ("book", format, encoding, delimiter, notes) · ("sifted", columns, width): see sift.py
# On the pipe a block of rows is ("packed", how many, bytes): the parent keeps it packed.
WireRow = tuple[int, bool, tuple[str, ...], tuple[tuple[int, str], ...]]
Event = tuple[object, ...]


def pack(event: Event) -> Event:
    """The event as it goes through the pipe."""
    return ("packed", len(event[1]), marshal.dumps(event[1])) if event[0] == "rows" else event  # type: ignore[arg-type]


class PackedRows(Sequence[Row]):
    """The rows of a sheet as they came through the pipe, made into rows when somebody looks: a
    list of 50,000 rows takes a tenth of the memory, however often it is gone through."""

    # What a child that sifts has told (sift.py): the columns of the header, and how many cells
    # every row below it has, if all have as many.
    columns: dict[str, int] | None = None
    width: int | None = None

    def __init__(self, blocks: list[tuple[int, bytes]], skip: int = 0):
        self._blocks, self._skip = blocks, skip
        self._length = max(sum(count for count, _ in blocks) - skip, 0)

    def __len__(self) -> int:
        return self._length

    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)

    def __iter__(self) -> Iterator[Row]:
        skip = self._skip
        for count, packed in self._blocks:
            if skip < count:
                yield from islice(self.opened(packed), skip, None)
            skip = max(skip - count, 0)

    @staticmethod
    def opened(packed: bytes) -> Iterator[Row]:
        return unwired(marshal.loads(packed))  # noqa: S302 - from our own child

    @overload
    def __getitem__(self, at: int) -> Row: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[Row]: ...
    def __getitem__(self, at: int | slice) -> Row | Sequence[Row]:
        """One row, the first few, or all from one on."""
        if isinstance(at, slice):
            start, stop, step = at.indices(len(self))
            if at.stop is None and step == 1:
                rest = type(self)(self._blocks, self._skip + start)
                rest.columns, rest.width = self.columns, self.width
                return rest
            return list(islice(self, start, stop, step))
        place = at + len(self) if at < 0 else at
        for row in islice(self, place, None):
            return row
        raise IndexError(at)


def assemble(events: Iterable[Event], packed_rows: type[PackedRows] = PackedRows) -> Book:
    """The book that a reader's events tell."""
    sheets: list[Sheet] = []
    blocks: list[tuple[int, bytes]] = []
    for event in events:
        match event:
            case ("sheet", str(name), bool(hidden)):
                blocks = []
                sheets.append(Sheet(name, hidden, []))
            case ("rows", list(rows)):
                sheets[-1].rows.extend(unwired(rows))  # type: ignore[attr-defined]
            case ("packed", int(count), bytes(packed)):
                blocks.append((count, packed))
                sheets[-1] = replace(sheets[-1], rows=packed_rows(blocks))
            case ("sifted", tuple(columns), width):
                told: Any = sheets[-1].rows
                told.columns, told.width = dict(columns), width
            case ("merged", tuple(merged)):
                sheets[-1] = replace(sheets[-1], merged=merged)
            case ("book", form, encoding, delimiter, tuple(notes)):
                return Book(form, tuple(sheets), encoding, delimiter, notes)  # type: ignore[arg-type]
    raise WorkbookError("读取这个文件时中途停止了，请重新上传一次；仍不行请用 Excel 另存为 .xlsx。")


def unwired(rows: Iterable[WireRow]) -> Iterator[Row]:
    for number, hidden, cells, typed in rows:
        if typed:
            texts = list(cells)
            for index, kind in typed:
                texts[index] = KINDS[kind](texts[index])
            cells = tuple(texts)
        yield Row(number, cells, hidden)


def column_letter(index: int) -> str:
    """The letters Excel shows for a 0-based column: 0 is A, 26 is AA."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
