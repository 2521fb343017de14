"""What the public process remembers: pages without a typed word, until anything public changes."""

from typing import Any

import pytest
import time_machine
from django.http import HttpResponse
from django.test import Client

from apps.offices.models import Hotline
from apps.offices.public import cache as public_cache
from apps.offices.public import page
from tests import publicsite
from ydjy.public_site import middleware


@pytest.fixture
def remembering(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.PUBLIC_CACHE_SECONDS = 60
    monkeypatch.setattr(page, "_kept", None)


@pytest.mark.django_db
def test_a_page_is_made_once_until_something_public_changes(
    remembering: None,
    client: Client,
    settings: Any,
    django_assert_num_queries: Any,
):
    publicsite.load("jinzhou")
    first = client.get("/offices/")
    with django_assert_num_queries(0):
        again = client.get("/offices/")
    assert again.content == first.content
    assert again.headers["ETag"] == first.headers["ETag"]
    assert again.headers["Vary"] == first.headers["Vary"]
    assert again.headers["Content-Security-Policy"] == page.CSP
    Hotline.objects.filter(order=20).update(display="0416-7787017")
    settings.PUBLIC_CACHE_SECONDS = 0  # the two seconds are over
    assert "0416-7787017" in client.get("/offices/").content.decode()


@pytest.mark.django_db
def test_sizes_of_type_are_remembered_apart(remembering: None, client: Client):
    client.get("/about/")
    client.cookies["mode"] = "large"
    assert 'class="large"' in client.get("/about/").content.decode()


@pytest.mark.django_db
def test_what_people_type_is_not_remembered(remembering: None, client: Client):
    publicsite.load("jinzhou")
    for address in ("/search/?q=康宁", "/about/?name=王芳", "/workdays/?days=20&from=2026-11-20"):
        client.get(address)
    assert not page.furniture().memory._pages
    client.get("/referral/?area=210727&group=儿科")
    assert len(page.furniture().memory._pages) == 1


def test_the_least_asked_for_page_makes_room(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(public_cache, "MOST_BYTES", 250)
    one = public_cache.Memory()
    for key in "abc":
        one.keep((key,), HttpResponse(b"x" * 100))
        one.page(("a",))
    assert [key for key in "abc" if one.page((key,))] == ["a", "c"]
    monkeypatch.setattr(public_cache, "LARGEST", 50)
    one.keep(("d",), HttpResponse(b"x" * 100))
    assert not one.page(("d",))


def test_a_part_is_made_once_and_never_too_many_are_kept(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(public_cache, "MOST_PARTS", 2)
    one, made = public_cache.Memory(), []
    for name in ("a", "a", "b", "c", "c", "a"):
        one.part(name, lambda name=name: made.append(name))  # type: ignore[misc]
    assert made == ["a", "b", "c", "a"]


@pytest.mark.django_db
def test_the_short_way_keeps_every_header_and_goes_through_no_other_middleware(
    remembering: None, client: Client, monkeypatch: pytest.MonkeyPatch
):
    publicsite.load("jinzhou")
    first = client.get("/settlement/")
    monkeypatch.setattr(middleware, "public_only", None)  # the whole way would stumble over it
    with_mark = {"if-none-match": f"W/{first.headers['ETag']}"}
    again, unchanged = client.get("/settlement/"), client.get("/settlement/", headers=with_mark)
    assert dict(again.items()) == dict(first.items())
    assert unchanged.status_code == 304
    assert not unchanged.content
    for name in ("ETag", "Content-Security-Policy", "Vary", "Cache-Control", "Referrer-Policy",
                 "X-Frame-Options", "X-Content-Type-Options"):  # fmt: skip
        assert unchanged.headers[name] == first.headers[name], name
    assert "Content-Type" not in unchanged.headers
    assert client.get("/settlement/", headers={"if-none-match": '"other"'}).status_code == 200
    with pytest.raises(TypeError):  # the control
        client.get("/settlement/?n=1")


@pytest.mark.django_db
def test_nothing_but_a_whole_public_page_is_remembered(remembering: None, client: Client):
    publicsite.load("jinzhou")
    asked = (
        "/nothing/",
        "/mode/?to=large&next=/",
        "/healthz",
        "/admin/",
        "/guide/?situation=urgent&go=1",
    )
    for address in asked:
        client.get(address)
    client.get("/about/", headers={"host": "elsewhere.example"})
    client.post("/about/")
    assert not page.furniture().memory._pages
    client.get("/about/")
    assert len(page.furniture().memory._pages) == 1


@pytest.mark.django_db
def test_who_comes_too_often_is_held_up_on_the_short_way_too(
    remembering: None, client: Client, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(middleware, "_buckets", middleware.Buckets(lambda: 0.0))
    answers = [
        client.get("/about/", REMOTE_ADDR="203.0.113.9").status_code
        for _ in range(middleware.READING.burst + 3)
    ]
    assert answers[: middleware.READING.burst] == [200] * middleware.READING.burst
    assert set(answers[middleware.READING.burst :]) == {429}
    assert client.get("/about/", REMOTE_ADDR="203.0.113.10").status_code == 200


@pytest.mark.django_db
def test_nothing_that_was_remembered_outlives_the_stretch_of_the_day(
    remembering: None, client: Client
):
    publicsite.load("jinzhou")
    with time_machine.travel("2026-11-20 11:29:59+08:00", tick=False) as clock:
        before = client.get("/")
        again = client.get("/", headers={"if-none-match": before.headers["ETag"]})
        assert again.status_code == 304
        clock.move_to("2026-11-20 11:30:00+08:00")
        after = client.get("/", headers={"if-none-match": before.headers["ETag"]})
        assert after.status_code == 200
        assert after.headers["ETag"] != before.headers["ETag"]


@pytest.mark.django_db
def test_each_address_of_the_site_and_each_host_is_remembered_apart(
    remembering: None, client: Client
):
    for host in ("localhost", "127.0.0.1"):
        client.get("/about/", headers={"host": host})
    client.get("/about/", secure=True)
    assert len(page.furniture().memory._pages) == 3
