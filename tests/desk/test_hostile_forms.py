"""Judged before it is written; no form answers 500 (issue 13, kind 3).

Every form and inline that somebody can change, each field, every value that people paste or type
by mistake. A value that the form takes must also go into the table, on either engine.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from django import forms
from django.contrib import admin
from django.db import DatabaseError, IntegrityError, transaction
from django.http import HttpRequest, QueryDict
from django.test import Client, RequestFactory
from django.urls import reverse

from apps.filings.models import Inbound
from tests import cast as casting
from tests.cast import Cast
from tests.desk.test_forms import CHANGEABLE, address, fields_on, lead, told
from tests.formrows import MAKE
from tests.pageforms import Values, main_form
from tests.rotating import part_of
from ydjy.desk.admin import forms as desk_forms
from ydjy.desk.admin.modeladmin import DeskAdmin

pytestmark = pytest.mark.django_db
# What is typed or pasted into a field by mistake, by the kind of the field.
HOSTILE: dict[type[forms.Field], tuple[str, ...]] = {
    forms.DateField: ("0001-01-01", "9999-12-31", "1990-01-01", "2026-02-30"),
    forms.TimeField: ("25:61", "00:00"),
    forms.ModelChoiceField: ("9" * 25, "-1", "²", "\0"),
    forms.ChoiceField: ("9" * 25, "\0"),
    forms.BooleanField: (),
    forms.IntegerField: ("", "9" * 25, "9" * 20, "32768", "2147483648", "-1", "²", "１２"),
    forms.CharField: ("", "9" * 25, "中\0文", "长" * 5000, "🏥", "、，"),
}
PASTED = "长" * 5000


def hostile_to(field: forms.Field) -> tuple[str, ...]:
    return next(values for kind, values in HOSTILE.items() if isinstance(field, kind))


@pytest.fixture
def request_of_lead(cast: Cast) -> HttpRequest:
    request = RequestFactory().post("/")
    request.user = lead(cast)
    return request


@pytest.fixture
def browser(cast: Cast, client_of: Any) -> Client:
    return client_of(lead(cast))


def posted(values: Values) -> QueryDict:
    data = QueryDict(mutable=True)
    for name, value in values.items():
        data.setlist(name, value if isinstance(value, list) else [value])
    return data


def rounds(fields: dict[str, Any]) -> Iterator[Values]:
    """Every field with the first of what is hostile to it, then the second, and so on."""
    typed = {name: hostile_to(f) for name, f in fields.items() if not f.widget.is_hidden}
    for place in range(max(map(len, typed.values()), default=0)):
        yield {name: values[place] for name, values in typed.items() if place < len(values)}


def judge(values: Values, hostile: Values, bind: Any, save: Any) -> None:
    """What the form takes, the table takes: refused fields are put back until all is taken; a
    refusal that is of no one field is tried field by field."""
    while hostile:
        bound = bind(posted(values | hostile))
        try:
            with transaction.atomic():
                if taken := bound.is_valid():
                    save(bound)
                transaction.set_rollback(True)
        except (DatabaseError, OverflowError, ValueError) as wrong:
            raise AssertionError(f"{list(hostile)}: taken by the form, then {wrong!r}") from wrong
        if taken:
            return
        refused = {
            form.add_prefix(n) for form in getattr(bound, "forms", [bound]) for n in form.errors
        }
        if not refused & set(hostile):
            break
        hostile = {name: value for name, value in hostile.items() if name not in refused}
    if len(hostile) > 1:
        for name, value in hostile.items():
            judge(values, {name: value}, bind, save)


@pytest.mark.parametrize("model", part_of(CHANGEABLE), ids=lambda m: m._meta.label)
def test_what_a_form_takes_the_table_takes(
    model: Any, cast: Cast, browser: Client, request_of_lead: Any
):
    row = MAKE[model](cast)
    page = admin.site._registry[model]
    shown = browser.get(address(row))
    values = main_form(shown).values
    form_class = page.get_form(request_of_lead, row, change=True)
    for hostile in rounds(dict(shown.context["adminform"].form.fields)):
        judge(
            values,
            hostile,
            lambda data: form_class(data, instance=model._base_manager.get(pk=row.pk)),
            lambda form: page.save_model(request_of_lead, form.save(commit=False), form, True),
        )
    inlines = {type(one.opts): one.formset.prefix for one in shown.context["inline_admin_formsets"]}
    for formset_class, inline in page.get_formsets_with_inlines(request_of_lead, row):
        prefix = inlines[type(inline)]
        lines = {n: f for n, f in fields_on(shown).items() if n.startswith(f"{prefix}-")}
        for hostile in rounds(lines) if inline.has_change_permission(request_of_lead) else ():
            judge(
                values,
                hostile,
                lambda data, kind=formset_class, at=prefix: kind(data, instance=row, prefix=at),
                lambda lineset: lineset.save(),
            )


@pytest.mark.parametrize("model", part_of(CHANGEABLE), ids=lambda m: m._meta.label)
def test_a_refused_form_comes_back_with_everything_typed_and_the_cursor_in_it(
    model: Any, cast: Cast, browser: Client
):
    row = MAKE[model](cast)
    shown = browser.get(address(row))
    form, fields = main_form(shown), fields_on(shown)
    texts = [n for n, f in fields.items() if not (f.widget.is_hidden or n in form.choices)]
    answer = browser.post(address(row), form.values | dict.fromkeys(texts, PASTED))
    assert answer.status_code == 200
    again = main_form(answer).values
    assert {name: again.get(name) for name in texts} == dict.fromkeys(texts, PASTED)
    assert " autofocus" in answer.content.decode()


@pytest.mark.parametrize("model", part_of(CHANGEABLE), ids=lambda m: m._meta.label)
def test_the_same_row_entered_twice_is_taken_or_refused_but_never_an_error(
    model: Any, cast: Cast, browser: Client
):
    row = MAKE[model](cast)
    typed = main_form(browser.get(address(row))).values
    for name in [n for n in typed if n.endswith("INITIAL_FORMS")]:
        typed[name] = 0
    typed = {n: "" if n.endswith(("-id", "seen")) else v for n, v in typed.items()}
    base = f"admin:{model._meta.app_label}_{model._meta.model_name}_add"
    secrets = {"cert_no": casting.number(1), "password1": "Violet-Piano-77"}
    answer = browser.post(reverse(base), typed | secrets | {"password2": "Violet-Piano-77"})
    assert answer.status_code in (200, 302, 403)


def test_the_same_inbound_twice_is_told_at_its_field_and_of_another_county_nothing(
    cast: Cast, client_of: Any
):
    row = MAKE[Inbound](cast)
    for person, office, answer_is in (("yixian", "yixian", 200), ("heishan", "heishan", 302)):
        typed = {
            "cert_type": row.cert_type, "cert_no": row.cert_no.reveal(), "name": row.name,
            "phone": "13812345678", "insured_area": row.insured_area, "insutype": row.insutype,
            "agency": row.agency, "agency_phone": row.agency_phone, "origin": row.origin,
            "office": cast.office[office].pk, "group": row.group, "start_on": "2026-11-01",
        }  # fmt: skip
        answer = client_of(cast.staff[person]).post("/admin/filings/inbound/add/", typed)
        assert answer.status_code == answer_is
        if answer_is == 200:
            assert "start_on" in answer.context["adminform"].form.errors, told(answer)


# The last net ------------------------------------------------------------------------------------


def test_what_only_the_database_refuses_comes_back_as_a_form(
    cast: Cast, browser: Client, monkeypatch: pytest.MonkeyPatch
):
    row = MAKE[Inbound](cast)
    typed = main_form(browser.get(address(row))).values | {"note": "改过"}

    def refuse(*args: Any, **kwargs: Any) -> None:
        raise IntegrityError("CHECK constraint failed: inbound_period")

    monkeypatch.setattr(DeskAdmin, "save_model", refuse)
    answer = browser.post(address(row), typed)
    assert answer.status_code == 200
    assert "结束日期早于开始日期" in answer.content.decode()
    assert main_form(answer).values["note"] == "改过"


def test_the_databases_own_words_are_never_shown():
    wrong = IntegrityError("duplicate key value\nDETAIL: Key (cert_no)=(210727) exists.")
    assert desk_forms.no_room(Inbound, wrong) == desk_forms.REFUSED
    assert desk_forms.no_room(Inbound, OverflowError("too large")) == desk_forms.REFUSED


def test_a_constraint_that_is_not_asked_is_noticed(
    cast: Cast, client_of: Any, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(desk_forms.DeskForm, "_judge_constraints", lambda form: None)
    with pytest.raises(AssertionError):
        test_the_same_inbound_twice_is_told_at_its_field_and_of_another_county_nothing(
            cast, client_of
        )
