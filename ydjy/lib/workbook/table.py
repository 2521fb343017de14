"""Finding the table in a book: header row, columns, and what each row below it is.

People put titles above the header, merge header cells over two rows, write it with spaces, line
breaks and stars, and give every county its own sheet (domain.md 2.6, trap 14; features.md X3, X4).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from types import MappingProxyType
from typing import Literal

from ydjy.lib.workbook.book import (
    Book,
    DateText,
    NumberText,
    PackedRows,
    Row,
    Sheet,
    WorkbookError,
    column_letter,
)
from ydjy.lib.workbook.ragged import refuse_shifted

ColumnMap = Mapping[str, Sequence[str]]
RowKind = Literal["data", "total", "note", "header", "sample", "numbers"]
SAMPLE = "示例"  # how the first cell of a row begins that only shows how to fill in a list
SAMPLES = frozenset({SAMPLE, "样例", "范例", "例", "例如", "填写示例", "填表示例"})

_NOTHING_REMEMBERED: Mapping[str, str] = MappingProxyType({})
ROWS_SEARCHED = 30
_ROWS_NAMED = 5
_COUNTING, _STEMS = "栏次", "甲乙丙丁戊己庚辛壬癸"
_FIRST_NUMBERS = frozenset({_COUNTING, _STEMS[0], "1"})
_FEWEST_NUMBERS = 4
_REMEMBERED = 60  # characters of a title by which a person's word for it is kept
_LONGEST_TITLE = 200  # a cell beyond this is no title, whatever it says
# Ranges that do not overlap cannot cover more columns than a list may have, with room for gaps.
_WIDEST = 200
_DECORATION = re.compile(r"[\s*＊※·:：、。\ufeff\u200b]+")
_NUMBERED = re.compile(r"\(?\d{1,2}[.、)](?=\D)")
_BRACKETS = re.compile(r"[(\[【（][^)\]】）]*[)\]】）]")
_TOTAL = re.compile(r"(合计|小计|总计|共计|累计|总数)|.{1,10}(合计|小计|总计)$")
_NOTE = re.compile(
    r"(注|备注|附注|说明|填表说明|填报说明|提示)\d*[:：.、]|(制表|填表|填报|审核|复核|负责|经办|联系)(人|单位|日期|时间)?[:：]|"
    r"以上|本表|截至|单位[(（]?盖章"
)


@dataclass(frozen=True)
class TableSheet:
    """The table on one sheet.

    ``header_row`` is the Excel row of its lowest header line; ``columns`` maps a key to a 0-based
    column; ``headers`` are the texts as in the file by column, ``unmapped`` those without a key;
    ``rows`` are the non-blank rows below the header, vertical merges filled down.
    """

    sheet: str
    hidden: bool
    header_row: int
    columns: dict[str, int]
    headers: tuple[str, ...]
    unmapped: tuple[str, ...]
    rows: Sequence[Row]
    required: tuple[str, ...] = ()
    above: tuple[str, ...] = ()  # what stands over the header

    @cached_property
    def header_keys(self) -> list[tuple[int, str, bool]]:
        """Of each mapped column its place, the form in which its title is compared, and whether
        that is without Chinese."""
        keys = [(index, header_key(self.headers[index])) for index in self.columns.values()]
        return [(index, key, key.isascii()) for index, key in keys]

    def value(self, row: Row, key: str) -> str:
        """The cell of a key; blank when this sheet has no such column."""
        return row.at(self.columns.get(key))


@dataclass(frozen=True)
class Table:
    """The same table over all sheets that have it; ``ignored`` names sheets with other content."""

    sheets: tuple[TableSheet, ...]
    ignored: tuple[str, ...] = ()


@dataclass(frozen=True)
class Header:
    top: int
    depth: int
    texts: tuple[str, ...]
    columns: tuple[tuple[str, int], ...]

    @property
    def score(self) -> int:
        return len({key for key, _ in self.columns})


@lru_cache(maxsize=4096)  # asked again of the same hospital and message in every row
def header_key(text: str) -> str:
    """The form in which header texts are compared: NFKC, no white space, stars or colons, and
    without the number that a form puts before each (3.姓名)."""
    bare = unicodedata.normalize("NFKC", text).strip()
    if numbered := _NUMBERED.match(bare):
        bare = bare[numbered.end() :]
    return _DECORATION.sub("", bare).lower()


def header_names(columns: ColumnMap, remembered: Mapping[str, str]) -> dict[str, str]:
    """Header texts in the form that is compared → key; what a sender is known for goes first."""
    names = {header_key(word): key for key, words in columns.items() for word in words}
    return names | {header_key(word): key for word, key in remembered.items()}


def find_table(
    book: Book,
    columns: ColumnMap,
    required: Sequence[str],
    *,
    remembered: Mapping[str, str] = _NOTHING_REMEMBERED,
    hint: str = "",
) -> Table:
    """The table whose columns are ``columns`` (key → synonyms), on every sheet that has it.

    ``remembered`` maps header texts of a sender to keys, ``""`` leaves a column out; it goes
    before the synonyms. Raises WorkbookError for a missing required column (``hint`` is the
    second half of that sentence) and for two columns of one meaning.
    """
    names = header_names(columns, remembered)
    found = {index: find_header(sheet, names) for index, sheet in enumerate(book.sheets)}
    best = max((header.score for header in found.values() if header), default=0)
    tables: list[TableSheet] = []
    ignored: list[str] = []
    for index, sheet in enumerate(book.sheets):
        header = found[index]
        if header is None or header.score < max(2, best / 2):
            if sheet.rows:
                ignored.append(sheet.name)
            continue
        _refuse_doubled(sheet, header)
        _refuse_missing(sheet, header, columns, required, hint)
        tables.append(_table(book, sheet, header, tuple(required)))
    if not tables:
        wanted = "、".join(f"“{_title(columns, key)}”" for key in required)
        raise WorkbookError(f"没有找到表头（应有{wanted}等列），{hint or '请检查文件。'}")
    return Table(tuple(tables), tuple(ignored))


def _title(columns: ColumnMap, key: str) -> str:
    words = columns.get(key) or (key,)
    return words[0]


def find_header(sheet: Sheet, names: Mapping[str, str]) -> Header | None:
    """The line, or pair of lines, among the first thirty that names most columns."""
    best: Header | None = None
    rows = sheet.rows[:ROWS_SEARCHED]
    for top, row in enumerate(rows):
        candidates = [_mapped(top, 1, row.cells, names)]
        if top + 1 < len(rows) and _may_be_lower_line(row, rows[top + 1]):
            texts = _two_lines(sheet, row, rows[top + 1], names)
            candidates.append(_mapped(top, 2, texts, names))
        for header in candidates:
            if header.score and (best is None or header.score > best.score):
                best = header
    return best


def _may_be_lower_line(upper: Row, lower: Row) -> bool:
    # The second line of a header holds words only, and stands directly below.
    values = [text for text in lower.cells if text.strip()]
    numbers = any(isinstance(text, NumberText | DateText) or text.isdigit() for text in values)
    return lower.number == upper.number + 1 and len(values) > 1 and not numbers


def _two_lines(sheet: Sheet, upper: Row, lower: Row, names: Mapping[str, str]) -> tuple[str, ...]:
    texts: list[str] = []
    group = ""
    for index in range(max(len(upper.cells), len(lower.cells))):
        above, below = upper.at(index), lower.at(index)
        if above.strip():
            group = above
        elif not _spans(sheet, upper.number, index):
            group = ""
        if not below.strip():
            texts.append(above)
        elif column_key(below, names) is None and column_key(group + below, names) is not None:
            texts.append(group + below)
        else:
            texts.append(below)
    return tuple(texts)


def _spans(sheet: Sheet, row: int, column: int) -> bool:
    return any(
        top <= row <= bottom and left < column <= right
        for top, bottom, left, right in sheet.merged[:1000]
    )


def column_key(text: str, names: Mapping[str, str]) -> str | None:
    """The column that a header text names, whatever stands in brackets behind it; "" is left out,
    ``None`` unknown. ``names``: as :func:`header_names` gives them."""
    whole = header_key(text)
    if whole in names:
        return names[whole]
    bare = names.get(header_key(_BRACKETS.sub("", unicodedata.normalize("NFKC", text))))
    return bare if bare is not None else names.get(header_key(text.strip()[:_REMEMBERED]))


def _mapped(top: int, depth: int, texts: Sequence[str], names: Mapping[str, str]) -> Header:
    columns = [
        (key, index)
        for index, text in enumerate(texts)
        if text and (key := column_key(text, names))
    ]
    return Header(top, depth, tuple(texts), tuple(columns))


def doubled(columns: Sequence[tuple[str, int]]) -> list[int]:
    """The columns that mean what an earlier one means, each behind that one."""
    seen: dict[str, int] = {}
    found: list[int] = []
    for key, index in columns:
        if key in seen:
            found += (seen[key], index)
        seen.setdefault(key, index)
    return found


def _refuse_doubled(sheet: Sheet, header: Header) -> None:
    pair = doubled(header.columns)[:2]
    if not pair:
        return
    first, second = (f"“{header.texts[i].strip()}”（{column_letter(i)} 列）" for i in pair)
    alike = len({header_key(header.texts[i]) for i in pair}) == 1
    mend = "删去或改名其中一列后" if alike else "在“对应列”里选用哪一列，或者删去、改名其中一列后"
    raise WorkbookError(
        f"{_on(sheet)}{first}和{second}是同一项内容，不知道该用哪一列，请{mend}重新上传。"
    )


def _refuse_missing(
    sheet: Sheet, header: Header, columns: ColumnMap, required: Sequence[str], hint: str
) -> None:
    present = {key for key, _ in header.columns}
    missing = [f"“{_title(columns, key)}”" for key in required if key not in present]
    if missing:
        advice = hint or "请补上后重新上传。"
        these = "这一列" if len(missing) == 1 else "这几列"
        raise WorkbookError(
            f"{_on(sheet)}没有找到{'、'.join(missing)}{these}，{advice}{_not_understood(header)}"
        )


def _not_understood(header: Header) -> str:
    """The headers that nobody knows: one of them may be what is missing."""
    known = {index for _, index in header.columns}
    unknown = [
        f"“{text.strip()[:20]}”"
        for index, text in enumerate(header.texts)
        if text.strip() and index not in known
    ]
    more = "等" if len(unknown) > _ROWS_NAMED else ""
    return f"没有认出来的列名：{'、'.join(unknown[:_ROWS_NAMED])}{more}。" if unknown else ""


def _on(sheet: Sheet) -> str:
    return f"工作表“{sheet.name}”：" if sheet.name else ""


def _table(book: Book, sheet: Sheet, header: Header, required: tuple[str, ...]) -> TableSheet:
    first = header.top + header.depth
    header_row = sheet.rows[first - 1].number
    rows = _filled_down(sheet, sheet.rows[first:], header_row)
    columns = dict(header.columns)
    mapped = set(columns.values())
    unmapped = tuple(
        text.strip()
        for index, text in enumerate(header.texts)
        if text.strip() and index not in mapped
    )
    above = tuple(text for row in sheet.rows[: header.top] for text in row.cells if text.strip())
    table = TableSheet(
        sheet.name, sheet.hidden, header_row, columns, header.texts, unmapped, rows, required, above
    )
    if book.delimiter is not None:
        _refuse_ragged(table)
    return table


def _filled_down(sheet: Sheet, rows: Sequence[Row], header_row: int) -> Sequence[Row]:
    """A value merged over several data rows counts for each of them, as people mean it."""
    tall = [merge for merge in sheet.merged if merge[0] > header_row and merge[1] > merge[0]]
    if not tall:
        return rows
    rows = list(rows)
    place = {row.number: index for index, row in enumerate(rows)}
    filled = list(rows)
    visits = 0
    for top, bottom, left, _ in tall:
        if top not in place:
            continue
        value = rows[place[top]].at(left)
        visits += min(bottom, rows[-1].number) - top
        if visits > len(rows) * _WIDEST:
            raise WorkbookError(f"{_on(sheet)}合并单元格互相重叠，请取消合并后重新上传。")
        for index in range(place[top] + 1, len(rows)):
            row = filled[index]
            if row.number > bottom or not value:
                break
            if not row.at(left):
                filled[index] = _with(row, left, value)
    return filled


def _with(row: Row, column: int, value: str) -> Row:
    cells = list(row.cells) + [""] * (column + 1 - len(row.cells))
    cells[column] = value
    return row._replace(cells=tuple(cells))


def _refuse_ragged(table: TableSheet) -> None:
    width = len(table.headers)
    if isinstance(table.rows, PackedRows) and table.rows.width == width:
        return  # the child has counted already
    needed = max((table.columns[key] for key in table.required if key in table.columns), default=0)
    refuse_shifted([row for row in table.rows if row_kind(row, table) == "data"], width, needed)


def row_kind(row: Row, table: TableSheet) -> RowKind:
    """Whether a row below the header is data, a total, a note, a sample, or the header once more.

    A row that has every required cell is data: nothing received gets lost. One that only counts
    the columns, as forms do below their header, says nothing of anybody.
    """
    if _repeats_header(row, table):
        return "header"
    if _numbers_columns(row):
        return "numbers"
    if header_key(next(filter(str.strip, row.cells), "")) in SAMPLES:
        return "sample"
    if table.required and all(table.value(row, key).strip() for key in table.required):
        return "data"
    filled = [(index, text.strip()) for index, text in enumerate(row.cells) if text.strip()]
    if not filled:
        return "header"
    start, first = filled[0]
    squeezed = header_key(first)
    if _TOTAL.match(squeezed):
        return "total"
    if _NOTE.match("".join(unicodedata.normalize("NFKC", first).split())):
        return "note"
    alone = len(filled) == 1 and not isinstance(row.cells[start], NumberText | DateText)
    needed = {table.columns[key] for key in table.required if key in table.columns}
    if alone and start not in needed and not squeezed.isdigit() and len(first) > 1:
        return "note"
    return "data"


def _numbers_columns(row: Row) -> bool:
    """栏次 1 2 3 …, or 甲 乙 1 2 3 …, below a header."""
    if row.at(0).strip() not in _FIRST_NUMBERS:
        return False
    first, *rest = map(str.strip, row.cells)
    texts = rest if first == _COUNTING else [first, *rest]
    while texts and not texts[-1]:
        texts.pop()
    letters = sum(1 for text, letter in zip(texts, _STEMS, strict=False) if text == letter)
    numbers = list(map(str, range(1, len(texts) - letters + 1)))
    return len(texts) >= _FEWEST_NUMBERS and texts == [*_STEMS[:letters], *numbers]


def _repeats_header(row: Row, table: TableSheet) -> bool:
    needed = max(2, len(table.columns) / 2)
    same, left = 0, len(table.columns)
    cells, width = row.cells, len(row.cells)
    for index, title, ascii_only in table.header_keys:
        if same + left < needed:
            return False
        left -= 1
        text = cells[index] if index < width else ""
        # Most cells are numbers, and no number becomes a Chinese title.
        if text and (ascii_only or not text.isascii()) and len(text) < _LONGEST_TITLE:
            same += header_key(text) == title
    return same >= needed
