"""The PostgreSQL role under which the public site runs: it may read the public tables, no more.

Of a table that holds something for ourselves it may read the other columns only, and of notices and
telephones only the public rows; the owner of the tables is not held by such a policy.
"""

import re
from argparse import ArgumentParser
from typing import Any

from django.db import ProgrammingError, connection, transaction

from ydjy.desk.commands import DeskCommand
from ydjy.desk.exceptions import Refused, must
from ydjy.public_site.tables import (
    INTERNAL_COLUMNS,
    MIGRATIONS,
    PUBLIC_ROWS,
    public_columns,
    public_models,
    public_tables,
)

ROLE = "ydjy_public"
_SETTINGS = ("default_transaction_read_only=on", "statement_timeout=5s")
_NO_RIGHT = "42501"
_ROLE = re.compile(r"[a-z][a-z0-9_]{0,40}")


class Command(DeskCommand):
    help = "给公众网站建 PostgreSQL 只读角色：只能看公开的表。默认只打印语句，加 --execute 才执行"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--role", default=ROLE, help=f"角色名，默认 {ROLE}")
        parser.add_argument("--execute", action="store_true", help="直接在数据库里执行")

    def run(self, *, role: str, execute: bool, **options: Any) -> None:
        must(_ROLE.fullmatch(role), "角色名只能用小写字母、数字和下划线，以字母开头。")
        if execute:
            tables = grant(role)
            words = f"角色 {role} 现在只能看 {tables} 张公开的表。"
            self.say({"role": role, "tables": tables}, words, **options)
            return
        made = [*making(role), *statements(role)]
        words = "\n".join([*(f"{statement};" for statement in made), password(role)])
        self.say({"role": role, "statements": made}, words, **options)


def password(role: str) -> str:
    return f"-- 再设密码：ALTER ROLE {role} LOGIN PASSWORD '…';"


def exists(role: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role])
        return cursor.fetchone() is not None


def grant(role: str) -> int:
    """Let the role read the public tables and no more; how many. Raises Refused, with the
    statements for whoever may make roles, when the owner of the tables may not."""
    must(
        connection.vendor == "postgresql",
        "数据库不是 PostgreSQL。SQLite 请用 public_snapshot。",
    )
    if not _is_made(role):
        _make(role)
    with transaction.atomic(), connection.cursor() as cursor:
        for statement in statements(role):
            cursor.execute(statement)
    return len(public_tables())


def _is_made(role: str) -> bool:
    """Whether the role is there and reads only, as ``making`` leaves it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolconfig FROM pg_roles WHERE rolname = %s", [role])
        found = cursor.fetchone()
    return found is not None and set(_SETTINGS) <= set(found[0] or ())


def _make(role: str) -> None:
    made = making(role)[1:] if exists(role) else making(role)
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            for statement in made:
                cursor.execute(statement)
    except ProgrammingError as error:
        if getattr(error.__cause__, "sqlstate", "") != _NO_RIGHT:
            raise
        told = "\n".join(f"{statement};" for statement in made)
        raise Refused(
            "现在用的数据库账号不能建角色。请把下面几句交给数据库管理员（postgres）执行，"
            f"然后再运行一次：\n{told}\n{password(role)}"
        ) from None


def making(role: str) -> list[str]:
    """What only an administrator of the server may do, once."""
    named = (setting.partition("=") for setting in _SETTINGS)
    return [
        f"CREATE ROLE {role}",
        *(f"ALTER ROLE {role} SET {name} = '{value}'" for name, _, value in named),
    ]


def statements(role: str) -> list[str]:
    """What the owner of the tables may do, after every upgrade: everything is taken away first, so
    a table that is no longer public is closed again. What was granted on single columns goes with
    ``REVOKE ALL`` on their table."""
    readable = public_tables() - INTERNAL_COLUMNS.keys() | {MIGRATIONS}
    whole = ", ".join(f'"{table}"' for table in sorted(readable))
    return [
        f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {role}",
        f"REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM {role}",
        f"REVOKE CREATE ON SCHEMA public FROM {role}",
        f"GRANT USAGE ON SCHEMA public TO {role}",
        f"GRANT SELECT ON {whole} TO {role}",
        *(f'GRANT SELECT ({_columns(table)}) ON "{table}" TO {role}' for table in INTERNAL_COLUMNS),
        *(words for table in PUBLIC_ROWS for words in _policy(table, role)),
    ]


def _columns(table: str) -> str:
    model = next(model for model in public_models() if model._meta.db_table == table)
    return ", ".join(f'"{column}"' for column in public_columns(model))


def _policy(table: str, role: str) -> list[str]:
    return [
        f'ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY',
        f'DROP POLICY IF EXISTS {role} ON "{table}"',
        f'CREATE POLICY {role} ON "{table}" FOR SELECT TO {role} USING ({PUBLIC_ROWS[table]})',
    ]
