"""Reading an xlsx: a streaming reader of our own for the sheet part.

Why not python-calamine here: it aborts the process on one far cell, turns an 18-digit number into
a float before we can see it, and tells neither hidden rows nor formulas without a result
(libraries.md section 5). The sheet part is cut at row boundaries and each block goes through the
C parser of ElementTree, so memory stays flat and blank rows cost next to nothing.
"""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.etree import ElementTree

from ydjy.lib.workbook.book import Event, Limits, Merge, WireRow, WorkbookError, column_letter
from ydjy.lib.workbook.notes import FROM_1904, WITH_MACROS, hidden_rows, hidden_sheets, is_plain_day
from ydjy.lib.workbook.sniff import SAVE_AS
from ydjy.lib.workbook.xlsx.cells import date_text, is_date_format, iso_text, number_text, unescape
from ydjy.lib.workbook.xlsx.package import DAMAGED, Package
from ydjy.lib.workbook.xlsx.rows import RawRow, rows_of
from ydjy.lib.workbook.xlsx.xml import blocks, local, parse, text_of

_RELATION_IDS = (
    "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id",
    "{http://purl.oclc.org/ooxml/officeDocument/relationships}id",
)
_SMALL_PART = 16 * 1024 * 1024
_NAME_KEPT = 40  # Excel has at most 31
_MOST_MERGES = 100_000
_RANGE = re.compile(r"([A-Z]{1,3})([0-9]{1,7}):([A-Z]{1,3})([0-9]{1,7})")
_KIND_OF_PACKAGE = (
    ("word/", " Word 文档"),
    ("ppt/", "演示文稿"),
    ("xl/workbook.bin", "二进制工作簿（.xlsb）"),
    ("content.xml", " OpenDocument 表格（.ods）"),
)


@dataclass
class _Workbook:
    package: Package
    limits: Limits
    sheets: list[tuple[str, bool, str]] = field(default_factory=list)
    strings: list[str] = field(default_factory=list)
    dates: list[bool] = field(default_factory=list)
    from_1904: bool = False
    plain_days: bool = False  # of such a workbook: a number that may be a day and is not shown so
    notes: list[str] = field(default_factory=list)
    rows_seen: int = 0


def events(data: bytes, limits: Limits) -> Iterator[Event]:
    """Read an xlsx; raises WorkbookError."""
    package = Package(data, limits)
    book = _open(package, limits)
    package.refuse_document_types()
    for name, hidden, member in book.sheets:
        yield ("sheet", name, hidden)
        yield from _SheetReader(book, name).events(member)
    if book.plain_days:
        book.notes.append(FROM_1904)
    yield ("book", "xlsx", None, None, tuple(book.notes))


def sheet_members(package: Package) -> dict[str, str]:
    """Sheet name → member that holds it, for sheets with cells."""
    book = _Workbook(package, Limits(0, 0, 0))
    _find_sheets(book)
    return {name: member for name, _, member in book.sheets}


def _open(package: Package, limits: Limits) -> _Workbook:
    book = _Workbook(package, limits)
    related = _find_sheets(book)
    # A part that is named and not there is none: Excel opens such a file without a word.
    if related.get("styles", "") in package:
        styles = parse(package.bytes_of(related["styles"], _SMALL_PART))
        try:
            book.dates = _date_styles(styles)
        except ValueError as error:
            raise WorkbookError(DAMAGED) from error
    if related.get("sharedStrings", "") in package:
        book.strings = _shared_strings(book, related["sharedStrings"])
    _note(book)
    return book


def _note(book: _Workbook) -> None:
    names = book.package.names()
    if any(name.endswith("vbaproject.bin") for name in names):
        book.notes.append(WITH_MACROS)
    if any(name.startswith("xl/externallinks/") for name in names):
        book.notes.append("文件引用了别的工作簿：没有去读取，用的是文件里存下的数值。")
    book.notes += hidden_sheets([name for name, is_hidden, _ in book.sheets if is_hidden])


def _find_sheets(book: _Workbook) -> dict[str, str]:
    """Fill in the sheets; returns the other parts by the last word of their relation type."""
    package = book.package
    main = _main_part(package)
    root = parse(package.bytes_of(main, _SMALL_PART))
    relations = _relations(package, main)
    for element in root.iter():
        tag = local(element.tag)
        if tag == "workbookPr":
            book.from_1904 = element.get("date1904") in ("1", "true", "on")
        elif tag == "sheet":
            identifier = next((element.get(key) for key in _RELATION_IDS if element.get(key)), "")
            kind, member = relations.get(identifier or "", ("", ""))
            hidden = element.get("state", "visible") != "visible"
            if kind == "worksheet":
                book.sheets.append((element.get("name", ""), hidden, member))
    if not book.sheets:
        raise WorkbookError(f"文件里没有工作表，{SAVE_AS}")
    _refuse_twins(book)
    return dict(relations.values())


