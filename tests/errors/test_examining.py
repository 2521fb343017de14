"""导入体检 for every kind of list that can be received: says everything, stores nothing."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.core.management import call_command
from django.core.management.base import CommandError

from apps.filings.imports import columns as filing_lists
from apps.institutions.imports import workflow
from apps.offices.models import Hotline, Office
from tests import cast as casting
from tests import workbooks
from tests.cast import Cast
from ydjy.staff_site import examine, list_kinds

pytestmark = pytest.mark.django_db


def stored() -> dict[str, int]:
    return {model._meta.label: model._base_manager.count() for model in apps.get_models()}


def checked(tmp_path: Path, kind: str, rows: list[list[str]], *more: str) -> dict[str, Any]:
    """What the command prints of a csv file, and that nothing was stored by it."""
    file = tmp_path / "名单.csv"
    file.write_bytes(workbooks.csv_bytes(rows, "utf-8-sig"))
    before, out = stored(), StringIO()
    call_command("intake_check", str(file), "--kind", kind, "--json", *more, stdout=out)
    assert stored() == before
    found: dict[str, Any] = json.loads(out.getvalue())
    assert (found["file"], found["kind"]) == (str(file), kind)
    return found


def test_every_kind_that_is_received_can_be_checked_first():
    assert set(examine.KINDS) == {one.kind for one in list_kinds.KEPT}
    assert all(make().code == code for code, make in examine.KINDS.items())


def test_a_list_of_filings_is_checked_with_its_numbers_masked(cast: Cast, tmp_path: Path):
    number = casting.number(1)
    rows = [
        ["姓名", "证件号码", "险种", "就医地", "开始日期", "多出来的"],
        ["测试1", number, "居民", "上海市", "2026-11-20", "x"],
        ["测试2", casting.number(2), "居民", "上海市", "11.20", ""],
        ["测试1", number, "居民", "上海市", "2026-11-20", ""],
    ]
    found = checked(tmp_path, "filings", rows)
    assert [row["status"] for row in found["rows"]] == ["accepted", "rejected", "duplicate"]
    assert (found["outcome"], found["rows_in"], found["unmapped"]) == ("ok", 3, ["多出来的"])
    assert "第 3 行“开始日期”" in found["rows"][1]["message"]
    assert number not in json.dumps(found)
    shown = checked(tmp_path, "filings", rows, "--reveal")
    assert shown["rows"][0]["values"]["cert_no"] == number


def test_a_small_list_is_tried_against_what_is_stored(cast: Cast, tmp_path: Path):
    rows = [["名称", "上级机构", "地址"], ["义县医保中心", "", "人民路1号"]]
    rows += [["城关服务站", "没有这个机构", ""], ["高台服务站", "义县医保中心", ""]]
    names = list(Office.objects.values_list("name", "address"))
    found = checked(tmp_path, "offices", rows)
    assert list(Office.objects.values_list("name", "address")) == names
    told = {row["values"]["name"]: (row["status"], row["message"]) for row in found["rows"]}
    assert told["义县医保中心"] == ("accepted", "")
    assert told["城关服务站"][0] == "rejected"
    assert "没有这个机构" in told["城关服务站"][1]


def test_what_is_another_list_is_refused_with_its_sentence(cast: Cast, tmp_path: Path):
    rows = [["名称", "地址"], ["义县医保中心", "人民路1号"]]
    found = checked(tmp_path, "hotlines", rows)
    assert (found["outcome"], found["rows"]) == ("refused", [])
    assert "请确认表头有" in found["message"]
    assert not Hotline.objects.exists()


def test_it_reads_the_columns_as_an_import_would(cast: Cast, tmp_path: Path):
    from ydjy.desk.imports import uploads

    uploads.remember(workflow.KIND, "", {"哪家": "name"})
    found = checked(tmp_path, "institutions", [["哪家", "电话"], ["测试医院", "2345678"]])
    area = workflow.list_kind().judge({"phone": "2345678", "name": "测试医院"})[0]["phone"]
    assert found["rows"][0]["values"]["phone"] == area
    assert found["rows"][0]["values"]["name"] == "测试医院"


def test_a_kind_that_nobody_receives_is_told_with_those_that_are(tmp_path: Path):
    with pytest.raises(CommandError, match=filing_lists.PLATFORM):
        call_command("intake_check", str(tmp_path), "--kind", "salaries")
