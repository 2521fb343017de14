"""Verbs of a ticket that need more than one person, ticket or answer.

Handing over waits for the other to accept, and the owner stays the owner until then, so that no
ticket is ever without one. Merging moves the received lines and remembers where they came from,
so that undoing puts back exactly those; every line keeps having one ticket that answers it.
"""

from datetime import date
from typing import Any, Self

from django.db import transaction
from django.utils import timezone

from apps.errors.models.cause import CauseCode
from apps.errors.models.transitions import OPEN, Status
from apps.offices.models.duty import Duty
from ydjy.desk.exceptions import must


class SharedVerbs:
    """Mixed into the ticket beside its own verbs; each goes through the same ``_step``."""

    # From hand to hand -------------------------------------------------------------------------

    @transaction.atomic
    def hand_over(self, to: Any, *, by: Any, words: str = "", **more: Any) -> None:
        """Ask a colleague to take it, who is told; it stays with its owner until they accept."""
        must(to != self.assignee, f"工单 {self.number} 已经在{to}手上。")
        must(
            type(self).objects.filter(pk=self.pk).visible_to(to).exists(),
            f"{to}看不到工单 {self.number}，不能转给他。请选承办机构或上级机构的人。",
        )
        owner = self.assignee or by
        self._step(
            "offer",
            "" if self.status != Status.NEW else Status.WORKING,
            by,
            f"请{to}接手" + (f"：{words}" if words else ""),
            assignee=owner,
            offered_to=to,
            **more,
        )
        asked = Duty.objects.deputy_of(to, timezone.localdate()) or to
        self.notices.create(
            to=asked,
            key=f"offer:{self.number}:{self.version}",
            words=f"{owner}请你接手工单 {self.number}。",
            at=self.touched_at,
        )

    def accept(self, *, by: Any, **more: Any) -> None:
        """Take what was offered; the B 角 of the person asked may do it too."""
        self._must_be_asked(by)
        self._step("accept", Status.WORKING, by, assignee=by, offered_to=None, **more)

    def decline(self, *, by: Any, reason: str, **more: Any) -> None:
        """Refuse it with a reason; the owner keeps it. The owner declines to take it back."""
        must(reason, "请写明为什么不接手，经办人才知道怎么办。")
        if by != self.assignee:
            self._must_be_asked(by)
        self._step("decline", "", by, reason, offered_to=None, **more)

    def withdraw_offer(self, *, by: Any, words: str, **more: Any) -> None:
        """The person who was asked is gone; the owner keeps it."""
        self._step("decline", "", by, words, offered_to=None, **more)

    def _must_be_asked(self, by: Any) -> None:
        asked = self.offered_to_id
        must(
            asked and asked in Duty.objects.acting_for(by, timezone.localdate()),
            f"工单 {self.number} 没有请你接手，不用办这一步。",
        )

    # Waiting, one level up ---------------------------------------------------------------------

    @transaction.atomic
    def refer_up(
        self,
        *,
        by: Any,
        words: str,
        to: str = "市医保中心",
        number: str = "",
        **more: Any,
    ) -> None:
        """What cannot be solved here goes one level up 逐级上报 (D-E07). The cut-off stays."""
        must(words, "请写明上报的原因和已经查过什么。")
        self._step("refer_up", Status.WAITING, by, words, waiting_for=to, **more)
        self.escalations.create(
            to=to, number=number[:60], words=words[:300], at=timezone.now(), by=by
        )

    @transaction.atomic
    def hear_back(self, *, by: Any, answer: str, **more: Any) -> None:
        """The level above has answered: back to work on the ticket."""
        must(answer, "请写明答复的内容。")
        asked = self.escalations.unanswered().order_by("-at").first()
        must(asked, f"工单 {self.number} 没有等着答复的上报。")
        self._step("hear", Status.WORKING, by, answer, waiting_for="", **more)
        asked.answer, asked.answered_at = answer[:300], timezone.now()
        asked.save(update_fields=["answer", "answered_at"])

    def postpone(self, *, by: Any, reason: str, expected_on: date, **more: Any) -> None:
        """It cannot be done by the cut-off: goes back as 未办结 with reason and expected date."""
        reason = reason.strip("。；， ")
        must(reason, "请写明没有办结的原因。")
        must(expected_on, "请写明预计哪天办结。")
        must(expected_on >= timezone.localdate(), "预计办结日期已经过了，请写今天或以后的日期。")
        self._step(
            "postpone",
            "",
            by,
            f"{reason}，预计{expected_on.month}月{expected_on.day}日办结",
            unfinished_reason=reason[:120],
            expected_on=expected_on,
            **more,
        )

    # Several at once ---------------------------------------------------------------------------

    def group(self) -> Any:
        """The other open tickets about the same: person, hospital and error."""
        if not self.fingerprint:  # a part of another's work
            return type(self).objects.none()
        same = type(self).objects.open().filter(fingerprint=self.fingerprint)
        return same.exclude(pk=self.pk)

    @transaction.atomic
    def answer_group(self, *, by: Any, cause: CauseCode, result: str, **more: Any) -> int:
        """Answer this ticket and, with the same words, those of its group that ``by`` may see."""
        others = list(self.group().visible_to(by).order_by("pk"))
        self.answer(by=by, cause=cause, result=result, **more)
        for ticket in others:
            ticket.answer(by=by, cause=cause, result=result)
        return 1 + len(others)

    @transaction.atomic
    def merge(self, into: Self, *, by: Any, **more: Any) -> None:
        """This ticket's lines are answered by ``into`` from now on."""
        must(into.pk != self.pk, "不能把工单合并到它自己。")
        into = type(self).objects.select_for_update(of=("self",)).get(pk=into.pk)
        must(into.status in OPEN, f"工单 {into.number} 已经有结果，请合并到还在办的工单。")
        must(not self.merged.exists(), f"有工单合并到了 {self.number}，请先拆开那一条。")
        must(not self.parts().exists(), f"工单 {self.number} 还有分办的，请先并回来。")
        self._step(
            "merge",
            Status.MERGED,
            by,
            f"合并到 {into.number}",
            merged_into=into,
            waiting_for="",
            offered_to=None,
            **more,
        )
        self.lines.update(ticket=into, home=self)
        into._step("merge", "", by, f"{self.number} 合并到这里")

    @transaction.atomic
    def unmerge(self, *, by: Any, **more: Any) -> None:
        """Put back the lines that came with the merge, and take the ticket up again."""
        into = self.merged_into
        must(into, f"工单 {self.number} 没有合并过。")
        whole = self.split_from
        must(
            whole is None or whole.status in OPEN or into.lines.filter(home=self).exists(),
            f"{self.number} 是工单 {whole and whole.number} 分办的，那一条已经有结果，"
            "请先把它“重新办理”，再拆开。",
        )
        self._step(
            "split",
            Status.WORKING,
            by,
            f"从 {into.number} 拆开",
            merged_into=None,
            answered_at=None,
            answered_by=None,
            **{"assignee": self.assignee or by, **more},
        )
        into.lines.filter(home=self).update(ticket=self, home=None)

    # Parts -------------------------------------------------------------------------------------

    @property
    def is_part(self) -> bool:
        """A piece of another ticket's work: no line of a file is its own."""
        return bool(self.split_from_id) and not self.lines.exists()

    def parts(self) -> Any:
        """The pieces of this ticket's work; one that was merged back is none any more."""
        mine = type(self).objects.filter(split_from=self, lines=None)
        return mine.exclude(status=Status.MERGED).order_by("number")
