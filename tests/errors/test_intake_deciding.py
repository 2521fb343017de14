"""A row that the program would not decide is decided by a person, and goes back answered."""

from datetime import datetime
from io import BytesIO

import openpyxl
import pytest
import time_machine
from django.urls import reverse

from apps.errors.diagnosis.cause_codes import sync_causes
from apps.errors.intake import receive as intake_receive
from apps.errors.intake import review as intake_review
from apps.errors.models import Batch, CauseCode, SourceLine, Ticket
from apps.errors.reports import waiting
from apps.errors.returns import build as returns_build
from tests import workbooks
from tests.errors import weeks
from tests.undone import undone
from ydjy.desk.exceptions import Refused
from ydjy.desk.imports import kinds as imports_kinds
from ydjy.desk.imports import problem_workbook, uploads
from ydjy.desk.models import Upload
from ydjy.lib.workdays import SHANGHAI

pytestmark = pytest.mark.django_db
CERT, MESSAGE, NAME, NO = 10, 18, 8, 1


@pytest.fixture(autouse=True)
def _monday(cast):
    sync_causes()
    with time_machine.travel(datetime(2026, 11, 16, 9, tzinfo=SHANGHAI), tick=False):
        yield


def imported(rows, by, name="报错.xlsx", **more):
    upload = intake_receive.receive(workbooks.weekly_workbook(rows, **more), name, by=by)
    intake_receive.confirm(upload, by=by)
    upload.refresh_from_db()
    return upload


@pytest.fixture
def broken(cast):
    """Three rows: the second's number lacks a digit, the third's name lacks a character."""
    rows = workbooks.weekly_rows(3)
    rows[1][CERT] = rows[1][CERT][:17]
    rows[2][NAME] = "王□"
    return imported(rows, cast.lead)


def row_of(upload, number):
    return upload.rows.select_related("upload").get(row=number)


def numbers(upload):
    return [getattr(upload, name) for name in uploads.STATUS_FIELDS]


def test_a_held_row_blocks_fridays_file_and_an_admitted_one_does_not(cast, broken):
    assert numbers(broken) == [1, 1, 1, 0, 0]
    [check] = returns_build.check(Batch.objects.get())
    assert [row.row_number for row in check.blocked] == [4]

    ticket = intake_review.admit(row_of(broken, 4), by=cast.lead, typed={"name": "王㐂"})

    assert (ticket.name, ticket.number) == ("王㐂", "2026W47-002")
    broken.refresh_from_db()
    assert numbers(broken) == [2, 0, 1, 0, 0]
    [check] = returns_build.check(Batch.objects.get())
    assert check.blocked == ()


def test_a_damaged_number_is_admitted_only_with_the_right_one_typed_in(cast, broken):
    with pytest.raises(Refused, match="证件号码”空着，必须填"):
        intake_review.admit(row_of(broken, 3), by=cast.lead)
    with pytest.raises(Refused, match="证件号码"):
        intake_review.admit(row_of(broken, 3), by=cast.lead, typed={"cert_no": "210702"})
    number = workbooks.weekly_rows(2)[1][CERT]

    ticket = intake_review.admit(row_of(broken, 3), by=cast.lead, typed={"cert_no": number})

    assert ticket.cert_no == number
    assert ticket.reported_at is not None


def test_a_number_that_excel_damaged_is_not_read_again_from_the_cell(cast):
    rows = workbooks.weekly_rows(1)
    rows[0][CERT] = float(int(rows[0][CERT][:17]) * 10)
    upload = imported(rows, cast.lead)
    with pytest.raises(Refused, match="证件号码"):
        intake_review.admit(row_of(upload, 2), by=cast.lead)


def test_an_admitted_doubtful_value_is_what_the_person_saw(cast):
    rows = workbooks.weekly_rows(1)
    rows[0][2] = datetime(2026, 12, 24, 10, 0)  # after today
    upload = imported(rows, cast.lead)
    assert upload.held == 1
    assert str(intake_review.admit(row_of(upload, 2), by=cast.lead).reported_on) == "2026-12-24"


def test_a_declined_row_goes_back_as_not_accepted_with_the_reason(cast, broken):
    with pytest.raises(Refused, match="为什么不受理"):
        intake_review.decline(row_of(broken, 4), by=cast.lead, reason=" ")
    intake_review.decline(row_of(broken, 4), by=cast.lead, reason="查无此人")

    [check] = returns_build.check(Batch.objects.get())
    assert check.answers[2] == {"state": "未受理", "result": "未受理：查无此人。"}
    broken.refresh_from_db()
    assert numbers(broken) == [1, 0, 2, 0, 0]


