"""A received line becomes a ticket: its columns, its number, its office, its clerk, its diagnosis.

Used for a whole file when it is confirmed, and for one line when a person decides it. The caller
holds the lock of the batch, so that numbers are given once.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from django.db.models import F
from django.utils import timezone

from apps.errors.diagnosis import facts as diagnosis_facts
from apps.errors.intake import columns as intake_columns
from apps.errors.intake.assignment import Roster, hand_out
from apps.errors.models import Batch, RouteRule, SourceLine, Ticket, TicketEvent
from apps.errors.models.transitions import Status
from apps.offices.models import Office, Staff
from ydjy.desk import bulk_insert
from ydjy.desk.admin.person_search import CERT_INDEX
from ydjy.desk.crashpoints import crashpoint
from ydjy.desk.crypto.fields import blind_index, opened
from ydjy.desk.exceptions import Refused
from ydjy.desk.imports import row_places
from ydjy.desk.imports.kinds import Values
from ydjy.desk.models import StagedRow
from ydjy.lib import pinyin, workdays

TEXTS = (
    "seq province_no insured_area insured_place care_area care_place inst_code inst_name name "
    "cert_type psn_no insutype med_type txn_type infno mdtrt_id setl_id msgid err_code err_msg "
    "contact phone remark"
).split()
_YES = {"是": True, "否": False}
Assign = str  # "county": each to a clerk of its office; "none": nobody yet


def source_key(batch: Batch, values: Values) -> str:
    """What makes two lines of a week the same problem, as it stands in the ticket's table: 32 hex
    digits, blank when it cannot be told."""
    key = intake_columns.same_problem(values)
    return blind_index("ticket.source", f"{batch.week}\x1f{key}") if key else ""


def columns(batch: Batch, values: Values) -> dict[str, Any]:
    """The ticket's columns that come from the line."""
    at = values.get("reported_at")
    cert_no, name = values["cert_no"] or "", values["name"] or ""
    return {
        **{key: values.get(key) or "" for key in TEXTS},
        "cert_no": cert_no,
        "cert_index": blind_index(CERT_INDEX, cert_no),
        "name_initials": pinyin.initials(name, person=True)[:50],
        "reported_on": date.fromisoformat(values["reported_on"] or ""),
        "reported_at": datetime.fromisoformat(at).replace(tzinfo=workdays.SHANGHAI) if at else None,
        "amount": values.get("amount"),
        "in_hospital": _YES.get(values.get("in_hospital") or ""),
        "fingerprint": blind_index("ticket.repeated", intake_columns.repeated_problem(values)),
        "source_key": source_key(batch, values),
    }


def open_tickets(
    batch: Batch,
    rows: Sequence[StagedRow],
    *,
    by: Any,
    assign: Assign,
    numbers: Iterator[str] | None = None,
) -> dict[int, Ticket]:
    """Tickets by the key of their staged row, numbered on from the week's last, with what was
    done to them so far. ``numbers``: those that a file of many parts goes on with."""
    routes, numbers = Routes(), numbers or batch.numbers()
    now = timezone.now()
    make = bulk_insert.maker(Ticket, batch_id=batch.pk, created_at=now, touched_at=now)
    made: dict[int, Ticket] = {}
    for row in rows:
        ticket = make(columns(batch, opened(row.values) or {}))
        ticket.number = next(numbers)
        office, ticket.routed = routes.of(ticket)
        ticket.office_id = office.pk
        made[row.pk] = ticket
    tickets = list(made.values())
    diagnosis_facts.find_institutions(tickets)
    _carry_over(batch, tickets)
    knowledge = diagnosis_facts.Knowledge(tickets)
    for ticket in tickets:
        knowledge.set_diagnosis(ticket)
    roster = Roster(timezone.localdate(now)) if assign == "county" else None
    clerks = hand_out(tickets, roster) if roster else {}
    bulk_insert.insert(tickets)
    crashpoint("CI7")
    waiting = {o.pk: words for o in routes.offices if roster and (words := roster.complaint(o))}
    _log(rows, made, by, clerks, waiting)
    return made


