"""The received file with answers added, and nothing else changed."""

import io
import zipfile
from collections.abc import Mapping
from typing import Any

import openpyxl
import pytest
from openpyxl.comments import Comment
from openpyxl.styles import Font, PatternFill
from openpyxl.worksheet.datavalidation import DataValidation

from tests import workbooks
from ydjy.lib.workbook import WEEKLY, Fill, WorkbookError, fill, read, returned_format
from ydjy.lib.workbook.xlsx import splice

ANSWERS = {3: "已补备案，请重新结算", 4: "=未受理"}
NEW = Fill("报错明细", 2, {"处理结果": ANSWERS, "处理人": {3: "古塔甲"}})
TITLED = workbooks.weekly_workbook(workbooks.weekly_rows(3), title="第 47 周", note="注：内部")


def cells(data: bytes) -> dict[tuple[str, int, int], str]:
    return {
        (sheet.name, row.number, column): text
        for sheet in read(data, WEEKLY).sheets
        for row in sheet.rows
        for column, text in enumerate(row.cells)
        if text
    }


def assert_only_added(before: bytes, after: bytes, added: Mapping[Any, str]) -> None:
    assert cells(after) == {**cells(before), **added}


def styled() -> bytes:
    """A file with much that a return must not touch."""
    book = openpyxl.load_workbook(io.BytesIO(TITLED))
    sheet = book["报错明细"]
    for row in sheet.iter_rows(min_row=2, max_row=5):
        for place in row:
            place.font = Font(name="仿宋", bold=place.row == 2)
            place.fill = PatternFill("solid", fgColor="FFEE99")
    sheet.column_dimensions["B"].width = 33
    sheet.row_dimensions[3].height = 44
    sheet.row_dimensions[4].hidden = True
    sheet.freeze_panes = "C3"
    sheet.auto_filter.ref = "A2:X5"
    sheet["S3"].comment = Comment("批注", "省中心")
    sheet["T7"] = "=SUM(T3:T5)"
    rule = DataValidation(type="list", formula1='"是,否"')
    sheet.add_data_validation(rule)
    rule.add("U3:U5")
    book.create_sheet("字典").append(["代码", 1])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def test_new_columns_stand_at_the_right_and_every_other_cell_is_the_same() -> None:
    after = fill(TITLED, "xlsx", [NEW])
    added = {
        ("报错明细", 2, 24): "处理结果",
        ("报错明细", 2, 25): "处理人",
        ("报错明细", 3, 24): "已补备案，请重新结算",
        ("报错明细", 4, 24): "=未受理",
        ("报错明细", 3, 25): "古塔甲",
    }
    assert_only_added(TITLED, after, added)


def test_every_other_part_of_the_package_is_byte_for_byte_the_same() -> None:
    received = styled()  # once: its parts say in which second it was made
    before = zipfile.ZipFile(io.BytesIO(received))
    after = zipfile.ZipFile(io.BytesIO(fill(received, "xlsx", [NEW])))
    assert after.namelist() == before.namelist()
    changed = [name for name in before.namelist() if before.read(name) != after.read(name)]
    assert changed == ["xl/worksheets/sheet1.xml"]


def test_styles_sizes_rules_and_formulas_stay_and_new_cells_look_like_their_neighbour() -> None:
    page = openpyxl.load_workbook(io.BytesIO(fill(styled(), "xlsx", [NEW])))["报错明细"]
    old = openpyxl.load_workbook(io.BytesIO(styled()))["报错明细"]
    for row in old.iter_rows():
        for place in row:
            same = page[place.coordinate]
            assert (same.value, same.data_type, same.style_id) == (
                place.value,
                place.data_type,
                place.style_id,
            )
    assert (page["B1"].value, page.freeze_panes, page.auto_filter.ref) == (None, "C3", "A2:X5")
    assert page.column_dimensions["B"].width == 33
    assert page.row_dimensions[3].height == 44
    assert page.row_dimensions[4].hidden
    assert page["S3"].comment.text == "批注"
    assert page["T7"].value == "=SUM(T3:T5)"
    assert page.data_validations.dataValidation[0].sqref.ranges
    assert (page["Y2"].font.b, page["Y3"].font.b, page["Y3"].font.name) == (True, False, "仿宋")
    assert (page["Y4"].value, page["Y4"].data_type) == ("=未受理", "s")
    assert page.column_dimensions["Y"].width == 40
    assert sorted(map(str, page.merged_cells.ranges)) == ["A1:X1", "A6:X6"]


