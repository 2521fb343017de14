"""A migrated database, kept between runs: seven seconds of each worker go into migrating anew what
has not changed. The name of the file is a hash of every migration there is, so a changed one
makes another; types, permissions and triggers are put right after each copying, as after any
``migrate``. SQLite only; where nothing is kept, as on a new machine, the migrations run.
"""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import django
from django.apps import apps
from django.core.management.commands.migrate import Command
from django.db import connection

KEPT = Path(__file__).resolve().parent.parent / ".pytest_cache" / "migrated"


def file() -> Path:
    found = sha256(f"{django.VERSION} {sqlite3.sqlite_version}".encode())
    for app in apps.get_app_configs():
        for path in sorted(Path(app.path).glob("migrations/*.py")):
            found.update(f"{app.label}/{path.name}".encode() + path.read_bytes())
    return KEPT / f"{found.hexdigest()[:32]}.sqlite3"


@contextmanager
def once() -> Iterator[None]:
    """Inside, ``migrate`` begins with what is kept, or keeps what it made."""
    migrate = Command.handle

    def handle(self: Command, *args: Any, **options: Any) -> None:
        kept = file()
        if kept.exists() and not connection.introspection.table_names():
            with closing(sqlite3.connect(kept)) as source:
                source.backup(connection.connection)
        migrate(self, *args, **options)
        if not kept.exists():
            _keep(kept)

    if connection.vendor != "sqlite":
        yield
        return
    Command.handle = handle
    try:
        yield
    finally:
        Command.handle = migrate


def _keep(kept: Path) -> None:
    """Whole or not at all: another worker may be looking."""
    kept.parent.mkdir(parents=True, exist_ok=True)
    draft = kept.with_suffix(f".{os.getpid()}")
    with closing(sqlite3.connect(draft)) as target:
        connection.connection.backup(target)
    for old in kept.parent.glob("*.sqlite3"):
        old.unlink(missing_ok=True)
    draft.replace(kept)


def lend(folder: Path) -> None:
    """Let a process that starts on this data folder find most of its migrating done."""
    if (kept := file()).exists():
        shutil.copyfile(kept, folder / "ydjy.sqlite3")
