"""What can be done to a filing, and from which state (domain 4.5).

Every verb locks the row, checks :data:`TRANSITIONS` and the version that the person was looking
at, judges, sets, and writes the event, in one transaction; or refuses in a sentence. The database
holds the same table of transitions and the rule of one long-term filing (``guards.py``).
"""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Self

from django.db import models, transaction
from django.utils import timezone

from apps.filings.rules import judge as rules_judge
from apps.offices.models import official_calendar
from ydjy.desk.exceptions import Refused, Stale, must


class Status(models.TextChoices):
    DRAFT = "draft", "草稿"
    PENDING = "pending", "待审核"
    SUPPLEMENT = "supplement", "待补正"
    PANEL = "panel", "专家合议"
    APPROVED = "approved", "已通过"
    SUSPENDED = "suspended", "已停用"
    REJECTED = "rejected", "不予备案"
    WITHDRAWN = "withdrawn", "已撤回"
    CHANGED = "changed", "已变更"
    REVOKED = "revoked", "已撤销"


class Commitment(models.TextChoices):
    NONE = "", "没有承诺"
    PENDING = "pending", "待补齐"
    KEPT = "kept", "已补齐"
    BROKEN = "broken", "失信"


S = Status
WAITING = (S.PENDING, S.SUPPLEMENT, S.PANEL)  # handed in, and not decided yet
EDITABLE = frozenset({S.DRAFT, S.SUPPLEMENT})  # in these the form opens for its clerk
KEEPS = ""  # a verb that leaves the state as it is
# Verbs by which a second person puts a filing into force or takes it out of it.
DECISIONS = frozenset({"approve", "panel_decide", "reject", "revoke", "restore", "resume"})
# Events that write nothing into what is decided on: the review's own steps, and what is only noted.
REVIEWING = frozenset(
    "request_supplement refer_to_panel check_benefits mark_uploaded print copy change".split()
)
# verb → (the states it may start from, the states it may lead to)
STEPS: dict[str, tuple[frozenset[str], frozenset[str]]] = {
    "submit": (frozenset({S.DRAFT}), frozenset({S.PENDING})),
    "withdraw": (frozenset({S.DRAFT, S.PENDING, S.SUPPLEMENT}), frozenset({S.WITHDRAWN})),
    "request_supplement": (frozenset({S.PENDING}), frozenset({S.SUPPLEMENT})),
    "resubmit": (frozenset({S.SUPPLEMENT}), frozenset({S.PENDING})),
    "approve": (frozenset({S.PENDING}), frozenset({S.APPROVED})),
    "refer_to_panel": (frozenset({S.PENDING}), frozenset({S.PANEL})),
    "panel_decide": (frozenset({S.PANEL}), frozenset({S.APPROVED, S.REJECTED})),
    "reject": (frozenset({S.PENDING, S.PANEL}), frozenset({S.REJECTED})),
    "mark_uploaded": (
        frozenset({S.APPROVED, S.SUSPENDED, S.CHANGED, S.REVOKED}),
        frozenset({KEEPS}),
    ),
    "change": (frozenset({S.APPROVED}), frozenset({KEEPS})),
    "replace": (frozenset({S.APPROVED}), frozenset({S.CHANGED})),
    "ask_revoke": (frozenset({S.APPROVED, S.SUSPENDED}), frozenset({KEEPS})),
    "revoke": (frozenset({S.APPROVED, S.SUSPENDED}), frozenset({S.REVOKED})),
    "restore": (frozenset({S.REVOKED}), frozenset({S.APPROVED})),
    "suspend": (frozenset({S.APPROVED}), frozenset({S.SUSPENDED})),
    "resume": (frozenset({S.SUSPENDED}), frozenset({S.APPROVED})),
    "reverse": (frozenset({S.APPROVED}), frozenset({S.PENDING})),
    "copy": (frozenset({S.REJECTED, S.WITHDRAWN}), frozenset({KEEPS})),
    "settle_commitment": (frozenset({S.APPROVED}), frozenset({KEEPS})),
    "settle_lacking": (frozenset({S.PENDING, S.APPROVED}), frozenset({KEEPS})),
    "discharge": (frozenset({S.APPROVED}), frozenset({KEEPS})),
    "check_benefits": (frozenset(Status), frozenset({KEEPS})),
    "attach": (
        frozenset({S.DRAFT, S.PENDING, S.SUPPLEMENT, S.PANEL, S.APPROVED}),
        frozenset({KEEPS}),
    ),
    "void_attachment": (
        frozenset({S.DRAFT, S.PENDING, S.SUPPLEMENT, S.PANEL, S.APPROVED}),
        frozenset({KEEPS}),
    ),
}
TRANSITIONS: dict[str, frozenset[str]] = {verb: starts for verb, (starts, _) in STEPS.items()}
NOTE_LIMIT = 300


