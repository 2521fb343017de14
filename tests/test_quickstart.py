"""From nothing to a running desk with one command, and the same again changes nothing."""

import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.processes import ROOT, SERVER, Machine, answer_of, free_port


@pytest.fixture
def machine(started) -> Machine:
    return started


@pytest.fixture
def desk(started) -> list[dict]:
    return started.accounts


def test_the_first_start_makes_an_account_for_every_role_with_a_password_of_its_own(desk):
    assert len({account["role"] for account in desk}) == 8
    assert len({account["password"] for account in desk}) == len(desk)


def test_a_second_start_changes_nothing(machine, desk):
    before = machine.rows()
    again = machine.run("quickstart", "--no-serve")

    assert again["accounts"] == []
    assert machine.rows() == before


def test_keys_and_data_are_readable_by_their_owner_only(machine, desk):
    folder = machine.folder
    assert stat.S_IMODE(folder.stat().st_mode) & 0o077 == 0 or folder.parent.name.startswith(
        "pytest"
    )
    for key in (machine.folder / "keys").iterdir():
        assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert stat.S_IMODE((machine.folder / "keys").stat().st_mode) == 0o700


def test_the_week_goes_through_by_commands_alone(machine, desk, tmp_path):
    sample = ROOT / "tests" / "data" / "weekly_sample_2026W47.xlsx"
    checked = machine.run("intake_check", "--kind", "weekly", str(sample))
    assert (checked["outcome"], checked["rows_in"], checked["unmapped"]) == ("ok", 24, [])
    assert checked["rows"][0]["values"]["cert_no"] == "210702********0005"

    taken = machine.run("intake", str(sample), "--week", "2026-W47")
    assert (taken["batch"], taken["counts"]["accepted"]) == ("2026-W47", 24)
    again = machine.run("intake", str(sample), "--week", "2026-W47")
    assert (again["outcome"], again["counts"]["accepted"]) == ("refused", 0)
    assert "已经导入过（24 条）" in again["message"]

    refused = machine.manage("return_file", "--week", "2026-W47", "--out", str(tmp_path))
    assert refused.returncode == 1
    assert "工单 2026W47-0" in refused.stderr
    files = machine.lines(
        "return_file", "--week", "2026-W47", "--out", str(tmp_path),
        "--unfinished-as", "等医院回复，预计11月30日办结",
    )  # fmt: skip
    mine = next(file for file in files if "weekly_sample" in file["file"])
    assert (mine["rows"], mine["answered"], mine["unfinished"], mine["version"]) == (24, 0, 24, 1)
    assert Path(mine["file"]).exists()


def test_full_numbers_are_printed_only_when_asked_for(machine, desk):
    sample = str(ROOT / "tests" / "data" / "weekly_sample_2026W47.xlsx")
    hidden = machine.manage("intake_check", "--kind", "weekly", sample, "--json").stdout
    shown = machine.manage("intake_check", "--kind", "weekly", sample, "--json", "--reveal").stdout

    assert "210702190501010005" not in hidden
    assert "210702190501010005" in shown


def test_weeks_of_2026_are_the_official_ones(machine, desk):
    weeks = {week["iso_week"]: week for week in machine.lines("weeks", "2026")}

    assert len(weeks) == 53
    assert (weeks[8]["intake_on"], weeks[8]["due_at"]) == (None, None)
    assert weeks[40]["due_at"] == "2026-09-30T16:00:00+08:00"
    assert weeks[41]["intake_on"] == "2026-10-08"
    assert weeks[1]["due_at"] == "2025-12-31T16:00:00+08:00"
    assert weeks[53]["due_at"] == "2026-12-31T16:00:00+08:00"
    assert [week for week, row in weeks.items() if row["provisional"]] == [53]


def test_who_refers_answers_several_questions_one_object_a_line(machine, desk):
    answers = machine.lines("who_refers", "210702:综合", "黑山:精神疾病", "古塔:儿科,结核病")

    assert len(answers[0]["yes"]) == 4
    assert (answers[1]["yes"], answers[1]["fallback"]) == (["锦州市康宁医院"], True)
    assert (answers[2]["yes"], answers[2]["ask"]) == ([], ["锦州市传染病医院", "锦州市妇婴医院"])


def test_a_command_without_tables_says_what_to_do(tmp_path):
    assert "make run" in Machine(tmp_path, "bare", server="").refused("weeks", "2026")


def test_the_desk_serves_on_loopback_and_stops_cleanly_on_a_signal(machine, desk):
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "manage.py", "quickstart", "--port", str(port)],
        cwd=ROOT,
        env=machine.environ(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        page = answer_of(f"http://127.0.0.1:{port}/admin/login/", process)
        assert "异地就医经办台" in page
        children = subprocess.run(
            ["ps", "-o", "pid=", "--ppid", str(process.pid)], capture_output=True, text=True
        ).stdout.split()
        assert len(children) == 3
        if SERVER or os.environ.get("CI"):  # beat ticks once a minute: too long for every day
            assert sealed_within(machine, 100), "worker and beat have run the minute job"
    finally:
        process.send_signal(signal.SIGTERM)
        out, _ = process.communicate(timeout=40)
    assert process.returncode == 0, out
    assert "已停止。" in out
    assert not any(Path(f"/proc/{pid}").exists() for pid in children)


def sealed_within(machine: Machine, seconds: int) -> bool:
    """Whether the worker sealed the change log: beat ticked, the broker carried it, it was done."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        log = machine.run("verify_changes")
        if log["head"]:
            return True
        time.sleep(2)
    return False
