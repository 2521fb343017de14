"""Choosing, mapping, looking, importing, taking back: as the pages do it."""

from datetime import datetime
from io import BytesIO

import openpyxl
import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from kombu.exceptions import OperationalError

from apps.errors.intake import admin as intake_admin
from apps.errors.intake import receive as intake_receive
from apps.errors.models import Ticket
from tests import workbooks
from ydjy.desk.imports import background, cleanup
from ydjy.desk.models import ColumnMemory, Upload
from ydjy.lib.workdays import SHANGHAI

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _monday():
    with time_machine.travel(datetime(2026, 11, 16, 9, tzinfo=SHANGHAI), tick=False):
        yield


@pytest.fixture
def browser(cast, client_of) -> Client:
    return client_of(cast.lead)


def send(browser, data, name="报错.xlsx", **more):
    sent = {"file": SimpleUploadedFile(name, data), **more}
    return browser.post(reverse("admin:errors_batch_receive"), sent)


def renamed(**titles):
    header = [titles.get(title, title) for title in workbooks.WEEKLY_HEADERS[1]]
    return workbooks.weekly_workbook(workbooks.weekly_rows(2), headers=header)


def columns_of(upload):
    return reverse("admin:errors_batch_columns", args=[upload.pk])


# Columns ---------------------------------------------------------------------------------------


def test_a_column_that_nobody_knows_is_asked_for_and_remembered_for_its_sender(browser):
    data = renamed(报错信息="卡刷不了的说法")
    answer = send(browser, data, sender="某市医保局")
    upload = Upload.objects.get()
    assert upload.state == Upload.State.COLUMNS
    assert answer.url == columns_of(upload)

    page = browser.get(answer.url)
    assert "没有找到“报错信息”这一列" in page.content.decode()
    form = page.context_data["form"]
    chosen = {name: field.initial for name, field in form.fields.items()}
    unknown = next(n for n, field in form.fields.items() if field.label == "卡刷不了的说法")
    assert chosen[unknown] == ""
    browser.post(answer.url, chosen | {unknown: "err_msg"})

    upload.refresh_from_db()
    assert (upload.state, upload.accepted) == (Upload.State.STAGED, 2)
    memory = ColumnMemory.objects.get(header="卡刷不了的说法")
    assert (memory.key, memory.sender) == ("err_msg", "某市医保局")

    again = renamed(报错信息="卡刷不了的说法", 备注="说明")
    assert send(browser, again, "下周.xlsx", sender="某市医保局").url != answer.url
    assert Upload.objects.get(filename="下周.xlsx").state == Upload.State.STAGED
    other = renamed(报错信息="卡刷不了的说法", 备注="附注")
    send(browser, other, "别处.xlsx", sender="别的单位")
    assert Upload.objects.get(filename="别处.xlsx").state == Upload.State.COLUMNS


def test_a_needed_column_must_be_chosen_and_none_twice(browser):
    url = send(browser, renamed(报错信息="卡刷不了的说法")).url
    form = browser.get(url).context_data["form"]
    chosen = {name: field.initial for name, field in form.fields.items()}
    assert "还没有选哪一列是“报错信息”" in browser.post(url, chosen).content.decode()
    twice = chosen | dict.fromkeys(list(chosen)[-2:], "err_msg")
    assert "选了不止一次" in browser.post(url, twice).content.decode()


def test_an_unmapped_column_is_named_and_can_be_mapped_before_the_import(browser):
    url = send(browser, renamed(备注="省内部备注")).url
    html = browser.get(url).content.decode()
    assert "没有用到的列：省内部备注" in html
    upload = Upload.objects.get()
    form = browser.get(columns_of(upload)).context_data["form"]
    chosen = {name: field.initial for name, field in form.fields.items()}
    unknown = next(n for n, field in form.fields.items() if field.label == "省内部备注")
    browser.post(columns_of(upload), chosen | {unknown: "remark"})
    upload.refresh_from_db()
    assert upload.unmapped == []


def test_after_the_import_columns_are_not_changed(browser):
    url = send(browser, renamed()).url
    browser.post(url, {"assign": "none"})
    upload = Upload.objects.get()
    assert browser.get(columns_of(upload)).status_code == 302
    browser.post(columns_of(upload), {})
    upload.refresh_from_db()
    assert upload.state == Upload.State.CONFIRMED


