"""Friday: the received file goes back, every row of it answered, in its own order and columns.

One person prepares (经办): the answers are frozen into the received file with cells added. Another
signs (复核), after seeing what differs from the version before; then it can only be read, and a
correction makes the next version. After the cut-off it goes as 迟报, with a reason.
"""

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from django.db import transaction
from django.db.models import CharField, Exists, F, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Cast, Concat, LPad
from django.utils import timezone

from apps.errors.models import Batch, ReturnFile, Ticket, TicketEvent
from apps.errors.models.filename_rule import free_name
from apps.errors.models.transitions import Status
from apps.errors.returns import answers as answering
from apps.errors.returns.answers import Answer, Check, OpenRow
from ydjy.desk.crashpoints import crashpoint
from ydjy.desk.crypto import vault
from ydjy.desk.crypto.fields import opened
from ydjy.desk.exceptions import Refused, must
from ydjy.desk.models import StagedRow, Upload
from ydjy.lib import workbook, workdays

STORE = "returned"


def _own() -> Exists:
    """Whether a received file has a row that does not stand for one of an earlier file. What that
    file said is gone with it when its import was taken back."""
    rows = StagedRow.objects.filter(upload=OuterRef("pk")).exclude(status=StagedRow.Status.SKIPPED)
    stands = Q(original__upload__state=Upload.State.CONFIRMED)
    return Exists(rows.exclude(stands))


def going_back() -> QuerySet[Upload]:
    """The imported files that are answered, in the order in which they came. One whose every row
    stands for a row of an earlier one (a mended problem workbook, the same list saved anew) does
    not go back itself: the earlier file has its answers."""
    confirmed = Upload.objects.filter(kind="weekly", state=Upload.State.CONFIRMED)
    return confirmed.filter(_own()).order_by("received_at", "pk")


def uploads_of(batch: Batch) -> list[Upload]:
    """The received files that this week answers: its own, and earlier ones of which a ticket was
    carried here or sent back by the province; of those the next version goes."""
    carried = Ticket.objects.filter(batch=batch).values("lines__staged__upload")
    return list(going_back().filter(Q(period=batch.week) | Q(pk__in=carried)))


def owed(uploads: QuerySet[Upload]) -> QuerySet[Upload]:
    """Of these, the files that were imported into a week after it had gone back, and that no
    version answers; ``owed_by`` is the week. What a week is going to answer, because open tickets
    were carried there, is not among them."""
    week = LPad(Cast("iso_week", CharField()), 2, Value("0"))
    name = Concat(Cast("iso_year", CharField()), Value("-W"), week)
    back = Batch.objects.filter(returned_at__isnull=False).annotate(name=name)
    signed = ReturnFile.objects.signed().filter(upload=OuterRef("pk"))
    carried = Ticket.objects.filter(batch__returned_at=None, lines__isnull=False)
    late = uploads.filter(kind="weekly", state=Upload.State.CONFIRMED)
    week_of_it = Subquery(back.filter(name=OuterRef("period")).values("pk")[:1])
    late = late.annotate(owed_by=week_of_it).filter(_own(), ~Exists(signed), owed_by__gt=0)
    return late.exclude(pk__in=carried.values("lines__staged__upload"))


def check(batch: Batch) -> list[Check]:
    """The completeness of each file that this week must send back."""
    today = timezone.localdate()
    return [one for up in uploads_of(batch) if (one := answering.check(up, today)).rows]


@transaction.atomic
def prepare(
    batch: Batch,
    *,
    by: Any,
    unfinished_as: str = "",
    late_reason: str = "",
    now: datetime | None = None,
) -> list[ReturnFile]:
    """Freeze what goes back, one file for each received one, waiting for the second person.

    Refused while a line is unanswered, naming it; open tickets go back as 未办结 with their own
    reason or ``unfinished_as``, and stay open. Refused after the cut-off without ``late_reason``.
    The same answers give the same file again.
    """
    now = now or timezone.now()
    batch = Batch.objects.select_for_update().get(pk=batch.pk)
    list(batch.tickets.select_for_update(of=("self",)).values_list("pk", flat=True))
    checks = check(batch)
    if not checks:
        raise Refused(
            f"{batch.week} 还没有导入报错，没有可以返回的内容。省里没有报错的，请确认“本周无报错”。"
        )
    _refuse_unanswered(checks, unfinished_as)
    crashpoint("CR1")
    late = "" if workdays.is_on_time(now, batch.due_at) else late_reason.strip()
    refused = ReturnFile.objects.refused().filter(upload__in=[one.upload for one in checks])
    refused.update(state=ReturnFile.State.DROPPED)  # this is making them anew
    files = [_freeze(batch, one, by, unfinished_as.strip(), late, now) for one in checks]
    if any(file.state == ReturnFile.State.PREPARED for file in files):
        _refuse_late(batch, late, now)
    return files


