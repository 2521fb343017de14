"""Reading a list that comes again and again: rows that are known already are left out.

The parent names the fingerprints of the rows that it knows. The child fingerprints every row while
it has the cells in hand, on the other core, and sends of a known row only its number and which one
it is; the others come with their fingerprint, squeezed. So of a list of 600,000 rows with 6,000 new
ones the parent unpacks the 6,000, and of a first one it holds a third of the file.

For this the child looks for the header by itself, with less in view than ``find_table`` has (merged
ranges come last). :func:`holds` tells whether both found the same; if not, the file is to be read
in the plain way.
"""

from __future__ import annotations

import marshal
import zlib
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping
from hashlib import blake2b
from heapq import merge
from itertools import chain, islice
from operator import itemgetter
from sys import byteorder
from typing import Any, NamedTuple

from ydjy.lib.workbook.book import Event, PackedRows, Row, Sheet, WireRow, unwired
from ydjy.lib.workbook.table import ROWS_SEARCHED, Table, TableSheet, find_header

Cells = tuple[str, ...]
Fingerprint = Callable[[Cells], bytes]
_AT_A_TIME = 2_000


class Sift(NamedTuple):
    """``names``: header text in the form that is compared → key of its column; ``apart``: keys that
    do not count; ``known``: gives the fingerprints that are known, while the child is reading."""

    names: dict[str, str]
    apart: tuple[str, ...]
    known: Callable[[], array[int]]


class SiftedRow(NamedTuple):
    """A row as :class:`book.Row`, with its fingerprint; ``known`` is its place among those named.
    The first row with a known fingerprint comes without cells."""

    number: int
    cells: Cells
    hidden: bool = False
    fingerprint: int = 0
    known: int | None = None

    def at(self, index: int | None) -> str:
        return Row.at(self, index)  # type: ignore[arg-type]


class Part(NamedTuple):
    """Some rows of a sheet: numbers and places of those that are known and came without cells, and
    the others."""

    numbers: list[int]
    places: list[int]
    rows: list[SiftedRow]


def fingerprinter(columns: Mapping[str, int], apart: Iterable[str] = ()) -> Fingerprint:
    """Fingerprints rows by their filled cells under the key of the column, wherever it stands."""
    places = sorted((key, at) for key, at in columns.items() if key not in set(apart))
    full = "\x1f".join(f"{key}\x1e%s" for key, _ in places)
    pick = itemgetter(*(at for _, at in places)) if len(places) > 1 else None

    def some(cells: Cells) -> str:
        width = len(cells)
        return "\x1f".join(
            f"{key}\x1e{cells[at]}" for key, at in places if at < width and cells[at]
        )

    def fingerprint(cells: Cells) -> bytes:
        try:
            found = pick(cells) if pick else ("",)
        except IndexError:
            found = ("",)
        said = some(cells) if "" in found else full % found
        return blake2b(said.encode(), digest_size=8).digest()

    return fingerprint


def number_of(fingerprint: bytes) -> int:
    """A fingerprint as the database keeps it."""
    return int.from_bytes(fingerprint, "big", signed=True)


def as_bytes(numbers: array[int]) -> bytes:
    """Many such numbers (``array("q")``) as fingerprints, one after the other."""
    turned = array("q", numbers)
    if byteorder == "little":
        turned.byteswap()
    return turned.tobytes()


# In the child ------------------------------------------------------------------------------------


class _Sieve:
    """The rows of one sheet. ``ragged``: rows may be wider than the header, as in a csv; such a row
    has shifted columns and is sent whole, for the parent to say so."""

    def __init__(
        self,
        names: dict[str, str],
        apart: tuple[str, ...],
        known: dict[bytes, int],
        seen: bytearray,
        *,
        ragged: bool,
    ):
        self.names, self.apart, self.ragged = names, apart, ragged
        self.known, self.seen = known, seen
        self.columns: dict[str, int] = {}
        self.width = self.first = self.at = 0
        self.even, self.begun = True, False
        self.fingerprint: Fingerprint | None = None

    def _begin(self, rows: list[WireRow]) -> None:
        self.begun = True
        head = find_header(Sheet("", False, list(unwired(rows[:ROWS_SEARCHED]))), self.names)
        if head is not None:
            self.columns, self.width = dict(head.columns), len(head.texts)
            self.first = head.top + head.depth
            self.fingerprint = fingerprinter(self.columns, self.apart)

    def block(self, rows: list[WireRow]) -> tuple[Any, ...]:
        """Some rows as they are sent: numbers and places of the known, and the others."""
        if not self.begun:
            self._begin(rows)
        begins, self.at = self.at, self.at + len(rows)
        if self.fingerprint is None:
            return [], [], [(*row, 0, None) for row in rows]
        marks = [self.fingerprint(row[2]) for row in rows]
        places: list[int | None] = list(map(self.known.get, marks))
        # Among the first rows the header is looked for once more; above it nothing is known.
        whole = set(range(max(ROWS_SEARCHED - begins, 0))) | self._shifted(rows, begins)
        whole |= self._repeated(places)
        if not whole and None not in places:
            return [row[0] for row in rows], places, []
        numbers, known, others = [], [], []
        for at, (row, mark, place) in enumerate(zip(rows, marks, places, strict=True)):
            if place is None or at in whole:
                others.append((*row, number_of(mark), place))
            else:
                numbers.append(row[0])
                known.append(place)
        return numbers, known, others

    def _shifted(self, rows: list[WireRow], begins: int) -> set[int]:
        """Rows below the header with more or fewer cells than it has."""
        width = self.width
        if not self.ragged or {len(row[2]) for row in rows} == {width}:
            return set()
        first = max(self.first - begins, 0)
        shifted = {at for at in range(first, len(rows)) if len(rows[at][2]) != width}
        self.even = self.even and not shifted
        return shifted

    def _repeated(self, places: list[int | None]) -> set[int]:
        """Rows with a fingerprint that an earlier row had."""
        seen, repeated = self.seen, set()
        for at, place in enumerate(places):
            if place is not None:
                if seen[place]:
                    repeated.add(at)
                seen[place] = 1
        return repeated

    def told(self) -> Event:
        columns = tuple(self.columns.items())
        return ("sifted", columns, self.width if self.even and self.fingerprint else None)


