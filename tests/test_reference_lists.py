"""Reference tables go out, are gone over in a workbook, and come back: causes, snippets, groups of
diseases, words. The right to change them is the right to do so; looking is not."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse
from import_export.admin import ExportMixin, ImportExportModelAdmin, ImportMixin

from apps.errors.models import CauseCode, Snippet
from apps.errors.resources import CAUSES, SNIPPETS
from apps.institutions.models import DiseaseGroup
from apps.institutions.resources import GROUPS
from apps.offices.models import Synonym
from apps.offices.resources import SYNONYMS
from tests import workbooks
from tests.cast import Cast
from tests.undone import undone
from ydjy.desk.imports.reference_list import SmallList
from ydjy.desk.models import Upload

pytestmark = pytest.mark.django_db
TABLES = [
    (CAUSES, "errors_causecode", "change_causecode"),
    (SNIPPETS, "errors_snippet", "change_snippet"),
    (GROUPS, "institutions_diseasegroup", "change_diseasegroup"),
    (SYNONYMS, "offices_synonym", "change_synonym"),
]
IDS = [which.code for which, _, _ in TABLES]


@pytest.fixture(autouse=True)
def rows(db: None) -> None:
    cause = CauseCode.objects.create(
        code="not_filed", label="未办理备案", template="=请补办", note=""
    )
    Snippet.objects.create(cause=cause, words="-已联系{姓名}", order=2, active=False)
    parent = DiseaseGroup.objects.create(name="精神疾病", aliases=["精神病"])
    DiseaseGroup.objects.create(name="抑郁症", parent=parent)
    Synonym.objects.create(word="转院", means="转诊")


def received(which: SmallList, data: bytes, name: str, cast: Cast) -> Upload:
    upload = which.receive(data, name, by=cast.directory)
    which.read(upload)
    return upload


@pytest.mark.parametrize("form", ["xlsx", "csv"])
@pytest.mark.parametrize(("which", "page", "code"), TABLES, ids=IDS)
def test_exported_and_received_again_nothing_changes(
    cast: Cast, client_of: Any, which: SmallList, page: str, code: str, form: str
):
    cast.directory.user_permissions.add(Permission.objects.get(codename=code))
    answer = client_of(cast.directory).post(reverse(f"admin:{page}_export"), {"form": form})
    upload = received(which, answer.content, f"x.{form}", cast)
    assert upload.accepted == which.model._default_manager.count() > 0
    assert (upload.rows_in, upload.changes.count()) == (upload.accepted, 0)


@pytest.mark.parametrize(("which", "page", "code"), TABLES, ids=IDS)
def test_who_may_only_look_at_a_table_neither_takes_it_out_nor_brings_it_in(
    cast: Cast, client_of: Any, which: SmallList, page: str, code: str
):
    person = cast.operator
    person.groups.clear()
    person.user_permissions.set(
        Permission.objects.filter(codename=code.replace("change_", "view_"))
    )
    browser = client_of(person)
    shown = browser.get(reverse(f"admin:{page}_changelist"))
    assert shown.status_code == 200
    assert "export" not in shown.content.decode()
    for name, args in (
        ("export", []),
        ("list_receive", []),
        ("list_blank", []),
        ("list_look", [1]),
        ("list_columns", [1]),
        ("list_problems", [1]),
    ):
        address = reverse(f"admin:{page}_{name}", args=args)
        assert browser.get(address).status_code == 403
        assert browser.post(address, {"form": "csv", "do": "import"}).status_code == 403


def test_the_packages_own_screens_are_mounted_nowhere_and_would_ask_for_a_right(
    cast: Cast, settings: Any, rf: Any
):
    from django.contrib import admin

    registered = admin.site._registry.values()
    assert not any(isinstance(one, ImportMixin | ExportMixin) for one in registered)

    class Stock(ImportExportModelAdmin):
        pass

    stock, request = Stock(Synonym, admin.site), rf.get("/")
    request.user = cast.nobody
    assert not stock.has_import_permission(request)
    assert not stock.has_export_permission(request)
    settings.IMPORT_EXPORT_IMPORT_PERMISSION_CODE = None
    settings.IMPORT_EXPORT_EXPORT_PERMISSION_CODE = None
    assert stock.has_import_permission(request), "the package's default has changed"
    assert stock.has_export_permission(request), "the package's default has changed"


def test_a_fault_of_the_program_is_not_told_as_a_fault_of_the_row(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
):
    def broken(*args: object, **more: object) -> None:
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(Synonym, "save", broken)
    with pytest.raises(RuntimeError, match="a fault of ours"):
        received(SYNONYMS, workbooks.xlsx([["说法", "对应的词"], ["报销", "结算"]]), "x", cast)


def test_a_cause_gets_new_words_but_no_list_makes_a_cause(cast: Cast):
    rows = [["原因", "范文"], ["未办理备案", "请补办备案后重试"], ["下雨了", "等天晴"]]
    upload = received(CAUSES, workbooks.xlsx(rows), "x.xlsx", cast)
    assert (upload.accepted, upload.rejected) == (1, 1)
    CAUSES.confirm(upload, by=cast.lead, only_good=True)
    assert [c.template for c in CauseCode.objects.all()] == ["请补办备案后重试"]


def test_new_snippets_groups_and_words_come_in_and_go(cast: Cast):
    for which, rows in (
        (SNIPPETS, [["原因", "范文"], ["未办理备案", "已补办，请重刷"]]),
        (GROUPS, [["名称", "别名", "上级"], ["焦虑症", "焦虑障碍，焦虑", "精神疾病"]]),
        (SYNONYMS, [["百姓的说法", "对应的词"], ["报销", "结算"]]),
    ):
        before = which.model._default_manager.count()
        upload = received(which, workbooks.xlsx(rows), "x.xlsx", cast)
        which.confirm(upload, by=cast.lead)
        assert which.model._default_manager.count() == before + 1
        assert undone(upload) == (1, [])
        assert which.model._default_manager.count() == before
