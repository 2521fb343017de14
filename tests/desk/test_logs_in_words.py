"""What the auditor reads: names and what things are called, no keys of tables and no logins."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from apps.institutions.models import Institution
from tests import cast as casting
from tests.cast import Cast, canary
from tests.test_scoping import MAKE
from ydjy.desk.audit import access_log
from ydjy.desk.audit.change_log import as_actor, audited
from ydjy.desk.audit.words import row_words
from ydjy.desk.models import Change

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]
CHANGES = reverse("admin:desk_change_changelist")
READINGS = reverse("admin:desk_reading_changelist")


def told(browser: Client, where: str, **query: Any) -> str:
    return browser.get(where, query).content.decode()


def rows(html: str) -> str:
    return html.split("<tbody>")[1].split("</tbody>")[0] if "<tbody>" in html else ""


@pytest.fixture
def auditor(cast: Cast, client_of: Callable[..., Client]) -> Client:
    return client_of(cast.auditor)


def test_the_records_say_who_by_name_and_what_by_its_number(cast: Cast, auditor: Client):
    with as_actor(f"staff:{cast.yixian.pk}"):
        ticket = casting.ticket(cast)
        ticket.edit_note(by=cast.yixian, note="已联系")
        Institution.objects.create(name="中心医院")
    access_log.record(cast.yixian, ticket, "证件号码", "在窗口")
    changes, readings = rows(told(auditor, CHANGES)), rows(told(auditor, READINGS))
    assert f"报错工单 {ticket.number}" in changes
    assert "定点机构 中心医院" in changes
    assert f"报错工单 {ticket.number}" in readings
    for html in (changes, readings):
        assert "王芳" in html
        assert f">{cast.yixian.username}<" not in html
    start = told(auditor, reverse("admin:index"))
    assert f"报错工单 {ticket.number}" in start
    assert f"第 {ticket.pk} 行" not in start


def test_no_row_is_called_by_a_person_that_it_is_about(cast: Cast):
    made = [
        make(cast, "yixian") for model, make in MAKE.items() if model._meta.label != "desk.Upload"
    ]
    people = {get_user_model(), *(m for m in MAKE if m._meta.app_label in ("desk", "offices"))}
    cases = [row for row in made if type(row) not in people]
    words = row_words((row._meta.db_table, str(row.pk)) for row in cases)
    assert len(words) == len(cases) >= 3
    for row in cases:
        if hasattr(row, "cert_no"):
            assert canary("yixian") not in words[row._meta.db_table, str(row.pk)]
        assert casting.number(1) not in words[row._meta.db_table, str(row.pk)]


@pytest.mark.parametrize("model", audited(), ids=lambda m: m._meta.label)
def test_a_row_that_is_gone_has_its_number(model: Any):
    assert row_words([(model._meta.db_table, "999999")]) == {
        (model._meta.db_table, "999999"): "编号 999999"
    }


def test_the_logs_are_narrowed_to_a_person_and_a_day(cast: Cast, auditor: Client):
    ticket = casting.ticket(cast)
    for person in (cast.yixian, cast.reviewer):
        access_log.record(person, ticket, f"{person.name}看的")
    mine = rows(told(auditor, READINGS, who=cast.yixian.pk))
    assert "王芳看的" in mine
    assert "孙伟看的" not in mine
    today = timezone.localdate()
    assert "王芳看的" in rows(told(auditor, READINGS, day=today.isoformat()))
    before = (today - timedelta(days=1)).isoformat()
    assert "王芳看的" not in rows(told(auditor, READINGS, day=before))
    with as_actor(f"staff:{cast.yixian.pk}"):
        Institution.objects.create(name="甲医院")
    with as_actor(f"staff:{cast.lead.pk}"):
        Institution.objects.create(name="乙医院")
    found = rows(told(auditor, CHANGES, who=cast.lead.pk))
    assert "乙医院" in found
    assert "甲医院" not in found
    day = timezone.localtime(Change.objects.latest("pk").at).date()
    assert "乙医院" in rows(told(auditor, CHANGES, day=day.isoformat()))
    for wrong in ("²", "2026-99-99", "x"):
        assert "乙医院" in rows(told(auditor, CHANGES, day=wrong, who=wrong))
