"""The numbers of a week's tickets: given once, in the order of the lines, however many they are."""

import pytest

from apps.errors.intake import receive as intake_receive
from apps.errors.models import Ticket
from tests import cast as casting
from tests import workbooks

pytestmark = pytest.mark.django_db


def test_the_ten_thousandth_ticket_of_a_week_has_a_number_too(cast):
    last = casting.ticket(cast, number="2026W47-9999")
    data = workbooks.weekly_workbook(workbooks.weekly_rows(2))
    upload = intake_receive.receive(data, "a.xlsx", by=cast.lead, batch=casting.batch())
    intake_receive.confirm(upload, by=cast.lead)
    made = Ticket.objects.exclude(pk=last.pk).order_by("pk")
    assert [ticket.number for ticket in made] == ["2026W47-10000", "2026W47-10001"]
    for ticket in made:  # SQLite would hold what is too long for PostgreSQL
        Ticket._meta.get_field("number").run_validators(ticket.number)
