"""The list that goes out comes back as it is: import after export changes nothing."""

import random
from datetime import date
from io import BytesIO
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.institutions import exports as institutions_exports
from apps.institutions.imports import compare as imports_compare
from apps.institutions.imports import workflow
from apps.institutions.imports.diff import Plan
from apps.institutions.models import Institution, ReferralRight, Suspension
from apps.institutions.referral import scope
from tests.cast import Cast
from ydjy.desk.imports import kinds as imports_kinds
from ydjy.lib import workbook

pytestmark = pytest.mark.django_db

SCOPES = ["", "不限", "仅限精神疾病", "不含传染病、结核病", "仅限儿科，不含传染病"]
ROW = st.fixed_dictionaries(
    {
        "name": st.sampled_from("康宁 安康 人民 中心 仁和 第一 第九六八 同仁 长春 单县".split()),
        "level": st.sampled_from(["", "二级甲等", "未定级"]),
        "kind": st.sampled_from(["hospital", "community", "clinic", "pharmacy"]),
        "ownership": st.sampled_from(["", "公立", "民营"]),
        "county": st.sampled_from(["", "义县", "古塔区"]),
        "phone": st.sampled_from(["", "0416-2345678", "0416-2345678、13800000000", "12393"]),
        "address": st.sampled_from(["", "人民路1号（东门），二楼", "－无名路"]),
        "remark": st.sampled_from(["", "=1+1", "周末不休"]),
        "valid_from": st.sampled_from([None, date(2026, 1, 1)]),
        "scope": st.sampled_from(SCOPES),
        "stopped": st.booleans(),
        "coded": st.booleans(),
    }
)


ROW_WITH_ALL: dict[str, Any] = {
    "name": "康宁",
    "level": "二级甲等",
    "kind": "hospital",
    "remark": "@周末",
    "valid_from": date(2026, 1, 1),
    "scope": "仅限精神疾病",
    "stopped": True,
    "coded": True,
    "address": "-无名路（东门）",
}


def make(number: int, said: dict[str, Any]) -> Institution:
    said = dict(said)
    wording, stopped, coded = (said.pop(key) for key in ("scope", "stopped", "coded"))
    said["name"] += f"医院{number}部"
    one = Institution.objects.create(national_code=f"H2107{number:07d}" if coded else None, **said)
    if wording:
        right = ReferralRight(institution=one)
        right.scope = scope.parse(wording)
        right.save()
    if stopped:
        Suspension.objects.create(institution=one, valid_from=date(2026, 1, 1))
    return one


def as_workbook(blanked: random.Random | None = None) -> bytes:
    """The list as it goes out, with some cells blanked behind the name."""
    columns = institutions_exports.columns(timezone.localdate())
    rows = [
        [
            "" if at and blanked and blanked.random() < 0.5 else column.text(one, full=False)
            for at, column in enumerate(columns)
        ]
        for one in Institution.objects.prefetch_related(*institutions_exports.PREFETCH)
    ]
    target = BytesIO()
    header = [column.title for column in columns]
    workbook.write(target, [workbook.SheetOut(name="定点机构", header=header, rows=rows)])
    return target.getvalue()


def compared(data: bytes) -> Plan:
    opened = imports_kinds.open_file(workflow.list_kind(), data, "x.xlsx", remembered={})
    return imports_compare.compare(opened, "city", timezone.localdate())


@settings(
    deadline=None, max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(rows=st.lists(ROW, min_size=1, max_size=6), blanked=st.randoms(use_true_random=False))
def test_import_after_export_changes_nothing_however_many_cells_are_blank(
    rows: list[Any], blanked: random.Random, monkeypatch: Any
):
    Institution.objects.all().delete()
    made = [make(number, said) for number, said in enumerate(rows)]
    plan = compared(as_workbook())
    assert (plan.unchanged, plan.rows) == (len(made), [])

    plan = compared(as_workbook(blanked))
    assert (plan.unchanged, plan.rows) == (len(made), [])


@pytest.mark.parametrize("form", ["xlsx", "csv"])
def test_the_list_is_exported_by_those_who_may_and_comes_back_unchanged(
    cast: Cast, client_of: Any, form: str
):
    make(1, ROW_WITH_ALL)
    Institution.objects.create(name="外地医院", listed="national")
    address = reverse("admin:institutions_institution_export")
    response = client_of(cast.directory).post(address, {"form": form})
    opened = imports_kinds.open_file(
        workflow.list_kind(), response.content, f"x.{form}", remembered={}
    )
    plan = imports_compare.compare(opened, "city", timezone.localdate())
    assert (plan.unchanged, plan.rows) == (2, [])
    assert "full" not in client_of(cast.root).get(address).context_data["form"].fields
    assert client_of(cast.yixian).post(address).status_code == 403
