"""No identity number in words that stand in the clear: every form, every step, every file name."""

from collections.abc import Iterator
from typing import Any

import pytest
from django import forms
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import models
from django.test import RequestFactory

from tests import cast as casting
from tests.cast import Cast
from tests.desk.test_canary import tables
from tests.test_house import STAFF_PAGES, concrete
from tests.test_scoping import MAKE
from ydjy.desk import free_text
from ydjy.desk.admin.modeladmin import DeskForm
from ydjy.desk.crypto.fields import SealedTextField, sealed_names
from ydjy.desk.models import Upload

pytestmark = pytest.mark.django_db
NUMBER = casting.number(77)
# Forms without words of a person: what is asked for there is stored nowhere, or is a choice.
WORDLESS = {
    "AskForm": "a question about referral, answered and forgotten",
    "DayForm": "one date",
    "LeavingForm": "a colleague chosen from a list",
    "PlaceForm": "a place looked up",
    "RouteForm": "a rule tried out and forgotten",
    "ColumnsForm": "which column is which",
    "SecondFactorForm": "a password and six digits",
}
# What boxes are called that stand in a template and belong to no form.
NAMES = ("reason", "words", "note", "on", "excuse", "items", "due_on", "until", "r-1")


def texts(form: Any) -> list[str]:
    return [
        name
        for name, field in form.fields.items()
        if isinstance(field, forms.CharField) and not free_text.is_sealed(name, field)
    ]


def forms_of(page: Any, request: Any) -> Iterator[Any]:
    if page.has_change_permission(request) or page.has_add_permission(request):
        yield page.get_form(request, None)
    for inline in page.get_inline_instances(request):
        yield inline.get_formset(request, None).form


@pytest.mark.parametrize("page", admin.site._registry.values(), ids=lambda p: p.opts.label)
def test_every_text_field_of_every_admin_refuses_a_number(page: Any, cast: Cast):
    cast.root.office = cast.office["city"]
    request = RequestFactory().get("/")
    request.user = cast.root
    for made in forms_of(page, request):
        wanted = texts(made())
        form = made(dict.fromkeys(wanted, f"见 {NUMBER} 的材料"))
        form.full_clean()
        for name in wanted:
            if form.fields[name].disabled or isinstance(form.fields[name], forms.URLField):
                continue
            assert form.errors.get(name), f"{made.__name__}.{name}"
            assert NUMBER not in str(form.errors[name])


def below(kind: type) -> Iterator[type]:
    for sub in kind.__subclasses__():
        yield sub
        yield from below(sub)


def test_every_form_of_a_page_of_ours_is_made_so():
    ours = {f for f in below(forms.BaseForm) if f.__module__.startswith(("apps.", "ydjy."))}
    assert {f.__name__ for f in ours} > {"WorkForm", "RegisterForm", "BulkForm", "ExportForm"}
    without = {f.__name__ for f in ours if not issubclass(f, free_text.NoNumbers)}
    passwords = {"SigninForm", "StaffPasswordForm", "OwnPasswordForm"}
    assert without - passwords == set(WORDLESS)
    assert issubclass(DeskForm, free_text.NoNumbers)


def stored() -> set[str]:
    return {table for table, words in tables().items() if NUMBER in words}


def test_no_step_of_any_row_stores_a_number_that_was_typed_into_its_words(
    cast: Cast, client_of: Any, monkeypatch: pytest.MonkeyPatch
):
    """Every address that takes a POST, with the number in every box it asks and every box that
    any template has."""
    cast.yixian.user_permissions.set(Permission.objects.all())
    browser, tried = client_of(cast.yixian), 0
    rows = {m: make(cast, "yixian") for m, make in MAKE.items() if m is not Upload}
    for where, entry in STAFF_PAGES:
        verb = getattr(entry.callback, "admin_verb", None)
        if verb is None or "POST" not in verb.methods or verb.name in ("receive", "list_receive"):
            continue
        model = next((m for m in rows if entry.name.startswith(prefix(m))), None)
        words = dict.fromkeys((*NAMES, *verb.asks), f"核对 {NUMBER}")
        chosen = {"do": "save", "version": rows[model].version} if hasattr(model, "version") else {}
        browser.post(concrete(where, rows[model].pk if model else 1), words | chosen)
        tried += 1
    assert tried > 60
    assert stored() == set()
    monkeypatch.setattr(free_text, "refuse_numbers", lambda *given: None)
    withdraw = f"/admin/filings/filing/{rows[filing()].pk}/withdraw/"
    browser.post(withdraw, {"reason": f"核对 {NUMBER}"})
    assert stored(), "the net is what holds it"


def filing() -> Any:
    return next(m for m in MAKE if m._meta.label == "filings.Filing")


def prefix(model: Any) -> str:
    return f"{model._meta.app_label}_{model._meta.model_name}_"


def test_a_file_whose_name_holds_a_number_is_not_taken(cast: Cast, client_of: Any):
    browser = client_of(cast.lead)
    file = SimpleUploadedFile(f"{NUMBER}.csv", "证件号码\n".encode())
    answer = browser.post("/admin/errors/batch/receive/", {"file": file}, follow=True)
    assert "文件名里写了证件号码" in answer.content.decode()
    assert not Upload.objects.exists()


def test_a_browser_is_told_the_names_of_all_that_is_sealed():
    every = (f for m in models.Model.__subclasses__() for f in m._meta.fields)
    typed = {f.name for f in every if type(f) is SealedTextField} - {"words"}
    assert typed <= set(sealed_names())
    assert {"cert_no", "phone", "residence", "relative_document"} <= set(sealed_names())
