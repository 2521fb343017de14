"""The rules of the house, for every model, page, file and command there is or will be."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.core.management import get_commands, load_command_class
from django.db import models
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from tests import cast as casting
from tests.cast import Cast, canary
from tests.test_scoping import MAKE
from ydjy.desk.admin.modeladmin import DeskAdmin, ReadOnlyInline
from ydjy.desk.crypto.fields import SealedTextField

ROOT = Path(settings.BASE_DIR)
SOURCES = sorted(
    path
    for folder in ("ydjy", "apps")
    for path in (ROOT / folder).rglob("*.py")
    if "migrations" not in path.parts
)
TEMPLATES = sorted(path for f in ("ydjy", "apps") for path in (ROOT / f).rglob("*.html"))
CHINESE = re.compile(r"[一-龥]")
OURS = [m for m in apps.get_models() if m.__module__.startswith(("apps.", "ydjy."))]


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


# Models ----------------------------------------------------------------------------------------

LINE = ("desk", "offices", "institutions", "filings", "errors")


@pytest.mark.parametrize("model", OURS, ids=lambda m: m._meta.label)
def test_a_model_points_down_the_line_and_never_up(model: Any):
    for field in model._meta.get_fields():
        if field.is_relation and field.concrete and field.related_model in OURS:
            if field.related_model._meta.label == settings.AUTH_USER_MODEL:
                continue  # by setting, as Django wants it
            here, there = model._meta.app_label, field.related_model._meta.app_label
            assert LINE.index(there) <= LINE.index(here), field


@pytest.mark.parametrize("model", OURS, ids=lambda m: m._meta.label)
def test_everything_a_person_reads_of_a_model_is_chinese(model: Any):
    assert CHINESE.search(str(model._meta.verbose_name)), "verbose_name"
    english = [
        field.name
        for field in model._meta.fields
        if field.editable and not field.primary_key and not CHINESE.search(str(field.verbose_name))
    ]
    assert english == []


@pytest.mark.parametrize("model", OURS, ids=lambda m: m._meta.label)
def test_a_constraint_that_a_person_can_meet_says_it_in_chinese(model: Any):
    for constraint in model._meta.constraints:
        said = str(constraint.violation_error_message or "")
        if constraint.violation_error_message != constraint.default_violation_error_message:
            assert CHINESE.search(said), constraint.name


@pytest.mark.django_db
def test_no_row_about_a_person_names_the_person(cast: Cast):
    about_people = {m for m in OURS if {f.name for f in m._meta.fields} >= {"cert_no", "name"}}
    assert about_people <= set(MAKE)
    for model in about_people:
        row = MAKE[model](cast, "yixian")
        for text in (str(row), repr(row), repr(row.cert_no), f"{row.cert_no}"):
            assert canary("yixian") not in text
            assert casting.number(1) not in text


# Admin -----------------------------------------------------------------------------------------

PAGES = {m: p for m, p in admin.site._registry.items() if m in OURS}


def test_the_staff_site_has_no_pages_but_ours():
    assert set(admin.site._registry) == set(PAGES)


@pytest.mark.parametrize("model", PAGES, ids=lambda m: m._meta.label)
def test_an_admin_is_made_of_the_kit_and_says_what_it_is_for(model: Any):
    page = PAGES[model]
    assert isinstance(page, DeskAdmin)
    assert CHINESE.search(page.about), "about"
    assert page.about.endswith("。")
    assert page.show_full_result_count is False
    assert page.list_max_show_all <= 200
    assert not page.list_editable


@pytest.mark.parametrize("model", PAGES, ids=lambda m: m._meta.label)
def test_no_list_shows_sorts_or_filters_by_a_sealed_column(model: Any):
    page = PAGES[model]
    secret = {f.name for f in model._meta.fields if isinstance(f, SealedTextField)} | {"cert_index"}
    used = {e[0] if isinstance(e, tuple | list) else e for e in page.list_filter}
    used |= {*page.list_display, *page.search_fields, *page.extra_lookups}
    assert not {str(name).lstrip("^=@").split("__")[0] for name in used} & secret


@pytest.mark.parametrize("model", PAGES, ids=lambda m: m._meta.label)
def test_events_beside_a_row_can_only_be_read(model: Any):
    for inline in PAGES[model].inlines:
        if inline.model.__name__.endswith("Event"):
            assert issubclass(inline, ReadOnlyInline)


# Addresses -------------------------------------------------------------------------------------

# Open to everybody on the staff; each page asks for itself what the person may see on it.
FOR_ALL_STAFF = {
    "index",
    "system",
    "app_list",
    "password_change",
    "password_change_done",
    "second_factor",
    "stay",
}
FOR_ANYBODY = {"login", "logout", "jsi18n"}
STOCK = re.compile(r"_(changelist|add|history|delete|change|password_change)$")


def addresses(resolver: Any = None, prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    """(path with {} for its parts, pattern) of everything under /admin/."""
    for entry in (resolver or get_resolver()).url_patterns:
        where = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from addresses(entry, where)
        elif where.startswith("admin/"):
            yield where, entry


STAFF_PAGES = [(where, entry) for where, entry in addresses() if entry.name]
IDS = [entry.name for _, entry in STAFF_PAGES]


def concrete(where: str, pk: Any = 1) -> str:
    where = where.replace("^", "").replace("$", "").replace("\\Z", "")
    where = re.sub(r"<path:object_id>", str(pk), where)
    where = re.sub(r"\(\?P<app_label>[^)]*\)", "filings", where)
    return "/" + re.sub(r"<[^>]*>", "1", where)


@pytest.mark.parametrize(("where", "entry"), STAFF_PAGES, ids=IDS)
def test_a_page_of_our_own_is_a_verb_with_a_permission(where: str, entry: URLPattern):
    callback = entry.callback
    if callback.__module__.startswith("django.") or STOCK.search(entry.name):
        return
    verb = getattr(callback, "admin_verb", None)
    assert verb or entry.name in FOR_ALL_STAFF | FOR_ANYBODY, callback
    if verb:
        assert all("." in code for code in verb.permissions)


@pytest.mark.django_db
@pytest.mark.parametrize(("where", "entry"), STAFF_PAGES, ids=IDS)
def test_staff_without_a_permission_is_refused_everywhere(
    where: str, entry: URLPattern, cast: Cast, client_of: Any
):
    """The person has a case role, so sees the rows of 义县, but no permission at all."""
    if entry.name in FOR_ALL_STAFF | FOR_ANYBODY:
        return
    cast.yixian.groups.clear()
    browser, model = client_of(cast.yixian), _model(entry.name)
    address = concrete(where, MAKE[model](cast, "yixian").pk if model in MAKE else 1)
    verb = getattr(entry.callback, "admin_verb", None)
    allowed = {403} if verb or model in MAKE else {403, 404, 405}
    for method in verb.methods if verb else ("GET", "POST"):
        response = getattr(browser, method.lower())(address)
        assert response.status_code in allowed, f"{method} {address}: {response.status_code}"


def _model(name: str) -> Any:
    for model in PAGES:
        if name.startswith(f"{model._meta.app_label}_{model._meta.model_name}_"):
            return model
    return None


@pytest.mark.django_db
@pytest.mark.parametrize(("where", "entry"), STAFF_PAGES, ids=IDS)
def test_a_visitor_is_sent_to_the_login(where: str, entry: URLPattern):
    if entry.name in FOR_ANYBODY:
        return
    for method in ("get", "post"):
        response = getattr(Client(), method)(concrete(where))
        assert response.status_code == 302, concrete(where)
        assert response.url.startswith(reverse("admin:login"))


def test_the_walk_finds_the_pages():
    assert len(STAFF_PAGES) > 100
    assert "filings_filing_approve" in IDS


# Templates -------------------------------------------------------------------------------------

INLINE = re.compile(r"<style|\sstyle=|\son\w+=\"|<script(?![^>]*\ssrc=)", re.IGNORECASE)


@pytest.mark.parametrize("path", TEMPLATES, ids=named)
def test_a_template_has_no_inline_script_style_or_handler(path: Path):
    found = INLINE.findall(path.read_text(encoding="utf-8"))
    assert found == []


def test_an_inline_handler_would_be_found():
    for bad in ('<p style="x">', "<script>x</script>", '<a onclick="x">', "<style>"):
        assert INLINE.search(bad)
    assert not INLINE.search('<script src="/x.js" defer></script>')


# Files -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", SOURCES, ids=named)
def test_files_and_functions_are_short(path: Path):
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") <= 400
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or 0) - node.lineno + 1
            assert length <= 40, f"{node.name}: {length} lines"


@pytest.mark.parametrize("path", [*SOURCES, *TEMPLATES], ids=named)
def test_nothing_is_left_for_later_and_no_word_blames_the_reader(path: Path):
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"\b(TODO|FIXME|XXX)\b", text)
    assert not re.search("非法|系统繁忙|操作失败|系统错误", text)


def test_every_command_of_ours_explains_itself_in_chinese():
    ours = {
        name: app for name, app in get_commands().items() if str(app).startswith(("ydjy", "apps"))
    }
    assert {"seal_changes", "verify_changes"} <= set(ours)
    for name, app in ours.items():
        assert CHINESE.search(load_command_class(app, name).help), name


# What people are told --------------------------------------------------------------------------

SENTENCE_AT = {"must": 1, "Refused": 0, "ValidationError": 0, "CommandError": 0}
MESSAGE = {"error": 1, "success": 1, "warning": 1, "info": 1}


def sentences(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """(line, literal text) of what is said to people: refusals, messages, labels."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        at = SENTENCE_AT.get(name)
        if (
            isinstance(node.func, ast.Attribute)
            and getattr(node.func.value, "id", "") == "messages"
        ):
            at = MESSAGE.get(name)
        spoken = [node.args[at]] if at is not None and len(node.args) > at else []
        spoken += [
            k.value
            for k in node.keywords
            if k.arg in ("help_text", "violation_error_message", "label", "search_help_text")
        ]
        for value in spoken:
            words = [
                part.value
                for part in ast.walk(value)
                if isinstance(part, ast.Constant) and isinstance(part.value, str)
            ]
            if literal := "".join(words).strip():
                yield node.lineno, literal


