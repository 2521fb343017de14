"""A ticket that came by telephone, from a work group or on paper, not in the list (E6).

It joins the week that is answered now, the next one after the cut-off. It has no line in a file,
so nothing of it goes back; a later list that names the same problem becomes its own ticket, linked
by what it is about.
"""

from typing import Any

from django.db import transaction
from django.utils import timezone

from apps.errors.diagnosis import facts as diagnosis_facts
from apps.errors.intake import tickets as intake_tickets
from apps.errors.models import Ticket, TicketEvent
from apps.errors.models.transitions import Status
from apps.errors.weeks import carry_over
from ydjy.desk.exceptions import must


@transaction.atomic
def report(values: dict[str, Any], *, source: str, by: Any) -> Ticket:
    """Open a ticket for what somebody said. ``values`` as the weekly list's reader gives them."""
    must(source in Ticket.Source.values and source != Ticket.Source.PROVINCE, "请选择来源。")
    now = timezone.now()
    batch = carry_over.cycle_at(now)
    batch = type(batch).objects.select_for_update().get(pk=batch.pk)
    ticket = Ticket(batch=batch, number=next(batch.numbers()), source=source)
    for name, value in intake_tickets.columns(batch, values).items():
        setattr(ticket, name, value)
    ticket.source_key = ""  # the province's own line of the same problem is another ticket
    ticket.office, ticket.routed = intake_tickets.Routes().of(ticket)
    must(
        ticket.office.path.startswith(by.case_path or "-"),
        f"参保地归{ticket.office}承办，请转给他们登记，或由市级登记。",
    )
    ticket.assignee, ticket.status = by, Status.WORKING
    diagnosis_facts.find_institutions([ticket])
    diagnosis_facts.Knowledge([ticket]).set_diagnosis(ticket)
    ticket.save()
    TicketEvent.objects.create(
        ticket=ticket,
        at=now,
        by=by,
        verb=TicketEvent.Verb.RECEIVE,
        before="",
        after=Status.WORKING,
        words=f"{ticket.get_source_display()}登记",
    )
    return ticket
