"""Odd files of real programs, read right; and what would be read wrong, refused."""

import bz2
import io
import lzma
from collections.abc import Callable
from contextlib import suppress

import pytest
import xlwt

from tests.workbooks import csv_bytes, parts, raw_xlsx, zipped
from ydjy.lib.workbook import WEEKLY, ErrorText, WorkbookError, find_table, read

TABLE = [["序号", "姓名"], ["1", "测试甲"], ["2", "测试一"]]
CELLS = [tuple(row) for row in TABLE]
STRINGS = ["<si><t>甲</t></si>", "<si><t>乙</t></si>"]
PICTURE = "这是图片，不是表格，请上传 Excel（.xlsx、.xls）或 CSV 文件。"


def one(data: bytes) -> list[tuple[str, ...]]:
    (sheet,) = read(data, WEEKLY).sheets
    return [row.cells for row in sheet.rows]


def refusal(data: bytes) -> str:
    with pytest.raises(WorkbookError) as caught:
        read(data, WEEKLY)
    return str(caught.value)


# Text --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["gbk", "utf-8"])
def test_the_end_mark_of_old_programs_ends_the_text(encoding: str) -> None:
    assert one(csv_bytes(TABLE, encoding) + b"\x1a") == CELLS
    assert "控制字符" in refusal(csv_bytes(TABLE, encoding) + b"\x1a\r\n3,x\r\n")


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_its_mark_may_have_the_character_for_one(encoding: str) -> None:
    # 一 is 4E00: a zero byte where those of digits and commas are not.
    assert one(csv_bytes(TABLE * 6, encoding)) == CELLS * 6


@pytest.mark.parametrize("start", ["PK", "MZ", "BM"])
def test_letters_with_which_other_files_begin_may_begin_a_header(start: str) -> None:
    table = [[f"{start}号", "姓名"], ["1", "测试甲"]]
    assert one(csv_bytes(table, "gbk"))[0] == (f"{start}号", "姓名")


def test_question_marks_in_the_place_of_chinese_are_told() -> None:
    lost = csv_bytes(TABLE * 3, "utf-8").decode().encode("ascii", "replace")
    assert refusal(lost) == (
        "文件里的汉字都已变成问号，原来的字没有存下来，"
        "请让对方重新发送 .xlsx，或另存为“CSV UTF-8”再上传。"
    )


# Other kinds of files ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"BM6\0\0\0" + b"\0" * 99, PICTURE),
        (b"MM\0*" + b"\0" * 99, PICTURE),
        (b"RIFF\x10\0\0\0WEBPVP8 " + b"\0" * 99, PICTURE),
        (b"\0\0\0\x18ftypheic" + b"\0" * 99, PICTURE),
        (b"MZ\x90\0" + b"\0" * 99, PICTURE.replace("图片", "程序")),
        (bz2.compress(b"x" * 99), PICTURE.replace("图片", " BZIP2 压缩包")),
        (lzma.compress(b"x" * 99), PICTURE.replace("图片", " XZ 压缩包")),
        (
            zipped({"Index/Document.iwa": "x"}),
            "这是 Numbers 表格，请在 Numbers 里导出为 Excel（.xlsx）再上传。",
        ),
    ],
    ids=["bmp", "tiff", "webp", "heic", "exe", "bzip2", "xz", "numbers"],
)
def test_what_is_no_table_is_called_by_its_name(data: bytes, sentence: str) -> None:
    assert refusal(data) == sentence


# Workbooks ---------------------------------------------------------------------------------------


def with_sheets(*names: str) -> bytes:
    whole = parts('<row r="1"><c r="A1"><v>1</v></c></row>')
    main, rels = "xl/workbook.xml", "xl/_rels/workbook.xml.rels"
    sheet = str(whole["xl/worksheets/sheet1.xml"])
    tags = "".join(
        f'<sheet name="{name}" sheetId="{n}" r:id="rId9{n}"/>' for n, name in enumerate(names, 1)
    )
    begin, end = str(whole[main]).index("<sheet "), str(whole[main]).index("</sheets>")
    whole[main] = str(whole[main])[:begin] + tags + str(whole[main])[end:]
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet"
    more = ""
    for n in range(1, len(names) + 1):
        more += f'<Relationship Id="rId9{n}" Type="{kind}" Target="worksheets/s{n}.xml"/>'
        whole[f"xl/worksheets/s{n}.xml"] = sheet
    whole[rels] = str(whole[rels]).replace("</Relationships>", f"{more}</Relationships>")
    return zipped(whole)


