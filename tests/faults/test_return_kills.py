"""The machine dies at every named point of Friday's return; the file arrives once, and whole."""

import json
import shutil
import signal
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.faults.place import Place, database
from tests.faults.test_intake_kills import ALL, TIMES

POINTS = [f"CR{n}" for n in range(1, 12)]
FEW = {"CR5", "CR8"}


@pytest.fixture(scope="module")
def week(city, tmp_path_factory):
    """The city with a week that is ready to go back."""
    made, server = city
    folder = tmp_path_factory.mktemp("week")
    shutil.copytree(made.folder / "data", folder / "data")
    url = ""
    if made.url:
        database(server, "CREATE DATABASE faults_week TEMPLATE faults_city")
        url = urlsplit(server)._replace(path="/faults_week").geturl()
    place = Place(folder, url)
    done = place.run("answered")
    assert done.returncode == 0, done.stderr
    yield place, server
    if url:
        database(server, "DROP DATABASE faults_week WITH (FORCE)")


@pytest.fixture
def place(week, tmp_path):
    made, server = week
    shutil.copytree(made.folder / "data", tmp_path / "data")
    if not made.url:
        yield Place(tmp_path, "")
        return
    database(server, "CREATE DATABASE faults_friday TEMPLATE faults_week")
    yield Place(tmp_path, urlsplit(server)._replace(path="/faults_friday").geturl())
    database(server, "DROP DATABASE faults_friday WITH (FORCE)")


def checked(place: Place) -> None:
    after = place.run("restart")
    assert after.returncode == 0, after.stderr
    found = json.loads(after.stdout.splitlines()[-1])
    assert found["kept_word"], found  # INV5
    assert found["files"] == ["week-处理结果.xlsx"], found  # INV4: no .part, no second name
    assert found["whole"], found  # INV4
    assert (found["effective"], found["answers"]) == (1, [4]), found  # INV3
    assert (found["sent"], found["returned"]) == (1, True), found
    assert found["return_events"] == [1, 1, 1, 1], found  # INV6: one entry for each change
    assert found["reopened"] == 1, found
    assert found["chain"] == [], found  # INV6
    assert found["temp"] == [], found  # INV8


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("time", TIMES)
def test_a_kill_on_friday_loses_doubles_and_leaves_nothing(place, point, time):
    if point not in FEW and not ALL:
        pytest.skip("one of the many kills: make faults")
    killed = place.run("friday", crash=point)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    out = Path(place.folder) / "data" / "exchange" / "out"
    assert all(path.stat().st_size > 1000 for path in out.glob("*.xlsx"))
    checked(place)


def test_without_a_kill_friday_ends_the_same(place):
    done = place.run("friday")
    assert done.returncode == 0, done.stderr
    checked(place)
