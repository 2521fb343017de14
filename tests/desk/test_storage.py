"""X18: how long files are kept is the bureau's word; there is a limit to all that is kept."""

from datetime import date, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from apps.errors.intake import receive as intake_receive
from tests import workbooks
from ydjy.desk.crypto import vault
from ydjy.desk.exceptions import Refused
from ydjy.desk.imports import cleanup, quota, uploads
from ydjy.desk.models import StorageRule, Upload

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nothing_of_other_tests(db):
    """Their rows were rolled back; their files lie there."""
    cleanup.sweep(intake_receive.KEPT, older_than=-1)


@pytest.fixture
def upload(cast):
    """Three lines, of which the last repeats the first."""
    rows = workbooks.weekly_rows(2)
    data = workbooks.weekly_workbook([*rows, [3, *rows[0][1:]]])
    return intake_receive.receive(data, "第一周.xlsx", by=cast.lead)


def an_hour_strikes(days: int) -> None:
    cleanup.end(intake_receive.KEPT, timezone.now() + timedelta(days=days))


def files() -> list[str]:
    return vault.names(intake_receive.KIND, older_than=-1)


def test_the_bureau_says_from_a_day_on_how_long(cast, upload):
    cleanup.abandon(upload)
    today = timezone.localdate()
    StorageRule.objects.create(valid_from=today + timedelta(days=9), kept_days=7)
    an_hour_strikes(days=8)
    assert files()
    an_hour_strikes(days=10)
    assert not files()


def test_a_file_that_could_not_be_read_ends_too(cast):
    with pytest.raises(uploads.Unreadable):
        intake_receive.receive(b"%PDF-1.7 no table", "a.xlsx", by=cast.lead)
    assert files()
    an_hour_strikes(days=32)
    assert not files()


def test_rows_that_repeat_one_another_do_not_stop_a_reading_anew(upload):
    assert upload.rows.exclude(twin=None).exists()
    uploads.read_anew(upload)
    intake_receive.read(upload)
    assert upload.rows.count() == 3


def test_without_room_a_file_is_refused_in_words_and_nothing_of_it_stays(cast, monkeypatch):
    data = workbooks.weekly_workbook(workbooks.weekly_rows(1))
    most = vault.used() + len(data) - 1
    monkeypatch.setattr(quota, "room", lambda: quota.Room(vault.used(), most))
    with pytest.raises(Refused, match=r"存放来件的地方满了.*这个文件没有收下"):
        intake_receive.receive(data, "a.xlsx", by=cast.lead)
    assert not Upload.objects.exists()
    assert not files()
    monkeypatch.undo()
    assert intake_receive.receive(data, "a.xlsx", by=cast.lead).accepted == 1


def test_the_room_is_what_the_rule_gives_or_the_disk_has(monkeypatch):
    assert quota.room().most <= 20 * 1024**3
    StorageRule.objects.create(valid_from=date(2026, 1, 1), most_gb=1)
    assert quota.room().most <= 1024**3
    monkeypatch.setattr("shutil.disk_usage", lambda path: type("", (), {"free": 5}))
    assert quota.room().most == vault.used() + 5


def test_the_operator_is_told_before_it_is_full(cast, client_of, monkeypatch):
    said = "快满了，请腾出磁盘空间"
    page = client_of(cast.operator).get(reverse("admin:index")).content.decode()
    assert "存放空间" in page
    assert said not in page
    monkeypatch.setattr("ydjy.staff_site.start_pages.room", lambda: quota.Room(91, 100))
    assert said in client_of(cast.operator).get(reverse("admin:index")).content.decode()