def test_sheets_that_could_not_be_told_apart_in_the_answer_are_refused() -> None:
    assert len(read(with_sheets("义县", "黑山县"), WEEKLY).sheets) == 2
    assert refusal(with_sheets("义县", "黑山县", "义县")) == (
        "有几张工作表都叫“义县”，分不清是哪一张，请改名后重新上传。"
    )
    assert "都叫" in refusal(with_sheets("长" * 40 + "一", "长" * 40 + "二"))


@pytest.mark.parametrize("index", ["-1", "7"])
def test_a_string_that_the_workbook_does_not_have_is_no_other_string(index: str) -> None:
    data = raw_xlsx(f'<row r="1"><c r="A1" t="s"><v>{index}</v></c></row>', strings=STRINGS)
    assert "的单元格 A1 读不出来" in refusal(data)


def test_a_nul_in_a_workbook_is_a_lost_character() -> None:
    """PostgreSQL takes none, in text or in JSON: a title with one was an error of the database."""
    row = '<row r="1"><c r="A1" t="inlineStr"><is><t>姓_x0000_名</t></is></c></row>'
    assert one(raw_xlsx(row)) == [("姓\ufffd名",)]
    old = xlwt.Workbook()
    old.add_sheet("报错").write(0, 0, "姓\x00名")
    target = io.BytesIO()
    old.save(target)
    assert one(target.getvalue()) == [("姓\ufffd名",)]


def test_a_style_without_a_number_is_damaged() -> None:
    whole = parts('<row r="1"><c r="A1"><v>1</v></c></row>', styles='<cellXfs><xf numFmtId="x"/>'
                  "</cellXfs>")  # fmt: skip
    assert refusal(zipped(whole)).startswith("文件不完整或已损坏")


def test_a_part_in_an_encoding_that_does_not_exist_is_damaged() -> None:
    whole = parts('<row r="1"><c r="A1"><v>1</v></c></row>')
    whole["xl/workbook.xml"] = '<?xml version="1.0" encoding="UFT-8"?>' + str(
        whole["xl/workbook.xml"]
    )
    assert refusal(zipped(whole)).startswith("文件不完整或已损坏")


NOT_THERE = 0x2A  # the code of #N/A


def old_workbook(fill: Callable[[xlwt.Worksheet], None], sheets: int = 1) -> bytes:
    book, target = xlwt.Workbook(), io.BytesIO()
    for n in range(sheets):
        sheet = book.add_sheet(f"表{n}")
        sheet.write(0, 0, "姓名" * 600)  # workbooks of Excel are never as small as a test's
        sheet.write(0, 1, f"第{n}张")
    fill(book.get_sheet(sheets - 1))
    book.save(target)
    return target.getvalue()


def test_an_error_value_of_an_old_workbook_is_no_blank_cell() -> None:
    def errors(sheet: xlwt.Worksheet) -> None:
        sheet.row(1).set_cell_error(1, NOT_THERE)
        sheet.write(2, 0, xlwt.Formula("1/0"))
        sheet.write(2, 1, "甲")

    # Of a formula without a result xlwt says that it is an empty text: here, a division by zero.
    none, divided = b"\x03\0\0\0\0\0\xff\xff", b"\x02\0\x07\0\0\0\xff\xff"
    data = old_workbook(errors, sheets=2).replace(none, divided)
    first, second = read(data, WEEKLY).sheets
    assert len(first.rows) == 1
    assert [row.cells for row in second.rows[1:]] == [("", "#N/A"), ("#DIV/0!", "甲")]
    assert isinstance(second.rows[1].at(1), ErrorText)
    assert isinstance(second.rows[2].at(0), ErrorText)


@pytest.mark.parametrize("at", [30, 48, 76, 1024, 2000])
def test_an_old_workbook_that_does_not_fit_together_ends_in_a_sentence(at: int) -> None:
    data = old_workbook(lambda sheet: sheet.row(1).set_cell_error(1, NOT_THERE))
    broken = data[:at] + b"\x40\xff\xff\x7f" + data[at + 4 :]
    with suppress(WorkbookError):  # the sentence, if what the reader needs is broken
        assert len(read(broken, WEEKLY).sheets) == 1


# Titles ------------------------------------------------------------------------------------------


def test_a_long_title_is_remembered_by_its_beginning() -> None:
    title = "请在这里如实填写" * 10
    book = read(csv_bytes([["姓名", title], ["测试甲", "1"]]), WEEKLY)
    columns = {"name": ("姓名",), "cert_no": ("证件号码",)}
    table = find_table(book, columns, ("cert_no",), remembered={title[:60]: "cert_no"})
    assert table.sheets[0].columns == {"name": 0, "cert_no": 1}
