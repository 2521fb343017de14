"""Workbooks as the bureau receives and returns them: xlsx, xls, csv and tsv.

``read_guarded`` reads an uploaded file in a child process with hard limits, ``find_table`` finds
the list in it, ``write`` makes a new workbook, ``fill`` returns the received one with answers
added. Cells are text throughout; every refusal is a ``WorkbookError`` with one Chinese sentence.
"""

from ydjy.lib.workbook.book import (
    INSTITUTIONS,
    OTHER,
    WEEKLY,
    Book,
    BoolText,
    DateText,
    ErrorText,
    Limits,
    NumberFrom1904,
    NumberText,
    Row,
    Sheet,
    UncomputedText,
    WorkbookError,
    cell_problem,
    column_letter,
)
from ydjy.lib.workbook.delimited import ENCODINGS, decode, neutralise, restore
from ydjy.lib.workbook.fill import Fill, fill, returned_format
from ydjy.lib.workbook.known_rows import Sift
from ydjy.lib.workbook.reading import read
from ydjy.lib.workbook.sandbox import read_guarded
from ydjy.lib.workbook.table import (
    SAMPLE,
    SAMPLES,
    ColumnMap,
    Table,
    TableSheet,
    column_key,
    doubled,
    find_table,
    header_key,
    header_names,
    row_kind,
)
from ydjy.lib.workbook.write import Hint, SheetOut, write, write_csv

__all__ = [
    "ENCODINGS",
    "INSTITUTIONS",
    "OTHER",
    "SAMPLE",
    "SAMPLES",
    "WEEKLY",
    "Book",
    "BoolText",
    "ColumnMap",
    "DateText",
    "ErrorText",
    "Fill",
    "Hint",
    "Limits",
    "NumberFrom1904",
    "NumberText",
    "Row",
    "Sheet",
    "SheetOut",
    "Sift",
    "Table",
    "TableSheet",
    "UncomputedText",
    "WorkbookError",
    "cell_problem",
    "column_key",
    "column_letter",
    "decode",
    "doubled",
    "fill",
    "find_table",
    "header_key",
    "header_names",
    "neutralise",
    "read",
    "read_guarded",
    "restore",
    "returned_format",
    "row_kind",
    "write",
    "write_csv",
]