def punctuation(text: str) -> bool:
    """A half-width comma, semicolon, question or exclamation mark right behind a Chinese word."""
    return bool(re.search(r"[一-龥][,;?!]", text))


@pytest.mark.parametrize("path", SOURCES, ids=named)
def test_what_people_are_told_is_chinese(path: Path):
    for line, text in sentences(ast.parse(path.read_text(encoding="utf-8"))):
        assert CHINESE.search(text) or not re.search("[A-Za-z]", text), f"line {line}: {text}"
        assert not punctuation(text), f"line {line}: {text}"


def test_an_english_refusal_would_be_found():
    bad = ast.parse('must(x, "not allowed")\nmessages.error(request, "oops")')
    assert [text for _, text in sentences(bad)] == ["not allowed", "oops"]


@pytest.mark.parametrize("model", OURS, ids=lambda m: m._meta.label)
def test_choices_and_hints_are_chinese(model: Any):
    for field in model._meta.fields:
        if field.help_text:
            assert CHINESE.search(str(field.help_text)), field.name
        for _, label in field.flatchoices if isinstance(field, models.CharField) else ():
            assert CHINESE.search(str(label)), f"{field.name}: {label}"


LABEL = re.compile(r"<(label|th|legend|h1|h2)\b[^>]*>(.*?)</\1>", re.DOTALL)
TAG = re.compile(r"<[^>]*>|&[^;]*;")
MACHINE = re.compile(r'alt="(True|False|None)"|\bobject \(\d+\)|\["[a-z]')  # icons, rows, lists


