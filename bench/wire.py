"""The public site over the wire: the shipped server in its own process, a small client beside it.

Two figures for each kind of answer: how many a second, and the processor time that the *server*
spent on one. The second does not care who else uses the machine or how dear the client is, so the
ratios are taken from it. Then 50 requests a second for a while, spread over every page of a site
with 5,000 institutions, and how long the slowest twentieth took (P16).
"""

import os
import random
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.db import connection

from apps.institutions.models import Institution
from bench import institutions
from bench.__main__ import size
from tests.institutions.lists import csv_list, generated
from ydjy.management import processes

INSTITUTIONS, CALLERS, SECONDS = size(5_000, 50), size(32, 2), size(3, 1)
RATE, LASTING = 50, size(20, 1)
PEER = 5.5  # pages a second of the stock site measured for the goals (performance.md)
PAGES = (
    "/", "/guide/c/with-family/with-child/", "/referral/?area=210727&group=%E5%84%BF%E7%A7%91",
    "/offices/", "/institutions/", "/card-failed/", "/settlement/",
)  # fmt: skip
SEARCH = "/search/?q=%E7%B2%BE%E7%A5%9E%E7%97%85%20%E8%BD%AC%E8%AF%8A"  # 精神病 转诊
WORDS = ("医院", "中心", "药店", "kn", "义县", "转诊", "第一", "口腔", "社区 医院", "精神病")


@dataclass(frozen=True)
class Figure:
    """What a kind of answer costs: a second's worth of them, and the server's share of one."""

    name: str
    a_second: float
    server: float


def run(seconds: float = SECONDS, lasting: float = LASTING) -> None:
    call_command("migrate", verbosity=0)
    call_command("sync_reference", verbosity=0)
    call_command("load_policy", "jinzhou", verbosity=0)
    institutions.two_people()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "list.csv"
        file.write_bytes(csv_list(generated(INSTITUTIONS)))
        institutions.import_apart(file)
    rows = list(Institution.objects.filter(published=True).values_list("pk", flat=True))
    with _server("ydjy.settings") as site, _server("bench.bare") as nothing:
        answers = [
            _throughput("rendered anew each time", site, _anew(), seconds),
            _throughput("a search of two words", site, _turns([SEARCH]), seconds),
            _throughput("the same pages again", site, _turns(list(PAGES)), seconds),
            _throughput("unchanged (304)", site, _turns(list(PAGES)), seconds, conditional=True),
            _throughput("a bare Django view", nothing, _turns(["/bare/"]), seconds),
        ]
        _print(answers)
        _steady(site, rows, lasting)


@contextmanager
def _server(module: str) -> Iterator["tuple[int, int]"]:
    """The web process as ``make run`` starts it, as the public side: (port, process)."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    env = os.environ | {"DJANGO_SETTINGS_MODULE": module} | _database()
    command = processes.commands(port)[0].command
    process = subprocess.Popen(command, env=env, cwd=settings.BASE_DIR, start_new_session=True)
    try:
        _wait(port)
        yield port, process.pid
    finally:
        process.terminate()
        process.wait(20)


def _database() -> dict[str, str]:
    """On SQLite the public process gets its copied file; on PostgreSQL it reads the same one."""
    if connection.vendor != "sqlite":
        return {}
    copy = Path(tempfile.mkdtemp(prefix="ydjy-bench-")) / "public.sqlite3"
    call_command("public_snapshot", copy, verbosity=0)
    return {"YDJY_SITE": "public", "YDJY_DATABASE_URL": f"sqlite:///{copy}"}


def _wait(port: int) -> None:
    for _ in range(200):
        try:
            Caller(port).get("/bare/")
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise SystemExit("the server did not answer")


class Caller:
    """One connection that is kept. Plain sockets: the client shares the cores with the server."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._connect()

    def _connect(self) -> None:
        self.socket = socket.create_connection(("127.0.0.1", self.port), timeout=30)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.file = self.socket.makefile("rb", buffering=65536)

    def get(self, address: str, mark: str = "") -> tuple[int, str, int]:
        """(status, ETag, bytes) of one answer."""
        extra = f"If-None-Match: {mark}\r\n" if mark else ""
        asked = f"GET {address} HTTP/1.1\r\nHost: localhost\r\n{extra}\r\n".encode()
        self.socket.sendall(asked)
        first = self.file.readline()
        if not first:  # the server lets go of a connection that has been silent for long
            self._connect()
            self.socket.sendall(asked)
            first = self.file.readline()
        status = int(first.split()[1])
        etag, length = "", 0
        while line := self.file.readline().rstrip():
            name, _, value = line.partition(b": ")
            if name.lower() == b"content-length":
                length = int(value)
            elif name.lower() == b"etag":
                etag = value.decode()
        self.file.read(length)
        return status, etag, length


