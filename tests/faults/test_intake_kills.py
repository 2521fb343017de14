"""The machine dies at every named point of Monday's intake; nothing is lost, doubled, left behind.

Real processes, real kills, a real database: SQLite, and PostgreSQL where YDJY_DATABASE_URL names
one. A few kills run with every test; ``make faults`` runs all of them.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
from urllib.parse import urlsplit

import pytest

from tests import workbooks
from tests.faults.place import Place, database

POINTS = ["CI1", "CI2", "CI3", "CI4", "CI5", "CI6", "CI7:1", "CI7:2", "CI7:3", "CI8", "CI9"]
FEW = {"CI3", "CI7:2"}
ALL = os.environ.get("FAULTS") == "all"
# Kills at each point (reliability: 20 points × 25); FAULT_KILLS says another number.
TIMES = range(int(os.environ.get("FAULT_KILLS", 25 if ALL else 1)))
ROWS = 12


@pytest.fixture
def place(city, tmp_path):
    made, server = city
    shutil.copytree(made.folder / "data", tmp_path / "data")
    if not made.url:
        yield Place(tmp_path, "")
        return
    database(server, "CREATE DATABASE faults_run TEMPLATE faults_city")
    yield Place(tmp_path, urlsplit(server)._replace(path="/faults_run").geturl())
    database(server, "DROP DATABASE faults_run WITH (FORCE)")


@pytest.fixture
def sheet(tmp_path):
    """Twelve lines: one that is rejected, one twice, ten good."""
    rows = workbooks.weekly_rows(ROWS - 1)
    rows[3][10] = "2107021908"
    rows.append([ROWS, *rows[0][1:]])
    file = tmp_path / "week.xlsx"
    file.write_bytes(workbooks.weekly_workbook(rows))
    return str(file)


def checked(place: Place, sheet: str) -> dict[str, object]:
    after = place.run("after", sheet)
    assert after.returncode == 0, after.stderr
    found = json.loads(after.stdout.splitlines()[-1])
    assert found["kept_word"], found  # INV5
    assert found["adds_up"], found  # INV1
    assert found["once"], found  # INV2
    assert found["temp"] == []  # INV8
    assert found["left_behind"] == []
    assert (found["uploads"], found["rows"]) == (1, ROWS)
    assert (found["tickets"], found["lines"], found["events"]) == (10, 11, 10)
    return found


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("time", TIMES)
def test_a_kill_loses_doubles_and_leaves_nothing(place, sheet, point, time):
    if point not in FEW and not ALL:
        pytest.skip("one of the many kills: make faults")
    killed = place.run("monday", sheet, crash=point)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    checked(place, sheet)


def test_without_a_kill_the_same_comes_out(place, sheet):
    done = place.run("monday", sheet)
    assert done.returncode == 0, done.stderr
    assert checked(place, sheet)["states"] == [["week.xlsx", "confirmed"]]


def test_the_product_does_not_know_the_variable_that_arms_a_crash(tmp_path):
    place = Place(tmp_path, "")
    environ = dict(os.environ, YDJY_CRASHPOINT="CI1", YDJY_DATA=str(place.folder))
    refused = subprocess.run(
        [sys.executable, "-c", "import ydjy.settings"],
        env=environ, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert refused.returncode == 1
    assert "没有 YDJY_CRASHPOINT 这个设置项" in refused.stderr
