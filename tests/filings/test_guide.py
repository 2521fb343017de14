"""The guide: two or three questions, then everything a person must know, and nothing made up."""

import re
from datetime import UTC, date, datetime

import pytest
import time_machine
from django.test import Client

from apps.filings.models.catalogue import Category, OfficeService, SettlementRule, Variant
from apps.filings.public import guide
from apps.offices.models import Office
from tests import publicsite
from tests.policyrows import CITIES

pytestmark = pytest.mark.django_db


def page(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200, address
    return response.content.decode()


def test_three_questions_lead_to_the_list_of_somebody_living_with_a_child(
    jinzhou_policy: None, client: Client
):
    assert 'value="long-term"' in page(client, "/guide/")
    assert client.get("/guide/?situation=long-term&go=1").url == "/guide/long-term/"
    assert client.get("/guide/long-term/?category=with-family").url == "/guide/c/with-family/"
    third = page(client, "/guide/c/with-family/")
    assert "第 3 个问题" in third
    answer = client.get("/guide/c/with-family/?variant=with-child").url
    assert answer == "/guide/c/with-family/with-child/"
    html = page(client, answer)
    assert '子女的户口簿 <span class="or">或</span> 子女的房产证' in re.sub(r"\s+", " ", html)
    assert "独生子女证" in html
    assert "结婚证" not in html  # that is the list for a spouse


def test_an_emergency_is_asked_nothing_more(jinzhou_policy: None, client: Client):
    assert client.get("/guide/?situation=emergency").url == "/guide/emergency/"
    assert client.get("/guide/emergency/").url == "/guide/c/emergency/"
    html = page(client, "/guide/c/emergency/")
    for case in ("目录内", "目录外", "跨省急诊抢救"):
        assert f"<h2>{case}</h2>" in html
    assert "入院以后、出院以前办。" in html


@pytest.mark.parametrize("city", CITIES)
def test_every_answer_has_the_eight_official_elements(city: str, client: Client):
    publicsite.load(city)
    today = date(2026, 11, 21)
    for category in guide.categories(today):
        variants = list(guide.variants_of(category, today))
        several = guide.asks(category, variants)
        for variant in variants if several else variants[:1]:
            tail = f"{variant.code}/" if several else ""
            html = page(client, f"/guide/c/{category.code}/{tail}")
            for element in (
                "办事须知",
                "怎么办",
                "办理时间",
                "联系电话",
                "设定依据",
                "要带的材料",
                "用什么方式办",
                "在哪里办",
                f"<h1>{category.name}</h1>",
                "最后核对",
            ):
                assert element in html, f"{category} {element}"
            assert len(category.name) <= 13


def test_back_keeps_the_answer_ticked(jinzhou_policy: None, client: Client):
    assert "/guide/?was=long-term" in page(client, "/guide/long-term/")
    assert re.search(r'value="long-term"[^>]* checked', page(client, "/guide/?was=long-term"))


def test_going_on_without_an_answer_is_answered_kindly(jinzhou_policy: None, client: Client):
    for address in ("/guide/?go=1", "/guide/long-term/?go=1", "/guide/c/with-family/?go=1"):
        assert "请选一项，再点“继续”" in page(client, address)
    assert client.get("/guide/nonsense/").status_code == 404
    assert client.get("/guide/c/with-family/nonsense/").status_code == 404


def test_the_channels_are_those_of_the_policy_and_their_limits(
    jinzhou_policy: None, client: Client
):
    html = page(client, "/guide/c/temporary/")
    assert "电话办理" in html
    assert "小程序" not in html.partition("在哪里办")[0].partition("用什么方式办")[2]
    html = page(client, "/guide/c/long-term-resident/")
    assert '国家异地就医备案小程序 <span class="tag warn">仅限跨省</span>' in html
    assert "网上服务大厅" not in html


def test_what_is_not_settled_is_said_so(jinzhou_policy: None, client: Client):
    assert "有的内容还在核实" in page(client, "/guide/c/temporary/")


def test_an_office_that_takes_a_category_is_named_and_others_are_not(
    jinzhou_policy: None, client: Client
):
    category = Category.objects.get(code="temporary")
    office = Office.objects.get(code="yixian")
    OfficeService.objects.create(
        category=category, office=office, note="到2号窗口", source=category.source,
        checked_on=date(2026, 11, 1),
    )  # fmt: skip
    places = page(client, "/guide/c/temporary/").partition("在哪里办")[2]
    assert "义县医保经办机构" in places
    assert "到2号窗口" in places
    assert "黑山县医保经办机构" not in places
    assert "黑山县医保经办机构" in page(client, "/guide/c/veteran/")


def test_places_carry_their_hours(jinzhou_policy: None, client: Client):
    with time_machine.travel(datetime(2026, 11, 18, 2, tzinfo=UTC), tick=False):
        html = page(client, "/guide/c/veteran/")
    assert "现在是上班时间</b>，到 11:30" in html


def test_a_category_or_variant_that_is_closed_or_unreviewed_is_gone(
    jinzhou_policy: None, client: Client
):
    Category.objects.filter(code="veteran").update(active=False)
    Variant.objects.filter(code="posted-worker").update(checked_on=None)
    assert client.get("/guide/work/").url == "/guide/c/migrant-worker/"
    assert client.get("/guide/c/veteran/").status_code == 404
    assert client.get("/guide/c/posted-worker/").status_code == 404


def listed(html: str) -> list[str]:
    """The materials to bring, as a page lists them."""
    check = html.partition('<ul class="check">')[2].partition("</ul>")[0]
    return check.split("<li>")[1:]


def test_the_printed_list_is_the_same_list(jinzhou_policy: None, client: Client):
    html = page(client, "/print/check/with-family/with-child/")
    assert "随配偶或子女异地居住备案材料清单" in html
    assert "在微信里请点右上角“…”，选“在浏览器打开”再打印，或者截图保存。" in html
    asked = page(client, "/guide/c/with-family/with-child/")
    assert html.count("<li>社会保障卡</li>") == 1
    assert listed(html) == listed(asked) != []


def test_lost_cells_of_the_matrix_stay_unverified(client: Client):
    publicsite.load("zhangjiagang")
    html = page(client, "/settlement/")
    rules = SettlementRule.objects.count()
    assert html.count('<span class="tag warn">待核实</span>') == rules == 30
    assert "上海" in html
    assert "公开材料里看不清这一格，请打电话问" in html
    assert 'class="tag ok"' not in html


def test_the_matrix_of_jinzhou_says_what_is_known(jinzhou_policy: None, client: Client):
    html = re.sub(r"<[^>]+>", " ", page(client, "/settlement/"))
    assert "高值药品" in html
    assert "医院门诊、药店：不用备案，可以用个人账户。" in html


def test_a_failed_card_is_explained_on_one_page_with_what_to_tell(
    jinzhou_policy: None, client: Client
):
    html = page(client, "/card-failed/")
    assert html.count("<dt>怎么查</dt>") == html.count("<dt>怎么办</dt>") == 4
    order = [html.index(w) for w in ("没有办理备案", "地方不一样", "还没开通", "统一发放")]
    assert order == sorted(order)
    assert "把这些告诉经办人" in html
    assert 'href="tel:04167787016"' in html
    assert "<form" not in html


def test_nothing_from_the_spam_of_the_sources_is_shown(jinzhou_policy: None, client: Client):
    for html in publicsite.walk(client).values():
        for spam in ("365", "体育", "18686626826", "2021.07"):
            assert spam not in html
