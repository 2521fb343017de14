"""X16: many whole numbers leave only with a second person's word, a reason, and for a while."""

import io
from datetime import date, timedelta
from typing import Any

import openpyxl
import pytest
import time_machine
from django.core.management import call_command
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from tests import cast as casting
from tests.cast import Cast
from ydjy.desk import tasks
from ydjy.desk.crypto import vault
from ydjy.desk.exports import files as exports_files
from ydjy.desk.models import Export, ExportRule, Reading

pytestmark = pytest.mark.django_db
EXPORT = "admin:errors_ticket_export"
ASKED = {"form": "xlsx", "full": "on", "reason": "省里要求逐人核对"}


@pytest.fixture
def asked(cast: Cast, client_of: Any) -> Export:
    """Three tickets, and a rule by which one person may take out two whole numbers."""
    for place in ("city", "yixian", "heishan"):
        casting.ticket(cast, place)
    ExportRule.objects.create(valid_from=date(2026, 1, 1), alone=2, kept_hours=5)
    page = client_of(cast.lead).post(reverse(EXPORT) + "?tab=all", ASKED, follow=True)
    assert "待批准" in page.content.decode()
    return Export.objects.get()


def step(browser: Any, export: Export, name: str, **data: str) -> Any:
    return browser.post(reverse(f"admin:desk_export_{name}", args=[export.pk]), data, follow=True)


def test_nothing_is_made_and_nobody_reads_until_another_has_allowed_it(
    cast: Cast, client_of: Any, asked: Export
):
    tasks.tend_exports()
    asked.refresh_from_db()
    assert (asked.state, asked.rows, asked.stored) == ("waiting", 3, "")
    assert not Reading.objects.exists()
    step(client_of(cast.lead), asked, "approve")  # he may allow others', not his own
    asked.refresh_from_db()
    assert asked.state == "waiting"
    with pytest.raises(IntegrityError), transaction.atomic():
        Export.objects.filter(pk=asked.pk).update(decided_by=cast.lead)
    with pytest.raises(IntegrityError), transaction.atomic():
        Export.objects.filter(pk=asked.pk).update(state="making")


def test_allowed_it_is_made_handed_to_the_asker_alone_and_written_down(
    cast: Cast, client_of: Any, asked: Export
):
    step(client_of(cast.head), asked, "approve")
    tasks.tend_exports()
    asked.refresh_from_db()
    assert (asked.state, asked.decided_by) == ("ready", cast.head)
    assert casting.number(1).encode() not in (vault._folder() / asked.stored).read_bytes()
    other = step(client_of(cast.head), asked, "download")
    assert "文件只给申请的人下载" in other.content.decode()
    answer = step(client_of(cast.lead), asked, "download")
    rows = [[c.value for c in r] for r in openpyxl.load_workbook(io.BytesIO(answer.content)).active]
    assert casting.number(1) in str(rows)
    log = Reading.objects.get()
    assert (log.by, log.reason) == (cast.lead, "省里要求逐人核对")
    assert log.what == "导出 3 行（完整，郑局批准）"


def test_the_file_is_deleted_when_its_time_is_over(cast: Cast, client_of: Any, asked: Export):
    step(client_of(cast.head), asked, "approve")
    tasks.tend_exports()
    asked.refresh_from_db()
    kept = vault._folder() / asked.stored
    assert kept.exists()
    with time_machine.travel(timezone.now() + timedelta(hours=4)):
        assert tasks.tend_exports() == (0, 0)
    with time_machine.travel(timezone.now() + timedelta(hours=6)):
        assert tasks.tend_exports() == (0, 1)
        page = step(client_of(cast.lead), asked, "download")
        assert "已到期删除" in page.content.decode()
    assert not kept.exists()


def test_without_a_worker_a_command_does_it(
    cast: Cast, client_of: Any, asked: Export, capsys: pytest.CaptureFixture[str]
):
    step(client_of(cast.head), asked, "approve")
    call_command("tend_exports")
    assert "生成了 1 个导出文件" in capsys.readouterr().out


def test_a_request_that_nobody_answers_lapses(asked: Export):
    with time_machine.travel(timezone.now() + timedelta(days=4)):
        assert tasks.tend_exports() == (0, 1)
    asked.refresh_from_db()
    assert asked.state == "expired"


def test_declined_with_a_reason(cast: Cast, client_of: Any, asked: Export):
    browser = client_of(cast.head)
    assert "请写明为什么不批准" in step(browser, asked, "decline").content.decode()
    step(browser, asked, "decline", words="打码的就够用")
    tasks.tend_exports()
    asked.refresh_from_db()
    assert (asked.state, asked.words, asked.stored) == ("declined", "打码的就够用", "")


def test_more_rows_than_were_allowed_are_not_made(cast: Cast, client_of: Any, asked: Export):
    casting.ticket(cast, "township")
    step(client_of(cast.head), asked, "approve")
    tasks.tend_exports()
    asked.refresh_from_db()
    assert asked.state == "stopped"
    assert "批准的是 3 行" in asked.words


def test_who_has_lost_the_right_meanwhile_gets_nothing(cast: Cast, client_of: Any, asked: Export):
    step(client_of(cast.head), asked, "approve")
    cast.lead.groups.clear()
    tasks.tend_exports()
    asked.refresh_from_db()
    assert asked.state == "stopped"


def test_many_masked_rows_are_made_in_the_background(
    cast: Cast, client_of: Any, monkeypatch: pytest.MonkeyPatch
):
    from ydjy.desk.exports import admin_mixin

    for place in ("city", "yixian"):
        casting.ticket(cast, place)
    monkeypatch.setattr(admin_mixin, "AT_ONCE", 1)
    client_of(cast.lead).post(reverse(EXPORT) + "?tab=all", {"form": "csv", "columns": ["工单"]})
    export = Export.objects.get()
    assert export.state == "making"
    exports_files.make(export.pk)
    exports_files.make(export.pk)  # a second worker
    answer = step(client_of(cast.lead), export, "download")
    assert answer.content.decode("utf-8-sig").count("\r\n") == 4


def test_a_file_without_a_row_is_swept(cast: Cast, monkeypatch: pytest.MonkeyPatch):
    name = vault.put(exports_files.KIND, b"x")
    tasks.tend_exports()
    assert (vault._folder() / name).exists()  # it may be being made this very moment
    with time_machine.travel(timezone.now() + timedelta(hours=1)):
        tasks.tend_exports()
    assert not (vault._folder() / name).exists()
