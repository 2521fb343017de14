"""Lists as other programs really write them: each row is there with its right value, or the row or
file waits for a person with a true reason. ``tests/data/received`` holds one file of each kind;
what else is of the kind is made here."""

import re
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import pytest

from apps.errors.intake import columns as intake_columns
from apps.filings.imports import columns as imports_columns
from ydjy.desk.imports import kinds as imports_kinds
from ydjy.lib import workbook
from ydjy.lib.text import unwrapped
from ydjy.lib.workbook import Fill
from ydjy.staff_site import examine

DATA = Path(__file__).parents[1] / "data" / "received"
TODAY = date(2026, 12, 1)

A = {
    "name": "测试甲",
    "cert_no": "21070219060202000X",
    "inst_code": "H21010200002",
    "psn_no": "210700000000000000000000000001",
    "msgid": "H2101020000220261109000001",
    "infno": "1101",
    "amount": "1234.50",
    "phone": "0416-8000000",
}
B = {
    "name": "测试乙",
    "cert_no": "210703190703060007",
    "inst_code": "H11000200003",
    "psn_no": "210700000000000000000000000002",
    "msgid": "H1100020000320261110000002",
    "infno": "2001",
    "amount": "1321.81",
    "phone": "0416-8000001",
}
C = {
    "name": "测试丙",
    "cert_no": "210711190804060006",
    "inst_code": "H31000200004",
    "psn_no": "210700000000000000000000000003",
    "msgid": "H3100020000420261111000003",
    "infno": "2401",
    "amount": "1409.12",
    "phone": "0416-8000002",
}
ABC = {2: A, 3: B, 4: C}


@dataclass(frozen=True)
class Right:
    """What is right of a file: values by row, else the status, and words of its sentences."""

    rows: dict[int, dict[str, str]] = field(default_factory=dict)
    status: str = imports_kinds.ACCEPTED
    says: str = ""
    refused: bool = False
    never: str = "损坏"


def _dates(*stamps: str) -> dict[int, dict[str, str]]:
    return {
        number: {"reported_on": stamp[:10]} | ({"reported_at": stamp} if stamp[10:] else {})
        for number, stamp in enumerate(stamps, 2)
    }


D = "2026-11-09"
MORNING = f"{D} 09:30:00"
RIGHT = {
    "p01_prefixed_1000.xlsx": Right({n: {"msgid": f"MSG{n - 1:08}"} for n in range(2, 1002)}),
    "n01_biff5_ascii_header_nocp.xls": Right(refused=True, says="97 版以前"),
    "r01_hidden_rest.xlsx": Right(ABC),
    "k10_wanyuan.xlsx": Right({2: {"amount": "15000.00"}}, says="万元"),
    "k01_二代证.xlsx": Right({2: {}}, status=imports_kinds.REJECTED, says="校验位"),
    "n10_1904_plain.xls": Right({2: {"start_on": D}}, says="1904"),
    "n11_1904_plain.xlsx": Right({2: {"start_on": D}}, says="1904"),
    "d01_excel_trimmed_tail.csv": Right(
        {n: {"phone": f"0416-80000{n - 2:02}"} for n in range(2, 42)}
    ),
    "d09_equals_quoted_raw.csv": Right(ABC),
    "d13_apostrophe.csv": Right(ABC),
    "n20_pandas_floats.csv": Right({2: {"insutype": "310", "med_type": "21", "infno": "2401"}}),
    "q03_password.xls": Right(refused=True, says="密码", never="损坏|重新发送"),
    "a02_lower_refs.xlsx": Right(ABC),
    "e01_dates.xlsx": Right(
        _dates(
            *(f"{D} 09:00:00", f"{D} 09:00:00", f"{D} 14:30:00", MORNING, f"{D} 14:30:00", D),
            *(MORNING, MORNING, MORNING, D, MORNING, D),
        )
    ),
    "k01_其他身份证件.xlsx": Right({2: {}}, status=imports_kinds.HELD, says="证件类型"),
    "k20_two_phones.xlsx": Right(refused=True, says="“联系电话”.*“手机号码”.*对应列"),
    "b20_fmt50_redefined.xlsx": Right({n: row | {"amount": "1234.50"} for n, row in ABC.items()}),
    "q02_capital_stream.xls": Right(ABC),
    "q04_styles_named_but_absent.xlsx": Right(ABC),
    "b01_zip64_marks.xlsx": Right(ABC),
    "c14_hidden_row.xls": Right(ABC, says="有 1 行被隐藏"),
    "c14_hidden_row.xlsx": Right(ABC, says="有 1 行被隐藏"),
    "a07_sas_empty_inline.xlsx": Right(ABC),
    "c10_formula_dates.xls": Right(_dates(D, "2026-11-10", "2026-11-11 06:00:00")),
    "d06_sep_line.csv": Right({3: A, 4: B, 5: C}),
    "k30_numbers_app.xlsx": Right({3: A, 4: B}, says="导出概要"),
}
PHONES = {
    **dict.fromkeys((2, 3), "13800138000"),
    **dict.fromkeys((4, 5, 6, 7, 11), "0416-8904567"),
    8: "0416-8904567、0416-8904568",
    10: "010-62345678转1234",
}


