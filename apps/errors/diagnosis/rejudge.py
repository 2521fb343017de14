"""Judge tickets anew when a clerk asks: evidence and proposal are refreshed, what the clerk has
decided (cause, words, note, state) stays as it is, and so does the version the clerk looks at."""

from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.utils import timezone

from apps.errors.diagnosis import facts as diagnosis_facts
from apps.errors.models import BulkAction, Ticket, TicketEvent
from ydjy.desk import bulk_insert as rows

AT_ONCE = 500


@transaction.atomic
def rejudge(keys: Iterable[int], *, by: Any, action: BulkAction | None = None) -> int:
    """Look again for institution, filings and openings of these tickets; how many were judged."""
    found = Ticket.objects.filter(pk__in=list(keys)).select_for_update(of=("self",)).order_by("pk")
    tickets = list(found)
    diagnosis_facts.find_institutions(tickets)
    knowledge = diagnosis_facts.Knowledge(tickets)
    for ticket in tickets:
        knowledge.set_diagnosis(ticket)
    columns = [*diagnosis_facts.DIAGNOSED, "institution"]
    Ticket.objects.bulk_update(tickets, columns, batch_size=AT_ONCE)
    now = timezone.now()
    rows.insert([_event(ticket, now, by, action) for ticket in tickets])
    return len(tickets)


def _event(ticket: Ticket, now: Any, by: Any, action: BulkAction | None) -> TicketEvent:
    return TicketEvent(
        ticket=ticket,
        at=now,
        by=by,
        verb=TicketEvent.Verb.DIAGNOSE,
        before=ticket.status,
        after=ticket.status,
        words=str(ticket.proposed_cause or "判断不出"),
        bulk=action,
    )
