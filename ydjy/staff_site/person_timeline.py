"""Who stands above the filings and knows persons too: the tickets' rows for 一人一档."""

from collections.abc import Iterator
from datetime import datetime, time
from typing import Any

from django.urls import reverse
from django.utils import timezone

from apps.errors.models import Ticket
from apps.filings.review import timeline
from apps.filings.review.timeline import Moment


def tickets(cert_index: str, staff: Any) -> Iterator[Moment]:
    """The failed settlements of the person that ``staff`` may see, on the day they failed."""
    if not staff.has_perm("errors.view_ticket"):
        return
    rows = Ticket.objects.of_person(cert_index).visible_to(staff).select_related("assignee")
    for ticket in rows[: timeline.SHOWN]:
        at = ticket.reported_at or timezone.make_aware(
            datetime.combine(ticket.reported_on, time.min)
        )
        words = f"{ticket.number} {ticket.inst_name}：{ticket.err_msg}"
        if ticket.result:
            words += f"。处理结果：{ticket.result}"
        yield Moment(
            at,
            f"联网报错（{ticket.get_status_display()}）",
            words,
            reverse("admin:errors_ticket_change", args=[ticket.pk]),
            str(ticket.assignee or ""),
        )