def test_a_row_is_decided_once(cast, broken):
    row = row_of(broken, 4)
    intake_review.admit(row, by=cast.lead, typed={"name": "王甲"})
    for decide in (
        lambda: intake_review.admit(row, by=cast.lead, typed={"name": "王乙"}),
        lambda: intake_review.decline(row, by=cast.lead, reason="重复"),
        lambda: intake_review.keep(row, by=cast.lead),
    ):
        with pytest.raises(Refused, match="已经判断过"):
            decide()
    assert Ticket.objects.count() == 2


def test_nothing_is_decided_before_the_file_is_confirmed(cast):
    rows = workbooks.weekly_rows(1)
    rows[0][NAME] = "王□"
    upload = intake_receive.receive(workbooks.weekly_workbook(rows), "a.xlsx", by=cast.lead)
    with pytest.raises(Refused, match="请先导入"):
        intake_review.admit(row_of(upload, 2), by=cast.lead, typed={"name": "王甲"})


# A corrected line ------------------------------------------------------------------------------


@pytest.fixture
def corrected(cast):
    """The same two lines again, the first with another message; it is answered already."""
    rows = workbooks.weekly_rows(2)
    imported(rows, cast.lead, "首件.xlsx")
    first = Ticket.objects.get(number="2026W47-001")
    first.answer(by=cast.lead, cause=CauseCode.objects.get(code="card"), result="已换卡。")
    rows[0][MESSAGE] = "就医地不是备案登记的地区"
    rows[0][23] = ""  # a blank remark says nothing
    return imported(rows, cast.lead, "更正.xlsx")


def test_a_correction_is_shown_field_by_field(cast, corrected):
    [difference] = intake_review.differences(row_of(corrected, 2))
    assert (difference.label, difference.theirs) == ("报错信息", "就医地不是备案登记的地区")


def test_taking_over_changes_the_line_and_never_the_result(cast, corrected):
    intake_review.take_over(row_of(corrected, 2), by=cast.lead)

    ticket = Ticket.objects.get(number="2026W47-001")
    assert ticket.err_msg == "就医地不是备案登记的地区"
    assert (ticket.result, ticket.status) == ("已换卡。", "answered")
    assert "改了报错信息" in ticket.events.first().words
    assert Ticket.objects.count() == 2


def test_keeping_the_ticket_answers_the_line_by_it(cast, corrected):
    intake_review.keep(row_of(corrected, 2), by=cast.lead)
    ticket = Ticket.objects.get(number="2026W47-001")
    assert ticket.err_msg == "未查询到参保人员信息"
    assert ticket.lines.count() == 2


def test_a_line_with_the_number_of_a_ticket_does_not_become_a_second_one(cast, corrected):
    with pytest.raises(Refused, match="编号相同，内容不同"):
        intake_review.admit(row_of(corrected, 2), by=cast.lead)


def test_a_corrected_file_whose_lines_all_came_before_does_not_go_back_itself(cast, corrected):
    intake_review.keep(row_of(corrected, 2), by=cast.lead)
    assert [one.upload.filename for one in returns_build.check(Batch.objects.get())] == [
        "首件.xlsx"
    ]


# The problem workbook, mended ------------------------------------------------------------------


def mended(upload, **cells):
    """The downloaded problem workbook with the cells (row, column) set anew."""
    name, data = problem_workbook.problem_workbook(upload)
    book = openpyxl.load_workbook(BytesIO(data))
    for place, value in cells.items():
        book.active[place] = value
    out = BytesIO()
    book.save(out)
    return name, out.getvalue()


@pytest.mark.parametrize("number_known", [True, False])
def test_a_mended_row_answers_the_row_of_the_first_file(cast, number_known):
    rows = workbooks.weekly_rows(3)
    for row in rows:
        row[NO] = row[NO] if number_known else ""
    good = rows[1][CERT]
    rows[1][CERT] = good[:17]
    first = imported(rows, cast.lead, "首件.xlsx")
    name, data = mended(first, K2=good)

    again = intake_receive.receive(data, name, by=cast.lead)
    assert numbers(again) == [1, 0, 0, 0, 0]
    batch = intake_receive.confirm(again, by=cast.lead)

    first.refresh_from_db()
    assert numbers(first) == [2, 0, 0, 1, 0]
    [check] = returns_build.check(batch)
    assert check.upload.pk == first.pk
    assert not check.blocked
    assert [row.ticket.cert_no.reveal() for row in check.unfinished][1] == good
    assert SourceLine.objects.count() == 4