def test_the_quick_way_and_the_parser_give_the_same_bytes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    files = [TITLED, styled(), workbooks.weekly_workbook(total=True)]
    additions = [NEW, NEW, Fill("报错明细", 1, {"结果": {2: "甲"}})]
    quick = [fill(data, "xlsx", [one]) for data, one in zip(files, additions, strict=True)]
    monkeypatch.setattr(splice, "_ordinary_places", lambda *_: None)
    slow = [fill(data, "xlsx", [one]) for data, one in zip(files, additions, strict=True)]
    assert quick == slow


def test_the_own_answer_columns_of_a_layout_are_filled_in_place() -> None:
    before = workbooks.weekly_workbook(workbooks.weekly_rows(3, 2), 2)
    after = fill(before, "xlsx", [Fill("报错明细", 1, {12: {2: "已办结"}, 13: {2: "甲", 4: "乙"}})])
    added = {
        ("报错明细", 2, 12): "已办结",
        ("报错明细", 2, 13): "甲",
        ("报错明细", 4, 13): "乙",
    }
    assert_only_added(before, after, added)


def test_an_existing_answer_is_replaced() -> None:
    before = workbooks.xlsx({"一": [["报错信息", "处理结果"], ["x", "旧"], ["y", 5]]})
    after = fill(before, "xlsx", [Fill("一", 1, {1: {2: "新", 3: ""}})])
    assert cells(after) == {
        ("一", 1, 0): "报错信息", ("一", 1, 1): "处理结果",
        ("一", 2, 0): "x", ("一", 2, 1): "新", ("一", 3, 0): "y",
    }  # fmt: skip


def test_a_missing_cell_is_put_in_its_place_among_the_others() -> None:
    inner = (
        '<row r="1"><c r="A1" t="str"><v>题</v></c><c r="C1" t="str"><v>备注</v></c></row>'
        '<row r="2"><c r="A2"><v>1</v></c><c r="C2"><v>3</v></c><c r="F2" s="0"/></row>'
    )
    before = workbooks.raw_xlsx(inner)
    after = fill(before, "xlsx", [Fill("报错明细", 1, {1: {1: "结果", 2: "乙"}, "新": {2: "丁"}})])
    assert_only_added(
        before,
        after,
        {
            ("报错明细", 1, 1): "结果",
            ("报错明细", 2, 1): "乙",
            ("报错明细", 1, 3): "新",
            ("报错明细", 2, 3): "丁",
        },
    )


def test_a_formula_is_not_overwritten() -> None:
    before = workbooks.xlsx({"一": [["报错信息", "处理结果"], ["x", "=A1"]]})
    with pytest.raises(WorkbookError, match="单元格 B2 是公式"):
        fill(before, "xlsx", [Fill("一", 1, {1: {2: "新"}})])


def test_several_sheets_are_filled_each() -> None:
    before = workbooks.xlsx({"古塔区": [["报错信息"], ["x"]], "义县": [["报错信息"], ["y"]]})
    after = fill(
        before,
        "xlsx",
        [Fill("古塔区", 1, {"结果": {2: "甲"}}), Fill("义县", 1, {"结果": {2: "乙"}})],
    )
    assert cells(after)["古塔区", 2, 1] == "甲"
    assert cells(after)["义县", 2, 1] == "乙"


def test_the_same_input_gives_the_same_bytes() -> None:
    for data, form in ((TITLED, "xlsx"), (workbooks.xls([["a"], ["b"]]), "xls")):
        name = read(data, WEEKLY).sheets[0].name
        addition = Fill(name, 1, {"结果": {}})
        assert fill(data, form, [addition]) == fill(data, form, [addition])


