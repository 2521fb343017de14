"""One story: the province's Monday file goes in, two counties answer, the Friday file comes out."""

from io import BytesIO

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from apps.errors.diagnosis.cause_codes import sync_causes
from apps.errors.intake import receive as intake_receive
from apps.errors.models import Batch, CauseCode, ReturnFile, Ticket
from apps.errors.returns import build as returns_build
from apps.offices.models import Role, Staff
from tests import workbooks
from tests.errors import weeks
from ydjy.desk.crypto import vault
from ydjy.desk.exceptions import Refused
from ydjy.desk.models import Upload

pytestmark = pytest.mark.django_db
COUNTIES = {"古塔区": "lead", "黑山县": "heishan", "义县": "yixian"}


@pytest.fixture
def causes(db):
    sync_causes()
    return CauseCode.objects


def rows_of_two_counties(layout: int) -> list[list]:
    """Nine lines: three of 义县, three of 黑山县, three of the city, in turn."""
    place = workbooks.WEEKLY_HEADERS[layout].index("参保地区划" if layout == 1 else "参保地")
    names = ["210727", "210726", "210702"] if layout == 1 else ["义县", "黑山县", "古塔区"]
    rows = workbooks.weekly_rows(9, layout)
    for position, row in enumerate(rows):
        row[place] = names[position % 3]
    return rows


def receive_through_http(browser, data: bytes, name: str) -> Upload:
    sent = SimpleUploadedFile(name, data)
    answer = browser.post(reverse("admin:errors_batch_receive"), {"file": sent})
    assert answer.status_code == 302, answer.content.decode()
    upload = Upload.objects.get(filename=name)
    assert answer.url == reverse("admin:errors_batch_preview", args=[upload.pk])
    confirmed = browser.post(answer.url, {"assign": "county"})
    assert confirmed.status_code == 302
    return upload


def answer_all_mine(browser, person, causes) -> list[str]:
    """Opens every open ticket the person can see and presses 保存，办下一条."""
    done = []
    for ticket in Ticket.objects.visible_to(person).open():
        page = browser.get(reverse("admin:errors_ticket_change", args=[ticket.pk]))
        assert page.status_code == 200
        browser.post(
            reverse("admin:errors_ticket_work", args=[ticket.pk]),
            {
                "version": ticket.version,
                "cause": causes.get(code="not_filed").pk,
                "result": f"{person.name}已核实，请重新结算。",
                "note": f"内部的话{ticket.number}",
                "do": "answer_next",
            },
        )
        done.append(ticket.number)
    return done


@pytest.mark.parametrize("layout", [1, 2])
def test_the_monday_file_is_answered_by_two_counties_and_goes_back_row_for_row(
    cast, client_of, causes, layout
):
    rows = rows_of_two_counties(layout)
    data = workbooks.weekly_workbook(rows, layout, title="异地联网报错明细", total=True)
    lead = client_of(cast.lead)
    upload = receive_through_http(lead, data, "报错.xlsx")
    assert Ticket.objects.count() == 9

    done = {}
    for key in ("yixian", "heishan"):
        person = cast.staff[key]
        done[key] = answer_all_mine(client_of(person), person, causes)
        assert len(done[key]) == 3
    assert not set(done["yixian"]) & set(done["heishan"])

    batch = Batch.objects.get()
    page = reverse("admin:errors_batch_send_back", args=[batch.pk])
    with pytest.raises(Refused, match="还有 3 条没有结果：工单"):
        weeks.issue(batch, by=cast.lead)
    assert ReturnFile.objects.count() == 0

    answer_all_mine(lead, cast.lead, causes)
    assert lead.post(page, {"late_reason": "网络中断"}).status_code == 302
    file = ReturnFile.objects.get()
    review = reverse("admin:errors_batch_review", args=[file.pk])
    lead.post(review, {"sign": "1"})
    assert not ReturnFile.objects.signed().exists(), "who prepared it cannot sign it"
    client_of(second_person(cast)).post(review, {"sign": "1"})
    assert ReturnFile.objects.signed().get() == file
    url = reverse("admin:errors_batch_download", args=[file.pk])
    returned = b"".join(lead.get(url))
    assert returned == vault.get(file.stored)
    compare_cell_by_cell(data, returned, layout)
    assert vault.get(upload.stored) == data, "what arrived is kept byte for byte"


