# ruff: noqa: E501 - sentences are quoted whole
"""Every kind of file is read right or refused in exactly this sentence."""

from datetime import date
from pathlib import Path

import pytest

from apps.errors.intake import columns as intake_columns
from tests.corpus.weekly_files import FILES
from ydjy.desk.imports import kinds as imports_kinds
from ydjy.lib import workbook

# id → (outcome, (accepted, held, rejected, duplicate, skipped), row numbers, message)
Expected = tuple[str, tuple[int, ...], list[int], str]
EXPECTED: dict[str, Expected] = {
    "xlsx": ("ok", (3, 0, 0, 0, 0), [2, 3, 4], "共 3 行：可以导入 3 行。"),
    "xlsx layout two": (
        "ok",
        (12, 0, 0, 0, 0),
        [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13],
        "共 12 行：可以导入 12 行。",
    ),
    "xls": ("ok", (3, 0, 0, 0, 0), [2, 3, 4], "共 3 行：可以导入 3 行。"),
    "xls named xlsx": (
        "ok",
        (3, 0, 0, 0, 0),
        [2, 3, 4],
        "共 3 行：可以导入 3 行。文件名以 .xlsx 结尾，内容其实是 xls，已按内容读取。",
    ),
    "xlsx named xls": (
        "ok",
        (3, 0, 0, 0, 0),
        [2, 3, 4],
        "共 3 行：可以导入 3 行。文件名以 .xls 结尾，内容其实是 xlsx，已按内容读取。",
    ),
    "csv named xlsx": (
        "ok",
        (3, 0, 0, 0, 0),
        [2, 3, 4],
        "共 3 行：可以导入 3 行。文件名以 .xlsx 结尾，内容其实是 csv，已按内容读取。",
    ),
    "csv utf-8": ("ok", (3, 0, 0, 0, 0), [2, 3, 4], "共 3 行：可以导入 3 行。"),
    "csv utf-8-sig": ("ok", (3, 0, 0, 0, 0), [2, 3, 4], "共 3 行：可以导入 3 行。"),
    "csv gb18030": ("ok", (3, 0, 0, 0, 0), [2, 3, 4], "共 3 行：可以导入 3 行。"),
    "csv gbk": ("ok", (3, 0, 0, 0, 0), [2, 3, 4], "共 3 行：可以导入 3 行。"),
    "csv utf-16": ("ok", (3, 0, 0, 0, 0), [2, 3, 4], "共 3 行：可以导入 3 行。"),
    "csv utf-16 without mark": ("ok", (3, 0, 0, 0, 0), [2, 3, 4], "共 3 行：可以导入 3 行。"),
    "csv with semicolons": ("ok", (3, 0, 0, 0, 0), [2, 3, 4], "共 3 行：可以导入 3 行。"),
    "tsv": ("ok", (3, 0, 0, 0, 0), [2, 3, 4], "共 3 行：可以导入 3 行。"),
    "csv with four-byte names": ("ok", (1, 0, 0, 0, 0), [2], "共 1 行：可以导入 1 行。"),
    "csv with a bad byte": (
        "refused",
        (0, 0, 0, 0, 0),
        [],
        "第 5 行有认不出的字符，文件可能已损坏或不是表格，请用 Excel 打开后另存为 .xlsx（或“CSV UTF-8”）再上传。",
    ),
    "csv with a NUL": (
        "refused",
        (0, 0, 0, 0, 0),
        [],
        "第 2 行有控制字符，文件已损坏或不是表格，请用 Excel 打开后另存为 .xlsx（或“CSV UTF-8”）再上传。",
    ),
    "csv with an open quote": (
        "refused",
        (0, 0, 0, 0, 0),
        [],
        "从第 5 行（文本行）起引号不成对，后面的内容无法分清，请检查这一行的双引号，或用 Excel 另存为 .xlsx 再上传。",
    ),
    "csv with a ragged row": (
        "refused",
        (0, 0, 0, 0, 0),
        [],
        "表头有 24 列，但第 5 行 2 列，列会错位，请检查这些行里的逗号和引号，或用 Excel 另存为 .xlsx 再上传。",
    ),
    "csv mixed": (
        "refused",
        (0, 0, 0, 0, 0),
        [],
        "第 5 行有认不出的字符，文件可能已损坏或不是表格，请用 Excel 打开后另存为 .xlsx（或“CSV UTF-8”）再上传。",
    ),
    "empty": ("refused", (0, 0, 0, 0, 0), [], "文件是空的，没有任何内容，请检查后重新上传。"),
    "blank lines": ("refused", (0, 0, 0, 0, 0), [], "文件是空的，没有任何内容，请检查后重新上传。"),
    "header only": ("refused", (0, 0, 0, 0, 0), [], "表头下面没有数据。请确认选对了文件。"),
    "truncated": (
        "refused",
        (0, 0, 0, 0, 0),
        [],
        "文件不完整或已损坏，打不开，请让对方重新发送，或用 Excel 打开后另存为 .xlsx 再上传。",
    ),
    "random": (
        "refused",
        (0, 0, 0, 0, 0),
        [],
        "第 1 行有空字节（NUL），文件已损坏或不是表格，请用 Excel 打开后另存为 .xlsx（或“CSV UTF-8”）再上传。",
    ),
    "pdf": (
        "refused",
        (0, 0, 0, 0, 0),
        [],
        "这是 PDF 文件，不是表格，请上传 Excel（.xlsx、.xls）或 CSV 文件。",
    ),
    "word": (
        "refused",
        (0, 0, 0, 0, 0),
        [],
        "这是 Word 文档，不是 .xlsx 表格，请用 Excel 或 WPS 打开后“另存为”.xlsx 再上传。",
    ),
    "zip": (
        "refused",
        (0, 0, 0, 0, 0),
        [],
        "这是压缩包，不是表格，请解压后上传里面的 Excel（.xlsx、.xls）或 CSV 文件。",
    ),
    "html": (
        "refused",
        (0, 0, 0, 0, 0),
        [],
        "这是网页（HTML）存成的表格，不是真正的 Excel 文件，请用 Excel 或 WPS 打开后“另存为”.xlsx 再上传。",
    ),
    "xml 2003": (
        "refused",
        (0, 0, 0, 0, 0),
        [],
        "这是“XML 表格 2003”格式，不是真正的 Excel 文件，请用 Excel 或 WPS 打开后“另存为”.xlsx 再上传。",
    ),
    "password": (
        "refused",
        (0, 0, 0, 0, 0),
        [],
        "文件有打开密码，读不了，请去掉密码（另存为，不设密码）后再上传。",
    ),
    "doctype": (
        "refused",
        (0, 0, 0, 0, 0),
        [],
        "文件内部带有外部引用定义（DTD），为安全起见不读取，请用 Excel 打开后另存为 .xlsx 再上传。",
    ),
    "macros": (
        "ok",
        (1, 0, 0, 0, 0),
        [2],
        "共 1 行：可以导入 1 行。文件带有宏：只读取了单元格内容，宏没有运行，回传的文件里也不会有宏。",
    ),
    "far cell": (
        "refused",
        (0, 0, 0, 0, 0),
        [],
        "工作表“报错明细”的单元格 XFD1048576 有内容，超出了 60 列的范围，请删去远处多余的行和列，保存后重新上传。",
    ),
    "bomb": (
        "refused",
        (0, 0, 0, 0, 0),
        [],
        "文件解压后超过 128 MB，远大于正常表格，为安全起见不读取，请删去多余的空行、图片后另存为 .xlsx 再上传。",
    ),
    "thousand members": (
        "refused",
        (0, 0, 0, 0, 0),
        [],
        "文件内部有 605 个部件，超过 500 个，不是正常的表格，请用 Excel 打开后另存为 .xlsx 再上传。",
    ),
    "upward member": (
        "refused",
        (0, 0, 0, 0, 0),
        [],
        "文件的内部结构不正常，为安全起见不读取，请用 Excel 打开后另存为 .xlsx 再上传。",
    ),
    "hostile name": ("ok", (3, 0, 0, 0, 0), [2, 3, 4], "共 3 行：可以导入 3 行。"),
    "title rows": (
        "ok",
        (12, 0, 0, 0, 0),
        [3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14],
        "共 12 行：可以导入 12 行。",
    ),
    "total and note": (
        "ok",
        (12, 0, 0, 0, 2),
        [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
        "共 14 行：可以导入 12 行，跳过 2 行。",
    ),
    "repeated header": (
        "ok",
        (4, 0, 0, 0, 1),
        [2, 3, 4, 5, 6],
        "共 5 行：可以导入 4 行，跳过 1 行。",
    ),
    "blank rows between": ("ok", (2, 0, 0, 0, 0), [2, 5], "共 2 行：可以导入 2 行。"),
    "columns reversed": ("ok", (3, 0, 0, 0, 0), [2, 3, 4], "共 3 行：可以导入 3 行。"),
    "headers with spaces and stars": ("ok", (2, 0, 0, 0, 0), [2, 3], "共 2 行：可以导入 2 行。"),
    "headers renamed": ("ok", (2, 0, 0, 0, 0), [2, 3], "共 2 行：可以导入 2 行。"),
    "unknown column": ("ok", (2, 0, 0, 0, 0), [2, 3], "共 2 行：可以导入 2 行。"),
    "missing message": (
        "refused",
        (0, 0, 0, 0, 0),
        [],
        "工作表“Sheet1”：没有找到“报错信息”这一列，请确认是省里下发的报错表。没有认出来的列名：“别的”。",
    ),
    "missing three": (
        "refused",
        (0, 0, 0, 0, 0),
        [],
        "工作表“Sheet1”：没有找到“证件号码”、“报错信息”、“定点医药机构名称”这几列，请确认是省里下发的报错表。",
    ),
    "doubled column": (
        "refused",
        (0, 0, 0, 0, 0),
        [],
        "工作表“Sheet1”：“报错信息”（S 列）和“报错内容”（X 列）是同一项内容，不知道该用哪一列，请在“对应列”里选用哪一列，或者删去、改名其中一列后重新上传。",
    ),
    "wrong list": (
        "refused",
        (0, 0, 0, 0, 0),
        [],
        "工作表“Sheet1”：没有找到“报错时间”、“姓名”、“证件号码”、“报错信息”这几列，请确认是省里下发的报错表。",
    ),
    "data on the second sheet": (
        "ok",
        (3, 0, 0, 0, 0),
        [2, 3, 4],
        "共 3 行：可以导入 3 行。没有用到的工作表：“说明”。",
    ),
    "a sheet for each county": ("ok", (4, 0, 0, 0, 0), [2, 3, 2, 3], "共 4 行：可以导入 4 行。"),
    "hidden sheet": (
        "ok",
        (4, 0, 0, 0, 0),
        [2, 3, 2, 3],
        "共 4 行：可以导入 4 行。有隐藏的工作表：“藏”，也已读取。",
    ),
    "hidden row": (
        "ok",
        (3, 0, 0, 0, 0),
        [2, 3, 4],
        "共 3 行：可以导入 3 行。工作表“明细”有 1 行被隐藏，也已读取。",
    ),
    "wrong sheet active": ("ok", (3, 0, 0, 0, 0), [2, 3, 4], "共 3 行：可以导入 3 行。"),
    "two-line header": ("ok", (2, 0, 0, 0, 0), [3, 4], "共 2 行：可以导入 2 行。"),
    "merged hospital": ("ok", (3, 0, 0, 0, 0), [2, 3, 4], "共 3 行：可以导入 3 行。"),
    "duplicate rows": ("ok", (2, 0, 0, 1, 0), [2, 3, 4], "共 3 行：可以导入 2 行，重复 1 行。"),
    "same number, other content": (
        "ok",
        (2, 1, 0, 0, 0),
        [2, 3, 4],
        "共 3 行：可以导入 2 行，等人判断 1 行。",
    ),
    "rows without numbers twice": (
        "ok",
        (1, 0, 0, 1, 0),
        [2, 3],
        "共 2 行：可以导入 1 行，重复 1 行。",
    ),
    "columns beyond sixty": (
        "refused",
        (0, 0, 0, 0, 0),
        [],
        "工作表“Sheet1”的单元格 BM1 有内容，超出了 60 列的范围，请删去远处多余的行和列，保存后重新上传。",
    ),
    "day column formatted": ("ok", (1, 0, 0, 0, 0), [2], "共 1 行：可以导入 1 行。"),
    "ids as numbers": ("ok", (0, 0, 4, 0, 0), [2, 3, 4, 5], "共 4 行：有问题 4 行。"),
    "every row wrong": ("ok", (0, 0, 3, 0, 0), [2, 3, 4], "共 3 行：有问题 3 行。"),
}


@pytest.fixture
def in_this_process(monkeypatch: pytest.MonkeyPatch):
    """The guarded child has tests of its own; here it would only cost time."""
    monkeypatch.setattr(workbook, "read_guarded", workbook.read)


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_read_or_refused(in_this_process, name: str):
    make, filename = FILES[name]
    kind = intake_columns.kind(today=date(2026, 11, 16), home="210700")
    report = imports_kinds.examine(kind, make(), filename)
    numbers = [row.row for row in report.rows]
    outcome = (report.outcome, tuple(report.counts.values()), numbers, report.message)
    assert outcome == EXPECTED[name]
    assert sum(report.counts.values()) == len(report.rows)


def test_a_column_that_nobody_knows_is_named_and_a_rare_name_survives(in_this_process):
    kind = intake_columns.kind(today=date(2026, 11, 16), home="210700")
    unknown = imports_kinds.examine(kind, FILES["unknown column"][0](), "a.xlsx")
    assert unknown.unmapped == ("省内部备注",)
    rare = imports_kinds.examine(kind, FILES["csv with four-byte names"][0](), "a.csv")
    assert rare.rows[0].values["name"] == "王𠮷"


def test_a_value_merged_over_three_rows_is_read_in_each(in_this_process):
    kind = intake_columns.kind(today=date(2026, 11, 16), home="210700")
    report = imports_kinds.examine(kind, FILES["merged hospital"][0](), "a.xlsx")
    assert len({row.values["inst_name"] for row in report.rows}) == 1


def test_nothing_of_a_referenced_file_comes_in(in_this_process):
    kind = intake_columns.kind(today=date(2026, 11, 16), home="210700")
    secret = Path("/etc/hostname").read_text().strip() or "-"
    report = imports_kinds.examine(kind, FILES["doctype"][0](), "a.xlsx")
    assert secret not in report.message
    assert report.rows == []