def _refuse_twins(book: _Workbook) -> None:
    """A row is answered on the sheet of its name; no office program writes two of one name."""
    names = Counter(name.casefold()[:_NAME_KEPT] for name, _, _ in book.sheets)
    (first, times), *_ = names.most_common(1)
    if times > 1:
        raise WorkbookError(f"有几张工作表都叫“{first}”，分不清是哪一张，请改名后重新上传。")
    if len({member for _, _, member in book.sheets}) < len(book.sheets):
        raise WorkbookError(DAMAGED)


def _main_part(package: Package) -> str:
    if "[Content_Types].xml" not in package or "_rels/.rels" not in package:
        _refuse_other_package(package)
    for kind, member in _relations(package, "").values():
        if kind == "officeDocument":
            if not member.endswith(".xml") or member.startswith(("word/", "ppt/")):
                _refuse_other_package(package)
            return member
    _refuse_other_package(package)
    raise AssertionError


def _refuse_other_package(package: Package) -> None:
    for start, name in _KIND_OF_PACKAGE:
        if any(member.startswith(start) for member in package.names()):
            raise WorkbookError(f"这是{name}，不是 .xlsx 表格，{SAVE_AS}")
    if "Index/Document.iwa" in package:
        raise WorkbookError("这是 Numbers 表格，请在 Numbers 里导出为 Excel（.xlsx）再上传。")
    raise WorkbookError(
        "这是压缩包，不是表格，请解压后上传里面的 Excel（.xlsx、.xls）或 CSV 文件。"
    )


def _relations(package: Package, member: str) -> dict[str, tuple[str, str]]:
    """Relation id → (last word of its type, member); targets outside the file are left out."""
    folder, name = posixpath.split(member)
    part = posixpath.join(folder, "_rels", f"{name}.rels")
    if part not in package:
        raise WorkbookError(DAMAGED)
    found: dict[str, tuple[str, str]] = {}
    for element in parse(package.bytes_of(part, _SMALL_PART)):
        target = element.get("Target", "").replace("\\", "/")
        if element.get("TargetMode") == "External" or not target:
            continue
        kind = element.get("Type", "").rpartition("/")[2]
        path = target if target.startswith("/") else posixpath.join("/", folder, target)
        found[element.get("Id", "")] = (kind, posixpath.normpath(path).lstrip("/").lower())
    return found


def _date_styles(root: ElementTree.Element) -> list[bool]:
    codes: dict[int, str] = {}
    dates: list[bool] = []
    for group in root:
        if local(group.tag) == "numFmts":
            codes = {int(e.get("numFmtId", "0")): e.get("formatCode", "") for e in group}
        elif local(group.tag) == "cellXfs":
            numbers = [int(style.get("numFmtId", "0")) for style in group]
            dates = [is_date_format(number, codes.get(number, "")) for number in numbers]
    return dates


def _shared_strings(book: _Workbook, member: str) -> list[str]:
    strings: list[str] = []
    longest = book.limits.cell
    for block in blocks(book.package.pieces(member), b"si", None):
        for element in block.elements():
            text = text_of(element)
            if len(text) > longest:
                raise WorkbookError(too_long("工作簿里", longest))
            strings.append(text)
    return strings


def too_long(where: str, longest: int) -> str:
    return f"{where}有单元格超过 {longest:,} 个字，不是正常的表格内容，请删短后重新上传。"


