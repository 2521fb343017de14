"""The list of institutions: in for the first time, again unchanged, with 1 % changed; and searched.

Beside it: the same rows put into the same table by the engine's own bulk statement, without rights,
search index, change log or receipt (the limit), and reading the file alone.
"""

import random
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

from django.core.management import call_command
from django.db import connection

from apps.institutions import importing, roll
from apps.institutions.models import Institution, ListImport
from apps.offices.models import Office, Staff
from bench.__main__ import table
from ydjy.desk.models import Change
from ydjy.lib import workbook


def run(lines: int = 60_000) -> None:
    call_command("migrate", verbosity=0)
    call_command("sync_reference", verbosity=0)
    people = _two_people()
    first, changed = _list(lines), _list(lines, changed=lines // 100)
    reading = _timed(lambda: workbook.read_guarded(first, workbook.INSTITUTIONS))
    raw = _timed(lambda: _limit(first))
    done = _import(first, people)
    _figures(
        f"institution list, {lines} rows, first time ({connection.vendor})", done, reading, raw
    )
    if connection.vendor == "postgresql":
        table(
            "the same rows by COPY", [("into a table like ours, with its indexes", _copy_again())]
        )
    _search(lines)
    seen = _import(first + b"\r\n", people)
    assert (seen["one"].unchanged, seen["written"]) == (lines, 0)
    _figures(f"the same list saved again, {lines} rows: none written", seen, reading)
    part = _import(changed, people)
    assert part["one"].changed == part["written"] == lines // 100
    _figures(f"the list with 1 % changed: {part['written']} rows written", part, reading)
    print(f"  in each peak the two lists made here: {(len(first) + len(changed)) // 10**6} MB")


def _list(lines: int, changed: int = 0) -> bytes:
    """Made in a process of its own, so that its memory does not count for the import."""
    code = (
        "import django, sys; django.setup(); from tests.institutions.lists import *; "
        f"sys.stdout.buffer.write(csv_list(generated({lines}, changed={changed})))"
    )
    return subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout


def _two_people() -> list[Staff]:
    office = Office.objects.create(code="bench", name="市医保中心", area="210700")
    return [Staff.objects.create_user(name, office=office) for name in ("one", "two")]


def _timed(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def _import(data: bytes, people: list[Staff]) -> dict[str, Any]:
    """Seconds of each step; the list ends published, or staged when nothing differs."""
    found: dict[str, Any] = {}

    def staged() -> None:
        one = importing.take(data, "list.csv", listed="national", by=people[0])
        found["one"] = importing.run(one.pk)

    before = _changes()
    found["compare"] = _timed(staged)
    one = found["one"]
    assert one.state == ListImport.State.STAGED, one.message
    assert one.upload.rows_in == one.total
    if one.new or one.changed:
        importing.draft(one, by=people[0])
        importing.ask_publish(one, by=people[1])
        found["publish"] = _timed(lambda: importing.run(one.pk))
        one.refresh_from_db()
        assert one.state == ListImport.State.PUBLISHED, one.message
    found["written"] = _changes() - before
    found["peak"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return found


def _changes() -> int:
    """Records of the change log about institutions: one for each that was altered."""
    return Change.objects.filter(table=Institution._meta.db_table).count()


def _figures(title: str, found: dict[str, Any], reading: float, raw: float = 0.0) -> None:
    rows = [("received, read, compared, staged", found["compare"])]
    if "publish" in found:
        rows.append(("checked under lock, written, logged", found["publish"]))
    if raw:
        rows.append(("the engine's own bulk statement, bare rows", raw))
    table(title, [*rows, ("our guarded reading alone", reading)])
    print(f"  peak of this process so far {found['peak']} MB")


def _limit(data: bytes) -> None:
    """Bare rows into a table of the same columns, by COPY or executemany."""
    book = workbook.read(data, workbook.INSTITUTIONS)
    lines = [(r.cells[1], r.cells[0], r.cells[5], r.cells[6]) for r in book.sheets[0].rows[1:]]
    columns = "(code text PRIMARY KEY, name text, phone text, address text)"
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TEMPORARY TABLE bare {columns}")
        if connection.vendor == "postgresql":
            with cursor.copy("COPY bare FROM STDIN") as copy:
                for line in lines:
                    copy.write_row(line)
        else:
            connection.connection.executemany("INSERT INTO bare VALUES (?, ?, ?, ?)", lines)
        cursor.execute("DROP TABLE bare")


def _copy_again() -> float:
    """The clean rows as they were written, by COPY alone: no change log, no search entries."""
    name = Institution._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        cursor.execute(f"CREATE TEMPORARY TABLE again (LIKE {name} INCLUDING ALL)")
        with cursor.copy(f"COPY {name} TO STDOUT") as copy:
            blocks = [bytes(block) for block in copy]

        def put() -> None:
            with cursor.copy("COPY again FROM STDIN") as copy:
                for block in blocks:
                    copy.write(block)

        seconds = _timed(put)
        cursor.execute("DROP TABLE again")
    return seconds


# Searching ---------------------------------------------------------------------------------------


def _search(lines: int) -> None:
    chosen = random.Random(7)
    if lines > roll.SMALL:
        print(f"\n  the roll of names read in {_timed(roll.make):.1f} s")
    names = list(Institution.objects.order_by("?").values_list("name", "initials")[:150])
    pieces: list[str] = ["医院", "药店", "人民", "义县", "店", "yy"]
    for name, initials in names:
        at = chosen.randrange(0, len(name) - 4)
        pieces += [name[at : at + 2], name[at : at + 4], initials[at : at + 4]]
    ours = [_timed(lambda word=word: Institution.objects.search(word)) for word in pieces]
    few = pieces[:60]
    stock = [_timed(lambda word=word: _icontains(word)) for word in few]
    by_key = [_timed(lambda: list(Institution.objects.order_by("pk")[:21])) for _ in range(50)]
    _quantiles(f"search among {lines} names", ours, stock, by_key)
    slow = sorted(zip(ours, pieces, strict=True), reverse=True)[:5]
    print("  slowest:", "，".join(f"{word} {seconds * 1000:.0f} ms" for seconds, word in slow))


def _icontains(word: str) -> None:
    rows = Institution.objects.filter(name__icontains=word)
    rows.count()
    list(rows.order_by("name")[:21])


def _quantiles(title: str, ours: list[float], stock: list[float], by_key: list[float]) -> None:
    for part, name in ((0.5, "p50"), (0.95, "p95")):
        found = [
            sorted(times)[min(len(times) - 1, int(part * len(times)))]
            for times in (ours, stock, by_key)
        ]
        rows = [
            ("fragment, initials or beginning, ranked", found[0]),
            ("icontains and count", found[1]),
            ("21 rows by key", statistics.median(by_key)),
        ]
        table(f"{title}, {name}", rows)
