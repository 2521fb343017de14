"""The public site as a process of its own: what it has, and what no statement of it can reach."""

import json
import os
import sqlite3
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

from apps.errors.models import Ticket
from apps.filings.models import Filing
from tests.cast import Cast, canary
from tests.test_scoping import MAKE
from ydjy.management.commands.public_role import statements
from ydjy.publictables import public_models, public_tables

SQLITE = pytest.mark.skipif(
    "sqlite" not in settings.DATABASES["default"]["ENGINE"], reason="the copy is for SQLite"
)
ASK = """
import json, sys, warnings
warnings.simplefilter("ignore")
import ydjy.wsgi
from django.conf import settings
from django.db import DatabaseError, connection
from django.test import Client
client = Client(HTTP_HOST="localhost", raise_request_exception=False)
answers = {a: client.get(a).status_code for a in sys.argv[1:]}
try:
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM filings_filing")
    refused = ""
except DatabaseError as why:
    refused = str(why)
try:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM offices_office")
    written = True
except DatabaseError:
    written = False
print(json.dumps({"answers": answers, "refused": refused, "written": written,
                  "apps": settings.INSTALLED_APPS, "middleware": settings.MIDDLEWARE,
                  "cookies": list(client.cookies)}))
"""


def ask(database: Path, folder: Path, *addresses: str) -> subprocess.CompletedProcess[str]:
    env = {k: v for k, v in os.environ.items() if not k.startswith(("YDJY_", "DJANGO_"))}
    env |= {"YDJY_SITE": "public", "YDJY_DATA": str(folder)}
    env |= {"YDJY_DATABASE_URL": f"sqlite:///{database}", "PYTHONPATH": str(settings.BASE_DIR)}
    return subprocess.run(
        [sys.executable, "-c", ASK, *addresses], env=env, capture_output=True, text=True,
        timeout=60, check=False, cwd=folder,
    )  # fmt: skip


@SQLITE
@pytest.mark.django_db
def test_the_public_process_has_no_admin_and_no_row_of_a_person(cast: Cast, tmp_path: Path):
    MAKE[Filing](cast, "yixian")
    copy = tmp_path / "public.sqlite3"
    call_command("public_snapshot", copy, stdout=StringIO())
    found = ask(copy, tmp_path, "/", "/search/?q=kangning", "/guide/", "/data/offices.csv",
                "/admin/", "/admin/login/")  # fmt: skip
    assert found.returncode == 0, found.stderr
    answer = json.loads(found.stdout.splitlines()[-1])
    assert list(answer["answers"].values()) == [200, 200, 200, 200, 404, 404]
    assert "no such table: filings_filing" in answer["refused"]
    assert not answer["written"]
    assert not answer["cookies"]
    assert not [n for n in answer["apps"] if "admin" in n or "sessions" in n or "errors" in n]
    assert not [n for n in answer["middleware"] if "session" in n or "auth" in n or "csrf" in n]


@SQLITE
@pytest.mark.django_db
def test_the_copied_file_holds_the_public_tables_and_no_name_of_anybody(cast: Cast, tmp_path: Path):
    for model in (Filing, Ticket):
        MAKE[model](cast, "yixian")
    copy = tmp_path / "public.sqlite3"
    call_command("public_snapshot", copy, stdout=StringIO())
    with sqlite3.connect(copy) as file:
        names = {
            row[0] for row in file.execute("SELECT name FROM sqlite_master WHERE type='table'")
        }
        kinds = {row[0] for row in file.execute("SELECT type FROM sqlite_master")}
    assert {
        n for n in names if not n.startswith(("institutions_grams", "sqlite_"))
    } == public_tables()
    assert "trigger" not in kinds
    data = copy.read_bytes()
    for secret in (canary("yixian"), cast.yixian.name, cast.yixian.password):
        assert secret.encode() not in data
    assert cast.office["yixian"].name.encode() in data


@SQLITE
@pytest.mark.django_db(transaction=True)
def test_a_public_process_does_not_start_on_the_full_database(tmp_path: Path):
    whole = tmp_path / "whole.sqlite3"
    with sqlite3.connect(whole) as file:
        for table in (*public_tables(), "filings_filing"):
            file.execute(f'CREATE TABLE "{table}" (id INTEGER)')
    found = ask(whole, tmp_path, "/")
    assert found.returncode == 1
    assert "公众网站不能用这个数据库" in found.stderr
    assert "public_snapshot" in found.stderr


@pytest.mark.django_db
def test_the_copy_is_never_written_over_the_database_or_into_nothing(tmp_path: Path):
    with pytest.raises(CommandError):
        call_command("public_snapshot", tmp_path / "none" / "x.sqlite3")


def test_no_public_table_points_at_a_person():
    for model in public_models():
        for field in model._meta.concrete_fields:
            if field.is_relation and field.related_model._meta.db_table not in public_tables():
                assert (model.__name__, field.name) == ("Institution", "checked_by")


def test_the_role_is_given_the_public_tables_and_nothing_else():
    out = StringIO()
    call_command("public_role", stdout=out)
    granted = next(line for line in out.getvalue().splitlines() if line.startswith("GRANT SELECT"))
    assert granted.count('"') == 2 * len(public_tables())
    assert "filings_filing" not in granted
    assert "ALL PRIVILEGES" not in out.getvalue()
    with pytest.raises(CommandError):
        call_command("public_role", role='x"; DROP TABLE y')


@pytest.mark.postgres
@pytest.mark.django_db
@pytest.mark.skipif(connection.vendor != "postgresql", reason="needs PostgreSQL")
def test_the_role_cannot_select_a_row_of_a_person(cast: Cast):
    MAKE[Filing](cast, "yixian")
    with connection.cursor() as cursor:
        for statement in statements("ydjy_public_test"):
            cursor.execute(statement)
        cursor.execute("SET LOCAL ROLE ydjy_public_test")
        cursor.execute("SELECT count(*) FROM offices_office")
        for words in ("SELECT * FROM filings_filing", "SELECT * FROM offices_staff",
                      "UPDATE offices_office SET name = 'x'"):  # fmt: skip
            with pytest.raises(DatabaseError), transaction.atomic():
                cursor.execute(words)
        cursor.execute("RESET ROLE")
        cursor.execute("SELECT count(*) FROM filings_filing")  # the control: we may
        assert cursor.fetchone() == (1,)
