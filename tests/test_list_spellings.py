"""A stored name is as it was typed on a page, with （） and ，; a cell is read with () and ,. They
are one thing: a list neither doubles it nor fails to find it."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.errors.models import CauseCode, Snippet
from apps.errors.resources import CAUSES, SNIPPETS
from apps.institutions.models import DiseaseGroup
from apps.institutions.resources import GROUPS
from apps.offices.models import CalendarDay, Hotline, Office, PolicyDocument, Synonym
from apps.offices.resources import DAYS, HOTLINES, OFFICES, SYNONYMS
from tests import workbooks
from tests.cast import Cast
from tests.undone import undone
from ydjy.desk.imports.reference_list import SmallList
from ydjy.desk.models import Upload

pytestmark = pytest.mark.django_db
TITLE = "异地就医办法（试行）：2021 年"
LISTS = (OFFICES, HOTLINES, DAYS, SYNONYMS, CAUSES, SNIPPETS, GROUPS)


@pytest.fixture(autouse=True)
def typed(cast: Cast) -> None:
    notice = PolicyDocument.objects.create(code="n", title=TITLE)
    office = Office.objects.create(
        code="east", name="服务站（城东）", level="point", parent=cast.office["yixian"],
        address="人民路１号\n二楼", source=notice,
    )  # fmt: skip
    Hotline.objects.create(
        name="咨询（夜间）", display="12393", tel="12393", office=office, source=notice
    )
    CalendarDay.objects.create(day="2027-01-01", works=False, name="元旦（补）", source="１号")
    Synonym.objects.create(word="转院（外地）", means="转诊，转院")
    cause = CauseCode.objects.create(code="c", label="原因（一）", template="", note="")
    Snippet.objects.create(cause=cause, words="请补办（加急）；\n谢谢！")
    group = DiseaseGroup.objects.create(name="精神疾病（重）", aliases=["ＡＢ"])
    DiseaseGroup.objects.create(name="抑郁症", parent=group)


def received(which: SmallList, rows: list[list[Any]], cast: Cast) -> Upload:
    upload = which.receive(workbooks.xlsx(rows), "表.xlsx", by=cast.directory)
    which.read(upload)
    return upload


def written(which: SmallList, *left_out: str) -> list[list[Any]]:
    """The list as it is taken out."""
    columns = [column for column in which.columns if column.key not in left_out]
    things = which.model._default_manager.all()
    return [[c.titles[0] for c in columns], *([c.export(one) for c in columns] for one in things)]


@pytest.mark.parametrize("which", LISTS, ids=lambda one: one.code)
def test_a_list_taken_out_comes_back_without_a_change(cast: Cast, which: SmallList):
    upload = received(which, written(which, "code"), cast)
    assert [row.message for row in upload.rows.exclude(status="accepted")] == []
    assert upload.accepted == which.model._default_manager.count()
    assert not upload.changes.exists()


def test_a_new_row_finds_what_it_names_and_is_taken_back(cast: Cast):
    header = ["名称", "号码", "用途", "机构", "依据"]
    rows = [header, ["白天咨询", "12345", "咨询", "服务站（城东）", TITLE]]
    upload = received(HOTLINES, rows, cast)
    HOTLINES.confirm(upload, by=cast.directory)
    made = Hotline.objects.get(name="白天咨询")
    assert (made.office.code, made.source.title) == ("east", TITLE)
    assert undone(upload) == (1, [])
    assert not Hotline.objects.filter(name="白天咨询").exists()


def test_two_names_that_are_read_alike_are_told(cast: Cast):
    for name in ("药店（东）", "药店（东)"):
        Synonym.objects.create(word=name, means="药房")
    upload = received(SYNONYMS, [["说法", "对应的词"], ["药店（东）", "药铺"]], cast)
    assert upload.rows.get().message == "有几条都是这样写的，请在页面上改。"


def test_how_rows_are_spelled_is_asked_once_for_a_file(cast: Cast):
    Synonym.objects.create(word="药店（东）", means="药房")
    rows = [
        ["说法", "对应的词"],
        *([f"说法a{n}", "转诊"] for n in range(40)),
        ["药店（东）", "药铺"],
    ]
    upload = SYNONYMS.receive(workbooks.xlsx(rows), "x.xlsx", by=cast.directory)
    with CaptureQueriesContext(connection) as asked:
        SYNONYMS.read(upload)
    whole = [q for q in asked.captured_queries if _reads_whole_table(q["sql"])]
    assert (len(whole), upload.changes.filter(new=False).count()) == (1, 1)


def _reads_whole_table(sql: str) -> bool:
    return sql.startswith("SELECT") and "offices_synonym" in sql and "WHERE" not in sql


def test_a_number_of_thousands_of_digits_is_a_row_with_a_problem(cast: Cast):
    upload = received(GROUPS, [["名称", "次序"], ["抑郁症", "1" * 5000]], cast)
    assert upload.rows.get().message == "“次序”要写 0 到 9999 的数字。"
