"""The public site: every page of every city, its promises of weight, privacy and honesty."""

import csv
import io
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import unquote

import pytest
import time_machine
from django.conf import settings
from django.contrib.staticfiles import finders
from django.db import DatabaseError, connection, connections
from django.test import Client
from django.urls import get_resolver

from apps.filings.models import Filing
from apps.filings.models.catalogue import Category, Topic
from apps.institutions.models import Institution, ReferralRight
from apps.offices.models import Hotline, Notice, Office, PublicVersion, SiteSettings, Staff
from apps.offices.public.page import CSP
from tests import publicsite
from tests.policyrows import CITIES
from ydjy.public_site import middleware, open_data, tables, views

pytestmark = pytest.mark.django_db
CSS = Path(finders.find("ydjy/public.css") or "")


@pytest.mark.parametrize("city", CITIES)
def test_every_page_of_every_city_keeps_the_rules_of_the_house(city: str, client: Client):
    publicsite.load(city)
    pages = publicsite.walk(client)
    assert len(pages) > 20
    for address, html in pages.items():
        if html.startswith("<!DOCTYPE html>"):
            assert problems(html) == [], address


def problems(html: str) -> list[str]:
    """What is wrong with one page (ux 4.11)."""
    labels = set(re.findall(r'<label[^>]* for="([^"]+)"', html))
    fields = re.findall(
        r"<(?:input|select)[^>]*>", re.sub(r"<label class=\"opt\".*?</label>", "", html, flags=re.S)
    )
    ids = re.findall(r'\sid="([^"]+)"', html)
    found = {
        "lang": 'lang="zh-CN"' in html,
        "one h1": len(re.findall("<h1[ >]", html)) == 1,
        "h1 length": len(re.sub(r"\s", "", re.search("<h1[^>]*>(.*?)</h1>", html, re.S)[1])) <= 26,
        "no inline style": not re.search(r"\sstyle=", html),
        "no script": "<script" not in html.lower(),
        "titles are marked once": "《《" not in html and "》》" not in html,
        "no handler": not re.search(r"\son[a-z]+=", html),
        "labels": all(
            re.search(r'id="([^"]+)"', f) and re.search(r'id="([^"]+)"', f)[1] in labels
            for f in fields
        ),
        "ids once": len(ids) == len(set(ids)),
        "weight": len(html.encode()) <= 12 * 1024,
        "no other host": not re.search(r'(?:src|href)="(?:https?:)?//(?!uri\.amap\.com)', html),
        "skip link": 'class="skip"' in html,
        "old kernels": not re.search(
            r"<(dialog|search|details|template|picture)\b|loading=|popover", html
        ),
    }
    return [name for name, kept in found.items() if not kept]


def test_a_page_that_breaks_the_rules_would_be_found():
    bad = '<h1>a</h1><h1>b</h1><p style="x" onclick="y"><script></script><input id="z">'
    assert {"lang", "one h1", "no inline style", "no script", "no handler", "labels"} <= set(
        problems(bad)
    )


def test_titles_differ_from_page_to_page(jinzhou_policy: None, client: Client):
    pages = publicsite.walk(client, ("/", "/institutions/"))
    titles: dict[str, str] = {}
    for address, html in pages.items():
        plain = address.partition("?")[0]
        if html.startswith("<!DOCTYPE html>"):
            assert titles.setdefault(publicsite.title(html), plain) == plain, address


def test_the_stylesheet_is_light_and_every_address_is_known(jinzhou_policy: None, client: Client):
    assert CSS.stat().st_size <= 16 * 1024
    for name in ("about", "accessibility", "privacy", "sitemap", "data", "progress", "settlement"):
        assert client.get(f"/{name}/").status_code == 200
    names = {entry.name for entry in get_resolver().url_patterns if getattr(entry, "name", None)}
    assert {"home", "search", "mode", "referral", "robots", "sitemap_xml"} <= names


def test_a_page_says_nothing_to_other_hosts_and_keeps_no_cookie(
    jinzhou_policy: None, client: Client
):
    for address in ("/", "/search/?q=电话", "/guide/", "/nowhere/"):
        response = client.get(address)
        assert response.headers["Content-Security-Policy"] == CSP
        assert response.headers["X-Frame-Options"] == "DENY"
        assert not response.cookies
    assert not client.cookies
    assert Client().post("/search/").status_code in (403, 405)


# 304 --------------------------------------------------------------------------------------------


