"""Reading and judging a received list, before anything is stored.

A :class:`ListKind` says what a list's columns are called and how one row is judged; every kind of
list that is imported (weekly errors, institutions) is one value of it. :func:`examine` turns the
bytes of a file into a :class:`Report`: every row with its verdict, or one sentence why the file
cannot be read. The command 导入体检 prints it; the intake stages it. Nothing here writes anything.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

from ydjy.desk.imports import measures, row_places
from ydjy.desk.imports.measures import Measure
from ydjy.desk.imports.row_errors import (
    ACCEPTED,
    DUPLICATE,
    HELD,
    REJECTED,
    SKIPPED,
    Cells,
    Doubts,
    Values,
    summary,
    told,
)
from ydjy.lib import idnumbers, workbook

AT_ODDS = "编号相同，内容不同，请判断以哪一行为准"

SKIP_REASONS = {
    "total": "合计行，不是数据。",
    "note": "说明文字，不是数据。",
    "header": "重复的表头，不是数据。",
    "sample": "示例行，不是数据。",
    "numbers": "列的编号，不是数据。",
}


Readers = Mapping[str, Callable[[str], str | None]]
Judge = Callable[[Cells], tuple[Values, Doubts]]


@dataclass(frozen=True)
class Guide:
    """How a column of a blank list is filled in: an example, what may be written, a hint."""

    sample: str = ""
    note: str = ""
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class ListKind:
    """A list that is imported.

    ``columns``: key → header synonyms; ``required``: columns without which it is another list;
    ``judge``: cells by key → canonical values and doubts; ``same``: what makes two rows the same
    thing (``None`` when it cannot be told); ``secret``: keys masked unless revealed; ``guide``:
    how the columns of a blank one are filled in; ``measures``: what the columns of numbers and
    days are counted in; ``at_odds``: what is said of the second of two rows that are one thing and
    say different things; ``likely``: by what two rows may be one thing, and in what they then
    differ, with ``likely_words``.
    """

    code: str
    label: str
    limits: workbook.Limits
    columns: workbook.ColumnMap
    required: tuple[str, ...]
    hint: str
    judge: Judge
    same: Callable[[Values], str | None]
    secret: frozenset[str] = frozenset()
    guide: Mapping[str, Guide] = field(default_factory=dict)
    at_odds: str = AT_ODDS
    likely: Callable[[Values], tuple[str, str] | None] = lambda values: None
    likely_words: str = ""
    measures: Mapping[str, Measure] = field(default_factory=dict)


@dataclass(slots=True)
class First:
    """What is remembered of a row, should a later one be the same thing: its place in the file,
    what it says, the row of an earlier file that it stands for, its key once it is staged."""

    row: int
    said: int
    sheet: str = ""
    original: int | None = None
    key: int | None = None


@dataclass(slots=True)
class ReadRow:
    """A row below the header with its verdict. ``columns`` are header texts of the file; ``twin``
    is the row that it repeats, ``first`` itself as later rows may repeat it."""

    sheet: str
    row: int
    cells: tuple[str, ...]
    status: str
    values: Values
    columns: tuple[str, ...] = ()
    message: str = ""
    twin: First | None = None
    first: First | None = None
    original: int | None = None  # key of the staged row of an earlier file that it stands for
    unread: tuple[str, ...] = ()  # doubtful cells without a value: nobody knows what they say

    @property
    def where(self) -> str:
        return row_places.of_row(self.sheet, self.row)

    def as_json(self, secret: frozenset[str], *, reveal: bool) -> dict[str, Any]:
        values = {
            key: value if reveal or value is None or key not in secret else idnumbers.mask(value)
            for key, value in self.values.items()
        }
        return {
            "sheet": self.sheet,
            "row": self.row,
            "status": self.status,
            "values": values,
            "columns": list(self.columns),
            "message": f"{self.where}{self.message}" if self.message else "",
        }


@dataclass
class Report:
    """What a file holds. ``message`` is a sentence for people, in both outcomes."""

    kind: ListKind
    filename: str
    outcome: str  # "ok" | "refused"
    message: str
    format: str = ""
    rows: list[ReadRow] = field(default_factory=list)
    unmapped: tuple[str, ...] = ()
    layout: list[dict[str, Any]] = field(default_factory=list)

    def count(self, status: str) -> int:
        return sum(row.status == status for row in self.rows)

    @property
    def counts(self) -> dict[str, int]:
        return {s: self.count(s) for s in (ACCEPTED, HELD, REJECTED, DUPLICATE, SKIPPED)}

    def as_json(self, *, reveal: bool = False) -> dict[str, Any]:
        return {
            "file": self.filename,
            "kind": self.kind.code,
            "outcome": self.outcome,
            "message": self.message,
            "rows_in": len(self.rows),
            "rows": [row.as_json(self.kind.secret, reveal=reveal) for row in self.rows],
            "unmapped": list(self.unmapped),
        }


def examine(
    kind: ListKind, data: bytes, filename: str, *, remembered: Mapping[str, str] | None = None
) -> Report:
    """Every row of the file with its verdict, read in a guarded child process."""
    try:
        return judge(open_file(kind, data, filename, remembered=remembered or {}))
    except workbook.WorkbookError as refused:
        return Report(kind, filename, "refused", str(refused))


@dataclass(frozen=True)
class Opened:
    """A file whose table was found and whose rows are not judged yet."""

    kind: ListKind
    filename: str
    book: workbook.Book
    table: workbook.Table

    @property
    def layout(self) -> list[dict[str, Any]]:
        return [
            {
                "sheet": sheet.sheet,
                "header_row": sheet.header_row,
                "headers": list(sheet.headers),
                "columns": dict(sheet.columns),
            }
            for sheet in self.table.sheets
        ]

    @property
    def unmapped(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(h for sheet in self.table.sheets for h in sheet.unmapped))

    @property
    def size(self) -> int:
        return sum(len(sheet.rows) for sheet in self.table.sheets)


class ColumnsMissing(workbook.WorkbookError):
    """The list is recognised, but a column that it needs has a name that nobody knows yet.
    ``headers`` are the texts of its header line, for a person to say which is which."""

    def __init__(self, sentence: str, book: workbook.Book, headers: tuple[str, ...]):
        self.book, self.headers = book, headers
        super().__init__(sentence)

    @property
    def layout(self) -> list[dict[str, Any]]:
        """What the receipt keeps of the file, for the page that asks."""
        return [{"sheet": "", "header_row": 0, "headers": list(self.headers), "columns": {}}]


def open_file(
    kind: ListKind,
    data: bytes,
    filename: str,
    *,
    remembered: Mapping[str, str],
    encoding: str = "",
) -> Opened:
    """The file's table, or ``WorkbookError`` with one sentence; ``ColumnsMissing`` when naming
    the columns would mend it."""
    book = workbook.read_guarded(data, kind.limits, filename=filename, encoding=encoding)
    return open_book(kind, book, filename, remembered=remembered)


def open_book(
    kind: ListKind, book: workbook.Book, filename: str, *, remembered: Mapping[str, str]
) -> Opened:
    """The same of a file that was read."""
    try:
        table = workbook.find_table(
            book, kind.columns, kind.required, remembered=remembered, hint=kind.hint
        )
    except workbook.WorkbookError as refused:
        headers = _likely_headers(kind, book, remembered) or _said_wrongly(kind, book, remembered)
        if headers:
            raise ColumnsMissing(str(refused), book, headers) from refused
        raise
    opened = Opened(kind, filename, book, table)
    if not opened.size:
        raise workbook.WorkbookError("表头下面没有数据。请确认选对了文件。")
    return opened


def _said_wrongly(
    kind: ListKind, book: workbook.Book, remembered: Mapping[str, str]
) -> tuple[str, ...]:
    """The header line, where only what a person once said of the columns stands in the way: then
    that is asked anew, else no file of the sender would ever be read again."""
    if not remembered:
        return ()
    try:
        table = workbook.find_table(book, kind.columns, kind.required)
    except workbook.WorkbookError:
        return ()
    return tuple(text.strip() for text in table.sheets[0].headers)


def _likely_headers(
    kind: ListKind, book: workbook.Book, remembered: Mapping[str, str]
) -> tuple[str, ...]:
    """The header line of what is likely this list, where naming the columns mends it: it has at
    least half of the columns that the list needs and four known ones in all, and lacks one or has
    two of one meaning that can be told apart."""
    names = workbook.header_names(kind.columns, remembered)
    for sheet in book.sheets:
        for row in sheet.rows[:30]:
            columns = [
                (key, at)
                for at, text in enumerate(row.cells)
                if text.strip() and (key := workbook.column_key(text, names))
            ]
            known = {key for key, _ in columns}
            missing = set(kind.required) - known
            enough = len(known) >= 4 and len(missing) * 2 <= max(2, len(kind.required))
            twice = workbook.doubled(columns)
            titles = {workbook.header_key(row.cells[at]) for at in twice}
            if enough and (missing or twice) and len(titles) == len(set(twice)):
                return tuple(text.strip() for text in row.cells)
    return ()


def judge(opened: Opened) -> Report:
    """Every row with its verdict."""
    rows = list(judged(opened))
    report = Report(
        opened.kind,
        opened.filename,
        "ok",
        "",
        format=opened.book.format,
        rows=rows,
        unmapped=opened.unmapped,
        layout=opened.layout,
    )
    report.message = in_words(opened, report.counts)
    return report


def judged(opened: Opened) -> Iterator[ReadRow]:
    """The rows one after the other, each with its verdict: what is remembered of a long file is
    little. The second of two rows that are the same thing is a duplicate of the first; if they say
    different things under the same number, a person must look, as where they may be the same."""
    seen: dict[str | bytes, First] = {}
    likely: dict[int, tuple[str, str, int]] = {}
    for row in _judged(opened.kind, opened.table):
        if row.status in (ACCEPTED, HELD) and (key := opened.kind.same(row.values)) is not None:
            _mark_twin(row, seen, key, opened.kind.at_odds)
        if row.status == ACCEPTED:
            _mark_likely(row, likely, opened.kind)
        yield row


def _mark_likely(row: ReadRow, seen: dict[int, tuple[str, str, int]], kind: ListKind) -> None:
    """The second of two rows that may be one thing, corrected, waits for a person."""
    if (found := kind.likely(row.values)) is None:
        return
    what, says = found
    said, sheet, number = seen.setdefault(hash(what), (says, row.sheet, row.row))
    if said != says:
        other = row_places.of_sheet(sheet) if sheet != row.sheet else ""
        row.status = HELD
        row.message = f"与{other}第 {number} 行{kind.likely_words}。"


def _mark_twin(row: ReadRow, seen: dict[str | bytes, First], key: str, at_odds: str) -> None:
    short = key if len(key) <= 40 else blake2b(key.encode(), digest_size=16).digest()
    said = hash((row.unread, *(item for item in row.values.items() if item[0] != "seq")))
    twin = seen.get(short)
    if twin is None:
        row.first = seen[short] = First(row.row, said, row.sheet)
        return
    other = row_places.of_sheet(twin.sheet) if twin.sheet != row.sheet else ""
    if twin.said == said:
        row.status, row.twin = DUPLICATE, twin
        row.message = f"与{other}第 {twin.row} 行重复。"
    elif row.status == ACCEPTED:
        row.status = HELD
        row.message = f"与{other}第 {twin.row} 行{at_odds}。"


def in_words(opened: Opened, counts: Mapping[str, int]) -> str:
    """The sentence on a file that was read: how many rows of which verdict, what was left out."""
    return "".join([summary(counts), *_ignored(opened.table), *opened.book.notes])


def _ignored(table: workbook.Table) -> list[str]:
    names = "、".join(f"“{name}”" for name in table.ignored)
    return [f"没有用到的工作表：{names}。"] if names else []


@contextmanager
def recounted(report: Report) -> Iterator[None]:
    """While verdicts are changed after the reading: its sentence then has the new numbers."""
    before = summary(report.counts)
    yield
    report.message = report.message.replace(before, summary(report.counts))


def _judged(kind: ListKind, table: workbook.Table) -> Iterator[ReadRow]:
    for sheet in table.sheets:
        for row in sheet.rows:
            what = workbook.row_kind(row, sheet)
            if what != "data":
                yield ReadRow(
                    sheet.sheet, row.number, row.cells, SKIPPED, {}, (), SKIP_REASONS[what]
                )
                continue
            texts, width = row.cells, len(row.cells)
            cells = {key: texts[at] if at < width else "" for key, at in sheet.columns.items()}
            values, doubts = measures.judged(kind.judge, kind.measures, sheet, cells)
            yield ReadRow(
                sheet.sheet,
                row.number,
                row.cells,
                doubts.status,
                values,
                *told(kind.columns, sheet, doubts),
                unread=tuple(cells[key] for key in doubts.unsure if values.get(key) is None),
            )
