"""Friday 15:55 and the province's server does not do what it should: nothing is lost, and the
people see on their pages what to do. A real server on loopback; only its manners are invented.
"""

from datetime import timedelta
from hashlib import sha256

import pytest
import time_machine
from django.urls import reverse

from apps.errors import tasks
from apps.errors.diagnosis.cause_codes import sync_causes
from apps.errors.exchange import outbox
from apps.errors.models import Batch, Dispatch, ExchangeSettings, ReturnFile
from apps.errors.returns import build as returns_build
from apps.offices.sync import sync_calendar
from tests.errors import sftpserver, weeks

pytestmark = pytest.mark.django_db
LAST_MINUTES = weeks.FRIDAY.replace(hour=15, minute=55)
FAULTS = ["refuse", "hang", "cut:0", "cut:1000", "stall", "double", "lie"]


@pytest.fixture
def signed(cast) -> ReturnFile:
    sync_calendar()
    sync_causes()
    batch = weeks.received(cast)
    with weeks.at(weeks.FRIDAY):
        weeks.answer_all(batch, cast.yixian)
        [file] = returns_build.prepare(batch, by=cast.lead)
        return returns_build.sign(file, by=cast.reviewer)


@pytest.fixture
def server(tmp_path, monkeypatch):
    monkeypatch.setattr("apps.errors.exchange.partners.TIMEOUT", 1.0)
    with sftpserver.running(tmp_path) as server:
        ExchangeSettings.objects.create(
            channel="sftp", host="127.0.0.1", port=server.port, username="ydjy",
            key_file=str(server.key), known_hosts=str(server.known_hosts),
        )  # fmt: skip
        yield server


def at(moment):
    """The clock goes on from there: waiting for the server takes its time."""
    return time_machine.travel(moment, tick=True)


def arrived(server) -> dict[str, str]:
    files = (path for path in server.folder.iterdir() if path.suffix != ".part")
    return {path.name: sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.mark.parametrize("fault", FAULTS)
def test_the_people_are_told_and_the_same_bytes_go_by_hand(signed, server, cast, client_of, fault):
    server.fault = fault
    with at(LAST_MINUTES):
        outbox.plan(signed)
        tasks.run(LAST_MINUTES)
        assert arrived(server) == {}
        browser = client_of(cast.lead)
        home = browser.get(reverse("admin:index")).content.decode()
        download = reverse("admin:errors_batch_download", args=[signed.pk])
        assert f"《{signed.filename}》没有送到省里。" in home
        assert "距 16:00 还有" in home
        assert "也可以下载同一个文件人工报送" in home
        assert download in home
        by_hand = b"".join(browser.get(download))
        assert sha256(by_hand).hexdigest() == signed.sha256
        outbox.hand_in(signed, by=cast.lead, words="省里专网邮箱")
        assert "没有送到省里" not in browser.get(reverse("admin:index")).content.decode()
    assert Batch.objects.get(pk=signed.batch_id).on_time() is True


def test_a_renaming_whose_answer_is_lost_is_found_done_the_next_minute(signed, server):
    server.fault = "lost"
    with at(LAST_MINUTES):
        outbox.plan(signed)
        tasks.run(LAST_MINUTES)
        assert Dispatch.objects.get().sent_at is None
        server.fault = ""
        outbox.sweep(LAST_MINUTES + timedelta(minutes=2))
    assert Dispatch.objects.get().sent_at is not None
    assert arrived(server) == {signed.filename: signed.sha256}


def test_a_server_without_renaming_over_a_file_gets_it_all_the_same(signed, server):
    server.fault = "old"
    (server.folder / signed.filename).write_bytes(b"half of an earlier try")
    with at(LAST_MINUTES):
        outbox.plan(signed)
        tasks.run(LAST_MINUTES)
    assert arrived(server) == {signed.filename: signed.sha256}


def test_what_arrives_after_four_is_late_and_says_so(signed, server, cast, client_of):
    server.fault = "refuse"
    with at(LAST_MINUTES):
        outbox.plan(signed)
        tasks.run(LAST_MINUTES)
    server.fault = ""
    with at(weeks.TOO_LATE):
        tasks.run(weeks.TOO_LATE)
        home = client_of(cast.lead).get(reverse("admin:index")).content.decode()
    assert Dispatch.objects.get().late is True
    assert "已返回省里，晚了" in home