def test_an_unchanged_page_is_not_sent_again_and_a_changed_one_is(
    jinzhou_policy: None, client: Client
):
    with time_machine.travel(datetime(2026, 11, 18, 2, tzinfo=UTC), tick=False):
        etag = client.get("/offices/").headers["ETag"]
        again = client.get("/offices/", headers={"if-none-match": etag})
        assert (again.status_code, again.content) == (304, b"")
        Hotline.objects.filter(order=20).update(
            display="0416-7787017"
        )  # no save(): a trigger counts
        after = client.get("/offices/", headers={"if-none-match": etag})
    assert after.status_code == 200
    assert "0416-7787017" in after.content.decode()


def test_the_hour_and_the_type_size_are_part_of_the_mark(jinzhou_policy: None, client: Client):
    marks = set()
    for hour in (2, 4, 6):  # 10:00 open, 12:00 lunch, 14:00 open again
        with time_machine.travel(datetime(2026, 11, 18, hour, tzinfo=UTC), tick=False):
            marks.add(client.get("/").headers["ETag"])
    client.cookies["mode"] = "xl"
    with time_machine.travel(datetime(2026, 11, 18, 6, tzinfo=UTC), tick=False):
        marks.add(client.get("/").headers["ETag"])
    assert len(marks) == 4


def test_every_public_table_counts_its_changes(jinzhou_policy: None):
    before = PublicVersion.objects.get().number
    Category.objects.update(order=5)
    Institution.objects.update(remark="x")
    assert PublicVersion.objects.get().number > before
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT tbl_name FROM sqlite_master WHERE name LIKE 'ydjy_public_%'")
            counted = {name for (name,) in cursor.fetchall()}
            assert counted == tables.public_tables() - {tables.COUNTER}


# The guard ---------------------------------------------------------------------------------------


def test_a_public_page_cannot_name_a_case_table(jinzhou_policy: None):
    with middleware.public_only():
        assert Office.objects.count()
        for model in (Filing, Staff):
            with pytest.raises(middleware.CaseTableRefused):
                model.objects.count()
        with pytest.raises(middleware.CaseTableRefused), connection.cursor() as cursor:
            cursor.execute("select * from ERRORS_TICKET")
        with pytest.raises(middleware.CaseTableRefused):
            Office.objects.update(order=1)


def test_a_connection_that_is_opened_on_a_public_page_is_free_again_afterwards(db: None):
    """The change log puts its wrapper to a new connection, behind the guard's; the guard took away
    the last one, stayed itself, and every staff page of that thread was refused."""

    def signing(execute: Callable[..., object], *statement: object) -> object:
        return execute(*statement)

    before = list(connection.execute_wrappers)
    try:
        with middleware.public_only():
            connection.execute_wrappers.append(signing)
        assert connection.execute_wrappers == [*before, signing]
        assert Filing.objects.count() == 0
    finally:
        connection.execute_wrappers[:] = before


@pytest.mark.parametrize("words", ["/*ydjy:visitor*/WITH a AS (SELECT 1) SELECT 1", "\n  SELECT 1"])
def test_a_read_is_known_behind_who_reads_and_blank_lines(db: None, words: str):
    with middleware.public_only(), connection.cursor() as cursor:
        cursor.execute(words)
        with pytest.raises(middleware.CaseTableRefused):
            cursor.execute("/*ydjy:visitor*/DELETE FROM offices_office")


def test_without_the_guard_the_same_statements_pass(jinzhou_policy: None):
    assert Filing.objects.count() == Staff.objects.count() == 0
    assert Office.objects.update(order=1)


def test_the_guard_stands_around_every_public_view(
    jinzhou_policy: None, client: Client, monkeypatch: pytest.MonkeyPatch
):
    def leaking(*args: object) -> list[object]:
        return list(Filing.objects.all())

    monkeypatch.setattr(views, "searching", leaking)
    with pytest.raises(middleware.CaseTableRefused):
        client.get("/search/?q=x")


def test_every_table_is_either_public_or_closed():
    public, closed = tables.public_tables(), middleware.case_tables()
    assert not public & closed
    assert {"filings_filing", "errors_ticket", "offices_staff", "desk_upload", "offices_duty",
            "institutions_internalcontact", "django_session", "desk_change"} <= closed  # fmt: skip


# What is shown ------------------------------------------------------------------------------------


