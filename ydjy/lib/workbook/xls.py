"""Reading an xls (BIFF8) with python-calamine; only behind the guard: it aborts where
memory runs out.

The old format has at most 65,536 rows of 256 columns, so what one far cell can cost is bounded,
and the memory limit of the child does the rest.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta

import python_calamine

from ydjy.lib.workbook.biff import Errors, error_cells
from ydjy.lib.workbook.book import Event, Limits, WireRow, WorkbookError, column_letter
from ydjy.lib.workbook.cells import LOST, moment_text, number_text
from ydjy.lib.workbook.package import DAMAGED, ENCRYPTED
from ydjy.lib.workbook.sniff import SAVE_AS

_ROWS_AT_A_TIME = 2_000
_ERRORS = frozenset(("#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A"))


def _wide(name: str) -> bytes:
    return name.encode("utf-16-le")


def events(data: bytes, limits: Limits) -> Iterator[Event]:
    """Read an xls; raises WorkbookError."""
    _refuse_other_ole(data)
    try:
        book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
        described = book.sheets_metadata
    except python_calamine.PasswordError as error:
        raise WorkbookError(ENCRYPTED) from error
    except (python_calamine.CalamineError, OSError, ValueError) as error:
        raise WorkbookError(DAMAGED) from error
    hidden: list[str] = []
    held = 0
    errors = iter(error_cells(data))
    for sheet in described:
        if sheet.typ != python_calamine.SheetTypeEnum.WorkSheet:
            continue
        is_hidden = sheet.visible != python_calamine.SheetVisibleEnum.Visible
        if is_hidden:
            hidden.append(f"“{sheet.name}”")
        yield ("sheet", sheet.name.replace("\x00", LOST), is_hidden)
        for event in _sheet(book, sheet.name, limits, next(errors, {})):
            if event[0] == "rows":
                held += len(event[1])  # type: ignore[arg-type]
            if held > limits.last_row:
                raise WorkbookError(
                    f"表格超过 {limits.rows:,} 行，一次收不下，请分成几个文件上传。"
                )
            yield event
    notes = (f"有隐藏的工作表：{'、'.join(hidden)}，也已读取。",) if hidden else ()
    yield ("book", "xls", None, None, notes)


def _refuse_other_ole(data: bytes) -> None:
    if _wide("EncryptedPackage") in data:
        raise WorkbookError(ENCRYPTED)
    if _wide("WordDocument") in data:
        raise WorkbookError(f"这是 Word 文档，不是表格，{SAVE_AS}")
    if _wide("PowerPoint Document") in data:
        raise WorkbookError(f"这是演示文稿，不是表格，{SAVE_AS}")
    if _wide("Workbook") not in data and _wide("Book") not in data:
        raise WorkbookError(DAMAGED)


def _sheet(
    book: python_calamine.CalamineWorkbook, name: str, limits: Limits, errors: Errors
) -> Iterator[Event]:
    try:
        sheet = book.get_sheet_by_name(name)
        merged = sheet.merged_cell_ranges or []
        block: list[WireRow] = []
        wrong: dict[int, dict[int, str]] = {}
        for (at, column), text in errors.items():
            wrong.setdefault(at + 1, {})[column] = text
        # With its empty margin: every list begins at A1, as the row numbers must.
        for number, values in enumerate(sheet.to_python(skip_empty_area=False), 1):
            for column, text in wrong.get(number, {}).items():
                if column < len(values) and not values[column]:
                    values[column] = text
            row = _row(number, values, name, limits)
            if row is not None:
                block.append(row)
            if len(block) == _ROWS_AT_A_TIME:
                yield ("rows", block)
                block = []
    except (python_calamine.CalamineError, OSError) as error:
        raise WorkbookError(DAMAGED) from error
    yield ("rows", block)
    yield (
        "merged",
        tuple(sorted((top + 1, bottom + 1, left, right)
                     for (top, left), (bottom, right) in merged)),
    )  # fmt: skip


def _row(number: int, values: Sequence[object], sheet: str, limits: Limits) -> WireRow | None:
    cells: list[str] = []
    typed: list[tuple[int, str]] = []
    for column, value in enumerate(values):
        text, kind = _value(value)
        cells.append(text)
        if text and column >= limits.columns:
            raise WorkbookError(
                f"工作表“{sheet}”的单元格 {column_letter(column)}{number} 有内容，"
                f"超出了 {limits.columns} 列的范围，请删去远处多余的行和列，保存后重新上传。"
            )
        if kind:
            typed.append((column, kind))
    while cells and not cells[-1]:
        cells.pop()
    if not any(map(str.strip, cells)):
        return None
    return number, False, tuple(cells), tuple(typed)


def _value(value: object) -> tuple[str, str]:
    match value:
        case bool():
            return ("TRUE" if value else "FALSE"), "b"
        case str():
            return value.replace("\x00", LOST), "e" if value in _ERRORS else ""
        case int() | float():
            return number_text(repr(value)), "n"
        case datetime():
            return moment_text(value), "d"
        case date():
            return value.isoformat(), "d"
        case time():
            return value.isoformat("seconds"), "d"
        case timedelta():
            return number_text(repr(value.total_seconds() / 86400)), "n"
    return "", ""
