"""Previous and next of a ticket: in the list the clerk came from, or else among the clerk's own.

The list travels as its own query (``from``), so that its filters are kept from ticket to ticket
and on the way back (E17).
"""

from typing import Any
from urllib.parse import urlencode

from django.contrib.admin.options import IncorrectLookupParameters
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from apps.errors.models import Ticket
from apps.errors.tickets.display import queue_url

LONGEST = 2000  # tickets of a list that one steps through


def came_from(request: HttpRequest) -> str:
    """The query of the list, blank for one's own tickets."""
    return (request.POST.get("from") or request.GET.get("from") or "")[:1000]


def list_url(request: HttpRequest) -> str:
    query = came_from(request)
    return queue_url() + (f"?{query}" if query else "")


def page_url(pk: int, request: HttpRequest) -> str:
    query = came_from(request)
    address = reverse("admin:errors_ticket_change", args=[pk])
    return address + (f"?{urlencode({'from': query})}" if query else "")


def keys(self: Any, request: HttpRequest) -> list[tuple[str, int]]:
    """(number, key) in the order of the list."""
    if query := came_from(request):
        try:
            rows = self.narrowed(request, query)
        except IncorrectLookupParameters:
            pass
        else:
            return list(rows.values_list("number", "pk")[:LONGEST])
    staff = request.user
    mine = Ticket.objects.visible_to(staff).to_do_by(staff, timezone.localdate())
    # Sorted here: asked to sort, a database walks all years.
    return sorted(mine.order_by().values_list("number", "pk"))


def place(self: Any, request: HttpRequest, row: Ticket) -> dict[str, Any]:
    """Where this ticket stands in the list, and its neighbours."""
    listed = [pk for _, pk in keys(self, request)]
    urls = {"of": len(listed), "list": list_url(request), "from": came_from(request)}
    if row.pk not in listed:
        return urls | {"next": page_url(listed[0], request) if listed else ""}
    at = listed.index(row.pk)
    return urls | {
        "at": at + 1,
        "previous": page_url(listed[at - 1], request) if at else "",
        "next": page_url(listed[at + 1], request) if at + 1 < len(listed) else "",
    }


def following(self: Any, request: HttpRequest, ticket: Ticket) -> int | None:
    """The ticket to go on with after this one, from the beginning again at the end of the list.
    Asked before the save, while this one still stands in it."""
    listed = keys(self, request)
    others = [pk for _, pk in listed if pk != ticket.pk]
    pks = [pk for _, pk in listed]
    if ticket.pk in pks:
        ahead = pks[pks.index(ticket.pk) + 1 :]
    else:
        ahead = [pk for number, pk in listed if number > ticket.number]
    return next(iter(ahead or others), None)
