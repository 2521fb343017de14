"""Gathering what :mod:`apps.errors.diagnosis.engine` needs to decide, for many tickets at once."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from functools import cached_property
from typing import Any

from django.db import models
from django.utils import timezone

from apps.errors.diagnosis import engine as diagnosis_engine
from apps.errors.models import CauseCode, Ticket
from apps.filings.imports import platform_rows
from apps.filings.models import Filing, FilingEvent
from apps.filings.models.catalogue import SettlementRule
from apps.institutions.models import Institution, NetworkOpening
from apps.offices.models import City, Office
from ydjy.lib.text import name_key

_AT_A_TIME = 5_000  # values in one question

# Venue of the settlement matrix → business of a line.
_VENUES = {
    SettlementRule.Venue.PHARMACY: "pharmacy",
    SettlementRule.Venue.OUTPATIENT: "outpatient",
    SettlementRule.Venue.INPATIENT: "inpatient",
    SettlementRule.Venue.CHRONIC: "chronic",
}


class Knowledge:
    """Our rows about a set of tickets, each table read once, and the verdicts drawn from them."""

    def __init__(self, tickets: Iterable[Ticket]):
        self.tickets = list(tickets)
        self.at = timezone.now()  # before anything is read: what is filed later is judged anew

    @cached_property
    def city(self) -> City:
        return City.objects.served()

    @cached_property
    def codes(self) -> dict[str, CauseCode]:
        return {code.code: code for code in CauseCode.objects.all()}

    @cached_property
    def filings(self) -> dict[str, tuple[diagnosis_engine.FilingFact, ...]]:
        found: dict[str, list[diagnosis_engine.FilingFact]] = defaultdict(list)
        wanted = {ticket.cert_index for ticket in self.tickets if ticket.cert_index}
        rows = Filing.objects.exclude(status=Filing.Status.DRAFT)
        rows, people = rows.select_related("variant__category"), sorted(wanted)
        for at in range(0, len(people), _AT_A_TIME):
            for filing in rows.filter(cert_index__in=people[at : at + _AT_A_TIME]):
                found[filing.cert_index].append(_filing_fact(filing))
        return {index: tuple(facts) for index, facts in found.items()}

    @cached_property
    def openings(self) -> dict[int, tuple[diagnosis_engine.OpeningFact, ...]]:
        found: dict[int, list[diagnosis_engine.OpeningFact]] = defaultdict(list)
        wanted = {ticket.institution_id for ticket in self.tickets if ticket.institution_id}
        for row in NetworkOpening.objects.filter(institution__in=wanted):
            found[row.institution_id].append(
                diagnosis_engine.OpeningFact(
                    row.pk, row.reach, row.business, row.valid_from, row.valid_to, str(row)
                )
            )
        return {key: tuple(facts) for key, facts in found.items()}

    @cached_property
    def filing_free(self) -> frozenset[str]:
        """Kinds of care that need no filing, as the settlement rules say today (D-X10)."""
        rules = SettlementRule.objects.on(timezone.localdate()).filter(
            direction=SettlementRule.Direction.OUTBOUND, filing_needed=False
        )
        return frozenset(_VENUES[rule.venue] for rule in rules if rule.venue in _VENUES)

    @cached_property
    def platform(self) -> dict[date, list[platform_rows.PlatformList]]:
        return platform_rows.lists_of({ticket.reported_on for ticket in self.tickets})

    @cached_property
    def paths(self) -> dict[int, str]:
        return dict(Office.objects.values_list("pk", "path"))

    def on_platform(self, ticket: Ticket) -> diagnosis_engine.Answer:
        """Whether the platform's own lists of that day show a filing or its absence."""
        lists = self.platform.get(ticket.reported_on, []) if ticket.cert_index else []
        about = ticket.care_area, ticket.reported_on
        told = {one.says(ticket.cert_index, self.paths[ticket.office_id], *about) for one in lists}
        return "yes" if "yes" in told else "no" if "no" in told else "unknown"

    def case(self, ticket: Ticket) -> diagnosis_engine.Case:
        return diagnosis_engine.Case(
            day=ticket.reported_on,
            home=self.city.area,
            insured_area=ticket.insured_area,
            care_area=ticket.care_area,
            care_place=ticket.care_place,
            inst_name=ticket.inst_name,
            inst_code=ticket.inst_code,
            institution=ticket.institution_id,
            med_type=ticket.med_type,
            txn_type=ticket.txn_type,
            infno=ticket.infno,
            err_code=ticket.err_code,
            err_msg=ticket.err_msg,
            filing_free=self.filing_free,
            filings=self.filings.get(ticket.cert_index, ()),
            openings=self.openings.get(ticket.institution_id or 0, ()),
            on_platform=self.on_platform(ticket),
        )

    def set_diagnosis(self, ticket: Ticket) -> None:
        """Write the verdict into the ticket's columns (not saved): cause, reason, evidence."""
        case = self.case(ticket)
        if (found := self._drawn.get(case)) is None:
            found = self._drawn[case] = self._draw(case)
        ticket.proposed_cause_id, ticket.filing_id, ticket.diagnosis = found
        ticket.diagnosed_at = self.at

    @cached_property
    def _drawn(self) -> dict[diagnosis_engine.Case, tuple[int | None, int | None, dict[str, Any]]]:
        """Verdicts so far: a long list says the same of many people without a filing. Tickets of
        one case share the words, which nobody changes."""
        return {}

    def _draw(self, case: diagnosis_engine.Case) -> tuple[int | None, int | None, dict[str, Any]]:
        """The proposed cause, the filing, and the diagnosis as it is kept."""
        verdict = diagnosis_engine.diagnose(case)
        code = self.codes.get(verdict.cause)
        said = self._said(verdict, case)
        if verdict.second:
            said["second"] = self._said(verdict.second, case)
        return code.pk if code else None, verdict.filing, said

    def _said(
        self, verdict: diagnosis_engine.Diagnosis, case: diagnosis_engine.Case
    ) -> dict[str, Any]:
        """A cause with its reason, its evidence and the words for the province."""
        code = self.codes.get(verdict.cause)
        words = diagnosis_engine.fill_in(code.template, case) if code else ""
        return verdict.as_json() | {"cause": verdict.cause, "proposal": words}


