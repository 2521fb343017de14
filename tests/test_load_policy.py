"""``load_policy``: what it makes, what it leaves alone, and what it refuses."""

import json
from datetime import date
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from apps.errors.models import Batch, Ticket
from apps.filings.models import Filing, Variant
from apps.filings.policy_loader import load as load_filings
from apps.institutions.models import Institution
from apps.institutions.policy_loader import load as load_institutions
from apps.offices.models import Channel, City, Hotline, Office, PolicyDocument, Staff
from apps.offices.policy_loader import load as load_offices
from tests.policyrows import CITIES, contents
from ydjy.lib import policyfile
from ydjy.management.commands import load_policy

pytestmark = pytest.mark.django_db


def answer(city: str) -> dict:
    out = StringIO()
    call_command("load_policy", city, "--json", stdout=out)
    return json.loads(out.getvalue())


@pytest.mark.parametrize("city", CITIES)
def test_a_second_load_changes_nothing_and_says_so(city):
    first, before = answer(city), contents()
    second = answer(city)
    assert contents() == before
    assert first["city"] == second["city"] == city
    assert first["loaded"]["offices"] > 0
    assert first["unchanged"] == 0
    assert set(first["loaded"]) == set(second["loaded"])
    assert set(second["loaded"].values()) == {0}
    assert second["unchanged"] > 0
    out = StringIO()
    call_command("load_policy", city, stdout=out)
    assert "没有变化" in out.getvalue()


def test_what_staff_changed_is_neither_overwritten_nor_brought_back():
    answer("jinzhou")
    Hotline.objects.filter(display="0416-7787016").update(display="0416-7700000", tel="04167700000")
    Variant.objects.get(code="with-spouse").materials.all().delete()
    Office.objects.filter(code="yixian").update(name="义县医疗保障服务中心", code="yixian-new")
    before = contents()
    answer("jinzhou")
    assert contents() == before


def test_another_city_takes_the_place_while_there_are_no_cases():
    answer("jinzhou")
    answer("xuancheng")
    assert City.objects.served().name == "宣城市"
    assert [o.name for o in Office.objects.all()] == ["宣城市医疗保障局"]
    assert not Institution.objects.exists()


def refuse(city: str) -> str:
    with pytest.raises(CommandError) as refused:
        call_command("load_policy", city)
    return str(refused.value)


def file_one(office: Office) -> None:
    clerk = Staff.objects.create_user("clerk", office=office)
    Filing.objects.create(
        office=office,
        variant=Variant.objects.first(),
        channel=Channel.objects.first(),
        name="测试甲",
        cert_no="21070219500101001X",
        insutype="310",
        insured_area="210702",
        destination="110000",
        start_on=date(2026, 11, 1),
        created_by=clerk,
    )


def report_one(office: Office) -> None:
    Ticket.objects.create(
        number="2026W47-001",
        batch=Batch.objects.of_week(2026, 47),
        office=office,
        reported_on=date(2026, 11, 16),
        name="测试甲",
        err_msg="未办理异地就医备案登记",
    )


@pytest.mark.parametrize("case", [file_one, report_one])
def test_another_city_is_refused_once_there_are_cases(case):
    answer("jinzhou")
    case(Office.objects.get(code="yixian"))
    assert "已经有备案或报错工单" in refuse("changchun")
    assert City.objects.served().code == "jinzhou"
    assert Office.objects.count() == 6
    answer("jinzhou")  # the same city still loads


def test_another_city_is_refused_while_staff_belong_to_the_offices():
    answer("jinzhou")
    Staff.objects.create_user("clerk", office=Office.objects.get(code="yixian"))
    assert "人员账号" in refuse("changchun")
    assert Institution.objects.count() == 11  # nothing was half removed


def test_an_unknown_city_is_refused_with_the_list_of_those_there_are():
    assert all(city in refuse("shenyang") for city in CITIES)


