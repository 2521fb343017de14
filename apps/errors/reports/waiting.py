"""What of the week waits for a person: files, rows and tickets, whichever week they are of."""

from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from apps.errors.intake.receive import KIND
from apps.errors.models import ReturnFile, Ticket
from apps.errors.returns.build import owed
from apps.errors.tickets.filters import hands
from ydjy.desk.imports import kinds as imports_kinds
from ydjy.desk.models import StagedRow, Upload
from ydjy.desk.waiting_work import WaitingKind

IMPORT, EXPORT = ("errors.import_batch",), ("errors.export_batch",)
SIGN = ("errors.sign_returnfile",)
LIST, FILES, ROWS = "errors_ticket_changelist", "errors_batch_files", "errors_batch_waiting"


def to_import(uploads: QuerySet[Any]) -> QuerySet[Any]:
    """Weekly lists that came and that nobody has imported."""
    return uploads.filter(kind=KIND, state__in=[Upload.State.COLUMNS, Upload.State.STAGED])


def undecided_rows(uploads: QuerySet[Any]) -> QuerySet[StagedRow]:
    """The rows that wait for a person's judgement, in the files that have not gone back: each once,
    where it came first, not again in the workbook of its problems that came mended."""
    signed = ReturnFile.objects.signed().filter(upload=OuterRef("pk"))
    here = uploads.filter(~Exists(signed), kind=KIND, state=Upload.State.CONFIRMED)
    wait = [imports_kinds.HELD, imports_kinds.REJECTED]
    waiting = StagedRow.objects.filter(status__in=wait, decided_at=None)
    again = Q(
        original__upload__state=Upload.State.CONFIRMED,
        original__status__in=wait,
        original__decided_at=None,
    )
    return waiting.filter(upload__in=here.order_by().values("pk")).exclude(again)


def _offered(rows: Any, staff: Any, now: datetime) -> QuerySet[Any]:
    asked: QuerySet[Any] = rows.offered_to_any(hands(staff, now))
    return asked


KINDS = (
    WaitingKind(
        "sign_file",
        "待签发的返回表",
        SIGN,
        ReturnFile,
        lambda rows, staff, now: rows.to_sign_by(staff),
        FILES,
    ),
    WaitingKind(
        "refused_file",
        "被退回的返回表",
        EXPORT,
        ReturnFile,
        lambda rows, staff, now: rows.refused(),
        FILES,
    ),
    WaitingKind(
        "unsent_file",
        "签发了还没送达的返回表",
        EXPORT,
        ReturnFile,
        lambda rows, staff, now: rows.unsent(),
        FILES,
    ),
    WaitingKind(
        "owed_file",
        "还没返回的补收来件",
        EXPORT,
        Upload,
        lambda rows, staff, now: owed(rows),
        FILES,
    ),
    WaitingKind(
        "offered_ticket",
        "请我接手的工单",
        ("errors.work_ticket",),
        Ticket,
        _offered,
        LIST,
        "?tab=offered",
    ),
    WaitingKind(
        "stranded_ticket",
        "经办人办不了的工单",
        ("errors.assign_ticket",),
        Ticket,
        lambda rows, staff, now: rows.stranded(),
        LIST,
        "?tab=stranded",
    ),
    WaitingKind(
        "import_upload",
        "收到还没导入的表",
        IMPORT,
        Upload,
        lambda rows, staff, now: to_import(rows),
        ROWS,
    ),
    WaitingKind(
        "judge_row",
        "等人判断、有问题的行",
        IMPORT,
        Upload,
        lambda rows, staff, now: undecided_rows(rows),
        ROWS,
    ),
)
