"""A received file whose reading or importing takes longer than a page may.

The receipt says what is to be done, and whoever takes its lease does it: a worker that was woken;
where none comes, a thread of the process whose page somebody looks at; in the end the minute tick.
"""

import threading
from contextlib import suppress
from datetime import timedelta
from typing import Any

from celery import shared_task
from django.db import connections
from django.utils import timezone
from kombu.exceptions import OperationalError

from ydjy.desk.audit.change_log import as_actor
from ydjy.desk.exceptions import Refused, must
from ydjy.desk.imports import cleanup, uploads
from ydjy.desk.imports import undo as imports_undo
from ydjy.desk.models import Upload
from ydjy.desk.transactions import write_unless_busy

AT_ONCE = 400_000  # bytes of a file that is read while the person waits
PATIENCE = timedelta(seconds=10)  # so long a worker may take to come for a file
REFRESH = {"Refresh": "3"}  # seconds until a page that shows how far it is looks again
BUSY = (Upload.State.RECEIVED, Upload.State.CONFIRMING, Upload.State.UNDOING)
AT_ONCE_UNDONE = 200  # of what a list made, taken back while the person waits


def read(upload: Upload, *, at_once: int | None = None) -> None:
    """Read it now, or let a worker do it. A file that waits for its columns to be named is no
    refusal; ``Unreadable`` is."""
    if upload.size > (AT_ONCE if at_once is None else at_once):
        return wake(upload)
    try:
        cleanup.KEPT[upload.kind].go_on(upload)
    except uploads.ReadElsewhere:
        pass  # the page shows how far the other is
    except uploads.Unreadable:
        if upload.state != Upload.State.COLUMNS:
            raise


def wake(upload: Upload) -> None:
    """Ask a worker to go on with it."""
    Upload.objects.filter(pk=upload.pk).update(lease_until=timezone.now() + PATIENCE)
    with suppress(OSError, OperationalError):
        go_on_with.delay(upload.pk)


@shared_task(time_limit=3600)
def go_on_with(pk: int) -> None:
    """A worker has come; it leaves the file to whoever was quicker."""
    upload = Upload.objects.get(pk=pk)
    if cleanup.take(upload, timezone.now() + PATIENCE):
        go_on(upload)


def look(upload: Upload) -> bool:
    """Whether something is being done with the file that somebody looks at. If nobody came for
    it, a thread of this process does it, while the page shows how far it is."""
    if upload.state not in BUSY:
        return False
    took: list[bool] = []
    write_unless_busy(lambda: took.append(cleanup.take(upload, timezone.now())))
    if any(took):
        beside(upload)
    return True


def beside(upload: Upload) -> None:
    def work() -> None:
        try:
            go_on(upload)
        finally:
            connections.close_all()

    threading.Thread(target=work, daemon=True).start()


def go_on(upload: Upload) -> None:
    """Do what is left, in the name of whoever asked for it; what is refused stands on the
    receipt."""
    asked = upload.undone_by_id or upload.confirmed_by_id or upload.received_by_id
    with as_actor(f"staff:{asked}"), suppress(Refused):
        cleanup.KEPT[upload.kind].carry_on(upload)


# Taking back -----------------------------------------------------------------------------------


def undo_of(upload: Upload) -> imports_undo.Undo:
    found = cleanup.KEPT[upload.kind].undo
    must(found, "这种来件没有导入什么，不用撤销。")
    return found  # type: ignore[return-value]


def brought(upload: Upload) -> imports_undo.Brought | None:
    """What would be taken back, for the page that asks; nothing where there is nothing."""
    if upload.state != Upload.State.CONFIRMED:
        return None
    return undo_of(upload).brought(upload)


def take_back(upload: Upload, *, by: Any, reason: str) -> None:
    """Now, or by a worker; the receipt says what became of it."""
    undo = undo_of(upload)
    few = undo.brought(upload).total <= AT_ONCE_UNDONE
    if imports_undo.begin(upload, undo, by=by, reason=reason):
        if few:
            imports_undo.go_on(upload, undo)
        else:
            wake(upload)