class Routes:
    """Which office answers for a line, and why: its insured area decides, else the city."""

    def __init__(self) -> None:
        self.offices = list(Office.objects.filter(handles_cases=True).order_by("path"))
        city = next((office for office in self.offices if office.municipal), None)
        if city is None:
            raise Refused("还没有市级经办机构。请先运行 load_policy 载入本市资料。")
        self.city = city
        rules = RouteRule.objects.on(timezone.localdate()).select_related("office")
        self.rules = list(rules.order_by("order", "pk"))
        self._known: dict[tuple[str, str], tuple[Office, str]] = {}

    def of(self, ticket: Ticket) -> tuple[Office, str]:
        place = (ticket.insured_area, ticket.insured_place)
        if place not in self._known:
            self._known[place] = self._found(ticket)
        return self._known[place]

    def _found(self, ticket: Ticket) -> tuple[Office, str]:
        for rule in self.rules:
            if rule.fits(ticket.insured_area, ticket.insured_place):
                return rule.office, rule.reason
        for office in self.offices:
            if office.area and office.area == ticket.insured_area and not office.municipal:
                return office, f"参保地是{ticket.insured_place or office.area_name}"
        for office in self.offices:
            named = office.area_name and office.area_name in ticket.insured_place
            if named and not office.municipal:
                return office, f"参保地写的是“{ticket.insured_place}”"
        where = ticket.insured_place or ticket.insured_area
        return self.city, f"{where}由市里承办" if where else "没有写参保地，由市里承办"


def _carry_over(batch: Batch, tickets: list[Ticket]) -> None:
    """The same problem of an earlier week: linked, so that the clerk sees «again» (E12)."""
    prints = {ticket.fingerprint for ticket in tickets}
    earlier = Ticket.objects.exclude(batch=batch).order_by("batch__due_at")
    last: dict[str, tuple[int, int]] = {}
    wanted = sorted(prints)
    for at in range(0, len(wanted), 500):
        found = earlier.filter(fingerprint__in=wanted[at : at + 500])
        for fingerprint, *seen in found.values_list("fingerprint", "pk", "times"):
            last[fingerprint] = (seen[0], seen[1])
    for ticket in tickets:
        if ticket.fingerprint in last:
            ticket.carried_from_id, times = last[ticket.fingerprint]
            ticket.times = times + 1


_EVENT = ("ticket_id", "at", "by_id", "verb", "before", "after", "words")


def _log(
    rows: Sequence[StagedRow],
    made: Mapping[int, Ticket],
    by: Any,
    clerks: Mapping[int, Staff],
    waiting: Mapping[int, str],
) -> None:
    """``waiting``: of an office where nobody can take lines, why."""
    now, who = timezone.now(), by.pk if by else None
    events: list[tuple[Any, ...]] = []
    for row in rows:
        ticket = made[row.pk]
        words = f"从《{row.upload.filename}》{row_places.of_row(row.sheet, row.row)}导入"
        if why := waiting.get(ticket.office_id):
            words = f"{words}；{why}，还没有分派"
        events.append((ticket.pk, now, who, "receive", "", Status.NEW, words[:300]))
        if clerk := clerks.get(ticket.assignee_id):
            words = f"{ticket.routed}，分派给{clerk}"[:300]
            events.append((ticket.pk, now, who, "assign", Status.NEW, Status.WORKING, words))
    bulk_insert.insert_values(TicketEvent, _EVENT, events)
    crashpoint("CI7")


def link(lines: Iterable[tuple[int, Ticket]]) -> None:
    """Every line knows its ticket: (key of the staged row, ticket)."""
    found = ((ticket.pk, row) for row, ticket in lines)
    bulk_insert.insert_values(SourceLine, ("ticket_id", "staged_id"), found)
    crashpoint("CI7")


def withdraw(tickets: Sequence[Ticket], *, by: Any, words: str) -> None:
    """The import of these tickets is taken back before anybody has worked on them: they leave the
    week, and their lines are without a ticket again. The caller holds their locks."""
    now, who = timezone.now(), by.pk if by else None
    keys = [ticket.pk for ticket in tickets]
    SourceLine.objects.filter(ticket__in=keys).delete()
    Ticket.objects.filter(pk__in=keys).update(
        status=Status.WITHDRAWN, version=F("version") + 1, touched_at=now
    )
    events = (
        (one.pk, now, who, "withdraw", one.status, Status.WITHDRAWN, words[:300]) for one in tickets
    )
    bulk_insert.insert_values(TicketEvent, _EVENT, events)
