"""Every page of the staff that only reads is answered while somebody else is writing.

SQLite has one writer: a program that writes for four seconds stopped every page, the log-in too.
Here a second connection holds the only place of a file, and every address there is is asked for.
"""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.contrib.sessions.models import Session
from django.db import OperationalError, connection, connections, transaction
from django.db.utils import ConnectionHandler
from django.test import Client
from django.urls import reverse

from apps.errors.models import ReturnFile
from apps.offices.sync import sync_roles
from tests import cast as casting
from tests import migrated
from tests.cast import Cast
from tests.test_house import STAFF_PAGES, concrete
from tests.test_scoping import MAKE
from ydjy.desk import transactions
from ydjy.desk.crypto import vault
from ydjy.desk.models import Upload

SQLITE = connection.vendor == "sqlite"
pytestmark = pytest.mark.django_db(transaction=not SQLITE)
# What must stand in the log of readings before it is shown: these wait, and then show nothing.
WRITES_FIRST = {
    "filings_filing_person_page": "everything about one person",
    "filings_filing_call_sheet": "telephones, on paper",
    "filings_filing_watch": "telephones of those whose filings end",
    "filings_filing_attachment": "a photograph of somebody's papers",
    "errors_batch_year_file": "figures taken out as a file",
}
PATIENCE = 0.05  # seconds, here: whoever waits fails


def reads(entry: Any) -> bool:
    verb = getattr(entry.callback, "admin_verb", None)
    return verb is None or "GET" in verb.methods


@pytest.fixture
def world(tmp_path: Path, db: None) -> Iterator[Cast]:
    """A desk whose rows are stored for good: in a file of its own, or in PostgreSQL's tables."""
    if not SQLITE:
        yield fill()
        return
    file, before = tmp_path / "desk.sqlite3", connections["default"]
    shutil.copyfile(migrated.file(), file)
    options = before.settings_dict["OPTIONS"] | {"timeout": PATIENCE}
    mine = before.settings_dict | {"NAME": file, "OPTIONS": options}
    connections["default"] = ConnectionHandler({"default": mine})["default"]
    try:
        yield fill()
    finally:
        connection.close()
        connections["default"] = before


def fill() -> Cast:
    sync_roles()
    cast = casting.hire()
    for model, make in MAKE.items():
        if model is not Upload:  # a returned file brings its own
            make(cast, "yixian")
    sheet = {"sheet": "来表", "headers": ["证件号码", "姓名"], "columns": {"cert_no": 0}}
    stored = vault.put("weekly", "证件号码,姓名\n".encode())
    Upload.objects.update(stored=stored, layout=[sheet])
    ReturnFile.objects.update(stored=Upload.objects.get().stored)
    casting.institution()
    casting.cause()
    cast.yixian.user_permissions.set(Permission.objects.all())
    return cast


def places() -> list[tuple[str, str]]:
    """(name, address) of everything that answers GET, of a row that is there."""
    first = {
        f"{model._meta.app_label}_{model._meta.model_name}_": model._default_manager.first()
        for model in admin.site._registry
    }
    found = []
    for where, entry in STAFF_PAGES:
        row = next((row for name, row in first.items() if entry.name.startswith(name)), None)
        if reads(entry) and entry.name != "logout":
            found.append((entry.name, concrete(where, row.pk if row else 1)))
    return found


@contextmanager
def another_writes() -> Iterator[None]:
    """On SQLite somebody has the one place of a writer; PostgreSQL has room for all."""
    if not SQLITE:
        yield
        return
    with closing(sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        yield


def answers(browser: Client) -> dict[str, int | str]:
    """What each says: its status, or why it had none."""
    said: dict[str, int | str] = {}
    for name, address in places():
        try:
            said[name] = (Client() if name == "login" else browser).get(address).status_code
        except (OperationalError, transaction.TransactionManagementError) as refused:
            said[name] = str(refused)
    return said


def test_every_staff_page_that_reads_is_answered_while_another_program_writes(
    world: Cast, monkeypatch: pytest.MonkeyPatch
):
    browser = Client()
    browser.force_login(world.yixian)
    with another_writes():
        said = answers(browser)
        assert len(said) > 150
        assert sum(status == 200 for status in said.values()) > 120, "the walk finds the rows"
        wrong = {name: status for name, status in said.items() if isinstance(status, str)}
        assert set(wrong) - set(WRITES_FIRST) == set(), wrong
        assert not SQLITE or "seen" not in browser.session, "left out, not waited for"
        if SQLITE:
            monkeypatch.setattr(transactions, "SAFE", ())
            with pytest.raises(OperationalError, match="locked"):
                browser.get(reverse("admin:index"))
    monkeypatch.undo()
    browser.get(reverse("admin:index"))
    assert "seen" in browser.session, "the next page makes up for it"
    assert len(Session.objects.all()) == 1, "and the log-in page kept nothing"
