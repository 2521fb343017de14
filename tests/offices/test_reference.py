"""Roles, calendar, causes and disease groups are brought into line with the program."""

import json
import re
from io import StringIO

import pytest
from django.contrib.auth.models import Group
from django.core.management import CommandError, call_command

from apps.errors.diagnosis.cause_codes import CAUSES
from apps.errors.models import CauseCode
from apps.institutions.models import DiseaseGroup
from apps.offices import sync as offices_sync
from apps.offices.models import CalendarDay, Role, Staff
from apps.offices.roles import PERMISSIONS

pytestmark = pytest.mark.django_db


def sync() -> dict[str, int]:
    out = StringIO()
    call_command("sync_reference", "--json", stdout=out)
    return json.loads(out.getvalue())


def permissions_of(group: Group) -> set[str]:
    return {
        f"{app}.{codename}"
        for app, codename in group.permissions.values_list("content_type__app_label", "codename")
    }


def test_it_counts_what_ships_and_runs_twice():
    first, second = sync(), sync()
    assert first == second
    assert first["roles"] == 8
    assert first["causes"] == CauseCode.objects.count() == 18
    assert first["calendar_days"] == CalendarDay.objects.count() > 150
    assert first["disease_groups"] == DiseaseGroup.objects.count() == 6


def test_every_role_has_a_group_with_exactly_its_permissions():
    sync()
    auditors = Group.objects.get(name="审计")
    auditors.permissions.add(*Group.objects.get(name="窗口经办").permissions.all())
    sync()
    for role in Role:
        assert permissions_of(Group.objects.get(name=role.label)) == set(PERMISSIONS[role])


def test_staff_belong_to_the_group_of_their_role_alone():
    clerk = Staff.objects.create_user("clerk", role=Role.CLERK)
    nobody = Staff.objects.create_user("nobody")
    sync()
    assert [g.name for g in clerk.groups.all()] == ["窗口经办"]
    clerk.role = Role.AUDITOR
    clerk.save()
    nobody.groups.add(Group.objects.get(name="局领导"))
    sync()
    assert [g.name for g in clerk.groups.all()] == ["审计"]
    assert not nobody.groups.exists()


def test_a_permission_that_does_not_exist_is_named(monkeypatch):
    monkeypatch.setitem(offices_sync.PERMISSIONS, Role.CLERK, ("errors.fly_ticket",))
    with pytest.raises(CommandError, match=r"窗口经办.*errors\.fly_ticket"):
        sync()


def test_days_that_staff_made_or_mended_stay():
    sync()
    day = CalendarDay.objects.order_by("day").first()
    CalendarDay.objects.filter(pk=day.pk).update(name="改过")
    CalendarDay.objects.create(
        day="2031-01-01", works=False, name="暂定", source="本局", official=False
    )
    sync()
    assert CalendarDay.objects.get(pk=day.pk).name == "改过"
    assert CalendarDay.objects.filter(day="2031-01-01").exists()


def test_the_four_causes_of_the_source_come_first_and_in_its_order():
    sync()
    top = CauseCode.objects.filter(parent=None)
    assert [(c.code, c.facts) for c in top] == [
        ("not_filed", "D-E03"),
        ("wrong_place", "D-E04"),
        ("not_open", "D-E05"),
        ("card", "D-E06"),
        ("other", "D-E07"),
    ]


def test_every_cause_has_words_for_the_province_and_for_the_clerk():
    for cause in CAUSES:
        assert 0 < len(cause.template) <= 200
        assert set(re.findall(r"{(.*?)}", cause.template)) <= {"机构", "日期", "就医地", "来源"}
        assert "怎么查：" in cause.note
        assert "怎么办：" in cause.note
        assert len(cause.note) <= 300
        assert not re.search(
            r"[\u4e00-\u9fff][,;:()]|非法|失败|系统繁忙", cause.template + cause.note
        )


def test_words_that_the_bureau_changed_stay_and_the_level_is_the_programs():
    sync()
    CauseCode.objects.filter(code="timeout").update(
        label="对方超时", template="本局的话", parent=None, active=False
    )
    sync()
    cause = CauseCode.objects.get(code="timeout")
    assert (cause.label, cause.template, cause.active) == ("对方超时", "本局的话", False)
    assert cause.parent.code == "other"


def test_aliases_of_disease_groups_that_staff_added_stay():
    sync()
    group = DiseaseGroup.objects.get(name="精神疾病")
    assert group.aliases == ["精神病"]
    group.aliases = ["精神病", "心理疾病"]
    group.save()
    sync()
    group.refresh_from_db()
    assert group.aliases == ["精神病", "心理疾病"]
