"""The weekly workbook: read, judged, staged and made into tickets, beside the stock way and beside
the database alone; and the hostile files that must be refused soon and small."""

import io
import resource
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

from django.core.management import call_command
from django.db import transaction

from apps.errors.intake import receive as intake_receive
from apps.errors.models import Batch, Ticket
from apps.errors.returns import build as returns_build
from bench import peers
from bench.__main__ import median, table
from tests import workbooks
from ydjy.desk.imports.uploads import AlreadyReceived
from ydjy.desk.models import Upload
from ydjy.lib import workbook
from ydjy.staff_site import examine

BULK = 10_000  # rows beyond which nobody waits for the peer to go row by row


class _Undo(Exception):
    """Ends a run without keeping what it wrote."""


def prepare() -> Batch:
    call_command("migrate", verbosity=0)
    call_command("sync_reference", verbosity=0)
    call_command("load_policy", "jinzhou", verbosity=0)
    return Batch.objects.of_week(2026, 47)


def sheet(lines: int) -> bytes:
    """A clean week: every line becomes a ticket."""
    base = workbooks.weekly_rows(400)
    return workbooks.weekly_workbook([_line(base[n % len(base)], n) for n in range(lines)])


def _line(like: list[workbooks.Cell], number: int) -> list[workbooks.Cell]:
    """Another person, number and conversation, at the places and hospitals of ``like``."""
    row = list(like)
    born = f"{1940 + number % 60}{number % 12 + 1:02d}{number % 28 + 1:02d}"
    row[0], row[1] = number + 1, f"LN-{number:06d}"
    row[10] = workbooks.identity_number(str(row[3]), born, number % 899 + 1)
    row[15], row[17] = f"M{number:08d}", f"MSG{number:012d}"
    return row


def run(lines: int) -> None:
    batch, data = prepare(), sheet(lines)

    def whole() -> None:
        try:
            with transaction.atomic():
                intake_receive.confirm(
                    intake_receive.receive(data, "bench.xlsx", by=None, batch=batch), by=None
                )
                raise _Undo
        except _Undo:
            pass

    def reading() -> workbook.Book:
        return workbook.read_guarded(data, workbook.WEEKLY)

    ours, alone = median(whole), median(reading)
    checking = median(lambda: examine.check(intake_receive.KIND, data, "b.xlsx"))
    upload = intake_receive.receive(data, "bench.xlsx", by=None, batch=batch)
    intake_receive.confirm(upload, by=None)
    rows = [("ours: read, judge, stage, tickets, diagnosis", ours)]
    peers.make_table()
    if stock := peers.import_export(data, bulk=lines > BULK):
        how = ", use_bulk" if lines > BULK else ""
        rows.append((f"django-import-export, preview + confirm{how}", _once(stock)))
    rows += [
        ("ours: intake_check (read and judge)", checking),
        ("ours: guarded reading alone", alone),
        ("the database alone: the clean rows written", median(peers.raw(Ticket.objects.all()))),
    ]
    table(f"weekly workbook, {lines} rows ({len(data) // 1024} KiB)", rows)
    _again(data, batch, alone)
    _back(data, Upload.objects.get(pk=upload.pk), alone)
    _hostile()


def _once(work: object) -> float:
    begun = time.perf_counter()
    work()  # type: ignore[operator]
    return time.perf_counter() - begun


def _again(data: bytes, batch: Batch, alone: float) -> None:
    """The same bytes, and the same sheet saved anew."""
    saved = resaved(data)

    def refused(content: bytes) -> None:
        try:
            intake_receive.receive(content, "again.xlsx", by=None, batch=batch)
        except AlreadyReceived:
            return
        raise AssertionError("taken twice")

    table(
        "the same sheet again",
        [
            ("the same bytes", median(lambda: refused(data))),
            ("saved anew", median(lambda: _forget(lambda: refused(saved)))),
            ("our guarded reading alone", alone),
        ],
    )


def _forget(work: object) -> None:
    work()  # type: ignore[operator]
    Upload.objects.filter(state=Upload.State.SAME).delete()


def resaved(data: bytes) -> bytes:
    """The same cells in another package, as an office suite saves them."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name), zipfile.ZIP_STORED if "core" in name else 8)
    return out.getvalue()


def _back(data: bytes, upload: Upload, alone: float) -> None:
    fill = [workbook.Fill(upload.layout[0]["sheet"], 1, {"处理结果": {2: "已处理"}})]
    assert returns_build.check(intake_receive.batch_of(upload))
    table(
        "the file that goes back",
        [
            ("fill the received file", median(lambda: workbook.fill(data, "xlsx", fill))),
            ("our guarded reading alone", alone),
        ],
    )


def _hostile() -> None:
    """Seconds until refused, and the largest process of each."""
    files = {
        "a cell in the last row and column": workbooks.far_cell(),
        "130 MB of blanks": workbooks.zipped(
            {**workbooks.parts(""), "xl/media/a.bin": b"\0" * (130 * 1024 * 1024)}
        ),
        "600 members": workbooks.zipped({f"x/{n}": "" for n in range(600)}),
        "an unclosed quote": b'a,"b' + b"x" * 9_000_000,
    }
    print("\nhostile files: seconds until refused, largest process")
    with tempfile.TemporaryDirectory() as folder:
        for name, data in files.items():
            file = Path(folder) / "hostile"
            file.write_bytes(data)
            done = subprocess.run(
                [sys.executable, "-c", _JUDGE, str(file)],
                capture_output=True,
                text=True,
                check=True,
            )
            print(f"  {name:<46} {done.stdout.strip()}")


# In a small process of its own: what a child needs is counted from its parent's size on.
_JUDGE = """
import resource, sys, time
from ydjy.lib.workbook import WEEKLY, WorkbookError, read_guarded
data, begun = open(sys.argv[1], "rb").read(), time.perf_counter()
try:
    read_guarded(data, WEEKLY)
    print("READ")
except WorkbookError:
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
    print(f"{time.perf_counter() - begun:6.2f} s {peak:6d} MB")
"""


def save_sheet(lines: int, file: str) -> None:
    Path(file).write_bytes(sheet(lines))


def alone(lines: int) -> None:
    """One run and nothing else: what the process and its reading child need at most. The sheet is
    made, the database prepared and the run made in processes of their own, so that none of them
    counts for another."""
    prepare()
    with tempfile.NamedTemporaryFile() as file:
        for what in (f"save_sheet({lines}, {file.name!r})", f"measure({file.name!r})"):
            code = f"import django; django.setup(); from bench import weekly; weekly.{what}"
            subprocess.run([sys.executable, "-c", code], check=True)


def measure(file: str) -> None:
    batch, data = Batch.objects.of_week(2026, 47), Path(file).read_bytes()
    base = peak()
    begun, worked = time.perf_counter(), time.process_time()
    upload = intake_receive.receive(data, "bench.xlsx", by=None, batch=batch)
    read = peak()
    intake_receive.confirm(upload, by=None)
    seconds, worked = time.perf_counter() - begun, time.process_time() - worked
    child = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
    print(
        f"{upload.rows_in} rows: {seconds:.1f} s ({worked:.1f} s of processor), peak {peak()} MB "
        f"({base} before, {read} when staged), reading child at most {child} MB"
    )


def peak() -> int:
    """MB that this program needed at most. Not what getrusage says: it counts from the size of the
    process that started this one."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) // 1024
