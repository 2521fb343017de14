"""What an operator meets: a full disk, a killed worker, a key of another desk, a half-made file."""

import os
import signal
import time
from pathlib import Path
from queue import Empty
from typing import Any

import pytest
from django.conf import settings as product
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.utils import timezone
from kombu import Connection
from kombu.transport import virtual

from apps.errors.returns import build as returns_build
from tests import cast as casting
from tests.cast import Cast
from ydjy import celery
from ydjy.desk import file_queue, static_storage
from ydjy.desk.backup import archive as backup_archive
from ydjy.desk.crypto import vault
from ydjy.desk.exceptions import Refused
from ydjy.lib.crypto import keyfiles
from ydjy.lib.workbook import WEEKLY, WorkbookError, sandbox
from ydjy.management import processes
from ydjy.management.commands import public_role
from ydjy.staff_site import checks, list_kinds, start_pages

# The file queue ----------------------------------------------------------------------------------

GOOD = {"hello": "minute"}
# What a worker may find in the folder: a full disk leaves the first, anybody the others.
BAD = {
    "nothing": b"",
    "half": b'{"body": "eyJh',
    "no text": b"\xff\xfe\x00",
    "a number": b"7",
    "a list": b"[]",
    "no properties": b'{"body": ""}',
    "bad properties": b'{"body": "", "properties": []}',
    "no tag": b'{"body": "", "properties": {}}',
    "bad body": b'{"body": "a", "properties": {"delivery_tag": "x", "body_encoding": "base64"}}',
}


@pytest.fixture
def queue(tmp_path: Path):
    folders = {name: tmp_path / name for name in ("messages", "control", "aside")}
    for folder in folders.values():
        folder.mkdir()
    options = {
        "data_folder_in": str(folders["messages"]),
        "data_folder_out": str(folders["messages"]),
        "control_folder": str(folders["control"]),
        "processed_folder": str(folders["aside"]),
    }
    own = type("Own", (file_queue.Transport,), {"global_state": virtual.BrokerState()})
    with Connection(transport=own, transport_options=options) as opened:
        box = opened.SimpleQueue("celery")
        yield box, folders
        box.close()


@pytest.mark.parametrize("what", BAD)
def test_a_message_that_cannot_be_read_is_put_aside_and_the_next_is_done(queue, what: str):
    box, folders = queue
    (folders["messages"] / "0_a.celery.msg").write_bytes(BAD[what])
    box.put(GOOD)
    got = box.get(timeout=2)
    got.ack()
    assert got.payload == GOOD
    [aside] = folders["aside"].iterdir()
    assert aside.read_bytes() == BAD[what]
    assert list(folders["messages"].iterdir()) == []
    assert file_queue.put_aside(folders["aside"]) == 0
    os.utime(aside, (time.time() - 100,) * 2)
    assert file_queue.put_aside(folders["aside"]) == 1
    with pytest.raises(Empty):
        box.get(block=False)


def test_a_full_disk_leaves_no_message_and_says_so(queue, monkeypatch):
    box, folders = queue

    def full(self: Path, *args: Any, **kwargs: Any) -> None:
        self.touch()
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(Exception, match="no message could be left"):
        box.put(GOOD)
    assert list(folders["messages"].iterdir()) == []


def test_a_list_of_listeners_that_a_full_disk_emptied_is_written_anew(queue):
    box, folders = queue
    box.put(GOOD)
    [table] = folders["control"].iterdir()
    table.write_bytes(b"")
    box.put(GOOD)
    for _ in range(2):
        got = box.get(timeout=2)
        got.ack()
        assert got.payload == GOOD
    assert b"celery" in table.read_bytes()


def test_the_operator_is_told_of_what_was_put_aside(settings, queue):
    _, folders = queue
    file = folders["aside"] / "0_a.celery.msg"
    file.touch()
    os.utime(file, (time.time() - 100,) * 2)
    settings.CELERY_BROKER_TRANSPORT_OPTIONS = {
        "data_folder_in": str(folders["messages"]),
        "processed_folder": str(folders["aside"]),
    }
    line = start_pages._queue(timezone.now())
    assert line.bad
    assert "有 1 个读不出来的" in line.words
    assert str(folders["aside"]) in line.words


def test_the_operator_is_told_that_the_message_service_is_away(settings):
    settings.CELERY_BROKER_TRANSPORT_OPTIONS = {}
    settings.CELERY_BROKER_URL = "redis://127.0.0.1:1/0"
    line = start_pages._queue(timezone.now())
    assert line.bad
    assert "Redis" in line.words


# The supervisor ----------------------------------------------------------------------------------


def wait_after(seconds: float, child: processes.Child, clock: list[float]) -> float:
    """The child runs so long and ends; how long until it is started again."""
    child.start()
    clock[0] += seconds
    child.process, begun = type("Gone", (), {"poll": lambda self: 1})(), clock[0]
    while child.process is not None:
        processes._restart_if_ended(child, lambda words: None)
        clock[0] += 0.3
    return clock[0] - begun


