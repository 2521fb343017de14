"""Deciding what the program would not: a held line, a rejected one, a corrected one.

A line without a ticket is admitted (its doubtful or missing values typed in and judged again) or
declined with a reason. A line that says otherwise than its ticket is taken over, field by field
shown before, or the ticket is kept as it is; a result already written stays in both cases. What is
decided for a line counts for every line that stands for it: its duplicates, its mended copies.
"""

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone

from apps.errors.diagnosis import facts as diagnosis_facts
from apps.errors.intake import columns as intake_columns
from apps.errors.intake import duplicates
from apps.errors.intake import receive as intake_receive
from apps.errors.intake import tickets as intake_tickets
from apps.errors.models import Batch, SourceLine, Ticket
from apps.errors.models.transitions import OPEN
from ydjy.desk.crypto.fields import opened
from ydjy.desk.exceptions import Refused, must
from ydjy.desk.imports import kinds as imports_kinds
from ydjy.desk.imports import uploads
from ydjy.desk.imports.kinds import Values
from ydjy.desk.models import StagedRow, Upload

REASON_LIMIT = 80  # with 未受理： before it still fits the province's column


def ticket_of(row: StagedRow) -> Ticket | None:
    """The ticket that says something else of what is, or may be, the same problem, if that is why
    the row waits."""
    week = duplicates.Known(intake_receive.batch_of(row.upload), row.upload)
    return week.ticket(opened(row.values) or {})


def differences(row: StagedRow) -> list[duplicates.Difference]:
    """Field by field, what taking the row over would change in its ticket."""
    ticket = ticket_of(row)
    return duplicates.differences(ticket, opened(row.values) or {}) if ticket else []


def judged_again(row: StagedRow, typed: Mapping[str, str]) -> tuple[Values, imports_kinds.Doubts]:
    """The row's values with what a person typed in their place, read by the same readers.

    What was read well is taken as it was read, not from the cell: a number that Excel damaged
    must not become a text that looks right.
    """
    cells = {key: value or "" for key, value in (opened(row.values) or {}).items()}
    cells["reported_on"] = cells.pop("reported_at", "") or cells.get("reported_on", "")
    cells |= {key: text for key, text in typed.items() if text.strip()}
    kind = intake_receive.list_kind(timezone.localdate(row.upload.received_at))
    return kind.judge(cells)


@transaction.atomic
def admit(row: StagedRow, *, by: Any, typed: Mapping[str, str] | None = None) -> Ticket:
    """Make a ticket of the row. ``typed``: key → what the person read on paper.

    Refused while a value that a ticket needs is missing or cannot be read, naming each.
    """
    row, batch = _locked(row)
    values, doubts = judged_again(row, typed or {})
    if doubts.bad or intake_columns.missing(values):
        raise Refused(_complaint(row.upload, values, doubts))
    week = duplicates.Known(batch, row.upload)
    if ticket := week.same(values):
        must(
            not duplicates.differences(ticket, values),
            f"与工单 {ticket.number} {duplicates.in_common(ticket, values)}。"
            "请选择“按这一行改工单”或“保留工单”。",
        )
        _settle(row, ticket, f"与工单 {ticket.number} 相同。", by)
        return ticket
    row.values, row.status = values, imports_kinds.ACCEPTED
    row.columns, row.message = [], f"{by or '系统'}核对后导入。"
    _save(row, by)
    ticket = intake_tickets.open_tickets(batch, [row], by=by, assign=row.upload.plan)[row.pk]
    _link_family(row, ticket, by)
    return ticket


def _complaint(upload: Upload, values: Values, doubts: imports_kinds.Doubts) -> str:
    titles = {key: words[0] for key, words in intake_columns.COLUMNS.items()}
    for sheet in upload.layout[:1]:
        titles |= {key: sheet["headers"][index] for key, index in sheet["columns"].items()}
    found = dict.fromkeys(intake_columns.missing(values), "空着，请照原件填写") | doubts.bad
    return "；".join(f"“{titles[key].strip()}”{clause}" for key, clause in found.items()) + "。"


@transaction.atomic
def decline(row: StagedRow, *, by: Any, reason: str) -> None:
    """Do not take the row: it goes back as 未受理 with the reason."""
    row, _ = _locked(row)
    reason = reason.strip("。；， ")
    must(reason, "请写明为什么不受理，这是返回给省里的内容。")
    must(len(reason) <= REASON_LIMIT, f"原因最多 {REASON_LIMIT} 个字，现在 {len(reason)} 个字。")
    for one in _family(row):
        one.status, one.message, one.twin = imports_kinds.REJECTED, f"{reason}。", None
        _save(one, by)
    _count(row)


