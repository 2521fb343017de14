"""From nothing to a running desk with one command, and the same again changes nothing."""

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

ROOT = Path(__file__).resolve().parent.parent


SERVER = os.environ.get("YDJY_DATABASE_URL", "")
BROKER = os.environ.get("YDJY_BROKER_URL", "")


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Iterator[Path]:
    """A data folder, and with ``YDJY_DATABASE_URL`` a database of its own on that server."""
    folder = tmp_path_factory.mktemp("desk")
    if not SERVER:
        yield folder
        return
    with psycopg.connect(SERVER, autocommit=True) as server:
        server.execute(f'DROP DATABASE IF EXISTS "{own_database()}" WITH (FORCE)')
        server.execute(f'CREATE DATABASE "{own_database()}"')
        yield folder
        server.execute(f'DROP DATABASE "{own_database()}" WITH (FORCE)')


def own_database() -> str:
    return f"quickstart_{os.getpid()}"


def manage(data: Path, *words: str, **options) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", *words],
        cwd=ROOT,
        env=environ(data),
        capture_output=True,
        text=True,
        check=False,
        **options,
    )


def environ(data: Path) -> dict[str, str]:
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("YDJY_", "DJANGO_"))}
    clean["YDJY_DATA"] = str(data)
    if SERVER:
        clean["YDJY_DATABASE_URL"] = urlsplit(SERVER)._replace(path=own_database()).geturl()
    if BROKER:
        clean["YDJY_BROKER_URL"] = BROKER
    return clean


def run(data: Path, *words: str) -> list[dict]:
    done = manage(data, *words, "--json")
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture(scope="module")
def desk(data) -> list[dict]:
    [first] = run(data, "quickstart", "--no-serve")
    return first["accounts"]


def test_the_first_start_makes_an_account_for_every_role_with_a_password_of_its_own(desk):
    assert len({account["role"] for account in desk}) == 8
    assert len({account["password"] for account in desk}) == len(desk)


def test_a_second_start_changes_nothing(data, desk):
    def everything() -> list[str]:
        dump = manage(data, "dumpdata", "--exclude", "sessions")
        assert dump.returncode == 0, dump.stderr
        return json.loads(dump.stdout)

    before = everything()
    [again] = run(data, "quickstart", "--no-serve")

    assert again["accounts"] == []
    assert everything() == before


def test_keys_and_data_are_readable_by_their_owner_only(data, desk):
    assert stat.S_IMODE(data.stat().st_mode) & 0o077 == 0 or data.parent.name.startswith("pytest")
    for key in (data / "keys").iterdir():
        assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert stat.S_IMODE((data / "keys").stat().st_mode) == 0o700


def test_the_week_goes_through_by_commands_alone(data, desk, tmp_path):
    sample = ROOT / "tests" / "data" / "weekly_sample_2026W47.xlsx"
    [checked] = run(data, "intake_check", "--kind", "weekly", str(sample))
    assert (checked["outcome"], checked["rows_in"], checked["unmapped"]) == ("ok", 24, [])
    assert checked["rows"][0]["values"]["cert_no"] == "210702********0005"

    [taken] = run(data, "intake", str(sample), "--week", "2026-W47")
    assert (taken["batch"], taken["counts"]["accepted"]) == ("2026-W47", 24)
    [again] = run(data, "intake", str(sample), "--week", "2026-W47")
    assert (again["outcome"], again["counts"]["accepted"]) == ("refused", 0)
    assert "已经导入过（24 条）" in again["message"]

    refused = manage(data, "return_file", "--week", "2026-W47", "--out", str(tmp_path))
    assert refused.returncode == 1
    assert "工单 2026W47-0" in refused.stderr
    files = run(
        data, "return_file", "--week", "2026-W47", "--out", str(tmp_path),
        "--unfinished-as", "等医院回复，预计11月30日办结",
    )  # fmt: skip
    mine = next(file for file in files if "weekly_sample" in file["file"])
    assert (mine["rows"], mine["answered"], mine["unfinished"], mine["version"]) == (24, 0, 24, 1)
    assert Path(mine["file"]).exists()


def test_full_numbers_are_printed_only_when_asked_for(data, desk):
    sample = str(ROOT / "tests" / "data" / "weekly_sample_2026W47.xlsx")
    hidden = manage(data, "intake_check", "--kind", "weekly", sample, "--json").stdout
    shown = manage(data, "intake_check", "--kind", "weekly", sample, "--json", "--reveal").stdout

    assert "210702190501010005" not in hidden
    assert "210702190501010005" in shown


def test_weeks_of_2026_are_the_official_ones(data, desk):
    weeks = {week["iso_week"]: week for week in run(data, "weeks", "2026")}

    assert len(weeks) == 53
    assert (weeks[8]["intake_on"], weeks[8]["due_at"]) == (None, None)
    assert weeks[40]["due_at"] == "2026-09-30T16:00:00+08:00"
    assert weeks[41]["intake_on"] == "2026-10-08"
    assert weeks[1]["due_at"] == "2025-12-31T16:00:00+08:00"
    assert weeks[53]["due_at"] == "2026-12-31T16:00:00+08:00"
    assert [week for week, row in weeks.items() if row["provisional"]] == [53]


def test_who_refers_answers_several_questions_one_object_a_line(data, desk):
    answers = run(data, "who_refers", "210702:综合", "黑山:精神疾病", "古塔:儿科,结核病")

    assert len(answers[0]["yes"]) == 4
    assert (answers[1]["yes"], answers[1]["fallback"]) == (["锦州市康宁医院"], True)
    assert (answers[2]["yes"], answers[2]["ask"]) == ([], ["锦州市传染病医院", "锦州市妇婴医院"])


def test_a_command_without_tables_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setattr(f"{__name__}.SERVER", "")
    done = manage(tmp_path, "weeks", "2026")

    assert done.returncode == 1
    assert "make run" in done.stderr


def test_the_desk_serves_on_loopback_and_stops_cleanly_on_a_signal(data, desk):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "manage.py", "quickstart", "--port", str(port)],
        cwd=ROOT,
        env=environ(data),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        page = wait_for(f"http://127.0.0.1:{port}/admin/login/")
        assert "异地就医经办台" in page
        children = subprocess.run(
            ["ps", "-o", "pid=", "--ppid", str(process.pid)], capture_output=True, text=True
        ).stdout.split()
        assert len(children) == 2
        if SERVER or os.environ.get("CI"):  # beat ticks once a minute: too long for every day
            assert sealed_within(data, 100), "worker and beat have run the minute job"
    finally:
        process.send_signal(signal.SIGTERM)
        out, _ = process.communicate(timeout=40)
    assert process.returncode == 0, out
    assert "已停止。" in out
    assert not any(Path(f"/proc/{pid}").exists() for pid in children)


def sealed_within(data: Path, seconds: int) -> bool:
    """Whether the worker sealed the change log: beat ticked, the broker carried it, it was done."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        [log] = run(data, "verify_changes")
        if log["head"]:
            return True
        time.sleep(2)
    return False


def wait_for(url: str) -> str:
    deadline = time.monotonic() + 60
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                return answer.read().decode()
        except (urllib.error.URLError, OSError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.3)
