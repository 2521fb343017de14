"""Monday's import in three steps and Friday's return, as the pages do them."""

from datetime import datetime
from io import BytesIO

import openpyxl
import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from apps.errors.intake import receive as intake_receive
from apps.errors.models import ReturnFile, Ticket
from apps.offices.models import Office
from tests import cast as casting
from tests import workbooks
from ydjy.desk.imports import progress
from ydjy.desk.models import Upload
from ydjy.lib.workdays import SHANGHAI

MONDAY = datetime(2026, 11, 16, 9, 12, tzinfo=SHANGHAI)
FRIDAY = datetime(2026, 11, 20, 15, 0, tzinfo=SHANGHAI)
RECEIVE = "admin:errors_batch_receive"


@pytest.fixture(autouse=True)
def _monday():
    with time_machine.travel(MONDAY, tick=False):
        yield


@pytest.fixture
def sheet():
    """Six rows: four good, one with a number too short, one the same as the row above it."""
    rows = workbooks.weekly_rows(5)
    rows[2][10] = "2107021908"
    rows.append([6, *rows[4][1:]])
    return workbooks.weekly_workbook(rows)


def send(browser, data, name="异地联网报错.xlsx"):
    return browser.post(reverse(RECEIVE), {"file": SimpleUploadedFile(name, data)}, follow=True)


@pytest.fixture
def staged(cast, sheet):
    return intake_receive.receive(sheet, "异地联网报错.xlsx", by=cast.lead)


@pytest.fixture
def imported(cast, staged):
    return intake_receive.confirm(staged, by=cast.lead)


def preview_of(upload):
    return reverse("admin:errors_batch_preview", args=[upload.pk])


def back_of(batch):
    return reverse("admin:errors_batch_send_back", args=[batch.pk])


# Monday ----------------------------------------------------------------------------------------


def test_the_preview_shows_every_row_and_makes_no_ticket(cast, sheet, client_of):
    page = send(client_of(cast.lead), sheet)
    html = page.content.decode()
    assert "导入 4 条" in html
    assert "下载有问题的 1 行" in html
    assert "与第 6 行重复" in html
    assert len(page.context_data["rows"]) == 6
    assert not Ticket.objects.exists()


def test_a_bad_cell_is_framed_with_its_reason(cast, staged, client_of):
    page = client_of(cast.lead).get(preview_of(staged), {"show": "wrong"})
    (row,) = page.context_data["rows"]
    (bad,) = [cell for cell in row.cells if cell.wrong]
    assert "18 位" in bad.why
    assert row.verdict.startswith("有问题：“证件号码”")  # that column is out of sight


def test_a_reason_in_sight_is_not_said_twice(cast, client_of):
    rows = workbooks.weekly_rows(1)
    rows[0][2] = "11月9日"
    page = send(client_of(cast.lead), workbooks.weekly_workbook(rows))
    (row,) = page.context_data["rows"]
    assert (row.verdict, row.cells[2].wrong) == ("有问题", True)


def test_no_number_stands_in_the_preview(cast, staged, client_of):
    page = client_of(cast.lead).get(preview_of(staged), {"show": "wrong"})
    assert "2107021908" not in page.content.decode()


def test_numbers_are_masked_in_the_preview(cast, staged, client_of):
    html = client_of(cast.lead).get(preview_of(staged)).content.decode()
    assert workbooks.weekly_rows(1)[0][10] not in html
    assert "********" in html


def test_importing_makes_the_tickets_and_a_second_press_changes_nothing(cast, staged, client_of):
    browser = client_of(cast.lead)
    for _ in range(2):
        html = browser.post(
            preview_of(staged), {"assign": "county", "confirm": "1"}, follow=True
        ).content.decode()
        assert "已导入 4 条" in html
        assert Ticket.objects.count() == 4


def test_the_same_file_again_leads_to_what_was_done(cast, sheet, staged, client_of):
    page = send(client_of(cast.lead), sheet)
    assert "这个文件 11月16日 09:12 已经导入过" in page.content.decode()
    assert page.context_data["upload"].pk == staged.pk
    assert Upload.objects.count() == 1


