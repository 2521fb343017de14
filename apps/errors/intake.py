"""Monday: the province's workbook becomes the week's tickets.

``receive`` keeps the bytes and stages every row; nothing is a ticket yet. ``confirm`` makes the
tickets of the good rows in one transaction; pressing it twice gives the same tickets. Rejected
and held rows stay with the file until they are decided (``deciding.py``).
"""

from contextlib import suppress
from datetime import datetime
from hashlib import sha256
from typing import Any

from django.db import transaction
from django.utils import timezone

from apps.errors import known, opening, weekly
from apps.errors.models import Batch, Ticket
from apps.errors.ticket import Status
from apps.offices.models import City
from ydjy.desk import sheets, uploads
from ydjy.desk.crashpoints import crashpoint
from ydjy.desk.models import StagedRow, Upload
from ydjy.desk.secrets import opened
from ydjy.desk.uploads import Unreadable
from ydjy.desk.verbs import Refused

__all__ = ["KIND", "Unreadable", "abandon", "check", "confirm", "keep", "read", "receive", "undo"]
KIND = "weekly"
SENDER = "省医保中心"
_AT_A_TIME = 2_000  # rows made into tickets at once: what is held in memory stays small


def list_kind(today: Any = None) -> sheets.ListKind:
    city = City.objects.maybe()
    return weekly.kind(today=today or timezone.localdate(), home=city.area if city else "210700")


def check(data: bytes, filename: str) -> sheets.Report:
    """What the file holds, row by row; stores nothing (导入体检)."""
    return sheets.examine(list_kind(), data, filename, remembered=uploads.remembered(KIND, SENDER))


# Receiving -----------------------------------------------------------------------------------


def keep(
    data: bytes,
    filename: str,
    *,
    by: Any,
    batch: Batch | None = None,
    now: datetime | None = None,
    sender: str = SENDER,
) -> Upload:
    """The receipt, with the bytes kept; nothing is read yet.

    Raises ``Refused``: the same bytes as before, too many of them, or a file of our own.
    """
    now = now or timezone.now()
    batch = batch or Batch.objects.at(now)
    known.refuse_returned_bytes(sha256(data).hexdigest())
    return uploads.keep(
        list_kind(timezone.localdate(now)),
        data,
        filename,
        period=batch.week,
        by=by,
        office_path=opening.Routes().city.path,
        now=now,
        sender=sender,
    )


def read(upload: Upload) -> Upload:
    """Read the kept bytes of a receipt and stage its rows.

    Raises ``Unreadable`` with how to mend it, or ``AlreadyReceived`` for a list saved anew.
    """
    uploads.read(upload, list_kind(timezone.localdate(upload.received_at)), _settle)
    return upload


def _settle(upload: Upload, report: sheets.Report) -> None:
    known.refuse_returned_words(report)
    known.compare(batch_of(upload), upload, report)


def receive(data: bytes, filename: str, **more: Any) -> Upload:
    """``keep`` and ``read`` in one, for the week (by default the current one). A receipt of the
    same bytes that nobody has read yet, because of a crash, is read now."""
    try:
        upload = keep(data, filename, **more)
    except uploads.AlreadyReceived as twin:
        if twin.upload.state != Upload.State.RECEIVED:
            raise
        upload = twin.upload
    return read(upload)


def batch_of(upload: Upload) -> Batch:
    year, week = upload.period.split("-W")
    return Batch.objects.of_week(int(year), int(week))


# Confirming ----------------------------------------------------------------------------------


def confirm(upload: Upload, *, by: Any, assign: opening.Assign = "county") -> Batch:
    """Make a ticket of every accepted row. ``assign``: ``county`` gives each to a clerk of its
    office, ``none`` leaves them unassigned. A second call changes nothing."""
    crashpoint("CI6")
    batch = _confirm(upload, by, assign)
    crashpoint("CI8")
    return batch


def begin(upload: Upload, *, by: Any, assign: opening.Assign) -> None:
    """Write down that a large file is to be imported; a job does it, or the minute tick."""
    lease = timezone.now() + uploads.LEASE
    Upload.objects.filter(pk=upload.pk, state=Upload.State.STAGED).update(
        state=Upload.State.CONFIRMING, plan=assign, confirmed_by=by, lease_until=lease
    )


@transaction.atomic
def _confirm(upload: Upload, by: Any, assign: opening.Assign) -> Batch:
    upload = Upload.objects.select_for_update().get(pk=upload.pk)
    batch = batch_of(upload)
    if upload.state == Upload.State.CONFIRMED:
        return batch
    if upload.state not in (Upload.State.STAGED, Upload.State.CONFIRMING):
        raise Refused(f"这个文件{upload.get_state_display()}，不能导入。请重新选文件。")
    batch = Batch.objects.select_for_update().get(pk=batch.pk)
    rows = list(upload.rows.filter(status__in=[sheets.ACCEPTED, sheets.DUPLICATE]))
    tickets = _recheck(batch, upload, rows)
    answered = dict(tickets)
    fresh = [row for row in rows if row.pk not in tickets and row.status == sheets.ACCEPTED]
    for row in fresh:
        row.upload = upload
    again = {row.twin_id for row in rows} | {row.pk for row in rows if row.original_id}
    for at in range(0, len(fresh), _AT_A_TIME):
        made = opening.open_tickets(batch, fresh[at : at + _AT_A_TIME], by=by, assign=assign)
        opening.link(made.items())
        answered |= {key: ticket for key, ticket in made.items() if key in again}
    twins = {row.pk: answered[row.twin_id] for row in rows if row.twin_id in answered}
    opening.link({**tickets, **twins}.items())
    answer_originals(rows, answered | twins)
    upload.state, upload.plan, upload.lease_until = Upload.State.CONFIRMED, assign, None
    upload.confirmed_at, upload.confirmed_by = timezone.now(), by
    upload.save(update_fields=["state", "plan", "lease_until", "confirmed_at", "confirmed_by"])
    if batch.received_at is None:
        batch.received_at = upload.received_at
        batch.save(update_fields=["received_at"])
    return batch