class _SheetReader:
    """Rows of one sheet part, each as a WireRow."""

    def __init__(self, book: _Workbook, name: str) -> None:
        self.book = book
        self.name = name
        self.limits = book.limits
        self.lowest = book.limits.last_row
        self.last_row = 0
        self.hidden_rows = 0
        self.merged: tuple[Merge, ...] = ()
        self.columns: dict[str, int] = {}

    def events(self, member: str) -> Iterator[Event]:
        pieces = self.book.package.pieces(member)
        for block in rows_of(pieces, self.name, self._keep_merges):
            rows = [row for raw in block if (row := self._row(raw)) is not None]
            if rows:
                self._count(len(rows))
                yield ("rows", rows)
        yield ("merged", self.merged)
        self.book.notes += hidden_rows(self.name, self.hidden_rows)

    def _count(self, rows: int) -> None:
        self.book.rows_seen += rows
        if self.book.rows_seen > self.book.limits.last_row:
            raise WorkbookError(
                f"表格超过 {self.book.limits.rows:,} 行，一次收不下，请分成几个文件上传。"
            )

    def _row(self, raw: RawRow) -> WireRow | None:
        number = self._number_of_row(raw.number)
        cells: list[str] = []
        typed: list[tuple[int, str]] = []
        known = self.columns
        before = -1
        for letters, style, kind, value, text in raw.cells:
            column = known.get(letters, -1)
            if column <= before:
                column = self._column(letters, before, number)
            before = column
            if value and not (text and kind == "inlineStr"):
                text, code = self._value(kind, value, style, column, number)
                if code:
                    typed.append((column, code))
            if not text:
                continue
            if len(cells) < column:
                cells.extend([""] * (column - len(cells)))
            cells.append(unescape(text) if "_x" in text else text)
        if not typed and not any(map(str.strip, cells)):
            return None
        self._check(cells, number)
        self.hidden_rows += raw.hidden
        return number, raw.hidden, tuple(cells), tuple(typed)

    def _number_of_row(self, stated: str | None) -> int:
        number = self.last_row + 1
        if stated is not None:
            number = int(stated) if stated.isdigit() and len(stated) < 8 else 0
        if number <= self.last_row:
            raise WorkbookError(
                f"工作表“{self.name}”第 {self.last_row} 行之后行号次序混乱，{DAMAGED}"
            )
        self.last_row = number
        return number

    def _column(self, letters: str, before: int, number: int) -> int:
        if not letters:
            return before + 1
        column = self.columns.get(letters)
        if column is None:
            column = self.columns[letters] = _column_index(letters)
        if column <= before:
            raise WorkbookError(f"工作表“{self.name}”第 {number} 行的单元格次序混乱，{DAMAGED}")
        return column

    def _check(self, cells: list[str], number: int) -> None:
        limits = self.limits
        if max(map(len, cells)) > limits.cell:
            raise WorkbookError(too_long(f"工作表“{self.name}”第 {number} 行", limits.cell))
        if len(cells) <= limits.columns and number <= self.lowest:
            return
        most = f"{limits.columns} 列" if len(cells) > limits.columns else f"{limits.rows:,} 行"
        raise WorkbookError(
            f"工作表“{self.name}”的单元格 {column_letter(len(cells) - 1)}{number} 有内容，"
            f"超出了 {most}的范围，请删去远处多余的行和列，保存后重新上传。"
        )

    def _value(
        self, kind: str, value: str, style: str, column: int, number: int
    ) -> tuple[str, str]:
        try:
            match kind:
                case "s":
                    if (at := int(value)) < 0:
                        raise IndexError(value)
                    return self.book.strings[at], ""
                case "str" | "inlineStr":
                    return value, ""
                case "b":
                    return ("TRUE" if value.strip() in ("1", "true") else "FALSE"), "b"
                case "e":
                    return value, "e"
                case "formula":
                    return value, "u"
                case "d":
                    text = iso_text(value)
                    return (text, "d") if text else (value, "")
            return self._number(value, style)
        except (ValueError, IndexError) as error:
            where = f"工作表“{self.name}”的单元格 {column_letter(column)}{number}"
            raise WorkbookError(f"{where} 读不出来，{DAMAGED}") from error

    def _number(self, value: str, style: str) -> tuple[str, str]:
        if style and self.book.dates[int(style) : int(style) + 1] == [True]:
            text = date_text(float(value), from_1904=self.book.from_1904)
            if text is not None:
                return text, "d"
        text = number_text(value) if value.strip() else ""
        if self.book.from_1904 and is_plain_day(text):
            self.book.plain_days = True
            return text, "n4"
        return text, "n" if text else ""

    def _keep_merges(self, group: ElementTree.Element) -> None:
        found: list[Merge] = []
        for element in group:
            merge = _RANGE.fullmatch(element.get("ref", "").upper())
            if merge is not None:
                left, top, right, bottom = merge.groups()
                columns = _column_index(left), _column_index(right)
                found.append((int(top), int(bottom), *columns))
        if len(found) > _MOST_MERGES:
            raise WorkbookError(f"工作表“{self.name}”的合并单元格太多，请取消合并后重新上传。")
        self.merged = tuple(sorted(found))


def _column_index(letters: str) -> int:
    index = 0
    for letter in letters:
        if not "A" <= letter <= "Z" or len(letters) > 3:
            raise WorkbookError(DAMAGED)
        index = index * 26 + ord(letter) - 64
    return index - 1
