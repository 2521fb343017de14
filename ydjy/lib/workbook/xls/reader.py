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

from ydjy.lib.workbook.book import Event, Limits, WireRow, WorkbookError, column_letter
from ydjy.lib.workbook.notes import FROM_1904, WITH_MACROS, hidden_rows, hidden_sheets, is_plain_day
from ydjy.lib.workbook.sniff import SAVE_AS, VERY_OLD
from ydjy.lib.workbook.xls.error_cells import OldFile, OldSheet
from ydjy.lib.workbook.xlsx.cells import LOST, moment_text, number_text
from ydjy.lib.workbook.xlsx.package import DAMAGED, ENCRYPTED

_ROWS_AT_A_TIME = 2_000
_ERRORS = frozenset(("#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A"))


# A protected workbook is sealed, too, with a password that only Excel knows and does not ask for.
_SEALED = (
    "文件有打开密码或工作簿保护，内容是加密的，读不了，"
    "请用 Excel 打开，去掉密码和保护，另存为 .xlsx 再上传。"
)


def events(data: bytes, limits: Limits) -> Iterator[Event]:
    """Read an xls; raises WorkbookError."""
    old = OldFile(data)
    _refuse_other_ole(old)
    try:
        book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(old.with_usual_name()))
        described = book.sheets_metadata
    except (python_calamine.CalamineError, OSError, ValueError) as error:
        raise WorkbookError(DAMAGED) from error
    names: list[str] = []
    notes: list[str] = [WITH_MACROS] if "_vba_project_cur" in old.names else []
    held = 0
    facts = iter(old.sheets())
    reader = _Reader(book, limits, from_1904=old.from_1904)
    for sheet in described:
        if sheet.typ != python_calamine.SheetTypeEnum.WorkSheet:
            continue
        is_hidden = sheet.visible != python_calamine.SheetVisibleEnum.Visible
        if is_hidden:
            names.append(sheet.name)
        yield ("sheet", sheet.name.replace("\x00", LOST), is_hidden)
        for event in reader.sheet(sheet.name, next(facts, OldSheet())):
            if event[0] == "rows":
                held += len(event[1])  # type: ignore[arg-type]
            if held > limits.last_row:
                raise WorkbookError(
                    f"表格超过 {limits.rows:,} 行，一次收不下，请分成几个文件上传。"
                )
            yield event
        notes += hidden_rows(sheet.name, reader.hidden_rows)
    notes = [*hidden_sheets(names), *notes, *([FROM_1904] if reader.plain_days else [])]
    yield ("book", "xls", None, None, tuple(notes))


def _holds(old: OldFile, stream: str) -> bool:
    """By the names in the file; of one that is cut off, by what looks like one."""
    if old.entries:
        return stream.lower() in old.names
    return stream.encode("utf-16-le") in old.data


def _refuse_other_ole(old: OldFile) -> None:
    if _holds(old, "EncryptedPackage"):
        raise WorkbookError(ENCRYPTED)
    if _holds(old, "WordDocument"):
        raise WorkbookError(f"这是 Word 文档，不是表格，{SAVE_AS}")
    if _holds(old, "PowerPoint Document"):
        raise WorkbookError(f"这是演示文稿，不是表格，{SAVE_AS}")
    if old.workbook is None:
        raise WorkbookError(DAMAGED)
    if old.before_97:
        raise WorkbookError(VERY_OLD)
    if old.has_password:
        raise WorkbookError(_SEALED)


class _Reader:
    """The sheets of a workbook. ``hidden_rows`` are those of the last one that was read;
    ``plain_days``: a number was seen that may be a day and is not shown so."""

    def __init__(
        self, book: python_calamine.CalamineWorkbook, limits: Limits, *, from_1904: bool
    ) -> None:
        self.book, self.limits, self.from_1904 = book, limits, from_1904
        self.hidden_rows = 0
        self.plain_days = False

    def sheet(self, name: str, facts: OldSheet) -> Iterator[Event]:
        self.hidden_rows = 0
        try:
            sheet = self.book.get_sheet_by_name(name)
            merged = sheet.merged_cell_ranges or []
            block: list[WireRow] = []
            wrong: dict[int, dict[int, str]] = {}
            for (at, column), text in facts.errors.items():
                wrong.setdefault(at + 1, {})[column] = text
            # With its empty margin: every list begins at A1, as the row numbers must.
            for number, values in enumerate(sheet.to_python(skip_empty_area=False), 1):
                for column, text in wrong.get(number, {}).items():
                    if column < len(values) and not values[column]:
                        values[column] = text
                row = self._row(number, values, name, hidden=number - 1 in facts.hidden)
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

    def _row(
        self, number: int, values: Sequence[object], sheet: str, *, hidden: bool
    ) -> WireRow | None:
        cells: list[str] = []
        typed: list[tuple[int, str]] = []
        most = self.limits.columns
        for column, value in enumerate(values):
            text, kind = _value(value)
            cells.append(text)
            if text and column >= most:
                raise WorkbookError(
                    f"工作表“{sheet}”的单元格 {column_letter(column)}{number} 有内容，"
                    f"超出了 {most} 列的范围，请删去远处多余的行和列，保存后重新上传。"
                )
            if kind == "n" and self.from_1904 and is_plain_day(text):
                kind = "n4"
                self.plain_days = True
            if kind:
                typed.append((column, kind))
        while cells and not cells[-1]:
            cells.pop()
        if not any(map(str.strip, cells)):
            return None
        self.hidden_rows += hidden
        return number, hidden, tuple(cells), tuple(typed)


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