def test_a_row_that_is_still_wrong_is_decided_for_both_files(cast, broken):
    name, data = mended(broken, K2="21070219")
    again = intake_receive.receive(data, name, by=cast.lead)
    intake_receive.confirm(again, by=cast.lead)
    assert Ticket.objects.count() == 1

    number = workbooks.weekly_rows(2)[1][CERT]
    intake_review.admit(row_of(again, 2), by=cast.lead, typed={"cert_no": number})

    broken.refresh_from_db()
    assert numbers(broken) == [1, 1, 0, 1, 0]
    assert problem_workbook.undecided(broken).count() == 1


def test_rows_that_come_again_unmended_wait_once_and_no_longer_than_their_first(cast, broken):
    waits = waiting.undecided_rows(Upload.objects.all())
    before = waits.count()
    number, data = workbooks.weekly_rows(2)[1][CERT], problem_workbook.problem_workbook(broken)[1]
    intake_receive.confirm(intake_receive.receive(data, "原样.xlsx", by=cast.lead), by=cast.lead)
    assert waits.count() == before
    name, data = mended(broken, K2=number)
    intake_receive.confirm(intake_receive.receive(data, name, by=cast.lead), by=cast.lead)
    assert waits.count() == before - 1
    assert not waits.exclude(upload=broken).exists()


def test_the_list_of_waiting_rows_names_the_file_of_each(cast, client_of, broken):
    page = client_of(cast.lead).get(reverse("admin:errors_batch_waiting")).content.decode()
    rows = waiting.undecided_rows(Upload.objects.all()).count()
    assert page.count(f"《{broken.filename}》") == 1 + rows


def test_the_error_workbook_names_row_and_reason(cast, broken):
    _, data = problem_workbook.problem_workbook(broken)
    sheet = openpyxl.load_workbook(BytesIO(data)).active
    said = [row[-1].value for row in sheet.iter_rows(min_row=2)]
    assert said[0].startswith(
        "原表第 3 行：“证件号码”证件号码应为 18 位（老号码 15 位），这里是 17 位"
    )
    assert said[1].startswith("原表第 4 行：“姓名”姓名里有认不出的字")
    marked = [
        cell.coordinate
        for row in sheet.iter_rows()
        for cell in row
        if cell.fill.fgColor.rgb == "FFFDECEB"
    ]
    assert marked == ["K2", "I3"]


# Our own files ---------------------------------------------------------------------------------


@pytest.fixture
def returned(cast):
    upload = imported(workbooks.weekly_rows(2), cast.lead)
    for ticket in Ticket.objects.all():
        ticket.answer(by=cast.lead, cause=CauseCode.objects.get(code="card"), result="已换卡。")
    [file] = weeks.issue(intake_receive.batch_of(upload), by=cast.lead)
    return file, returns_build.content(file)


def test_our_own_returned_file_is_recognised_by_its_bytes(cast, returned):
    with pytest.raises(Refused, match="生成的返回表（第 1 版），不是省里的来件"):
        intake_receive.receive(returned[1], "回来了.xlsx", by=cast.lead)
    assert Upload.objects.count() == 1


def test_our_own_returned_file_saved_anew_is_recognised_by_our_words(cast, returned):
    book = openpyxl.load_workbook(BytesIO(returned[1]))
    out = BytesIO()
    book.save(out)
    with pytest.raises(Refused, match="是返回表改存的"):
        intake_receive.receive(out.getvalue(), "改存.xlsx", by=cast.lead)
    assert Upload.objects.first().state == Upload.State.REFUSED
    assert Ticket.objects.count() == 2


def test_a_sheet_with_an_empty_column_of_that_name_is_not_our_return(cast):
    rows = [[*row, ""] for row in workbooks.weekly_rows(2)]
    headers = [*workbooks.WEEKLY_HEADERS[1], "处理状态"]
    data = workbooks.weekly_workbook(rows, headers=headers)
    assert intake_receive.receive(data, "a.xlsx", by=cast.lead).accepted == 2


# The same again --------------------------------------------------------------------------------


def test_a_list_saved_anew_is_answered_by_the_file_that_came_first(cast):
    rows = workbooks.weekly_rows(3)
    first = imported(rows, cast.lead)
    saved = workbooks.weekly_workbook(rows, total=False)
    book = openpyxl.load_workbook(BytesIO(saved))
    book.properties.title = "另存"
    out = BytesIO()
    book.save(out)

    with pytest.raises(uploads.AlreadyReceived, match="完全相同（3 条），没有新的行") as same:
        intake_receive.receive(out.getvalue(), "另存.xlsx", by=cast.lead)

    assert same.value.upload.pk == first.pk
    receipt = Upload.objects.get(state=Upload.State.SAME)
    assert (receipt.rows_in, receipt.same_as_id) == (3, first.pk)
    assert Ticket.objects.count() == 3


# Taking back -----------------------------------------------------------------------------------


