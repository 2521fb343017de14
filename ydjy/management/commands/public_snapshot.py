"""A SQLite file that holds the public tables and nothing else, for the public site's machine."""

import os
import sqlite3
import tempfile
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.db import connection

from ydjy.desk.commands import DeskCommand
from ydjy.desk.exceptions import Refused
from ydjy.public_site.tables import (
    INTERNAL_COLUMNS,
    MIGRATIONS,
    PUBLIC_ROWS,
    public_models,
    public_tables,
)

SEARCH = "institutions_grams"  # the bigram index beside the table of search entries


class Command(DeskCommand):
    help = "把公开的内容复制成一个 SQLite 文件，给公众网站单独使用；文件里没有任何参保人的资料"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="写到哪个文件；已有的会整个换掉")

    def run(self, *, file: Path, **options: Any) -> None:
        if connection.vendor != "sqlite":
            raise Refused("数据库是 PostgreSQL 时不用复制文件，请用 public_role 建只读角色。")
        if file.resolve() == Path(str(connection.settings_dict["NAME"])).resolve():
            raise Refused("不能写到正在用的数据库文件上，请换一个文件名。")
        if not file.parent.is_dir():
            raise Refused(f"没有 {file.parent} 这个文件夹，请先建好。")
        handle, name = tempfile.mkstemp(dir=file.parent, prefix=".public-")
        os.close(handle)
        try:
            rows = _copy(Path(name))
            os.replace(name, file)  # the site sees the old copy or the new one, never a half
        finally:
            Path(name).unlink(missing_ok=True)
        record = {"file": str(file), "tables": len(public_tables()), "rows": rows}
        words = f"已写好 {file}：{record['tables']} 张公开的表，{rows} 行。"
        self.say(record, words, **options)


def _copy(target: Path) -> int:
    """Rows go straight from table to table, so that no other row ever touches the new file."""
    connection.ensure_connection()
    schema = _schema()
    copy = sqlite3.connect(target, isolation_level=None)
    try:
        copy.execute("BEGIN")
        for statement in schema:
            copy.execute(statement)
        rows = sum(_copy_table(copy, model._meta.db_table) for model in public_models())
        _copy_table(copy, MIGRATIONS)
        if any(SEARCH in statement for statement in schema):
            copy.execute(f"INSERT INTO {SEARCH}({SEARCH}) VALUES ('rebuild')")  # noqa: S608
        copy.execute("COMMIT")
    finally:
        copy.close()
    return rows


def _schema() -> list[str]:
    """The statements that made the public tables and their indexes; no trigger is needed there."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT type, name, tbl_name, sql FROM sqlite_master WHERE sql IS NOT NULL")
        found = cursor.fetchall()
    wanted = public_tables() | {MIGRATIONS}
    tables = [sql for kind, name, _, sql in found if kind == "table" and name in wanted]
    tables += [sql for kind, name, _, sql in found if kind == "table" and name == SEARCH]
    return tables + [sql for kind, _, table, sql in found if kind == "index" and table in wanted]


def _copy_table(copy: sqlite3.Connection, table: str) -> int:
    """Who checked a row, remarks among ourselves, and rows kept back stay at home. The plus sign
    keeps values as they are stored: SQLite's driver turns bare columns into dates and times."""
    internal, rows_of = INTERNAL_COLUMNS.get(table, ()), PUBLIC_ROWS.get(table, "TRUE")
    with connection.cursor() as cursor:
        columns = [
            f'+"{column.name}"' if column.name not in internal else _blank(column)
            for column in connection.introspection.get_table_description(cursor, table)
        ]
        cursor.execute(f'SELECT {", ".join(columns)} FROM "{table}" WHERE {rows_of}')  # noqa: S608
        insert = f'INSERT INTO "{table}" VALUES ({", ".join("?" * len(columns))})'  # noqa: S608
        count = 0
        while rows := cursor.fetchmany(5000):
            copy.executemany(insert, rows)
            count += len(rows)
    return count


def _blank(column: Any) -> str:
    return "NULL" if column.null_ok else "''"