def test_only_published_and_reviewed_rows_are_shown(jinzhou_policy: None, client: Client):
    right = ReferralRight.objects.get(institution__name="锦州市康宁医院")
    address = f"/institutions/{right.institution_id}/"
    assert client.get(address).status_code == 200
    ReferralRight.objects.filter(pk=right.pk).update(checked_on=None)
    assert "不在能开转诊的医院名单里" in client.get(address).content.decode()
    Institution.objects.filter(pk=right.institution_id).update(published=False)
    assert client.get(address).status_code == 404
    Topic.objects.filter(code="e-voucher").update(published=False)
    assert client.get("/topics/e-voucher/").status_code == 404
    office = Office.objects.get(code="yixian")
    Office.objects.filter(pk=office.pk).update(source=None)
    assert client.get(f"/offices/{office.pk}/").status_code == 404


def test_the_footer_prints_nothing_that_is_not_set(jinzhou_policy: None, client: Client):
    foot = client.get("/").content.decode().partition("<footer")[2]
    for words in ("主办单位", "标识码", "找错", "党政机关", "联系电话", "备案"):
        assert words not in foot
    SiteSettings.objects.create(
        organiser="锦州市医疗保障局", phone="0416-8904567", site_code="2107000000",
        report_url="https://zfwzgl.www.gov.cn/", icp="辽ICP备00000000号",
    )  # fmt: skip
    foot = client.get("/").content.decode().partition("<footer")[2]
    assert "主办单位：锦州市医疗保障局" in foot
    assert "网站标识码：2107000000" in foot
    assert "我为政府网站找错" in foot
    assert SiteSettings.objects.current().missing == ["公安备案号"]


def test_a_notice_stands_on_every_page_between_its_days(jinzhou_policy: None, client: Client):
    Notice.objects.create(
        text="周六停机维护。", level="warn", published=True, valid_to="2026-11-20"
    )
    Notice.objects.create(text="内部通知。", audience="staff", published=True)
    Notice.objects.create(text="还没核对。")
    with time_machine.travel("2026-11-18 02:00Z", tick=False):
        html = client.get("/guide/").content.decode()
    assert "周六停机维护。" in html
    assert "内部通知" not in html
    assert "还没核对" not in html
    with time_machine.travel("2026-11-21 02:00Z", tick=False):
        assert "周六停机维护。" not in client.get("/guide/").content.decode()


# 长辈版 ------------------------------------------------------------------------------------------


def test_the_elder_version_is_the_same_address_with_a_cookie(jinzhou_policy: None, client: Client):
    response = client.get("/mode/", {"to": "large", "next": "/referral/?area=210727&group=儿科"})
    assert unquote(response.url) == "/referral/?area=210727&group=儿科"
    cookie = response.cookies["mode"]
    assert (cookie.value, cookie["httponly"], cookie["samesite"]) == ("large", True, "Lax")
    assert 'class="large"' in client.get("/referral/").content.decode()
    client.get("/mode/", {"to": "std", "next": "/"})
    assert 'class="large"' not in client.get("/").content.decode()


@pytest.mark.parametrize(
    "address",
    ["//evil.example", "https://evil.example/", "/\\evil.example", "javascript:alert(1)",
     "/admin/", "/no-such-page/", "", "guide/", "/" * 400],
)  # fmt: skip
def test_the_way_back_is_an_address_of_ours_or_home(address: str, client: Client):
    assert client.get("/mode/", {"to": "xl", "next": address}).url == "/"


def test_an_unknown_mode_is_the_standard_one(client: Client):
    client.cookies["mode"] = '"><script>'
    assert "<script" not in client.get("/").content.decode()


# Pace ---------------------------------------------------------------------------------------------


