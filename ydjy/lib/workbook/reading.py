"""Reading any received file into a Book, in this process."""

from __future__ import annotations

from collections.abc import Iterator

from ydjy.lib.workbook import delimited
from ydjy.lib.workbook.book import MEGABYTE, Book, Event, Limits, WorkbookError, assemble
from ydjy.lib.workbook.sniff import sniff
from ydjy.lib.workbook.xls import reader as xls_reader
from ydjy.lib.workbook.xlsx import reader as xlsx_reader

_ENDINGS = {
    "xlsx": (".xlsx", ".xlsm", ".xltx"),
    "xls": (".xls", ".et", ".xlt"),
    "csv": (".csv", ".txt"),
    "tsv": (".tsv", ".txt", ".csv"),
}


def read(data: bytes, limits: Limits, *, filename: str = "", encoding: str = "") -> Book:
    """The book in these bytes; WorkbookError with one Chinese sentence for all else.

    Only for bytes that are trusted or made in a test: ``read_guarded`` is for uploads.
    """
    return assemble(read_events(data, limits, filename=filename, encoding=encoding))


def read_events(
    data: bytes, limits: Limits, *, filename: str = "", encoding: str = ""
) -> Iterator[Event]:
    """The same as a stream of events (book.py), a block of rows at a time. ``encoding`` is for
    text alone; blank finds out."""
    if len(data) > limits.upload:
        raise WorkbookError(
            f"文件超过 {limits.upload // MEGABYTE} MB，一次收不下，请分成几个文件上传。"
        )
    what = sniff(data)
    if what == "text":
        found = delimited.events(data, limits, encoding)
    else:
        found = {"zip": xlsx_reader.events, "ole": xls_reader.events}[what](data, limits)
    for event in found:
        if event[0] == "book":
            event = (*event[:4], _with_name_note(event, filename))
        yield event


def _with_name_note(event: Event, filename: str) -> tuple[object, ...]:
    notes, form = event[4], str(event[1])
    assert isinstance(notes, tuple)  # noqa: S101
    _, dot, ending = filename.lower().rpartition(".")
    if not dot or f".{ending}" in _ENDINGS[form]:
        return notes
    said = f"文件名以 .{ending[:8]} 结尾，内容其实是 {form}，已按内容读取。"
    return (*notes, said)
