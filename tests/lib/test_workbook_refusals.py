"""What is refused, by content and by limit, in which sentence."""

import io
import zipfile

import pytest

from tests import workbooks
from tests.workbooks import csv_bytes, raw_xlsx, weekly_workbook, xls, xlsx, zipped
from ydjy.lib.workbook import WEEKLY, Limits, WorkbookError, read
from ydjy.lib.workbook.xlsx import package as package_module


def one(data: bytes) -> list[tuple[str, ...]]:
    (sheet,) = read(data, WEEKLY).sheets
    return [row.cells for row in sheet.rows]


def refusal(data: bytes, limits: Limits = WEEKLY) -> str:
    with pytest.raises(WorkbookError) as caught:
        read(data, limits)
    return str(caught.value)


# Refused by content ------------------------------------------------------------------------------

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600
RESAVE = "请用 Excel 或 WPS 打开后“另存为”.xlsx 再上传。"


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "文件是空的，没有任何内容，请检查后重新上传。"),
        (b"\xef\xbb\xbf\r\n \r\n", "文件是空的，没有任何内容，请检查后重新上传。"),
        (b"%PDF-1.7 x", "这是 PDF 文件，不是表格，请上传 Excel（.xlsx、.xls）或 CSV 文件。"),
        (b"\x89PNG\r\n\x1a\n", "这是图片，不是表格，请上传 Excel（.xlsx、.xls）或 CSV 文件。"),
        (b"Rar!\x1a\x07", "这是 RAR 压缩包，不是表格，请上传 Excel（.xlsx、.xls）或 CSV 文件。"),
        (
            b"\r\n<html xmlns:x='urn'><table><tr><td>1</td></tr></table></html>",
            f"这是网页（HTML）存成的表格，不是真正的 Excel 文件，{RESAVE}",
        ),
        (
            "\ufeff<table><tr><td>1</td></tr></table>".encode("utf-16-le"),
            f"这是网页（HTML）存成的表格，不是真正的 Excel 文件，{RESAVE}",
        ),
        (
            b'<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?><Workbook '
            b'xmlns="urn:schemas-microsoft-com:office:spreadsheet"></Workbook>',
            f"这是“XML 表格 2003”格式，不是真正的 Excel 文件，{RESAVE}",
        ),
        (
            b"MIME-Version: 1.0\r\nContent-Type: multipart/related",
            f"这是网页归档（MHTML）存成的表格，不是真正的 Excel 文件，{RESAVE}",
        ),
        (b'<?xml version="1.0"?><a/>', f"这是 XML 文件，不是表格，{RESAVE}"),
        (b"\x09\x08\x10\x00\x00\x06", f"这是很旧的 Excel 格式（97 版以前），读不了，{RESAVE}"),
        (
            OLE + "EncryptedPackage".encode("utf-16-le"),
            "文件有打开密码，读不了，请去掉密码（另存为，不设密码）后再上传。",
        ),
        (OLE + "WordDocument".encode("utf-16-le"), f"这是 Word 文档，不是表格，{RESAVE}"),
        (OLE, package_module.DAMAGED),
        (OLE + "Workbook".encode("utf-16-le"), package_module.DAMAGED),
        (zipped({"word/document.xml": "<w/>"}), f"这是 Word 文档，不是 .xlsx 表格，{RESAVE}"),
        (
            zipped({"[Content_Types].xml": "<x/>", "xl/workbook.bin": "b"}),
            f"这是二进制工作簿（.xlsb），不是 .xlsx 表格，{RESAVE}",
        ),
        (
            zipped({"mimetype": "x", "content.xml": "<x/>"}),
            f"这是 OpenDocument 表格（.ods），不是 .xlsx 表格，{RESAVE}",
        ),
        (
            zipped({"a.txt": "x"}),
            "这是压缩包，不是表格，请解压后上传里面的 Excel（.xlsx、.xls）或 CSV 文件。",
        ),
        (zipped({}), "这是空的压缩包，不是表格，请上传 Excel（.xlsx、.xls）或 CSV 文件。"),
        (weekly_workbook()[:-600], package_module.DAMAGED),
        (b"PK\x03\x04" + bytes(range(256)), package_module.DAMAGED),
    ],
)
def test_what_is_no_table_is_refused_in_one_sentence(data: bytes, sentence: str) -> None:
    assert refusal(data) == sentence


def test_random_bytes_are_refused_with_the_line() -> None:
    assert refusal(bytes(range(1, 256)) * 4).startswith("第 2 行有认不出的字符")


def test_a_password_on_the_members_is_refused() -> None:
    data = bytearray(weekly_workbook())
    data[data.index(b"PK\x01\x02") + 8] |= 1
    assert refusal(bytes(data)) == package_module.ENCRYPTED


# Refused by limits -------------------------------------------------------------------------------


def test_an_upload_over_its_limit_is_refused_unread() -> None:
    assert refusal(b"x" * 11, Limits(upload=10, rows=5, inflated=100)).startswith("文件超过 0 MB")


def test_a_cell_far_away_is_refused_by_its_name() -> None:
    assert refusal(workbooks.far_cell()) == (
        "工作表“报错明细”的单元格 XFD1048576 有内容，超出了 60 列的范围，"
        "请删去远处多余的行和列，保存后重新上传。"
    )
    assert "单元格 C1048576 有内容，超出了 60,000 行的范围" in refusal(
        workbooks.far_cell("C1048576")
    )


