"""Whose rows a person sees: the probes of the design, for every scoped admin there is or will be.

The prober is the 义县 clerk, given every permission there is: what is left is the office alone. The
words of 黑山 (``canary("heishan")`` and the name of its office) must not come back from anywhere.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.db import models
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.urls import reverse

from apps.errors.models import ReturnFile, Ticket
from apps.filings.admin import FilingAdmin
from apps.filings.models import Filing, Inbound
from apps.filings.review.admin_list import OfficeFilter
from apps.offices.models import Duty, Staff
from tests import cast as casting
from tests.cast import Cast, canary
from ydjy.desk.admin import modeladmin
from ydjy.desk.admin.modeladmin import DeskAdmin, OfficeScopedAdmin
from ydjy.desk.models import Change, Export, Upload
from ydjy.desk.querysets import OfficeScopedQuerySet

pytestmark = pytest.mark.django_db

# How a row of an office is made, for every model whose admin is scoped.
MAKE: dict[type[models.Model], Callable[[Cast, str], models.Model]] = {
    Filing: casting.filing,
    Inbound: casting.inbound,
    Ticket: casting.ticket,
    Upload: casting.upload,
    ReturnFile: casting.return_file,
    Staff: casting.colleague,
    Duty: casting.duty,
    Export: casting.export,
}
# Have ``visible_to``, but no row of them is one office's alone.
EVERYBODYS = {
    "offices.Office": "addresses and telephones are public",
    "errors.Batch": "the week is the same for all; its lines are scoped",
    "errors.Notice": "a reminder is one person's own, whatever the office",
}
SCOPED = {
    model: page
    for model, page in admin.site._registry.items()
    if isinstance(page, OfficeScopedAdmin) and model._meta.label not in EVERYBODYS
}


@dataclass
class World:
    """A prober, the admin that is probed, and a row that is not the prober's."""

    browser: Client
    page: Any
    person: Staff
    mine: models.Model
    other: models.Model
    cast: Cast

    @property
    def model(self) -> Any:
        return type(self.other)

    def url(self, name: str, *args: Any) -> str:
        opts = self.model._meta
        return reverse(f"admin:{opts.app_label}_{opts.model_name}_{name}", args=args)

    def request(self) -> Any:
        request = RequestFactory().get("/")
        request.user = self.person
        return request


def all_powerful(person: Staff) -> Staff:
    person.user_permissions.set(Permission.objects.all())
    return Staff.objects.get(pk=person.pk)


@pytest.fixture(params=SCOPED, ids=lambda model: model._meta.label)
def world(request: Any, cast: Cast, client_of: Any) -> World:
    return world_of(request.param, cast, client_of)


def world_of(model: Any, cast: Cast, client_of: Any) -> World:
    person = all_powerful(cast.yixian)
    mine, other = MAKE[model](cast, "yixian"), MAKE[model](cast, "heishan")
    return World(client_of(person), SCOPED[model], person, mine, other, cast)


def tells_nothing(world: World, response: HttpResponse) -> None:
    told = response.content.decode() + str(response.headers)
    assert canary("heishan") not in told
    assert str(world.cast.office["heishan"]) not in told
    assert casting.number(list(casting.PLACES).index("heishan")) not in told


def untouched(world: World) -> None:
    before = Change.objects.filter(
        table=world.model._meta.db_table,
        row=str(world.other.pk),
        operation__in=["update", "delete"],
    )
    if world.model is not Staff:  # making an account saves it twice
        assert not before.exists()


# The probes --------------------------------------------------------------------------------------


def probe_list(world: World) -> None:
    for asked in ("", "?all=1", "?tab=all", "?o=-1"):
        tells_nothing(world, world.browser.get(world.url("changelist") + asked, follow=True))


def probe_page(world: World) -> None:
    for name in ("change", "history"):
        response = world.browser.get(world.url(name, world.other.pk))
        assert response.status_code == 404
        tells_nothing(world, response)


def probe_writing(world: World) -> None:
    for name in ("change", "delete"):
        response = world.browser.post(world.url(name, world.other.pk), {"name": "x", "post": "yes"})
        assert response.status_code in (403, 404)
        tells_nothing(world, response)
    untouched(world)


def probe_search(world: World) -> None:
    for term in (canary("heishan"), canary("heishan")[:1], casting.number(2)):
        found = world.browser.get(world.url("changelist"), {"q": term}, follow=True)
        echoed = found.content.decode().replace(f'value="{term}"', "")
        assert f"{canary('heishan')}" not in echoed
        if hasattr(world.page, "find"):
            found = world.browser.post(world.url("find"), {"q": casting.number(2)}, follow=True)
            tells_nothing(world, found)


def probe_filters(world: World) -> None:
    """Neither the rows behind another office's filter value, nor its name among the choices."""
    asked = {}
    for field in world.model._meta.concrete_fields:
        if field.is_relation and (value := getattr(world.other, field.attname)):
            asked[f"{field.name}__id__exact"] = value
    for name, value in asked.items():
        tells_nothing(world, world.browser.get(world.url("changelist"), {name: value}, follow=True))


