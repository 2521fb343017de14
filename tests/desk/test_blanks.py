"""X17: blank lists come back as they are, and filled in like their own sample they are accepted."""

import re
import zipfile
from io import BytesIO
from typing import Any

import openpyxl
import pytest
from django.urls import reverse
from django.utils import timezone

from apps.errors.intake import columns as intake_columns
from apps.filings.imports import columns as filing_lists
from apps.institutions.imports import compare as imports_compare
from apps.institutions.imports import workflow
from apps.offices.models import PolicyDocument
from apps.offices.resources import DAYS, HOTLINES, OFFICES
from tests import cast as casting
from tests.cast import Cast
from ydjy.desk.imports import kinds as imports_kinds
from ydjy.desk.imports.blank_workbook import blank
from ydjy.lib import workbook

pytestmark = pytest.mark.django_db


def kinds() -> list[imports_kinds.ListKind]:
    return [
        intake_columns.kind(today=timezone.localdate(), home="210700"),
        workflow.list_kind(),
        filing_lists.kind(),
        *(one.kind() for one in (OFFICES, HOTLINES, DAYS)),
    ]


@pytest.mark.parametrize("which", range(6))
def test_a_blank_list_comes_back_and_its_sample_is_passed_over(cast: Cast, which: int):
    kind = kinds()[which]
    name, data = blank(kind)
    assert name == f"{kind.label}-空白表.xlsx"
    report = imports_kinds.examine(kind, data, name)
    assert [row.message for row in report.rows] == ["示例行，不是数据。"], report.message
    assert report.unmapped == ()


@pytest.mark.parametrize("which", range(6))
def test_filled_in_like_the_sample_it_is_accepted(cast: Cast, which: int):
    kind = kinds()[which]
    book = openpyxl.load_workbook(BytesIO(blank(kind)[1]))
    page = book.worksheets[0]
    page.append([None, *[cell.value for cell in page[2]][1:]])
    out = BytesIO()
    book.save(out)
    report = imports_kinds.examine(kind, out.getvalue(), "填好.xlsx")
    assert [row.status for row in report.rows] == ["skipped", "accepted"], report.rows[-1].message


def test_the_sample_of_an_institution_is_no_institution(cast: Cast):
    opened = imports_kinds.open_file(
        workflow.list_kind(), blank(workflow.list_kind())[1], "x.xlsx", remembered={}
    )
    plan = imports_compare.compare(opened, "city", timezone.localdate())
    assert [row.outcome for row in plan.rows] == ["skipped"]


def test_columns_are_text_and_what_may_be_chosen_is_offered(cast: Cast):
    data = blank(OFFICES.kind())[1]
    page = openpyxl.load_workbook(BytesIO(data)).worksheets[0]
    letters = {cell.value: cell.column_letter for cell in page[1]}
    xml = zipfile.ZipFile(BytesIO(data)).read("xl/worksheets/sheet1.xml").decode()
    columns = re.findall("<col [^>]*>", xml)
    assert len(columns) == len(letters)
    assert all('style="1"' in column for column in columns)  # text, also where nothing stands
    assert page["A2"].number_format == "@"
    offered = {str(v.sqref).split("2")[0]: v.formula1 for v in page.data_validations.dataValidation}
    assert offered[letters["级别"]] == '"市级,县（市、区）级,乡镇（街道）,服务网点"'
    prompts = {v.promptTitle: v.prompt for v in page.data_validations.dataValidation}
    assert "上级机构的名称" in prompts["上级"]


def test_the_sample_row_is_known_whatever_stands_beside_it():
    rows = [["序号", "名称", "日期"], ["示例", "元旦", "2027-01-01"], ["1", "元旦", "2027-01-01"]]
    out = BytesIO()
    workbook.write(out, [workbook.SheetOut(name="x", header=rows[0], rows=rows[1:])])
    report = imports_kinds.examine(DAYS.kind(), out.getvalue(), "x.xlsx")
    assert [row.status for row in report.rows] == ["skipped", "accepted"]


@pytest.mark.parametrize(
    "name",
    [
        "offices_office_list_blank",
        "offices_hotline_list_blank",
        "offices_calendarday_list_blank",
        "institutions_listimport_list_blank",
        "errors_batch_blank",
    ],
)
def test_they_are_downloaded_by_those_who_may_import(cast: Cast, client_of: Any, name: str):
    PolicyDocument.objects.create(code="n", title="x")
    assert client_of(cast.lead).get(reverse(f"admin:{name}")).content.startswith(b"PK")
    assert client_of(cast.head).get(reverse(f"admin:{name}")).status_code == 403


def test_each_kind_of_filing_has_its_own(cast: Cast, client_of: Any):
    address = reverse("admin:filings_filing_batch_blank", args=[casting.variant().pk])
    data = client_of(cast.yixian).get(address).content
    titles = [cell.value for cell in openpyxl.load_workbook(BytesIO(data)).worksheets[0][1]]
    assert "派驻月数" not in titles
    assert "证件号码" in titles