def test_too_many_rows_are_refused_by_number() -> None:
    limits = Limits(upload=10**6, rows=10, inflated=10**7)
    rows = [["x"]] * 111
    assert refusal(csv_bytes(rows), limits) == ("表格超过 10 行，一次收不下，请分成几个文件上传。")
    assert refusal(xls(rows), limits).startswith("表格超过 10 行")
    assert "A111 有内容，超出了 10 行" in refusal(xlsx(rows), limits)
    two_sheets = xlsx({"一": [["x"]] * 60, "二": [["x"]] * 60})
    assert refusal(two_sheets, limits).startswith("表格超过 10 行")


def test_a_bomb_is_refused_by_its_directory() -> None:
    bomb = zipped({**workbooks.parts(""), "xl/media/a.bin": b"\0" * (130 * 1024 * 1024)})
    assert refusal(bomb).startswith("文件解压后超过 128 MB")


def test_a_bomb_with_forged_sizes_is_refused() -> None:
    row = '<row r="1"><c r="A1"><v>7</v></c></row>'
    bomb = zipped(workbooks.parts(row + " " * 3_000_000))
    for size in (100, 3_000_000_000):
        forged = workbooks.forged_size(bomb, "xl/worksheets/sheet1.xml", size)
        assert refusal(forged) in (package_module.DAMAGED, refusal_of_size())
    assert one(bomb) == [("7",)]


def refusal_of_size() -> str:
    return (
        "文件解压后超过 128 MB，远大于正常表格，为安全起见不读取，"
        "请删去多余的空行、图片后另存为 .xlsx 再上传。"
    )


def test_too_many_members_are_refused() -> None:
    members = {**workbooks.parts(""), **{f"xl/media/{n}.png": "" for n in range(600)}}
    assert refusal(zipped(members)).startswith("文件内部有 605 个部件，超过 500 个")


@pytest.mark.parametrize("name", ["../evil.xml", "xl/../../evil.xml", "C:/evil.xml"])
def test_members_that_point_outside_are_refused(name: str) -> None:
    assert refusal(zipped({**workbooks.parts(""), name: "x"})) == package_module.HOSTILE


def test_members_of_one_name_are_refused() -> None:
    out = io.BytesIO(zipped(workbooks.parts("")))
    with zipfile.ZipFile(out, "a") as package, pytest.warns(UserWarning, match="Duplicate"):
        package.writestr("xl/workbook.xml", "<workbook/>")
    assert refusal(out.getvalue()) == package_module.HOSTILE
    other_case = {**workbooks.parts(""), "XL/Workbook.xml": "<workbook/>"}
    assert refusal(zipped(other_case)) == package_module.HOSTILE


def test_other_kinds_of_compression_are_refused() -> None:
    assert refusal(zipped(workbooks.parts(""), zipfile.ZIP_BZIP2)) == package_module.HOSTILE


@pytest.mark.parametrize(
    "part", ["xl/worksheets/sheet1.xml", "xl/workbook.xml", "docProps/core.xml", "_rels/.rels"]
)
def test_a_document_type_in_any_part_is_refused(part: str) -> None:
    members = workbooks.parts('<row r="1"><c r="A1"><v>7</v></c></row>')
    text = str(members.get(part, "<core/>"))
    root = text.split("?>")[-1].lstrip()
    members[part] = f'<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/hostname">]>{root}'
    assert "为安全起见不读取" in refusal(zipped(members))
    members[part] = root
    assert one(zipped(members)) == [("7",)]


def test_a_utf_16_document_type_is_refused_too() -> None:
    members = workbooks.parts("")
    members["docProps/core.xml"] = '<!DOCTYPE r [<!ENTITY x "y">]><core/>'.encode("utf-16")
    assert "（DTD）" in refusal(zipped(members))


def test_a_cell_of_too_many_characters_is_refused() -> None:
    long = "长" * 32_768
    assert refusal(raw_xlsx(f'<row r="4"><c r="A4" t="str"><v>{long}</v></c></row>')) == (
        "工作表“报错明细”第 4 行有单元格超过 32,767 个字，不是正常的表格内容，请删短后重新上传。"
    )
    assert refusal(raw_xlsx("", strings=[f"<si><t>{long}</t></si>"])).startswith(
        "工作簿里有单元格超过"
    )
    assert one(raw_xlsx(f'<row r="1"><c r="A1" t="str"><v>{long[1:]}</v></c></row>')) == [
        (long[1:],)
    ]


@pytest.mark.parametrize(
    "inner",
    [
        '<row r="2"><c r="A2"><v>1</v></c></row><row r="2"><c r="A2"><v>2</v></c></row>',
        '<row r="2"><c r="B2"><v>1</v></c><c r="A2"><v>1</v></c></row>',
        '<row r="2"><c r="A2"><v>abc</v></c></row>',
        '<row r="2"><c r="A2" t="s"><v>99</v></c></row>',
        '<row r="2"><c r="A2"><v>1</v></row>',
        '<row r="2"><c r="A2"><v>&x;</v></c></row>',
        '<row r="99999999999"><c r="A2"><v>1</v></c></row>',
        '<row r="2"><c r="AAAA2"><v>1</v></c></row>',
    ],
)
def test_a_sheet_that_contradicts_itself_is_refused_as_damaged(inner: str) -> None:
    assert refusal(raw_xlsx(inner)).endswith(package_module.DAMAGED)
