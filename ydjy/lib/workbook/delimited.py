"""Reading csv and tsv: encoding, separator, and every broken line named.

Encoding: byte order mark → strict UTF-8 → GB18030 with its four-byte characters → UTF-16 by the
pattern of its NUL bytes (features.md X2). A file is read right or refused; no character is ever
replaced and no line swallowed (reliability.md 3.1).
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from ydjy.lib.workbook.book import Event, Limits, WireRow, WorkbookError

ENCODINGS = {
    "gb18030": "简体中文（GB18030，Excel 和 WPS 常用）",
    "utf-8": "UTF-8",
    "big5": "繁体中文（Big5）",
    "utf-16-le": "Unicode（UTF-16）",
}
SEPARATORS = (",", "\t", ";", "|")
_LINES_LOOKED_AT = 30
_ROWS_AT_A_TIME = 2_000
_END = b"\x1a"  # how DOS programs, and what still follows them, end a text
_MOST_ASCII = 10
_MOST_QUESTIONS = 5
_NOT_TEXT = re.compile("[\x00-\x08\x0e-\x1f\x7f]")
_RESAVE = "请用 Excel 打开后另存为 .xlsx（或“CSV UTF-8”）再上传。"
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig", "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le", "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be", "utf-16-be"),
)
_QUOTED = re.compile(r'"[^"]*"')
_NEUTRALISED = re.compile(r"'+[=+\-@\t\r]")
_DANGEROUS = re.compile(r"'*[=+\-@\t\r]")


class Text(NamedTuple):
    """Decoded text without its byte order mark, and how it was encoded."""

    text: str
    encoding: str
    marked: bool


def events(data: bytes, limits: Limits, encoding: str = "") -> Iterator[Event]:
    """Read a csv or tsv; raises WorkbookError."""
    decoded = decode(data, encoding)
    _refuse_question_marks(decoded.text)
    separator = sniff_separator(decoded.text)
    yield ("sheet", "", False)
    block: list[WireRow] = []
    held = 0
    guarded = "'" in decoded.text  # else no cell of the file can have been neutralised
    for number, cells in records(decoded.text, separator):
        if not any(map(str.strip, cells)):
            continue
        _check(cells, number, limits)
        held += 1
        if held > limits.last_row:
            raise WorkbookError(f"表格超过 {limits.rows:,} 行，一次收不下，请分成几个文件上传。")
        block.append((number, False, tuple(map(restore, cells) if guarded else cells), ()))
        if len(block) == _ROWS_AT_A_TIME:
            yield ("rows", block)
            block = []
    yield ("rows", block)
    yield ("book", "tsv" if separator == "\t" else "csv", decoded.encoding, separator, ())


def _refuse_question_marks(text: str) -> None:
    """Written in an encoding without Chinese: every character of it has become a question mark."""
    if text.isascii() and text.count("??") > _MOST_QUESTIONS:
        raise WorkbookError(
            "文件里的汉字都已变成问号，原来的字没有存下来，"
            "请让对方重新发送 .xlsx，或另存为“CSV UTF-8”再上传。"
        )


def _check(cells: list[str], number: int, limits: Limits) -> None:
    if len(cells) > limits.columns and any(cells[limits.columns :]):
        raise WorkbookError(
            f"第 {number} 行有 {len(cells)} 列，超过 {limits.columns} 列，"
            "请删去多余的列后重新上传。"
        )
    if max(map(len, cells)) > limits.cell:
        raise WorkbookError(
            f"第 {number} 行有单元格超过 {limits.cell:,} 个字，多半是引号没有成对，"
            "请检查后重新上传。"
        )


def decode(data: bytes, encoding: str = "") -> Text:
    """The text of a file; WorkbookError naming the line that does not fit the encoding.

    ``encoding``: what a person who can read the text has chosen, or what was found before.
    """
    if b"\x00" not in data:
        data = data.rstrip(_END)
    if encoding:
        mark = next((mark for mark, name, _ in _MARKS if name == encoding), b"")
        begun = data.startswith(mark)
        codec = encoding.removesuffix("-sig")
        return _checked(_strict(data[len(mark) * begun :], codec), encoding, marked=begun)
    for mark, name, codec in _MARKS:
        if data.startswith(mark):
            return _checked(_strict(data[len(mark) :], codec), name, marked=True)
    if b"\x00" in data:
        codec = _utf16_by_zeros(data)
        return _checked(_strict(data, codec), codec, marked=False)
    try:
        return _checked(data.decode("utf-8"), "utf-8", marked=False)
    except UnicodeDecodeError as error:
        broken = error
    try:
        text = data.decode("gb18030")
    except UnicodeDecodeError as error:
        # Of the two encodings the one that held out longer is meant.
        place = max(error.start, broken.start)
        raise _undecodable(data, place) from error
    _refuse_mixture(data)
    return _checked(text, "gb18030", marked=False)


def _strict(data: bytes, codec: str) -> str:
    try:
        return data.decode(codec)
    except UnicodeDecodeError as error:
        if codec == "utf-8":
            raise _undecodable(data, error.start) from error
        line = data[: error.start].decode(codec, "ignore").count("\n") + 1
        raise WorkbookError(f"第 {line} 行有认不出的字符，文件可能已损坏，{_RESAVE}") from error


def _undecodable(data: bytes, place: int) -> WorkbookError:
    line = data.count(b"\n", 0, place) + 1
    return WorkbookError(f"第 {line} 行有认不出的字符，文件可能已损坏或不是表格，{_RESAVE}")


def _utf16_by_zeros(data: bytes) -> str:
    even, odd = data[::2].count(0), data[1::2].count(0)
    # Letters, digits and commas have a zero on one side; on the other only 一 and its like.
    clear = min(even, odd) == 0 or min(even, odd) * _MOST_ASCII < max(even, odd)
    if len(data) % 2 == 0 and clear and max(even, odd) > 1:
        return "utf-16-le" if odd > even else "utf-16-be"
    line = data.count(b"\n", 0, data.index(0)) + 1
    raise WorkbookError(f"第 {line} 行有空字节（NUL），文件已损坏或不是表格，{_RESAVE}")


def _refuse_mixture(data: bytes) -> None:
    """Two encodings in one file: a UTF-8 line inside GB18030 text decodes, but into wrong names."""
    for number, line in enumerate(data.split(b"\n"), 1):
        if line.isascii():
            continue
        try:
            text = line.decode("utf-8")
        except UnicodeDecodeError:
            continue
        # Two-byte sequences are also ordinary GB18030 pairs; three-byte ones practically never.
        if sum(char > "\u07ff" for char in text) >= 2:
            raise WorkbookError(
                f"文件里混用了两种编码（第 {number} 行与其他行不同），汉字会读错，{_RESAVE}"
            )


def _checked(text: str, encoding: str, *, marked: bool) -> Text:
    found = _NOT_TEXT.search(text)
    if found is not None:
        line = text.count("\n", 0, found.start()) + 1
        raise WorkbookError(f"第 {line} 行有控制字符，文件已损坏或不是表格，{_RESAVE}")
    return Text(text, encoding, marked)


def sniff_separator(text: str) -> str:
    """The separator that cuts most of the first thirty lines, header included, into equally many
    fields; a comma if none does. What stands in quotes does not count."""
    bare = _QUOTED.sub("", text[:200_000])
    lines = [line for line in bare.splitlines() if line.strip()][:_LINES_LOOKED_AT]

    def agreement(separator: str) -> tuple[int, int]:
        widths = Counter(line.count(separator) for line in lines if separator in line)
        return max(((times, width) for width, times in widths.items()), default=(0, 0))

    return max(SEPARATORS, key=agreement)


def records(text: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    """Every record with the row number Excel gives it (a quoted line break is one row)."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    number, line = 0, 1
    try:
        for number, cells in enumerate(reader, 1):
            line = reader.line_num + 1
            yield number, cells
    except csv.Error as error:
        raise WorkbookError(
            f"从第 {line} 行（文本行）起引号不成对，后面的内容无法分清，"
            "请检查这一行的双引号，或用 Excel 另存为 .xlsx 再上传。"
        ) from error


def neutralise(text: str) -> str:
    """Text that no office suite takes for a formula: a ``'`` before ``= + - @ TAB CR``.

    Reversible: an apostrophe that was there already gets one more.
    """
    return f"'{text}" if _DANGEROUS.match(text) else text


def restore(text: str) -> str:
    """The inverse of ``neutralise``."""
    return text[1:] if _NEUTRALISED.match(text) else text