def second_person(cast) -> Staff:
    return Staff.objects.create_user(
        "second", name="周强", role=Role.REVIEWER, office=cast.office["city"], is_staff=True
    )


def compare_cell_by_cell(before: bytes, after: bytes, layout: int) -> None:
    came = openpyxl.load_workbook(BytesIO(before)).active
    went = openpyxl.load_workbook(BytesIO(after)).active
    header = 2
    titles = [cell.value for cell in went[header]]
    filled = {"处理结果", "处理人"} if layout == 2 else set()
    for row in came.iter_rows():
        for cell in row:
            twin = went[cell.coordinate]
            data_row = header < cell.row <= header + 9
            if data_row and titles[cell.column - 1] in filled:
                assert cell.value is None and twin.value
                continue
            assert (twin.value, twin.data_type) == (cell.value, cell.data_type), cell.coordinate
            assert twin.number_format == cell.number_format
    assert went.merged_cells.ranges == came.merged_cells.ranges
    assert {k: d.width for k, d in came.column_dimensions.items()}.items() <= {
        k: d.width for k, d in went.column_dimensions.items()
    }.items()
    result = titles.index("处理结果") + 1
    answers = [went.cell(header + n, result).value for n in range(1, 10)]
    assert answers == [
        f"{name}已核实，请重新结算。" for _ in range(3) for name in ("王芳", "李强", "刘敏")
    ]
    assert went.cell(header + 10, result).value is None, "the 合计 row gets no answer"
    text = "".join(str(cell.value) for row in went.iter_rows() for cell in row)
    assert "内部的话" not in text
    certificate = went.cell(header + 1, titles.index("证件号码") + 1)
    assert certificate.data_type == "s" and len(certificate.value) == 18


def test_two_county_clerks_cannot_see_each_others_lines(cast, client_of, causes):
    data = workbooks.weekly_workbook(rows_of_two_counties(1), 1)
    receive_through_http(client_of(cast.lead), data, "报错.xlsx")
    theirs = Ticket.objects.visible_to(cast.heishan).first()

    mine = client_of(cast.yixian)
    assert mine.get(reverse("admin:errors_ticket_change", args=[theirs.pk])).status_code == 404
    work = mine.post(
        reverse("admin:errors_ticket_work", args=[theirs.pk]),
        {"version": 1, "cause": causes.first().pk, "result": "越权", "do": "answer_next"},
    )
    assert work.status_code == 404
    theirs.refresh_from_db()
    assert theirs.result == ""
    assert mine.get(reverse("admin:errors_batch_receive")).status_code == 403


def test_rows_that_became_no_ticket_are_answered_too(cast, causes):
    rows = workbooks.weekly_rows(4)
    rows[1][10] = 210702190501010000  # Excel ate the number
    rows.append([5, *rows[0][1:]])  # the first line again
    data = workbooks.weekly_workbook(rows, note="注：请于周五前返回")
    upload = intake_receive.receive(data, "报错.xlsx", by=cast.lead)
    batch = intake_receive.confirm(upload, by=cast.lead)
    upload.refresh_from_db()
    assert (upload.accepted, upload.rejected, upload.duplicate, upload.skipped) == (3, 1, 1, 1)
    assert upload.rows_in == 6

    cause = causes.get(code="timeout")
    for ticket in batch.tickets.all():
        ticket.answer(by=cast.lead, cause=cause, result="已重新结算。")
    [file] = weeks.issue(batch, by=cast.lead)

    sheet = openpyxl.load_workbook(BytesIO(returns_build.content(file))).active
    titles = [cell.value for cell in sheet[1]]
    state, result = titles.index("处理状态") + 1, titles.index("处理结果") + 1
    states = [sheet.cell(row, state).value for row in range(2, 8)]
    assert states == ["已办结", "未受理", "已办结", "已办结", "已办结", None]
    assert "已被 Excel 抹成 0" in sheet.cell(3, result).value
    assert sheet.cell(6, result).value == "已重新结算。（与第 2 行重复）"
    assert (file.rows, file.answered, file.unfinished) == (5, 5, 0)