GOOD = """
[[document]]
code = "guide"
title = "指南"
[city]
code = "testcity"
name = "试验市"
area = "210700"
area_code = "0416"
"""
OFFICE = """
[[office]]
code = "one"
name = "试验中心"
level = "city"
source = "guide"
checked_on = 2026-11-21
facts = ["D-O19"]
"""


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (GOOD + OFFICE + 'adress = "某街"', "[[office]] 第 1 行（one）：不认识“adress”"),
        (GOOD + OFFICE.replace('source = "guide"', ""), "没有写“source”"),
        (GOOD + OFFICE.replace("checked_on = 2026-11-21", ""), "没有写“checked_on”"),
        (GOOD + OFFICE.replace('["D-O19"]', "[]"), "没有写“facts”"),
        (GOOD + OFFICE.replace("D-O19", "O19"), "资料编号“O19”不对"),
        (GOOD + OFFICE.replace('"guide"', '"guid"'), "“source”写的是“guid”，但没有这一个政策文件"),
        (GOOD + OFFICE + 'parent = "two"', "“parent”写的是“two”，但没有这一个经办机构"),
        (GOOD + OFFICE.replace('"city"\n', '"town"\n'), "“级别”"),
        (GOOD + OFFICE + OFFICE, "第 2 行（one）：这个 code 前面已经用过"),
        (GOOD + "[[ofice]]\n", "不认识的表“ofice”"),
        (GOOD.replace("testcity", "other"), "这个文件应当是“testcity”的"),
        (GOOD + "x = 1 2", "第 10 行"),
    ],
)
def test_a_faulty_file_is_refused_with_file_table_and_row(tmp_path, text, sentence):
    path = tmp_path / "testcity.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(policyfile.PolicyError) as refused:
        load_offices("testcity", policyfile.read(path, "offices/testcity.toml"))
    assert "offices/testcity.toml" in str(refused.value)
    assert sentence in str(refused.value)


def test_a_scope_that_nobody_understands_is_refused(tmp_path):
    load_policy.load_city("jinzhou")
    right = {
        "code": "new", "institution": "kangning", "wording": "仅限怪病", "source": "jinzhou-guide",
        "checked_on": date(2026, 11, 21), "facts": ["D-I05"],
    }  # fmt: skip
    with pytest.raises(policyfile.PolicyError, match="怪病"):
        load_institutions("jinzhou", policyfile.Tables("x.toml", {"right": [right]}))


def test_an_unknown_status_is_refused():
    load_policy.load_city("jinzhou")
    category = {
        "code": "new", "name": "新类别", "group": "work", "source": "jinzhou-guide",
        "checked_on": date(2026, 11, 21), "facts": ["D-F01"],
        "variant": [{"code": "new", "eligibility": [{"statuses": ["pensioner"]}]}],
    }  # fmt: skip
    with pytest.raises(policyfile.PolicyError, match="pensioner"):
        load_filings("jinzhou", policyfile.Tables("x.toml", {"category": [category]}))


def test_a_period_that_ends_before_it_begins_is_refused():
    load_policy.load_city("jinzhou")
    funding = {
        "code": "new", "group": "灵活就业", "begins": date(2021, 7, 1), "ends": date(2021, 6, 30),
        "amount": "4079.88", "source": "jinzhou-guide", "checked_on": date(2026, 11, 21),
        "facts": ["D-X13"],
    }  # fmt: skip
    with pytest.raises(policyfile.PolicyError, match="结束日期早于开始日期") as refused:
        load_filings("jinzhou", policyfile.Tables("x.toml", {"funding": [funding]}))
    assert "all" not in str(refused.value)


def test_a_refused_load_leaves_nothing_behind(monkeypatch):
    def refuse_filings(city, tables):
        raise policyfile.PolicyError("坏了。")

    monkeypatch.setattr(load_policy.filings, "load", refuse_filings)
    assert refuse("jinzhou") == "坏了。"
    assert not City.objects.exists()
    assert not PolicyDocument.objects.exists()