def test_a_wrong_file_is_refused_in_words_and_its_receipt_is_kept(cast, client_of):
    html = send(client_of(cast.lead), b"%PDF-1.7 not a sheet", "通知.xlsx").content.decode()
    assert 'class="errornote"' in html
    assert Upload.objects.get().state == Upload.State.REFUSED


def test_the_problem_rows_come_back_as_a_workbook(cast, staged, client_of):
    answer = client_of(cast.lead).get(reverse("admin:errors_batch_problems", args=[staged.pk]))
    book = openpyxl.load_workbook(BytesIO(answer.content))
    assert book.active.max_row == 2
    assert [cell.value for cell in book.active[1]][-1] == "问题"
    assert answer["Content-Security-Policy"].startswith("sandbox")


def test_a_long_import_tells_how_far_it_is_and_looks_again(cast, client_of):
    upload = casting.upload(cast, state=Upload.State.CONFIRMING)
    progress.note(f"upload-{upload.pk}", 40, 86)
    answer = client_of(cast.lead).get(preview_of(upload))
    assert "40 / 86 行" in answer.content.decode()
    assert answer["Refresh"] == "3"


def test_an_abandoned_file_makes_no_ticket(cast, staged, client_of):
    client_of(cast.lead).post(preview_of(staged), {"abandon": "1"})
    staged.refresh_from_db()
    assert staged.state == Upload.State.ABANDONED
    assert not Ticket.objects.exists()


@pytest.mark.parametrize("who", ["yixian", "county_lead", "head", "operator", "root_less"])
def test_only_the_municipal_lead_imports_and_exports(cast, imported, staged, client_of, who):
    browser = client_of(getattr(cast, "nobody" if who == "root_less" else who))
    for address in (reverse(RECEIVE), preview_of(staged), back_of(imported)):
        assert browser.get(address).status_code == 403
        assert browser.post(address, {"confirm": "1"}).status_code == 403


def test_a_hundred_rows_make_a_page(cast, client_of, django_assert_max_num_queries):
    data = workbooks.weekly_workbook(workbooks.weekly_rows(150))
    upload = intake_receive.receive(data, "大表.xlsx", by=cast.lead)
    browser = client_of(cast.lead)
    browser.get(preview_of(upload))
    with django_assert_max_num_queries(17):  # one of them looks every few seconds
        first = browser.get(preview_of(upload))
    second = browser.get(preview_of(upload), {"p": 2})
    assert (len(first.context_data["rows"]), len(second.context_data["rows"])) == (100, 50)


# Rows that wait for a person -------------------------------------------------------------------


@pytest.fixture
def waiting(imported, staged):
    """The row whose number is too short."""
    return staged.rows.get(status="rejected")


def decide_on(row):
    return reverse("admin:errors_batch_decide", args=[row.upload_id, row.pk])


def test_a_mended_row_becomes_a_ticket(cast, waiting, client_of):
    browser = client_of(cast.lead)
    assert decide_on(waiting) in browser.get(preview_of(waiting.upload)).content.decode()
    number = workbooks.identity_number(serial=0)
    answer = browser.post(decide_on(waiting), {"do": "admit", "value-cert_no": number}, follow=True)
    assert Ticket.objects.count() == 5
    assert number not in answer.content.decode()


def test_a_row_that_is_still_wrong_is_refused_and_keeps_what_was_typed(cast, waiting, client_of):
    html = (
        client_of(cast.lead)
        .post(decide_on(waiting), {"do": "admit", "value-cert_no": "12345"})
        .content.decode()
    )
    assert 'class="errornote"' in html
    assert 'value="12345"' in html
    assert Ticket.objects.count() == 4


def test_a_row_is_declined_only_with_a_reason(cast, waiting, client_of):
    browser = client_of(cast.lead)
    html = browser.post(decide_on(waiting), {"do": "decline", "reason": ""}).content.decode()
    assert "请写明为什么不受理" in html
    browser.post(decide_on(waiting), {"do": "decline", "reason": "查无此人"})
    waiting.refresh_from_db()
    assert waiting.message == "查无此人。"
    assert "已经判断过了" in browser.get(decide_on(waiting)).content.decode()


