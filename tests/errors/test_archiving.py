"""A week that is over is put away, by the minute job or by a press, and taken up again."""

from datetime import date, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from apps.errors import tasks
from apps.errors.diagnosis.cause_codes import sync_causes
from apps.errors.exchange import feedback, outbox
from apps.errors.intake import receive as intake_receive
from apps.errors.models import ArchiveEvent, ArchiveRule, Batch, Ticket
from apps.errors.returns import build as returns_build
from apps.errors.returns import nil_return
from apps.errors.weeks import carry_over
from tests import workbooks
from tests.errors import weeks
from ydjy.desk.exceptions import Refused

pytestmark = pytest.mark.django_db
STATE = Batch.State


def answer_file(verdict: str) -> bytes:
    rows = [[*row, verdict] for row in workbooks.weekly_rows(2)]
    return workbooks.xlsx([[*workbooks.WEEKLY_HEADERS[1], "审核结果"], *rows])


def send(batch, cast) -> None:
    weeks.answer_all(batch, cast.yixian)
    for file in returns_build.prepare(batch, by=cast.lead):
        outbox.hand_in(returns_build.sign(file, by=cast.reviewer), by=cast.lead)


@pytest.fixture
def returned(cast) -> Batch:
    sync_causes()
    batch = weeks.received(cast, 2)
    with weeks.at(weeks.FRIDAY):
        send(batch, cast)
    batch.refresh_from_db()
    return batch


@pytest.fixture
def confirmed(returned, cast) -> Batch:
    with weeks.at(weeks.NEXT_MONDAY):
        feedback.receive(answer_file("认可"), "审核.xlsx", by=cast.lead, batch=returned)
    returned.refresh_from_db()
    return returned


def later(days: float):
    return weeks.NEXT_MONDAY + timedelta(days=days)


def test_every_state_of_a_week_can_be_reached(cast):
    sync_causes()
    seen = []

    def look(batch: Batch) -> None:
        batch.refresh_from_db()
        seen.append(batch.state)

    with weeks.at(weeks.MONDAY):
        batch = Batch.objects.at(weeks.MONDAY)
        look(batch)
        upload = intake_receive.receive(
            workbooks.weekly_workbook(workbooks.weekly_rows(2)), "a.xlsx", by=cast.lead
        )
        intake_receive.confirm(upload, by=cast.lead)
        look(batch)
    with weeks.at(weeks.FRIDAY):
        weeks.answer(batch.tickets.first(), cast.lead)
        look(batch)
        weeks.answer_all(batch, cast.lead)
        look(batch)
        send(batch, cast)
        look(batch)
    with weeks.at(weeks.NEXT_MONDAY):
        feedback.receive(answer_file("认可"), "审核.xlsx", by=cast.lead, batch=batch)
        look(batch)
    with weeks.at(later(31)):
        tasks.run(later(31))
        look(batch)
    assert seen == list(STATE.values)


def test_the_minute_job_puts_away_after_the_days_of_the_rule_once(confirmed, cast):
    ArchiveRule.objects.create(valid_from=date(2026, 12, 1), days=10)
    for days, archived in ((5, False), (9.9, False), (10.1, True), (11, True)):
        carry_over.archive(later(days))
        confirmed.refresh_from_db()
        assert (confirmed.archived_at is not None) == archived, days
    [event] = ArchiveEvent.objects.all()
    assert str(event) == "系统：归档"


def test_a_week_without_errors_is_put_away_too(cast):
    with weeks.at(weeks.MONDAY):
        batch = nil_return.declare(Batch.objects.at(weeks.MONDAY), by=cast.lead)
    assert carry_over.archive(weeks.MONDAY + timedelta(days=29)) == 0
    assert carry_over.archive(weeks.MONDAY + timedelta(days=31)) == 1
    batch.refresh_from_db()
    assert batch.state == STATE.ARCHIVED


def test_a_week_that_the_province_never_answered_is_put_away_by_a_person(returned, cast, client_of):
    assert carry_over.archive(later(400)) == 0
    browser, page = client_of(cast.lead), reverse("admin:errors_batch_change", args=[returned.pk])
    assert "归档</button>" in browser.get(page).content.decode()
    html = browser.post(
        reverse("admin:errors_batch_archive", args=[returned.pk]), follow=True
    ).content.decode()
    assert "2026-W47 已归档。" in html
    assert "刘敏：归档" in html
    assert "归档</button>" not in html


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda batch: Batch.objects.filter(pk=batch.pk).update(returned_at=None), "还没有返回"),
        (
            lambda batch: Ticket.objects.filter(batch=batch).update(status="working"),
            "还有 2 条没有结果",
        ),
        (lambda batch: batch.returns.update(state="prepared"), "等复核"),
        (
            lambda batch: Batch.objects.filter(pk=batch.pk).update(archived_at=timezone.now()),
            "已经归档",
        ),
    ],
)
def test_what_is_still_at_work_is_not_put_away(confirmed, cast, spoil, why):
    spoil(confirmed)
    with pytest.raises(Refused, match=why):
        confirmed.archive(by=cast.lead)
    assert carry_over.archive(later(40)) == 0


def test_a_rejection_that_comes_late_takes_the_week_up_again(confirmed, cast):
    carry_over.archive(later(31))
    with weeks.at(later(32)):
        feedback.receive(answer_file("退回"), "再审.xlsx", by=cast.lead, batch=confirmed)
    confirmed.refresh_from_db()
    assert (confirmed.state, confirmed.confirmed_at) == (STATE.RETURNED, None)
    assert [one.words for one in confirmed.archive_events.all()] == ["省里退回，取消归档", "归档"]
