"""What the list asks all day is answered by an index, and not by walking years of tickets."""

import pytest
from django.db import connection
from django.utils import timezone

from apps.errors.models import Ticket
from apps.errors.tickets import filters
from tests import cast as casting
from ydjy.desk import bulk_insert

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.postgres,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="reads PostgreSQL's plans"),
]


@pytest.fixture
def years(cast):
    """Tickets as they are after a while: nearly all are over, some are somebody's. Of an empty
    table every index is as good as every other, and which is taken is chance."""
    first = casting.ticket(cast, "yixian", number="2024W01-0000")
    make = bulk_insert.maker(Ticket, **{**first.__dict__, "id": None, "split_from_id": None})
    over = {"status": "merged", "merged_into_id": first.pk}
    rows = [make({"number": f"2024W01-{n:04d}", **over}) for n in range(1, 2000)]
    for n, row in enumerate(rows[::40]):
        row.merged_into_id, row.split_from_id = None, first.pk if n % 10 == 0 else None
        row.assignee_id = cast.yixian.pk if n % 5 == 0 else cast.heishan.pk
        row.status, row.waiting_for = ("new", "working", "waiting")[n % 3], "省里"
    bulk_insert.insert(rows)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE errors_ticket")
    return first


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
def test_a_tab_is_read_by_its_index_in_the_order_of_the_list(cast, years, tab, index):
    condition = filters.tab_condition(tab, cast.yixian, timezone.now())
    told = plan(Ticket.objects.filter(condition).order_by("number")[:50])
    assert index in told
    if tab != "mine":
        assert "Sort" not in told


def test_the_parts_of_a_ticket_are_found_by_their_index(years):
    told = plan(Ticket.objects.filter(split_from=years))
    assert "ticket_split_from_some" in told
