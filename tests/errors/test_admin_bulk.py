"""Bulk from the list: the ticked or all that match; counted before, the same after."""

import pytest
from django.urls import reverse

from apps.errors.diagnosis.cause_codes import sync_causes
from apps.errors.models import BulkAction, CauseCode, Ticket
from tests import cast as casting
from tests.errors.test_bulk import many

pytestmark = pytest.mark.django_db
PAGE = "admin:errors_ticket_bulk_page"


def answer(**more) -> dict:
    card = CauseCode.objects.get(code="card").pk
    return {"verb": "answer", "cause": card, "result": "请换卡。", **more}


@pytest.fixture
def rows(cast):
    sync_causes()
    many(cast, 4)
    many(cast, 2, "heishan")
    Ticket.objects.filter(number="2026W47-004").update(err_code="1101")
    return [str(pk) for pk in Ticket.objects.order_by("number").values_list("pk", flat=True)]


def test_the_count_is_shown_before_and_is_what_changes(cast, rows, client_of):
    browser, chosen = client_of(cast.yixian), {"_selected_action": rows[:3]}
    html = browser.post(reverse(PAGE), answer(count="1", **chosen)).content.decode()
    assert "会改 3 条" in html
    assert not BulkAction.objects.exists()

    html = browser.post(reverse(PAGE), answer(confirm="1", **chosen), follow=True).content.decode()
    assert "已写结果 3 条" in html
    assert Ticket.objects.filter(status="answered").count() == 3


def test_all_that_match_are_those_of_the_filtered_list_and_never_anothers(cast, rows, client_of):
    browser = client_of(cast.yixian)
    more = {"all": "1", "query": "tab=open&code=1101", "confirm": "1"}
    browser.post(reverse(PAGE), answer(**more))
    assert list(Ticket.objects.filter(status="answered").values_list("number", flat=True)) == [
        "2026W47-004"
    ]
    browser.post(reverse(PAGE), answer(all="1", query="tab=open", confirm="1"))
    done = Ticket.objects.filter(status="answered")
    assert set(done.values_list("office__code", flat=True)) == {"yixian"}
    assert done.count() == 4


def test_ticking_a_row_of_another_county_does_nothing_to_it(cast, rows, client_of):
    client_of(cast.yixian).post(reverse(PAGE), answer(confirm="1", _selected_action=rows))
    assert not Ticket.objects.filter(office__code="heishan", status="answered").exists()


def test_what_is_missing_is_said_and_nothing_changes(cast, rows, client_of):
    html = client_of(cast.yixian).post(
        reverse(PAGE), {"verb": "answer", "count": "1", "_selected_action": rows}
    )
    assert "请选择原因。" in html.content.decode()
    assert casting.cause()
    assert not Ticket.objects.filter(status="answered").exists()


def test_only_the_one_who_started_it_sees_how_far_it_is(cast, rows, client_of):
    action = BulkAction.objects.create(
        verb="take", keys=[1, 2], by=cast.yixian, at="2026-11-20T10:00+08:00"
    )
    url = reverse("admin:errors_ticket_bulk_state", args=[action.pk])
    page = client_of(cast.yixian).get(url)
    assert page["Refresh"] == "3"
    assert "0 / 2" in page.content.decode()
    assert client_of(cast.county_lead).get(url).status_code == 404