@transaction.atomic
def take_over(row: StagedRow, *, by: Any) -> Ticket:
    """The ticket says from now on what the corrected row says. What the row leaves blank, and the
    result already written, stay."""
    row, batch = _locked(row)
    values = opened(row.values) or {}
    ticket = _its_ticket(batch, row)
    changes = duplicates.differences(ticket, values)
    fresh = intake_tickets.columns(batch, _merged(ticket, values))
    keys = [change.key for change in changes]
    columns = {key: fresh[key] for key in keys}
    columns |= {key: fresh[key] for key in _DERIVED if key not in columns}
    _refuse_taken(ticket, columns["source_key"])
    words = f"按《{row.upload.filename}》第 {row.row} 行改了{'、'.join(c.label for c in changes)}"
    ticket.correct(by=by, words=words, **columns)
    if ticket.status in OPEN:
        diagnosis_facts.find_institutions([ticket])
        ticket.save(update_fields=["institution"])
        diagnosis_facts.diagnose_again([ticket])
    _settle(row, ticket, f"已按这一行改了工单 {ticket.number}。", by)
    return ticket


# Follow from the columns that were taken over.
_DERIVED = ("cert_index", "name_initials", "fingerprint", "source_key")


def _merged(ticket: Ticket, values: Values) -> Values:
    """The line as the ticket will say it: the row where it says something, else the ticket."""
    at = ticket.reported_at
    ours: Values = {key: duplicates.text_of(getattr(ticket, key)) for key in duplicates.COMPARED}
    ours["reported_at"] = f"{timezone.localtime(at):%Y-%m-%d %H:%M:%S}" if at else None
    return ours | {key: value for key, value in values.items() if value}


@transaction.atomic
def keep(row: StagedRow, *, by: Any) -> Ticket:
    """The ticket stays as it is; the row is answered by it all the same."""
    row, batch = _locked(row)
    ticket = _its_ticket(batch, row)
    _settle(row, ticket, f"保留工单 {ticket.number}，没有按这一行改。", by)
    return ticket


def _its_ticket(batch: Batch, row: StagedRow) -> Ticket:
    """The ticket that the row corrects: it stands from now on for the line that brought it."""
    week = duplicates.Known(batch, row.upload)
    ticket = week.ticket(opened(row.values) or {})
    if ticket is None:
        raise Refused("这一行没有相同的工单。请选择“导入这一行”或“不受理”。")
    row.original_id = row.original_id or week.first_line(ticket)
    return ticket


def _refuse_taken(ticket: Ticket, key: str) -> None:
    others = Ticket.objects.filter(source_key=key).exclude(pk=ticket.pk) if key else []
    for other in others[:1]:
        raise Refused(f"工单 {other.number} 已经是这样写的，请选择“保留工单”。")


# What they share ------------------------------------------------------------------------------


def _locked(row: StagedRow) -> tuple[StagedRow, Batch]:
    """The row as it is now, its week and file held until the decision is written."""
    upload = Upload.objects.select_for_update().get(pk=row.upload_id)
    must(
        upload.state == Upload.State.CONFIRMED,
        "请先导入这个文件里没有问题的行，再逐行判断其余的行。",
    )
    batch = Batch.objects.select_for_update().get(pk=intake_receive.batch_of(upload).pk)
    row = StagedRow.objects.get(pk=row.pk)
    row.upload = upload
    waits = row.status in (imports_kinds.HELD, imports_kinds.REJECTED)
    must(
        waits and not SourceLine.objects.filter(staged=row).exists(),
        f"第 {row.row} 行已经判断过了：{row.message}",
    )
    return row, batch


def _family(row: StagedRow) -> list[StagedRow]:
    """The row, its duplicates in the same file, and the rows of other files that it stands for or
    that stand for it, so far as they have no ticket."""
    root = row.original_id or row.pk
    same = StagedRow.objects.filter(pk=root) | StagedRow.objects.filter(original=root)
    keys = {row.pk, *same.values_list("pk", flat=True)}
    keys |= set(StagedRow.objects.filter(twin__in=keys).values_list("pk", flat=True))
    confirmed = StagedRow.objects.filter(pk__in=keys, upload__state=Upload.State.CONFIRMED)
    answered = SourceLine.objects.filter(staged__in=keys).values("staged")
    return list(confirmed.exclude(pk__in=answered).select_related("upload"))


def _settle(row: StagedRow, ticket: Ticket, message: str, by: Any) -> None:
    row.status, row.message = imports_kinds.DUPLICATE, message
    _save(row, by)
    _link_family(row, ticket, by)


def _link_family(row: StagedRow, ticket: Ticket, by: Any) -> None:
    lines = []
    for one in _family(row):
        if one.pk != row.pk and one.status != imports_kinds.DUPLICATE:
            one.status, one.message = imports_kinds.DUPLICATE, f"见工单 {ticket.number}。"
            _save(one, by)
        lines.append((one.pk, ticket))
    intake_tickets.link(lines)
    _count(row)


def _save(row: StagedRow, by: Any) -> None:
    row.decided_at, row.decided_by = timezone.now(), by
    row.save()


def _count(row: StagedRow) -> None:
    rows = StagedRow.objects.filter(original=row.original_id or row.pk) | StagedRow.objects.filter(
        pk__in=[row.original_id or row.pk, row.pk]
    )
    for upload in Upload.objects.filter(pk__in=rows.values("upload")):
        uploads.count(upload)
