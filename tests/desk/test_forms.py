"""Every form of the staff pages shows and saves what it has (issue 13, kind 1).

Generated over the registry: a new admin is in it, or the guard of the guard is red.
"""

from datetime import date
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin.utils import flatten_fieldsets
from django.db import models
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone

from apps.filings.models.catalogue import Material
from apps.institutions.models import DiseaseGroup
from apps.offices.models import CalendarDay, Hotline, Staff
from apps.offices.models.policy import Dated
from apps.offices.roles import PERMISSIONS
from tests import cast as casting
from tests.cast import Cast
from tests.formrows import MAKE, other_value
from tests.pageforms import Values, main_form
from ydjy.desk.admin.modeladmin import DeskAdmin
from ydjy.desk.crypto.fields import SealedTextField
from ydjy.desk.models import Change
from ydjy.desk.models.dated_rule import DatedRule

pytestmark = pytest.mark.django_db

# What other fields say about a value, so that all of a form can be changed at once.
SPECIAL: dict[str, dict[str, Any]] = {
    "offices.SiteSettings": dict.fromkeys(("address", "report_url", "party_mark_url"), "https://a.example.cn"),
    "offices.Duty": {"kind": None, "person": None, "deputy": None},
    "offices.SpecialHours": {"opens": "08:45", "closes": "11:45"},
    "offices.Office": {"parent": None, "level": None},
    "institutions.Institution": {"referral_rights-0-mode": "only", "national_code": "H21072700001",
                                 "referral_rights-0-include": "精神疾病",
                                 "referral_rights-0-exclude": "",
                                 "referral_rights-0-wording": "仅限精神疾病"},
    "filings.Inbound": {"cert_no": casting.number(77), "phone": "13912345678",
                        "insured_area": "310104", "cert_type": "港澳台居民居住证"},
    "filings.Filing": {"cert_no": casting.number(77), "destination": "110000", "variant": None,
                       "insured_area": "210726", "psn_no": "21070000001", "phone": "13912345678",
                       "residence": "北京", "admission_on": None, "start_on": "2026/11/02",
                       "referral_institution": None},
    "institutions.DiseaseGroup": {"parent": None},
    "filings.RegionClass": {"areas": "310000、320500"},
    "errors.ExchangeSettings": {"channel": "folder"},
    "errors.RouteRule": {"area": "210726"},
    "errors.FilenameRule": {"pattern": "{来件}-{版}"},
}  # fmt: skip
# Fields of models that the staff own which stand on no form, and why.
NOT_ON_A_FORM = {
    "code": "made by us, typed by nobody: it stands in addresses and in the files of the policy",
    "institutions.Institution.status": "a 停用 says it, with its days and its paper",
    "errors.CauseCode.order": "a new cause stands last; the order of ours comes with the product",
    "filings.Filing": "registering has a screen of its own; the form is a draft's",
    "offices.Staff.password": "set on a page of its own",
    "offices.Staff.last_login": "a fact", "offices.Staff.date_joined": "a fact",
    "offices.Staff.first_name": "names are one field here",
    "offices.Staff.last_name": "names are one field here",
    "offices.Staff.email": "nothing is mailed",
    "offices.Staff.is_superuser": "given by command only", "offices.Staff.is_staff": "by the role",
}  # fmt: skip


def lead(cast: Cast) -> Staff:
    """The municipal lead, who sees all offices, and may here do everything."""
    Staff.objects.filter(pk=cast.lead.pk).update(is_superuser=True)
    return Staff.objects.get(pk=cast.lead.pk)


def _asked() -> Any:
    request = RequestFactory().get("/")
    request.user = Staff(pk=1, is_staff=True, is_active=True, is_superuser=True)
    return request


CHANGEABLE = [m for m, p in admin.site._registry.items() if p.has_change_permission(_asked())]
LABELS = [model._meta.label for model in CHANGEABLE]


def address(row: models.Model) -> str:
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])


def fields_on(response: Any) -> dict[str, Any]:
    """The form fields of the page, of its inlines too, by the name in which they are posted."""
    forms = [response.context["adminform"].form]
    for inline in response.context["inline_admin_formsets"]:
        forms += inline.formset.initial_forms
    return {form.add_prefix(name): field for form in forms for name, field in form.fields.items()}


def told(answer: Any) -> Any:
    """What the page says is wrong, for a test that fails."""
    form = answer.context["adminform"].form
    sets = [inline.formset for inline in answer.context["inline_admin_formsets"]]
    return form.errors.as_data(), [s.errors for s in sets], [s.non_form_errors() for s in sets]


def without_tokens(values: Values) -> Values:
    machinery = ("seen", "KNOWN", "_FORMS", "csrfmiddlewaretoken")
    return {
        name: value
        for name, value in values.items()
        if value != "" and not name.endswith(machinery) and not name.startswith("initial-")
    }


def changed(response: Any, special: dict[str, Any]) -> Values:
    """The values of the page, every one of them another."""
    form = main_form(response)
    values = dict(form.values)
    for name, field in fields_on(response).items():
        if name.endswith(("seen", "-id", "-DELETE")) or field.widget.is_hidden:
            continue
        old = values.get(name, "")
        new = (
            special[name]
            if name in special
            else other_value(
                field,
                old,
                form.choices.get(name, []) if field.__class__.__name__ != "BooleanField" else [],
            )
        )
        if new is None and field.__class__.__name__ == "BooleanField" and name not in special:
            values.pop(name, None)
        elif new is not None:
            values[name] = new
    return values


