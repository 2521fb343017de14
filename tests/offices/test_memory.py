"""What the public process remembers: pages without a typed word, until anything public changes."""

from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client, RequestFactory

from apps.offices import memory, page
from apps.offices.models import Hotline
from tests import publicsite


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
    monkeypatch.setattr(memory, "MOST_BYTES", 250)
    one = memory.Memory()
    for key in "abc":
        one.keep(key, HttpResponse(b"x" * 100))
        one.page("a")
    assert [key for key in "abc" if one.page(key)] == ["a", "c"]
    monkeypatch.setattr(memory, "LARGEST", 50)
    one.keep("d", HttpResponse(b"x" * 100))
    one.keep("", HttpResponse(b"x"))
    one.keep("e", HttpResponse(b"x", status=404))
    assert not any(one.page(key) for key in ("d", "", "e"))


def test_a_part_is_made_once_and_never_too_many_are_kept(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(memory, "MOST_PARTS", 2)
    one, made = memory.Memory(), []
    for name in ("a", "a", "b", "c", "c", "a"):
        one.part(name, lambda name=name: made.append(name))  # type: ignore[misc]
    assert made == ["a", "b", "c", "a"]


def test_the_host_is_part_of_the_key(rf: RequestFactory):
    keys = {memory.key_of(rf.get("/", headers={"host": h}), "") for h in ("localhost", "127.0.0.1")}
    assert len(keys) == 2
