"""The child process: the same book, and an end in one sentence."""

import dataclasses
import tempfile
from pathlib import Path

import pytest

from tests import workbooks
from ydjy.lib.workbook import INSTITUTIONS, OTHER, WEEKLY, WorkbookError, read, read_guarded

MB = 1024 * 1024


def refusal(data: bytes, **limits: int) -> str:
    with pytest.raises(WorkbookError) as caught:
        read_guarded(data, dataclasses.replace(WEEKLY, **limits))
    return str(caught.value)


@pytest.mark.parametrize(
    "data",
    [
        workbooks.weekly_workbook(title="第 47 周", total=True),
        workbooks.xls({"一": [["序号", "姓名"], [1, "测试甲"]]}, merged=[(1, 2, 1, 1)]),
        workbooks.csv_bytes([["序号", "姓名"], ["1", "测试䶮"]], "gb18030", ";"),
    ],
)
def test_the_child_reads_exactly_what_this_process_reads(data: bytes) -> None:
    guarded, here = read_guarded(data, WEEKLY), read(data, WEEKLY)
    assert guarded == here
    kinds = [[type(c) for row in s.rows for c in row.cells] for s in guarded.sheets]
    assert kinds == [[type(c) for row in s.rows for c in row.cells] for s in here.sheets]


def test_a_refusal_of_the_reader_comes_through_whole() -> None:
    assert refusal(b"%PDF-1.7").startswith("这是 PDF 文件，不是表格")


def test_the_far_cell_that_aborts_other_readers_is_refused_by_name() -> None:
    assert "单元格 XFD1048576 有内容" in refusal(workbooks.far_cell())


def test_memory_over_the_limit_is_named_and_never_a_traceback() -> None:
    rows = [[f"{row}-{column}" for column in range(30)] for row in range(8_000)]
    data = workbooks.csv_bytes(rows)
    assert refusal(data, memory=40 * MB).startswith("读取需要的内存超过 40 MB，已停止，请删去")
    # The control: with its own limit the same file is read.
    assert len(read_guarded(data, WEEKLY).sheets[0].rows) == 8_000


def test_an_old_workbook_with_a_far_cell_ends_with_the_child() -> None:
    sheet = [["x"], *[[]] * 65_000, [*[""] * 255, "y"]]
    assert refusal(workbooks.xls(sheet), memory=200 * MB).startswith("读取需要的内存超过 200 MB")


def test_the_clock_of_the_parent_ends_a_child_that_takes_too_long() -> None:
    assert refusal(workbooks.weekly_workbook(), wall=0).startswith("读取超过 0 秒，已停止")


def test_processor_time_over_the_limit_is_named() -> None:
    rows = "".join(f'<row r="{n}"><c r="A{n}"><v>&#49;</v></c></row>' for n in range(1, 60_000))
    assert refusal(workbooks.raw_xlsx(rows), cpu=0).startswith("读取占用处理器时间超过 0 秒")


def test_nothing_is_left_in_the_temp_folder() -> None:
    before = set(Path(tempfile.gettempdir()).iterdir())
    read_guarded(workbooks.weekly_workbook(), WEEKLY)
    refusal(workbooks.far_cell())
    left = {path.name for path in set(Path(tempfile.gettempdir()).iterdir()) - before}
    assert not [name for name in left if name.startswith("tmp")]


def test_the_limits_are_those_of_each_kind_of_list() -> None:
    assert (WEEKLY.upload, WEEKLY.rows, WEEKLY.memory) == (10 * MB, 60_000, 512 * MB)
    assert (WEEKLY.cpu, WEEKLY.wall, WEEKLY.columns, WEEKLY.members) == (20, 30, 60, 500)
    assert (INSTITUTIONS.upload, INSTITUTIONS.rows) == (100 * MB, 1_000_000)
    assert (INSTITUTIONS.memory, INSTITUTIONS.cpu) == (1536 * MB, 120)
    assert (OTHER.upload, OTHER.rows) == (10 * MB, 20_000)
