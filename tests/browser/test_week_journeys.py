"""Journeys J1 to J4 in a real browser: Monday, the county's week, Friday, and the holidays."""

import re
from io import BytesIO
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from tests import workbooks
from tests.browser import desk as desks
from tests.browser.desk import Desk

MONDAY, TUESDAY = "2026-11-16T00:40:00+00:00", "2026-11-17T01:00:00+00:00"
FRIDAY, LATE = "2026-11-20T06:55:00+00:00", "2026-11-20T08:20:00+00:00"
NEXT_MONDAY = "2026-11-23T01:00:00+00:00"
AREA = workbooks.WEEKLY_HEADERS[1].index("参保地区划")


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return desks.prepare(tmp_path_factory.mktemp("bureau") / "data")


@pytest.fixture
def desk(made: Path, tmp_path: Path, chromium: Any) -> Any:
    desk = desks.bureau(made, tmp_path / "data", chromium)
    yield desk
    assert desk.trouble == []


def rows(count: int, areas: tuple[str, ...] = ("210727", "210726", "210702")) -> list[list[Any]]:
    made = workbooks.weekly_rows(count)
    for position, row in enumerate(made):
        row[AREA] = areas[position % len(areas)]
    return made


def upload(page: Any, name: str, data: bytes, mime: str = "text/csv") -> None:
    page.goto("/admin/errors/batch/receive/")
    page.set_input_files("#id_file", {"name": name, "mimeType": mime, "buffer": data})
    page.click("text=核对这个文件")


def received(desk: Desk, count: int, areas: tuple[str, ...] = ("210727",)) -> None:
    """The week's file is in, given to the clerks of the counties."""
    with desk.at(MONDAY), desk.person("lead") as page:
        upload(page, "报错.xlsx", workbooks.weekly_workbook(rows(count, areas)))
        page.click("button[name=confirm]")
        page.wait_for_selector(".note.good")


def english(page: Any) -> list[str]:
    words = re.findall(r"[A-Za-z]{4,}", page.inner_text("main, #content, body"))
    return [word for word in words if word.lower() not in ("ctrl", "xlsx", "sftp")]


def test_j1_the_monday_file_is_looked_at_mended_and_imported_once(desk: Desk):
    header, lines = workbooks.WEEKLY_HEADERS[1], rows(9)
    number = header.index("证件号码")
    good = lines[2][number]
    lines[2][number] = "21072719600101"
    lines.append([10, *lines[0][1:]])
    with desk.at(MONDAY), desk.person("lead") as page:
        assert "本周" in page.inner_text("h1")
        gbk = workbooks.csv_bytes([header, *lines], encoding="gb18030")
        upload(page, "报错.csv", gbk)
        board = page.inner_text(".board")
        assert re.search(r"8\s*可以导入", board)
        assert re.search(r"1\s*重复", board)
        assert re.search(r"1\s*有问题", board)
        page.dblclick("button[name=confirm]")  # twice: one import
        page.wait_for_selector(".note.good")
        assert "已导入 8 条" in page.inner_text(".note.good")

        upload(page, "又一次.csv", gbk)
        assert "已经导入过" in page.inner_text("body")

        lines[2][number] = good
        mended = workbooks.weekly_workbook([lines[2]], title="更正")
        upload(page, "更正.xlsx", mended)
        page.click("button[name=confirm]")
        page.wait_for_selector(".note.good")
        page.goto("/admin/errors/ticket/?tab=all")
        assert page.locator("table.rows tbody tr").count() == 9
        page.click("table.rows tbody tr >> nth=0 >> a")
        assert "参保地" in page.inner_text(".facts")
        assert english(page) == []

    with desk.at(MONDAY), desk.person("heishan", path="/admin/errors/batch/receive/") as page:
        assert "没有" in page.inner_text("body")  # no permission to import
        page.goto("/admin/errors/ticket/?tab=all")
        assert page.locator("table.rows tbody tr").count() == 3


