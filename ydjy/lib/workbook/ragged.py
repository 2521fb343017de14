"""Lines of a csv that have more or fewer fields than its header: shifted columns, or none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from ydjy.lib.workbook.book import Row, WorkbookError

_ROWS_NAMED = 5
_FEW_DIGITS = 6
Shape = tuple[bool, bool, bool]


def refuse_shifted(rows: Sequence[Row], width: int, needed: int) -> None:
    """A row with another number of fields is a row whose columns have shifted. Where all of them
    end in one comma more than the header, none has: so some programs write. One that is shorter
    has only lost its blank end, as Excel and Outlook write it, if it reaches the last column that
    is ``needed`` and all it says stands under headers where other rows say such things."""
    ragged = [row for row in rows if len(row.cells) != width]
    if len(ragged) == len(rows) and all(
        len(row.cells) == width + 1 and not row.cells[width].strip() for row in ragged
    ):
        return
    whole = [row for row in rows if len(row.cells) == width]
    usual, fewest = _usual(whole or rows), 1 if whole else max(2, len(rows) / 2)
    shifted = [
        row
        for row in ragged
        if not needed < len(row.cells) <= width or not _fits(row, usual, fewest)
    ]
    _say_shifted(width, [f"第 {row.number} 行 {len(row.cells)} 列" for row in shifted])


def _shape(text: str) -> Shape | None:
    """What sort of thing a cell says: in Chinese or letters, figures alone, many of them."""
    bare = text.strip()
    if not bare:
        return None
    letters = any(map(str.isalpha, bare))
    return not bare.isascii() and letters, letters, sum(map(str.isdigit, bare)) > _FEW_DIGITS


def _usual(rows: Sequence[Row]) -> Counter[tuple[int, Shape]]:
    """How many rows say what sort of thing in which column."""
    return Counter(
        (at, shape)
        for row in rows
        for at, text in enumerate(row.cells)
        if (shape := _shape(text)) is not None
    )


def _fits(row: Row, usual: Counter[tuple[int, Shape]], fewest: float) -> bool:
    """Whether others have the same sort of thing in each of its columns: rows of full width, or
    where there is none most of all."""
    shapes = ((at, _shape(text)) for at, text in enumerate(row.cells))
    return all(shape is None or usual[at, shape] >= fewest for at, shape in shapes)


def _say_shifted(width: int, shifted: list[str]) -> None:
    if shifted:
        more = f"等 {len(shifted)} 行" if len(shifted) > _ROWS_NAMED else ""
        raise WorkbookError(
            f"表头有 {width} 列，但{'、'.join(shifted[:_ROWS_NAMED])}{more}，列会错位，"
            "请检查这些行里的逗号和引号，或用 Excel 另存为 .xlsx 再上传。"
        )
