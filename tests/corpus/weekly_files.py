"""Whole files as they arrive at the weekly import: id → the bytes and the name they come under."""

import random
from collections.abc import Callable
from datetime import date

from tests import workbooks
from tests.workbooks import WEEKLY_HEADERS, csv_bytes, weekly_rows, xls, xlsx, zipped

HEAD = WEEKLY_HEADERS[1]
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600
FILES: dict[str, tuple[Callable[[], bytes], str]] = {}


def add(name: str, make: Callable[[], bytes], filename: str = "报错.xlsx") -> None:
    FILES[name] = (make, filename)


def table(count: int = 3) -> list[list[workbooks.Cell]]:
    return [list(HEAD), *weekly_rows(count)]


def with_header(change: Callable[[list[str]], list[str]], count: int = 2) -> bytes:
    return xlsx([change(list(HEAD)), *weekly_rows(count)])


# Formats, by content and not by name
add("xlsx", lambda: xlsx(table()))
add("xlsx layout two", lambda: workbooks.weekly_workbook(layout=2))
add("xls", lambda: xls(table()), "报错.xls")
add("xls named xlsx", lambda: xls(table()))
add("xlsx named xls", lambda: xlsx(table()), "报错.xls")
add("csv named xlsx", lambda: csv_bytes(table()))
for encoding in ("utf-8", "utf-8-sig", "gb18030", "gbk", "utf-16"):
    add(f"csv {encoding}", lambda e=encoding: csv_bytes(table(), e), "报错.csv")
add("csv utf-16 without mark", lambda: csv_bytes(table(), "utf-16-le"), "报错.csv")
add("csv with semicolons", lambda: csv_bytes(table(), separator=";"), "报错.csv")
add("tsv", lambda: csv_bytes(table(), separator="\t"), "报错.tsv")
add("csv with four-byte names", lambda: csv_bytes(named("王𠮷"), "gb18030"), "报错.csv")
add("csv with a bad byte", lambda: csv_bytes(table()) + b"\xff\xfe\xff", "报错.csv")
add("csv with a NUL", lambda: csv_bytes(table()).replace("测试".encode(), b"\0", 1), "报错.csv")
add("csv with an open quote", lambda: csv_bytes(table()) + '"没有结束,'.encode(), "报错.csv")
add("csv with a ragged row", lambda: csv_bytes([*table(), ["1", "2"]]), "报错.csv")
add("csv mixed", lambda: csv_bytes(table(), "utf-8") + "王某".encode("gb18030"), "报错.csv")
add("empty", lambda: b"")
add("blank lines", lambda: b"\r\n\r\n", "报错.csv")
add("header only", lambda: xlsx([list(HEAD)]))
add("truncated", lambda: xlsx(table())[:-700])
add("random", lambda: random.Random(7).randbytes(4000))
add("pdf", lambda: b"%PDF-1.7 x")
add("word", lambda: zipped({"word/document.xml": "<w/>"}), "报错.docx")
add("zip", lambda: zipped({"a.txt": "x"}), "报错.zip")
add("html", lambda: b"<html><table><tr><td>1</td></tr></table></html>", "报错.xls")
add(
    "xml 2003",
    lambda: (
        b'<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?><Workbook '
        b'xmlns="urn:schemas-microsoft-com:office:spreadsheet"/>'
    ),
    "报错.xls",
)
add("password", lambda: OLE + "EncryptedPackage".encode("utf-16-le"))
add("doctype", lambda: dtd())
add("macros", lambda: zipped({**members(), "xl/vbaProject.bin": b"macro"}), "报错.xlsm")
add("far cell", workbooks.far_cell)
add("bomb", lambda: zipped({**members(), "xl/media/a.bin": b"\0" * (130 * 1024 * 1024)}))
add("thousand members", lambda: zipped({**members(), **{f"x/{n}": "" for n in range(600)}}))
add("upward member", lambda: zipped({**members(), "../../evil.txt": "x"}))
add("hostile name", lambda: xlsx(table()), "../../" + "长" * 240 + '".xlsx')