def test_a_wrong_list_is_refused_and_not_asked_about(browser):
    data = workbooks.xlsx(
        [["机构名称", "机构编码", "联系电话", "地址", "备注"], list("甲乙丙丁戊")]
    )
    assert send(browser, data).status_code == 200
    assert Upload.objects.get().state == Upload.State.REFUSED


def test_the_blank_sheet_has_every_column_and_filled_in_it_is_received(browser, cast):
    answer = browser.get(reverse("admin:errors_batch_blank"))
    book = openpyxl.load_workbook(BytesIO(answer.content))
    sheet = book["报错明细"]
    titles = [cell.value for cell in sheet[1]]
    line = dict(zip(workbooks.WEEKLY_HEADERS[1], workbooks.weekly_rows(1)[0], strict=True))
    sheet.append([line.get(title) for title in titles])
    out = BytesIO()
    book.save(out)
    upload = intake_receive.receive(out.getvalue(), "填好.xlsx", by=cast.lead)
    assert (upload.accepted, upload.unmapped) == (1, [])


# Looking ---------------------------------------------------------------------------------------


def test_the_reasons_are_counted(browser):
    rows = workbooks.weekly_rows(4)
    for row in rows[:3]:
        row[10] = ""
    url = send(browser, workbooks.weekly_workbook(rows)).url
    page = browser.get(url)
    assert page.context_data["reasons"] == [("“证件号码”空着，必须填", 3)]
    assert "先导入没有问题的 1 行" in page.content.decode()


def test_a_file_in_an_old_encoding_asks_whether_it_can_be_read(browser):
    rows = [workbooks.WEEKLY_HEADERS[1], *workbooks.weekly_rows(2)]
    gbk = send(browser, workbooks.csv_bytes(rows, "gb18030"), "报错.csv").url
    assert "看得懂吗" in browser.get(gbk).content.decode()
    rows[1][23] = "新"
    utf8 = send(browser, workbooks.csv_bytes(rows, "utf-8"), "报错2.csv").url
    assert "看得懂吗" not in browser.get(utf8).content.decode()


def test_a_file_without_a_good_row_can_be_taken_in_and_decided(browser):
    rows = workbooks.weekly_rows(1)
    rows[0][8] = "王□"
    url = send(browser, workbooks.weekly_workbook(rows)).url
    assert "没有新的行，收下并逐行判断" in browser.get(url).content.decode()
    browser.post(url, {"assign": "county"})
    assert Upload.objects.get().state == Upload.State.CONFIRMED


# A long file -----------------------------------------------------------------------------------


@pytest.fixture
def lost_job(monkeypatch):
    monkeypatch.setattr(background, "AT_ONCE", 0)
    monkeypatch.setattr(intake_admin, "AT_ONCE_ROWS", 0)
    monkeypatch.setattr(background, "wake", lambda upload: None)


def test_a_long_file_shows_how_far_it_is_and_can_be_left(browser, lost_job):
    url = send(browser, renamed()).url
    Upload.objects.update(done=40, total=86)
    page = browser.get(url)
    assert page["Refresh"] == "3"
    assert "正在核对：40 / 86 行。可以离开这一页" in page.content.decode()
    assert Ticket.objects.count() == 0


def test_the_tick_ends_what_a_lost_job_began(browser, lost_job):
    url = send(browser, renamed()).url
    later = datetime(2026, 11, 16, 9, 5, tzinfo=SHANGHAI)
    assert cleanup.go_on(intake_receive.KEPT, datetime(2026, 11, 16, 9, 1, tzinfo=SHANGHAI)) == 0
    assert cleanup.go_on(intake_receive.KEPT, later) == 1
    assert Upload.objects.get().state == Upload.State.STAGED

    browser.post(url, {"assign": "none"})
    assert Upload.objects.get().state == Upload.State.CONFIRMING
    browser.post(url, {"assign": "none"})  # the second press
    assert cleanup.go_on(intake_receive.KEPT, later) == 1
    assert Ticket.objects.filter(assignee=None).count() == 2
    assert "Refresh" not in browser.get(url)


