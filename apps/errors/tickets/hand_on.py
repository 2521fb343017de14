"""Tickets of somebody who leaves: to a colleague, or back to be handed out anew."""

from typing import Any

from django.db.models import QuerySet

from apps.errors.models import Ticket
from apps.offices.models import Staff
from apps.offices.open_work import OpenWork


def _held(person: Staff) -> QuerySet[Ticket]:
    tickets: QuerySet[Ticket] = Ticket.objects.open().of(person)
    return tickets


def _offered(person: Staff) -> QuerySet[Ticket]:
    tickets: QuerySet[Ticket] = Ticket.objects.offered_to_any([person.pk])
    return tickets


def _pass_ticket(ticket: Ticket, person: Staff, to: Staff | None, by: Any) -> None:
    if to is None:
        ticket.release(by=by, words=f"{person}不再办，退回未分派")
    else:
        ticket.assign(to, by=by)


def _pass_offer(ticket: Ticket, person: Staff, to: Staff | None, by: Any) -> None:
    """The colleague is asked instead; the owner keeps it where nobody is, or is the colleague."""
    if to is None or to.pk == ticket.assignee_id:
        ticket.withdraw_offer(by=by, words=f"{person}不再办，不能接手")
    else:
        ticket.hand_over(to, by=by, words=f"原来请的是{person}")


WORK = (
    OpenWork("没办完的报错工单", _held, _pass_ticket, "退回未分派"),
    OpenWork("请他接手的报错工单", _offered, _pass_offer, "还在原经办人手上"),
)
