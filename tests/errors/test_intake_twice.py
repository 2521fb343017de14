"""Two clerks, or one who clicks twice, confirm the same file in the same moment."""

import threading
import uuid
from collections.abc import Callable

import pytest
from django.db import DatabaseError, connection, models

from apps.errors.intake import receive as intake_receive
from apps.errors.intake import tickets as intake_tickets
from apps.errors.models import Ticket
from tests import cast as casting
from tests import workbooks
from ydjy.desk.models import Upload

RUNS, ROWS = 50, 4
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def lead():
    if connection.vendor != "postgresql":
        pytest.skip("one writer at a time on SQLite: shown on PostgreSQL")
    return casting.hire().lead


def staged(lead, run: int) -> Upload:
    rows = workbooks.weekly_rows(ROWS)
    for row in rows:
        row[1] = f"LN-{run}-{row[0]}"
    return intake_receive.receive(workbooks.weekly_workbook(rows), f"{run}.xlsx", by=lead)


def at_once(act: Callable[[], object], people: int = 2) -> list[Exception]:
    """Several people do the same in the same moment; what went wrong for whom."""
    barrier, wrong = threading.Barrier(people), []

    def person() -> None:
        barrier.wait(10)
        try:
            act()
        except Exception as error:
            wrong.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=person) for _ in range(people)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return wrong


def test_fifty_double_confirmations_double_nothing_and_fail_nowhere(lead):
    for run in range(RUNS):
        upload = staged(lead, run)
        assert at_once(lambda upload=upload: intake_receive.confirm(upload, by=lead)) == []
        assert Ticket.everything.count() == (run + 1) * ROWS
    assert len(set(Ticket.everything.values_list("number", flat=True))) == RUNS * ROWS


def test_the_same_file_sent_twice_in_one_moment_has_one_receipt(lead):
    data = workbooks.weekly_workbook(workbooks.weekly_rows(ROWS))
    wrong = at_once(lambda: intake_receive.receive(data, "a.xlsx", by=lead))
    assert [type(error).__name__ for error in wrong] in (["AlreadyReceived"], [])
    assert Upload.objects.count() == 1


@pytest.fixture
def without_the_lock(monkeypatch):
    """Both pass the check of the state before either writes."""
    meeting, make = threading.Barrier(2), intake_tickets.open_tickets

    def unlocked(self: models.QuerySet, **more: object) -> models.QuerySet:
        return self.all()

    def together(*args: object, **more: object) -> object:
        meeting.wait(10)
        return make(*args, **more)

    monkeypatch.setattr(models.QuerySet, "select_for_update", unlocked)
    monkeypatch.setattr(intake_tickets, "open_tickets", together)


def test_without_the_lock_the_second_would_run_into_the_constraint(lead, without_the_lock):
    upload = staged(lead, 0)
    [error] = at_once(lambda: intake_receive.confirm(upload, by=lead))
    assert isinstance(error, DatabaseError)
    assert Ticket.everything.count() == ROWS


def test_without_lock_and_constraints_there_would_be_twice_as_many(
    lead, without_the_lock, monkeypatch
):
    write = intake_tickets.bulk_insert.insert

    def unguarded(rows: list[models.Model]) -> None:
        for row in rows:
            if isinstance(row, Ticket):
                row.number, row.source_key = uuid.uuid4().hex[:12], ""
        write(rows)

    monkeypatch.setattr(intake_tickets.bulk_insert, "insert", unguarded)
    monkeypatch.setattr(intake_tickets, "link", lambda lines: None)
    upload = staged(lead, 0)
    assert at_once(lambda: intake_receive.confirm(upload, by=lead)) == []
    assert Ticket.everything.count() == 2 * ROWS
