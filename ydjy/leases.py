"""What a dead worker was at, given free by the next one at its start.

Who is at a long work says so in the row, for two minutes at a time. A worker that was killed says
no more; whoever starts in its place need not wait for the end of that time. Workers know of each
other by a lock on one file of the data folder, which the kernel opens when a process is gone.
"""

import fcntl
import os
from datetime import datetime

from django.apps import apps
from django.conf import settings
from django.db import models, transaction

from ydjy.desk import progress

FIELDS = ("lease_until", "job_until")


def fields() -> list[tuple[type[models.Model], str]]:
    """Every lease of the house: the model and its field."""
    every = [(model, field.name) for model in apps.get_models() for field in model._meta.fields]
    return [(model, name) for model, name in every if name in FIELDS]


def let_go(now: datetime) -> None:
    """The next sweep goes on with everything that somebody was at. Should a web process be at it
    all the same, the two find out as always, and one goes on alone."""
    for model, until in fields():
        with transaction.atomic():
            free = model._default_manager.select_for_update(skip_locked=True)
            held = list(free.filter(**{f"{until}__gt": now}).values_list("pk", flat=True))
            model._default_manager.filter(pk__in=held).update(**{until: now})
    progress.sweep(older_than=0)


class Living:
    """This worker among those on the same data folder, from ``join`` until its process ends."""

    def __init__(self) -> None:
        self._file: int | None = None

    def join(self) -> bool:
        """Whether no other worker is alive; from now on this one is."""
        path = settings.DATA / "workers.lock"
        self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            alone = True
        except BlockingIOError:
            alone = False
        fcntl.flock(self._file, fcntl.LOCK_SH)
        return alone

    def leave(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None


living = Living()
