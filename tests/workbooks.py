"""Workbooks made in memory for tests: the two weekly layouts, and every kind of odd file.

People are invented: serial 000 in every identity number. Written with openpyxl and xlwt, not with
the product's own writer, so that the reader is tested against somebody else's files.
"""

from __future__ import annotations

import csv
import io
import struct
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

import openpyxl
import xlwt
from openpyxl.utils import get_column_letter

Cell = str | int | float | bool | datetime | date | None
Rows = Sequence[Sequence[Cell]]

WEEKLY_HEADERS: dict[int, list[str]] = {
    1: [
        "序号",
        "省问题编号",
        "报错时间",
        "参保地区划",
        "就医地区划",
        "就医地",
        "定点医药机构编码",
        "定点医药机构名称",
        "姓名",
        "证件类型",
        "证件号码",
        "人员编号",
        "险种",
        "医疗类别",
        "交易编号",
        "就诊ID",
        "结算ID",
        "报文ID",
        "报错信息",
        "涉及金额",
        "是否在院",
        "联系人",
        "联系电话",
        "备注",
    ],
    2: [
        "序号",
        "报错日期",
        "参保人姓名",
        "证件号码",
        "参保地",
        "就医地",
        "医疗机构名称",
        "医疗机构编码",
        "交易类型",
        "报错代码",
        "报错信息",
        "联系电话",
        "处理结果",
        "处理人",
        "备注",
    ],
}
_COUNTIES = ("210702", "210703", "210711", "210726", "210727", "210781", "210782")
_COUNTY_NAMES = ("古塔区", "凌河区", "太和区", "黑山县", "义县", "凌海市", "北镇市")
_PLACES = (("210100", "沈阳市"), ("110000", "北京市"), ("310000", "上海市"), ("120000", "天津市"))
_MESSAGES = (
    ("1101", "未查询到参保人员信息"),
    ("2001", "参保人待遇状态异常"),
    ("2401", "未办理异地就医备案登记"),
    ("2401", "就医地不是备案登记的地区"),
    ("2304", "定点医疗机构未开通异地就医住院结算"),
    ("2304", "结算超时，参保地无返回"),
)
_NAMES = "甲乙丙丁戊己庚辛壬癸"


def identity_number(county: str = "210702", birth: str = "19050101", serial: int = 0) -> str:
    """A valid 18-digit number of an invented person (serial 000 unless asked otherwise)."""
    body = f"{county}{birth}{serial:03d}"
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return body + "10X98765432"[sum(int(d) * w for d, w in zip(body, weights, strict=True)) % 11]


def weekly_rows(
    count: int = 12, layout: int = 1, week: tuple[int, int] = (2026, 47)
) -> list[list[Cell]]:
    """Data rows of a week in one of the two layouts, errors of the week before its Monday."""
    monday = date.fromisocalendar(*week, 1)
    make = {1: _province_row, 2: _other_row}[layout]
    return [make(n, monday) for n in range(1, count + 1)]


def _common(n: int, monday: date) -> dict[str, Any]:
    born = date(1905, 1, 1) + timedelta(days=n * 397)
    county = (n - 1) % len(_COUNTIES)
    place, place_name = _PLACES[(n - 1) % len(_PLACES)]
    infno, message = _MESSAGES[(n - 1) % len(_MESSAGES)]
    return {
        "moment": datetime.combine(
            monday - timedelta(days=7 - (n - 1) % 5), time(9 + n % 8, n * 7 % 60)
        ),
        "county": _COUNTIES[county],
        "county_name": _COUNTY_NAMES[county],
        "place": place,
        "place_name": place_name,
        "institution": f"H{place[:4]}02{n % 5 + 1:05d}",
        "institution_name": f"{place_name}第{n % 5 + 1}测试医院",
        "name": f"测试{_NAMES[(n - 1) % 10]}",
        "cert_no": identity_number(_COUNTIES[county], f"{born:%Y%m%d}"),
        "infno": infno,
        "message": message,
        "phone": f"0416-{8000000 + n - 1}",
    }


