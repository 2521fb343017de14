"""撤销这次导入, of every kind of list: what it would take back stands there, it asks why, and what
takes long is a job that says how far it is and survives whoever began it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from apps.errors.diagnosis.cause_codes import sync_causes
from apps.errors.intake import receive as intake_receive
from apps.errors.models import Ticket
from apps.filings.models import Filing
from apps.institutions.models import Institution, ListImport
from apps.offices.models import Office, PolicyDocument
from apps.offices.resources import OFFICES
from tests import workbooks
from tests.cast import Cast
from tests.filings.posted import confirmed, received, row
from tests.institutions.lists import csv_list, generated, published
from ydjy.desk.exceptions import Refused
from ydjy.desk.imports import background, cleanup, progress
from ydjy.desk.models import Upload

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]
NOTHING_MADE = {
    "platform": "is compared with what is there, and writes nothing",
    "feedback": "the verdicts of the province: a new answer of hers mends them",
}
MADE = 4


def weekly(cast: Cast) -> tuple[Upload, str]:
    sync_causes()
    data = workbooks.weekly_workbook(workbooks.weekly_rows(MADE))
    upload = intake_receive.receive(data, "报错.xlsx", by=cast.lead)
    intake_receive.confirm(upload, by=cast.lead)
    Ticket.objects.first().edit_note(by=cast.lead, note="已联系")
    return upload, reverse("admin:errors_batch_preview", args=[upload.pk])


def small(cast: Cast) -> tuple[Upload, str]:
    PolicyDocument.objects.create(code="n", title="通知")
    rows = [[f"第{n}服务站", "服务网点", "", "", "通知"] for n in range(MADE)]
    header = ["名称", "级别", "上级", "地址", "依据"]
    upload = OFFICES.receive(workbooks.xlsx([header, *rows]), "x.xlsx", by=cast.lead)
    OFFICES.read(upload)
    OFFICES.confirm(upload, by=cast.lead)
    Office.objects.filter(name="第1服务站").update(address="人民路")
    return upload, reverse("admin:offices_office_list_look", args=[upload.pk])


def filings(cast: Cast) -> tuple[Upload, str]:
    upload = received(cast, [row(n) for n in range(1, MADE + 1)])
    confirmed(cast, upload)
    Filing.objects.filter(brought__upload=upload).first().approve(by=cast.reviewer)
    return upload, reverse("admin:filings_filing_batch", args=[upload.pk])


def institutions(cast: Cast) -> tuple[Upload, str]:
    one = published(csv_list(generated(MADE)), by=cast.directory, second=cast.lead)
    first = Institution.objects.filter(brought_by=one.pk).first()
    first.phone = "0416-1111111"
    first.save()
    return one.upload, reverse("admin:institutions_listimport_look", args=[one.pk])


LISTS: dict[str, Callable[[Cast], tuple[Upload, str]]] = {
    "weekly": weekly,
    "offices": small,
    "batch": filings,
    "institutions": institutions,
}
UNDO = {"do": "undo", "reason": "发错了"}


@pytest.fixture(params=LISTS)
def made(request: Any, policy: Cast, client_of: Callable[..., Client]) -> Any:
    """(receipt, its page, a browser that may, where the press goes)."""
    upload, page = LISTS[request.param](policy)
    upload.refresh_from_db()
    person = policy.yixian if request.param == "batch" else policy.lead
    undo = reverse("admin:errors_batch_undo", args=[upload.pk])
    return upload, page, client_of(person), undo if request.param == "weekly" else page


def test_every_kind_of_list_that_makes_anything_can_be_taken_back(db: None):
    for kind, kept in cleanup.KEPT.items():
        assert (kept.undo is None) == (kind in NOTHING_MADE), kind
    assert {kind for kind in cleanup.KEPT if kind not in NOTHING_MADE} >= {
        "weekly",
        "institutions",
        OFFICES.code,
    }


def test_the_page_says_what_it_would_take_back_and_asks_why(made: Any):
    _, page, browser, _ = made
    html = browser.get(page).content.decode()
    assert f"这个文件带来 {MADE} " in html
    assert f"{MADE - 1} " in html.split("这个文件带来")[1]
    assert "1 " in html.split("会收回。")[1][:40]
    assert 'name="reason"' in html


@pytest.mark.parametrize("reason", ["", "  ", "210727196001010016 报错了"])
def test_without_a_reason_or_with_a_number_in_it_nothing_is_taken_back(made: Any, reason: str):
    upload, _, browser, where = made
    browser.post(where, UNDO | {"reason": reason})
    upload.refresh_from_db()
    assert (upload.state, upload.undo_reason) == (Upload.State.CONFIRMED, "")
    assert cleanup.KEPT[upload.kind].undo.brought(upload).free == MADE - 1


def test_what_was_told_is_what_happens(made: Any):
    upload, page, browser, where = made
    browser.post(where, UNDO)
    upload.refresh_from_db()
    assert (upload.state, upload.undo_reason) == (Upload.State.UNDONE, "发错了")
    assert upload.undone_by is not None
    html = browser.get(page).content.decode()
    assert f"{MADE - 1} " in html
    assert "后来有人" in html
    with pytest.raises(Refused, match="没有什么可以撤销的"):
        background.take_back(upload, by=None, reason="再来")


def test_of_many_it_is_a_job_that_anybody_goes_on_with(made: Any, monkeypatch: pytest.MonkeyPatch):
    upload, _, browser, where = made
    if ListImport.objects.filter(upload=upload).exists():
        return  # its jobs are its own: test_undoing
    monkeypatch.setattr(background, "AT_ONCE_UNDONE", 2)
    monkeypatch.setattr(background.go_on_with, "delay", lambda pk: None)  # no worker comes
    browser.post(where, UNDO)
    upload.refresh_from_db()
    assert upload.state == Upload.State.UNDOING
    told: list[tuple[int, int]] = []
    monkeypatch.setattr(progress, "note", lambda what, done, total: told.append((done, total)))
    later = timezone.now() + timedelta(minutes=5)
    assert cleanup.go_on(cleanup.KEPT[upload.kind], later) == 1
    upload.refresh_from_db()
    assert upload.state == Upload.State.UNDONE
    assert f"收回了 {MADE - 1} 条" in upload.message


def test_a_page_that_is_looked_at_meanwhile_says_how_far_it_is(
    made: Any, monkeypatch: pytest.MonkeyPatch
):
    upload, page, browser, _ = made
    if ListImport.objects.filter(upload=upload).exists():
        return
    Upload.objects.filter(pk=upload.pk).update(state=Upload.State.UNDOING)
    monkeypatch.setattr(progress, "of", lambda what: (2, 4))
    html = browser.get(page).content.decode()
    assert "正在撤销：2 / 4" in html