def test_j2_a_county_clerk_works_the_list_and_another_county_gets_nothing(desk: Desk):
    received(desk, 6)
    with desk.at(TUESDAY), desk.person("yixian", path="/admin/errors/ticket/") as page:
        mine = page.locator("table.rows tbody tr").count()
        assert 0 < mine <= 6
        first = page.locator("table.rows tbody tr td.no a").first
        address = first.get_attribute("href")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        page.wait_for_url(f"**{address}")
        page.select_option("#id_cause", index=1)
        page.fill("#id_result", "已核实，请重新结算。")
        page.click("text=保存，办下一条")
        page.wait_for_url(lambda url: not url.endswith(str(address)))

        page.click("summary:has-text('还办不了')")
        page.select_option("#id_colleague", index=1)
        page.click("button:has-text('请他接手')")
        assert "对方接手以前还在你手上" in page.inner_text(".messagelist")

        page.goto("/admin/errors/ticket/?tab=open")
        boxes = page.locator("input[name=_selected_action]")
        chosen = min(boxes.count(), 3)
        for n in range(chosen):
            boxes.nth(n).check()
        page.click("text=批量办理选中的")
        page.select_option("#id_verb", "answer")
        page.select_option("#id_cause", index=2)
        page.fill("#id_result", "{机构}已核实。")
        page.click("text=先看会改几条")
        assert f"会改 {chosen} 条" in page.inner_text(".note")
        page.click("button[name=confirm]")
        assert f"已写结果 {chosen} 条" in page.inner_text(".messagelist")

    with desk.at(TUESDAY):
        with desk.person("heishan") as other:
            assert other.goto(str(address)).status == 404
            other.goto("/admin/errors/ticket/?tab=all")
            assert other.locator("table.rows tbody tr").count() == 0
        with (
            desk.person("yixian", path=str(address)),
            desk.person("yixian2", path=str(address)) as b,
        ):
            assert "王芳正在处理" in b.inner_text("body")


def answer_all(desk: Desk, username: str) -> None:
    desk.run(
        "from apps.errors.models import *\nfrom apps.offices.models import Staff\n"
        f"by = Staff.objects.get(username='{username}')\n"
        "cause = CauseCode.objects.get(code='card')\n"
        "for t in Ticket.objects.visible_to(by).open():\n"
        "    t.edit_note(by=by, note='绝不外传')\n"
        "    t.answer(by=by, cause=cause, result='已核实。')"
    )


def test_j3_friday_goes_back_by_two_people_and_late_only_with_a_reason(desk: Desk, tmp_path: Path):
    received(desk, 6)
    desk.run(
        "from apps.errors.models import *\nfrom apps.offices.models import Staff\n"
        "by = Staff.objects.get(username='yixian')\n"
        "for t in Ticket.objects.order_by('number')[:5]:\n"
        "    t.answer(by=by, cause=CauseCode.objects.get(code='card'), result='已核实。')"
    )
    with desk.at(FRIDAY):
        with desk.person("lead", path="/admin/errors/batch/1/send_back/") as page:
            assert re.search(r"1\s*没有结果", page.inner_text(".board"))
            page.click("button:has-text('催办')")
            assert "已提醒 1 个人" in page.inner_text(".messagelist")
            page.goto("/admin/errors/batch/1/send_back/")
            page.click("button:has-text('催办')")
            assert "今天都提醒过了" in page.inner_text(".messagelist")
            page.goto("/admin/errors/batch/1/send_back/")
            page.fill("#id_reason", "等医院补传")
            page.fill("#id_until", "2026-11-25")
            page.click("#prepare button[type=submit]")
            assert "等另一个人复核" in page.inner_text(".messagelist")
        with desk.person("second", path="/admin/errors/batch/returned/1/review/") as page:
            assert "等医院补传" in page.inner_text("#rows")
            page.click("button[name=sign]")
            assert "已签发第 1 版" in page.inner_text(".messagelist")
        with desk.person("lead", path="/admin/errors/batch/1/send_back/") as page:
            with page.expect_download() as got:
                page.click("#files a")
            data = Path(got.value.path()).read_bytes()
            page.fill("input[name=words]", "内网邮箱")
            page.click("text=登记已送达")
            assert "送达" in page.inner_text(".messagelist")
    sheet = openpyxl.load_workbook(BytesIO(data)).active
    text = [[cell.value for cell in row] for row in sheet.iter_rows()]
    header = next(row for row in text if "证件号码" in row)
    found = text[text.index(header) + 1 :]
    assert [row[0] for row in found] == [row[0] for row in rows(6)]
    assert all(isinstance(row[header.index("证件号码")], str) for row in found)
    assert "绝不外传" not in str(text)

    with desk.at(LATE):
        with desk.person("yixian", path="/admin/errors/ticket/1/change/") as page:
            assert "按迟报返回" in page.inner_text("#work")
            page.click("summary:has-text('重新办理')")
            page.fill("#id_words", "医院更正")
            page.click("button[value=reopen]")
            page.fill("#id_result", "更正：已冲正。")
            page.click("text=保存，办下一条")
        with desk.person("lead", path="/admin/errors/batch/1/send_back/") as page:
            page.fill("#id_reason", "等医院补传")
            page.fill("#id_until", "2026-11-25")
            page.click("text=按迟报生成")
            assert (
                "请写明迟报的原因" in page.inner_text("body")
                or page.locator("#id_late_reason:invalid").count()
            )
            page.fill("#id_late_reason", "医院更正")
            page.click("text=按迟报生成")
        with desk.person("second", path="/admin/errors/batch/returned/2/review/") as page:
            assert "已冲正" in page.inner_text("#rows")
            page.click("button[name=sign]")
        with desk.person("lead", path="/admin/errors/batch/1/send_back/") as page:
            files = page.inner_text("#files")
            assert "第 1 版" in files
            assert "第 2 版" in files
            assert "迟报：医院更正" in files
            with page.expect_download() as again:
                page.click("#files tbody tr >> nth=1 >> a")
            assert Path(again.value.path()).read_bytes() == data, "version 1 as it was"
        with desk.person("heishan") as page:
            assert page.goto("/admin/errors/batch/1/send_back/").status == 403
            assert page.goto("/admin/errors/batch/returned/1/").status == 403