class FilingVerbs:
    """The verbs. ``expected`` is the version the person was looking at: a newer row refuses."""

    def submit(self, *, by: Any, **more: Any) -> None:
        """Handed in: everything the rules ask is there, or the missing is named."""
        verdict = self.verdict()
        must(verdict is None or verdict.allowed, verdict.sentence if verdict else "")
        changes: dict[str, Any] = {"submitted_at": timezone.now()}
        if verdict is not None and self.rulebook.review_days is not None:
            changes["review_due_on"] = self.working_days_on(self.rulebook.review_days)
        changes |= self._decided_by_rules(verdict)
        self._step("submit", S.PENDING, by, changes=changes, **more)

    def withdraw(self, *, by: Any, reason: str, **more: Any) -> None:
        must(reason, "请写明为什么撤回。")
        self._step("withdraw", S.WITHDRAWN, by, reason, changes={"reason": reason}, **more)

    def request_supplement(
        self, *, by: Any, items: list[str], due_on: date | None = None, **more: Any
    ) -> None:
        """补正: everything missing is told once (一次性告知), with a day to bring it by."""
        items = [item.strip() for item in items if item.strip()]
        must(items, "请写明缺哪些材料，一次说全。")
        due_on = due_on or self.working_days_on(self.rulebook.supplement_days)
        must(due_on, "补正期限没有规定，请写明哪一天前补齐。")
        must(due_on >= timezone.localdate(), "补正期限不能早于今天。")
        self._step(
            "request_supplement",
            S.SUPPLEMENT,
            by,
            f"{'、'.join(items)}，{rules_judge.in_words(due_on)}前补齐",
            changes={"supplement_items": items, "supplement_due_on": due_on},
            **more,
        )

    def resubmit(self, *, by: Any, handed: Mapping[str, str] | None = None, **more: Any) -> None:
        """The missing has been brought; ``handed`` is what there is now."""
        self.handed = {**self.handed, **(handed or {})}
        verdict = self.verdict()
        must(verdict is None or verdict.allowed, verdict.sentence if verdict else "")
        changes = {"supplement_due_on": None, "handed": self.handed}
        changes |= self._decided_by_rules(verdict)
        self._step("resubmit", S.PENDING, by, "材料已补齐", changes=changes, **more)

    def approve(self, *, by: Any, **more: Any) -> None:
        """A second person decides, never the one who registered it."""
        verdict = self.verdict()
        must(verdict is None or verdict.allowed, verdict.sentence if verdict else "")
        must(
            not self.rulebook.panel_needed,
            "目录外的急诊要先由专家合议，请点“提交专家合议”。",
        )
        with transaction.atomic():
            self._replace_previous(by)
            self._step("approve", S.APPROVED, by, **more)

    def refer_to_panel(self, *, by: Any, **more: Any) -> None:
        """合议: experts look at an emergency that no list names (D-F24)."""
        emergency = self.variant.category.group == self.variant.category.Group.EMERGENCY
        must(emergency, "只有急诊备案由专家合议。")
        self._step("refer_to_panel", S.PANEL, by, **more)

    def panel_decide(self, *, by: Any, met: bool, words: str, **more: Any) -> None:
        """What the experts found: met is 手工报销 (D-F24), not met is 不予备案."""
        must(words, "请写明专家合议的结论。")
        changes = {
            "panel_met": met,
            "panel_words": words,
            "panel_on": timezone.localdate(),
            "settlement_mode": self.SettlementMode.MANUAL,
        }
        if not met:
            changes["reason"] = words
        to = S.APPROVED if met else S.REJECTED
        self._step("panel_decide", to, by, words, changes=changes, **more)

    def reject(self, *, by: Any, reason: str, **more: Any) -> None:
        must(reason, "请写明为什么不予备案，要告诉参保人。")
        changes = {"reason": reason}
        self._step("reject", S.REJECTED, by, reason, changes=changes, **more)

    def mark_uploaded(self, *, by: Any, **more: Any) -> None:
        """The national platform has it: only now does it count elsewhere (trap 6)."""
        changes = {
            "upload_status": self.UploadStatus.DONE,
            "uploaded_at": timezone.now(),
            "upload_error": "",
        }
        self._step("mark_uploaded", KEEPS, by, changes=changes, **more)

    def change(self, *, by: Any, reason: str, excuse: str = "", **more: Any) -> Self:
        """变更: a new draft that takes this one's place once it is approved.

        Until then this one stays in force: nobody is without a filing because a form lies in a
        tray. Refused while the policy's lock holds, unless there is an ``excuse``.
        """
        must(reason, "请写明变更什么、为什么。")
        waiting = self.next.filter(status__in=[S.DRAFT, S.PENDING, S.SUPPLEMENT]).first()
        must(waiting is None, f"已经在变更，请接着办 {waiting}。")
        today = timezone.localdate()
        lock = rules_judge.change_lock(self.rulebook, self.start_on, today, excuse)
        must(lock.level != "refuse", lock.words)
        with transaction.atomic():
            self._step("change", KEEPS, by, reason, **more)
            return self.copied(by=by, reason=reason, start_on=max(today, self.start_on))

    def copy(self, *, by: Any, **more: Any) -> Self:
        """照抄成新草稿: one that was refused or taken back is not typed a second time."""
        with transaction.atomic():
            draft = self.copied_whole(by=by)
            self._step("copy", KEEPS, by, f"照抄成 {draft}", **more)
            return draft

    def ask_revoke(self, *, by: Any, reason: str, **more: Any) -> None:
        """The clerk asks; another person revokes."""
        must(reason, "请写明为什么撤销。")
        changes = {"revoke_asked_by": by, "reason": reason}
        self._step("ask_revoke", KEEPS, by, reason, changes=changes, **more)

    def revoke(self, *, by: Any, reason: str = "", **more: Any) -> None:
        """撤销 by a second person; settled care is not undone, so then it ends today."""
        reason = reason or (self.reason if self.revoke_asked_by_id else "")
        must(reason, "请写明为什么撤销。")
        changes: dict[str, Any] = {"reason": reason}
        if self.settled:
            changes["end_on"] = max(self.start_on, timezone.localdate())
        self._step("revoke", S.REVOKED, by, reason, changes=changes, tells=True, **more)

    def restore(self, *, by: Any, reason: str, **more: Any) -> None:
        """冲撤销: revoked by mistake."""
        must(reason, "请写明为什么恢复。")
        changes = {"revoke_asked_by": None}
        self._step("restore", S.APPROVED, by, reason, changes=changes, tells=True, **more)

    def suspend(self, *, by: Any, reason: str, **more: Any) -> None:
        must(reason, "请写明为什么停用。")
        changes = {"reason": reason}
        self._step("suspend", S.SUSPENDED, by, reason, changes=changes, tells=True, **more)

    def resume(self, *, by: Any, **more: Any) -> None:
        self._step("resume", S.APPROVED, by, tells=True, **more)

    def reverse(self, *, by: Any, reason: str, **more: Any) -> None:
        """冲正: approved by mistake; it lies on the reviewers' table again."""
        must(reason, "请写明哪里审错了。")
        changes = {"decided_by": None, "decided_at": None}
        self._step("reverse", S.PENDING, by, reason, changes=changes, tells=True, **more)

    def settle_commitment(self, *, by: Any, kept: bool, words: str, **more: Any) -> None:
        """承诺 followed up: the papers came, or they did not (失信; staff decide on 撤销)."""
        must(self.commitment_status == Commitment.PENDING, "这个备案没有等着补齐的承诺。")
        must(kept or words, "请写明为什么算失信。")
        status = Commitment.KEPT if kept else Commitment.BROKEN
        said = words or "材料已补齐"
        changes = {"commitment_status": status}
        self._step("settle_commitment", KEEPS, by, said, changes=changes, **more)

    def settle_lacking(self, *, by: Any, handed: Mapping[str, str], **more: Any) -> None:
        """容缺 papers came later; what still lacks keeps its day."""
        merged = {**self.handed, **handed}
        left = any(how == rules_judge.LATER for how in merged.values())
        changes: dict[str, Any] = {"handed": merged}
        if not left:
            changes["lacking_due_on"] = None
        words = "还有材料没有补" if left else "容缺的材料已补齐"
        self._step("settle_lacking", KEEPS, by, words, changes=changes, **more)

    def discharge(self, *, by: Any, on: date, **more: Any) -> None:
        """出院: a filing for one stay ends with it."""
        must(self.rulebook.this_stay_only, "只有仅管本次住院的备案要登记出院。")
        first = self.admission_on or self.start_on
        must(first <= on <= timezone.localdate(), "出院日期要在入院以后、今天以前。")
        changes = {"discharge_on": on, "end_on": on}
        self._step("discharge", KEEPS, by, rules_judge.in_words(on), changes=changes, **more)

    def check_benefits(self, *, by: Any, **more: Any) -> None:
        """正常享受待遇, looked up today (D-F44)."""
        changes = {"benefits_checked_on": timezone.localdate()}
        self._step("check_benefits", KEEPS, by, "正常享受待遇", changes=changes, **more)

    # How every step is taken -------------------------------------------------------------------

    def working_days_on(self, days: int | None) -> date | None:
        """The day that many working days from today; None where the policy names none."""
        if days is None:
            return None
        today = timezone.localdate()
        return official_calendar(today, today + timedelta(days=days * 3)).add_workdays(today, days)

    def _replace_previous(self, by: Any) -> None:
        """What this one changes ends the day before it starts, and is 已变更."""
        previous = type(self).objects.filter(pk=self.previous_id, status=S.APPROVED).first()
        if previous is None:
            return
        last = max(previous.start_on, self.start_on - timedelta(days=1))
        ends = min(last, previous.end_on) if previous.end_on else last
        previous._step(
            "replace", S.CHANGED, by, f"由 {self.number} 代替", changes={"end_on": ends}, tells=True
        )

    def must_be_of_another(self, by: Any) -> None:
        """A second person is one who did not register it and wrote nothing since it was last
        approved. The database holds the same (``guards.py``)."""
        must(self.created_by_id != by.pk, "自己登记的备案要由另一个人审核。")
        wrote = self.events.written_since_approval().filter(by=by).first()
        if wrote is not None:
            on = rules_judge.in_words(timezone.localdate(wrote.at))
            raise Refused(f"你{on}在这个备案里办过“{wrote}”，这一步要由另一个人办。")

    @transaction.atomic
    def _step(
        self,
        verb: str,
        to: str,
        by: Any,
        words: str = "",
        *,
        changes: Mapping[str, Any] | None = None,
        tells: bool = False,
        expected: int | None = None,
    ) -> None:
        row = type(self).objects.select_for_update(of=("self",)).get(pk=self.pk)
        if expected is not None and row.version != expected:
            raise Stale(row)
        if row.status not in TRANSITIONS[verb]:
            raise Refused(f"备案 {row.number} 现在是“{row.get_status_display()}”，不能这样办。")
        if verb in DECISIONS:
            row.must_be_of_another(by)
        before, now, to = row.status, timezone.now(), to or row.status
        new = {**(changes or {}), "status": to, "version": row.version + 1, "touched_at": now}
        if verb in DECISIONS:
            new["decided_by"] = by
            if before in (S.PENDING, S.PANEL):
                new["decided_at"] = now
        if tells:  # what the platform knows of it is no longer so
            new["upload_status"] = self.UploadStatus.NOT_YET
        for name, value in new.items():
            setattr(row, name, value)
        if to == S.APPROVED and before != to:
            row.must_stand_alone()
        models.Model.save(row, update_fields=list(new))
        row.events.create(
            at=now, by=by, verb=verb, before=before, after=to, words=words[:NOTE_LIMIT]
        )
        for name in new:
            setattr(self, name, getattr(row, name))