def test_a_county_decides_no_row(cast, waiting, client_of):
    assert client_of(cast.county_lead).get(decide_on(waiting)).status_code == 403


# The week --------------------------------------------------------------------------------------


def test_the_list_of_weeks_counts_only_what_the_person_sees(cast, imported, client_of):
    mine = Ticket.objects.filter(office=Office.objects.get(code="yixian")).count()
    batch = client_of(cast.yixian).get(reverse("admin:errors_batch_changelist"))
    (row,) = batch.context_data["cl"].result_list
    assert row.total == mine < 4


def test_the_week_lists_its_files_to_the_municipal_office_alone(cast, imported, client_of):
    address = reverse("admin:errors_batch_change", args=[imported.pk])
    assert "异地联网报错.xlsx" in client_of(cast.lead).get(address).content.decode()
    assert "异地联网报错.xlsx" not in client_of(cast.yixian).get(address).content.decode()


# Friday ----------------------------------------------------------------------------------------


def answer_all(batch, by):
    for ticket in batch.tickets.all():
        ticket.answer(by=by, cause=casting.cause(), result="已补办备案。")


def test_the_check_names_who_has_not_answered(cast, imported, client_of):
    page = client_of(cast.lead).get(back_of(imported))
    assert len(page.context_data["open_rows"]) == 5
    assert Ticket.objects.first().number in page.content.decode()


def test_nothing_goes_back_without_a_reason_for_the_unanswered(cast, imported, client_of):
    html = client_of(cast.lead).post(back_of(imported), {"reason": "", "until": ""}).content
    assert "请填写没有办结的原因。" in html.decode()
    assert not ReturnFile.objects.exists()


def test_the_unanswered_go_back_as_unfinished_with_reason_and_day(cast, imported, client_of):
    with time_machine.travel(FRIDAY, tick=False):
        client_of(cast.lead).post(
            back_of(imported), {"reason": "等医院回复", "until": "2026-11-27"}
        )
    file = ReturnFile.objects.get()
    assert file.unfinished == 5
    assert "等医院回复，预计11月27日办结。" in file.answers.reveal()


def test_what_is_downloaded_is_what_was_frozen(cast, imported, client_of):
    answer_all(imported, cast.lead)
    with time_machine.travel(FRIDAY, tick=False):
        browser = client_of(cast.lead)
        html = browser.post(back_of(imported), follow=True).content.decode()
        file = ReturnFile.objects.get()
        answer = browser.get(reverse("admin:errors_batch_download", args=[file.pk]))
    assert file.sha256 in html
    assert "晚了" not in html
    assert answer["Content-Disposition"].startswith("attachment")
    assert openpyxl.load_workbook(BytesIO(answer.content)).active.max_row == 7


def test_a_late_return_needs_a_reason_and_says_so(cast, imported, client_of):
    answer_all(imported, cast.lead)
    with time_machine.travel(FRIDAY.replace(hour=16, minute=40), tick=False):
        browser = client_of(cast.lead)
        assert "已过 40 分钟" in browser.get(back_of(imported)).content.decode()
        assert "请写明迟报的原因。" in browser.post(back_of(imported)).content.decode()
        assert not ReturnFile.objects.exists()
        html = browser.post(back_of(imported), {"late_reason": "停电"}, follow=True).content
    assert "迟报：停电" in html.decode()
    assert ReturnFile.objects.get().late_reason == "停电"


def test_the_numbers_above_the_rows_are_all_five_and_add_up(cast, client_of):
    rows = workbooks.weekly_rows(4)
    rows[1][8] = "测?乙"  # somebody must look
    rows[2][10] = "123"
    rows = [*rows, rows[0], ["合计", 4]]
    page = send(client_of(cast.lead), workbooks.weekly_workbook(rows))
    *each, whole = ((label, count) for _, label, count in page.context_data["counters"])
    assert each == [
        ("可以导入", 2), ("重复", 1), ("等人判断", 1), ("有问题", 1), ("跳过", 1),
    ]  # fmt: skip
    assert whole == ("全部", sum(count for _, count in each))
    html = page.content.decode()
    assert "有问题的 1 行不改的话，按“未受理”返回。" in html
    assert "等人判断的 1 行有了结论才能返回。" in html
