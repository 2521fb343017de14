"""Nobody overwrites what they did not see (issue 13, kind 2): every form, inline and button."""

from typing import Any

import pytest
from django.contrib import admin
from django.db import models
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from apps.errors.models import Batch, Notice, Ticket
from apps.filings.models import Filing, Inbound
from apps.institutions.models import Institution
from tests import cast as casting
from tests.cast import Cast
from tests.desk.test_forms import CHANGEABLE, SPECIAL, address, changed, lead, told
from tests.formrows import MAKE
from tests.pageforms import Values, forms_of, main_form
from tests.rotating import part_of
from ydjy.desk.admin import forms as desk_forms
from ydjy.desk.admin import verb as admin_verb
from ydjy.desk.admin.modeladmin import DeskAdmin
from ydjy.desk.admin.person_search import REASONS
from ydjy.desk.models import Change, Export
from ydjy.desk.row_state import state_of

pytestmark = pytest.mark.django_db
INLINES = [
    (model, inline)
    for model in CHANGEABLE
    for inline in admin.site._registry[model].inlines
    if "ReadOnlyInline" not in [base.__name__ for base in inline.__mro__]
]
STEPS = [
    (model, verb)
    for model, page in admin.site._registry.items()
    if isinstance(page, DeskAdmin)
    for _, verb in page.verbs()
    if verb.row and verb.methods == ("POST",)
]
OWNERS = list(dict.fromkeys(model for model, _ in STEPS))
ROWS: dict[type[models.Model], Any] = MAKE | {
    Export: lambda cast: casting.export(cast, "city"),
    Ticket: casting.ticket,
    Batch: lambda cast: casting.batch(),
    Notice: lambda cast: Notice.objects.create(
        to=cast.lead, key="k", words="催办", at=timezone.now()
    ),
}
# Steps of a page that add something beside the row and overwrite nothing of it.
ADDS = {"attach", "void_attachment", "note_call", "print_copy", "urge", "declare_nothing", "work"}


@pytest.fixture
def browser(cast: Cast, client_of: Any) -> Client:
    return client_of(lead(cast))


def last_change() -> int:
    return Change.objects.latest("pk").pk


@pytest.mark.parametrize("model", part_of(CHANGEABLE), ids=lambda m: m._meta.label)
def test_a_stale_save_shows_both_texts_and_loses_neither(model: Any, cast: Cast, browser: Client):
    row = MAKE[model](cast)
    mine = main_form(page := browser.get(address(row))).values
    theirs = changed(page, SPECIAL.get(model._meta.label, {}))
    assert browser.post(address(row), theirs).status_code == 302
    written = last_change()
    refused = browser.post(address(row), mine)
    assert refused.status_code == 200
    assert last_change() == written
    conflicts = refused.context["conflicts"]
    text = refused.content.decode()
    assert conflicts
    assert "你打开这一页在那以前" in text
    assert f"{cast.lead} " in text, "it says who"
    for found in conflicts:
        assert found.theirs != found.mine
        assert found.theirs[:20] in text.replace("&quot;", '"')
    for inline in refused.context["inline_admin_formsets"]:
        if inline.has_change_permission and inline.formset.initial_forms:
            assert list(inline.formset.all_conflicts()), "an inline was overwritten unseen"
    typed = main_form(refused).values
    kept = {n: v for n, v in mine.items() if not n.endswith(("seen", "KNOWN", "middlewaretoken"))}
    assert {name: typed.get(name, "") for name in kept} == kept
    again = browser.post(address(row), typed)
    assert again.status_code == 302, told(again)


@pytest.mark.parametrize(("model", "inline"), part_of(INLINES), ids=lambda part: part.__name__)
def test_a_line_that_was_deleted_meanwhile_is_told_and_can_be_kept(
    model: Any, inline: Any, cast: Cast, browser: Client
):
    row = MAKE[model](cast)
    mine = main_form(browser.get(address(row))).values
    inline.model.objects.all().delete()
    refused = browser.post(address(row), mine)
    assert refused.status_code == 200
    assert desk_forms.GONE in refused.content.decode()
    assert not inline.model.objects.exists()
    again = browser.post(address(row), main_form(refused).values)
    assert again.status_code == 302, told(again)
    assert inline.model.objects.count() == 1


@pytest.mark.parametrize(("model", "inline"), part_of(INLINES), ids=lambda part: part.__name__)
def test_a_line_that_was_added_meanwhile_is_shown_before_it_is_added_twice(
    model: Any, inline: Any, cast: Cast, browser: Client
):
    row = MAKE[model](cast)
    page = browser.get(address(row))
    line, prefix, added = (
        main_form(page).values,
        prefix_of(page, inline),
        inline.model.objects.get(),
    )
    inline.model.objects.all().delete()
    mine = main_form(browser.get(address(row))).values
    mine |= {name: value for name, value in line.items() if name.startswith(f"{prefix}-0-")}
    mine |= {f"{prefix}-0-id": "", f"{prefix}-0-seen": ""}
    mine[f"{prefix}-TOTAL_FORMS"] = max(1, int(mine[f"{prefix}-TOTAL_FORMS"]))
    added.pk = None
    added.save()
    before = inline.model.objects.count()
    refused = browser.post(address(row), mine)
    assert refused.status_code == 200
    assert inline.model.objects.count() == before