def _province_row(n: int, monday: date) -> list[Cell]:
    c = _common(n, monday)
    return [
        n, f"LN{monday:%Y%m%d}-{n:04d}", c["moment"], c["county"], c["place"], c["place_name"],
        c["institution"], c["institution_name"], c["name"], "居民身份证", c["cert_no"],
        f"2107{n:026d}", ("310", "390")[n % 2], ("21", "11", "14")[n % 3], c["infno"],
        f"M{n:08d}", f"S{n:08d}" if c["infno"] == "2304" else "",
        f"{c['institution']}{c['moment']:%Y%m%d}{n:06d}", c["message"],
        round(1234.5 + 87.31 * (n - 1), 2), ("是", "否")[n % 2], f"经办{n % 3}", c["phone"], "",
    ]  # fmt: skip


def _other_row(n: int, monday: date) -> list[Cell]:
    c = _common(n, monday)
    return [
        n, c["moment"].date(), c["name"], c["cert_no"], c["county_name"], c["place_name"],
        c["institution_name"], c["institution"], c["infno"], f"E{n % 7:03d}", c["message"],
        c["phone"], "", "", "",
    ]  # fmt: skip


def weekly_workbook(
    rows: Rows | None = None,
    layout: int = 1,
    *,
    title: str | None = None,
    sheet: str = "报错明细",
    total: bool = False,
    note: str | None = None,
    headers: Sequence[str] | None = None,
) -> bytes:
    """A weekly xlsx: an optional merged title, the header, the rows, a 合计 row, a 注 row."""
    header = list(headers or WEEKLY_HEADERS[layout])
    body = [list(row) for row in (weekly_rows(layout=layout) if rows is None else rows)]
    lines: list[Sequence[Cell]] = [header, *body]
    merged: list[str] = []
    last = get_column_letter(len(header))
    if title:
        lines.insert(0, [title])
        merged.append(f"A1:{last}1")
    if total:
        lines.append(["合计", f"{len(body)} 条"])
    if note:
        lines.append([note])
        merged.append(f"A{len(lines)}:{last}{len(lines)}")
    return xlsx({sheet: lines}, merged={sheet: merged})


