"""哪家医院能开转诊, the list of institutions and the page of one, as a citizen meets them."""

import re
from datetime import date

import pytest
import time_machine
from django.test import Client

from apps.institutions.models import DiseaseGroup, Institution, ReferralRight
from tests import publicsite

pytestmark = pytest.mark.django_db


def hospitals(html: str) -> list[str]:
    listed = html.partition('<ul class="rows">')[2].partition("</ul>")[0]
    return re.findall(r'<a href="/institutions/\d+/">(.*?)</a>', listed)


def asked(client: Client, area: str, group: str) -> str:
    return client.get("/referral/", {"area": area, "group": group}).content.decode()


def test_county_people_are_sent_home_first(jinzhou_policy: None, client: Client):
    html = asked(client, "210726", "妇产科")
    assert hospitals(html) == ["黑山县人民医院"]
    assert "各县（市）参保人员在行政区内办理" in html


def test_where_the_county_has_none_people_are_told_to_call_the_county(
    jinzhou_policy: None, client: Client
):
    html = asked(client, "210727", "精神疾病")
    assert "义县没有能看“精神疾病”的转诊医院" in html
    assert "请先打电话问清楚" in html
    assert 'href="tel:04167787016"' in html
    assert hospitals(html) == ["锦州市康宁医院"]
    assert '<span class="tag warn">仅限精神疾病</span>' in html


def test_city_people_get_the_official_wording_beside_each_hospital(
    jinzhou_policy: None, client: Client
):
    html = asked(client, "210700", "综合")
    assert len(hospitals(html)) == 4
    assert html.count('<span class="tag">不含传染病、结核病、精神疾病</span>') == 4
    assert hospitals(asked(client, "binhai", "结核病")) == ["锦州市传染病医院"]


def test_a_disease_of_the_catalogue_needs_no_certificate_and_the_page_says_so_first(
    jinzhou_policy: None, client: Client
):
    html = client.get("/referral/").content.decode()
    box = html.index("不用医院开证明")
    assert box < html.index("<form")
    assert "《锦州市基本医疗保险转诊转院病种目录和诊疗项目》" in html
    assert '/guide/c/referral/referral-listed/"' in html
    assert "最后核对 2026年11月21日" in html


def test_whoever_cannot_say_which_disease_is_told_to_call(jinzhou_policy: None, client: Client):
    html = asked(client, "210727", "unsure")
    assert "先打电话问清楚" in html
    assert len(hospitals(html)) == 11


def test_what_is_missing_or_made_up_is_asked_again(jinzhou_policy: None, client: Client):
    assert "请选择参保地" in asked(client, "", "儿科")
    assert "请选择要看哪一类病" in asked(client, "210727", "")
    assert "请从列表里选参保地" in asked(client, "110000", "儿科")
    assert "请从列表里选一类病" in asked(client, "210727", "<b>")


def test_a_city_without_a_list_names_who_gives_the_certificate(client: Client):
    publicsite.load("changchun")
    html = client.get("/referral/").content.decode()
    assert "本市没有列出能开转诊的医院名单" in html
    assert "不用医院开证明" not in html


def test_a_scope_stands_in_plain_words_beside_the_official_one(
    jinzhou_policy: None, client: Client
):
    row = Institution.objects.get(name="锦州市康宁医院")
    html = client.get(f"/institutions/{row.pk}/").content.decode()
    assert "只接精神疾病的转诊。" in html
    assert "仅限精神疾病" in html
    assert "依据：锦州市异地就医经办指南" in html


def test_an_older_scope_is_told_on_the_same_page(jinzhou_policy: None, client: Client):
    right = ReferralRight.objects.get(institution__name="锦州市康宁医院")
    ReferralRight.objects.filter(pk=right.pk).update(valid_from=date(2026, 1, 1))
    ReferralRight.objects.create(
        institution=right.institution, mode="all", wording="不限", source=right.source,
        checked_on=date(2025, 1, 1), valid_to=date(2025, 12, 31),
    )  # fmt: skip
    html = client.get(f"/institutions/{right.institution_id}/").content.decode()
    assert "以前：不限（到 2025年12月31日）" in html


