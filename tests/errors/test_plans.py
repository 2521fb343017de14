"""What the list asks all day is answered by an index, and not by walking years of tickets."""

import pytest
from django.db import connection
from django.utils import timezone

from apps.errors import filters
from apps.errors.models import Ticket

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.postgres,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="reads PostgreSQL's plans"),
]


def plan(tickets) -> str:
    """The plan that PostgreSQL takes when it is dear to read a whole table."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_bitmapscan = off")
    return tickets.explain()


@pytest.mark.parametrize(
    ("tab", "index"),
    [
        ("mine", "ticket_assignee_status"),
        ("new", "ticket_status_number"),
        ("working", "ticket_status_number"),
        ("waiting", "ticket_status_number"),
    ],
)
def test_a_tab_is_read_by_its_index_in_the_order_of_the_list(cast, tab, index):
    condition = filters.tab_condition(tab, cast.yixian, timezone.now())
    told = plan(Ticket.objects.filter(condition).order_by("number")[:50])
    assert index in told
    if tab != "mine":
        assert "Sort" not in told


def test_the_parts_of_a_ticket_are_found_by_their_index(cast):
    told = plan(Ticket.objects.filter(split_from=1))
    assert "ticket_split_from_some" in told
