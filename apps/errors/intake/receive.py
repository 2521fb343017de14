"""Monday: the province's workbook becomes the week's tickets.

``receive`` keeps the bytes and stages every row; nothing is a ticket yet. ``confirm`` makes the
tickets of the good rows in one transaction; pressing it twice gives the same tickets. Rejected
and held rows stay with the file until they are decided (``deciding.py``).
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from apps.errors.intake import columns as intake_columns
from apps.errors.intake import duplicates
from apps.errors.intake import tickets as intake_tickets
from apps.errors.models import Batch, SourceLine, Ticket, TicketEvent
from apps.errors.models.transitions import TRANSITIONS
from apps.offices.models import City
from ydjy.desk import leases
from ydjy.desk.crashpoints import crashpoint
from ydjy.desk.crypto.fields import opened
from ydjy.desk.exceptions import Refused, must
from ydjy.desk.imports import kinds as imports_kinds
from ydjy.desk.imports import progress, undo, uploads
from ydjy.desk.imports.cleanup import Kept
from ydjy.desk.imports.uploads import Unreadable
from ydjy.desk.models import StagedRow, Upload

__all__ = ["KEPT", "KIND", "Unreadable", "confirm", "keep", "read", "receive"]
KIND = "weekly"
SENDER = "省医保中心"
_BY_ITSELF = ("receive", "assign")  # what the import does to a ticket
_TAKEN_BACK = 500  # tickets withdrawn at once; SQLite reads no thousand rows by their keys
_AT_A_TIME = 2_000  # rows made into tickets at once: what is held in memory stays small


def list_kind(today: Any = None) -> imports_kinds.ListKind:
    city = City.objects.maybe()
    return intake_columns.kind(
        today=today or timezone.localdate(), home=city.area if city else "210700"
    )


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
    duplicates.refuse_returned_bytes(sha256(data).hexdigest())
    return uploads.keep(
        list_kind(timezone.localdate(now)),
        data,
        filename,
        period=batch.week,
        by=by,
        office_path=intake_tickets.Routes().city.path,
        now=now,
        sender=sender,
    )


def read(upload: Upload) -> Upload:
    """Read the kept bytes of a receipt and stage its rows.

    Raises ``Unreadable`` with how to mend it, or ``AlreadyReceived`` for a list saved anew.
    """
    week = duplicates.Known(batch_of(upload), upload)

    def settle(upload: Upload, report: imports_kinds.Report) -> None:
        duplicates.refuse_returned_words(report)
        duplicates.compare(week, report)

    uploads.read(upload, list_kind(timezone.localdate(upload.received_at)), settle)
    return upload


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


def confirm(upload: Upload, *, by: Any, assign: intake_tickets.Assign = "county") -> Batch:
    """Make a ticket of every accepted row. ``assign``: ``county`` gives each to a clerk of its
    office, ``none`` leaves them unassigned. A second call changes nothing."""
    crashpoint("CI6")
    batch = _confirm(upload, by, assign)
    crashpoint("CI8")
    progress.forget(progress.of_upload(upload))
    return batch


def how_far(upload: Upload) -> tuple[int, int]:
    """(done, total) rows of what is being done with the file."""
    if upload.state in (Upload.State.CONFIRMING, Upload.State.UNDOING):
        return progress.of(progress.of_upload(upload)) or (0, upload.accepted + upload.duplicate)
    return upload.done, upload.total


def begin(upload: Upload, *, by: Any, assign: intake_tickets.Assign) -> None:
    """Write down that a large file is to be imported; a job does it, or the minute tick."""
    lease = leases.until(uploads.LEASE, timezone.now())
    Upload.objects.filter(pk=upload.pk, state=Upload.State.STAGED).update(
        state=Upload.State.CONFIRMING, plan=assign, confirmed_by=by, lease_until=lease
    )


@transaction.atomic
def _confirm(upload: Upload, by: Any, assign: intake_tickets.Assign) -> Batch:
    upload = Upload.objects.select_for_update().get(pk=upload.pk)
    batch = batch_of(upload)
    if upload.state == Upload.State.CONFIRMED:
        return batch
    if upload.state not in (Upload.State.STAGED, Upload.State.CONFIRMING):
        raise Refused(f"这个文件{upload.get_state_display()}，不能导入。请重新选文件。")
    batch = Batch.objects.select_for_update().get(pk=batch.pk)
    _Import(batch, upload, by, assign).run()
    upload.state, upload.plan, upload.lease_until = Upload.State.CONFIRMED, assign, None
    upload.confirmed_at, upload.confirmed_by = timezone.now(), by
    upload.save(update_fields=["state", "plan", "lease_until", "confirmed_at", "confirmed_by"])
    if batch.received_at is None:
        batch.received_at = upload.received_at
        batch.save(update_fields=["received_at"])
    return batch


class _Import:
    """The accepted rows of one file on their way to tickets, some thousand at a time."""

    def __init__(self, batch: Batch, upload: Upload, by: Any, assign: intake_tickets.Assign):
        self.batch, self.upload, self.by, self.assign = batch, upload, by, assign
        self.week, self.numbers = duplicates.Known(batch, upload), batch.numbers()
        self.rows = upload.rows.filter(status__in=[imports_kinds.ACCEPTED, imports_kinds.DUPLICATE])
        twinned = self.rows.filter(twin__isnull=False).values_list("twin_id", flat=True)
        standing = self.rows.filter(original__isnull=False).values_list("pk", flat=True)
        # Rows of which it must be known later which ticket they have got.
        self.again = {*twinned, *standing}
        self.answered: dict[int, Ticket] = {}

    def run(self) -> None:
        done, total = 0, self.upload.accepted + self.upload.duplicate
        twins: list[tuple[int, int]] = []
        originals: list[tuple[int, int]] = []
        changed = False
        for rows in self._parts():
            changed |= self._part(rows)
            twins += [(row.pk, row.twin_id) for row in rows if row.twin_id]
            originals += [(row.pk, row.original_id) for row in rows if row.original_id]
            done += len(rows)
            progress.note(progress.of_upload(self.upload), done, total)
        linked = {pk: self.answered[twin] for pk, twin in twins if twin in self.answered}
        intake_tickets.link(linked.items())
        answered = self.answered | linked
        answer_originals({old: answered[pk] for pk, old in originals if pk in answered})
        if changed:
            uploads.count(self.upload)

    def _parts(self) -> Iterator[list[StagedRow]]:
        after = -1
        rows = self.rows.defer("cells").order_by("position")
        while part := list(rows.filter(position__gt=after)[:_AT_A_TIME]):
            after = part[-1].position
            for row in part:
                row.upload = self.upload
            yield part

    def _part(self, rows: list[StagedRow]) -> bool:
        """Tickets for a part of the rows; whether the verdict on one of them has changed."""
        found, changed = self._recheck([row for row in rows if not row.twin_id])
        fresh = [row for row in rows if row.status == imports_kinds.ACCEPTED]
        if fresh:
            found |= intake_tickets.open_tickets(
                self.batch, fresh, by=self.by, assign=self.assign, numbers=self.numbers
            )
        intake_tickets.link(found.items())
        self.answered |= {key: ticket for key, ticket in found.items() if key in self.again}
        return changed

    def _recheck(self, rows: list[StagedRow]) -> tuple[dict[int, Ticket], bool]:
        """Under the lock: the tickets that the week has already for some of the rows. Since the
        preview another file may have brought the same lines."""
        found, changed = {}, []
        lines = ((row, opened(row.values) or {}) for row in rows)
        for row, ticket in self.week.matched(lines):
            if row.status == imports_kinds.ACCEPTED:
                row.status, row.message = duplicates.verdict(ticket, opened(row.values) or {})
                changed.append(row)
            if row.status == imports_kinds.DUPLICATE:
                found[row.pk] = ticket
        if changed:
            StagedRow.objects.bulk_update(changed, ["status", "message"], batch_size=500)
        return found, bool(changed)


def answer_originals(wanted: Mapping[int, Ticket]) -> None:
    """The lines of earlier files have their ticket now, for which rows of this one stand, and with
    them those that came again between, unmended still."""
    if not wanted:
        return
    waiting = StagedRow.objects.filter(
        status__in=[imports_kinds.HELD, imports_kinds.REJECTED]
    ).select_related("upload")
    changed = {row: wanted[row.pk] for row in waiting.filter(pk__in=wanted)}
    again = waiting.filter(original__in=changed, upload__state=Upload.State.CONFIRMED)
    changed |= {row: wanted[row.original_id] for row in again if row.original_id}
    for row, ticket in changed.items():
        row.status = imports_kinds.DUPLICATE
        row.message = f"已改好重新导入，见工单 {ticket.number}。"
    StagedRow.objects.bulk_update(changed, ["status", "message"], batch_size=500)
    intake_tickets.link((row.pk, ticket) for row, ticket in changed.items())
    for upload in {row.upload_id: row.upload for row in changed}.values():
        uploads.count(upload)


# After a crash -------------------------------------------------------------------------------


def go_on(upload: Upload) -> None:
    """Do what is left of a receipt: read it, or import it as was decided. Doing it twice, or in
    two processes, is doing it once."""
    if upload.state == Upload.State.RECEIVED:
        read(upload)
    elif upload.state == Upload.State.CONFIRMING:
        confirm(upload, by=upload.confirmed_by, assign=upload.plan)


# Taking back ---------------------------------------------------------------------------------


def brought(upload: Upload) -> undo.Brought:
    mine = _tickets_of(upload)
    return undo.Brought(mine.count(), mine.count() - _untouched(upload).count(), "条工单")


def refuse_returned(upload: Upload) -> None:
    batch = batch_of(upload)
    must(
        not (batch.returned_at or (batch.pk and batch.returns.signed().exists())),
        f"{batch.week} 已经返回省里，不能再撤销导入。",
    )


def take_back(upload: Upload) -> tuple[int, list[str]]:
    """Tickets that nobody has touched since are withdrawn; the others stay and are named. The file
    may then be received again."""
    batch = Batch.objects.select_for_update().get(pk=batch_of(upload).pk)
    refuse_returned(upload)
    keys = sorted(_tickets_of(upload).values_list("pk", flat=True))
    words, gone, kept = f"撤销《{upload.filename}》的导入", 0, []
    for start in range(0, len(keys), _TAKEN_BACK):
        chunk = keys[start : start + _TAKEN_BACK]
        rows = list(Ticket.objects.select_for_update(of=("self",)).filter(pk__in=chunk))
        free = set(_untouched(upload).filter(pk__in=chunk).values_list("pk", flat=True))
        going = [row for row in rows if row.pk in free]
        intake_tickets.withdraw(going, by=upload.undone_by, words=words)
        gone += len(going)
        kept += [row.number for row in rows if row.pk not in free]
        progress.note(progress.of_upload(upload), start + len(chunk), len(keys))
    others = Upload.objects.of(KIND, upload.period).exclude(pk=upload.pk)
    if not others.filter(state=Upload.State.CONFIRMED).exists():
        batch.received_at = None
        batch.save(update_fields=["received_at"])
    return gone, kept


def _tickets_of(upload: Upload) -> Any:
    lines = SourceLine.objects.filter(staged__upload=upload)
    return Ticket.objects.filter(pk__in=lines.values("ticket")).order_by()


def _untouched(upload: Upload) -> Any:
    """Only this file brought them, and since then nothing was done to them by a person."""
    lines = SourceLine.objects.filter(ticket=OuterRef("pk")).exclude(staged__upload=upload)
    done = TicketEvent.objects.filter(ticket=OuterRef("pk")).exclude(verb__in=_BY_ITSELF)
    return _tickets_of(upload).filter(
        ~Exists(lines), ~Exists(done), status__in=TRANSITIONS["withdraw"], version=1
    )


KEPT = Kept(KIND, go_on, undo=undo.Undo(brought, take_back, refuse_returned))
