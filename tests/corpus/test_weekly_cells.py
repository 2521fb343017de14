# ruff: noqa: E501 - sentences are quoted whole
"""Every dirty cell of the weekly list gives exactly this value, or exactly this refusal."""

from datetime import date

import pytest

from apps.errors.intake import columns as intake_columns
from tests.corpus.weekly_cells import CASES, workbook_of
from ydjy.desk.imports import kinds as imports_kinds
from ydjy.lib import workbook

KEYS = {
    2: "reported_on", 3: "insured_area", 4: "care_area", 6: "inst_code", 7: "inst_name", 8: "name",
    9: "cert_type", 10: "cert_no", 11: "psn_no", 13: "med_type", 18: "err_msg", 19: "amount",
    20: "in_hospital", 22: "phone", 23: "remark",
}  # fmt: skip
# id → (verdict, value, what is said)
EXPECTED: dict[str, tuple[str, str | None, str]] = {
    "id as text": ("accepted", "210727196001010011", ""),
    "id as a number": (
        "rejected",
        None,
        "“证件号码”单元格是数字，末三位已被 Excel 抹成 0，原号码无法恢复。请把该列设为“文本”后重填。",
    ),
    "id as a number text of Excel": (
        "rejected",
        None,
        "“证件号码”号码已变成科学计数法，原号码无法恢复。请把该列设为“文本”后对照证件重填。",
    ),
    "id as a short number": (
        "rejected",
        None,
        "“证件号码”证件号码应为 18 位（老号码 15 位），这里是 12 位。请对照证件改正。",
    ),
    "id of fifteen digits": (
        "accepted",
        "210727196001010011",
        "“证件号码”原为15位，已换算为18位。",
    ),
    "id of fifteen digits as a number": (
        "accepted",
        "210727196001010011",
        "“证件号码”单元格是数字，15位号码未受损；请把该列设为“文本”。",
    ),
    "id with small x": ("accepted", "21072719600101002X", ""),
    "id with full-width X": ("accepted", "21072719600101002X", "“证件号码”已把全角字符换成半角。"),
    "id with Cyrillic ha": ("accepted", "21072719600101002X", "“证件号码”已把Х换成X。"),
    "id with multiplication sign": ("accepted", "21072719600101002X", "“证件号码”已把×换成X。"),
    "id in full-width digits": (
        "accepted",
        "210727196001010011",
        "“证件号码”已把全角字符换成半角。",
    ),
    "id with apostrophe": (
        "accepted",
        "210727196001010011",
        "“证件号码”已去掉号码里的空格、横线、撇号或看不见的字符。",
    ),
    "id with typographic apostrophe": (
        "accepted",
        "210727196001010011",
        "“证件号码”已去掉号码里的空格、横线、撇号或看不见的字符。",
    ),
    "id with tab": ("accepted", "210727196001010011", ""),
    "id with zero-width space": (
        "accepted",
        "210727196001010011",
        "“证件号码”已去掉号码里的空格、横线、撇号或看不见的字符。",
    ),
    "id with byte order mark": (
        "accepted",
        "210727196001010011",
        "“证件号码”已去掉号码里的空格、横线、撇号或看不见的字符。",
    ),
    "id with ideographic space": ("accepted", "210727196001010011", ""),
    "id in groups": (
        "accepted",
        "210727196001010011",
        "“证件号码”已去掉号码里的空格、横线、撇号或看不见的字符。",
    ),
    "id with hyphens": (
        "accepted",
        "210727196001010011",
        "“证件号码”已去掉号码里的空格、横线、撇号或看不见的字符。",
    ),
    "id with letter O": (
        "rejected",
        None,
        "“证件号码”第 3 位不是数字（0 和 1 常被误打成字母 O 和 l）。请对照证件改正。",
    ),
    "id with wrong check digit": (
        "rejected",
        None,
        "“证件号码”校验位对不上，号码里至少有一位写错。请对照证件改正。",
    ),
    "id of seventeen digits": (
        "rejected",
        None,
        "“证件号码”证件号码应为 18 位（老号码 15 位），这里是 17 位。请对照证件改正。",
    ),
    "id of nineteen digits": (
        "rejected",
        None,
        "“证件号码”证件号码应为 18 位（老号码 15 位），这里是 19 位。请对照证件改正。",
    ),
    "id with impossible day": (
        "rejected",
        None,
        "“证件号码”号码里的出生日期不存在。请对照证件改正。",
    ),
    "id of the future": (
        "rejected",
        None,
        "“证件号码”号码里的出生日期在今天之后。请对照证件改正。",
    ),
    "id masked": ("rejected", None, "“证件号码”号码里有 *，是打过码的。请填完整号码。"),
    "id missing": ("rejected", None, "“证件号码”空着，必须填。"),
    "id a slash": ("rejected", None, "“证件号码”空着，必须填。"),
    "id a hash mark": ("rejected", None, "“证件号码”单元格是错误值 #N/A，请改成实际内容。"),
    "id with a name behind": ("rejected", None, "“证件号码”号码里夹有文字。请只留证件号码。"),
    "id of a vanished county": ("accepted", "210719196001010011", ""),
    "name of the extension B": ("accepted", "王𠮷", ""),
    "name of the extension A": ("accepted", "䶮小明", ""),
    "name of the extension E": ("accepted", "𬱖某", ""),
    "name Uyghur with middle dot": ("accepted", "买买提·吐尔逊", ""),
    "name Uyghur with bullet": ("accepted", "买买提•吐尔逊", ""),
    "name Uyghur with katakana dot": ("accepted", "买买提・吐尔逊", ""),
    "name Uyghur with half-width dot": ("accepted", "买买提・吐尔逊", ""),
    "name Uyghur with full stop": ("accepted", "买买提.吐尔逊", ""),
    "name Uyghur with hyphenation point": ("accepted", "买买提‧吐尔逊", ""),
    "name in Arabic script": ("accepted", "مەھمەت", ""),
    "name in Latin": ("accepted", "JOHN SMITH", ""),
    "name with spaces inside": ("accepted", "王 明", ""),
    "name with ideographic space": ("accepted", "王 明", ""),
    "name with question mark": (
        "held",
        "王?",
        "“姓名”姓名里有认不出的字（显示成“?”或“□”），请对照证件补上。",
    ),
    "name with box": (
        "held",
        "王□",
        "“姓名”姓名里有认不出的字（显示成“?”或“□”），请对照证件补上。",
    ),
    "name with replacement character": (
        "held",
        "王�",
        "“姓名”姓名里有认不出的字（显示成“?”或“□”），请对照证件补上。",
    ),
    "name with private use": (
        "held",
        "王\ue000",
        "“姓名”姓名里有认不出的字（显示成“?”或“□”），请对照证件补上。",
    ),
    "name mojibake": (
        "held",
        "锟斤拷",
        "“姓名”姓名里有认不出的字（显示成“?”或“□”），请对照证件补上。",
    ),
    "name a number": ("rejected", None, "“姓名”是一串数字，不是姓名，请核对是不是串列了。"),
    "name digits as text": ("rejected", None, "“姓名”是一串数字，不是姓名，请核对是不是串列了。"),
    "name missing": ("rejected", None, "“姓名”空着，必须填。"),
    "name too long": ("rejected", None, "“姓名”超过 50 个字，不像姓名，请核对是不是串列了。"),
    "name a formula": (
        "rejected",
        None,
        "“姓名”单元格是公式，文件里没有存下计算结果，请复制后“选择性粘贴—数值”再保存。",
    ),
    "name markup": ("accepted", "<b>王</b>", ""),
    "name template": ("accepted", "{{ 王|upper }}", ""),
    "name a date": ("rejected", None, "“姓名”不像姓名，请核对是不是串列了。"),
    "name a day in text": ("rejected", None, "“姓名”不像姓名，请核对是不是串列了。"),
    "name a telephone": ("rejected", None, "“姓名”不像姓名，请核对是不是串列了。"),
    "name true": ("rejected", None, "“姓名”不像姓名，请核对是不是串列了。"),
    "name an error in text": ("rejected", None, "“姓名”单元格是错误值 #N/A，请改成实际内容。"),
    "name sql": ("accepted", "王'; DROP TABLE t;--", ""),
    "day as a date": ("accepted", "2026-11-09", ""),
    "day with a time": ("accepted", "2026-11-09 09:30:00", ""),
    "day iso text": ("accepted", "2026-11-09", ""),
    "day with slashes": ("accepted", "2026-11-09", ""),
    "day with dots": ("accepted", "2026-11-09", ""),
    "day in Chinese": ("accepted", "2026-11-09", ""),
    "day in Chinese numerals": ("accepted", "2026-11-09", ""),
    "day in full width": ("accepted", "2026-11-09", ""),
    "day compact": ("accepted", "2026-11-09", ""),
    "day compact with time": ("accepted", "2026-11-09 09:30:00", ""),
    "day as a serial": ("accepted", "2026-11-09", ""),
    "day as a serial with time": ("accepted", "2026-11-09 09:00:00", ""),
    "day without year": ("rejected", None, "“报错时间”日期没有写年份，请写成 2026-11-09 这样。"),
    "day month first": (
        "held",
        None,
        "“报错时间”分不清哪个是月、哪个是日，请写成 2026-11-09 这样。",
    ),
    "day with two-digit year": (
        "held",
        None,
        "“报错时间”分不清哪个是月、哪个是日，请写成 2026-11-09 这样。",
    ),
    "day impossible": ("rejected", None, "“报错时间”没有这一天或这个时间，请核对。"),
    "day of the first century": ("rejected", None, "“报错时间”没有这一天或这个时间，请核对。"),
    "day after today": ("held", "2026-12-24", "“报错时间”日期 2026-12-24 在今天之后，请核对。"),
    "day of 2062": ("held", "2062-11-09", "“报错时间”日期 2062-11-09 在今天之后，请核对。"),
    "day long ago": ("held", "2020-01-01", "“报错时间”日期 2020-01-01 是三年以前，请核对。"),
    "day as 1904 serial": ("held", "2022-11-08", "“报错时间”日期 2022-11-08 是三年以前，请核对。"),
    "day missing": ("rejected", None, "“报错时间”空着，必须填。"),
    "day in words": ("rejected", None, "“报错时间”日期认不出来，请写成 2026-11-09 这样。"),
    "day a small number": (
        "rejected",
        None,
        "“报错时间”是一个数字，认不出是哪一天，请写成 2026-11-09 这样。",
    ),
    "day a huge number": ("rejected", None, "“报错时间”没有这一天或这个时间，请核对。"),
    "place a code": ("accepted", "210727", ""),
    "place a code as number": ("accepted", "210727", ""),
    "place a name": ("accepted", "210727", ""),
    "place a full name": ("accepted", "210727", ""),
    "place of the own city": ("accepted", "210799", ""),
    "place unknown": ("held", None, "“参保地区划”认不出是哪里，请写行政区划的全称或 6 位代码。"),
    "place ambiguous": (
        "held",
        None,
        "“参保地区划”有几个同名的地方，请写全，例如“辽宁省锦州市义县”。",
    ),
    "place missing": ("accepted", None, ""),
    "place of care municipality": ("accepted", "110000", ""),
    "place of care unknown": ("accepted", "210100", ""),
    "place of the corps": ("accepted", "660000", ""),
    "code like a float": ("accepted", "1E10", ""),
    "code with zeros": ("accepted", "0012", ""),
    "code that became a date": (
        "rejected",
        None,
        "“医疗类别”单元格是日期，原编号多半被 Excel 改成了日期。请把该列设为“文本”后重填。",
    ),
    "code that lost digits in text": (
        "rejected",
        None,
        "“人员编号”编号已变成科学计数法，后面几位已丢失。请把该列设为“文本”后重填。",
    ),
    "code with a lost character": (
        "held",
        "21\ufffd7",
        "“人员编号”有认不出的字（显示成“?”或“□”），请对照原表补上。",
    ),
    "code like a date": ("accepted", "3-12", ""),
    "code a boolean": ("accepted", "TRUE", ""),
    "code NaN": ("accepted", "NaN", ""),
    "code null": ("accepted", "null", ""),
    "code a number": ("accepted", "21", ""),
    "code a float": ("accepted", "21", ""),
    "psn_no as a damaged number": (
        "rejected",
        None,
        "“人员编号”单元格是数字，超过 15 位的部分已被 Excel 抹成 0。请把该列设为“文本”后重填。",
    ),
    "psn_no of thirty digits": ("accepted", "111111111111111111111111111111", ""),
    "hospital code as text": ("accepted", "H21010000001", ""),
    "hospital code with small h": ("accepted", "h21010000001", ""),
    "hospital code too long": (
        "rejected",
        None,
        "“定点医药机构编码”有 41 个字符，最多 30 个，请核对是不是串列了。",
    ),
    "message markup": ("accepted", "<script>alert(1)</script>", ""),
    "message formula": ("accepted", "'=cmd|' /C calc'!A0", ""),
    "message plus": ("accepted", "+86 不通", ""),
    "message minus": ("accepted", "-1 错误", ""),
    "message at": ("accepted", "@SUM(A1)", ""),
    "message with line break": ("accepted", "第一行 第二行", ""),
    "message with a number in it": ("accepted", "人员210727********0011未备案", ""),
    "message too long": ("rejected", None, "“报错信息”有 501 个字，最多 500 个，请删短。"),
    "message missing": ("rejected", None, "“报错信息”空着，必须填。"),
    "message a log line": ("accepted", "x 2026 ERROR fake", ""),
    "message percent": ("accepted", "%s %(x)d {0}", ""),
    "message lost": (
        "held",
        "未办理??备案",
        "“报错信息”有认不出的字（显示成“?”或“□”），请对照原表补上。",
    ),
    "hospital missing with code": ("accepted", None, ""),
    "amount with comma": ("accepted", "1234.50", ""),
    "amount with a comma for a point": (
        "rejected",
        None,
        "“涉及金额”金额认不出来，请只写数字，例如 1234.50。",
    ),
    "amount with both the other way": (
        "rejected",
        None,
        "“涉及金额”金额认不出来，请只写数字，例如 1234.50。",
    ),
    "amount with an underscore": (
        "rejected",
        None,
        "“涉及金额”金额认不出来，请只写数字，例如 1234.50。",
    ),
    "amount of three places in text": ("rejected", None, "“涉及金额”金额的小数多于两位，请核对。"),
    "amount of a program in text": ("accepted", "30.00", ""),
    "amount a column too narrow": (
        "rejected",
        None,
        "“涉及金额”单元格是错误值 #####，请改成实际内容。",
    ),
    "amount minus nothing": ("accepted", "0.00", ""),
    "amount with sign": ("accepted", "1234.50", ""),
    "amount with yuan": ("accepted", "1234.50", ""),
    "amount a slash": ("accepted", None, ""),
    "amount words": ("rejected", None, "“涉及金额”金额认不出来，请只写数字，例如 1234.50。"),
    "amount infinite": ("rejected", None, "“涉及金额”金额太大或不是数字，请核对。"),
    "amount long float": ("accepted", "0.30", ""),
    "amount negative": ("accepted", "-12.50", ""),
    "stay yes": ("accepted", "是", ""),
    "stay no": ("accepted", "否", ""),
    "stay doubtful": ("held", None, "“是否在院”看不出是“是”还是“否”，请核对。"),
    "phone mobile": ("accepted", "13800138000", ""),
    "phone as number": ("accepted", "13800138000", ""),
    "phone without zero": (
        "accepted",
        "0416-8904567",
        "“联系电话”已补上区号前面丢掉的 0，请核对。",
    ),
    "phone two glued": ("accepted", "0571-88888888、0571-99999999", ""),
    "phone two with comma": ("accepted", "0416-2222222、0416-3333333", ""),
    "phone NaN": ("accepted", None, ""),
    "phone words": (
        "held",
        "找张主任",
        "“联系电话”看不懂这个电话。请写成“区号-号码”、手机号或短号（如 12393），分机写“转8001”，几个号码用“、”隔开。",
    ),
    "phone full width": ("accepted", "0416-8904567", ""),
    "passport": ("accepted", "护照", ""),
    "remark blank": ("accepted", None, ""),
}