def examined(name: str) -> imports_kinds.Report:
    kind = "filings" if name.startswith(("n01", "n10", "n11")) else "weekly"
    made = (
        imports_columns.kind(TODAY)
        if kind == "filings"
        else intake_columns.kind(today=TODAY, home="210700")
    )
    return imports_kinds.examine(made, (DATA / name).read_bytes(), name)


@pytest.mark.django_db
@pytest.mark.parametrize("name", RIGHT)
def test_a_received_file_is_read_right_or_refused_truly(name: str):
    right, report = RIGHT[name], examined(name)
    told = report.message + "".join(row.message for row in report.rows)
    assert (report.outcome == "refused") is right.refused, told
    assert re.search(right.says, told), told
    assert not re.search(right.never, told), told
    if not right.refused:
        assert [row.row for row in report.rows] == list(right.rows)
        assert {row.status for row in report.rows} == {right.status}
    for row in report.rows:
        wanted = right.rows[row.row]
        assert {key: row.values.get(key) for key in wanted} == wanted, (row.row, row.message)


def test_every_file_is_tried():
    told_below = {"f01_documents.xlsx", "f02_phones.xlsx"}
    assert {path.name for path in DATA.iterdir()} == RIGHT.keys() | told_below


def test_documents_that_are_no_identity_card_are_not_measured_by_one():
    rows = {row.row: row for row in examined("f01_documents.xlsx").rows}
    assert [rows[n].values["cert_no"] for n in (2, 3, 4, 5)] == [
        *("ABC12345", "T1234567", "C6686689", "1234567801B")
    ]
    assert {rows[n].status for n in (2, 3, 4, 5)} == {imports_kinds.ACCEPTED}
    assert not any("18 位" in row.message for row in rows.values())


def test_a_telephone_is_found_among_words_and_a_range_is_asked():
    rows = {row.row: row for row in examined("f02_phones.xlsx").rows}
    for number, phone in PHONES.items():
        assert (rows[number].status, rows[number].values["phone"]) == (
            imports_kinds.ACCEPTED,
            phone,
        )
    assert rows[9].status == imports_kinds.HELD
    assert "一段号码" in rows[9].message


@pytest.mark.parametrize(
    "name", ["r01_hidden_rest.xlsx", "a02_lower_refs.xlsx", "p01_prefixed_1000.xlsx"]
)
def test_each_answer_goes_into_its_row(name: str):
    data, report = (DATA / name).read_bytes(), examined(name)
    answers = {row.row: f"答{row.row}" for row in report.rows}
    back = workbook.fill(data, "xlsx", [Fill(report.rows[0].sheet, 1, {"处理结果": answers})])
    (sheet,) = workbook.read(back, workbook.WEEKLY).sheets
    column = sheet.rows[0].cells.index("处理结果")
    assert {row.number: row.at(column) for row in sheet.rows[1:]} == answers


@pytest.mark.parametrize("mark", ['="{}"', "={}", "'{}", "`{}"])
def test_a_mark_around_a_code_is_no_part_of_it(mark: str):
    assert unwrapped(mark.format("H21010200002")) == "H21010200002"
    assert unwrapped("=A1+B1") == "=A1+B1"


# Units -------------------------------------------------------------------------------------------

UNITS = {
    "（万元）": ("1.5", "15000.00"),
    "(单位：千元)": ("1.5", "1500.00"),
    "【元】": ("1.5", "1.50"),
    "（分）": ("12345", "123.45"),
    "（人民币万元）": ("1,234.5", "12345000.00"),
    "（万元，含自费）": ("0.01", "100.00"),
    "（必填）": ("1.5", "1.50"),
    "万元": ("1.5", None),
    "（美元）": ("1.5", None),
    "（年）": ("1.5", None),
    "（亿元）": ("未定", None),
}


@pytest.mark.parametrize("bracket", UNITS)
def test_a_unit_in_the_title_is_used_or_asked(bracket: str):
    cell, wanted = UNITS[bracket]
    row = _row_of(intake_columns.kind(today=TODAY, home="210700"), "amount", bracket, cell)
    if wanted:
        assert row.values["amount"] == wanted, row.message
    elif bracket == "万元":
        assert "amount" not in row.values, "a column of an unknown name is not read"
    else:
        assert row.status != imports_kinds.ACCEPTED
        assert row.values["amount"] is None
        assert bracket.strip("（）") in row.message


