"""What came by telephone joins the week that is answered now, by the same rules of reading."""

import pytest
from django.urls import reverse

from apps.errors.diagnosis.cause_codes import sync_causes
from apps.errors.models import Ticket
from tests import cast as casting
from tests.errors import weeks

pytestmark = pytest.mark.django_db
PAGE = "admin:errors_ticket_report"


@pytest.fixture(autouse=True)
def _causes(db):
    sync_causes()


def typed(**more) -> dict[str, str]:
    return {
        "source": "phone", "reported_on": "2026-11-16", "name": "吴桂兰",
        "cert_no": casting.number(7), "insured_place": "义县", "inst_name": "盛京医院",
        "err_msg": "未查到备案", **more,
    }  # fmt: skip


def test_it_joins_this_week_with_source_office_and_diagnosis(cast, client_of):
    with weeks.at(weeks.MONDAY):
        client_of(cast.yixian).post(reverse(PAGE), typed())
    ticket = Ticket.objects.get()
    assert (ticket.batch.week, ticket.source, ticket.office.code) == ("2026-W47", "phone", "yixian")
    assert (ticket.assignee, ticket.status) == (cast.yixian, "working")
    assert ticket.proposed_cause is not None
    assert ticket.events.get().words == "电话登记"


def test_after_the_cut_off_it_joins_the_next_week(cast, client_of):
    with weeks.at(weeks.TOO_LATE):
        client_of(cast.yixian).post(reverse(PAGE), typed())
    assert Ticket.objects.get().batch.week == "2026-W48"


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"source": ""}, "请选择来源。"),
        ({"cert_no": "21072719600101"}, "证件号码"),
        ({"err_msg": ""}, "请填写报错信息。"),
        ({"reported_on": "昨天"}, "报错日期"),
    ],
)
def test_what_is_wrong_is_said_beside_the_field_and_what_was_typed_stays(
    cast, client_of, wrong, words
):
    with weeks.at(weeks.MONDAY):
        html = client_of(cast.yixian).post(reverse(PAGE), typed(**wrong)).content.decode()
    assert words in html
    assert "盛京医院" in html
    assert not Ticket.objects.exists()


def test_a_county_cannot_open_a_ticket_for_another(cast, client_of):
    with weeks.at(weeks.MONDAY):
        html = client_of(cast.heishan).post(reverse(PAGE), typed()).content.decode()
    assert "归义县医保中心承办" in html
    assert not Ticket.objects.exists()
