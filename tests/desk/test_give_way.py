"""Long work in parts leaves SQLite to others between two of them."""

import sqlite3
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from ydjy.desk import bulk_insert


def test_a_writer_that_waits_comes_in_before_the_long_work_is_over(tmp_path: Path):
    """SQLite itself: a file, a long work of thirty parts, somebody who wants to write."""
    file, happened = tmp_path / "x.sqlite3", []
    begun = threading.Event()
    sqlite3.connect(file).execute("CREATE TABLE t (n)").connection.close()

    def writing(work: str, parts: int, hold: float, rest: float) -> None:
        db = sqlite3.connect(file, timeout=20, isolation_level=None)
        for _ in range(parts):
            db.execute("BEGIN IMMEDIATE")
            begun.set()
            time.sleep(hold)
            db.execute("COMMIT")
            happened.append(work)
            time.sleep(rest)
        db.close()

    long = threading.Thread(target=writing, args=("long", 30, 0.1, bulk_insert._TURN))
    long.start()
    begun.wait(5)
    writing("other", 1, 0, 0)
    long.join()
    assert happened.index("other") < 10


def test_only_sqlite_asks_for_it(monkeypatch: pytest.MonkeyPatch):
    slept: list[float] = []
    monkeypatch.setattr(bulk_insert.time, "sleep", slept.append)
    for vendor, turns in (("postgresql", []), ("sqlite", [bulk_insert._TURN])):
        monkeypatch.setattr(bulk_insert, "connection", SimpleNamespace(vendor=vendor))
        bulk_insert.give_way()
        assert slept == turns
