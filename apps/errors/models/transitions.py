"""What can be asked of tickets and done to one: the queryset's nouns and the ticket's verbs.

Every verb locks the row, checks the table below, sets, and writes the event, in one transaction;
or refuses in a sentence that a clerk can act on.
"""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any, Self

from django.apps import apps
from django.db import models, transaction
from django.utils import timezone

from apps.errors.models.cause import CauseCode
from apps.offices.models.duty import Duty
from apps.offices.models.staff import CASE_ROLES, Role
from ydjy.desk.exceptions import Refused, Stale, must
from ydjy.desk.querysets import OfficeScopedQuerySet
from ydjy.lib import masking


class Status(models.TextChoices):
    NEW = "new", "未分派"
    WORKING = "working", "处理中"
    WAITING = "waiting", "等回复"
    ANSWERED = "answered", "已有结果"
    RETURNED = "returned", "已返回"
    MERGED = "merged", "已合并"
    WITHDRAWN = "withdrawn", "已撤销"


OPEN = (Status.NEW, Status.WORKING, Status.WAITING)

# verb → the states it may start from
TRANSITIONS: dict[str, frozenset[str]] = {
    "take": frozenset({Status.NEW, Status.WORKING, Status.WAITING}),
    "assign": frozenset({Status.NEW, Status.WORKING, Status.WAITING}),
    "wait": frozenset({Status.NEW, Status.WORKING, Status.WAITING}),
    "refer_up": frozenset({Status.NEW, Status.WORKING, Status.WAITING}),
    "answer": frozenset({Status.NEW, Status.WORKING, Status.WAITING, Status.ANSWERED}),
    "reopen": frozenset({Status.ANSWERED, Status.RETURNED}),
    "offer": frozenset({Status.NEW, Status.WORKING, Status.WAITING}),
    "accept": frozenset({Status.NEW, Status.WORKING, Status.WAITING}),
    "decline": frozenset({Status.NEW, Status.WORKING, Status.WAITING}),
    "postpone": frozenset({Status.NEW, Status.WORKING, Status.WAITING}),
    "hear": frozenset({Status.NEW, Status.WORKING, Status.WAITING}),
    "reject": frozenset({Status.ANSWERED, Status.RETURNED}),
    "merge": frozenset({Status.NEW, Status.WORKING, Status.WAITING, Status.ANSWERED}),
    "split": frozenset({Status.MERGED}),
    "divide": frozenset({Status.NEW, Status.WORKING, Status.WAITING}),
    "note": frozenset(Status),
    "cause": frozenset({Status.NEW, Status.WORKING, Status.WAITING}),
    "diagnose": frozenset({Status.NEW, Status.WORKING, Status.WAITING}),
    "correct": frozenset(Status) - {Status.WITHDRAWN},
    "withdraw": frozenset({Status.NEW, Status.WORKING}),
}
# In the hands of somebody who is gone, or who does not see it any more.
STRANDED = models.Q(assignee__isnull=False) & (
    models.Q(assignee__office=None)
    | ~models.Q(
        assignee__is_active=True,
        assignee__role__in=CASE_ROLES - {Role.HEAD},
        office__path__startswith=models.F("assignee__office__path"),
    )
)
RESULT_LIMIT = 200  # what fits the province's column


def too_long(words: str) -> str:
    return f"处理结果有 {len(words)} 个字，省里的表最多 {RESULT_LIMIT} 个字，请删短一些。"


class TicketQuerySet(OfficeScopedQuerySet):
    def open(self) -> Self:
        return self.filter(status__in=OPEN)

    def done(self) -> Self:
        return self.exclude(status__in=OPEN)

    def overdue(self, now: datetime) -> Self:
        return self.open().filter(batch__due_at__lte=now)

    def of(self, staff: Any) -> Self:
        return self.filter(assignee=staff)

    def to_do_by(self, staff: Any, day: date) -> Self:
        """Open, and in this person's hands today: the own ones, and those of whom they stand in
        for as B 角 (E16)."""
        return self.open().filter(assignee__in=Duty.objects.acting_for(staff, day))

    def offered_to_any(self, hands: list[int]) -> Self:
        """What these people are asked to take."""
        return self.open().filter(offered_to__in=hands)

    def stranded(self) -> Self:
        """Open, and with somebody who cannot do it: a closed account, another office or role."""
        return self.open().filter(STRANDED)

    def of_person(self, cert_index: str) -> Self:
        return self.filter(cert_index=cert_index) if cert_index else self.none()

    def numbered(self, numbers: Iterable[str]) -> Self:
        return self.filter(number__in=list(numbers))

    def urgent_first(self) -> Self:
        """Overdue first, then people in hospital, then what lay untouched the longest."""
        return self.order_by(
            "batch__due_at", models.F("in_hospital").desc(nulls_last=True), "touched_at"
        )

    def answered_alike(self, ticket: Self) -> Self:
        """Earlier answers to the same error at the same hospital."""
        same = self.done().exclude(pk=ticket.pk).exclude(result="")
        if ticket.inst_code:
            same = same.filter(inst_code=ticket.inst_code)
        else:
            same = same.filter(inst_name=ticket.inst_name)
        if ticket.err_code:
            same = same.filter(err_code=ticket.err_code)
        else:
            same = same.filter(err_msg=ticket.err_msg)
        return same.order_by("-answered_at")