def test_an_open_line_goes_back_as_unfinished_only_with_a_reason_and_stays_open(cast, causes):
    upload = intake_receive.receive(
        workbooks.weekly_workbook(workbooks.weekly_rows(2)), "a.xlsx", by=None
    )
    batch = intake_receive.confirm(upload, by=None)
    first, second = batch.tickets.all()
    first.answer(by=cast.lead, cause=causes.get(code="card"), result="已换卡。")

    with pytest.raises(Refused, match=second.number):
        weeks.issue(batch, by=cast.lead)
    [file] = weeks.issue(batch, by=cast.lead, unfinished_as="等医院补传，预计11月30日办结")

    assert (file.answered, file.unfinished, file.version) == (1, 1, 1)
    second.refresh_from_db()
    assert second.status in ("new", "working")
    first.refresh_from_db()
    assert first.status == "returned"


def test_the_same_answers_give_the_same_file_and_new_ones_the_next_version(cast, causes):
    upload = intake_receive.receive(
        workbooks.weekly_workbook(workbooks.weekly_rows(1)), "a.xlsx", by=None
    )
    batch = intake_receive.confirm(upload, by=None)
    [ticket] = batch.tickets.all()
    ticket.answer(by=cast.lead, cause=causes.get(code="card"), result="已换卡。")
    [one] = weeks.issue(batch, by=cast.lead)
    [again] = weeks.issue(batch, by=cast.lead)
    assert again.pk == one.pk

    ticket.refresh_from_db()
    ticket.reopen(by=cast.lead, reason="省里退回")
    ticket.answer(by=cast.lead, cause=causes.get(code="timeout"), result="已重新上传。")
    [two] = weeks.issue(batch, by=cast.lead)

    assert (two.version, ReturnFile.objects.count()) == (2, 2)
    assert returns_build.content(one) != returns_build.content(two)


def test_the_same_bytes_are_not_received_twice(cast, causes):
    data = workbooks.weekly_workbook(workbooks.weekly_rows(3))
    intake_receive.confirm(intake_receive.receive(data, "a.xlsx", by=cast.lead), by=cast.lead)

    with pytest.raises(Refused, match="已经导入过（3 条）"):
        intake_receive.receive(data, "b.xlsx", by=cast.lead)
    assert (Upload.objects.count(), Ticket.objects.count()) == (1, 3)


def test_a_second_press_of_confirm_changes_nothing(cast, causes):
    upload = intake_receive.receive(
        workbooks.weekly_workbook(workbooks.weekly_rows(3)), "a.xlsx", by=None
    )
    intake_receive.confirm(upload, by=cast.lead)
    before = list(Ticket.objects.values_list("number", "version"))

    intake_receive.confirm(upload, by=cast.lead)

    assert list(Ticket.objects.values_list("number", "version")) == before


def test_a_file_saved_anew_brings_no_line_twice_and_keeps_the_answers(cast, causes):
    rows = workbooks.weekly_rows(3)
    intake_receive.confirm(
        intake_receive.receive(workbooks.weekly_workbook(rows), "a.xlsx", by=None), by=cast.lead
    )
    Ticket.objects.first().answer(by=cast.lead, cause=causes.get(code="card"), result="已换卡。")

    rows[1][18] = "别的报错"  # the province corrected a line
    saved = workbooks.weekly_workbook(rows, title="更正")
    upload = intake_receive.receive(saved, "b.xlsx", by=cast.lead)

    assert (upload.accepted, upload.duplicate, upload.held) == (0, 2, 1)
    intake_receive.confirm(upload, by=cast.lead)
    assert Ticket.objects.count() == 3
    assert Ticket.objects.first().result == "已换卡。"


def test_a_broken_file_is_refused_in_words_and_leaves_a_receipt_only(cast, causes):
    with pytest.raises(Refused) as refused:
        intake_receive.receive(b"%PDF-1.7 not a workbook", "报错.xlsx", by=cast.lead)

    assert str(refused.value).endswith("。")
    assert Upload.objects.get().state == Upload.State.REFUSED
    assert Ticket.objects.count() == 0


def test_the_same_problem_in_the_next_week_knows_its_last_ticket(cast, causes):
    first = Batch.objects.of_week(2026, 46)
    rows = workbooks.weekly_rows(1, week=(2026, 46))
    intake_receive.confirm(
        intake_receive.receive(workbooks.weekly_workbook(rows), "a.xlsx", by=None, batch=first),
        by=None,
    )
    rows[0][1] = "LN-again"
    second = Batch.objects.of_week(2026, 47)
    intake_receive.confirm(
        intake_receive.receive(workbooks.weekly_workbook(rows), "b.xlsx", by=None, batch=second),
        by=None,
    )

    assert second.tickets.get().carried_from == first.tickets.get()
