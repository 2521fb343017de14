"""A sheet of the province that was corrected: what may be the same problem waits for a person, who
sees both, and what is gone is told."""

from datetime import timedelta
from itertools import product
from typing import Any, NamedTuple

import pytest
from django.urls import reverse

from apps.errors.diagnosis.cause_codes import sync_causes
from apps.errors.intake import duplicates
from apps.errors.intake import receive as intake_receive
from apps.errors.intake import review as intake_review
from apps.errors.models import Batch, Ticket
from apps.errors.returns import build as returns_build
from tests import workbooks
from tests.errors import weeks
from ydjy.desk.imports import problem_workbook
from ydjy.desk.models import Upload

pytestmark = pytest.mark.django_db
HEADER = [*workbooks.WEEKLY_HEADERS[1], "报错代码"]
AT = {title: place for place, title in enumerate(HEADER)}


class Change(NamedTuple):
    """What a later line says otherwise, and what it then is: the same, another, or a question."""

    title: str
    value: Any
    is_: str


CHANGES = {
    "nothing": Change("序号", 9, "same"),
    "message": Change("报错信息", "结算超时，参保地无返回", "asked"),
    "code": Change("报错代码", "E9", "asked"),
    "amount": Change("涉及金额", 999.99, "asked"),
    "message at another hour": Change("报错时间", timedelta(hours=1), "asked"),
    "only another hour": Change("报错时间", timedelta(hours=1), "another"),
    "day": Change("报错时间", timedelta(days=-1), "another"),
    "hospital": Change("定点医药机构编码", "H21010299999", "another"),
    "visit": Change("就诊ID", "MD-9", "another"),
    "person": Change("证件号码", workbooks.identity_number("210727", "19600101"), "another"),
}


def line(numbered: bool = True) -> list[Any]:
    row = [*workbooks.weekly_rows(1)[0], "E1"]
    if not numbered:
        row[AT["省问题编号"]] = ""
    return row


def changed(name: str, numbered: bool) -> list[Any]:
    change, row = CHANGES[name], line(numbered)
    moved = isinstance(change.value, timedelta)
    row[AT[change.title]] = row[AT[change.title]] + change.value if moved else change.value
    if name != "only another hour" and (moved or change.is_ == "another"):
        row[AT["报错信息"]] = "结算超时，参保地无返回"
    return row


@pytest.fixture(autouse=True)
def _monday(cast):
    sync_causes()
    with weeks.at(weeks.MONDAY):
        yield


def received(rows: list[list[Any]], by: Any, name: str = "表.xlsx") -> Upload:
    return intake_receive.receive(workbooks.weekly_workbook(rows, headers=HEADER), name, by=by)


def imported(rows: list[list[Any]], by: Any, name: str = "表.xlsx") -> Upload:
    upload = received(rows, by, name)
    intake_receive.confirm(upload, by=by)
    upload.refresh_from_db()
    return upload


STATUS = {"same": "duplicate", "asked": "held", "another": "accepted"}
NUMBERS = [one for one in product((True, False), repeat=2) if not all(one)]


@pytest.mark.parametrize("name", CHANGES)
@pytest.mark.parametrize("numbers", NUMBERS)
def test_a_line_of_a_later_file_without_a_number_never_comes_in_silently(cast, name, numbers):
    before, after = numbers
    imported([line(before)], cast.lead, "一.xlsx")
    second = imported([changed(name, after)], cast.lead, "二.xlsx")
    row = second.rows.get()
    expected = STATUS[CHANGES[name].is_]
    if after and expected == "duplicate":
        expected = "held"  # it has a number now, which the ticket lacks
    assert row.status == expected, row.message
    assert Ticket.objects.count() == 1 + (expected == "accepted")


@pytest.mark.parametrize("name", CHANGES)
def test_the_same_pair_within_one_file_waits_too(cast, name):
    upload = imported([line(False), changed(name, False)], cast.lead)
    assert upload.rows.get(row=3).status == STATUS[CHANGES[name].is_]
    assert "第 2 行" in upload.rows.get(row=3).message or CHANGES[name].is_ == "another"


@pytest.mark.parametrize("name", CHANGES)
def test_two_numbers_of_the_province_are_two_problems(cast, name):
    imported([line()], cast.lead, "一.xlsx")
    row = changed(name, True)
    row[AT["省问题编号"]] = "LN-9"
    assert imported([row], cast.lead, "二.xlsx").accepted == 1


