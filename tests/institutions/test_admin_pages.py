"""The staff's pages about institutions: asked, answered, checked off, imported, published."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from apps.institutions.imports import workflow
from apps.institutions.models import (
    Institution,
    InternalContact,
    ListImport,
    NetworkOpening,
    ReferralRight,
    Suspension,
)
from apps.institutions.referral import scope
from apps.offices.models import City, PolicyDocument
from tests import cast as casting
from tests.cast import Cast
from tests.institutions.lists import csv_list, generated, received, table

pytestmark = pytest.mark.django_db
DAY = date(2026, 5, 3)


@pytest.fixture
def keeper(cast: Cast, client_of: Callable[..., Client]) -> Client:
    return client_of(cast.directory)


@pytest.fixture
def second(cast: Cast, client_of: Callable[..., Client]) -> Client:
    return client_of(cast.lead)


def url(name: str, *args: Any) -> str:
    return reverse(f"admin:institutions_{name}", args=args)


def text_of(browser: Client, address: str, **asked: Any) -> str:
    response = browser.get(address, asked, follow=True)
    assert response.status_code == 200
    return response.content.decode()


def right(name: str, wording: str, **more: Any) -> Institution:
    institution = Institution.objects.create(name=name)
    one = ReferralRight(institution=institution, **more)
    one.scope = scope.parse(wording)
    one.save()
    return institution


# Who refers --------------------------------------------------------------------------------------


@pytest.fixture
def hospitals(cast: Cast) -> None:
    City.objects.update(county_rule="home_then_city")
    right("第一医院", "不含传染病、结核病、精神疾病")
    right("康宁医院", "仅限精神疾病")
    right("义县人民医院", "不含传染病、结核病、精神疾病", serves="210727")


@pytest.mark.usefixtures("hospitals")
def test_a_psychiatric_case_goes_to_the_psychiatric_hospital_with_reasons(keeper: Client):
    page = text_of(keeper, url("institution_who_refers"), area="210726", group="精神疾病")
    yes, no = page.split("不可以</h2>")
    assert "康宁医院" in yes
    assert "第一医院" not in yes
    assert "不含精神疾病" in no
    assert "请先打电话问清楚" in yes


@pytest.mark.usefixtures("hospitals")
def test_a_hospital_asked_for_by_name_is_explained(keeper: Client):
    page = text_of(
        keeper, url("institution_who_refers"), area="210726", group="精神疾病", q="第一医院"
    )
    assert "不含精神疾病" in page.split("你问的医院")[1].split("</section>")[0]


@pytest.mark.usefixtures("hospitals")
def test_a_listed_disease_needs_no_certificate_and_names_no_hospital(keeper: Client):
    page = text_of(keeper, url("institution_who_refers"), area="210727", listed="on")
    assert "不用医院开转诊证明" in page
    assert "康宁医院" not in page


@pytest.mark.usefixtures("hospitals")
def test_a_mixed_case_is_shown_apart_with_its_reason(keeper: Client):
    page = text_of(keeper, url("institution_who_refers"), area="210726", group=["精神疾病", "儿科"])
    assert "康宁医院" in page.split("说不准")[1].split("不可以</h2>")[0]


# One day -----------------------------------------------------------------------------------------


def test_was_it_open_on_the_third_of_may(keeper: Client):
    one = right("甲医院", "仅限精神疾病", valid_from=date(2026, 1, 1), valid_to=DAY)
    NetworkOpening.objects.create(
        institution=one, reach="cross_province", business="inpatient", valid_to=DAY
    )
    Suspension.objects.create(institution=one, valid_from=DAY + timedelta(days=1))
    then = text_of(keeper, url("institution_timeline", one.pk), day="2026-05-03")
    later = text_of(keeper, url("institution_timeline", one.pk), day="2026-05-04")
    assert then.count('<span class="tag good">开通</span>') == 1
    assert "只接精神疾病的转诊" in then
    assert later.count('<span class="tag good">开通</span>') == 0
    assert "没有转诊资格" in later
    assert "暂停" in later.split("</h2>")[0]


def test_an_overlapping_opening_is_refused_in_words(keeper: Client):
    one = Institution.objects.create(name="甲医院")
    NetworkOpening.objects.create(institution=one, reach="cross_province", business="inpatient")
    source = PolicyDocument.objects.create(code="x", title="文件")
    others = ("aliases", "referral_rights", "suspensions", "contacts")
    empty = {f"{prefix}-TOTAL_FORMS": 0 for prefix in others}
    data = {
        "name": "甲医院", "kind": "hospital", "order": 0, "source": source.pk,
        **empty, **{key.replace("TOTAL", "INITIAL"): 0 for key in empty},
        "openings-TOTAL_FORMS": 1, "openings-INITIAL_FORMS": 0,
        "openings-0-reach": "cross_province", "openings-0-business": "inpatient",
        "openings-0-valid_from": "2026-01-01", "openings-0-source": source.pk,
    }  # fmt: skip
    response = keeper.post(url("institution_change", one.pk), data)
    assert "日期重叠" in response.content.decode()
    assert NetworkOpening.objects.count() == 1


def test_a_right_that_disagrees_with_its_wording_is_told(keeper: Client):
    one = Institution.objects.create(name="甲医院")
    ReferralRight.objects.create(institution=one, mode="all", wording="仅限精神疾病")
    assert "意思不一样" in text_of(keeper, url("institution_change", one.pk))
    assert "意思不一样" in text_of(keeper, url("institution_alike"))


# Upkeep ------------------------------------------------------------------------------------------


def test_one_press_checks_an_institution_off(keeper: Client, cast: Cast):
    one = Institution.objects.create(name="甲医院")
    assert "甲医院" in text_of(keeper, url("institution_unchecked"))
    keeper.post(url("institution_checked", one.pk), {"how": "phone", "back": "unchecked"})
    one.refresh_from_db()
    assert (one.checked_on, one.checked_by) == (timezone.localdate(), cast.directory)
    assert one.get_checked_how_display() == "电话"
    assert "全部机构都在 90 天内核对过" in text_of(keeper, url("institution_unchecked"))


def test_the_staff_list_searches_by_fragment_and_initials(keeper: Client):
    Institution.objects.create(name="锦州市康宁医院")
    Institution.objects.create(name="义县人民医院")
    for words in ("康宁", "knyy", "kangning"):
        page = text_of(keeper, url("institution_changelist"), q=words)
        assert "锦州市康宁医院" in page
        assert "义县人民医院" not in page


def test_tickets_of_twelve_weeks_stand_on_the_record(second: Client, cast: Cast):
    one = Institution.objects.create(name="甲医院")
    today = timezone.localdate()
    casting.ticket(cast, "yixian", institution=one, reported_on=today)
    casting.ticket(cast, "heishan", institution=one, reported_on=today - timedelta(weeks=13))
    assert "近 12 周的报错（1 条）" in text_of(second, url("institution_change", one.pk))


def test_the_directory_keeper_sees_no_tickets(keeper: Client, cast: Cast):
    one = Institution.objects.create(name="甲医院")
    casting.ticket(cast, "yixian", institution=one, reported_on=timezone.localdate())
    assert "近 12 周" not in text_of(keeper, url("institution_change", one.pk))


def test_internal_contacts_are_on_the_staff_page_only(keeper: Client):
    one = Institution.objects.create(name="甲医院", checked_on=timezone.localdate())
    InternalContact.objects.create(institution=one, phone="0416-7770000")
    assert "0416-7770000" in text_of(keeper, url("institution_change", one.pk))
    for address in ("/", f"/institutions/{one.pk}/"):
        assert "0416-7770000" not in Client().get(address).content.decode()


# Lists -------------------------------------------------------------------------------------------


def upload(browser: Client, data: bytes, name: str = "名单.csv") -> ListImport:
    sent = SimpleUploadedFile(name, data)
    response = browser.post(url("listimport_receive"), {"file": sent, "listed": "city"})
    assert response.status_code == 302, response.content.decode()
    return ListImport.objects.latest("pk")


def step(browser: Client, one: ListImport, do: str, **more: Any) -> str:
    response = browser.post(url("listimport_look", one.pk), {"do": do, **more}, follow=True)
    one.refresh_from_db()
    return response.content.decode()


def test_a_list_goes_through_two_hands(keeper: Client, second: Client):
    Institution.objects.create(name="甲医院", phone="0416-2000001")
    one = upload(keeper, table(机构名称=["甲医院"], 联系电话=["0416-2000002"]))
    seen = text_of(keeper, url("listimport_look", one.pk))
    assert "<del>0416-2000001</del> → <ins>0416-2000002</ins>" in seen
    assert "请另一位同事核对后发布" in step(keeper, one, "draft")
    assert "不能自己发布" in step(keeper, one, "publish")
    assert one.state == "draft"
    assert "已发布" in step(second, one, "publish")
    assert Institution.objects.get().phone == "0416-2000002"
    history = text_of(keeper, url("institution_timeline", Institution.objects.get().pk))
    assert "电话“0416-2000001”改为“0416-2000002”" in history


def test_what_a_person_must_allow_is_ticked_on_its_own_tab(keeper: Client, second: Client):
    right("康宁医院", "仅限精神疾病")
    one = upload(keeper, table(机构名称=["康宁医院"], 转诊范围=["不限"]))
    (row,) = one.rows.all()
    assert "要有人同意才改" in text_of(keeper, url("listimport_look", one.pk), show="decide")
    step(keeper, one, "allow", allow=row.pk, of=row.pk, show="decide")
    step(keeper, one, "draft")
    step(second, one, "publish")
    (now,) = ReferralRight.objects.on(timezone.localdate())
    assert now.mode == "all"


def test_a_person_without_the_permission_takes_no_step(keeper: Client, cast: Cast, client_of: Any):
    one = upload(keeper, csv_list(generated(2)))
    cast.yixian.user_permissions.set([])
    clerk = client_of(cast.yixian)
    for address in (url("listimport_look", one.pk), url("listimport_receive")):
        assert clerk.get(address).status_code == 403
        assert clerk.post(address, {"do": "draft"}).status_code == 403


def test_a_large_list_waits_for_the_worker_and_the_page_looks_again(
    keeper: Client, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(workflow, "AT_ONCE", 10)
    one = upload(keeper, csv_list(generated(3)))
    assert one.job == "read"
    waiting = keeper.get(url("listimport_look", one.pk))
    assert waiting.headers["Refresh"]
    assert "读文件、比较" in waiting.content.decode()
    ListImport.objects.update(job_since=timezone.now() - timedelta(minutes=1))
    assert "现在就做" in text_of(keeper, url("listimport_look", one.pk))
    step(keeper, one, "now")
    assert (one.job, one.state, one.new) == ("", "staged", 3)
    assert "Refresh" not in keeper.get(url("listimport_look", one.pk)).headers


def test_the_same_file_again_leads_to_the_first_one(keeper: Client):
    data = csv_list(generated(2))
    first, again = upload(keeper, data), upload(keeper, data)
    assert first.pk == again.pk


def test_an_unreadable_file_keeps_its_receipt_and_says_why(keeper: Client):
    one = upload(keeper, b"\x00\x01\x02")
    assert one.state == "refused"
    page = text_of(keeper, url("listimport_look", one.pk))
    assert page.count(one.message) == 1
    assert "重新选文件" in page
    assert "没有这样的行" not in page
    assert 'aria-current="step">核对、提交' in page


def test_rows_are_shown_by_page(keeper: Client, cast: Cast):
    one = received(csv_list(generated(230)), by=cast.directory)
    assert "第 3 / 3 页" in text_of(keeper, url("listimport_look", one.pk), show="new", p=3)