def test_every_form_that_can_be_changed_is_tried():
    assert set(CHANGEABLE) == set(MAKE), "say in tests/formrows.py how a row is made"


@pytest.fixture
def browser(cast: Cast, client_of: Any) -> Client:
    return client_of(lead(cast))


@pytest.mark.parametrize("model", CHANGEABLE, ids=LABELS)
def test_a_form_writes_what_is_changed_on_it_and_nothing_else(
    model: Any, cast: Cast, browser: Client
):
    row = MAKE[model](cast)
    last = Change.objects.latest("pk").pk
    page = browser.get(address(row))
    old = main_form(page).values
    assert "---------" not in page.content.decode(), "the dashes of a computer"
    assert "code" not in old, "a code is nobody's to type"
    answer = browser.post(address(row), old)
    assert answer.status_code == 302, told(answer)
    assert not Change.objects.filter(pk__gt=last).exists(), "an unchanged save is no change"
    typed = changed(page, SPECIAL.get(model._meta.label, {}))
    answer = browser.post(address(row), typed)
    assert answer.status_code == 302, told(answer)
    again = without_tokens(main_form(browser.get(address(row))).values)
    sealed = {f.name for f in model._meta.fields if isinstance(f, SealedTextField)}
    expected = {n: v for n, v in without_tokens(typed).items() if n not in sealed}
    assert {name: again.get(name) for name in expected} == expected
    assert again != without_tokens(old) or sealed
    row.refresh_from_db()
    for name in sealed & set(typed):
        assert getattr(row, name).reveal() == typed[name]
    history = browser.get(address(row).replace("/change/", "/history/")).content.decode()
    assert f"{cast.lead}</td>" in history, "the record of changes is this row's"


# Every field has a form, every rule a new row -----------------------------------------------------


def shown_fields() -> dict[type[models.Model], set[str]]:
    """The fields that some form offers, by model."""
    found: dict[type[models.Model], set[str]] = {}
    for model, page in admin.site._registry.items():
        if not isinstance(page, DeskAdmin):
            continue
        if page.has_change_permission(_asked()):
            names = found.setdefault(model, set())
            sets = page.get_fieldsets(_asked(), model(pk=1))
            names |= {name for name in flatten_fieldsets(sets) if isinstance(name, str)}
        for inline in page.get_inline_instances(_asked()):
            if inline.has_change_permission(_asked()):
                names = found.setdefault(inline.model, set())
                names |= {*inline.get_fields(_asked()), model._meta.model_name}
    return found


def test_every_field_that_staff_own_stands_on_a_form_or_has_a_reason():
    missing = [
        f"{model._meta.label}.{field.name}"
        for model, names in shown_fields().items()
        for field in model._meta.concrete_fields
        if field.editable and not field.primary_key
        if not _is_there(field, names)
        if not {field.name, str(field), model._meta.label} & set(NOT_ON_A_FORM)
    ]
    assert not missing


def _is_there(field: Any, names: set[str]) -> bool:
    parent = field.remote_field and field.remote_field.model._meta.model_name
    return bool({field.name, parent} & names)


def test_every_dated_rule_can_get_a_new_row_by_some_role():
    given = {code for codes in PERMISSIONS.values() for code in codes}
    for model in shown_fields():
        if not issubclass(model, Dated | DatedRule):
            continue
        pages = {model} | {
            page.model
            for page in admin.site._registry.values()
            if model in {inline.model for inline in page.inlines}
        }
        verbs = {f"{m._meta.app_label}.{'add' if m is model else 'change'}_{m._meta.model_name}"
                 for m in pages}  # fmt: skip
        assert verbs & given, f"nobody can write a new row of {model._meta.label}"


def test_the_calendar_opens_at_this_year(browser: Client):
    for year in (2021, timezone.localdate().year):
        CalendarDay.objects.create(day=date(year, 10, 1), works=False, name="国庆", source="通知")
    page = "/admin/offices/calendarday/"
    shown = [row.day.year for row in browser.get(page).context["cl"].result_list]
    assert shown == [timezone.localdate().year]
    assert len(browser.get(page + "?year=all").context["cl"].result_list) == 2
    assert [r.day.year for r in browser.get(page + "?year=2021").context["cl"].result_list] == [
        2021
    ]
    assert browser.get(page + "?year=²").status_code == 200


def test_a_new_row_gets_its_code_from_its_name(cast: Cast, browser: Client):
    for _ in range(2):
        answer = browser.post("/admin/filings/material/add/", {"name": "身份证", "note": ""})
        assert answer.status_code == 302, told(answer)
    codes = list(Material.objects.order_by("pk").values_list("code", flat=True))
    assert codes == ["sfz", "sfz-2"]


def test_a_form_that_drops_what_it_declares_is_noticed(
    cast: Cast, browser: Client, monkeypatch: pytest.MonkeyPatch
):
    """As it was: the uses of a telephone were shown blank and not saved."""
    whole = DeskAdmin.get_form

    def dropping(page: Any, request: Any, obj: Any = None, **kwargs: Any) -> Any:
        if kwargs.get("fields", ()) is not None:
            names = flatten_fieldsets(page.get_fieldsets(request, obj))
            kwargs["fields"] = [n for n in names if n not in page.form.declared_fields]
        return whole(page, request, obj, **kwargs)

    monkeypatch.setattr(DeskAdmin, "get_form", dropping)
    for model in (Hotline, DiseaseGroup):
        with pytest.raises(AssertionError):
            test_a_form_writes_what_is_changed_on_it_and_nothing_else(model, cast, browser)