def test_what_another_file_brought_since_the_preview_is_asked_too(cast):
    later = received([changed("message", False)], cast.lead, "二.xlsx")
    assert later.accepted == 1
    imported([line(False)], cast.lead, "一.xlsx")
    intake_receive.confirm(later, by=cast.lead)
    assert later.rows.get().status == "held"
    assert Ticket.objects.count() == 1


@pytest.fixture(params=["two files", "one file"])
def asked(request, cast):
    """A row that waits, and the ticket that it may correct."""
    one, other = line(False), changed("message", False)
    if request.param == "one file":
        upload = imported([one, other], cast.lead)
    else:
        imported([one], cast.lead, "一.xlsx")
        upload = imported([other], cast.lead, "二.xlsx")
    return upload.rows.select_related("upload").get(status="held"), Ticket.objects.get()


def test_the_person_who_judges_sees_both_and_may_do_all_of_it(asked, cast, client_of):
    row, ticket = asked
    page = reverse("admin:errors_batch_decide", args=[row.upload_id, row.pk])
    html = client_of(cast.lead).get(page).content.decode()
    for words in (ticket.number, ticket.message, "结算超时，参保地无返回", "同一天，报错不同"):
        assert words in html
    for verb in ("take_over", "keep", "admit", "decline"):
        assert f'value="{verb}"' in html


@pytest.mark.parametrize("verb", ["take_over", "keep", "admit", "decline"])
def test_whatever_is_decided_every_row_is_answered_once(asked, cast, verb):
    row, ticket = asked
    more = {"reason": "重复下发"} if verb == "decline" else {}
    getattr(intake_review, verb)(row, by=cast.lead, **more)

    ticket.refresh_from_db()
    assert (ticket.message == "结算超时，参保地无返回") == (verb == "take_over")
    assert Ticket.objects.count() == 1 + (verb == "admit")
    weeks.answer_all(Batch.objects.get(), cast.lead)
    for check in returns_build.check(Batch.objects.get()):
        assert (check.blocked, check.unfinished, check.answered) == ((), (), check.rows)


def test_a_correction_that_would_make_two_tickets_one_is_refused(asked, cast):
    row, _ = asked
    intake_review.admit(row, by=cast.lead)
    third = imported([changed("code", False)], cast.lead, "三.xlsx").rows.get()
    intake_review.take_over(third, by=cast.lead)
    assert Ticket.objects.filter(err_code="E9").count() == 1


# What is gone ------------------------------------------------------------------------------------


def sheet(*numbers: int, numbered: bool) -> list[list[Any]]:
    rows = [[*row, "E1"] for row in workbooks.weekly_rows(max(numbers))]
    for row in rows:
        row[AT["省问题编号"]] = row[AT["省问题编号"]] if numbered else ""
    return [rows[n - 1] for n in numbers]


@pytest.mark.parametrize("numbered", [True, False])
def test_a_row_that_the_corrected_sheet_lacks_is_told_with_its_ticket(cast, client_of, numbered):
    imported(sheet(1, 2, 3, 4, 5, numbered=numbered), cast.lead, "首件.xlsx")
    rows = sheet(1, 3, 4, numbered=numbered)
    rows[1][AT["报错信息"]] = "另一个错"
    second = received(rows, cast.lead, "更正.xlsx")

    told = {(one.row, str(one.ticket)) for one in duplicates.gone(second)}

    assert told == {(3, "2026W47-002"), (6, "2026W47-005")}
    page = reverse("admin:errors_batch_preview", args=[second.pk])
    html = client_of(cast.lead).get(page).content.decode()
    assert "这一份里没有的 2 行" in html
    assert "2026W47-002" in html
    intake_receive.confirm(second, by=cast.lead)
    second.refresh_from_db()
    assert len(duplicates.gone(second)) == 2


def test_other_rows_and_mended_ones_are_no_correction(cast):
    rows = sheet(1, 2, 3, 4, numbered=True)
    rows[0][AT["证件号码"]] = rows[0][AT["证件号码"]][:17]
    first = imported(rows, cast.lead, "首件.xlsx")
    _, mended = problem_workbook.problem_workbook(first)
    assert duplicates.gone(intake_receive.receive(mended, "改好.xlsx", by=cast.lead)) == []
    more = sheet(4, 5, 6, numbered=True)
    assert duplicates.gone(imported(more, cast.lead, "补发.xlsx")) == []