def prefix_of(page: Any, inline: Any) -> str:
    sets = page.context["inline_admin_formsets"]
    return next(one.formset.prefix for one in sets if type(one.opts) is inline)


def test_the_same_page_saved_twice_in_a_row_is_no_conflict(cast: Cast, browser: Client):
    row = MAKE[Institution](cast)
    mine = main_form(browser.get(address(row))).values | {"phone": "0416-1111111"}
    for _ in range(2):
        assert browser.post(address(row), mine).status_code == 302


def test_a_form_without_its_word_is_not_taken(cast: Cast, browser: Client):
    row = MAKE[Institution](cast)
    mine: Values = main_form(browser.get(address(row))).values | {"phone": "0416-1111111"}
    del mine["seen"]
    assert browser.post(address(row), mine).status_code == 200


# Buttons -----------------------------------------------------------------------------------------


def pressed(row: models.Model, verb: Any) -> str:
    base = f"admin:{row._meta.app_label}_{row._meta.model_name}"
    return reverse(f"{base}_{verb.name}", args=[row.pk])


def touch(row: models.Model) -> None:
    """A colleague's change of the row."""
    column = next(
        f for f in row._meta.concrete_fields
        if f.name in ("version", "rows", "order", "iso_year", "words")
    )  # fmt: skip
    old = getattr(row, column.name)
    type(row)._base_manager.filter(pk=row.pk).update(
        **{column.name: old + 1 if isinstance(old, int) else f"{old}！"}
    )


@pytest.mark.parametrize("model", OWNERS, ids=lambda m: m._meta.label)
def test_a_step_on_an_overtaken_page_is_refused_with_the_page_as_it_is_now(
    model: Any, cast: Cast, browser: Client
):
    row = ROWS[model](cast)
    for verb in (verb for owner, verb in STEPS if owner is model):
        row.refresh_from_db()
        word = state_of(row)
        touch(row)
        written = last_change()
        answers = dict.fromkeys(verb.asks, "打过的字") if verb.changes else {"reason": REASONS[0]}
        answer = browser.post(pressed(row, verb), {"seen": word, **answers})
        if not verb.changes:
            assert answer.status_code == 200
            continue
        if answer.status_code == 302:  # a list without pages of its rows
            answer = browser.get(answer.url)
        assert "你打开这一页在那以前" in answer.content.decode(), verb.name
        assert last_change() == written
        offered = {button.name: button for button in answer.context.get("verbs", ())}
        if verb.name in offered:
            assert all(typed == "打过的字" for *_, typed in offered[verb.name].asks)


def test_a_step_on_a_page_that_nobody_overtook_is_taken(cast: Cast, browser: Client):
    row = casting.filing(cast)
    form = next(
        form for form in forms_of(browser.get(address(row)))
        if form.attrs.get("action", "").endswith("/submit/")
    )  # fmt: skip
    browser.post(form.attrs["action"], form.values)
    row.refresh_from_db()
    assert row.status == Filing.Status.PENDING


@pytest.mark.parametrize("model", OWNERS, ids=lambda m: m._meta.label)
def test_every_button_of_a_page_says_what_it_was_pressed_on(
    model: Any, cast: Cast, browser: Client
):
    row = ROWS[model](cast)
    steps = {pressed(row, verb): verb for owner, verb in STEPS if owner is model}
    for form in forms_of(browser.get(address(row))):
        verb = steps.get(form.attrs.get("action", ""))
        if verb and verb.changes and verb.name not in ADDS:
            assert form.values.get("seen"), f"{verb.name} does not say what it was pressed on"


def test_only_what_changes_nothing_may_be_done_on_an_overtaken_page():
    assert {verb.name for _, verb in STEPS if not verb.changes} == {"reveal"}
    assert {Filing, Inbound} <= {model for model, _ in STEPS}


# Negative controls: each guard taken away, a test must notice -------------------------------------


def test_a_form_that_does_not_look_is_noticed(
    cast: Cast, browser: Client, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(desk_forms.DeskForm, "_compare", lambda form, row: None)
    with pytest.raises(AssertionError):
        test_a_stale_save_shows_both_texts_and_loses_neither(Institution, cast, browser)


def test_a_step_that_does_not_look_is_noticed(
    cast: Cast, browser: Client, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(admin_verb, "must_be_as_seen", lambda *args: None)
    with pytest.raises(AssertionError):
        test_a_step_on_an_overtaken_page_is_refused_with_the_page_as_it_is_now(
            Filing, cast, browser
        )
