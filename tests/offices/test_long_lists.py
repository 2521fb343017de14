"""A small list that takes longer than a page may: a worker reads and writes it."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from apps.offices.models import Office
from tests import workbooks
from tests.cast import Cast
from ydjy.desk.imports import admin as imports_admin
from ydjy.desk.imports import background, progress, reference_list
from ydjy.desk.models import Upload

pytestmark = pytest.mark.django_db
ROWS = [["名称", "地址"], ["义县医保中心", "人民路1号"], ["黑山县医保中心", "中大路2号"]]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """What the worker was asked for, while every list is a long one."""
    found: list[int] = []
    monkeypatch.setattr(background.go_on_with, "delay", found.append)
    monkeypatch.setattr(imports_admin, "AT_ONCE", 0)
    monkeypatch.setattr(imports_admin, "AT_ONCE_ROWS", 0)
    return found


@pytest.fixture
def browser(cast: Cast, client_of: Any) -> Client:
    client: Client = client_of(cast.directory)
    return client


@pytest.fixture
def here(asked: list[int], browser: Client) -> str:
    """The page of a list that was sent and is not read yet."""
    file = SimpleUploadedFile("表.xlsx", workbooks.xlsx(ROWS))
    url = browser.post(reverse("admin:offices_office_list_receive"), {"file": file}).url
    assert Upload.objects.get().state == Upload.State.RECEIVED
    return str(url)


def addresses() -> list[str]:
    codes = ("yixian", "heishan")
    return [Office.objects.get(code=code).address for code in codes]


def test_it_is_read_and_written_by_the_worker_once(here: str, asked: list[int], browser: Client):
    page = browser.get(here)
    assert "正在核对：正在打开文件。可以离开这一页" in page.content.decode()
    assert page["Refresh"] == "3"
    background.go_on_with(asked[0])
    page = browser.get(here)
    assert "导入：新增 0，改动 2" in page.content.decode()
    assert "Refresh" not in page

    browser.post(here, {"do": "import"})
    browser.post(here, {"do": "import"})
    assert "正在导入：0 / 2 行" in browser.get(here).content.decode()
    assert (len(asked), addresses()) == (2, ["", ""]), "the second press asks nobody"
    background.go_on_with(asked[1])
    background.go_on_with(asked[1])
    page = browser.get(here)
    assert "已导入：新增 0 条，改动 2 条" in page.content.decode()
    assert addresses() == ["人民路1号", "中大路2号"]


def test_whoever_looks_sees_how_far_it_is(
    here: str, asked: list[int], browser: Client, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(reference_list, "_TOLD_EVERY", 1)
    seen = []
    note = progress.note

    def noted(what: str, done: int, total: int) -> None:
        note(what, done, total)
        seen.append(browser.get(here).context_data["how_far"])

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(progress, "note", noted)
        background.go_on_with(asked[0])
    assert seen == [(1, 2), (2, 2)]
    assert progress.of(progress.of_upload(Upload.objects.get())) is None


def test_what_has_changed_since_it_was_looked_at_is_shown_again_and_not_written(
    here: str, asked: list[int], browser: Client
):
    background.go_on_with(asked[0])
    Office.objects.filter(code="yixian").update(address="别处")
    browser.post(here, {"do": "import"})
    background.go_on_with(asked[1])
    page = browser.get(here).content.decode()
    assert reference_list.CHANGED_MEANWHILE in page
    assert "<del>别处</del>" in page
    assert addresses() == ["别处", ""]
    browser.post(here, {"do": "import"})
    background.go_on_with(asked[2])
    assert addresses() == ["人民路1号", "中大路2号"]


def test_it_can_be_given_up_while_the_worker_has_not_come(
    here: str, asked: list[int], browser: Client
):
    browser.post(here, {"do": "abandon"})
    background.go_on_with(asked[0])
    upload = Upload.objects.get()
    assert (upload.state, upload.rows_in) == (Upload.State.ABANDONED, 0)
    assert "Refresh" not in browser.get(here)
