"""An account that is closed, moved or given another role asks first where its open work goes.

Generated over every way of leaving, every kind of open work that is registered, and every answer.
"""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from apps.errors.models import Ticket
from apps.errors.models.transitions import Status
from apps.filings.models import Filing
from apps.offices import open_work
from apps.offices.admin_leaving import GOES, KEEP, NOBODY
from apps.offices.models import Duty, Role, Staff
from tests import cast as casting
from tests.cast import Cast
from tests.pageforms import opened
from ydjy.lib.workdays import SHANGHAI

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 18, 10, 0, tzinfo=SHANGHAI)
WEEK = {"valid_from": date(2026, 11, 16), "valid_to": date(2026, 11, 20)}


@pytest.fixture(autouse=True)
def _wednesday():
    with time_machine.travel(NOW, tick=False):
        yield


# Each way of leaving, as what is changed on the page of 王芳 of 义县.
WAYS: dict[str, Callable[[Cast], dict[str, Any]]] = {
    "closed": lambda cast: {"is_active": ""},
    "another office": lambda cast: {"office": cast.office["heishan"].pk},
    "another role": lambda cast: {"role": Role.DIRECTORY},
}


def held(cast: Cast) -> Any:
    return casting.ticket(cast, assignee=cast.yixian, status="waiting", waiting_for="医院")


def offered(cast: Cast) -> Any:
    made = casting.ticket(cast, assignee=cast.county_lead, status="working")
    made.hand_over(cast.yixian, by=cast.county_lead)
    return made


def duty(cast: Cast) -> Any:
    return Duty.objects.create(
        office=cast.office["yixian"], kind="away", person=cast.county_lead, deputy=cast.yixian,
        **WEEK,
    )  # fmt: skip


def begun(cast: Cast) -> Any:
    return casting.filing(cast, status="draft", created_by=cast.yixian)


def ticket_is(owner: str, asked: str = "", status: str = "working") -> Callable[[Cast], bool]:
    def holds(cast: Cast) -> bool:
        ticket = Ticket.objects.get()
        people = (ticket.assignee, ticket.offered_to)
        wanted = tuple(cast.staff.get(who) for who in (owner, asked))
        return (*people, ticket.status) == (*wanted, status) and ticket.events.exists()

    return holds


def deputies(*names: str) -> Callable[[Cast], bool]:
    def holds(cast: Cast) -> bool:
        rows = Duty.objects.order_by("valid_from")
        return [(r.deputy.username, r.valid_from.day, r.valid_to.day) for r in rows] == list(names)

    return holds


# Of each kind: how it comes about, and where it is afterwards for a colleague and for nobody.
WORK = {
    "没办完的报错工单": (held, ticket_is("reviewer"), ticket_is("", status=Status.NEW)),
    "请他接手的报错工单": (
        offered, ticket_is("county_lead", "reviewer"), ticket_is("county_lead")
    ),
    "值班和B角": (
        duty,
        deputies(("yixian", 16, 17), ("reviewer", 18, 20)),
        deputies(("yixian", 16, 17)),
    ),
    "备案草稿和待补正": (
        begun,
        lambda c: "请孙伟接着办" in Filing.objects.get().events.first().words,
        lambda c: "王芳不再办" in Filing.objects.get().events.first().words,
    ),
}  # fmt: skip


def page(cast: Cast) -> str:
    return reverse("admin:offices_staff_change", args=[cast.yixian.pk])


def form(browser: Client, cast: Cast, **changed: Any) -> dict[str, Any]:
    """The page of 王芳 as it is printed, with these changes; a box without a tick is not sent."""
    typed = opened(browser, page(cast)) | changed
    return {name: value for name, value in typed.items() if name != "is_active" or value}


def is_as_before(person: Staff) -> bool:
    now = Staff.objects.get(pk=person.pk)
    before = (person.is_active, person.office_id, person.role)
    return (now.is_active, now.office_id, now.role) == before


def test_every_kind_of_open_work_has_its_case():
    assert {kind.words for kind in open_work.KINDS} == set(WORK)


@pytest.mark.parametrize("goes", ["reviewer", NOBODY])
@pytest.mark.parametrize("words", WORK)
@pytest.mark.parametrize("way", WAYS)
def test_nothing_is_saved_before_the_work_has_a_place(cast, client_of, way, words, goes):
    make, to_colleague, to_nobody = WORK[words]
    make(cast)
    browser = client_of(cast.operator)
    typed = form(browser, cast, **WAYS[way](cast))
    asked = browser.post(page(cast), typed).content.decode()
    assert "王芳手上还有工作" in asked
    assert words in asked
    assert "请选一项" in browser.post(page(cast), typed | {GOES: ""}).content.decode()
    assert is_as_before(cast.yixian)
    to = goes if goes == NOBODY else cast.staff[goes].pk
    assert browser.post(page(cast), typed | {GOES: to}).status_code == 302
    assert not is_as_before(cast.yixian)
    assert (to_nobody if goes == NOBODY else to_colleague)(cast)


def test_one_who_still_sees_the_work_may_keep_it(cast, client_of):
    held(cast)
    browser = client_of(cast.operator)
    typed = form(browser, cast, role=Role.REVIEWER)
    assert "还由王芳办" in browser.post(page(cast), typed).content.decode()
    assert browser.post(page(cast), typed | {GOES: KEEP}).status_code == 302
    assert Ticket.objects.get().assignee == cast.yixian
    gone = browser.post(page(cast), form(browser, cast, role=Role.REVIEWER, is_active=""))
    assert "还由王芳办" not in gone.content.decode()


def test_only_those_who_see_all_of_it_are_offered(cast, client_of):
    held(cast)
    browser = client_of(cast.operator)
    typed = form(browser, cast, is_active="")
    asked = browser.post(page(cast), typed)
    people = {who for who, one in cast.staff.items() if f"交给{one}（" in asked.content.decode()}
    assert people == {"reviewer", "county_lead", "lead"}
    answer = typed | {GOES: cast.heishan.pk}
    assert "请在下面选一项" in browser.post(page(cast), answer).content.decode()
    assert is_as_before(cast.yixian)


def test_an_account_without_open_work_is_changed_at_once(cast, client_of):
    browser = client_of(cast.operator)
    answer = browser.post(page(cast), form(browser, cast, is_active=""))
    assert answer.status_code == 302
    assert not Staff.objects.get(pk=cast.yixian.pk).is_active


def test_what_cannot_be_passed_on_leaves_everything_as_it_was(cast, client_of):
    """周涛 is away with 王芳 as B 角, and cannot be the B 角 of himself."""
    held(cast)
    duty(cast)
    browser = client_of(cast.operator)
    typed = form(browser, cast, is_active="") | {GOES: cast.county_lead.pk}
    html = browser.post(page(cast), typed).content.decode()
    assert "值班和B角交不过去" in html
    assert is_as_before(cast.yixian)
    assert Ticket.objects.get().assignee == cast.yixian
