"""What leaves a list as a file: behind its own permission, masked, safe to open, written down."""

import csv
import io
from datetime import date

import openpyxl
import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse

from apps.errors.intake import receive as intake_receive
from apps.errors.models import Ticket
from tests import cast as casting
from tests import workbooks
from ydjy.desk.models import ExportRule, Reading
from ydjy.lib.workbook import restore

pytestmark = pytest.mark.django_db
EXPORT = "admin:errors_ticket_export"


@pytest.fixture
def tickets(cast):
    for place in ("city", "yixian", "heishan"):
        casting.ticket(cast, place, err_msg="=cmd|' /C calc'!A0" if place == "yixian" else "-1 错")


def rows_of(answer) -> list[list[str]]:
    book = openpyxl.load_workbook(io.BytesIO(answer.content))
    assert all(cell.data_type in "ns" for row in book.active for cell in row)
    return [[cell.value or "" for cell in row] for row in book.active]


def test_it_gives_what_the_list_shows_masked_and_as_text(cast, tickets, client_of):
    answer = client_of(cast.lead).post(reverse(EXPORT) + "?tab=all&o=1", {"form": "xlsx"})
    stamp, header, *rows = rows_of(answer)
    assert "刘敏" in stamp[0]
    assert stamp[0].endswith("仅限工作使用")
    numbers = [row[header.index("证件号码")] for row in rows]
    assert len(rows) == 3
    assert all("********" in number for number in numbers)
    assert casting.number(1) not in str(rows)
    assert answer["Content-Security-Policy"].startswith("sandbox")


def test_the_filter_of_the_list_is_the_filter_of_the_file(cast, tickets, client_of):
    browser = client_of(cast.lead)
    ticket = Ticket.objects.first()
    page = browser.get(
        reverse("admin:errors_ticket_changelist"), {"tab": "all", "q": ticket.number}
    )
    address = page.context_data["export_url"]
    assert "q=" in address
    _, _, *rows = rows_of(browser.post(address, {"form": "xlsx"}))
    assert [row[0] for row in rows] == [ticket.number]


def test_a_county_exports_its_own_rows_only(cast, tickets, client_of):
    cast.yixian.user_permissions.add(Permission.objects.get(codename="export_ticket"))
    answer = client_of(cast.yixian).post(reverse(EXPORT) + "?tab=all", {"form": "xlsx"})
    assert casting.canary("heishan") not in str(rows_of(answer))


@pytest.mark.parametrize("who", ["yixian", "head", "operator", "auditor", "nobody", "root"])
def test_without_the_permission_there_is_no_export(cast, tickets, client_of, who):
    person = cast.staff[who]
    person.is_superuser = False
    person.save()
    browser = client_of(person)
    assert browser.get(reverse(EXPORT)).status_code == 403
    assert browser.post(reverse(EXPORT), {"form": "xlsx"}).status_code == 403
    assert not Reading.objects.exists()


def test_full_numbers_need_a_reason_and_are_written_down(cast, tickets, client_of):
    browser = client_of(cast.lead)
    address = reverse(EXPORT) + "?tab=all"
    refused = browser.post(address, {"form": "xlsx", "full": "on"})
    assert "请写明为什么要完整的号码" in refused.content.decode()
    asked = {"form": "xlsx", "full": "on", "reason": "核对省里的名单"}
    assert casting.number(1) in str(rows_of(browser.post(address, asked)))
    log = Reading.objects.get()
    assert (log.what, log.reason, log.by) == ("导出 3 行（完整）", "核对省里的名单", cast.lead)


def test_who_may_not_see_numbers_is_not_offered_them(cast, tickets, client_of):
    cast.head.user_permissions.add(Permission.objects.get(codename="export_ticket"))
    browser = client_of(cast.head)
    assert "full" not in browser.get(reverse(EXPORT)).context_data["form"].fields
    answer = browser.post(
        reverse(EXPORT) + "?tab=all", {"form": "xlsx", "full": "on", "reason": "x"}
    )
    assert casting.number(1) not in str(rows_of(answer))


def test_too_many_rows_or_exports_are_refused(cast, tickets, client_of):
    browser = client_of(cast.lead)
    rule = ExportRule.objects.create(valid_from=date(2026, 1, 1), most=2, a_day=1)
    answer = browser.post(reverse(EXPORT) + "?tab=all", {"form": "csv"}, follow=True)
    assert "一次最多导出 2 行" in answer.content.decode()
    rule.most = 100
    rule.save()
    assert browser.post(reverse(EXPORT) + "?tab=all", {"form": "csv"}).status_code == 200
    answer = browser.post(reverse(EXPORT) + "?tab=all", {"form": "csv"}, follow=True)
    assert "今天已经导出 1 次" in answer.content.decode()


def test_only_the_chosen_columns_go_out(cast, tickets, client_of):
    asked = {"form": "xlsx", "columns": ["工单", "状态"]}
    answer = client_of(cast.lead).post(reverse(EXPORT) + "?tab=all", asked)
    _, header, *rows = rows_of(answer)
    assert (header, len(rows)) == (["工单", "状态"], 3)


def test_a_filter_that_makes_no_sense_is_refused_in_words(cast, tickets, client_of):
    answer = client_of(cast.lead).get(reverse(EXPORT) + "?tab=all&o=x.y", follow=True)
    assert answer.status_code == 200


def test_a_csv_opens_in_excel_and_its_formulas_are_only_text(cast, tickets, client_of):
    answer = client_of(cast.lead).post(reverse(EXPORT) + "?tab=all", {"form": "csv"})
    assert answer.content.startswith(b"\xef\xbb\xbf")
    _, header, *rows = csv.reader(io.StringIO(answer.content.decode("utf-8-sig")))
    said = {row[header.index("报错信息")] for row in rows}
    assert said == {"'=cmd|' /C calc'!A0", "'-1 错"}
    assert {restore(text) for text in said} == {"=cmd|' /C calc'!A0", "-1 错"}


@pytest.mark.parametrize("form", ["xlsx", "csv"])
def test_an_exported_list_comes_back_with_no_change(cast, client_of, form):
    rows = workbooks.weekly_rows(5)
    rows[2][18] = "@SUM(A1) 不通"
    upload = intake_receive.receive(workbooks.weekly_workbook(rows), "a.xlsx", by=cast.lead)
    intake_receive.confirm(upload, by=cast.lead)
    asked = {"form": form, "full": "on", "reason": "往返"}
    answer = client_of(cast.lead).post(reverse(EXPORT) + "?tab=all", asked)

    again = intake_receive.receive(answer.content, f"导出.{form}", by=cast.lead)

    assert (again.accepted, again.held, again.rejected, again.duplicate) == (0, 0, 0, 5)
