"""The PostgreSQL role under which the public site runs: it may read the public tables, no more.

Of a table that holds something for ourselves it may read the other columns only, and of notices and
telephones only the public rows; the owner of the tables is not held by such a policy.
"""

import re
from argparse import ArgumentParser
from typing import Any

from django.core.management import BaseCommand, CommandError
from django.db import connection, transaction

from ydjy.publictables import (
    INTERNAL_COLUMNS,
    MIGRATIONS,
    PUBLIC_ROWS,
    public_columns,
    public_models,
    public_tables,
)

_ROLE = re.compile(r"[a-z][a-z0-9_]{0,40}")


class Command(BaseCommand):
    help = "给公众网站建 PostgreSQL 只读角色：只能看公开的表。默认只打印语句，加 --execute 才执行"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--role", default="ydjy_public", help="角色名，默认 ydjy_public")
        parser.add_argument("--execute", action="store_true", help="直接在数据库里执行")

    def handle(self, *, role: str, execute: bool, **options: Any) -> None:
        if not _ROLE.fullmatch(role):
            raise CommandError("角色名只能用小写字母、数字和下划线，以字母开头。")
        made = statements(role)
        if not execute:
            self.stdout.write("\n".join(f"{statement};" for statement in made))
            self.stdout.write(f"-- 再设密码：ALTER ROLE {role} LOGIN PASSWORD '…';")
            return
        if connection.vendor != "postgresql":
            raise CommandError("数据库不是 PostgreSQL。SQLite 请用 public_snapshot。")
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role])
            exists = cursor.fetchone()
            for statement in made[1:] if exists else made:
                cursor.execute(statement)
        self.stdout.write(f"角色 {role} 现在只能看 {len(public_tables())} 张公开的表。")


def statements(role: str) -> list[str]:
    """Everything is taken away first, so a table that is no longer public is closed again. What
    was granted on single columns goes with ``REVOKE ALL`` on their table."""
    readable = public_tables() - INTERNAL_COLUMNS.keys() | {MIGRATIONS}
    whole = ", ".join(f'"{table}"' for table in sorted(readable))
    return [
        f"CREATE ROLE {role}",
        f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {role}",
        f"REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM {role}",
        f"REVOKE CREATE ON SCHEMA public FROM {role}",
        f"GRANT USAGE ON SCHEMA public TO {role}",
        f"GRANT SELECT ON {whole} TO {role}",
        *(f'GRANT SELECT ({_columns(table)}) ON "{table}" TO {role}' for table in INTERNAL_COLUMNS),
        *(words for table in PUBLIC_ROWS for words in _policy(table, role)),
        f"ALTER ROLE {role} SET default_transaction_read_only = on",
        f"ALTER ROLE {role} SET statement_timeout = '5s'",
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