def xlsx(
    sheets: Mapping[str, Rows] | Rows,
    *,
    merged: Mapping[str, Iterable[str]] | None = None,
    hidden: Iterable[str] = (),
    hidden_rows: Mapping[str, Iterable[int]] | None = None,
    active: str | None = None,
    formats: Mapping[str, str] | None = None,
) -> bytes:
    """An xlsx by openpyxl; ``formats`` maps a cell such as ``B2`` of the first sheet to one."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    named = sheets if isinstance(sheets, Mapping) else {"Sheet1": sheets}
    for name, rows in named.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(list(row))
        for area in (merged or {}).get(name, ()):
            sheet.merge_cells(area)
        for number in (hidden_rows or {}).get(name, ()):
            sheet.row_dimensions[number].hidden = True
        if name in hidden:
            sheet.sheet_state = "hidden"
    for place, code in (formats or {}).items():
        book.worksheets[0][place].number_format = code
    if active:
        book.active = book.sheetnames.index(active)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def xls(sheets: Mapping[str, Rows] | Rows, *, merged: Sequence[tuple[int, ...]] = ()) -> bytes:
    """A BIFF8 workbook by xlwt; ``merged`` are (top, bottom, left, right) from 0."""
    book = xlwt.Workbook(encoding="utf-8")
    named = sheets if isinstance(sheets, Mapping) else {"Sheet1": sheets}
    day = xlwt.easyxf(num_format_str="yyyy-mm-dd")
    moment = xlwt.easyxf(num_format_str="yyyy-mm-dd hh:mm:ss")
    for name, rows in named.items():
        sheet = book.add_sheet(name)
        for number, row in enumerate(rows):
            for column, value in enumerate(row):
                style = moment if isinstance(value, datetime) else day
                if isinstance(value, date):
                    sheet.write(number, column, value, style)
                elif value not in (None, ""):
                    sheet.write(number, column, value)
        for area in merged:
            sheet.merge(*area)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def csv_bytes(rows: Rows, encoding: str = "utf-8-sig", separator: str = ",") -> bytes:
    """A csv in one encoding."""
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=separator).writerows(rows)
    return out.getvalue().encode(encoding)


# Files written part by part, for what no library would write. ----------------------------------

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
STRICT = "http://purl.oclc.org/ooxml/spreadsheetml/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_STRICT_OFFICE = "http://purl.oclc.org/ooxml/officeDocument/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"


def zipped(members: Mapping[str, str | bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip file of these members."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as package:
        for name, content in members.items():
            package.writestr(name, content)
    return out.getvalue()


def parts(
    sheet_data: str,
    *,
    after: str = "",
    strings: Sequence[str] | None = None,
    styles: str = "",
    strict: bool = False,
    from_1904: bool = False,
    sheet_target: str = "worksheets/sheet1.xml",
) -> dict[str, str | bytes]:
    """The members of a one-sheet workbook whose rows are given as XML."""
    main, office = (STRICT, _STRICT_OFFICE) if strict else (MAIN, _OFFICE)
    relations = f'<Relationship Id="rId1" Type="{office}/worksheet" Target="{sheet_target}"/>'
    members: dict[str, str | bytes] = {
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types"/>',
        "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="r" '
        f'Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{office}">'
        f'<workbookPr date1904="{int(from_1904)}"/>'
        '<sheets><sheet name="报错明细" sheetId="1" r:id="rId1"/></sheets></workbook>',
        "xl/worksheets/sheet1.xml": f'<?xml version="1.0" encoding="UTF-8"?>\n<worksheet '
        f'xmlns="{main}"><sheetData>{sheet_data}</sheetData>{after}</worksheet>',
    }
    if strings is not None:
        relations += f'<Relationship Id="rId2" Type="{office}/sharedStrings" Target="strings.xml"/>'
        items = "".join(strings)
        members["xl/strings.xml"] = f'<sst xmlns="{main}">{items}</sst>'
    if styles:
        relations += f'<Relationship Id="rId3" Type="{office}/styles" Target="styles.xml"/>'
        members["xl/styles.xml"] = f'<styleSheet xmlns="{main}">{styles}</styleSheet>'
    members["xl/_rels/workbook.xml.rels"] = (
        f'<Relationships xmlns="{_PACKAGE}/relationships">{relations}</Relationships>'
    )
    return members


def raw_xlsx(sheet_data: str, **options: Any) -> bytes:
    """A one-sheet workbook from the XML of its rows (see ``parts``)."""
    return zipped(parts(sheet_data, **options))


def far_cell(reference: str = "XFD1048576") -> bytes:
    """A small genuine table with one value far away, which aborts python-calamine."""
    number = reference.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    return raw_xlsx(
        '<row r="1"><c r="A1" t="inlineStr"><is><t>序号</t></is></c></row>'
        f'<row r="{number}"><c r="{reference}"><v>1</v></c></row>'
    )


def forged_size(data: bytes, name: str, size: int) -> bytes:
    """The same zip with another unpacked size written for one member, in both headers."""
    forged = bytearray(data)
    encoded = name.encode()
    for mark, name_at, size_at in ((b"PK\x03\x04", 30, 22), (b"PK\x01\x02", 46, 24)):
        place = -1
        while (place := forged.find(mark, place + 1)) >= 0:
            if forged[place + name_at : place + name_at + len(encoded)] == encoded:
                struct.pack_into("<I", forged, place + size_at, size)
    return bytes(forged)