def test_a_large_file_is_read_and_imported_by_the_job(browser, monkeypatch):
    monkeypatch.setattr(background, "AT_ONCE", 0)
    monkeypatch.setattr(intake_admin, "AT_ONCE_ROWS", 0)
    url = send(browser, renamed()).url
    browser.post(url, {"assign": "county"})
    assert Upload.objects.get().state == Upload.State.CONFIRMED
    assert Ticket.objects.count() == 2


# Taking back -----------------------------------------------------------------------------------


def test_the_undo_names_what_it_could_not_take_back(browser, cast):
    url = send(browser, renamed()).url
    browser.post(url, {"assign": "none"})
    Ticket.objects.first().edit_note(by=cast.lead, note="已联系")
    upload = Upload.objects.get()
    done = browser.post(
        reverse("admin:errors_batch_undo", args=[upload.pk]), {"reason": "发错了"}, follow=True
    )
    html = done.content.decode()
    assert "收回了 1 条。1 条后来有人办过、改过或者在用，没有收回：2026W47-001。" in html


@pytest.mark.parametrize("who", ["yixian", "head", "operator", "auditor", "nobody"])
def test_only_who_may_import_maps_and_takes_back(cast, client_of, browser, who):
    send(browser, renamed())
    upload = Upload.objects.get()
    other = client_of(getattr(cast, who))
    for name in ("columns", "undo", "problems", "preview"):
        assert other.get(reverse(f"admin:errors_batch_{name}", args=[upload.pk])).status_code == 403
        assert other.post(reverse(f"admin:errors_batch_{name}", args=[upload.pk])).status_code in (
            403, 405,
        )  # fmt: skip
    upload.refresh_from_db()
    assert upload.state == Upload.State.STAGED


def test_an_import_shows_how_far_it_is_although_nothing_of_it_can_be_seen_yet(browser, lost_job):
    url = send(browser, renamed()).url
    intake_receive.read(Upload.objects.get())
    browser.post(url, {"assign": "none"})
    assert "正在导入：0 / 2 行" in browser.get(url).content.decode()
    seen = []

    def look(*args, **more):
        page = browser.get(url)
        seen.append((page["Refresh"], page.context_data["how_far"]))

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(intake_receive, "_AT_A_TIME", 1)
        patched.setattr(intake_receive, "answer_originals", look)
        intake_receive.go_on(Upload.objects.get())
    assert seen == [("3", (2, 2))]
    page = browser.get(url)
    assert "Refresh" not in page
    assert "已导入 2 条" in page.content.decode()


def test_without_a_worker_the_page_that_looks_goes_on_once_and_only_when_nobody_came(
    browser, monkeypatch
):
    monkeypatch.setattr(background, "AT_ONCE", 0)
    monkeypatch.setattr(intake_admin, "AT_ONCE_ROWS", 0)
    monkeypatch.setattr(background.go_on_with, "delay", _no_broker)
    begun = []
    monkeypatch.setattr(background, "beside", begun.append)
    url = send(browser, renamed()).url
    browser.get(url)
    assert begun == []
    with time_machine.travel(datetime(2026, 11, 16, 9, 1, tzinfo=SHANGHAI), tick=False):
        browser.get(url)
        browser.get(url)
    assert [upload.pk for upload in begun] == [Upload.objects.get().pk]
    intake_receive.go_on(Upload.objects.get())
    assert Upload.objects.get().accepted == 2


def _no_broker(*args):
    raise OperationalError("nobody listens")


def test_a_job_that_comes_late_leaves_the_file_to_who_has_taken_it(browser, lost_job):
    send(browser, renamed())
    upload = Upload.objects.get()
    assert not cleanup.take(upload, datetime(2026, 11, 16, 9, 1, tzinfo=SHANGHAI))
    background.go_on_with(upload.pk)
    assert Upload.objects.get().state == Upload.State.RECEIVED
    late = datetime(2026, 11, 16, 9, 3, tzinfo=SHANGHAI)
    assert cleanup.take(upload, late)
    assert not cleanup.take(upload, late), "of two, one is told yes"