def _refuse_late(batch: Batch, reason: str, now: datetime) -> None:
    must(
        workdays.is_on_time(now, batch.due_at) or reason,
        f"已经过了返回期限（{workdays.remaining(now, batch.due_at)}），只能按迟报返回，"
        "请写明迟报的原因。",
    )


def _refuse_unanswered(checks: list[Check], unfinished_as: str) -> None:
    if blocked := [row for one in checks for row in one.blocked]:
        raise Refused(f"还有 {len(blocked)} 行等人判断：{_some(blocked)}。请先在来件里判断这些行。")
    waiting = [row for one in checks for row in one.unfinished if not row.words]
    if waiting and not unfinished_as.strip():
        raise Refused(
            f"还有 {len(waiting)} 条没有结果：{_some(waiting)}。"
            "请先办完，或写明未办结的原因和预计办结日期。"
        )


def _some(rows: list[OpenRow]) -> str:
    more = f" 等 {len(rows)} 条" if len(rows) > 10 else ""
    return "、".join(str(row) for row in rows[:10]) + more


def _freeze(
    batch: Batch, one: Check, by: Any, unfinished_as: str, late: str, now: datetime
) -> ReturnFile:
    """The draft of this file's next version; the signed one itself when nothing differs."""
    answers = one.whole(unfinished_as)
    data = workbook.fill(
        vault.get(one.upload.stored),
        one.upload.format,
        answering.additions(one.upload, answers),
        encoding=one.upload.encoding,
    )
    crashpoint("CR2")
    digest = sha256(data).hexdigest()
    mine = ReturnFile.objects.filter(upload=one.upload)
    signed = mine.signed().order_by("-version").first()
    draft = mine.prepared().first()
    if draft and draft.sha256 == digest:
        return _with_reason(draft, late)
    if draft:
        _drop(draft, "内容变了，重新生成。")
    if signed and signed.sha256 == digest:
        return signed
    version = signed.version + 1 if signed else 1
    return ReturnFile.objects.create(
        batch=batch,
        upload=one.upload,
        version=version,
        state=ReturnFile.State.PREPARED,
        filename=free_name(batch, one.upload, version, now),
        sha256=digest,
        stored=vault.put(STORE, data),
        rows=one.rows,
        answered=one.answered,
        unfinished=len(one.unfinished),
        answers={str(position): answer for position, answer in answers.items()},
        pins={str(key): ticket.version for key, ticket in one.tickets.items()},
        made_at=now,
        made_by=by,
        late_reason=late[:200],
    )


def _with_reason(draft: ReturnFile, late: str) -> ReturnFile:
    """The draft that was made in time and waited past the cut-off gets the reason it needs now."""
    if late and not draft.late_reason:
        draft.late_reason = late[:200]
        draft.save(update_fields=["late_reason"])
    return draft


def sweep() -> int:
    """Remove kept bytes that no row knows (a crash between the two); returns how many. A quarter
    of an hour: no request makes its files for that long."""
    stored = ReturnFile.objects.values_list("stored", flat=True)
    return vault.drop_unknown(STORE, lambda: stored, older_than=900)


def _drop(file: ReturnFile, reason: str) -> None:
    file.state, file.dropped_because = ReturnFile.State.DROPPED, reason[:200]
    file.save(update_fields=["state", "dropped_because"])


# The second person -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Difference:
    """One row whose answer is not what the version before told: both texts."""

    where: str
    before: str
    after: str


