"""No leftovers of received lists, whatever their kind (X18): what a crash left half done goes on,
and what nobody imported in time is given up and deleted.

Each kind of list is one :class:`Kept`; the minute tick hands all of them to :func:`tend`. What was
imported stays, whatever its age: it is the bureau's record.
"""

import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import models, transaction
from django.utils import timezone

from ydjy.desk import leases
from ydjy.desk.crypto import vault
from ydjy.desk.exceptions import Refused, must
from ydjy.desk.imports import progress, quota, uploads
from ydjy.desk.imports import undo as imports_undo
from ydjy.desk.imports.undo import Undo
from ydjy.desk.models import StorageRule, Upload
from ydjy.desk.transactions import write_unless_busy

log = logging.getLogger("ydjy.lists")
State = Upload.State
DELETED = "原件和核对的内容已经到期删除。"
AT_WORK = timedelta(days=3)  # a file that somebody opened so lately is left to him
SWEEPING = 10  # minutes: a minute that was missed, as in a restart, costs no hour
_UNDECIDED = (State.RECEIVED, State.COLUMNS, State.STAGED)
_OVER = (State.ABANDONED, State.REFUSED, State.SAME)


# By a person -------------------------------------------------------------------------------------


@transaction.atomic
def abandon(upload: Upload) -> None:
    """Give up a file that was not imported. A job that is just reading it finds it given up."""
    row = Upload.objects.select_for_update(of=("self",)).get(pk=upload.pk)
    must(
        row.state in (*_UNDECIDED, *_OVER),
        "这个文件已经导入，不能放弃。要收回请用“撤销这次导入”。",
    )
    if row.state == State.RECEIVED:
        quota.forget_rows(row)
    row.state, row.lease_until = State.ABANDONED, None
    row.save(update_fields=["state", "lease_until"])


def touch(upload: Upload) -> None:
    """Somebody who may import it has the file open: it does not end under his hands. One write a
    day for each file, by the next look if somebody is writing now."""
    rows, today = Upload.objects.filter(pk=upload.pk), timezone.localdate()
    if upload.touched_on != today and write_unless_busy(lambda: rows.update(touched_on=today)):
        upload.touched_on = today


def take(upload: Upload, now: datetime) -> bool:
    """Whether the caller is to go on with it: whoever was at it is gone, or nobody came. Of
    several that ask in the same moment one is told yes."""
    if upload.lease_until is None or upload.lease_until > now:
        return False
    if progress.alive(progress.of_upload(upload), within=uploads.LEASE.total_seconds()):
        return False  # a long import, which holds the row
    lease = leases.until(uploads.LEASE, now)
    mine = Upload.objects.filter(pk=upload.pk, lease_until=upload.lease_until)
    if not mine.update(lease_until=lease):
        return False
    upload.lease_until = lease
    return True


# By the clock ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Kept:
    """What one kind of list does about its files: ``go_on`` reads or imports what a crash left
    half done, ``give_up`` ends one that waits, ``forget`` deletes what its own tables keep of it.
    ``beside`` names the files that it keeps besides the received ones; ``undo`` takes back what
    was imported, where the kind imports anything."""

    kind: str
    go_on: Callable[[Upload], Any]
    give_up: Callable[[Upload], Any] = abandon
    forget: Callable[[Upload], Any] = lambda upload: None
    beside: Callable[[], Iterable[str]] = tuple
    undo: Undo | None = None

    def carry_on(self, upload: Upload) -> None:
        """Whatever was begun with the file, a taking back too."""
        if self.undo and upload.state == State.UNDOING:
            imports_undo.go_on(upload, self.undo)
        else:
            self.go_on(upload)


#: Every kind of list that can be received; ``apps.errors``, which knows all, fills it at the start.
KEPT: dict[str, Kept] = {}


def register(lists: Iterable[Kept]) -> None:
    KEPT.update((one.kind, one) for one in lists)


def tend(now: datetime) -> int:
    """Each minute go on with what was interrupted, every ten delete what is over; returns how
    many files went on. A file or a kind that cannot be tended keeps no other from it."""
    taken = 0
    for one in KEPT.values():
        taken += go_on(one, now)
        if now.minute % SWEEPING == 0:
            with _apart(one.kind):
                end(one, now)
    return taken


def go_on(one: Kept, now: datetime) -> int:
    """Every receipt whose reader has died; returns how many were taken up."""
    taken = 0
    for upload in list(uploads.interrupted(one.kind, now)):
        if take(upload, now):
            taken += 1
            with _apart(upload):
                one.carry_on(upload)
    return taken


def end(one: Kept, now: datetime) -> int:
    """Give up the files that waited too long and delete what is kept of those that are over;
    returns how many. The receipt stays and says so. Bytes that nothing names are removed."""
    days = StorageRule.on(timezone.localdate(now)).kept_days
    old = Upload.objects.filter(kind=one.kind, received_at__lt=now - timedelta(days=days))
    old = old.exclude(stored="")
    for upload in _left_alone(old, now):
        with _apart(upload):
            one.give_up(upload)
    gone = 0
    for upload in old.filter(state__in=_OVER):
        with _apart(upload):
            _delete(upload, one)
            gone += 1
    sweep(one)
    return gone


def _left_alone(old: models.QuerySet[Upload], now: datetime) -> models.QuerySet[Upload]:
    """Those of the undecided that no person and no job is at."""
    lately = timezone.localdate(now - AT_WORK)
    untouched = models.Q(touched_on=None) | models.Q(touched_on__lt=lately)
    free = models.Q(lease_until=None) | models.Q(lease_until__lt=now)
    return old.filter(untouched, free, state__in=_UNDECIDED)


def _delete(upload: Upload, one: Kept) -> None:
    stored = upload.stored
    with transaction.atomic():
        quota.forget_rows(upload)
        upload.changes.all().delete()
        one.forget(upload)
        upload.stored, upload.message = "", (upload.message + DELETED)[-400:]
        upload.save(update_fields=["stored", "message"])
    vault.drop(stored)


def sweep(one: Kept, *, older_than: float = 3600) -> int:
    """Remove kept bytes that no receipt knows (a crash between the two); returns how many."""

    def known() -> Iterator[str]:
        yield from Upload.objects.filter(kind=one.kind).values_list("stored", flat=True)
        yield from one.beside()

    return vault.drop_unknown(one.kind, known, older_than=older_than)


@contextmanager
def _apart(what: Any) -> Iterator[None]:
    """What is refused says so on its receipt; what breaks is logged, and the others go on."""
    try:
        yield
    except Refused:
        pass
    except Exception:
        log.exception("%s could not be tended", getattr(what, "pk", what))
        if transaction.get_connection().in_atomic_block:
            raise
