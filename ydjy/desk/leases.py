"""Who is at a long work, and what a dead process was at.

A row says until when somebody is at it; that moment is known to nobody else, and so it names who
took it. Each process writes the moments that it took into a file of its own, which it keeps locked
as long as it lives: the kernel opens the lock of a process that is gone, however it ended. Whoever
looks finds the file open, gives free what stands in it, and nobody waits for the end of a lease.
"""

import fcntl
import os
import secrets
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from threading import Lock

from django.apps import apps
from django.conf import settings
from django.db import models

from ydjy.desk.imports import progress
from ydjy.desk.models import Upload

FIELDS = ("lease_until", "job_until")
_MOST = 1000  # moments that are kept of one process: more works than it does at once
_BORN = 60  # seconds in which a new file may not be locked yet


def _folder() -> Path:
    return Path(settings.DATA) / "living"


class Holder:
    """This process as one that takes leases; a fork of it is another."""

    def __init__(self) -> None:
        self._pid, self._handle, self._lock = 0, -1, Lock()
        self._taken: deque[str] = deque(maxlen=_MOST)
        self._written = 0

    def take(self, end: datetime) -> None:
        with self._lock, suppress(OSError):  # a full disk: then the lease ends by the clock
            if self._pid != os.getpid():
                self._begin()
            self._taken.append(end.isoformat())
            os.write(self._handle, f"{self._taken[-1]}\n".encode())
            self._written += 1
            if self._written > 2 * _MOST:
                os.ftruncate(self._handle, 0)
                os.write(self._handle, "".join(f"{one}\n" for one in self._taken).encode())
                self._written = len(self._taken)

    def _begin(self) -> None:
        folder = _folder()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        name = f"{os.getpid()}-{secrets.token_hex(8)}"
        draft = folder / f".{name}"
        handle = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        fcntl.flock(handle, fcntl.LOCK_EX)
        draft.rename(folder / name)
        self._pid, self._handle, self._written = os.getpid(), handle, 0
        self._taken.clear()


holder = Holder()


def until(span: timedelta, now: datetime) -> datetime:
    """The end of a lease that this process takes at ``now``."""
    end = now + span
    holder.take(end)
    return end


def fields() -> list[tuple[type[models.Model], str]]:
    """Every lease of the house: the model and its field."""
    every = [(model, field.name) for model in apps.get_models() for field in model._meta.fields]
    return [(model, name) for model, name in every if name in FIELDS]


def free_the_dead(now: datetime) -> int:
    """Give free what processes that are gone were at; returns how many works."""
    freed = 0
    for path in sorted(_folder().glob("*")):
        with _if_dead(path) as ends:
            freed += _free(ends, now) if ends else 0
    return freed


@contextmanager
def _if_dead(path: Path) -> Iterator[list[datetime]]:
    """What the process of this file took, and the file is gone afterwards; nothing if it lives."""
    try:
        handle = os.open(path, os.O_RDWR)
    except FileNotFoundError:  # somebody else looked as well
        yield []
        return
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield []
            return
        if path.name.startswith(".") and time.time() - path.stat().st_mtime < _BORN:
            yield []
            return
        yield [datetime.fromisoformat(line) for line in path.read_text().splitlines() if line]
        path.unlink(missing_ok=True)
    finally:
        os.close(handle)


def _free(ends: list[datetime], now: datetime) -> int:
    freed = 0
    for model, name in fields():
        held = model._default_manager.filter(**{f"{name}__in": ends})
        if model is Upload:  # a long import holds its row, and shows that it lives in another way
            for upload in held:
                progress.forget(progress.of_upload(upload))
        over = now - timedelta(microseconds=1)  # the sweep of this very minute goes on with it
        freed += held.filter(**{f"{name}__gt": now}).update(**{name: over})
    return freed
