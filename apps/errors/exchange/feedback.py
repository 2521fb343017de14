"""The province's answer to what went back: each row accepted, or sent back with a reason (E12).

Rows are matched by the province's own number, else by file and line with the same person on it;
of several rows with one number each line of the answer is about another one. Received again, in
the same bytes or saved anew, nothing changes: one verdict for each row of a returned version, and
a rejection is never outdone by an acceptance. A row sent back is open again in the next cycle as
第 N 次, with its history.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from apps.errors.intake import columns as intake_columns
from apps.errors.intake import receive as intake_receive
from apps.errors.intake import tickets as intake_tickets
from apps.errors.models import Batch, Feedback, ReturnFile, SourceLine, Ticket
from apps.errors.models.transitions import Status
from apps.errors.weeks import carry_over
from ydjy.desk.crashpoints import crashpoint
from ydjy.desk.crypto.fields import Sealed, opened
from ydjy.desk.exceptions import Refused
from ydjy.desk.imports import kinds as imports_kinds
from ydjy.desk.imports import uploads
from ydjy.desk.imports.cleanup import Kept
from ydjy.desk.imports.kinds import ListKind
from ydjy.desk.imports.row_errors import Cells, Doubts, Values
from ydjy.desk.models import StagedRow, Upload
from ydjy.lib import cell_parsers, workbook

KIND = "feedback"
COLUMNS = {
    "seq": intake_columns.COLUMNS["seq"],
    "province_no": intake_columns.COLUMNS["province_no"],
    "name": intake_columns.COLUMNS["name"],
    "cert_no": intake_columns.COLUMNS["cert_no"],
    "verdict": (
        "审核结果",
        "省中心审核",
        "省审核结果",
        "审核意见",
        "认可情况",
        "反馈状态",
        "省里意见",
    ),
    "reason": ("退回原因", "退回意见", "审核说明", "退回说明", "反馈说明"),
}
_ACCEPTED = {"认可", "通过", "同意", "确认", "已认可", "审核通过"}
_REJECTED = {"退回", "不认可", "不通过", "驳回", "未通过", "审核不通过"}


@dataclass(frozen=True)
class Outcome:
    """What an answer file did: rows accepted, sent back, known already, at odds with what the
    province said before, and not recognised. They add up to the rows of the file."""

    upload: Upload
    accepted: int
    rejected: int
    known: int
    at_odds: tuple[str, ...]
    unmatched: tuple[str, ...]

    def __str__(self) -> str:
        words = f"认可 {self.accepted} 行，退回 {self.rejected} 行"
        if self.known:
            words += f"，以前收到过 {self.known} 行"
        if self.at_odds:
            words += f"，先退回又认可、仍按退回办的 {len(self.at_odds)} 行{_some(self.at_odds)}"
        if self.unmatched:
            words += f"，对不上 {len(self.unmatched)} 行{_some(self.unmatched)}"
        return words + "。"


def _some(rows: tuple[str, ...]) -> str:
    return f"（{'；'.join(rows[:5])}{'等' if len(rows) > 5 else ''}）"


def kind() -> ListKind:
    return ListKind(
        code=KIND,
        label="省里的审核",
        limits=workbook.WEEKLY,
        columns=COLUMNS,
        required=("verdict", "name"),
        hint="请确认是省里审核后发回的表，里面要有“审核结果”一列。",
        judge=_judge,
        same=lambda values: None,
        secret=frozenset({"cert_no"}),
    )


def _judge(cells: Cells) -> tuple[Values, Doubts]:
    doubts = Doubts()
    values: Values = {key: cell_parsers.plain(text) for key, text in cells.items()}
    said = (values.get("verdict") or "").strip()
    if said in _ACCEPTED:
        values["verdict"] = Feedback.Verdict.ACCEPTED
    elif said in _REJECTED:
        values["verdict"] = Feedback.Verdict.REJECTED
    elif said:
        doubts.bad["verdict"] = "看不懂，应为“认可”或“退回”"
    else:
        doubts.unsure["verdict"] = "空着，没有结论"
    return values, doubts


def looks_like(data: bytes, filename: str) -> bool:
    """Whether the file is an answer of the province and not a new list."""
    return imports_kinds.examine(kind(), data, filename).outcome == "ok"


def receive(
    data: bytes, filename: str, *, by: Any, batch: Batch, now: datetime | None = None
) -> Outcome:
    """Keep the file and apply it to what went back in ``batch``. ``Refused`` in one sentence."""
    now = now or timezone.now()
    if not ReturnFile.objects.effective().filter(batch=batch).exists():
        raise Refused(f"{batch.week} 还没有返回过，没有可以对照的返回表。")
    upload = keep(data, filename, by=by, batch=batch, now=now)
    if upload.state == Upload.State.RECEIVED:
        read(upload)
    crashpoint("CR10")
    return apply(upload, batch, now=now)


def keep(data: bytes, filename: str, *, by: Any, batch: Batch, now: datetime) -> Upload:
    """The receipt; of a file that a crash kept from being applied the one that is there."""
    path = intake_tickets.Routes().city.path
    try:
        return uploads.keep(
            kind(), data, filename, period=batch.week, by=by, office_path=path, now=now
        )
    except uploads.AlreadyReceived as twin:
        if twin.upload.state in _UNAPPLIED:
            return twin.upload
        raise


_UNAPPLIED = (Upload.State.RECEIVED, Upload.State.STAGED, Upload.State.CONFIRMING)


def read(upload: Upload) -> None:
    """Stage its rows. Nobody looks at them first, so that it is to be applied from now on, by
    the minute tick if whoever brought it is gone."""
    uploads.read(upload, kind(), lambda upload, report: None)
    upload.state, upload.lease_until = Upload.State.CONFIRMING, timezone.now() + uploads.LEASE
    upload.save(update_fields=["state", "lease_until"])


def go_on(upload: Upload) -> None:
    """Do what is left of an answer after a crash: read it, and apply it."""
    if upload.state == Upload.State.RECEIVED:
        read(upload)
    if upload.state in _UNAPPLIED:
        apply(upload, intake_receive.batch_of(upload), now=timezone.now())


KEPT = Kept(KIND, go_on)


@transaction.atomic
def apply(upload: Upload, batch: Batch, *, now: datetime) -> Outcome:
    """Write every verdict once, and reopen what was sent back."""
    upload = Upload.objects.select_for_update().get(pk=upload.pk)
    rows = _Rows(batch)
    counts: Counter[str] = Counter()
    at_odds: list[str] = []
    unmatched: list[str] = []
    for row in upload.rows.exclude(status=imports_kinds.SKIPPED):
        values = opened(row.values) or {}
        if row.status != imports_kinds.ACCEPTED:
            unmatched.append(f"第 {row.row} 行{row.message}")
        elif (place := rows.take(row, values)) is None:
            unmatched.append(f"第 {row.row} 行在返回表里找不到")
        elif (did := _apply_one(upload, *place, values, now)) == _AT_ODDS:
            at_odds.append(f"第 {row.row} 行")
        else:
            counts[did] += 1
    upload.state, upload.confirmed_at, upload.lease_until = Upload.State.CONFIRMED, now, None
    upload.save(update_fields=["state", "confirmed_at", "lease_until"])
    _confirm(batch, now)
    said = (counts[Feedback.Verdict.ACCEPTED], counts[Feedback.Verdict.REJECTED], counts[_KNOWN])
    return Outcome(upload, *said, tuple(at_odds), tuple(unmatched))


_KNOWN, _AT_ODDS = "known", "at odds"


def _apply_one(
    upload: Upload, file: ReturnFile, staged: StagedRow, values: Values, now: datetime
) -> str:
    """Write the verdict of one row, and say what became of it. The row may have one already: the
    same again is known, a rejection takes the place of an acceptance, and stands against one."""
    line = SourceLine.objects.filter(staged=staged).select_related("ticket").first()
    verdict, reason = values["verdict"] or "", (values.get("reason") or "")[:300]
    said = {"upload": upload, "verdict": verdict, "reason": reason, "at": now}
    row, fresh = Feedback.objects.get_or_create(
        file=file, staged=staged, defaults={"ticket": line.ticket if line else None, **said}
    )
    if not fresh:
        if row.verdict == verdict:
            return _KNOWN
        if verdict == Feedback.Verdict.ACCEPTED:
            return _AT_ODDS
        Feedback.objects.filter(pk=row.pk).update(**said)
    if verdict == Feedback.Verdict.REJECTED and row.ticket:
        reopen(row.ticket, reason, now)
    return verdict


def reopen(ticket: Ticket, reason: str, now: datetime) -> None:
    """Open again in the next cycle, with the same clerk, as 第 N 次. Two lines of one ticket that
    are both sent back reopen it once."""
    ticket.refresh_from_db()
    if ticket.status not in (Status.ANSWERED, Status.RETURNED):
        return
    batch, times = carry_over.cycle_at(now), ticket.times + 1
    ticket._step(
        "reject",
        Status.WORKING if ticket.assignee_id else Status.NEW,
        None,
        f"省里退回（第 {times} 次）：{reason or '没有写原因'}，转到 {batch.week}",
        answered_at=None,
        answered_by=None,
        times=times,
    )
    ticket.refresh_from_db()
    carry_over.move([ticket], batch)


def _confirm(batch: Batch, now: datetime) -> None:
    """省已确认 while every row that went back is accepted; a rejection takes it back."""
    batch = Batch.objects.select_for_update().get(pk=batch.pk)
    files = ReturnFile.objects.effective().filter(batch=batch)
    verdicts = Feedback.objects.filter(file__in=files)
    accepted = verdicts.filter(verdict=Feedback.Verdict.ACCEPTED).count()
    if accepted == sum(file.rows for file in files):
        batch.confirmed_at = batch.confirmed_at or now
    elif verdicts.filter(verdict=Feedback.Verdict.REJECTED).exists():
        batch.confirmed_at = None
        batch.take_up("省里退回，取消归档")
    batch.save(update_fields=["confirmed_at"])


Place = tuple[ReturnFile, StagedRow]


class _Rows:
    """The rows of the week's effective returns, by the province's number and by their line. Each
    is given away once: the province lists a row that we answered twice also twice."""

    def __init__(self, batch: Batch):
        self.by_number: dict[str, list[Place]] = {}
        self.by_line: dict[tuple[str, int], list[Place]] = {}
        self.taken: set[int] = set()
        files = ReturnFile.objects.effective().filter(batch=batch).select_related("upload")
        for file in files:
            for row in file.upload.rows.exclude(status=imports_kinds.SKIPPED):
                values = opened(row.values) or {}
                if number := values.get("province_no"):
                    self.by_number.setdefault(number, []).append((file, row))
                self.by_line.setdefault((row.sheet, row.row), []).append((file, row))

    def take(self, row: StagedRow, values: Values) -> Place | None:
        """The returned row that this line of the answer is about."""
        place = self._find(row, values)
        if place:
            self.taken.add(place[1].pk)
        return place

    def _find(self, row: StagedRow, values: Values) -> Place | None:
        numbered = self.by_number.get(values.get("province_no") or "", [])
        if not numbered:
            here = self._same_people(self.by_line.get((row.sheet, row.row), []), values)
            return here[0] if len(here) == 1 else None
        if len(numbered) == 1:
            return numbered[0]
        fitting = self._same_people(numbered, values) or numbered
        free = [place for place in fitting if place[1].pk not in self.taken]
        here = [place for place in free if (place[1].sheet, place[1].row) == (row.sheet, row.row)]
        return (here or free or fitting)[0]

    @staticmethod
    def _same_people(places: list[Place], values: Values) -> list[Place]:
        return [one for one in places if _same_person(opened(one[1].values) or {}, values)]


def _same_person(ours: Values, theirs: Values) -> bool:
    return all(
        not theirs.get(key) or _text(ours.get(key)) == _text(theirs.get(key))
        for key in ("name", "cert_no")
    )


def _text(value: Any) -> str:
    return (value.reveal() if isinstance(value, Sealed) else value or "").strip().upper()