# Layout
add("title rows", lambda: workbooks.weekly_workbook(title="2026年第47周异地联网报错明细"))
add("total and note", lambda: workbooks.weekly_workbook(total=True, note="注：请于周五前返回"))
add("repeated header", lambda: xlsx([*table(2), list(HEAD), *weekly_rows(4)[2:]]))
add("blank rows between", lambda: xlsx([*table(1), [None], [None], *weekly_rows(2)[1:]]))
add("columns reversed", lambda: xlsx([row[::-1] for row in table()]))
add(
    "headers with spaces and stars",
    lambda: with_header(lambda h: [f" *{x[0]} {x[1:]}：" for x in h]),
)
add("headers renamed", lambda: with_header(renamed))
add("unknown column", lambda: with_header(lambda h: [*h, "省内部备注"]))
add("missing message", lambda: with_header(lambda h: ["别的" if x == "报错信息" else x for x in h]))
add("missing three", lambda: xlsx([["序号", "姓名", "报错时间"], [1, "测试甲", "2026-11-09"]]))
add("doubled column", lambda: with_header(lambda h: [*h[:-1], "报错内容"]))
add("wrong list", lambda: xlsx([["机构名称", "机构编码", "联系电话"], ["市医院", "H1", "1"]]))
add("data on the second sheet", lambda: xlsx({"说明": [["填表说明"]], "明细": table()}))
add("a sheet for each county", lambda: xlsx({"义县": table(2), "黑山县": other_table()}))
add("hidden sheet", lambda: xlsx({"明细": table(2), "藏": other_table()}, hidden=["藏"]))
add("hidden row", lambda: xlsx({"明细": table()}, hidden_rows={"明细": [3]}))
add("wrong sheet active", lambda: xlsx({"明细": table(), "空": [[None]]}, active="空"))
add("two-line header", lambda: two_lines())
add("merged hospital", lambda: merged())
add("duplicate rows", lambda: xlsx([*table(2), *weekly_rows(1)]))
add("same number, other content", lambda: xlsx([*table(2), corrected()]))
add("rows without numbers twice", lambda: xlsx([list(HEAD), plain(1), plain(2)]))
add("columns beyond sixty", lambda: xlsx([[*HEAD, *[None] * 40, "远"], *weekly_rows(1)]))
add("day column formatted", lambda: xlsx(dated(), formats={"C2": "yyyy/m/d"}))
add("ids as numbers", lambda: xlsx(numbered()))
add("every row wrong", lambda: xlsx([list(HEAD), *[[n] for n in range(1, 4)]]))


def members() -> dict[str, str | bytes]:
    cells = "".join(inline(row) for row in table(1))
    return workbooks.parts(cells)


def inline(row: list[workbooks.Cell]) -> str:
    cells = "".join(f'<c t="inlineStr"><is><t>{cell}</t></is></c>' for cell in row)
    return f"<row>{cells}</row>"


def dtd() -> bytes:
    whole = members()
    sheet = str(whole["xl/worksheets/sheet1.xml"])
    evil = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]>'
    whole["xl/worksheets/sheet1.xml"] = sheet.replace("?>\n", f"?>{evil}", 1)
    return zipped(whole)


def named(name: str) -> list[list[workbooks.Cell]]:
    rows = table(1)
    rows[1][8] = name
    return rows


def renamed(header: list[str]) -> list[str]:
    new = {
        "报错时间": "发生时间",
        "定点医药机构名称": "医院",
        "姓名": "患者姓名",
        "证件号码": "certno",
    }
    return [new.get(title, title) for title in header]


def other_table() -> list[list[workbooks.Cell]]:
    return [list(HEAD), *weekly_rows(4)[2:]]


def two_lines() -> bytes:
    top: list[workbooks.Cell] = [*[None] * 8, "参保人", None, None, *[None] * 13]
    return xlsx({"明细": [top, *table(2)]}, merged={"明细": ["I1:K1"]})


def merged() -> bytes:
    rows = table(3)
    rows[2][7] = rows[3][7] = None
    return xlsx({"明细": rows}, merged={"明细": ["H2:H4"]})


def corrected() -> list[workbooks.Cell]:
    row = weekly_rows(1)[0]
    row[18] = "别的报错"
    return row


def plain(seq: int) -> list[workbooks.Cell]:
    row = weekly_rows(1)[0]
    row[0], row[1] = seq, ""
    return row


def dated() -> list[list[workbooks.Cell]]:
    rows = table(1)
    rows[1][2] = date(2026, 11, 9)
    return rows


def numbered() -> list[list[workbooks.Cell]]:
    rows = table(4)
    for row in rows[1:]:
        row[10] = float(int(str(row[10])[:15]) * 1000)
    return rows
