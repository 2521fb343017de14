"""The clerks' list and search of filings, the whole page each, among few and among very many.

Rows are made by the engine itself from one that the product made, spread over tails, names, days,
states and offices; sealed columns keep their one value, because no search looks into them.
"""

import time
from collections.abc import Callable
from os import sysconf
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.urls import reverse

from apps.filings.models import Filing
from apps.filings.models.querysets import phone_index, tail_index
from bench.__main__ import TINY, size
from tests import cast as casting
from ydjy.lib import pinyin

FEW, TAILS, ROUNDS = size(10_000, 10), 10_000, size(20, 1)
SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"
GIVEN = "芳伟娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华文辉力"


def run(lines: int = 100_000) -> None:
    call_command("migrate", verbosity=0)
    cast = casting.hire()
    row = casting.filing(cast, number="2107-20200101-00000", created_by=cast.lead)
    browser, county = Client(SERVER_NAME="localhost"), Client(SERVER_NAME="localhost")
    browser.force_login(cast.lead)
    county.force_login(cast.heishan)
    figures: dict[int, dict[str, float]] = {}
    for rows in (FEW, lines):
        _fill(row, rows, cast)
        works = _asked(browser) | {f"one county, {n}": w for n, w in _asked(county).items()}
        figures[rows] = {name: _spent(work) for name, work in works.items()}
    print(f"\nprocessor time of staff pages among {FEW} and {lines} filings ({connection.vendor})")
    for name, few in figures[FEW].items():
        many = figures[lines][name]
        print(f"  {name:<46} {few * 1000:7.0f} ms {many * 1000:7.0f} ms   {many / few:5.2f} ×")


def _spent(work: Callable[[], object]) -> float:
    """Seconds of processor for one page, ours and the database's: a busy machine adds none."""
    work()
    begun = _processor()
    for _ in range(ROUNDS):
        work()
    return (_processor() - begun) / ROUNDS


def _processor() -> float:
    """What this process has used, and the server with all its children, gone ones too."""
    mine = time.process_time()
    if connection.vendor != "postgresql":
        return mine
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        backend = cursor.fetchone()[0]
    server = int(_stat(backend)[1])
    live = [s for p in Path("/proc").glob("[0-9]*") if (s := _stat(p.name)) and s[1] == str(server)]
    ticks = sum(map(int, _stat(server)[11:15])) + sum(int(n) for s in live for n in s[11:13])
    return mine + ticks / sysconf("SC_CLK_TCK")


