"""The rows of an institution list that did not go in: counted, downloaded, mended, sent again."""

from io import BytesIO
from typing import Any

import openpyxl
import pytest
from django.test import Client
from django.urls import reverse

from apps.institutions.models import Institution, ListImport, ListRow
from tests.cast import Cast
from tests.institutions.lists import csv_list, generated, published, received
from ydjy.desk.imports.problem_workbook import COLUMN

pytestmark = pytest.mark.django_db
HEADER = ("机构名称", "国家码", "电话（固话）", "状态", "内部号")
ROWS = [
    ["测试甲医院", "H21070200001", "0416-2345678", "正常", "1"],
    ["测试乙医院", "H2107", "0416-2345679", "正常", "2"],
    ["测试丙医院", "H21070200003", "0416-2345670", "不知道", "3"],
    ["测试丁医院", "Ｈ2107", "2.35E+09", "正常", "4"],
]


@pytest.fixture
def one(cast: Cast) -> ListImport:
    return received(csv_list(ROWS, HEADER), by=cast.directory)


@pytest.fixture
def browser(cast: Cast, client_of: Any) -> Client:
    client: Client = client_of(cast.directory)
    return client


def downloaded(browser: Client, one: ListImport) -> openpyxl.Workbook:
    page = browser.get(reverse("admin:institutions_listimport_list_problems", args=[one.pk]))
    return openpyxl.load_workbook(BytesIO(page.content))


def test_the_workbook_has_the_senders_layout_and_says_of_each_row_what_is_wrong(
    one: ListImport, browser: Client
):
    sheet = downloaded(browser, one).active
    assert [cell.value for cell in sheet[1]] == [*HEADER, COLUMN]
    said = {row[0].value: row[-1].value for row in sheet.iter_rows(min_row=2)}
    assert list(said) == ["测试乙医院", "测试丙医院", "测试丁医院"]
    assert said["测试乙医院"].startswith("原表第 3 行：“国家码”国家编码应为 H 或 P 加 11 位数字")
    assert sheet["E3"].value == "3", "what no column of ours takes is kept for the sender"
    plain = sheet["A2"].fill.fgColor.rgb
    marked = [[c.column for c in row if c.fill.fgColor.rgb != plain] for row in sheet.iter_rows(2)]
    assert marked == [[2], [4], [2, 3]]


def test_the_reasons_are_counted_on_the_page(one: ListImport, browser: Client):
    page = browser.get(reverse("admin:institutions_listimport_look", args=[one.pk]))
    reason, count = page.context_data["reasons"][0]
    assert (reason, count) == ("“国家码”国家编码应为 H 或 P 加 11 位数字，请核对", 2)
    assert f"{reason}：2 行" in page.content.decode()
    assert "下载有问题的 3 行" in page.content.decode()


def test_mended_it_is_received_as_it_is_and_says_nothing_of_the_others(cast: Cast, browser: Client):
    everything = [[name, code, "0416-2345678", "正常", ""] for name, code, *_ in generated(5)]
    published(csv_list(everything, HEADER), by=cast.directory, second=cast.lead)
    broken = [*everything, ROWS[1]]
    first = received(csv_list(broken, HEADER), by=cast.directory)
    assert (first.unchanged, first.problems, first.missing) == (5, 1, 0)
    book = downloaded(browser, first)
    book.active["B2"] = "H21070200002"
    mended = BytesIO()
    book.save(mended)
    again = received(mended.getvalue(), by=cast.directory)
    assert (again.new, again.problems, again.missing) == (1, 0, 0)
    assert not again.rows.filter(outcome=ListRow.Outcome.MISSING).exists()
    assert "不是整份名单" in again.upload.message
    part = received(csv_list(broken[:3], HEADER), by=cast.directory)
    assert part.missing == 2, "a list that shrank by itself still asks"


def test_who_may_only_look_downloads_nothing(one: ListImport, cast: Cast, client_of: Any):
    address = reverse("admin:institutions_listimport_list_problems", args=[one.pk])
    for who in (cast.auditor, cast.nobody, cast.yixian):
        assert client_of(who).get(address).status_code == 403
    assert not Institution.objects.filter(name__startswith="测试").exists()
