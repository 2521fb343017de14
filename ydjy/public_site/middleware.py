"""What every public address runs under: its headers, its pace, and a lock on the case tables.

In the combined process the staff's tables lie in the same database. While a public page is made,
every statement passes through ``refuse_cases``: a statement that names a table outside the public
list or a column kept for ourselves, or that writes, is refused before the database sees it
(architecture 1.3).
"""

import re
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from threading import Lock
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import DatabaseError, connections, transaction
from django.http import HttpRequest, HttpResponse

from apps.offices.public.page import CSP, show
from ydjy.desk.caller import caller_of
from ydjy.public_site.tables import INTERNAL_COLUMNS, public_tables

STAFF_PREFIXES = ("/admin/", "/static/", "/healthz", "/favicon.ico")
Answer = Callable[[HttpRequest], HttpResponse]
_WORD = re.compile(r"\w+")
_INTERNAL = [f'"{t}"."{column}"' for t, columns in INTERNAL_COLUMNS.items() for column in columns]
_LEAD = re.compile(r"(?:/\*.*?\*/|[\s(])*")  # the change log says who before a statement
_READS = ("SELECT", "WITH", "BEGIN", "SAVEPOINT", "RELEASE", "ROLLBACK", "COMMIT", "PRAGMA")


class CaseTableRefused(PermissionError):
    """A public page tried to read or write what is not public. A fault of ours, never a user's."""


@cache
def case_tables() -> frozenset[str]:
    """Every table of the program that is not public: an allow-list turned round."""
    every = {model._meta.db_table for model in apps.get_models(include_auto_created=True)}
    return frozenset(every - public_tables() | {"django_session", "django_admin_log"})


def refuse_cases(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
    """A database execute wrapper."""
    if named := case_tables().intersection(_WORD.findall(sql.lower())):
        raise CaseTableRefused(f"a public page named {sorted(named)}")
    if named := {column for column in _INTERNAL if column in sql}:
        raise CaseTableRefused(f"a public page named {sorted(named)}")
    if not sql[_LEAD.match(sql).end() :].upper().startswith(_READS):  # type: ignore[union-attr]
        raise CaseTableRefused("a public page wrote to the database")
    return execute(sql, params, many, context)


def readable_cases() -> list[str]:
    """The case tables that this process could select from; a public process must have none."""
    harmless = re.compile(r"django_migrations|sqlite_\w+|institutions_grams\w*")
    there = set(connections["default"].introspection.table_names())
    closed = [t for t in sorted(there - public_tables()) if not harmless.fullmatch(t)]
    asked = {table: _asked(f'SELECT 1 FROM "{table}" LIMIT 1') for table in closed}  # noqa: S608
    return [table for table, answer in asked.items() if answer is not None]


def readable_remarks() -> list[str]:
    """What public tables hold for ourselves and this process can read. A role must not be able to;
    the copied file has blanks there."""
    found = []
    for table, columns in INTERNAL_COLUMNS.items():
        for column in columns:
            filled = f"CAST(\"{column}\" AS text) <> ''"
            answer = _asked(f'SELECT 1 FROM "{table}" WHERE {filled} LIMIT 1')  # noqa: S608
            if answer or (answer is not None and connections["default"].vendor == "postgresql"):
                found.append(f"{table}.{column}")
    return found


def _asked(words: str) -> list[Any] | None:
    """What the database answers; nothing if it refuses."""
    try:
        with transaction.atomic(), connections["default"].cursor() as cursor:
            cursor.execute(words)
            return list(cursor.fetchall())
    except DatabaseError:
        return None


def refuse_full_database() -> None:
    """A public process that could read a person's row does not start."""
    if settings.SITE == "public" and (found := readable_cases()):
        raise SystemExit(
            f"公众网站不能用这个数据库：里面有 {len(found)} 张办案的表能看（例如 {found[0]}）。"
            "SQLite 请先用 public_snapshot 复制一份公开的内容，"
            "PostgreSQL 请改用 public_role 建的只读角色。"
        )
    if settings.SITE == "public" and readable_remarks():
        raise SystemExit(
            "公众网站能看到机构的内部备注。升级以后请重新运行 public_role --execute"
            "（SQLite 运行 public_snapshot），再启动公众网站。"
        )


@contextmanager
def public_only() -> Iterator[None]:
    """Inside, no connection lets a case table through.

    Taken away by name: a connection that is opened inside puts the change log's wrapper behind
    this one, and Django's own ``execute_wrapper`` would take away whichever is the last.
    """
    wrappers = connections["default"].execute_wrappers
    wrappers.append(refuse_cases)
    try:
        yield
    finally:
        wrappers.remove(refuse_cases)


def public_pages(get_response: Answer) -> Answer:
    """Middleware, the innermost: everything but the staff's addresses is a public page."""

    def answer(request: HttpRequest) -> HttpResponse:
        if request.path.startswith(STAFF_PREFIXES):
            return get_response(request)
        if wait := too_fast(request):
            response = show(request, "public/429.html", {"here": ""}, status=429)
            response.headers["Retry-After"] = str(wait)
        else:
            with public_only():
                response = get_response(request)
        response.headers["Content-Security-Policy"] = CSP
        response.headers["Referrer-Policy"] = "strict-origin"
        return response

    return answer


# Pace ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Pace:
    """So many at once, then so many a minute."""

    burst: int
    a_minute: int


SEARCHING = Pace(burst=10, a_minute=30)
READING = Pace(burst=120, a_minute=300)
MOST_CALLERS = 10_000  # the oldest is forgotten: a flood of addresses costs no more memory


class Buckets:
    """A token bucket per caller, in this process only. No puzzle, no cookie, no table."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._left: OrderedDict[tuple[str, Pace], tuple[float, float]] = OrderedDict()
        self._lock = Lock()

    def take(self, caller: str, pace: Pace) -> bool:
        """Whether the caller may go on now."""
        now = self._clock()
        with self._lock:
            left, then = self._left.pop((caller, pace), (float(pace.burst), now))
            left = min(pace.burst, left + (now - then) * pace.a_minute / 60)
            allowed = left >= 1
            self._left[caller, pace] = (left - allowed, now)
            if len(self._left) > MOST_CALLERS:
                self._left.popitem(last=False)
        return allowed


_buckets = Buckets()


def too_fast(request: HttpRequest) -> int:
    """Seconds to wait, 0 for none. The machine itself is never held up."""
    caller = caller_of(request)
    if not caller:
        return 0
    searching = request.path == "/search/"
    paces = (READING, SEARCHING) if searching else (READING,)
    return 0 if all(_buckets.take(caller, pace) for pace in paces) else 60