def _stat(pid: int | str) -> list[str]:
    """Of a process: state, parent, … from the eleventh on the processor's ticks (proc(5))."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _asked(browser: Client) -> dict[str, Callable[[], object]]:
    at = reverse("admin:filings_filing_changelist")
    find = reverse("admin:filings_filing_find")

    def page(tab: str) -> Callable[[], object]:
        return lambda: _ok(browser.get(at, {"tab": tab}))

    def search(words: str) -> Callable[[], object]:
        return lambda: _ok(browser.post(find, {"q": words}, follow=True), found=not TINY)

    pages = {f"first page, {tab}": page(tab) for tab in ("all", "pending", "ending", "revoked")}
    typed = {
        "last four digits": "1234",
        "last six digits": "001234",
        "telephone": "13800001234",
        "serial": "2107-2024-0001234",
        "name": SURNAMES[3] + GIVEN[5],
        "surname": SURNAMES[0],
        "initials": pinyin.initials(SURNAMES[4] + GIVEN[6], person=True),
    }
    return pages | {f"search, {name}": search(words) for name, words in typed.items()}


def _ok(answer: Any, found: bool = False) -> None:
    assert answer.status_code == 200, answer.status_code
    assert not found or b'class="rows' in answer.content, answer.request["QUERY_STRING"]


# Making the rows ---------------------------------------------------------------------------------


def _fill(row: Filing, size: int, cast: casting.Cast) -> None:
    """Up to ``size`` filings beside ``row``, past the triggers: no verb made them."""
    first = Filing.objects.count()
    _keys(cast)
    spread = {
        "number": "'2107-2024-' || substr('0000000' || n, length('0000000' || n) - 6)",
        "name": "k.name",
        "name_initials": "k.initials",
        "cert_index": "'p' || n",
        "tail4": "k.tail4",
        "tail6": "k.tail6",
        "phone_index": "k.phone",
        "status": "CASE WHEN n % 100 = 0 THEN 'pending' WHEN n % 50 = 1 THEN 'revoked'"
        " ELSE 'approved' END",
        "upload_status": "CASE WHEN n % 1000 = 0 THEN '0' ELSE '1' END",
        "created_at": _moment("n"),
        "end_on": "CASE WHEN n % 3 = 0 THEN NULL ELSE " + _day("n") + " END",
        "decided_at": _moment("n"),
        "decided_by_id": str(cast.reviewer.pk),
        "office_id": "k.office",
    }
    fields = [field.column for field in Filing._meta.concrete_fields if not field.primary_key]
    columns = ", ".join(f'"{name}"' for name in fields)
    values = ", ".join(spread.get(name, f'f."{name}"') for name in fields)
    statement = (
        f"INSERT INTO filings_filing ({columns}) SELECT {values} FROM {_numbers(first, size)}"
        " JOIN bench_keys k ON k.pos = n % 10000, filings_filing f"
        f" WHERE f.id = {row.pk}"
    )
    with connection.cursor() as cursor:
        for quiet in _quiet():
            cursor.execute(quiet)
        cursor.execute(statement)
        vacuum = "VACUUM " if connection.vendor == "postgresql" else ""
        cursor.execute(f"{vacuum}ANALYZE filings_filing")


def _quiet() -> list[str]:
    """The triggers stand aside: what is measured is reading."""
    if connection.vendor == "postgresql":
        return ["SET session_replication_role = replica", "SET statement_timeout = 0"]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'filings_filing'"
        )
        return [f'DROP TRIGGER "{name}"' for (name,) in cursor.fetchall()]


def _numbers(first: int, last: int) -> str:
    if connection.vendor == "postgresql":
        return f"generate_series({first}, {last - 1}) AS numbers(n)"
    return (
        f"(WITH RECURSIVE c(n) AS (SELECT {first} UNION ALL SELECT n + 1 FROM c"
        f" WHERE n < {last - 1}) SELECT n FROM c) AS numbers"
    )


def _moment(n: str) -> str:
    if connection.vendor == "postgresql":
        return f"timestamptz '2026-11-20 10:00+08' - ({n} % 700000) * interval '1 minute'"
    return f"datetime('2026-11-20 02:00:00', '-' || ({n} % 700000) || ' minutes')"


def _day(n: str) -> str:
    if connection.vendor == "postgresql":
        return f"date '2026-11-02' + ({n} % 900)::int"
    return f"date('2026-11-02', '+' || ({n} % 900) || ' days')"


def _keys(cast: casting.Cast) -> None:
    """What only the product can compute: the keyed tails and telephones, initials of names."""
    offices = [office.pk for office in cast.office.values()]
    rows = []
    for n in range(TAILS):
        name = SURNAMES[n % 20] + GIVEN[(n // 20) % len(GIVEN)]
        rows.append(
            (n, name, pinyin.initials(name, person=True), tail_index(f"{n:04d}"),
             tail_index(f"00{n:04d}"),
             phone_index(f"1380000{n:04d}"), offices[n // 500 % len(offices)])
        )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS bench_keys")
        cursor.execute(
            "CREATE TABLE bench_keys (pos integer PRIMARY KEY, name varchar(50), initials"
            " varchar(50), tail4 varchar(32), tail6 varchar(32), phone varchar(32), office bigint)"
        )
        cursor.executemany("INSERT INTO bench_keys VALUES (%s, %s, %s, %s, %s, %s, %s)", rows)
