"""What several people and several tickets do together: hand-over, groups, merges, escalation."""

from datetime import date

import pytest
from django.urls import reverse

from apps.errors.diagnosis.cause_codes import sync_causes
from apps.errors.models import CauseCode, Escalation, SourceLine, Ticket
from apps.errors.models.transitions import Status
from apps.errors.returns import build as returns_build
from apps.errors.tickets import presence
from apps.offices.models.duty import Duty
from tests import cast as casting
from tests.errors import weeks
from ydjy.desk.exceptions import Refused

pytestmark = pytest.mark.django_db


@pytest.fixture
def ticket(cast) -> Ticket:
    made = casting.ticket(cast, "yixian")
    made.take(by=cast.yixian)
    return made


def test_a_ticket_handed_over_stays_with_its_owner_until_it_is_accepted(ticket, cast):
    ticket.hand_over(cast.lead, by=cast.yixian, words="要市里查结算库")
    assert (ticket.assignee, ticket.offered_to) == (cast.yixian, cast.lead)

    ticket.accept(by=cast.lead)
    assert (ticket.assignee, ticket.offered_to) == (cast.lead, None)


def test_a_hand_over_can_be_declined_with_a_reason_and_the_owner_keeps_it(ticket, cast):
    ticket.hand_over(cast.lead, by=cast.yixian)
    with pytest.raises(Refused, match="为什么不接手"):
        ticket.decline(by=cast.lead, reason="")
    ticket.decline(by=cast.lead, reason="县里能查")

    assert (ticket.assignee, ticket.offered_to) == (cast.yixian, None)
    assert ticket.events.first().words == "县里能查"


def test_nobody_but_the_person_asked_can_accept(ticket, cast):
    ticket.hand_over(cast.lead, by=cast.yixian)
    with pytest.raises(Refused, match="没有请你接手"):
        ticket.accept(by=cast.county_lead)


def test_a_ticket_cannot_be_handed_to_somebody_of_another_county(ticket, cast):
    with pytest.raises(Refused, match="看不到工单"):
        ticket.hand_over(cast.heishan, by=cast.yixian)


def test_the_deputy_may_accept_for_a_person_who_is_away(ticket, cast):
    with weeks.at(weeks.MONDAY):
        Duty.objects.create(
            office=cast.office["city"], kind="away", person=cast.lead, deputy=cast.county_lead,
            valid_from=date(2026, 11, 16), valid_to=date(2026, 11, 20),
        )  # fmt: skip
        ticket.hand_over(cast.lead, by=cast.yixian)
        ticket.accept(by=cast.county_lead)

        hands = Duty.objects.acting_for(cast.county_lead, date(2026, 11, 16))
        assert hands == [cast.county_lead.pk, cast.lead.pk]
    later = Duty.objects.acting_for(cast.county_lead, date(2026, 11, 23))
    assert later == [cast.county_lead.pk]
    assert ticket.assignee == cast.county_lead


def test_an_answer_is_applied_to_the_open_tickets_of_the_same_problem_that_one_sees(cast):
    sync_causes()
    mine = casting.ticket(cast, "yixian", fingerprint="f" * 32)
    twin = casting.ticket(cast, "township", number="2026W47-101", fingerprint="f" * 32)
    theirs = casting.ticket(cast, "heishan", fingerprint="f" * 32)

    from apps.errors.models import CauseCode

    count = mine.answer_group(
        by=cast.yixian, cause=CauseCode.objects.get(code="card"), result="已换卡。"
    )

    twin.refresh_from_db()
    theirs.refresh_from_db()
    assert count == 2
    assert (twin.result, theirs.result) == ("已换卡。", "")


def test_a_merged_ticket_still_has_every_line_answered_and_can_be_split_again(cast):
    sync_causes()
    batch = weeks.received(cast)
    with weeks.at(weeks.FRIDAY):
        first, second, *rest = batch.tickets.order_by("number")
        second.merge(first, by=cast.yixian)
        assert (second.status, first.lines.count()) == (Status.MERGED, 2)
        for ticket in (first, *rest):
            weeks.answer(ticket, cast.yixian, f"答{ticket.number}")
        [check] = returns_build.check(batch)
        results = [answer["result"] for answer in check.answers.values()]
        assert results[:2] == [f"答{first.number}"] * 2
        assert (check.rows, check.answered) == (4, 4)

        first.refresh_from_db()
        first.reopen(by=cast.yixian, reason="合错了")
        second.unmerge(by=cast.yixian)

    second.refresh_from_db()
    assert (second.status, second.lines.count(), first.lines.count()) == ("working", 1, 1)
    assert SourceLine.objects.count() == 4


def test_a_ticket_into_which_another_was_merged_is_not_merged_further(cast):
    one, two = casting.ticket(cast, "yixian"), casting.ticket(cast, "township")
    three = casting.ticket(cast, "yixian", number="2026W47-103")
    two.merge(one, by=cast.yixian)
    with pytest.raises(Refused, match="请先拆开"):
        one.merge(three, by=cast.yixian)


def test_what_lies_one_level_up_is_listed_until_it_is_answered(ticket, cast):
    ticket.refer_up(by=cast.yixian, to="省医保中心", number="锦医函12号", words="单边账")
    assert ticket.status == Status.WAITING
    [asked] = Escalation.objects.visible_to(cast.lead).unanswered()
    assert (asked.to, asked.number) == ("省医保中心", "锦医函12号")
    assert not Escalation.objects.visible_to(cast.heishan).exists()

    ticket.hear_back(by=cast.yixian, answer="已冲正")
    asked.refresh_from_db()
    assert (asked.answer, ticket.status) == ("已冲正", Status.WORKING)
    with pytest.raises(Refused, match="没有等着答复"):
        ticket.hear_back(by=cast.yixian, answer="再来")


def test_others_in_the_ticket_are_named_for_ten_minutes(ticket, cast):
    from datetime import timedelta

    now = weeks.MONDAY
    presence.touch(ticket, cast.lead, now)
    presence.touch(ticket, cast.yixian, now)

    later = now + timedelta(minutes=3)
    assert presence.others(ticket, cast.yixian, later) == ["刘敏正在处理（3 分钟前）"]
    assert presence.others(ticket, cast.yixian, now + timedelta(minutes=10)) == []
    before = now - timedelta(minutes=1)  # the clock was set back
    assert presence.others(ticket, cast.yixian, before) == ["刘敏正在处理（刚才）"]
    presence.touch(ticket, cast.lead, later)
    assert presence.forget(now + timedelta(minutes=11)) == 1


def test_who_has_saved_and_gone_on_is_not_in_the_ticket_any_more(ticket, cast, client_of):
    """E24 through the pages: the notice comes with opening and goes with saving."""
    sync_causes()
    url = reverse("admin:errors_ticket_change", args=[ticket.pk])
    with weeks.at(weeks.FRIDAY):
        mine, theirs = client_of(cast.yixian), client_of(cast.county_lead)
        mine.get(url)
        assert "王芳正在处理（刚才）" in theirs.get(url).content.decode()
        version = Ticket.objects.get(pk=ticket.pk).version
        card = CauseCode.objects.get(code="card").pk
        words = {"version": version, "cause": card, "result": "请换卡。", "do": "answer_next"}
        assert mine.post(url, words).status_code == 302
        assert "王芳正在处理" not in theirs.get(url).content.decode()
