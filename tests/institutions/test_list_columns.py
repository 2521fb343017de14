"""A list whose columns have names that nobody knows: a person says once which is which."""

from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from apps.institutions.imports import workflow
from apps.institutions.models import Institution, ListImport
from tests.cast import Cast
from tests.institutions.lists import csv_list, generated, published, received
from ydjy.desk.crypto import vault
from ydjy.desk.exceptions import Refused
from ydjy.desk.imports import cleanup, uploads
from ydjy.desk.models import ColumnMemory, Upload
from ydjy.staff_site import list_kinds

pytestmark = pytest.mark.django_db
State = ListImport.State
# 机构的叫法 and 值班电话 are words of ours for name and telephone that no list uses.
UNKNOWN = ("机构的叫法", "定点医药机构编码", "所属县区", "等级", "类别", "联系电话", "地址")
UNUSED = ("机构名称", "定点医药机构编码", "所属县区", "等级", "类别", "值班电话", "地址")


@pytest.fixture
def keeper(cast: Cast, client_of: Callable[..., Client]) -> Client:
    return client_of(cast.directory)


def url(name: str, *args: Any) -> str:
    return reverse(f"admin:institutions_listimport_{name}", args=args)


def sent(browser: Client, data: bytes, name: str = "名单.csv") -> Any:
    form = {"file": SimpleUploadedFile(name, data), "listed": "city"}
    return browser.post(url("receive"), form, follow=True)


def the_list() -> ListImport:
    return ListImport.objects.latest("pk")


def told(browser: Client, one: ListImport, **columns: str) -> Any:
    """The page 对应列 as it is offered, with ``columns`` (header → key) chosen, sent off."""
    form = browser.get(url("columns", one.pk)).context_data["form"]
    chosen = {
        name: columns.get(str(field.label), field.initial) for name, field in form.fields.items()
    }
    return browser.post(url("columns", one.pk), chosen, follow=True)


# A column that is needed -------------------------------------------------------------------------


def test_a_list_without_a_known_name_column_asks_which_it_is_and_remembers(keeper: Client):
    answer = sent(keeper, csv_list(generated(3), UNKNOWN))
    one = the_list()
    assert answer.redirect_chain[-1][0] == url("columns", one.pk)
    page = answer.content.decode()
    assert "没有找到“机构名称”这一列" in page
    fields = answer.context_data["form"].fields
    initial = {str(field.label): field.initial for field in fields.values()}
    assert (initial["机构的叫法"], initial["联系电话"]) == ("", "phone")
    assert (one.upload.state, one.upload.rows_in) == (Upload.State.COLUMNS, 0)

    answer = told(keeper, one, 机构的叫法="name")
    assert answer.redirect_chain[-1][0] == url("look", one.pk)
    one = the_list()
    assert (one.state, one.upload.state, one.new) == (State.STAGED, Upload.State.STAGED, 3)
    assert (one.message, one.upload.message) == ("", "")
    assert one.rows.order_by("row").first().name == generated(1)[0][0]

    sent(keeper, csv_list(generated(4), UNKNOWN), "下月.csv")
    assert (the_list().state, the_list().new) == (State.STAGED, 4)


def test_without_saying_which_is_the_name_nothing_is_remembered_or_read(keeper: Client):
    sent(keeper, csv_list(generated(3), UNKNOWN))
    answer = told(keeper, the_list())
    assert "还没有选哪一列是“机构名称”" in answer.content.decode()
    answer = told(keeper, the_list(), 机构的叫法="name", 地址="name")
    assert "选了不止一次" in answer.content.decode()
    assert not ColumnMemory.objects.exists()
    assert the_list().upload.state == Upload.State.COLUMNS