@pytest.fixture(scope="module")
def report() -> imports_kinds.Report:
    kind = intake_columns.kind(today=date(2026, 11, 16), home="210700")
    data = workbook_of(CASES)
    book = workbook.read(data, kind.limits)
    table = workbook.find_table(book, kind.columns, kind.required)
    return imports_kinds.judge(imports_kinds.Opened(kind, "脏.xlsx", book, table))


@pytest.mark.parametrize(
    ("position", "name", "column"),
    [(position, name, column) for position, (name, column, _) in enumerate(CASES)],
    ids=[name for name, _, _ in CASES],
)
def test_a_dirty_cell(report: imports_kinds.Report, position: int, name: str, column: int):
    row = report.rows[position]
    value = row.values.get(KEYS[column])
    if column == 2 and row.values.get("reported_at"):
        value = row.values["reported_at"]
    assert (row.status, value, row.message) == EXPECTED[name]
    assert row.row == position + 2


def test_every_case_is_expected_and_every_refusal_is_told_with_its_column(
    report: imports_kinds.Report,
):
    assert [name for name, _, _ in CASES] == list(EXPECTED)
    assert all(row.columns for row in report.rows if row.status in ("rejected", "held"))
    assert sum(report.counts.values()) == len(report.rows) == len(CASES)