def probe_choices(world: World) -> None:
    """What a form offers, and what it would take, holds no row of another office."""
    for name in ("add", "change"):
        args = [world.mine.pk] if name == "change" else []
        response = world.browser.get(world.url(name, *args))
        if response.status_code == 200:
            tells_nothing(world, response)
    for form in forms_of(world):
        for name, field in form.base_fields.items():
            offered = getattr(field, "queryset", None)
            if offered is None or not hasattr(offered, "visible_to"):
                continue
            mine = set(offered.model._default_manager.visible_to(world.person).values_list("pk"))
            assert set(offered.values_list("pk")) <= mine, f"{name} offers rows of others"


def forms_of(world: World) -> Iterator[Any]:
    request = world.request()
    yield world.page.get_form(request)
    yield world.page.get_form(request, world.mine, change=True)
    for inline in world.page.get_inline_instances(request, world.mine):
        yield inline.get_formset(request, world.mine).form


def probe_autocomplete(world: World) -> None:
    for model, page in admin.site._registry.items():
        for name in page.get_autocomplete_fields(world.request()):
            asked = {
                "app_label": model._meta.app_label,
                "model_name": model._meta.model_name,
                "field_name": name,
                "term": canary("heishan")[:1],
            }
            tells_nothing(world, world.browser.get(reverse("admin:autocomplete"), asked))


def probe_columns(world: World) -> None:
    """The oracle: a hidden column read letter by letter through the address."""
    for field in world.model._meta.concrete_fields:
        for lookup in ("startswith", "regex", "contains", "gt"):
            if isinstance(field, models.DateField) and lookup == "gt":
                continue
            asked = {f"{field.name}__{lookup}": "2"}
            answer = world.browser.get(world.url("changelist"), asked)
            assert answer.status_code == 400, f"{field.name}__{lookup} is answered"


def probe_verbs(world: World) -> None:
    for _, verb in world.page.verbs():
        if verb.row:
            for method in verb.methods:
                send = getattr(world.browser, method.lower())
                response = send(world.url(verb.name, world.other.pk), {"reason": "x"})
                assert response.status_code == 404, verb.name
                tells_nothing(world, response)
    untouched(world)


def probe_actions(world: World) -> None:
    for name in world.page.get_actions(world.request()):
        asked = {"action": name, "_selected_action": [world.other.pk], "index": 0}
        tells_nothing(world, world.browser.post(world.url("changelist"), asked, follow=True))
    untouched(world)


PROBES = [probe for name, probe in globals().items() if name.startswith("probe_")]


@pytest.mark.parametrize("probe", PROBES, ids=lambda probe: probe.__name__)
def test_another_county_is_not_there(world: World, probe: Callable[[World], None]):
    probe(world)


# Negative controls: each guard taken away, a probe must notice -----------------------------------


@pytest.fixture
def filings(cast: Cast, client_of: Any) -> World:
    return world_of(Filing, cast, client_of)


@pytest.mark.parametrize("probe", [probe_list, probe_page, probe_search, probe_verbs])
def test_an_admin_without_scope_is_noticed(
    filings: World, probe: Callable[[World], None], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(FilingAdmin, "get_queryset", DeskAdmin.get_queryset)
    with pytest.raises(AssertionError):
        probe(filings)


def test_open_choices_are_noticed(filings: World, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delattr(modeladmin._Scoped, "get_field_queryset")
    with pytest.raises(AssertionError):
        probe_choices(filings)


def test_open_columns_are_noticed(filings: World, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delattr(DeskAdmin, "lookup_allowed")
    with pytest.raises(AssertionError):
        probe_columns(filings)


def test_a_filter_that_lists_every_office_is_noticed(
    filings: World, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.delattr(DeskAdmin, "get_list_filter")
    monkeypatch.delattr(OfficeFilter, "field_choices")
    with pytest.raises(AssertionError):
        probe_list(filings)


# What must be scoped, and who sees what -----------------------------------------------------------


def test_every_admin_of_rows_that_belong_to_offices_is_scoped():
    for model, page in admin.site._registry.items():
        if hasattr(model._default_manager.all(), "visible_to"):
            assert isinstance(page, OfficeScopedAdmin) or model._meta.label in EVERYBODYS, model


def test_every_scoped_admin_is_probed():
    assert set(SCOPED) <= set(MAKE), "say in MAKE how a row of the new model is made"


def test_an_office_sees_its_own_rows_and_those_below_it(cast: Cast):
    rows = {place: casting.filing(cast, place).pk for place in casting.PLACES}

    def seen(person: Staff) -> set[str]:
        pks = set(Filing.objects.visible_to(person).values_list("pk", flat=True))
        return {place for place, pk in rows.items() if pk in pks}

    assert seen(cast.lead) == {"city", "yixian", "heishan", "township"}
    assert seen(cast.head) == {"city", "yixian", "heishan", "township"}
    assert seen(cast.yixian) == {"yixian", "township"}
    assert seen(cast.heishan) == {"heishan"}
    assert seen(cast.township) == {"township"}


@pytest.mark.parametrize("key", ["directory", "operator", "auditor", "root", "nobody"])
def test_system_and_audit_roles_see_no_case_not_even_a_superuser(cast: Cast, key: str):
    person = all_powerful(cast.staff[key])
    casting.filing(cast, "city")
    casting.ticket(cast, "city")
    for model in apps.get_models():
        rows = model._default_manager.all()
        if isinstance(rows, OfficeScopedQuerySet):
            assert not rows.visible_to(person).exists(), model._meta.label
