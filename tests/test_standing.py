"""A database that is away, empty, or older than the program: everything says so, nothing works."""

from collections.abc import Callable
from io import StringIO
from typing import Any

import psycopg
import pytest
from django.contrib import admin
from django.core.management import CommandError, get_commands, load_command_class
from django.db import OperationalError, connection, connections
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client
from django.urls import reverse

from apps.errors.models import Batch, Heartbeat
from tests import cast as casting
from tests import migrated
from tests.cast import Cast
from tests.processes import environ, python
from ydjy import celery
from ydjy.desk import readiness
from ydjy.desk.commands import DeskCommand
from ydjy.desk.readiness import standing
from ydjy.public_site.views import PLACES
from ydjy.staff_site.admin_site import DeskSite

pytestmark = pytest.mark.django_db
Break = Callable[[], None]


def _older(patch: pytest.MonkeyPatch) -> None:
    more = readiness.wanted() | {("errors", "9999_what_comes_next")}
    patch.setattr(readiness, "wanted", lambda: more)


def _empty(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(MigrationRecorder, "applied_migrations", lambda self: {})


def _away(patch: pytest.MonkeyPatch) -> None:
    def away(*args: Any) -> None:
        raise OperationalError("away")

    patch.setattr(MigrationRecorder, "applied_migrations", away)


# How the database is broken, what /healthz calls it, and what people read.
BROKEN = {
    "older": (_older, "not migrated", "还差 1 步升级。请停掉程序，运行 manage.py upgrade"),
    "empty": (_empty, "not migrated", "manage.py start_desk"),
    "away": (_away, "down", "数据库现在连不上"),
}
STAFF = [
    f"/admin/{model._meta.app_label}/{model._meta.model_name}/" for model in admin.site._registry
]


@pytest.fixture(params=BROKEN)
def broken(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Any:
    damage, *told = BROKEN[request.param]
    damage(monkeypatch)
    standing.believe()
    yield told
    standing.believe(seconds=1e9)


def test_a_good_database_is_in_order():
    assert readiness.complaint() == ""
    assert Client().get("/healthz").json() == {"status": "ok", "database": "ok"}


def test_the_watching_machine_is_told_with_a_session_or_without(broken, cast: Cast, client_of):
    word, sentence = broken
    browser = client_of(cast.lead)  # its session cannot be read now: that was an error page

    def away(*args: Any) -> None:
        raise OperationalError("away")

    for one in (Client(), browser):
        with pytest.MonkeyPatch.context() as patch:
            if word == "down":
                patch.setattr(connections["default"], "cursor", away)
            answer = one.get("/healthz")
        assert answer.status_code == 503
        assert answer.json()["database"] == word
        assert sentence in answer.json()["message"]


def test_every_page_says_so_and_asks_nothing_more(broken, django_assert_max_num_queries):
    _, sentence = broken
    browser = Client()
    browser.get("/")
    with django_assert_max_num_queries(3):
        for address in (*STAFF, "/admin/", "/admin/login/"):
            for answer in (browser.get(address), browser.post(address)):
                assert (answer.status_code, answer["Retry-After"]) == (503, "60"), address
                assert sentence in answer.content.decode(), address
    for address in [address for _, address in PLACES] + ["/"]:
        answer = browser.get(f"{address}?new=1")
        assert answer.status_code == 503, address
        assert "网站正在维护" in answer.content.decode()
        assert sentence not in answer.content.decode()


def job(name: str) -> Any:
    celery.app.loader.import_default_modules()
    return celery.app.tasks[name]


def test_no_job_of_the_minute_is_done(broken):
    for name in celery.EACH_MINUTE.values():
        assert job(name).apply(throw=True).result is None
    assert not Heartbeat.objects.exists()
    assert not Batch.objects.exists()


def test_the_control_the_same_job_on_a_good_database():
    job("apps.errors.tasks.tick").apply(throw=True)
    assert Heartbeat.objects.exists()


# They make the tables, or bring them.
BEFORE_THE_TABLES = {"restore", "start_desk", "upgrade"}


def commands() -> dict[str, Any]:
    ours = {n: app for n, app in get_commands().items() if app.startswith(("ydjy", "apps."))}
    return {name: load_command_class(app, name) for name, app in ours.items()}


def test_every_command_that_works_on_the_database_refuses(broken):
    _, sentence = broken
    found = {n: c for n, c in commands().items() if isinstance(c, DeskCommand)}
    assert {n for n, c in found.items() if not c.wants_tables} == BEFORE_THE_TABLES
    for command in found.values():
        if command.wants_tables:
            command.stdout = StringIO()
            with pytest.raises(CommandError, match=sentence):
                command.handle()
    others = {n for n, c in commands().items() if not isinstance(c, DeskCommand)}
    assert others <= {"quickstart", "refusals", "check"}, "each other command is a DeskCommand"


EMPTY_FILE = """
import os, pathlib
import django; django.setup()
from django.conf import settings
from django.core.management import call_command
from django.test import Client
from ydjy.desk.readiness import standing
file = pathlib.Path(settings.DATABASES["default"]["NAME"])
browser = Client(HTTP_HOST="localhost", raise_request_exception=False)
def ask(): standing.believe(); return browser.get("/healthz").status_code
before = ask()
file.unlink(); file.touch()
from django.db import connection
connection.close()
print(before, ask(), browser.get("/admin/").status_code, browser.get("/").status_code)
"""


@pytest.mark.skipif(connection.vendor != "sqlite", reason="the file of SQLite")
def test_a_file_made_anew_under_a_running_program_is_not_in_order(tmp_path):
    migrated.lend(tmp_path)
    env = environ(tmp_path, DJANGO_SETTINGS_MODULE="ydjy.settings")
    done = python("-W", "ignore", "-c", EMPTY_FILE, env=env)
    assert done.stdout.split() == ["200", "503", "503", "503"], done.stderr


# A connection that is cut ------------------------------------------------------------------------

POSTGRESQL = pytest.mark.skipif(connection.vendor != "postgresql", reason="needs PostgreSQL")


def cut_every_connection() -> None:
    """As a restart of the server does to every connection that waits in a pool."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")


@POSTGRESQL
@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("address", ["/admin/", "/admin/login/", "/?new=1", "/offices/?new=1"])
def test_a_restart_of_the_database_costs_a_reader_nothing(
    address: str, transactional_db: None, client_of, settings
):
    browser = client_of(casting.hire().lead)
    browser.raise_request_exception = False
    with pytest.raises(OperationalError):
        cut_every_connection()
    assert browser.get(address).status_code in (200, 302)
    connection.close()


def test_a_write_is_never_made_twice(cast: Cast, client_of, monkeypatch):
    """It may have been kept just before the connection was lost."""
    asked = []

    def lost(self: Any, request: Any, *args: Any, **kwargs: Any) -> None:
        asked.append(request.method)
        raise OperationalError("gone") from psycopg.OperationalError("gone")

    monkeypatch.setattr(DeskSite, "each_context", lost)
    browser = client_of(cast.lead)
    browser.raise_request_exception = False
    address = reverse("admin:app_list", args=["offices"])
    monkeypatch.setattr(connection, "close", lambda: None)
    assert browser.post(address).status_code == 500
    assert asked == ["POST"]
    assert browser.get(address).status_code == 500
    assert asked == ["POST", "GET", "GET"]