class TicketManager(models.Manager[Any]):
    """All tickets but those whose import was undone: to everybody they do not exist."""

    def get_queryset(self) -> Any:
        return super().get_queryset().exclude(status=Status.WITHDRAWN)


class TicketVerbs:
    """The verbs of a ticket. ``expected`` is the version the clerk was looking at; a newer row
    refuses the step, so that nobody's words are lost (reliability rule 8)."""

    def take(self, *, by: Any, **more: Any) -> None:
        self._step("take", Status.WORKING, by, assignee=by, offered_to=None, waiting_for="", **more)

    def assign(self, to: Any, *, by: Any, **more: Any) -> None:
        """Give it to a colleague who can see it; a colleague of another county cannot."""
        model = apps.get_model("errors", "Ticket")
        must(
            model.objects.filter(pk=self.pk).visible_to(to).exists(),
            f"{to}看不到工单 {self.number}，不能分给他。请选承办机构或上级机构的人。",
        )
        self._step(
            "assign", Status.WORKING, by, f"分派给{to}", assignee=to, offered_to=None, **more
        )

    def release(self, *, by: Any, words: str, **more: Any) -> None:
        """Nobody's again 退回未分派, so that somebody hands it out."""
        self._step(
            "assign", Status.NEW, by, words, assignee=None, offered_to=None, waiting_for="", **more
        )

    def wait(self, *, by: Any, whom: str, words: str = "", **more: Any) -> None:
        """Somebody outside must answer first: a hospital, another place, the insured person."""
        must(whom, "请写明等谁回复，例如“就医医院医保办”。")
        self._step("wait", Status.WAITING, by, words or f"等{whom}回复", waiting_for=whom, **more)

    def answer(self, *, by: Any, cause: CauseCode, result: str, **more: Any) -> None:
        """The words that go back to the province, and why."""
        must(cause, "请选择原因。")
        result = result.strip()
        must(result, "请写处理结果，这是返回给省里的内容。")
        must(len(result) <= RESULT_LIMIT, too_long(result))
        must(
            not masking.contains_number(result),
            "处理结果里写了证件号码，请删去：返回表里本来就有证件号码这一列。",
        )
        waiting = self.parts().open().values_list("number", flat=True)
        must(not waiting, f"分办的{'、'.join(waiting)}还没有结果，办完或并回来再写这一条的结果。")
        now = timezone.now()
        more = {"assignee": self.assignee or by, **more}
        self._step(
            "answer",
            Status.ANSWERED,
            by,
            cause.label,
            cause=cause,
            result=result,
            answered_at=now,
            answered_by=by,
            waiting_for="",
            offered_to=None,
            **more,
        )

    def reopen(self, *, by: Any, reason: str, **more: Any) -> None:
        """Take it up again; after the file went back this leads to a new version of it."""
        must(reason, "请写明为什么重新办理。")
        self._step("reopen", Status.WORKING, by, reason, answered_at=None, answered_by=None, **more)

    def edit_note(self, *, by: Any, note: str, **more: Any) -> None:
        """Keep an internal remark, and a draft of the answer; the state stays as it is."""
        self._step("note", "", by, note=note, **more)

    def correct(self, *, by: Any, words: str, **columns: Any) -> None:
        """Take over what a corrected line of the province says; the answer stays as it is."""
        self._step("correct", "", by, words, **columns)

    @transaction.atomic
    def _step(
        self,
        verb: str,
        to: str,
        by: Any,
        words: str = "",
        *,
        expected: int | None = None,
        **changes: Any,
    ) -> None:
        row = type(self).objects.select_for_update(of=("self",)).get(pk=self.pk)
        if expected is not None and row.version != expected:
            raise Stale(row)
        if row.status not in TRANSITIONS[verb]:
            raise Refused(
                f"工单 {row.number} 现在是“{row.get_status_display()}”，不能这样办。"
                "已有结果的请先点“重新办理”。"
            )
        before, now = row.status, timezone.now()
        to = to or before
        changes |= {"status": to, "version": row.version + 1, "touched_at": now}
        for name, value in changes.items():
            setattr(row, name, value)
        row.save(update_fields=list(changes))
        row.events.create(at=now, by=by, verb=verb, before=before, after=to, words=words[:300])
        for name in changes:
            setattr(self, name, getattr(row, name))