def _turns(addresses: list[str]) -> Iterator[str]:
    for n in count():
        yield addresses[n % len(addresses)]


def _anew() -> Iterator[str]:
    """The same pages under an address nobody has asked for before."""
    for n in count():
        page = PAGES[n % len(PAGES)]
        yield f"{page}{'&' if '?' in page else '?'}n={n}"


def _throughput(
    name: str, server: tuple[int, int], addresses: Iterator[str], seconds: float, *,
    conditional: bool = False,
) -> Figure:  # fmt: skip
    port, process = server
    for address in (*PAGES, SEARCH):  # the first of each is not what is measured
        Caller(port).get(address)
    marks = {a: Caller(port).get(a)[1] for a in PAGES} if conditional else {}
    wanted = 304 if conditional else 200
    lock, done = threading.Lock(), count()
    until = time.monotonic() + seconds

    def call() -> None:
        caller = Caller(port)
        while time.monotonic() < until:
            with lock:
                address = next(addresses)
            status, _, _ = caller.get(address, marks.get(address, ""))
            assert status == wanted, (address, status)
            next(done)

    before, begun = cpu_seconds(process), time.monotonic()
    _together([call] * CALLERS)
    spent, lasted, answers = cpu_seconds(process) - before, time.monotonic() - begun, next(done)
    return Figure(name, answers / lasted, spent / answers)


def _together(works: list[Callable[[], None]]) -> None:
    threads = [threading.Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def cpu_seconds(process: int) -> float:
    """User and system time of a process and everything below it, from /proc."""
    ticks = os.sysconf("SC_CLK_TCK")
    found: dict[int, tuple[int, float]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:  # ended meanwhile
            continue
        found[int(stat.parent.name)] = int(fields[1]), (int(fields[11]) + int(fields[12])) / ticks
    ours, grown = {process}, True
    while grown:
        below = {pid for pid, (parent, _) in found.items() if parent in ours}
        grown = not below <= ours
        ours |= below
    return sum(spent for pid, (_, spent) in found.items() if pid in ours)


def _steady(server: tuple[int, int], rows: list[int], lasting: float) -> None:
    """An open loop: a request is due every 20 ms whether or not the one before has been answered,
    and its time counts from when it was due."""
    chance, times = random.Random(2026), []
    waiting = list(range(int(RATE * lasting)))
    begun, lock = time.monotonic() + 0.2, threading.Lock()

    def call() -> None:
        caller = Caller(server[0])
        while True:
            with lock:
                if not waiting:
                    return
                turn, address = waiting.pop(0), _anywhere(chance, rows)
            due = begun + turn / RATE
            time.sleep(max(0.0, due - time.monotonic()))
            status, _, _ = caller.get(address)
            assert status == 200, (address, status)
            times.append(time.monotonic() - due)

    before = cpu_seconds(server[1])
    _together([call] * CALLERS)
    times.sort()
    busy = (cpu_seconds(server[1]) - before) / lasting
    p50, p95, worst = (times[min(int(len(times) * q), len(times) - 1)] for q in (0.5, 0.95, 1))
    print(f"\n{RATE} requests a second for {lasting:.0f} s over {len(rows)} institutions")
    print(f"  p50 {p50 * 1000:.1f} ms, p95 {p95 * 1000:.1f} ms, slowest {worst * 1000:.1f} ms"
          f" (goal: p95 under 200 ms); the server was busy {busy:.0%} of one core")  # fmt: skip


def _anywhere(chance: random.Random, rows: list[int]) -> str:
    """An institution in half of the cases, a search in a fifth, any page in the rest."""
    kind = chance.random()
    if kind < 0.5:
        return f"/institutions/{chance.choice(rows)}/"
    if kind < 0.7:
        return f"/search/?q={''.join(f'%{b:02X}' for b in chance.choice(WORDS).encode())}"
    if kind < 0.8:
        return f"/institutions/?page={chance.randint(1, 40)}"
    return chance.choice(PAGES)


def _print(answers: list[Figure]) -> None:
    bare = answers[-1]
    print(f"\npublic pages over the wire, {CALLERS} callers ({sys.version.split()[0]}, "
          f"{connection.vendor}, {os.cpu_count()} cores)")  # fmt: skip
    for one in answers:
        print(
            f"  {one.name:<26} {one.a_second:8.0f} a second {one.server * 1000:8.3f} ms of server"
            f" {bare.server / one.server:7.1%} of the bare view"
            f" {1 / one.server / PEER:7.0f} × the peer in one core"
        )
    print("  goals: rendered ≥ 80 × the peer, 304 ≥ 60 % of the bare view")
