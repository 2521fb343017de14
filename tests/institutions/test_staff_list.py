"""The staff's list of institutions: what is open today, long lists, and whom to ring."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from apps.institutions.models import Institution, InternalContact, NetworkOpening, Suspension
from tests import cast as casting
from tests.cast import Cast
from ydjy.desk.admin import paginators

pytestmark = pytest.mark.django_db
LIST = "/admin/institutions/institution/"


@pytest.fixture
def keeper(cast: Cast, client_of: Callable[..., Client]) -> Client:
    return client_of(cast.directory)


def opened(one: Institution, reach: str, business: str, **more: Any) -> None:
    NetworkOpening.objects.create(institution=one, reach=reach, business=business, **more)


def cell(html: str, column: str) -> list[str]:
    return re.findall(rf'class="field-{column}[^"]*">([^<]*)<', html)


def test_the_list_says_what_is_open_today(keeper: Client):
    today = timezone.localdate()
    one = Institution.objects.create(name="甲医院")
    opened(one, "in_province", "inpatient")
    opened(one, "in_province", "chronic", valid_from=today)
    opened(one, "in_province", "outpatient", valid_from=today + timedelta(days=1))
    opened(one, "cross_province", "pharmacy", valid_to=today - timedelta(days=1))
    Institution.objects.create(name="乙医院")
    html = keeper.get(LIST).content.decode()
    assert sorted(cell(html, "in_province")) == ["住院、门诊慢特病", "没有登记"]
    assert sorted(cell(html, "cross_province")) == ["没有开通", "没有登记"]


def test_the_list_is_narrowed_to_what_is_open_today(keeper: Client):
    one, other = (Institution.objects.create(name=name) for name in ("甲医院", "乙医院"))
    opened(one, "in_province", "inpatient")
    opened(other, "cross_province", "inpatient")
    html = keeper.get(LIST, {"opening": "in_province.inpatient"}).content.decode()
    assert "甲医院" in html
    assert "乙医院" not in html
    assert keeper.get(LIST, {"opening": "乱.写"}).status_code == 200


def test_more_rows_ask_no_more_questions(keeper: Client):
    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert keeper.get(LIST).status_code == 200
        return len(queries)

    def make(number: int) -> None:
        one = Institution.objects.create(name=f"第{number}医院")
        opened(one, "in_province", "inpatient")
        Suspension.objects.create(institution=one, valid_from=timezone.localdate())

    for number in range(3):
        make(number)
    few = asked()
    for number in range(3, 30):
        make(number)
    assert asked() <= few


def test_a_long_list_is_counted_to_a_bound_and_says_so(
    keeper: Client, monkeypatch: pytest.MonkeyPatch
):
    for number in range(8):
        Institution.objects.create(name=f"第{number}医院")
    assert "8 定点机构" in keeper.get(LIST).content.decode()
    monkeypatch.setattr(paginators, "COUNTED", 7)
    assert "7+ 定点机构" in keeper.get(LIST).content.decode()
    assert str(paginators.More(10_000)) == "10,000+"


def test_a_far_page_has_the_rows_of_its_place(db: None):
    for number in range(17):
        Institution.objects.create(name=f"第{number}医院")
    rows = Institution.objects.order_by("pk")
    pages = paginators.CappedPaginator(rows, 2)
    assert [row for n in pages.page_range for row in pages.page(n)] == list(rows)
    with CaptureQueriesContext(connection) as queries:
        list(pages.page(8))
    keys, fetched = [query["sql"] for query in queries]
    assert "OFFSET" in keys
    assert "address" not in keys
    assert "OFFSET" not in fetched


# Whom to ring ------------------------------------------------------------------------------------


@pytest.fixture
def hospital(db: None) -> Institution:
    one = Institution.objects.create(name="甲医院", checked_on=timezone.localdate())
    InternalContact.objects.create(institution=one, name="内部丙", phone="0416-7654321")
    return one


def test_a_ticket_shows_whom_to_ring_at_the_hospital(
    hospital: Institution, cast: Cast, client_of: Callable[..., Client]
):
    ticket = casting.ticket(cast, institution=hospital)
    page = reverse("admin:errors_ticket_change", args=[ticket.pk])
    html = client_of(cast.lead).get(page).content.decode()
    assert "医保办" in html
    assert "0416-7654321" in html
    ticket.institution = None
    ticket.save()
    assert "0416-7654321" not in client_of(cast.lead).get(page).content.decode()


def test_the_public_never_sees_whom_we_ring(hospital: Institution, client: Client):
    shown = [f"/institutions/{hospital.pk}/", "/institutions/", "/search/?q=甲医院", "/referral/"]
    for address in shown:
        html = client.get(address).content.decode()
        assert "7654321" not in html
        assert "内部丙" not in html
    assert "甲医院" in client.get(shown[0]).content.decode()