def test_the_parts_of_a_row_say_which_columns_they_show():
    beside = [inline for page in admin.site._registry.values() for inline in page.inlines]
    assert beside
    assert all(inline.fields for inline in beside)


def test_every_row_that_a_page_shows_has_a_name_of_its_own():
    beside = [inline.model for page in admin.site._registry.values() for inline in page.inlines]
    nameless = {m for m in [*PAGES, *beside] if m.__str__ is models.Model.__str__}
    assert not nameless


def test_the_notation_of_a_computer_would_be_found():
    for page in ('<img alt="True">', "<p>TicketEvent object (3)</p>", '<div>["retired"]</div>'):
        assert MACHINE.search(page)


@pytest.mark.django_db
@pytest.mark.parametrize("model", PAGES, ids=lambda m: m._meta.label)
def test_every_list_and_form_opens_and_every_label_on_it_is_chinese(
    model: Any, cast: Cast, client_of: Any
):
    cast.lead.user_permissions.set(Permission.objects.all())
    browser, base = client_of(cast.lead), f"admin:{model._meta.app_label}_{model._meta.model_name}"
    addresses = [reverse(f"{base}_changelist"), reverse(f"{base}_add")]
    if model in MAKE:
        addresses.append(reverse(f"{base}_change", args=[MAKE[model](cast, "city").pk]))
    for address in addresses:
        page = browser.get(address)
        assert page.status_code in ((200, 403) if address.endswith("/add/") else (200,)), address
        content = page.content.decode()
        assert not (said := MACHINE.search(content)), f"{address}: {said}"
        for _, inside in LABEL.findall(content):
            words = TAG.sub(" ", inside).strip()
            english = re.search(r"[A-Za-z]{4,}", words) and not CHINESE.search(words)
            assert not english, f"{address}: {words}"