@pytest.mark.django_db
@pytest.mark.parametrize("code", list(examine.KINDS))
def test_no_kind_of_list_drops_a_unit(code: str):
    """Every column that takes a number or a day and refuses a word has a measure."""
    kind = examine.KINDS[code]()
    for key, titles in kind.columns.items():
        numbers = [cell for cell in ("12", "2026-11-09") if _reads(kind, key, cell)]
        if _reads(kind, key, "甲乙丙") or not numbers or key in {"seq", *_CODES}:
            continue
        assert key in kind.measures, (code, titles[0])
    for key in kind.measures:
        row = _row_of(kind, key, "（美元）", "12")
        assert (row.status, row.values[key]) != (imports_kinds.ACCEPTED, "12"), (code, key)
        assert "美元" in row.message


# Figures that count nothing: codes of tables, telephones, documents.
_CODES = frozenset(
    "insutype med_type cert_no phone in_hospital insured_area care_area place area person_status "
    "code display review_flag published works official handles_cases".split()
)


def _reads(kind: imports_kinds.ListKind, key: str, cell: str) -> bool:
    values, doubts = kind.judge({key: cell})
    return values.get(key) is not None and key not in doubts.bad and key not in doubts.unsure


def _row_of(
    kind: imports_kinds.ListKind, key: str, bracket: str, cell: str
) -> imports_kinds.ReadRow:
    """The verdict on a row of this kind in which only this column and the needed ones speak."""
    needed = {k: kind.columns[k][0] for k in kind.required if k != key}
    headers = [*needed.values(), kind.columns[key][0] + bracket, kind.columns["seq"][0]]
    text = ",".join(f'"{t}"' for t in headers) + "\n"
    text += ",".join([*("甲" for _ in needed), f'"{cell}"', "1"]) + "\n"
    book = workbook.read(text.encode(), workbook.OTHER)
    table = workbook.find_table(book, kind.columns, kind.required[:0])
    (row,) = imports_kinds.judged(imports_kinds.Opened(kind, "a.csv", book, table))
    return row


# Cells that programs wrap ------------------------------------------------------------------------

WRAPPED = ('="{}"', "'{}", "`{}", '"{}"', "“{}”", "\t{}", "{}\u200b", '= "{}"')


@pytest.mark.parametrize("wrap", WRAPPED)
@pytest.mark.parametrize(
    "key", ["province_no", "inst_code", "psn_no", "infno", "mdtrt_id", "msgid"]
)
def test_one_cleaning_is_for_all_codes(key: str, wrap: str):
    kind = intake_columns.kind(today=TODAY, home="210700")
    assert kind.judge({key: wrap.format("H2101-001")})[0][key] == "H2101-001"


@pytest.mark.parametrize(("cell", "wanted"), [("310.0", "310"), ("0012", "0012"), ("1E10", "1E10")])
def test_a_code_that_went_through_a_number_is_the_code(cell: str, wanted: str):
    kind = intake_columns.kind(today=TODAY, home="210700")
    assert kind.judge({"infno": cell})[0]["infno"] == wanted


@pytest.mark.parametrize("cell", ["2.1070000000000003e+29", "210700000000000000000000000001.0"])
def test_a_code_that_lost_digits_is_told(cell: str):
    kind = intake_columns.kind(today=TODAY, home="210700")
    assert "丢失" in kind.judge({"psn_no": cell})[1].bad["psn_no"]


# Documents ---------------------------------------------------------------------------------------

WRONG_CHECK = "210727196001010071"


@pytest.mark.parametrize("word", ["", "二代证", "身份凭证", "A01", "01", "居民身份证", "证"])
def test_an_unknown_word_never_means_less_checking_than_a_blank_one(word: str):
    kind = intake_columns.kind(today=TODAY, home="210700")
    for number in (WRONG_CHECK, "21072719600101007", "2107271960010100710", "12345678"):
        _, doubts = kind.judge({"cert_type": word, "cert_no": number})
        assert "cert_no" in doubts.bad or "cert_no" in doubts.unsure, (word, number)


@pytest.mark.parametrize(
    "word", ["其他身份证件", "其它有效证件", "护照", "台胞证", "99", "残疾人证"]
)
def test_an_identity_shape_is_checked_under_every_word(word: str):
    kind = intake_columns.kind(today=TODAY, home="210700")
    values, doubts = kind.judge({"cert_type": word, "cert_no": WRONG_CHECK})
    assert "证件类型" in doubts.unsure["cert_no"]
    assert values["cert_no"] == WRONG_CHECK
