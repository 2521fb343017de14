"""No select of ours, outside the forms of the admin, begins with a choice that nobody made."""

import re
from pathlib import Path

import pytest
from django import forms
from django.apps import apps

from apps.errors.reports import admin as reports_admin
from apps.errors.tickets import admin_bulk, admin_manual
from apps.errors.tickets import forms as ticket_forms
from apps.filings.imports import admin as imports_admin
from apps.filings.register import admin_inbound
from apps.filings.register import forms as register_forms
from apps.institutions import admin_pages
from apps.institutions.imports import admin as admin_lists
from ydjy.desk.exports import admin_mixin
from ydjy.desk.imports import column_form

# They have forms; the rest is imported by them.
WITH_FORMS = (
    *(admin_bulk, reports_admin, admin_manual, ticket_forms, admin_inbound, imports_admin),
    *(register_forms, admin_lists, admin_pages, column_form, admin_mixin),
)
# A form that says how a file is written, not what is so.
BY_ITSELF = {("ExportForm", "form")}
FOLDERS = [Path(config.path) / "templates" for config in apps.get_app_configs()]
PAGES = sorted(
    page
    for folder in FOLDERS
    if folder.exists() and "site-packages" not in str(folder)
    for page in folder.rglob("*.html")
    if "<select" in page.read_text()
)


def every(kind: type) -> list[type]:
    return [one for below in kind.__subclasses__() for one in (below, *every(below))]


def ours() -> list[type]:
    return [
        form
        for form in every(forms.Form)
        if form.__module__.startswith(("apps.", "ydjy.")) and hasattr(form, "base_fields")
    ]


def test_the_walk_finds_the_forms_and_the_pages():
    assert {"RegisterForm", "ListForm", "BulkForm"} <= {form.__name__ for form in ours()}
    assert len(PAGES) >= 5
    assert all(module.forms is forms for module in WITH_FORMS)


@pytest.mark.parametrize("form", ours(), ids=lambda form: form.__name__)
def test_a_select_begins_blank(form: type):
    for name, field in form.base_fields.items():  # type: ignore[attr-defined]
        plain = isinstance(field.widget, forms.Select) and not isinstance(
            field.widget, forms.RadioSelect | forms.SelectMultiple
        )
        if not plain or (form.__name__, name) in BY_ITSELF:
            continue
        if isinstance(field, forms.ModelChoiceField):
            assert field.empty_label not in (None, "---------"), name
        elif field.choices:
            assert field.choices[0][0] == "", name


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_select_of_a_template_begins_blank(page: Path):
    for first in re.findall(r"<select[^>]*>(.{0,24})", page.read_text()):
        assert first.startswith('<option value="">'), first
