"""Finding the table: titles, merged headers, odd spellings, many sheets, what each row is."""

from collections.abc import Sequence

import pytest

from tests import workbooks
from ydjy.lib.workbook import (
    WEEKLY,
    Row,
    Table,
    TableSheet,
    WorkbookError,
    column_letter,
    find_table,
    header_key,
    read,
    row_kind,
)

COLUMNS = {
    "seq": ["序号"],
    "name": ["姓名", "参保人姓名"],
    "cert_no": ["证件号码", "身份证号"],
    "err_msg": ["报错信息", "故障提示"],
    "amount": ["涉及金额"],
    "remark": ["备注"],
}
HINT = "请确认是省里下发的报错表。"
HEADER = ["序号", "姓名", "证件号码", "报错信息", "涉及金额", "备注"]
DATA = [[1, "测试甲", "x", "未备案", "", ""], [2, "测试乙", "y", "超时", "", ""]]


def table(data: bytes, **options: object) -> Table:
    return find_table(read(data, WEEKLY), COLUMNS, ["err_msg"], hint=HINT, **options)  # type: ignore[arg-type]


def only(data: bytes, **options: object) -> TableSheet:
    (sheet,) = table(data, **options).sheets
    return sheet


def refusal(data: bytes) -> str:
    with pytest.raises(WorkbookError) as caught:
        table(data)
    return str(caught.value)


def kinds(sheet: TableSheet) -> list[str]:
    return [row_kind(row, sheet) for row in sheet.rows]


def test_a_header_in_the_first_row_gives_its_columns_and_rows() -> None:
    sheet = only(workbooks.xlsx({"报错明细": [HEADER, *DATA]}))
    assert (sheet.sheet, sheet.header_row, sheet.headers) == ("报错明细", 1, tuple(HEADER))
    assert sheet.columns == {
        "seq": 0, "name": 1, "cert_no": 2, "err_msg": 3, "amount": 4, "remark": 5,
    }  # fmt: skip
    assert [row.number for row in sheet.rows] == [2, 3]
    assert sheet.value(sheet.rows[0], "err_msg") == "未备案"
    assert sheet.value(sheet.rows[0], "nowhere") == ""
    assert sheet.unmapped == ()


def test_titles_above_the_header_are_not_rows() -> None:
    lines = [["异地就医联网报错明细表"], [], ["单位：", "省中心", "", "2026-11-16"], HEADER, *DATA]
    sheet = only(workbooks.xlsx({"一": lines}, merged={"一": ["A1:F1"]}))
    assert (sheet.header_row, len(sheet.rows)) == (4, 2)


@pytest.mark.parametrize("layout", [1, 2])
def test_both_weekly_layouts_are_found(layout: int) -> None:
    data = workbooks.weekly_workbook(layout=layout, title="第 47 周", total=True, note="注：内部")
    sheet = only(data)
    assert sheet.header_row == 2
    assert kinds(sheet) == ["data"] * 12 + ["total", "note"]


@pytest.mark.parametrize(
    "written",
    [
        " 报 错 信 息 ",
        "报错\n信息",
        "*报错信息",
        "报错信息：",
        "报错信息（必填）",
        "3.报错信息",
        "（3）报错信息",
        "３、报错信息",
        "報" * 0 + "故障提示",
    ],
)
def test_a_header_is_known_however_it_is_dressed(written: str) -> None:
    sheet = only(workbooks.xlsx([["序号", "姓名", written], [1, "甲", "x"]]))
    assert sheet.columns["err_msg"] == 2
    assert sheet.headers[2] == written


def test_full_width_letters_compare_equal() -> None:
    assert header_key("就诊ＩＤ * ") == header_key("就诊id")


def test_a_header_of_two_lines_is_joined() -> None:
    lines = [
        ["报错表"],
        ["序号", "参保人", "", "报错信息", "费用", ""],
        ["", "姓名", "证件号码", "", "涉及金额", "是否在院"],
        [1, "测试甲", "x", "未备案", 5, "是"],
    ]
    merged = ["A1:F1", "A2:A3", "B2:C2", "D2:D3", "E2:F2"]
    sheet = only(workbooks.xlsx({"一": lines}, merged={"一": merged}))
    assert sheet.header_row == 3
    assert sheet.columns == {"seq": 0, "name": 1, "cert_no": 2, "err_msg": 3, "amount": 4}
    assert sheet.unmapped == ("是否在院",)
    assert kinds(sheet) == ["data"]


def test_a_data_row_that_repeats_a_word_of_the_header_stays_data() -> None:
    sheet = only(workbooks.xlsx([["序号", "姓名", "报错信息"], ["1", "备注", "证件号码"]]))
    assert (sheet.header_row, len(sheet.rows)) == (1, 1)


def test_every_sheet_with_the_header_counts_and_others_are_named() -> None:
    data = workbooks.xlsx(
        {
            "填报说明": [["本表由省中心下发"]],
            "古塔区": [HEADER, DATA[0]],
            "义县": [["义县"], HEADER, *DATA],
            "空": [],
        },
        active="填报说明",
        hidden=["义县"],
    )
    found = table(data)
    assert [(s.sheet, s.hidden, s.header_row, len(s.rows)) for s in found.sheets] == [
        ("古塔区", False, 1, 1),
        ("义县", True, 2, 2),
    ]
    assert found.ignored == ("填报说明",)


def test_columns_in_another_order_and_unknown_ones_are_told() -> None:
    sheet = only(workbooks.xlsx([["报错信息", "经办机构", "姓名"], ["未备案", "z", "甲"]]))
    assert sheet.columns == {"err_msg": 0, "name": 2}
    assert sheet.unmapped == ("经办机构",)


