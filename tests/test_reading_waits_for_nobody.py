"""Every page of the staff that only reads is answered while somebody else is writing.

SQLite has one writer: a program that writes for four seconds stopped every page, the log-in too.
Here a second connection holds the only place of a file, and every address there is is asked for.
"""

import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.core.management import call_command
from django.db import OperationalError, connection, connections, transaction
from django.db.utils import ConnectionHandler
from django.test import Client
from django.urls import reverse

from apps.offices.reference import sync_roles
from tests import cast as casting
from tests import migrated
from tests.cast import Cast
from tests.test_house import STAFF_PAGES, concrete
from tests.test_scoping import MAKE
from ydjy.desk.models import Upload
from ydjy.desk.transactions import write_unless_busy

SQLITE = connection.vendor == "sqlite"
pytestmark = pytest.mark.django_db(transaction=not SQLITE)
# What must be written before it is shown: these wait, as long as SQLite's patience lasts.
WRITES_FIRST: dict[str, str] = {}
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
    call_command("sync_reference", verbosity=0)
    call_command("load_policy", "jinzhou", verbosity=0)
    cast = casting.hire()
    for model, make in MAKE.items():
        if model is not Upload:  # a returned file brings its own
            make(cast, "yixian")
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


def answers(cast: Cast) -> dict[str, int | str]:
    """What each says: its status, or why it had none."""
    visitor, browser, said = Client(), Client(), {}
    browser.force_login(cast.yixian)
    asked = places()
    if SQLITE:
        writer = sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)
        writer.execute("BEGIN IMMEDIATE")
    for name, address in asked:
        try:
            said[name] = (visitor if name == "login" else browser).get(address).status_code
        except (OperationalError, transaction.TransactionManagementError) as refused:
            said[name] = str(refused)
    if SQLITE:
        writer.close()
    return said


def test_every_staff_page_that_reads_is_answered_while_another_program_writes(world: Cast):
    said = answers(world)
    assert len(said) > 150
    assert sum(status == 200 for status in said.values()) > 120, "the walk finds the rows"
    wrong = {name: status for name, status in said.items() if isinstance(status, str)}
    assert set(wrong) - set(WRITES_FIRST) == set(), wrong
