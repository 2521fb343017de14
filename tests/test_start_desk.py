"""The first day of a real desk: one command, nothing invented; and the day after an upgrade."""

import json
from io import StringIO
from typing import Any

import pytest
from django.apps import apps
from django.contrib.staticfiles.management.commands import collectstatic
from django.core.checks import Error
from django.core.management import CommandError, call_command
from django.test import Client

from apps.errors.models import Ticket
from apps.filings.models import FieldRule, Filing
from apps.institutions.models import NetworkOpening
from apps.offices.models import City, Office, Role, Staff
from tests.cast import Cast
from ydjy.desk.models import Upload
from ydjy.management.commands import start_desk
from ydjy.management.commands.load_policy import cities

pytestmark = pytest.mark.django_db
PEOPLE = {"lead": "张敏", "operator": "李强", "auditor": "王芳"}
ROLES = {"张敏": Role.CITY_LEAD, "李强": Role.OPERATOR, "王芳": Role.AUDITOR}


@pytest.fixture(autouse=True)
def _collects_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second of each; ``test_operators_faults.py`` looks at what it makes."""
    monkeypatch.setattr(collectstatic.Command, "handle", lambda self, **options: "")


def start(city: str, **people: str) -> list[dict[str, str]]:
    out = StringIO()
    call_command("start_desk", city=city, json=True, stdout=out, **(PEOPLE | people))
    said = json.loads(out.getvalue())
    assert said["city"] == city
    return said["accounts"]


@pytest.mark.parametrize("city", cities())
def test_a_desk_begins_with_three_people_and_the_citys_policy_and_nothing_invented(city: str):
    accounts = start(city)
    assert City.objects.get().code == city
    assert {a["name"]: Staff.objects.get(username=a["username"]).role for a in accounts} == ROLES
    assert len({a["password"] for a in accounts}) == Staff.objects.count() == 3
    for model in (Filing, Ticket, Upload, NetworkOpening):
        assert not model.objects.exists(), model
    made_up = [
        (model._meta.label, row.pk)
        for model in apps.get_models()
        if model.__module__.startswith(("apps.", "ydjy."))
        if model._meta.app_label in ("offices", "institutions", "filings", "errors")
        for row in model._default_manager.all()[:2000]
        if any("演示" in str(v) or "测试" in str(v) for v in vars(row).values())
    ]
    assert made_up == []
    for account in accounts:
        must_change_the_password(account)
    with pytest.raises(CommandError, match="不能再启用一次"):
        start(city)


def must_change_the_password(account: dict[str, str]) -> None:
    person = Staff.objects.get(username=account["username"])
    assert person.check_password(account["password"])
    assert person.password_until is not None
    assert not person.is_superuser
    browser = Client()
    browser.force_login(person)
    assert browser.get("/admin/").url.endswith("/password_change/")


def test_the_usernames_are_the_names_spelled_and_no_two_are_alike():
    for name, username in (("张敏", "zhangmin"), ("章敏", "zhangmin2"), ("Li Wei", "liwei")):
        assert start_desk._username(name) == username
        Staff.objects.create_user(username)


@pytest.mark.parametrize(
    ("city", "people", "said"),
    [
        ("jinzhou", {"lead": " "}, "姓名都要写"),
        ("jinzhou", {"lead": "李强"}, "要是三个人"),
        ("nowhere", {}, "没有“nowhere”的政策文件"),
    ],
)
def test_a_start_that_cannot_be_leaves_nothing(city: str, people: dict[str, str], said: str):
    with pytest.raises(CommandError, match=said):
        start(city, **people)
    assert not Staff.objects.exists()
    assert not Office.objects.exists()


def test_a_desk_with_people_is_not_begun_again(cast: Cast):
    before = Staff.objects.count()
    with pytest.raises(CommandError, match=r"manage\.py upgrade"):
        start("jinzhou")
    assert Staff.objects.count() == before


# The day after an upgrade ------------------------------------------------------------------------


def upgrade() -> list[tuple[str, str]]:
    out = StringIO()
    call_command("upgrade", no_backup=True, json=True, stdout=out)
    told = [json.loads(line) for line in out.getvalue().splitlines()]
    return [(one["step"], one["said"]) for one in told]


def test_an_upgrade_does_all_steps_in_their_order_and_says_where_it_stopped(
    monkeypatch: pytest.MonkeyPatch, cast: Cast
):
    steps = ["backup", "migrate", "sync_reference", "public_role", "collectstatic", "check"]
    assert [name for name, _ in upgrade()] == steps

    def broken(**options: Any) -> list[Any]:
        return [Error("密钥文件 field.key 别人也能读。", hint="请运行 chmod 600。", id="ydjy.E002")]

    monkeypatch.setattr("django.core.checks.run_checks", broken)
    with pytest.raises(CommandError) as refused:
        upgrade()
    stopped = "升级停在 check 这一步：密钥文件 field.key 别人也能读。请运行 chmod 600。"
    assert stopped in str(refused.value)
    assert "再运行一次就接着做" in str(refused.value)


def test_an_upgrade_brings_the_field_rules_to_a_desk_that_began_without_them(cast: Cast):
    FieldRule.objects.all().delete()  # as the tables' migration leaves an older desk
    upgrade()
    brought = set(FieldRule.objects.values_list("code", flat=True))
    assert {"start", "end", "admission"} <= brought
    FieldRule.objects.exclude(code="start").delete()  # staff tend what is there
    upgrade()
    assert list(FieldRule.objects.values_list("code", flat=True)) == ["start"]
