"""The database as one file, copied and put back by its own engine: SQLite's backup, ``pg_dump``.

What a copy holds is counted on the copy's own snapshot, so that the figures are true while people
go on working.
"""

import gzip
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from django.db import connection, transaction

from ydjy.desk.exceptions import Refused, must

ENGINES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
_PIECE = 1 << 20
_HEAD = "SELECT chain FROM desk_change WHERE chain <> '' ORDER BY chain DESC LIMIT 1"
_PASSING = {"django_session"}  # ends on its own while one looks


def empty() -> bool:
    """Whether no table has been made yet."""
    with connection.cursor() as cursor:
        return not connection.introspection.table_names(cursor)


def facts() -> dict[str, Any]:
    """Engine, rows of each table, and the last link of the chain of changes, as they are now."""

    def ask(sql: str) -> Any:
        with connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchone()

    return _facts(ask)


def _facts(ask: Callable[[str], Any]) -> dict[str, Any]:
    names = connection.introspection.django_table_names(only_existing=True)
    rows = {n: ask(f'SELECT count(*) FROM "{n}"')[0] for n in names if n not in _PASSING}  # noqa: S608
    head = ask(_HEAD)
    return {"engine": connection.vendor, "rows": rows, "head": head[0] if head else ""}


def write(target: Path) -> dict[str, Any]:
    """Copy the database to ``target`` (0600) and say what the copy holds."""
    target.touch(mode=0o600)
    return _write_postgresql(target) if connection.vendor == "postgresql" else _write_sqlite(target)


def read(source: Path, engine: str) -> None:
    """Put a copy in the place of the empty database. Raises Refused."""
    must(
        engine == connection.vendor,
        f"这份备份是 {ENGINES.get(engine, engine)} 的，现在用的是 {ENGINES[connection.vendor]}。"
        "请按备份时的数据库设 YDJY_DATABASE_URL。",
    )
    if engine == "postgresql":
        name = connection.settings_dict["NAME"]
        _run("pg_restore", "--no-owner", "--no-privileges", "--exit-on-error",
             "--single-transaction", f"--dbname={name}", str(source))  # fmt: skip
    else:
        connection.close()
        copied = source.with_suffix(".sqlite3")
        with gzip.open(source) as packed, copied.open("wb") as out:
            os.fchmod(out.fileno(), 0o600)
            shutil.copyfileobj(packed, out, _PIECE)
        with closing(sqlite3.connect(copied)) as copy:
            must(copy.execute("PRAGMA quick_check").fetchone() == ("ok",), "备份里的数据库坏了。")
        copied.replace(connection.settings_dict["NAME"])


def _write_sqlite(target: Path) -> dict[str, Any]:
    """Packed, as ``pg_dump`` packs what it writes, the quickest way."""
    connection.ensure_connection()
    copied = target.with_suffix(".sqlite3")
    copied.touch(mode=0o600)
    with closing(sqlite3.connect(copied)) as copy:
        connection.connection.backup(copy)
        found = _facts(lambda sql: copy.execute(sql).fetchone())
    with copied.open("rb") as plain, gzip.open(target, "wb", compresslevel=1) as out:
        shutil.copyfileobj(plain, out, _PIECE)
    copied.unlink()
    return found


def _write_postgresql(target: Path) -> dict[str, Any]:
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        cursor.execute("SET LOCAL statement_timeout = 0")
        cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        cursor.execute("SELECT pg_export_snapshot()")
        snapshot = cursor.fetchone()[0]
        found = facts()
        _run("pg_dump", "--format=custom", "--no-owner", "--no-privileges",
             f"--snapshot={snapshot}", f"--file={target}")  # fmt: skip
    return found


def _run(program: str, *args: str) -> None:
    """One of PostgreSQL's own programs on our database; the password goes by the environment."""
    given = connection.settings_dict
    names = {"HOST": "PGHOST", "PORT": "PGPORT", "USER": "PGUSER", "PASSWORD": "PGPASSWORD",
             "NAME": "PGDATABASE"}  # fmt: skip
    env = os.environ | {names[key]: str(given[key]) for key in names if given.get(key)}
    try:
        done = subprocess.run([program, *args], env=env, capture_output=True, check=False)
    except FileNotFoundError:
        raise Refused(
            f"这台机器上没有 {program}。请安装与数据库同版本的 PostgreSQL 客户端程序。"
        ) from None
    if done.returncode:
        why = done.stderr.decode(errors="replace").strip().splitlines()
        raise Refused(f"{program} 没有做完，它说：{why[0] if why else '没有说原因'}")