def test_a_long_list_is_read_by_the_job_once_its_columns_are_said(
    keeper: Client, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(workflow, "AT_ONCE", 10)
    sent(keeper, csv_list(generated(3), UNKNOWN))
    workflow.run(the_list().pk)
    answer = told(keeper, the_list(), 机构的叫法="name")
    assert answer.headers["Refresh"]
    assert "没有找到" not in answer.content.decode()
    assert (the_list().state, the_list().job) == (State.READING, "read")
    assert workflow.run(the_list().pk).new == 3


@pytest.mark.parametrize(
    ("known", "asked"),
    [
        (("机构编码", "等级", "电话"), False),
        (("机构编码（国家）", "等级", "电话（固话）", "地址"), True),
    ],
    ids=["three known columns", "four known columns"],
)
def test_only_what_is_likely_a_list_of_institutions_is_asked_about(
    cast: Cast, known: tuple[str, ...], asked: bool
):
    row = ["甲医院", "H21070200001", "二级", "0416-2000001", "人民路1号"]
    one = received(csv_list([row[: len(known) + 1]], ("机构的叫法", *known)), by=cast.directory)
    assert (one.state, one.asks_columns) == (State.REFUSED, asked)
    assert "机构名称" in one.message


def test_a_name_with_brackets_is_offered_as_what_the_reader_takes_it_for(keeper: Client):
    header = ["机构的叫法", "机构编码（国家）", *UNKNOWN[2:5], "电话（固话）", "地址"]
    answer = sent(keeper, csv_list(generated(1), header))
    fields = answer.context_data["form"].fields.values()
    initial = {str(field.label): field.initial for field in fields}
    assert (initial["机构编码（国家）"], initial["电话（固话）"]) == ("code", "phone")


# While it waits ----------------------------------------------------------------------------------


@pytest.fixture
def waiting(cast: Cast) -> ListImport:
    one = received(csv_list(generated(3), UNKNOWN), by=cast.directory)
    assert one.asks_columns
    return one


def test_the_list_of_lists_says_what_it_waits_for(waiting: ListImport, keeper: Client):
    page = keeper.get(url("changelist")).content.decode()
    assert "等列对应" in page
    assert "读不了</td>" not in page


def test_whoever_may_only_look_is_told_why_and_not_asked(
    waiting: ListImport, cast: Cast, client_of: Any
):
    view = Permission.objects.get(codename="view_listimport")
    cast.auditor.user_permissions.add(view)
    looker = client_of(cast.auditor)
    page = looker.get(url("look", waiting.pk))
    assert page.status_code == 200
    assert waiting.message in page.content.decode()
    assert looker.get(url("columns", waiting.pk)).status_code == 403


def test_the_same_bytes_again_lead_to_the_page_that_asks(waiting: ListImport, keeper: Client):
    answer = sent(keeper, csv_list(generated(3), UNKNOWN))
    assert answer.redirect_chain[-1][0] == url("columns", waiting.pk)
    assert "已经收到，还没有导入" in answer.content.decode()
    assert the_list() == waiting


def test_it_can_be_given_up_and_comes_again_to_the_page_that_asks(
    waiting: ListImport, keeper: Client
):
    answer = keeper.post(url("look", waiting.pk), {"do": "abandon"}, follow=True)
    assert "这份名单没有导入" in answer.content.decode()
    waiting.refresh_from_db()
    assert (waiting.state, waiting.upload.state) == (State.ABANDONED, Upload.State.ABANDONED)
    answer = keeper.get(url("columns", waiting.pk), follow=True)
    assert answer.redirect_chain[-1][0] == url("look", waiting.pk)
    assert "不用再对应列" in answer.content.decode()
    sent(keeper, csv_list(generated(3), UNKNOWN))
    assert the_list() != waiting
    assert the_list().asks_columns


def test_nobody_saying_it_in_time_it_ends_like_the_others(waiting: ListImport):
    at = timezone.now().replace(minute=0)
    list_kinds.tend(at + timedelta(days=29))
    assert the_list().asks_columns
    list_kinds.tend(at + timedelta(days=32))
    one = the_list()
    assert (one.state, one.upload.state) == (State.ABANDONED, Upload.State.ABANDONED)
    assert one.upload.stored == ""
    assert one.upload.message.endswith(cleanup.DELETED)


def test_having_the_page_open_keeps_it(waiting: ListImport, keeper: Client):
    keeper.get(url("columns", waiting.pk))
    assert the_list().upload.touched_on == timezone.localdate()


def test_of_two_who_say_it_the_second_finds_it_said(waiting: ListImport):
    workflow.use_columns(waiting, {"机构的叫法": "name"})
    with pytest.raises(Refused):
        workflow.use_columns(waiting, {"机构的叫法": "remark"})
    assert ColumnMemory.objects.get().key == "name"


# A column that is not needed ---------------------------------------------------------------------


def test_an_unused_column_of_a_staged_list_is_mapped_and_its_contents_go_in(
    keeper: Client, cast: Cast
):
    rows = generated(3)
    published(csv_list(rows, UNUSED), by=cast.directory, second=cast.lead)
    assert set(Institution.objects.values_list("phone", flat=True)) == {""}
    sent(keeper, csv_list([*rows, *generated(4)[3:]], UNUSED))
    one = the_list()
    look = keeper.get(url("look", one.pk)).content.decode()
    assert "没有用到的列：值班电话" in look
    assert url("columns", one.pk) in look
    assert (one.new, one.changed, one.unchanged) == (1, 0, 3)
    first = one.packed

    told(keeper, one, 值班电话="phone")
    one = the_list()
    assert (one.state, one.upload.unmapped) == (State.STAGED, [])
    assert (one.new, one.changed, one.unchanged) == (1, 3, 0)
    assert one.rows.count() == 4
    vault.drop(first)
    workflow.draft(one, by=cast.directory)
    workflow.ask_publish(one, by=cast.lead)
    workflow.run(one.pk)
    assert "" not in Institution.objects.values_list("phone", flat=True)


def test_a_submitted_list_offers_no_other_columns(keeper: Client, cast: Cast):
    one = received(csv_list(generated(3), UNUSED), by=cast.directory)
    workflow.draft(one, by=cast.directory)
    assert url("columns", one.pk) not in keeper.get(url("look", one.pk)).content.decode()
    assert "不用再对应列" in told_off(keeper, one)
    assert not ColumnMemory.objects.exists()
    assert the_list().state == State.DRAFT


def told_off(browser: Client, one: ListImport) -> str:
    answer = browser.post(url("columns", one.pk), {"column-0": "name"}, follow=True)
    return answer.content.decode()


def test_a_draft_that_is_not_understood_any_more_is_refused_with_the_reason(cast: Cast):
    """It is compared anew because the store has changed, by columns that are known otherwise."""
    one = received(csv_list(generated(3), UNUSED), by=cast.directory)
    workflow.draft(one, by=cast.directory)
    workflow.ask_publish(one, by=cast.lead)
    Institution.objects.create(name=generated(1)[0][0])
    uploads.remember(workflow.KIND, "", {"机构名称": ""})
    one = workflow.run(one.pk)
    assert one.asks_columns
    assert "没有找到“机构名称”这一列" in one.message
    assert (one.new, one.rows.count(), one.packed, one.published_by) == (0, 0, "", None)


# On the command line -----------------------------------------------------------------------------


def test_the_command_refuses_it_each_time_until_somebody_has_said_it(cast: Cast, tmp_path: Path):
    file = tmp_path / "list.csv"
    file.write_bytes(csv_list(generated(3), UNKNOWN))
    for _ in range(2):
        out = StringIO()
        with pytest.raises(CommandError, match="没有找到“机构名称”这一列"):
            call_command("import_institutions", str(file), "--json", stdout=out)
        assert '"state": "refused"' in out.getvalue()
    uploads.remember(workflow.KIND, "", {"机构的叫法": "name"})
    call_command("import_institutions", str(file), "--draft", "directory", stdout=StringIO())
    assert (the_list().state, the_list().new) == (State.DRAFT, 3)
    with pytest.raises(CommandError, match="已经导入过"):
        call_command("import_institutions", str(file), stdout=StringIO())