def test_what_a_sender_chose_before_goes_before_the_synonyms() -> None:
    lines = [["姓名", "问题描述", "报错信息"], ["甲", "x", "y"]]
    remembered = {"问题描述": "err_msg", "报错信息": ""}
    sheet = only(workbooks.xlsx(lines), remembered=remembered)
    assert sheet.columns == {"name": 0, "err_msg": 1}
    assert sheet.unmapped == ("报错信息",)


def test_a_missing_column_is_named_with_the_hint_of_the_list() -> None:
    data = workbooks.xlsx({"一": [["序号", "姓名", "备注"], [1, "甲", ""]]})
    assert refusal(data) == f"工作表“一”：没有找到“报错信息”这一列，{HINT}"


def test_one_county_sheet_without_the_column_is_not_skipped_silently() -> None:
    short = [text for text in HEADER if text != "报错信息"]
    data = workbooks.xlsx({"古塔区": [HEADER, *DATA], "义县": [short, [1, "甲", "x"]]})
    assert refusal(data) == f"工作表“义县”：没有找到“报错信息”这一列，{HINT}"


def test_a_book_without_any_header_says_which_columns_are_wanted() -> None:
    assert refusal(workbooks.xlsx([["a", "b"], ["c", "d"]])) == (
        f"没有找到表头（应有“报错信息”等列），{HINT}"
    )


def test_two_columns_of_one_meaning_are_refused_naming_both() -> None:
    data = workbooks.xlsx({"一": [["姓名", "报错信息", "参保人姓名"], ["甲", "x", "乙"]]})
    assert refusal(data) == (
        "工作表“一”：“姓名”（A 列）和“参保人姓名”（C 列）是同一项内容，不知道该用哪一列，"
        "请在“对应列”里选用哪一列，或者删去、改名其中一列后重新上传。"
    )


def test_a_value_merged_over_several_rows_counts_for_each() -> None:
    lines = [["姓名", "证件号码", "报错信息"], ["甲", "n", "x"], ["", "", "y"], ["", "", "z"]]
    sheet = only(workbooks.xlsx({"一": lines}, merged={"一": ["A2:A4", "B2:B3"]}))
    assert [row.cells for row in sheet.rows] == [
        ("甲", "n", "x"),
        ("甲", "n", "y"),
        ("甲", "", "z"),
    ]


def test_merged_ranges_that_overlap_without_end_are_refused() -> None:
    lines = [["姓名", "报错信息"], *[["甲", "x"]] * 50]
    after = "".join(f'<mergeCell ref="A2:A{n}"/>' for n in range(3, 400))
    rows = "".join(
        f'<row r="{n}">'
        + "".join(f'<c t="inlineStr"><is><t>{text}</t></is></c>' for text in line)
        + "</row>"
        for n, line in enumerate(lines, 1)
    )
    data = workbooks.raw_xlsx(rows, after=f"<mergeCells>{after}</mergeCells>")
    assert "合并单元格互相重叠" in refusal(data)


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (["1", "甲", "n", "未备案"], "data"),
        (["", "", "", "未备案"], "data"),
        (["合计：", "", "", "", "5"], "total"),
        (["古塔区小计", "3 条"], "total"),
        (["", "总 计", "", "", "5"], "total"),
        (["合计医院", "甲", "n", "未备案"], "data"),
        (["注：以下为内部资料"], "note"),
        (["说明1、请于周五前反馈", "", ""], "note"),
        (["制表人：张三", "", "审核人：李四"], "note"),
        (["请各县区于周五 16 点前反馈"], "note"),
        (HEADER, "header"),
        (["3"], "data"),
        (["3", "甲"], "data"),
        (["1", "2", "3", "4"], "numbers"),
        (["栏次", "1", "2", "3", "4", ""], "numbers"),
        (["甲", "乙", "1", "2"], "numbers"),
        (["1", "2", "3"], "data"),
        (["1", "2", "3", "5"], "data"),
        (["1", "甲", "2", "3"], "data"),
    ],
)
def test_each_row_below_the_header_has_its_kind(cells: Sequence[str], kind: str) -> None:
    sheet = only(workbooks.xlsx([HEADER, *DATA]))
    assert row_kind(Row(9, tuple(cells)), sheet) == kind


def test_a_csv_row_of_another_width_is_named_because_its_columns_have_shifted() -> None:
    text = "序号,姓名,报错信息\n1,甲,未备案\n2,乙,超时,无返回\n3,丙\n合计,3\n注：内部\n"
    assert refusal(text.encode()) == (
        "表头有 3 列，但第 3 行 4 列、第 4 行 2 列，列会错位，"
        "请检查这些行里的逗号和引号，或用 Excel 另存为 .xlsx 再上传。"
    )
    whole = "序号,姓名,报错信息\n1,甲,未备案\n合计,3\n注：内部\n"
    assert kinds(only(whole.encode())) == ["data", "total", "note"]


def test_a_csv_whose_rows_all_end_in_a_comma_has_not_shifted() -> None:
    header, rows = "序号,姓名,报错信息\n", ["1,甲,未备案,\n", "2,乙,超时,\n"]
    assert [r.cells[:3] for r in only((header + "".join(rows)).encode()).rows] == [
        ("1", "甲", "未备案"),
        ("2", "乙", "超时"),
    ]
    assert "第 3 行 4 列" in refusal((header + rows[0] + "2,乙,超时,无\n").encode())
    assert "第 3 行 4 列" in refusal((header + "1,甲,未备案\n" + rows[1]).encode())


@pytest.mark.parametrize(("index", "letters"), [(0, "A"), (25, "Z"), (26, "AA"), (16383, "XFD")])
def test_columns_have_the_letters_of_excel(index: int, letters: str) -> None:
    assert column_letter(index) == letters