def sifted(
    events: Iterator[Event], sift: tuple[Any, ...], known: Callable[[], bytes], *, ragged: bool
) -> Iterator[Event]:
    """A reader's events as they go through the pipe: known rows left out, blocks squeezed, and
    before the next sheet what was found of the header of the last."""
    first = next(events)  # the file is open now; meanwhile the parent has found what it knows
    named, (names, apart) = known(), sift
    places = {named[at : at + 8]: at // 8 for at in range(0, len(named), 8)}
    seen = bytearray(len(named) // 8)
    sieve: _Sieve | None = None
    for event in chain([first], events):
        if event[0] == "rows" and sieve is not None:
            rows: list[WireRow] = event[1]  # type: ignore[assignment]
            packed = zlib.compress(marshal.dumps(sieve.block(rows)), 1)
            yield ("packed", len(rows), packed)
            continue
        if event[0] in ("sheet", "book"):
            if sieve is not None and sieve.begun:
                yield sieve.told()
            sieve = _Sieve(names, apart, places, seen, ragged=ragged)
        yield event


# In the parent -----------------------------------------------------------------------------------


class SiftedRows(PackedRows):
    """The rows of a sheet as :class:`SiftedRow`, in blocks that are opened one by one."""

    def parts(self) -> Iterator[Part]:
        """The rows block by block."""
        skip = self._skip
        for count, packed in self._blocks:
            if skip <= 0:
                yield _part(packed)
            elif skip < count:
                rows = list(islice(self.opened(packed), skip, None))
                known = [row for row in rows if not row.cells]
                others = [row for row in rows if row.cells]
                yield Part([row.number for row in known], [row.known for row in known], others)
            skip -= count

    @staticmethod
    def opened(packed: bytes) -> Iterator[Any]:
        """All rows in their order."""
        numbers, places, rows = _part(packed)
        known = (SiftedRow(n, (), False, 0, p) for n, p in zip(numbers, places, strict=True))
        return merge(known, rows)


def _part(packed: bytes) -> Part:
    numbers, places, rows = marshal.loads(zlib.decompress(packed))  # noqa: S302 - our own child's
    whole = []
    for number, hidden, cells, typed, mark, place in rows:
        if typed:
            cells = next(unwired([(number, hidden, cells, typed)])).cells
        whole.append(SiftedRow(number, cells, hidden, mark, place))
    return Part(numbers, places, whole)


def parts(
    sheet: TableSheet, apart: Iterable[str], places: Callable[[], Mapping[int, int]]
) -> Iterator[Part]:
    """The rows of any sheet in this way; ``places``: those of the known fingerprints, asked for
    when the sheet was read plainly."""
    if isinstance(sheet.rows, SiftedRows):
        yield from sheet.rows.parts()
        return
    fingerprint, known, rows = fingerprinter(sheet.columns, apart), places(), iter(sheet.rows)
    while some := list(islice(rows, _AT_A_TIME)):
        marks = [number_of(fingerprint(row.cells)) for row in some]
        pairs = zip(some, marks, strict=True)
        yield Part([], [], [SiftedRow(*row, mark, known.get(mark)) for row, mark in pairs])


def holds(table: Table) -> bool:
    """Whether the child's columns are those of the table, and nothing was filled in since."""
    return all(
        isinstance(sheet.rows, SiftedRows) and sheet.rows.columns == sheet.columns
        for sheet in table.sheets
    )