def differences(file: ReturnFile) -> list[Difference]:
    """What a reviewer looks at: against the last signed version, or all rows of the first."""
    earlier = (
        ReturnFile.objects.signed()
        .filter(upload=file.upload, version__lt=file.version)
        .order_by("-version")
        .first()
    )
    old: dict[str, Answer] = (opened(earlier.answers) or {}) if earlier else {}
    new: dict[str, Answer] = opened(file.answers) or {}
    rows = file.upload.rows.filter(position__in=[int(position) for position in new])
    return [
        Difference(f"第 {row.row} 行", _told(old.get(key)), _told(new[key]))
        for row in rows
        if _told(old.get(key := str(row.position))) != _told(new[key])
    ]


def _told(answer: Answer | None) -> str:
    if answer is None:
        return ""
    return "；".join(filter(None, (answer.get(k) for k in ("state", "cause", "result", "handler"))))


@transaction.atomic
def sign(
    file: ReturnFile, *, by: Any, late_reason: str = "", now: datetime | None = None
) -> ReturnFile:
    """复核: the frozen answers are right and may go. Signing again changes nothing.

    Refused for the person who prepared it, when an answer changed since, and when the cut-off has
    gone by meanwhile: then the signer says why it goes late, if nobody has.
    """
    now = now or timezone.now()
    Batch.objects.select_for_update().get(pk=file.batch_id)
    file = ReturnFile.objects.select_for_update().get(pk=file.pk)
    if file.state == ReturnFile.State.SIGNED:
        return file
    must(file.state == ReturnFile.State.PREPARED, "这一份已经作废，请复核新生成的那一份。")
    must(by is not None and by != file.made_by, "经办和复核要是两个人，请换一个人复核。")
    if not workdays.is_on_time(now, file.batch.due_at):
        file.late_reason = file.late_reason or late_reason.strip()[:200]
    _refuse_late(file.batch, file.late_reason, now)
    _refuse_changed(file)
    file.state, file.signed_at, file.signed_by = ReturnFile.State.SIGNED, now, by
    file.save(update_fields=["state", "signed_at", "signed_by", "late_reason"])
    _mark_returned([int(key) for key in file.pins], by, now)
    return file


def _refuse_changed(file: ReturnFile) -> None:
    """The frozen answers are those of the tickets as they stand, row for row."""
    frozen: dict[str, Answer] = opened(file.answers) or {}
    current = answering.check(file.upload, timezone.localdate())
    done = {str(position): answer for position, answer in current.answers.items()}
    changed = [
        position
        for position, answer in frozen.items()
        if (answer["state"] == answering.UNFINISHED) == (position in done)
        or (position in done and done[position] != answer)
    ]
    if changed or set(frozen) - set(done) - {str(row.position) for row in current.unfinished}:
        raise Refused(f"生成以后又有 {len(changed)} 行的结果变了，请重新生成再复核。")


@transaction.atomic
def send_back_draft(file: ReturnFile, *, by: Any, reason: str) -> None:
    """The reviewer does not agree: it stays among the files, with the reason, until it is made
    anew."""
    reason = reason.strip("。；， ")
    must(reason, "请写明哪里要改。")
    file = ReturnFile.objects.select_for_update().get(pk=file.pk)
    must(file.state == ReturnFile.State.PREPARED, "这一份不在等复核。")
    file.state, file.dropped_because = ReturnFile.State.REFUSED, f"{by}：{reason}"[:200]
    file.save(update_fields=["state", "dropped_because"])


def _mark_returned(keys: list[int], by: Any, now: datetime) -> None:
    """One UPDATE and one INSERT: what was answered has gone back."""
    answered = Ticket.objects.filter(pk__in=keys, status=Status.ANSWERED)
    found = list(answered.select_for_update(of=("self",)).values_list("pk", flat=True))
    answered.update(status=Status.RETURNED, touched_at=now, version=F("version") + 1)
    TicketEvent.objects.bulk_create(
        [
            TicketEvent(
                ticket_id=key,
                at=now,
                by=by,
                verb=TicketEvent.Verb.RETURN,
                before=Status.ANSWERED,
                after=Status.RETURNED,
            )
            for key in found
        ],
        batch_size=500,
    )


def content(file: ReturnFile) -> bytes:
    """The frozen bytes; ``Refused`` if they are no longer what was frozen."""
    data = vault.get(file.stored)
    if sha256(data).hexdigest() != file.sha256:
        raise Refused("存下的返回表与当时的指纹不一致，请联系运维从备份恢复，不要使用这个文件。")
    return data