def test_j4_holidays_are_explained_and_what_the_province_refuses_comes_back(desk: Desk):
    for moment, words in (
        ("2026-09-28T01:00:00+00:00", "9月30日"),
        ("2026-10-08T01:00:00+00:00", "10月9日"),
    ):
        with desk.at(moment), desk.person("lead") as page:
            assert words in page.inner_text("body")
    with desk.at(MONDAY), desk.person("lead", path="/admin/errors/batch/year/?year=2026") as page:
        body = page.inner_text("#content")
        assert "并入2026年第9周" in body
        assert "9月30日（周三）16:00前返回" in body
        page.goto("/admin/errors/batch/year/?year=2027")
        assert "暂定" in page.inner_text(".note")

    received(desk, 4)
    answer_all(desk, "yixian")
    with desk.at(FRIDAY):
        with desk.person("lead", path="/admin/errors/batch/1/send_back/") as page:
            page.click("#prepare button[type=submit]")
        with desk.person("second", path="/admin/errors/batch/returned/1/review/") as page:
            page.click("button[name=sign]")
        with desk.person("lead", path="/admin/errors/batch/1/send_back/") as page:
            page.fill("input[name=words]", "光盘")
            page.click("text=登记已送达")
    header = [*workbooks.WEEKLY_HEADERS[1], "审核结果", "退回原因"]
    verdicts = [("退回", "说明不清"), ("认可", ""), ("退回", "没写日期"), ("认可", "")]
    lines = [[*row, *verdict] for row, verdict in zip(rows(4, ("210727",)), verdicts, strict=True)]
    answer = workbooks.csv_bytes([header, *lines])
    with desk.at(NEXT_MONDAY), desk.person("lead") as page:
        for words in ("认可 2 行，退回 2 行", "已经导入过"):
            page.goto("/admin/errors/batch/1/hear/")
            file = {"name": "审核.csv", "mimeType": "text/csv", "buffer": answer}
            page.set_input_files("#id_file", file)
            page.click("text=导入省里的审核")
            assert words in page.inner_text("body")
        page.goto("/admin/errors/ticket/?tab=open")
        assert page.locator("table.rows tbody tr").count() == 2
        page.click("table.rows tbody tr td.no a >> nth=0")
        assert "第 2 次报错" in page.inner_text("body")
        assert "2026-W48" in page.inner_text("body")


def test_a_clerk_clears_fifty_tickets_without_the_mouse(desk: Desk):
    received(desk, 50)
    desk.run(
        "from apps.errors.models import *\nfrom apps.offices.models import Staff\n"
        "Ticket.objects.update(assignee=Staff.objects.get(username='yixian'), status='working')"
    )
    with desk.at(TUESDAY), desk.person("yixian", path="/admin/errors/ticket/") as page:
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        page.wait_for_selector("#id_cause")
        for n in range(50):
            before = page.url
            page.focus("#id_cause")
            page.keyboard.press("ArrowDown")  # the first cause
            page.keyboard.press("Tab")
            page.keyboard.type(f"已核实{n}")
            page.keyboard.press("Control+Enter")
            page.wait_for_url(lambda url, before=before: url != before)
        assert "你手上没有待办" in page.inner_text("body")
    done = desk.run(
        "from apps.errors.models import Ticket\n"
        "print(Ticket.objects.filter(status='answered').exclude(result='').count())"
    )
    assert done == "50"