DIAGNOSED = ["proposed_cause", "filing", "diagnosis", "diagnosed_at"]


def diagnose_again(tickets: Iterable[Ticket]) -> int:
    """Judge open tickets anew: since the intake a filing may have been registered or uploaded."""
    knowledge = Knowledge(tickets)
    for ticket in knowledge.tickets:
        knowledge.set_diagnosis(ticket)
    Ticket.objects.bulk_update(knowledge.tickets, DIAGNOSED, batch_size=500)
    return len(knowledge.tickets)


def diagnose_changed() -> int:
    """Judge anew the open tickets of people about whose filings something was done since."""
    later = FilingEvent.objects.filter(
        filing__cert_index=models.OuterRef("cert_index"), at__gt=models.OuterRef("diagnosed_at")
    )
    known = Ticket.objects.open().exclude(cert_index="").filter(diagnosed_at__isnull=False)
    changed = known.filter(models.Exists(later)).order_by("pk")[:500]
    return diagnose_again(changed)


def find_institutions(tickets: Iterable[Ticket]) -> None:
    """Set each ticket's institution by its national code, else by exactly its name or alias."""
    tickets = list(tickets)
    codes = {ticket.inst_code for ticket in tickets if ticket.inst_code}
    by_code = dict(
        Institution.objects.filter(national_code__in=codes).values_list("national_code", "pk")
    )
    by_name = _named({t.inst_name for t in tickets if t.inst_code not in by_code})
    for ticket in tickets:
        found = by_code.get(ticket.inst_code)
        ticket.institution_id = by_name.get(ticket.inst_name) if found is None else found


def _named(names: set[str]) -> dict[str, int | None]:
    """What ``Institution.objects.named`` answers for each of the names: ``None`` where two fit."""
    keys = {name: name_key(name) for name in names}
    wanted = sorted(set(keys.values()) - {""})
    found: dict[str, set[int]] = defaultdict(set)
    for column in ("name_key", "aliases__key"):
        for at in range(0, len(wanted), _AT_A_TIME):
            fit = Institution.objects.filter(**{f"{column}__in": wanted[at : at + _AT_A_TIME]})
            for key, pk in fit.values_list(column, "pk"):
                found[key].add(pk)
    one = {key: pks.pop() if len(pks) == 1 else None for key, pks in found.items()}
    return {name: one.get(key) for name, key in keys.items()}


def _filing_fact(filing: Filing) -> diagnosis_engine.FilingFact:
    return diagnosis_engine.FilingFact(
        pk=filing.pk,
        number=filing.number,
        status=filing.status,
        status_label=filing.get_status_display(),
        category=str(filing.variant),
        destination=filing.destination,
        destination_name=filing.destination_name,
        start_on=filing.start_on,
        end_on=filing.end_on,
        uploaded=filing.uploaded,
    )