def _recheck(batch: Batch, upload: Upload, rows: list[StagedRow]) -> dict[int, Ticket]:
    """Under the lock: the tickets that the week has already for some of the rows. Since the
    preview another file may have brought the same lines."""
    week = known.Known(batch, upload)
    if not week.tickets:
        return {}
    found, changed = {}, []
    for row in rows:
        ticket = week.ticket(opened(row.values) or {})
        if ticket is None or row.twin_id:
            continue
        if row.status == sheets.ACCEPTED:
            differs = known.differences(ticket, opened(row.values) or {})
            row.status = sheets.HELD if differs else sheets.DUPLICATE
            row.message = (
                f"与工单 {ticket.number} 编号相同，内容不同，请判断要不要改工单。"
                if differs
                else f"本周已有工单 {ticket.number}。"
            )
            changed.append(row)
        if row.status == sheets.DUPLICATE:
            found[row.pk] = ticket
    if changed:
        StagedRow.objects.bulk_update(changed, ["status", "message"], batch_size=500)
        uploads.count(upload)
    return found


def answer_originals(rows: list[StagedRow], tickets: dict[int, Ticket]) -> None:
    """The lines of earlier files for which these rows stand have their ticket now."""
    wanted = {
        row.original_id: tickets[row.pk] for row in rows if row.original_id and row.pk in tickets
    }
    if not wanted:
        return
    waiting = StagedRow.objects.filter(
        pk__in=wanted, status__in=[sheets.HELD, sheets.REJECTED]
    ).select_related("upload")
    changed = list(waiting)
    for row in changed:
        row.status = sheets.DUPLICATE
        row.message = f"已改好重新导入，见工单 {wanted[row.pk].number}。"
    StagedRow.objects.bulk_update(changed, ["status", "message"], batch_size=500)
    opening.link((row.pk, wanted[row.pk]) for row in changed)
    for upload in {row.upload_id: row.upload for row in changed}.values():
        uploads.count(upload)


# After a crash -------------------------------------------------------------------------------


def go_on(upload: Upload) -> None:
    """Do what is left of a receipt: read it, or import it as was decided. Doing it twice, or in
    two processes, is doing it once."""
    if upload.state == Upload.State.RECEIVED:
        with suppress(Refused):  # the receipt says why
            read(upload)
    elif upload.state == Upload.State.CONFIRMING:
        confirm(upload, by=upload.confirmed_by, assign=upload.plan)


def resume(now: datetime) -> int:
    """Every receipt whose reader has died goes on; bytes without a receipt are removed."""
    taken = 0
    for upload in uploads.interrupted(KIND, now):
        mine = Upload.objects.filter(pk=upload.pk, lease_until=upload.lease_until)
        if mine.update(lease_until=now + uploads.LEASE):
            go_on(upload)
            taken += 1
    if now.minute == 0:
        uploads.sweep(KIND)
    return taken


# Not importing, and taking back --------------------------------------------------------------


@transaction.atomic
def abandon(upload: Upload, *, by: Any) -> None:
    """Give up a file that was not confirmed; its bytes and rows stay as a receipt."""
    upload = Upload.objects.select_for_update().get(pk=upload.pk)
    if upload.state in (Upload.State.CONFIRMED, Upload.State.CONFIRMING):
        raise Refused("这个文件已经导入，不能放弃。要收回请用“撤销这次导入”。")
    upload.state, upload.lease_until = Upload.State.ABANDONED, None
    upload.save(update_fields=["state", "lease_until"])


@transaction.atomic
def undo(upload: Upload, *, by: Any) -> tuple[int, list[Ticket]]:
    """Take back an import: tickets that nobody has touched since are withdrawn; the others stay
    and are returned, to be named. The file may then be received again."""
    upload = Upload.objects.select_for_update().get(pk=upload.pk)
    if upload.state != Upload.State.CONFIRMED:
        raise Refused(f"这个文件{upload.get_state_display()}，没有什么可以撤销的。")
    batch = Batch.objects.select_for_update().get(pk=batch_of(upload).pk)
    if batch.returned_at or batch.returns.signed().exists():
        raise Refused(f"{batch.week} 已经返回省里，不能再撤销导入。")
    mine = Ticket.objects.filter(lines__staged__upload=upload).distinct()
    gone, kept = [], []
    for ticket in mine.prefetch_related("lines__staged__upload", "events"):
        (gone if _untouched(ticket, upload) else kept).append(ticket)
    words = f"撤销《{upload.filename}》的导入"
    for ticket in gone:
        ticket.lines.all().delete()
        ticket.withdraw(by=by, words=words)
    upload.state = Upload.State.UNDONE
    upload.save(update_fields=["state"])
    if not Upload.objects.of(KIND, upload.period).filter(state=Upload.State.CONFIRMED).exists():
        batch.received_at = None
        batch.save(update_fields=["received_at"])
    return len(gone), kept


def _untouched(ticket: Ticket, upload: Upload) -> bool:
    """Only this file brought it, and since then nothing was done to it by a person."""
    brought = all(line.staged.upload_id == upload.pk for line in ticket.lines.all())
    verbs = {event.verb for event in ticket.events.all()}
    return (
        brought
        and verbs <= {"receive", "assign"}
        and ticket.status in (Status.NEW, Status.WORKING)
        and ticket.version == 1
    )
