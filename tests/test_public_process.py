"""The public site as a process of its own: what it has, and what no statement of it can reach."""

import json
import re
import sqlite3
import subprocess
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.test import Client

from apps.errors.models import Ticket
from apps.filings.models import Filing
from apps.institutions.models import Institution, ReferralRight
from apps.offices.models import Hotline, Notice
from tests import publicsite
from tests.cast import Cast, canary
from tests.processes import environ, python
from tests.test_scoping import MAKE
from ydjy.management.commands.public_role import making, statements
from ydjy.public_site.middleware import (
    CaseTableRefused,
    public_only,
    readable_cases,
    readable_remarks,
)
from ydjy.public_site.open_data import DATASETS
from ydjy.public_site.tables import INTERNAL_COLUMNS, MIGRATIONS, public_models, public_tables

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


REMARK, NOTICE, KEPT_BACK = "院长办公室转内线", "本周五盘点，别往外说", "0416-2999999"


def write_for_ourselves() -> None:
    """A remark, a notice to staff and a number that is kept back, all in public tables."""
    Institution.objects.create(name="康宁医院", remark=REMARK)
    Notice.objects.create(text=NOTICE, audience="staff", published=True)
    Notice.objects.create(text="12月1日停电，暂停办公", audience="public", published=True)
    Hotline.objects.create(name="内线", display=KEPT_BACK, tel=KEPT_BACK, published=False)


def make_role(cursor: Any, *, again: bool = False) -> None:
    cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # what the test wrote is not committed
    made = [] if again else making("ydjy_public_test")
    for statement in [*made, *statements("ydjy_public_test")]:
        cursor.execute(statement)


def ask(database: Path, folder: Path, *addresses: str) -> subprocess.CompletedProcess[str]:
    env = environ(
        folder,
        YDJY_SITE="public",
        YDJY_DATABASE_URL=f"sqlite:///{database}",
        PYTHONPATH=str(settings.BASE_DIR),
    )
    return python("-c", ASK, *addresses, env=env, timeout=60, cwd=folder)


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
    write_for_ourselves()
    copy = tmp_path / "public.sqlite3"
    call_command("public_snapshot", copy, stdout=StringIO())
    with sqlite3.connect(copy) as file:
        names = {
            row[0] for row in file.execute("SELECT name FROM sqlite_master WHERE type='table'")
        }
        kinds = {row[0] for row in file.execute("SELECT type FROM sqlite_master")}
    assert {
        n for n in names if not n.startswith(("institutions_grams", "sqlite_"))
    } == public_tables() | {MIGRATIONS}
    assert "trigger" not in kinds
    data = copy.read_bytes()
    ours = (REMARK, NOTICE, KEPT_BACK)
    for secret in (canary("yixian"), cast.yixian.name, cast.yixian.password, *ours):
        assert secret.encode() not in data
    for known in (cast.office["yixian"].name, "12月1日停电，暂停办公"):
        assert known.encode() in data


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


@SQLITE
@pytest.mark.django_db(transaction=True)
def test_a_public_process_does_not_start_where_it_can_read_our_remarks(tmp_path: Path):
    write_for_ourselves()
    copy = tmp_path / "public.sqlite3"
    call_command("public_snapshot", copy, stdout=StringIO())
    with sqlite3.connect(copy) as file:
        file.execute("UPDATE institutions_institution SET remark = ?", [REMARK])
    found = ask(copy, tmp_path, "/")
    assert found.returncode == 1
    assert "公众网站能看到机构的内部备注" in found.stderr


@pytest.mark.django_db
def test_a_public_page_cannot_ask_for_our_remarks():
    with public_only():
        list(Institution.objects.defer("remark", "checked_by", "brought_by"))
        with pytest.raises(CaseTableRefused):
            list(Institution.objects.values_list("remark"))
        with pytest.raises(CaseTableRefused):
            list(ReferralRight.objects.select_related("institution"))


@pytest.mark.django_db
def test_the_copy_is_never_written_over_the_database_or_into_nothing(tmp_path: Path):
    with pytest.raises(CommandError):
        call_command("public_snapshot", tmp_path / "none" / "x.sqlite3")


def test_no_public_table_points_at_a_person():
    for model in public_models():
        for field in model._meta.concrete_fields:
            if field.is_relation and field.related_model._meta.db_table not in public_tables():
                assert (model.__name__, field.name) == ("Institution", "checked_by")


@pytest.mark.django_db
def test_the_role_is_given_the_public_tables_and_nothing_else():
    out = StringIO()
    call_command("public_role", stdout=out)
    granted = [line for line in out.getvalue().splitlines() if line.startswith("GRANT SELECT")]
    whole = public_tables() - INTERNAL_COLUMNS.keys() | {MIGRATIONS}
    assert set(re.findall(r'"(\w+_\w+)"', granted[0])) == whole
    single = "".join(granted[1:])
    assert {table for table in INTERNAL_COLUMNS if f'ON "{table}"' in single} == set(
        INTERNAL_COLUMNS
    )
    assert '"national_code"' in single
    for words in ("filings_filing", '"remark"', '"checked_by_id"'):
        assert words not in "".join(granted)
    assert "ALL PRIVILEGES" not in out.getvalue()
    with pytest.raises(CommandError):
        call_command("public_role", role='x"; DROP TABLE y')


@pytest.mark.postgres
@pytest.mark.django_db
@pytest.mark.skipif(connection.vendor != "postgresql", reason="needs PostgreSQL")
def test_the_role_cannot_select_a_row_of_a_person(cast: Cast):
    MAKE[Filing](cast, "yixian")
    write_for_ourselves()
    refused = (
        "SELECT * FROM filings_filing", "SELECT * FROM offices_staff",
        "UPDATE offices_office SET name = 'x'", "SELECT * FROM institutions_institution",
        "SELECT remark FROM institutions_institution",
        "SELECT checked_by_id FROM institutions_institution",
        "SELECT name FROM institutions_institution WHERE remark LIKE '%内线%'",
    )  # fmt: skip
    with connection.cursor() as cursor:
        make_role(cursor)
        make_role(cursor, again=True)  # after an upgrade it is run again
        assert len(readable_remarks()) == 3  # the control: we may
        cursor.execute("SET LOCAL ROLE ydjy_public_test")
        cursor.execute("SELECT count(*) FROM offices_office")
        for words in refused:
            with pytest.raises(DatabaseError), transaction.atomic():
                cursor.execute(words)
        assert (readable_cases(), readable_remarks()) == ([], [])
        cursor.execute("SELECT text FROM offices_notice")
        assert cursor.fetchall() == [("12月1日停电，暂停办公",)]
        cursor.execute("SELECT count(*) FROM offices_hotline WHERE NOT published")
        assert cursor.fetchone() == (0,)
        cursor.execute("RESET ROLE")
        cursor.execute("SELECT count(*) FROM filings_filing")  # the control: we may
        assert cursor.fetchone() == (1,)


@pytest.mark.postgres
@pytest.mark.django_db
@pytest.mark.skipif(connection.vendor != "postgresql", reason="needs PostgreSQL")
def test_every_page_can_be_made_under_the_role(client: Client):
    publicsite.load("jinzhou")
    with connection.cursor() as cursor:
        make_role(cursor)
        cursor.execute("SET LOCAL ROLE ydjy_public_test")
        assert len(publicsite.walk(client)) > 50
        for name in DATASETS:
            assert client.get(f"/data/{name}.csv").status_code == 200
