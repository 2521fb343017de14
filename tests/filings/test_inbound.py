"""转入登记: who comes here from elsewhere, whom to ring there, and who may see it."""

from datetime import date
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.urls import reverse

from apps.filings.models.inbound import Inbound
from tests import cast as casting
from tests.cast import Cast

pytestmark = pytest.mark.django_db
TYPED = {
    "cert_type": "居民身份证",
    "cert_no": "".join(chr(ord(ch) + 0xFEE0) for ch in casting.number(5)),
    "name": "测试外",
    "phone": "13812345678",
    "insured_area": "310115",
    "insutype": "310",
    "agency": "浦东新区医保中心",
    "agency_phone": "021-12393",
    "origin": "window",
    "group": "long_term",
    "start_on": "2026-11-20",
}


def page(name: str, *args: Any) -> str:
    return reverse(f"admin:filings_inbound_{name}", args=args)


def said(answer: Any) -> str:
    return answer.content.decode()


def test_somebody_from_elsewhere_is_registered_with_whom_to_ring_there(cast: Cast, client_of: Any):
    browser = client_of(cast.yixian)
    answer = browser.post(
        page("add"), TYPED | {"office": cast.office["yixian"].pk, "number": "SH-1"}, follow=True
    )
    row = Inbound.objects.get()
    assert row.cert_no.reveal() == casting.number(5)
    assert (row.insured_name, row.created_by) == ("上海市浦东新区", cast.yixian)
    text = said(browser.get(page("changelist")))
    assert "浦东新区医保中心" in text
    assert "021-12393" in text
    for shown in (text, said(answer), said(browser.get(page("change", row.pk)))):
        assert casting.number(5) not in shown


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"insured_area": "210727"}, "请登记备案"),
        ({"insured_area": "999999"}, "没有这个区划代码"),
        ({"cert_no": "210727196001010051"}, "校验位"),
        ({"end_on": "2026-11-01"}, "结束日期早于开始日期"),
        ({"agency": ""}, "请填写这一项"),
    ],
)
def test_what_cannot_be_is_refused_in_words(cast: Cast, client_of: Any, change: Any, why: str):
    posted = TYPED | {"office": cast.office["yixian"].pk} | change
    assert why in said(client_of(cast.yixian).post(page("add"), posted))
    assert not Inbound.objects.exists()


def test_a_person_is_found_by_number_without_one_in_the_address(cast: Cast, client_of: Any):
    row = casting.inbound(cast)
    casting.inbound(cast, cert_no=casting.number(9), name="别人家")
    answer = client_of(cast.yixian).post(page("find"), {"q": casting.number(1)}, follow=True)
    assert [found.pk for found in answer.context["cl"].result_list] == [row.pk]
    assert casting.number(1) not in answer.request["QUERY_STRING"]


def test_the_same_arrival_is_registered_once(cast: Cast):
    casting.inbound(cast)
    with pytest.raises(IntegrityError), transaction.atomic():
        casting.inbound(cast)
    casting.inbound(cast, start_on=date(2026, 12, 1))


def test_our_own_city_is_nowhere_else(cast: Cast):
    row = casting.inbound(cast)
    row.insured_area = "210700"
    with pytest.raises(ValidationError, match="请登记备案"):
        row.full_clean()


@pytest.mark.parametrize(
    ("who", "list_", "add"), [("yixian", 200, 200), ("head", 200, 403), ("directory", 403, 403)]
)
def test_who_does_cases_registers_and_a_head_only_looks(
    who: str, list_: int, add: int, cast: Cast, client_of: Any
):
    browser = client_of(getattr(cast, who))
    assert browser.get(page("changelist")).status_code == list_
    assert browser.get(page("add")).status_code == add


def test_whoever_may_only_look_sees_the_number_masked(cast: Cast, client_of: Any):
    row = casting.inbound(cast)
    text = said(client_of(cast.head).get(page("change", row.pk)))
    assert casting.canary("yixian") in text
    assert casting.number(1) not in text
    assert "2107" in text