def test_whoever_asks_too_fast_is_told_to_wait_without_a_puzzle(
    jinzhou_policy: None, client: Client, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(middleware, "_buckets", middleware.Buckets(clock=lambda: 0.0))
    answers = [client.get("/search/?q=x", REMOTE_ADDR="203.0.113.9") for _ in range(12)]
    assert [a.status_code for a in answers].count(429) == 2
    assert "查得太快了，请 1 分钟后再试。" in answers[-1].content.decode()
    assert answers[-1].headers["Retry-After"] == "60"
    assert client.get("/search/?q=x", REMOTE_ADDR="203.0.113.10").status_code == 200
    assert client.get("/", REMOTE_ADDR="203.0.113.9").status_code == 200


def test_a_bucket_fills_again_and_forgets_the_oldest(monkeypatch: pytest.MonkeyPatch):
    now = [0.0]
    buckets = middleware.Buckets(lambda: now[0])
    pace = middleware.Pace(burst=2, a_minute=60)
    assert [buckets.take("a", pace) for _ in range(3)] == [True, True, False]
    now[0] = 1.0
    assert buckets.take("a", pace)
    monkeypatch.setattr(middleware, "MOST_CALLERS", 3)
    for caller in "bcde":
        buckets.take(caller, pace)
    assert len(buckets._left) <= 3


def test_a_named_proxy_tells_the_caller_by_its_last_word(rf, settings):
    settings.PROXIES = ["127.0.0.1"]
    request = rf.get(
        "/", REMOTE_ADDR="127.0.0.1", headers={"x-forwarded-for": "6.6.6.6, 198.51.100.7"}
    )
    assert middleware.caller_of(request) == "198.51.100.7"
    assert middleware.caller_of(rf.get("/", REMOTE_ADDR="127.0.0.1")) == ""
    request = rf.get("/", REMOTE_ADDR="198.51.100.8", headers={"x-forwarded-for": "6.6.6.6"})
    assert middleware.caller_of(request) == "198.51.100.8"


# Trouble ------------------------------------------------------------------------------------------


def test_a_missing_page_helps_on(jinzhou_policy: None, client: Client):
    client.get("/")
    response = client.get("/nowhere/")
    html = response.content.decode()
    assert response.status_code == 404
    assert "没有这个页面" in html
    assert 'action="/search/"' in html
    assert problems(html) == []


def test_the_page_for_trouble_needs_no_database(jinzhou_policy: None, client: Client, monkeypatch):
    client.get("/")

    def broken(*args: object, **kwargs: object) -> None:
        raise DatabaseError("away")

    client.raise_request_exception = False
    monkeypatch.setattr("apps.offices.public.page._version", broken)
    monkeypatch.setattr("apps.offices.public.page.Timetable", broken)
    response = client.get("/offices/")
    html = response.content.decode()
    assert response.status_code == 500
    assert "错误编号" in html
    assert "0416-8904567" in html  # remembered by the process
    assert problems(html) == []


def test_the_watching_machine_is_told_that_the_database_is_away(client: Client, monkeypatch):
    assert client.get("/healthz").json() == {"status": "ok", "database": "ok"}

    def away(*args: object, **kwargs: object) -> None:
        raise DatabaseError("away")

    # Where each request opens a transaction, opening it would fail before the view is asked.
    monkeypatch.setattr(connections["default"], "cursor", away)
    answer = client.get("/healthz")
    assert answer.status_code == 503
    assert answer.json()["database"] == "down"


def test_an_empty_database_still_shows_pages(client: Client):
    for address in ("/", "/guide/", "/referral/", "/offices/", "/settlement/", "/institutions/"):
        response = client.get(address)
        assert response.status_code == 200
        assert problems(response.content.decode()) == []


# Machines -----------------------------------------------------------------------------------------


def test_the_map_for_machines_names_pages_that_exist(jinzhou_policy: None, client: Client):
    words = client.get("/sitemap.xml").content.decode()
    places = re.findall(r"<loc>http://testserver(.*?)</loc>", words)
    assert len(places) == len(set(places)) > 30
    for place in places[::5]:
        assert client.get(place).status_code == 200
    assert "Sitemap: http://testserver/sitemap.xml" in client.get("/robots.txt").content.decode()
    assert settings.SITE == "both"


def test_open_data_is_versioned_and_the_same_in_both_forms(jinzhou_policy: None, client: Client):
    for name, dataset in open_data.DATASETS.items():
        body = client.get(f"/data/{name}.json").json()
        text = client.get(f"/data/{name}.csv").content.decode("utf-8-sig")
        rows = list(csv.DictReader(io.StringIO(text)))
        assert body["edition"] == open_data.EDITION
        assert list(body["columns"]) == list(rows[0]) == [key for key, _ in dataset.columns]
        assert len(rows) == len(body["rows"]) > 0
        assert dataset.title in client.get("/data/").content.decode()
    assert client.get("/data/staff.csv").status_code == 404


def test_a_cell_that_a_spreadsheet_would_run_is_made_harmless(jinzhou_policy: None, client: Client):
    Office.objects.filter(code="yixian").update(address="=HYPERLINK(1)")
    assert "'=HYPERLINK(1)" in client.get("/data/offices.csv").content.decode()
