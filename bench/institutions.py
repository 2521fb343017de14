"""The list of institutions: in for the first time, again unchanged, with 1 % changed; and searched.

Beside it: the same rows put by the engine's own bulk statement into a table of the same columns and
indexes, without rights, search index, change log or receipt (the limit), and reading the file
alone. Each import runs in a process of its own, so that its memory is nobody else's.
"""

import json
import random
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from django.core.management import call_command
from django.db import connection, transaction

from apps.institutions.imports import workflow
from apps.institutions.models import Institution, ListImport
from apps.institutions.search import name_cache
from apps.institutions.search import query as search_query
from apps.offices.models import Office, Staff
from bench.__main__ import RUNS, table
from ydjy.desk.models import Change
from ydjy.lib import workbook

ALONE, COMPARED, PUBLISHED = "our guarded reading alone", "compare", "publish"


def run(lines: int = 60_000, form: str = "csv") -> None:
    call_command("migrate", verbosity=0)
    call_command("sync_reference", verbosity=0)
    two_people()
    folder = Path(mkdtemp(prefix="ydjy-bench-"))
    code = f"from bench import institutions; institutions.make({lines}, {form!r}, {str(folder)!r})"
    _python(code)
    first, again, changed = (folder / f"{name}.{form}" for name in ("first", "again", "changed"))
    reading = _read_alone(first)
    done = import_apart(first)
    _figures(f"institution list, {lines} rows of {form}, first time", done, reading, _bulk())
    _search(lines)
    seen = import_apart(again)
    assert (seen["unchanged"], seen["written"]) == (lines, 0)
    _figures(f"the same list saved again, {lines} rows: none written", seen, reading)
    part = import_apart(changed)
    assert part["changed"] == part["written"] == lines // 100
    _figures(f"the list with 1 % changed: {part['written']} rows written", part, reading)