def test_the_list_is_narrowed_by_links_that_carry_their_counts(
    jinzhou_policy: None, client: Client
):
    html = client.get("/institutions/").content.decode()
    assert "义县（1）" in html
    assert "精神疾病（1）" in html
    narrowed = client.get("/institutions/", {"scope": "精神疾病"}).content.decode()
    assert hospitals(narrowed) == ["锦州市康宁医院"]
    none = client.get("/institutions/", {"scope": "精神疾病", "county": "义县"}).content.decode()
    assert "没有符合条件的机构" in none
    for page in ("0", "-1", "99999", "x", "２"):
        assert client.get("/institutions/", {"page": page}).status_code == 200


@pytest.mark.parametrize(
    ("query", "name"),
    [("精神病 转诊", "锦州市康宁医院"), ("精神病转诊", "锦州市康宁医院"),
     ("jzykdx", "锦州医科大学附属第一医院"), ("锦医附一", "锦州医科大学附属第一医院"),
     ("chuanranbing", "锦州市传染病医院"), ("第九六八", "中国人民解放军联勤保障部队第968医院")],
)  # fmt: skip
def test_a_hospital_is_found_and_the_page_says_why(
    jinzhou_policy: None, client: Client, query: str, name: str
):
    html = client.get("/search/", {"q": query}).content.decode()
    found = re.search(
        rf'<a href="/institutions/\d+/">{name}</a>.*?<p class="small">(.+?)</p>', html, re.S
    )
    assert found, query


def test_a_hospital_without_that_scope_is_not_offered_for_it(jinzhou_policy: None, client: Client):
    html = client.get("/search/", {"q": "精神病 转诊"}).content.decode()
    assert "中心医院" not in html


def test_every_disease_group_can_be_asked_for_every_area(jinzhou_policy: None, client: Client):
    areas = re.findall(r'<option value="(\w+)"', client.get("/referral/").content.decode())
    for group in DiseaseGroup.objects.values_list("name", flat=True):
        for area in ("210700", "210727", "binhai"):
            assert area in areas
            assert client.get("/referral/", {"area": area, "group": group}).status_code == 200


def test_the_numbers_of_a_hospital_can_be_dialled(jinzhou_policy: None, client: Client):
    row = Institution.objects.get(name="锦州市康宁医院")
    Institution.objects.filter(pk=row.pk).update(phone="3880000、0416-3880001转8")
    html = client.get(f"/institutions/{row.pk}/").content.decode()
    assert 'href="tel:04163880000">0416-3880000</a>' in html
    assert 'href="tel:04163880001,8"' in html
    Institution.objects.filter(pk=row.pk).update(phone="问门卫")
    assert "问门卫" in client.get(f"/institutions/{row.pk}/").content.decode()


def test_the_address_of_a_hospital_answers_and_says_when_it_is_suspended(client: Client):
    publicsite.load("jinzhou")
    one = Institution.objects.get(name="锦州市康宁医院")
    one.suspensions.create(valid_from=date(2026, 12, 1), kind="suspended", reason="整改")
    address = f"/institutions/{one.pk}/"
    with time_machine.travel("2026-11-30 23:00+08:00", tick=False):
        page = client.get(address).content.decode()
        assert "2026年12月1日起暂停定点资格" in page
        assert "只接精神疾病的转诊" in page
        assert "锦州市康宁医院" in client.get("/institutions/").content.decode()
    with time_machine.travel("2026-12-01 00:00+08:00", tick=False):  # nothing has run since
        page = client.get(address).content.decode()
        assert "现在的定点资格是“暂停”，不能直接结算，也不能开转诊" in page
        assert "只接精神疾病的转诊" not in page
        assert "整改" not in page
        assert "锦州市康宁医院" not in client.get("/institutions/").content.decode()
    Institution.objects.filter(pk=one.pk).update(published=False)
    assert client.get(address).status_code == 404