def test_undoing_withdraws_what_nobody_touched_and_names_the_rest(cast):
    upload = imported(workbooks.weekly_rows(3), cast.lead)
    touched = Ticket.objects.get(number="2026W47-002")
    touched.edit_note(by=cast.lead, note="已联系")

    gone, kept = undone(upload, by=cast.lead)

    assert (gone, kept) == (2, ["2026W47-002"])
    assert [ticket.number for ticket in Ticket.objects.all()] == ["2026W47-002"]
    upload.refresh_from_db()
    assert upload.state == Upload.State.UNDONE


def test_an_undone_file_can_be_received_again_and_numbers_are_not_given_twice(cast):
    rows = workbooks.weekly_rows(2)
    upload = imported(rows, cast.lead)
    Ticket.objects.get(number="2026W47-002").edit_note(by=cast.lead, note="已联系")
    undone(upload, by=cast.lead)

    again = imported(rows, cast.lead)

    assert numbers(again) == [1, 0, 0, 1, 0]
    assert [t.number for t in Ticket.objects.all()] == ["2026W47-002", "2026W47-003"]
    assert Batch.objects.get().received_at is not None


def test_an_import_of_more_than_a_thousand_lines_is_taken_back(cast):
    """More than SQLite reads by their keys in one statement."""
    like = workbooks.weekly_rows(1)[0]
    upload = imported([[n, f"LN-{n}", *like[2:]] for n in range(1, 1002)], cast.lead)
    assert upload.accepted == 1001
    gone, *_, kept = Ticket.objects.order_by("pk")
    kept.edit_note(by=cast.lead, note="已联系")
    assert undone(upload, by=cast.lead) == (upload.accepted - 1, [kept.number])
    assert Ticket.objects.get() == kept
    gone = Ticket.everything.get(pk=gone.pk)
    last = gone.events.order_by("pk").last()
    assert (gone.status, gone.version, last.verb, last.by) == (
        "withdrawn",
        2,
        "withdraw",
        cast.lead,
    )
    assert (gone.lines.count(), kept.lines.count()) == (0, 1)


def test_what_went_back_cannot_be_undone(cast, returned):
    with pytest.raises(Refused, match="已经返回省里"):
        undone(Upload.objects.get(), by=cast.lead)


def test_every_decision_keeps_the_counts_adding_up(cast, broken):
    intake_review.decline(row_of(broken, 3), by=cast.lead, reason="查无此人")
    intake_review.admit(row_of(broken, 4), by=cast.lead, typed={"name": "王甲"})
    broken.refresh_from_db()
    assert sum(numbers(broken)) == broken.rows.count() == 3
    assert {row.status for row in broken.rows.all()} <= {
        imports_kinds.ACCEPTED,
        imports_kinds.REJECTED,
    }


# Other documents ---------------------------------------------------------------------------------

TYPE = workbooks.WEEKLY_HEADERS[1].index("证件类型")
BY_KIND = {
    "军官证": "南00123456",
    "警官证": "公安0012345",
    "外国护照": "AB12345678901234",
    "其他": "12345678",
}


@pytest.mark.parametrize("number", ["军字第1234567号", "南字第20230001号", "武字01234567号"])
@pytest.mark.parametrize("typed", [False, True])
def test_a_number_that_names_its_kind_is_taken_without_a_column_for_it(cast, number, typed):
    headers, rows = list(workbooks.WEEKLY_HEADERS[1]), workbooks.weekly_rows(1)
    rows[0][CERT], rows[0][TYPE] = number, ""
    if not typed:
        headers.pop(TYPE)
        rows[0].pop(TYPE)
    upload = imported(rows, cast.lead, headers=headers)
    assert upload.accepted == 1, row_of(upload, 2).message
    assert "按军人证件读的" in row_of(upload, 2).message
    assert Ticket.objects.get().cert_no == number


@pytest.mark.parametrize("kind", BY_KIND)
def test_a_number_of_another_document_is_judged_with_its_kind(cast, client_of, kind):
    headers, rows = list(workbooks.WEEKLY_HEADERS[1]), workbooks.weekly_rows(1)
    headers.pop(TYPE)
    rows[0].pop(TYPE)
    rows[0][CERT - 1] = BY_KIND[kind]
    upload = imported(rows, cast.lead, headers=headers)
    row = row_of(upload, 2)
    assert row.status == "rejected"
    page = reverse("admin:errors_batch_decide", args=[upload.pk, row.pk])
    browser = client_of(cast.lead)
    assert 'name="value-cert_type"' in browser.get(page).content.decode()

    sent = {"do": "admit", "value-cert_type": kind, "value-cert_no": BY_KIND[kind]}
    browser.post(page, sent)

    ticket = Ticket.objects.get()
    assert (ticket.cert_type, ticket.cert_no) == (kind, BY_KIND[kind])