def test_a_self_closing_row_a_prefix_and_cells_without_references_are_filled() -> None:
    members = workbooks.parts("")
    members["xl/worksheets/sheet1.xml"] = (
        f'<x:worksheet xmlns:x="{workbooks.MAIN}"><x:dimension ref="A1"/><x:sheetData>'
        '<x:row spans="1:1"><x:c t="str"><x:v>题</x:v></x:c></x:row><x:row r="2"/>'
        "<x:row><x:c><x:v>7</x:v></x:c></x:row></x:sheetData></x:worksheet>"
    )
    before = workbooks.zipped(members)
    after = fill(before, "xlsx", [Fill("报错明细", 1, {"结果": {2: "甲", 3: "乙"}})])
    added = {("报错明细", 1, 1): "结果", ("报错明细", 2, 1): "甲", ("报错明细", 3, 1): "乙"}
    assert_only_added(before, after, added)


def test_a_sheet_or_row_that_is_not_there_is_an_error_of_the_caller() -> None:
    with pytest.raises(ValueError, match="no sheet"):
        fill(TITLED, "xlsx", [Fill("别的", 1, {})])
    with pytest.raises(ValueError, match="no row 99"):
        fill(TITLED, "xlsx", [Fill("报错明细", 2, {"结果": {99: "x"}})])
    with pytest.raises(ValueError, match="no row 99"):
        fill(b"a,b\n1,2\n", "csv", [Fill("", 1, {"结果": {99: "x"}})])


def test_an_xls_comes_back_as_xlsx_with_the_same_rows_and_text() -> None:
    before = workbooks.xls(
        {"一": [[], ["序号", "报错信息"], [1, "未备案"], [], [2, "超时"]], "二": [["x"]]}
    )
    after = fill(before, "xls", [Fill("一", 2, {"处理结果": {3: "甲", 5: "乙"}})])
    added = {("一", 2, 2): "处理结果", ("一", 3, 2): "甲", ("一", 5, 2): "乙"}
    assert_only_added(before, after, added)
    assert (returned_format("xls"), returned_format("csv")) == ("xlsx", "csv")


def test_a_macro_is_never_returned() -> None:
    members = workbooks.parts('<row r="1"><c r="A1" t="str"><v>题</v></c></row>')
    members["xl/vbaProject.bin"] = b"macro"
    after = fill(workbooks.zipped(members), "xlsx", [Fill("报错明细", 1, {"结果": {}})])
    assert not [name for name in zipfile.ZipFile(io.BytesIO(after)).namelist() if "vba" in name]
    assert cells(after) == {("报错明细", 1, 0): "题", ("报错明细", 1, 1): "结果"}


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-8", "gb18030", "utf-16"])
def test_a_csv_keeps_its_encoding_separator_and_every_other_field(encoding: str) -> None:
    text = (
        '标题\r\n序号;姓名;"报错;信息"\r\n01;测试䶮;"a""b"\r\n'
        "02;'=x;  未备案 \r\n合计;2;\r\n注：内部"
    )
    after = fill(
        text.encode(encoding),
        "csv",
        [Fill("", 2, {"处理结果": {3: "已补;备案", 4: "-无"}, 1: {4: "改"}})],
    )
    wanted = (
        '标题\r\n序号;姓名;"报错;信息";处理结果\r\n01;测试䶮;"a""b";"已补;备案"\r\n'
        "02;改;  未备案 ;'-无\r\n合计;2;;\r\n注：内部"
    )
    returned = "utf-8-sig" if encoding == "utf-8" else encoding
    assert after.decode(returned) == wanted
    assert after.startswith(b"\xef\xbb\xbf") == (returned == "utf-8-sig")


def test_a_quoted_line_break_is_one_row_of_a_csv() -> None:
    after = fill('题\t注\n"x\ny"\t1\n'.encode(), "tsv", [Fill("", 1, {"结果": {2: "甲"}})])
    assert after.decode("utf-8-sig") == '题\t注\t结果\n"x\ny"\t1\t甲\n'