def make(lines: int, form: str, folder: str) -> None:
    """The three lists as files."""
    from tests.institutions.lists import HEADER, csv_list, generated

    for name, more in (("first", {}), ("again", {}), ("changed", {"changed": lines // 100})):
        rows, target = generated(lines, **more), Path(folder) / f"{name}.{form}"
        if form == "csv":
            target.write_bytes(csv_list(rows) + b"\r\n" * (name == "again"))
        else:
            title = "再次保存" if name == "again" else "名单"
            workbook.write(target, [workbook.SheetOut(title, HEADER, rows)])


def two_people() -> None:
    """Who brings a list and who publishes it; made once, whatever part comes first."""
    office, _ = Office.objects.get_or_create(code="bench", name="市医保中心", area="210700")
    for name in ("one", "two"):
        if not Staff.objects.filter(username=name).exists():
            Staff.objects.create_user(name, office=office)


def _python(code: str) -> str:
    """What a process of its own prints, in the same data folder and database."""
    whole = f"import django; django.setup(); {code}"
    done = subprocess.run([sys.executable, "-c", whole], capture_output=True, check=True)
    return done.stdout.decode().strip()


def _timed(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


# Importing ---------------------------------------------------------------------------------------


def import_apart(file: Path) -> dict[str, Any]:
    """The figures of one import, in a process of its own."""
    said = _python(f"from bench import institutions; institutions.imported({str(file)!r})")
    return json.loads(said.splitlines()[-1])


def imported(file: str) -> None:
    """Tells the seconds, the processor's seconds and the memory of each step of an import; the list
    ends published, or staged when nothing differs."""
    data, found = [Path(file).read_bytes()], {}
    one, two = Staff.objects.get(username="one"), Staff.objects.get(username="two")
    before = _changes()

    def staged() -> ListImport:
        kept = workflow.take(data.pop(), Path(file).name, listed="national", by=one)
        return workflow.run(kept.pk)

    found[COMPARED], made = _measured(staged)
    assert made.state == ListImport.State.STAGED, made.message
    assert made.upload.rows_in == made.total
    if made.new or made.changed:
        workflow.draft(made, by=one)
        workflow.ask_publish(made, by=two)
        found[PUBLISHED], made = _measured(lambda: workflow.run(made.pk))
        assert made.state == ListImport.State.PUBLISHED, made.message
    counts = {name: getattr(made, name) for name in ("new", "changed", "unchanged")}
    print(json.dumps({**found, **counts, "written": _changes() - before}))


def _measured(work: Callable[[], Any]) -> tuple[tuple[float, float, int], Any]:
    """(seconds, processor seconds of this process and its children, peak in MB), the result."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    cpu, begun = _processor(), time.perf_counter()
    result = work()
    seconds, used = time.perf_counter() - begun, _processor() - cpu
    status = Path("/proc/self/status").read_text(encoding="ascii")
    peak = int(status.split("VmHWM:")[1].split()[0]) // 1024
    return (seconds, used, peak), result


def _processor() -> float:
    ours = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in ours)


def _changes() -> int:
    """Records of the change log about institutions: one for each that was altered."""
    return Change.objects.filter(table=Institution._meta.db_table).count()


def _read_alone(file: Path) -> tuple[float, float]:
    """Seconds, and the processor's: medians."""
    data = file.read_bytes()
    runs = [
        _measured(lambda: workbook.read_guarded(data, workbook.INSTITUTIONS))[0]
        for _ in range(RUNS)
    ]
    return statistics.median(r[0] for r in runs), statistics.median(r[1] for r in runs)


def _figures(
    title: str, found: dict[str, Any], reading: tuple[float, float], bulk: float = 0.0
) -> None:
    steps = [found[name] for name in (COMPARED, PUBLISHED) if name in found]
    words = ["received, read, compared, staged", "checked under lock, written, logged"]
    rows = [(word, step[0]) for word, step in zip(words, steps, strict=False)]
    whole, peak = sum(step[0] for step in steps), max(step[2] for step in steps)
    title = f"{title} ({connection.vendor})"
    table(title, [*rows, ("all of it", whole), (ALONE, reading[0])])
    used = sum(step[1] for step in steps)
    print(
        f"  processor {used:.2f} s (the first step {steps[0][1]:.2f} s),"
        f" reading alone {reading[1]:.2f} s: {used / reading[1]:.1f} ×"
    )
    print(f"  peak of the importing process {peak} MB")
    if bulk:
        name = "the engine's own bulk statement into a table like ours, with its indexes"
        print(f"  {name}: {bulk:.2f} s; all of it {whole / bulk:.1f} ×")


_MADE_BY = """SELECT sql FROM sqlite_master WHERE tbl_name = %s AND sql > ''
    AND type IN ('table', 'index') ORDER BY type DESC"""


def _bulk() -> float:
    """The clean rows as they were written, into a table like theirs: no change log, no search."""
    name = Institution._meta.db_table
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL statement_timeout = 0")
            cursor.execute(f"CREATE TABLE again (LIKE {name} INCLUDING ALL)")
            with cursor.copy(f"COPY {name} TO STDOUT") as copy:
                blocks = [bytes(block) for block in copy]

            def put() -> None:
                with cursor.copy("COPY again FROM STDIN") as copy:
                    for start in range(0, len(blocks), 200):
                        copy.write(b"".join(blocks[start : start + 200]))
        else:
            cursor.execute(_MADE_BY, [name])
            for (statement,) in cursor.fetchall():
                cursor.execute(_renamed(statement, name))
            rows = cursor.execute(f"SELECT * FROM {name}").fetchall()
            marks = ", ".join(["%s"] * len(rows[0]))

            def put() -> None:
                cursor.executemany(f"INSERT INTO again VALUES ({marks})", rows)

        seconds = _timed(put)
        cursor.execute("DROP TABLE again")
    return seconds


def _renamed(statement: str, name: str) -> str:
    """The statement that makes a table or an index of it, for the table ``again``."""
    begin, _, rest = statement.partition("(")
    words = begin.replace(f'"{name}"', '"again"').split('"')
    if " INDEX " in begin:
        words[1] = f"again_{words[1]}"
    return '"'.join(words) + "(" + rest


# Searching ---------------------------------------------------------------------------------------


def _search(lines: int) -> None:
    chosen = random.Random(7)
    if lines > name_cache.SMALL:
        print(f"\n  the roll of names read in {_timed(name_cache.make):.1f} s")
    names = list(Institution.objects.order_by("?").values_list("name", "initials")[:150])
    pieces: list[str] = ["医院", "药店", "人民", "义县", "店", "yy"]
    for name, initials in names:
        at = chosen.randrange(0, len(name) - 4)
        pieces += [name[at : at + 2], name[at : at + 4], initials[at : at + 4]]
    ours = [
        _timed(lambda word=word: search_query.find(Institution.objects.all(), word))
        for word in pieces
    ]
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
