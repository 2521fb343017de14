"""A message says what is so when it is read, goes with its cause, and no week is forgotten."""

from datetime import date, datetime, timedelta

import pytest
from django.urls import reverse

from apps.errors import tasks
from apps.errors.diagnosis.cause_codes import sync_causes
from apps.errors.models import Batch, Notice
from apps.errors.reports import reminders
from apps.offices.models import Duty
from apps.offices.sync import sync_calendar
from tests import cast as casting
from tests.errors import weeks
from ydjy.lib.workdays import SHANGHAI

pytestmark = pytest.mark.django_db
NINTH = datetime(2026, 12, 9, 9, 1, tzinfo=SHANGHAI)  # a Wednesday
WEDNESDAY = weeks.MONDAY.replace(day=18, hour=10)


@pytest.fixture(autouse=True)
def _ladder(db):
    sync_calendar()
    sync_causes()
    reminders.sync_ladder()


@pytest.fixture
def forgotten(cast) -> Batch:
    """W49 with 144 open tickets of 义县; nothing has ticked since it came."""
    batch = Batch.objects.of_week(2026, 49)
    batch.received_at = batch.due_at - timedelta(days=4)
    batch.save()
    for order in range(144):
        casting.ticket(
            cast, number=f"2026W49-{order + 1:03d}", batch=batch, assignee=cast.yixian,
            status="working", fingerprint=f"{order:032d}",
        )  # fmt: skip
    return batch


def read(person, now) -> list[str]:
    """What stands on the first page of this person at that moment."""
    return [one.words for one in reminders.standing(type(person).objects.get(pk=person.pk), now)]


def test_after_a_week_without_a_beat_everybody_is_told_of_the_week_that_is_over(forgotten, cast):
    with weeks.at(NINTH):
        tasks.run(NINTH)
        assert read(cast.yixian, NINTH) == [
            "2026-W49 你手上还有 144 条没有结果，返回期限已过 4 天 17 小时。"
        ]
        lead = "2026-W49 全市还有 144 条没有结果，返回期限已过 4 天 17 小时。"
        assert read(cast.lead, NINTH) == read(cast.head, NINTH) == [lead]
        assert read(cast.county_lead, NINTH) == [lead.replace("全市", "义县医保中心")]
        assert read(cast.heishan, NINTH) == []


def test_a_week_that_is_over_is_told_once_each_working_day(forgotten, cast):
    sent = []
    for moment in (
        NINTH, NINTH + timedelta(hours=6), NINTH + timedelta(hours=11),  # once; and not at night
        NINTH + timedelta(days=1), NINTH + timedelta(days=3),  # Thursday; not on Saturday
    ):  # fmt: skip
        with weeks.at(moment):
            sent.append(reminders.remind_all(moment))
    assert sent == [4, 0, 0, 4, 0]
    assert len(read(cast.yixian, NINTH + timedelta(days=3))) == 1


def test_a_week_with_all_its_answers_and_no_return_is_told_to_the_bureau(forgotten, cast):
    with weeks.at(NINTH):
        forgotten.tickets.update(
            status="answered", result="已核实。", answered_at=NINTH - timedelta(days=6)
        )
        assert reminders.remind_all(NINTH) == 2
        words = "2026-W49 还没有返回省里，返回期限已过 4 天 17 小时。"
        assert read(cast.lead, NINTH) == read(cast.head, NINTH) == [words]
        assert read(cast.yixian, NINTH) == []
        Batch.objects.update(returned_at=NINTH, received_at=NINTH)
        assert read(cast.lead, NINTH) == []
        assert reminders.remind_all(NINTH + timedelta(days=1)) == 0


def test_a_message_says_what_is_so_when_it_is_read(cast, client_of):
    batch = weeks.received(cast, 3)
    with weeks.at(WEDNESDAY):
        reminders.remind_all(WEDNESDAY)
        assert read(cast.yixian, WEDNESDAY) == [
            "2026-W47 你手上还有 3 条没有结果，离返回省里还有 2 天 6 小时。"
        ]
    with weeks.at(weeks.TOO_LATE):
        weeks.answer(batch.tickets.first(), cast.yixian)
        words = "2026-W47 你手上还有 2 条没有结果，返回期限已过 20 分钟。"
        assert read(cast.yixian, weeks.TOO_LATE) == [words]
        home = client_of(cast.yixian).get(reverse("admin:index"))
        assert words in home.content.decode()
        [one] = home.context_data["week"].notices
        assert len(client_of(cast.yixian).get(one.url).context_data["rows"]) == 2
        weeks.answer_all(batch, cast.yixian)
        assert read(cast.yixian, weeks.TOO_LATE) == []
    assert Notice.objects.count() == 1


# From hand to hand -------------------------------------------------------------------------------


@pytest.fixture
def offered(cast):
    ticket = casting.ticket(cast, assignee=cast.yixian, status="working")
    with weeks.at(WEDNESDAY):
        ticket.hand_over(cast.reviewer, by=cast.yixian)
    return ticket


def test_whoever_is_asked_to_take_a_ticket_is_told(offered, cast, client_of):
    assert read(cast.reviewer, WEDNESDAY) == ["王芳请你接手工单 2026W47-002。"]
    with weeks.at(WEDNESDAY):
        home = client_of(cast.reviewer).get(reverse("admin:index")).content.decode()
    assert reverse("admin:errors_ticket_change", args=[offered.pk]) in home
    assert read(cast.yixian, WEDNESDAY) == []


@pytest.mark.parametrize(
    "end",
    [
        lambda t, c: t.accept(by=c.reviewer),
        lambda t, c: t.decline(by=c.reviewer, reason="我下周不在"),
        lambda t, c: t.decline(by=c.yixian, reason="自己办"),
        lambda t, c: t.assign(c.county_lead, by=c.lead),
        lambda t, c: t.take(by=c.lead),
        lambda t, c: weeks.answer(t, c.yixian),
    ],
)
def test_the_message_goes_with_the_question(offered, cast, end):
    with weeks.at(WEDNESDAY):
        end(offered, cast)
    assert read(cast.reviewer, WEDNESDAY) == []


def test_the_deputy_is_told_of_what_is_offered_to_one_who_is_away(cast):
    Duty.objects.create(
        office=cast.office["yixian"], kind="away", person=cast.reviewer, deputy=cast.county_lead,
        valid_from=date(2026, 11, 16), valid_to=date(2026, 11, 20),
    )  # fmt: skip
    ticket = casting.ticket(cast, assignee=cast.yixian, status="working")
    with weeks.at(WEDNESDAY):
        ticket.hand_over(cast.reviewer, by=cast.yixian)
    assert read(cast.county_lead, WEDNESDAY) == ["王芳请你接手工单 2026W47-002。"]
