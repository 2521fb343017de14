"""A filing before its rules: the row as :class:`~apps.filings.rules.judge.Application`, judged.

A filing that was registered here is judged by the rules that hold on the day of admission, else of
application, and keeps them. One that was taken over from elsewhere was judged there.
"""

from datetime import date
from typing import Any, Self

from django.db import transaction
from django.utils import timezone

from apps.filings.models.transitions import EDITABLE, Commitment, Status
from apps.filings.rules import judge as rules_judge
from apps.filings.rules import loader as rules_loader
from apps.filings.rules import plausible
from apps.filings.rules.ruleset import Rules, from_json
from apps.offices.models import City, official_calendar
from ydjy.desk.crypto.fields import Sealed
from ydjy.desk.exceptions import Refused, Stale, must
from ydjy.lib import divisions

# What a 变更 takes over from the filing that it replaces
COPIED = (
    "office variant channel name cert_type cert_no born psn_no insutype person_status phone"
    " insured_area relative relative_document relation guardian_filing guardian_insured_there"
    " posting_months destination destination_name residence open_ended end_on disease_groups"
    " diagnosis in_catalogue referral_institution issuer_confirmed certificate_no certificate_on"
    " handed commitment_status commitment_signed_on commitment_due_on"
).split()
# and what a copy of one that came to nothing takes over besides
COPIED_TOO = (
    "start_on admission_on discharge_on settled settlement_mode lacking_due_on excused previous"
).split()


