"""Whatever stands in an address or is posted to it, no page breaks.

Generated: the addresses of the resolver, the filters of the lists, and every name that the code
asks of a request. A value that is none of its parameter asks for nothing, or is told in a
sentence; it is never a fault of the system.
"""

import ast
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from unittest.mock import patch
from urllib.parse import urlencode

import pytest
from django import forms
from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.auth.models import Permission
from django.test import Client, RequestFactory
from django.urls import URLResolver, get_resolver, reverse

from apps.errors.models import ReturnFile, Ticket
from apps.offices.models import Staff
from tests.cast import Cast
from tests.rotating import part_of
from tests.test_house import SOURCES, STAFF_PAGES, STOCK, _model, concrete
from tests.test_scoping import MAKE
from ydjy.desk.models import Upload
from ydjy.desk.null_characters import without_nul
from ydjy.lib.whole_numbers import LARGEST, whole_number

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]

NINES = "9" * 25
HOSTILE = ("²", NINES, "x\0y", "2026-99-99", "-1", "%", "٣")
FEW = ("²", NINES + "\0")  # nines when the NUL is gone


def names_asked() -> set[str]:
    """Every literal name that the code takes out of something posted or asked."""
    found = set()
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                words = ast.unparse(node.func)
                asks = words.endswith((".get", ".getlist", ".pop")) and any(
                    place in words for place in ("GET", "POST", "asked", "typed", "data")
                )
                if asks and node.args and isinstance(node.args[0], ast.Constant):
                    found.add(node.args[0].value)
            if isinstance(node, ast.Compare) and isinstance(node.left, ast.Constant):
                found |= {
                    node.left.value for right in node.comparators if "GET" in ast.unparse(right)
                }
    return {name for name in found if isinstance(name, str)}


def fields_of_forms() -> set[str]:
    waiting, found = [forms.BaseForm], set()
    while waiting:
        for form in waiting.pop().__subclasses__():
            waiting.append(form)
            if form.__module__.startswith(("apps.", "ydjy.")):
                found |= set(getattr(form, "base_fields", {}))
    return found


ASKED = sorted(names_asked() | fields_of_forms() | {"d-1-1", "d-²-²", f"d-{NINES}-1"})
LISTS = dict(admin.site._registry)


def public_pages(resolver: Any = None, prefix: str = "") -> Iterator[str]:
    for entry in (resolver or get_resolver()).url_patterns:
        where = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            if not where.startswith("admin/"):
                yield from public_pages(entry, where)
        else:
            yield where


@pytest.fixture
def browser(cast: Cast, client_of: Any) -> Client:
    """Somebody of 义县 who may do everything, so that nothing is refused before it is read."""
    cast.yixian.user_permissions.set(Permission.objects.all())
    client = client_of(cast.yixian)
    client.raise_request_exception = False
    return client


def own_names(page: Any, request: Any) -> set[str]:
    """The parameters of a list: what its filters look up, and what every list has."""
    return {*page._own_lookups(request), "q", "p", "o", "all"}


@pytest.mark.parametrize("model", LISTS, ids=lambda m: m._meta.label)
def test_no_parameter_of_a_list_breaks_it(model: Any, cast: Cast, browser: Client):
    """Each alone, for one that is refused hides the others; then all of ours on the page."""
    if model in MAKE:
        MAKE[model](cast, "yixian")
    page, asked = LISTS[model], RequestFactory()
    person = Staff.objects.get(pk=cast.yixian.pk)
    for value in FEW:
        for name in sorted(own_names(page, _of(person, asked.get("/")))):
            request = _of(person, asked.get("/", {name: value}))
            request.GET = without_nul(request.GET)  # type: ignore[assignment]
            with suppress(IncorrectLookupParameters):  # is answered by the list without it
                list(page.get_changelist_instance(request).result_list)
    address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    ours = [f.parameter_name for f in page.list_filter if hasattr(f, "parameter_name")]
    for value in FEW:
        response = browser.get(address, dict.fromkeys([*ours, "q", "p", "o"], value))
        assert response.status_code in (200, 302), (value, response.status_code)


def _of(person: Staff, request: Any) -> Any:
    request.user = person
    return request


def _unbroken(browser: Client, method: str, address: str, names: Any) -> list[Any]:
    """The values that the page answers with a fault."""
    found = []
    for value in FEW:
        response = getattr(browser, method)(address, dict.fromkeys(names, value))
        if response.status_code >= 500:
            found.append((method, address, value))
    return found


def test_no_parameter_breaks_a_public_page(cast: Cast):
    client, broken = Client(raise_request_exception=False), []
    with patch("ydjy.public_site.middleware.too_fast", return_value=0):
        for where in public_pages():
            broken += _unbroken(client, "get", concrete(where), ASKED)
    assert not broken, broken


def test_no_parameter_breaks_a_page_of_the_staff(cast: Cast, browser: Client):
    rows = {m: make for m, make in MAKE.items() if m is not ReturnFile}  # its file is nowhere
    made, broken = {model: make(cast, "yixian").pk for model, make in rows.items()}, []
    Upload.objects.update(layout=[{"sheet": "报错", "headers": ["姓名"], "columns": {}}])
    for where, entry in part_of(STAFF_PAGES):
        if STOCK.search(entry.name) or entry.name in ("logout", "login"):
            continue  # lists have their own test, forms theirs
        address = concrete(where, made.get(_model(entry.name), 1))
        verb = getattr(entry.callback, "admin_verb", None)
        for method in verb.methods if verb else ("GET",):
            broken += _unbroken(browser, method.lower(), address, ASKED)
    assert not broken, broken


def test_no_query_inside_a_query_breaks_the_page(cast: Cast, browser: Client):
    """The list that a ticket was opened from, or that a bulk verb is meant for."""
    ticket = MAKE[Ticket](cast, "yixian")
    names = [f.parameter_name for f in LISTS[Ticket].list_filter]
    page = reverse("admin:errors_ticket_change", args=[ticket.pk])
    for value in FEW:
        query = urlencode(dict.fromkeys([*names, "o"], value))
        assert browser.get(page, {"from": query}).status_code == 200
        posted = {"all": "1", "query": query, "verb": "take"}
        bulk = browser.post(reverse("admin:errors_ticket_bulk_page"), posted)
        assert bulk.status_code in (200, 302)


def test_no_part_of_an_address_breaks_a_page(cast: Cast, browser: Client):
    broken = []
    for where, _entry in part_of(STAFF_PAGES):
        value = NINES if "<int" in where else f"{NINES}%00"
        address = re.sub(r"<[^>]*>", value, concrete(where, value))
        if "<" in where and browser.get(address).status_code >= 500:
            broken.append(address)
    assert not broken, broken


@pytest.mark.parametrize("typed", [*HOSTILE, "", None, " ", "1.0", str(LARGEST + 1)])
def test_what_is_no_whole_number_is_none(typed: str | None):
    assert whole_number(typed) is None


def test_a_whole_number_is_read():
    assert [whole_number(one) for one in ("0", "7", " 12 ", str(LARGEST))] == [0, 7, 12, LARGEST]
    assert whole_number("10", most=9) is None


def test_the_names_that_the_code_asks_for_are_found():
    assert {"one", "kind", "year", "from", "_selected_action", "institution", "show"} <= set(ASKED)


@pytest.mark.parametrize("path", SOURCES, ids=str)
def test_no_code_asks_whether_a_text_is_digits_where_it_means_a_number(path: Path):
    """``"²".isdigit()`` is true, ``int("²")`` is an error."""
    if "lib" not in path.parts:
        assert ".isdigit()" not in path.read_text(encoding="utf-8")
