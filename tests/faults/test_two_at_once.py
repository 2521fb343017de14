"""Two workers, two tickers, two clerks at the same moment: once each, and nobody's words lost.

Real threads with their own connections and a barrier. Every guard has its control: the same race
with the guard taken away does go wrong, so the race is real.
"""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from apps.errors.diagnosis.cause_codes import sync_causes
from apps.errors.exchange import outbox
from apps.errors.models import Dispatch, ExchangeSettings, Notice, ReturnFile, Ticket
from apps.errors.models.desk_work import ReminderStep
from apps.errors.reports import reminders
from apps.errors.returns import build as returns_build
from apps.offices.sync import sync_calendar
from tests import cast as casting
from tests.errors import weeks
from tests.faults.racing import RACE, both
from ydjy.desk.exceptions import Stale

pytestmark = RACE
RUNS = 3


@pytest.fixture
def people(db, transactional_db):
    return casting.hire()


@pytest.fixture
def planned(people, tmp_path) -> Dispatch:
    sync_causes()
    ExchangeSettings.objects.create(channel="folder", folder=str(tmp_path))
    batch = weeks.received(people)
    with weeks.at(weeks.FRIDAY):
        weeks.answer_all(batch, people.yixian)
        [file] = returns_build.prepare(batch, by=people.lead)
        return outbox.plan(returns_build.sign(file, by=people.reviewer))


def test_one_of_two_workers_gets_the_lease(planned):
    for _ in range(RUNS):
        now = timezone.now()
        taken = both(*[lambda now=now: outbox.claim(planned.pk, now=now)] * 2)
        assert sum(one is not None for one in taken) == 1, taken
        Dispatch.objects.update(lease="", lease_until=None)


def test_without_the_condition_both_would_have_taken_it(planned):
    barrier = threading.Barrier(2)

    def careless() -> bool:
        row = Dispatch.objects.get(pk=planned.pk)
        free = row.lease_until is None
        barrier.wait(10)
        if free:
            Dispatch.objects.filter(pk=row.pk).update(
                lease_until=timezone.now() + timedelta(minutes=2)
            )
        return free

    assert both(careless, careless) == [True, True]


def test_two_sweeps_deliver_one_file_once(planned, tmp_path):
    results = both(outbox.sweep, outbox.sweep)
    assert sorted(results) == [0, 1]
    assert [path.name for path in (tmp_path / "out").iterdir()] == [planned.file.filename]


def test_two_clerks_at_one_ticket_the_second_is_shown_the_firsts_words(people):
    sync_causes()
    for order in range(RUNS):
        ticket = casting.ticket(people, "yixian", number=f"2026W47-{order + 201:03d}")
        card = weeks.CauseCode.objects.get(code="card")

        def save(by: Any, words: str, ticket: Ticket = ticket, card: Any = card) -> None:
            Ticket.objects.get(pk=ticket.pk).answer(by=by, cause=card, result=words, expected=1)

        results = both(
            lambda save=save: save(people.yixian, "甲"), lambda save=save: save(people.lead, "乙")
        )
        assert sorted(type(one).__name__ for one in results) == ["NoneType", "Stale"]
        stale = next(one for one in results if isinstance(one, Stale))
        ticket.refresh_from_db()
        assert stale.row.result == ticket.result
        assert ticket.events.filter(verb="answer").count() == 1


def test_without_the_version_the_second_would_have_overwritten_the_first(people):
    sync_causes()
    ticket = casting.ticket(people, "yixian")
    card = weeks.CauseCode.objects.get(code="card")
    results = both(
        lambda: Ticket.objects.get(pk=ticket.pk).answer(by=people.yixian, cause=card, result="甲"),
        lambda: Ticket.objects.get(pk=ticket.pk).answer(by=people.lead, cause=card, result="乙"),
    )
    assert results == [None, None]
    assert ticket.events.filter(verb="answer").count() == 2


def test_two_tickers_remind_once(people):
    sync_causes()
    sync_calendar()
    reminders.sync_ladder()
    batch = weeks.received(people)
    now = weeks.FRIDAY.replace(day=18, hour=10, minute=1)
    assert ReminderStep.objects.count() == 4
    results = both(*[lambda: reminders.remind(batch, now)] * 2)
    assert sorted(results) == [0, 1]
    assert Notice.objects.count() == 1


def test_two_people_prepare_one_draft(people):
    sync_causes()
    batch = weeks.received(people)
    for ticket in batch.tickets.all():
        weeks.answer(ticket, people.yixian)
    late = {"late_reason": "演练"}
    results = both(
        lambda: returns_build.prepare(batch, by=people.lead, **late),
        lambda: returns_build.prepare(batch, by=people.reviewer, **late),
    )
    assert all(isinstance(one, list) for one in results), results
    assert ReturnFile.objects.count() == 1