class Judged:
    """What a filing knows of its rules."""

    @property
    def rulebook(self) -> Rules:
        """The rules it was judged by, or those of today before it was judged."""
        return from_json(self.rules) if self.rules else rules_loader.rules_of(self.variant)

    @property
    def judged_here(self) -> bool:
        return self.origin != self.Origin.TAKEN_OVER

    def applied_on(self) -> date:
        return timezone.localdate(self.submitted_at or timezone.now())

    def application(self) -> rules_judge.Application:
        guardian = self.guardian_filing
        there = None
        if guardian is not None or self.guardian_insured_there:
            there = rules_judge.Guardian(
                insured_there=self.guardian_insured_there,
                filing_number=guardian.number if guardian else "",
                filing_group=guardian.variant.category.group if guardian else "",
                filing_destination=guardian.destination if guardian else "",
                filing_in_force=bool(guardian and guardian.condition_on(self.applied_on())),
            )
        return rules_judge.Application(
            applied_on=self.applied_on(),
            start_on=self.start_on,
            insured_area=self.insured_division,
            destination=self.destination,
            channel=self.channel.code,
            insutype=self.insutype,
            person_status=self.person_status,
            born=self.born,
            end_on=self.end_on,
            open_ended=self.open_ended,
            admission_on=self.admission_on,
            discharge_on=self.discharge_on,
            settled=self.settled,
            posting_months=self.posting_months,
            guardian=there,
            handed=self.handed,
            commitment_signed=self.commitment_signed_on is not None,
            lacking_due_on=self.lacking_due_on,
            certificate_no=self.certificate_no,
            issuer=self.issuer,
            issuer_reason=self.issuer_reason,
            issuer_confirmed=self.issuer_confirmed,
            excused=self.excused,
            given={name: self._given(name) for name in plausible.FIELDS},
            others=self._others(),
        )

    def _given(self, name: str) -> Any:
        """What stands in a field, in clear; of a row that is not stored yet, as it was typed."""
        value = getattr(self, name)
        return self.clear(name) if isinstance(value, Sealed) else value

    def _others(self) -> tuple[rules_judge.Period, ...]:
        """The person's other long-term filings, but the one that this one replaces."""
        return tuple(
            rules_judge.Period(
                row.number,
                True,
                row.start_on,
                row.end_on,
                self._label_of(row),
                waiting=row.status != Status.APPROVED,
            )
            for row in type(self).objects.alongside(self).select_related("office")
        )

    def _label_of(self, other: Self) -> str:
        """Where to; of a filing that this office does not see, only whose it is (decisions 5)."""
        ours = other.office.path.startswith(self.office.path)
        return other.destination_name if ours else f"{other.office}受理"

    def verdict(self) -> rules_judge.Verdict | None:
        """What the rules say of it; None where it was judged elsewhere."""
        if not self.judged_here:
            return None
        why = "" if self.rules else self._passed_over()
        return rules_judge.judge(self.rulebook, self.application(), passed_over=why)

    def _passed_over(self) -> str:
        """Why another rule of the category decides, as long as none has been kept."""
        day = self.admission_on or self.applied_on()
        category = self.variant.category
        choice = rules_loader.choice(category, day, self.insured_division, self.destination)
        here = [why for rules, why in choice.passed_over if rules.code == self.variant.code]
        return here[0] if here and self.rulebook.holds_on(day) else ""

    @property
    def insured_division(self) -> str:
        """The code of the insured area; of a local area without one, the city's (trap 8)."""
        if divisions.get(self.insured_area):
            return self.insured_area
        city = City.objects.maybe()
        return city.area if city else self.insured_area

    def _decided_by_rules(self, verdict: rules_judge.Verdict | None) -> dict[str, Any]:
        """What handing in settles: the end, the way of paying, and the rules themselves."""
        if verdict is None:
            return {}
        rules, found = self.rulebook, dict[str, Any]()
        promised = rules_judge.PROMISE in self.handed.values()
        if promised and self.commitment_signed_on:
            found["commitment_status"] = Commitment.PENDING
            found["commitment_due_on"] = self.commitment_due_on or self._promised_until(rules)
        return found | {
            "end_on": verdict.end_on,
            "settlement_mode": verdict.settlement,
            "is_backfill": verdict.is_backfill,
            "rules": rules.as_json(),
            "findings": [
                {"rule": f.rule, "level": f.level, "words": f.words, "basis": f.basis}
                for f in verdict.findings
            ],
        }

    def _promised_until(self, rules: Rules) -> date:
        signed = self.commitment_signed_on or timezone.localdate()
        due = rules_judge.commitment_due(rules, signed, official_calendar(signed, signed))
        if due is None:
            raise Refused("承诺后几天内补齐没有规定，请写明哪一天前补齐。")
        return due

    def must_stand_alone(self) -> None:
        """One long-term filing at a time for a person and insurance (domain 4.5, F11)."""
        if not self.exclusive or not self.cert_index:
            return
        mine = rules_judge.Period(self.number, True, self.start_on, self.end_on)
        for other in rules_judge.overlapping(mine, self._others()):
            must(other.waiting, rules_judge.only_one(other))

    @classmethod
    @transaction.atomic
    def register(
        cls,
        *,
        by: Any,
        agents: list[dict[str, str]] | None = None,
        words: str = "",
        **values: Any,
    ) -> Self:
        """A new draft with its event; ``agents`` are rows of :class:`beside.Agent`."""
        values.setdefault("origin", cls.Origin.DESK)
        filing = cls.objects.create(created_by=by, **values)
        for agent in agents or ():
            filing.agents.create(**agent)
        filing.events.create(
            at=timezone.now(), by=by, verb="register", after=Status.DRAFT, words=words
        )
        return filing

    def copied(self, *, by: Any, reason: str, start_on: date) -> Self:
        """The draft of a 变更: the same person and papers, from ``start_on``."""
        values = {name: getattr(self, name) for name in COPIED}
        if values["end_on"] and values["end_on"] < start_on:
            values["end_on"] = None
        return self._drafted(by, reason, values | {"previous": self, "start_on": start_on})

    def copied_whole(self, *, by: Any) -> Self:
        """All that was typed, as a new draft, its end left to the rules where they give one."""
        values = {name: getattr(self, name) for name in (*COPIED, *COPIED_TOO)}
        if self._end_is_given(self.end_on):
            values["end_on"] = None
        values |= {"commitment_status": Commitment.NONE, "commitment_due_on": None}
        return self._drafted(by, f"照抄 {self.number}", values)

    def _end_is_given(self, end_on: date | None) -> bool:
        given = rules_judge.end_of(self.rulebook, self.start_on, self.discharge_on)
        return end_on is not None and end_on == given

    def _drafted(self, by: Any, words: str, values: dict[str, Any]) -> Self:
        draft = type(self).register(by=by, words=words[:300], **values)
        for agent in self.agents.all():
            draft.agents.create(
                person=agent.person,
                document=agent.document,
                phone=agent.phone,
                relation=agent.relation,
            )
        return draft

    @transaction.atomic
    def edited(self, *, by: Any, expected: int | None, **values: Any) -> None:
        """A draft, or what is sent back for 补正, filled in anew over the version that the person
        was looking at. Another kind is judged by its own rules; an end that the rules gave goes
        with the start."""
        row = type(self).objects.select_for_update(of=("self",)).get(pk=self.pk)
        if row.version != expected:
            raise Stale(row)
        if row.status not in EDITABLE:
            raise Refused(f"备案 {row.number} 已经提交，不能直接改。")
        if self.rules and self.end_on == values.get("end_on") and self._end_is_given(self.end_on):
            values["end_on"] = None
        if "variant" in values and values["variant"] != self.variant:
            self.rules, self.findings = {}, []
        for name, value in values.items():
            setattr(self, name, value)
        self.version += 1
        self.touched_at = timezone.now()
        self.save()
        self.events.create(
            at=self.touched_at, by=by, verb="edit", before=self.status, after=self.status
        )

    @property
    def lacking(self) -> list[str]:
        """What is still owed, in words: 容缺 and 承诺."""
        rules = self.rulebook
        owed = (rules_judge.LATER, rules_judge.PROMISE)
        rows = [rules.material(key) for key, how in self.handed.items() if how in owed]
        return [row.words for row in rows if row]