def test_the_wait_grows_with_each_end_and_begins_anew_after_a_good_minute(monkeypatch):
    clock = [1000.0]
    monkeypatch.setattr(processes.time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(processes.subprocess, "Popen", lambda *a, **k: None)
    child = processes.Child("后台任务", ["x"])
    waits = [wait_after(0.1, child, clock) for _ in range(8)]
    assert waits == sorted(waits)
    assert waits[-1] > 59
    assert wait_after(61, child, clock) < 1
    assert wait_after(0.1, child, clock) < 5


# A worker that starts ----------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_worker_that_starts_asks_for_every_job_of_the_minute_at_once(monkeypatch):
    asked: list[str] = []
    monkeypatch.setattr(celery.app, "send_task", lambda name, **more: asked.append(name))
    celery.go_on_at_once()
    assert set(asked) == set(celery.EACH_MINUTE.values())


# The reading child -------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [n for n in signal.Signals if n not in (17, 18, 19, 20, 21, 22)])
def test_the_end_of_the_reading_child_is_told_as_it_was(number: signal.Signals):
    said = sandbox._end(-number, WEEKLY, too_late=False)
    assert ("内存超过 512 MB" in said) == (number == signal.SIGABRT)
    assert ("处理器时间" in said) == (number == signal.SIGXCPU)
    stopped = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT)
    assert ("不是文件的问题" in said) == (number in stopped)
    assert "内存超过 512 MB" in sandbox._end(sandbox.OUT_OF_MEMORY, WEEKLY, too_late=False)


def test_a_child_that_somebody_kills_is_no_fault_of_the_file(monkeypatch):
    start = sandbox._start

    def killed() -> Any:
        child = start()
        child.kill()
        return child

    monkeypatch.setattr(sandbox, "_start", killed)
    with pytest.raises(WorkbookError, match="不是文件的问题。请重新上传一次"):
        sandbox.read_guarded(b"a,b\n1,2\n", WEEKLY)


# Backups -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["field", "index"])
def test_the_keys_of_another_desk_are_refused_before_anything_is_written(
    settings, tmp_path: Path, name: str
):
    settings.KEYS = tmp_path
    facts = {"keys": backup_archive._marks()}
    backup_archive._must_be_its_keys(facts)  # the control
    (tmp_path / f"{name}.key").unlink()
    keyfiles.load_or_make(tmp_path, name)
    with pytest.raises(Refused, match=rf"{name}\.key不是做备份时的那一把.*什么也没有写进去"):
        backup_archive._must_be_its_keys(facts)


def test_the_mark_of_a_key_is_not_a_piece_of_it(tmp_path: Path):
    key = keyfiles.load_or_make(tmp_path, "field").hex()
    mark = keyfiles.mark(tmp_path, "field")
    assert mark == keyfiles.mark(tmp_path, "field")
    assert mark not in key


# Half-made files ---------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize("minute", range(0, 60, 10))
def test_what_a_killed_return_left_is_gone_within_minutes(minute: int, cast: Cast):
    lost, fresh = (
        vault.put(returns_build.STORE, b"half"),
        vault.put(returns_build.STORE, b"being made"),
    )
    kept = casting.return_file(cast)
    kept.stored = vault.put(returns_build.STORE, b"sent")
    kept.save()
    folder = product.DATA / "files"
    draft = folder / f"{lost}.part"
    draft.touch()
    for path in (folder / lost, folder / kept.stored, draft):
        os.utime(path, (time.time() - 1000,) * 2)
    list_kinds.tend(timezone.now().replace(minute=minute))
    there = {name: (folder / name).exists() for name in (lost, fresh, kept.stored, f"{lost}.part")}
    assert list(there.values()) == [False, True, True, False]


# The role of the public site ---------------------------------------------------------------------


@pytest.mark.postgres
@pytest.mark.django_db
@pytest.mark.skipif(connection.vendor != "postgresql", reason="needs PostgreSQL")
def test_an_owner_who_may_make_no_role_gets_the_statements():
    with connection.cursor() as cursor:
        cursor.execute("CREATE ROLE ydjy_plain")
        cursor.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO ydjy_plain")
        cursor.execute("SET LOCAL ROLE ydjy_plain")
        with pytest.raises(CommandError) as refused:
            call_command("public_role", "--role", "ydjy_new", "--execute")
        cursor.execute("RESET ROLE")
        said = str(refused.value)
        for statement in public_role.making("ydjy_new"):
            assert f"{statement};" in said
        with transaction.atomic():
            for statement in public_role.making("ydjy_new"):
                cursor.execute(statement)
        call_command("public_role", "--role", "ydjy_new", "--execute", verbosity=0)
        call_command("public_role", "--role", "ydjy_new", "--execute", verbosity=0)


# Checks and static files -------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_plain_check_asks_the_database_too(monkeypatch, capsys):
    monkeypatch.setattr(
        checks, "calendar_warning", lambda day: checks.Warning("没有日历", id="ydjy.W001")
    )
    call_command("check")
    assert "ydjy.W001" in capsys.readouterr().err
    call_command("check", "offices")
    assert "ydjy.W001" not in capsys.readouterr().err, "the control: one app, as Django has it"


def test_collected_files_have_names_for_ever_and_old_ones_are_told_of(settings, tmp_path: Path):
    settings.STATIC_ROOT = tmp_path
    assert static_storage.staticfiles_storage.url("ydjy/desk.css") == "/static/ydjy/desk.css"
    assert checks.the_collected_files_are_ours(None) == []
    call_command("collectstatic", interactive=False, verbosity=0)
    address = static_storage.staticfiles_storage.url("ydjy/desk.css")
    assert address != "/static/ydjy/desk.css"
    assert (tmp_path / f"{address.removeprefix('/static/')}.gz").exists()
    assert checks.the_collected_files_are_ours(None) == []
    (tmp_path / "ydjy" / "desk.css").write_text("an old one")
    [found] = checks.the_collected_files_are_ours(None)
    assert (found.id, "ydjy/desk.css" in found.msg) == ("ydjy.W003", True)
    assert (
        static_storage.staticfiles_storage.url("not/collected.css") == "/static/not/collected.css"
    )
