"""One verb for many tickets: the count before is the count after, and each has its event."""

import pytest

from apps.errors.diagnosis.cause_codes import sync_causes
from apps.errors.models import BulkAction, CauseCode, Ticket, TicketEvent
from apps.errors.models.transitions import Status
from apps.errors.tickets import bulk
from tests import cast as casting
from ydjy.desk.exceptions import Refused

pytestmark = pytest.mark.django_db


def many(cast, count: int, place: str = "yixian") -> None:
    start = Ticket.objects.count()
    for order in range(start, start + count):
        casting.ticket(cast, place, number=f"2026W47-{order + 1:03d}")


def test_a_bulk_assignment_changes_what_was_counted_and_logs_each_once(cast):
    many(cast, 5)
    done = Ticket.objects.first()
    sync_causes()
    done.answer(by=cast.yixian, cause=CauseCode.objects.get(code="card"), result="好。")
    tickets = Ticket.objects.all()

    seen = bulk.preview(tickets, "assign", by=cast.county_lead, to=cast.yixian.pk)
    action = bulk.begin(tickets, "assign", by=cast.county_lead, to=cast.yixian.pk)

    assert (seen.chosen, seen.changing, seen.left, action.changed) == (5, 4, 1, 4)
    events = TicketEvent.objects.filter(bulk=action)
    assert sorted(events.values_list("ticket", flat=True)) == sorted(action.keys)
    assert {(e.verb, e.before, e.after, e.words) for e in events} == {
        ("assign", "new", "working", "分派给王芳")
    }
    assert Ticket.objects.filter(assignee=cast.yixian, version=2).exclude(pk=done.pk).count() == 4


def test_a_bulk_verb_never_touches_rows_of_another_county(cast):
    many(cast, 2)
    many(cast, 2, "heishan")
    action = bulk.begin(Ticket.objects.all(), "take", by=cast.yixian)
    assert action.changed == 2
    assert set(
        Ticket.objects.filter(assignee=cast.yixian).values_list("office__code", flat=True)
    ) == {"yixian"}


def test_tickets_cannot_be_assigned_in_bulk_to_somebody_who_does_not_see_them(cast):
    many(cast, 2)
    many(cast, 1, "heishan")
    tickets, to = Ticket.objects.all(), cast.heishan.pk
    seen = bulk.preview(tickets, "assign", by=cast.lead, to=to)
    action = bulk.begin(tickets, "assign", by=cast.lead, to=to)
    assert (seen.changing, action.changed) == (1, 1)


def test_a_bulk_answer_fills_in_each_tickets_own_hospital(cast):
    sync_causes()
    many(cast, 2)
    Ticket.objects.filter(number="2026W47-002").update(inst_name="乙医院")
    cause = CauseCode.objects.get(code="not_open")
    bulk.begin(
        Ticket.objects.all(), "answer", by=cast.yixian, cause=cause.pk, result="{机构}没有开通。"
    )
    results = list(Ticket.objects.order_by("number").values_list("result", "status"))
    assert results == [("司马义鸣医院没有开通。", "answered"), ("乙医院没有开通。", "answered")]


def test_nothing_is_cut_where_the_words_become_too_long(cast):
    sync_causes()
    many(cast, 2)
    Ticket.objects.filter(number="2026W47-002").update(inst_name="长" * 80)
    cause = CauseCode.objects.get(code="not_open")
    words = "{机构}没有开通。" + "说" * 150
    action = bulk.begin(
        Ticket.objects.all(), "answer", by=cast.yixian, cause=cause.pk, result=words
    )
    assert (action.changed, len(action.keys)) == (1, 2)
    first, second = Ticket.objects.order_by("number")
    assert (first.status, second.status, second.result) == ("answered", "new", "")
    assert not second.events.exists()


def test_a_cause_alone_is_written_and_the_tickets_stay_open(cast):
    sync_causes()
    many(cast, 2)
    Ticket.objects.update(result="草稿")
    card = CauseCode.objects.get(code="card")
    action = bulk.begin(Ticket.objects.all(), "cause", by=cast.yixian, cause=card.pk)
    assert action.changed == 2
    told = set(Ticket.objects.values_list("cause", "result", "status"))
    assert told == {(card.pk, "草稿", "new")}


def test_judging_many_anew_changes_the_evidence_and_not_what_was_decided(cast):
    sync_causes()
    many(cast, 3)
    card = CauseCode.objects.get(code="card")
    Ticket.objects.update(cause=card, result="草稿", note="问过")
    done = Ticket.objects.first()
    done.answer(by=cast.yixian, cause=card, result="好。")
    action = bulk.begin(Ticket.objects.all(), "diagnose", by=cast.yixian)
    assert action.changed == 2
    rest = Ticket.objects.exclude(pk=done.pk)
    assert all(ticket.diagnosis["reason"] for ticket in rest)
    assert set(rest.values_list("cause", "result", "note", "version")) == {
        (card.pk, "草稿", "问过", 1)
    }
    assert {e.verb for e in TicketEvent.objects.filter(bulk=action)} == {"diagnose"}
    assert Ticket.objects.get(pk=done.pk).diagnosis == {}


@pytest.mark.parametrize(
    ("verb", "params", "words"),
    [
        ("answer", {"cause": 1, "result": "长" * 201}, "最多 200 个字"),
        ("cause", {}, "请选择原因"),
        ("answer", {"cause": 1, "result": " "}, "请写处理结果"),
        ("answer", {"result": "好"}, "请选择原因"),
        ("assign", {}, "分派给谁"),
        ("postpone", {"reason": "等"}, "预计哪天"),
        ("delete", {}, "不能这样批量办理"),
    ],
)
def test_what_no_ticket_would_accept_is_refused_before_the_first(cast, verb, params, words):
    many(cast, 1)
    with pytest.raises(Refused, match=words):
        bulk.begin(Ticket.objects.all(), verb, by=cast.yixian, **params)
    assert not BulkAction.objects.exists()


def test_more_than_at_once_is_done_bit_by_bit_and_a_dead_worker_loses_nothing(cast, monkeypatch):
    monkeypatch.setattr(bulk, "AT_ONCE", 3)
    many(cast, 8)
    action = bulk.begin(Ticket.objects.all(), "take", by=cast.yixian)
    assert (action.state, action.changed) == ("waiting", 0)

    bulk.step(action)  # a worker does one part, then dies
    assert (action.state, action.changed) == ("running", 3)
    assert (bulk.sweep(), bulk.sweep()) == (1, 0)

    action.refresh_from_db()
    assert (action.state, action.changed) == ("done", 8)
    assert TicketEvent.objects.filter(bulk=action).count() == 8
    assert set(Ticket.objects.values_list("status", flat=True)) == {Status.WORKING}


def test_a_ticket_that_moved_on_meanwhile_is_left_alone(cast, monkeypatch):
    monkeypatch.setattr(bulk, "AT_ONCE", 1)
    sync_causes()
    many(cast, 2)
    action = bulk.begin(Ticket.objects.all(), "take", by=cast.yixian)
    Ticket.objects.last().answer(
        by=cast.county_lead, cause=CauseCode.objects.get(code="card"), result="好。"
    )
    bulk.run(action)
    assert (action.changed, Ticket.objects.last().answered_by) == (1, cast.county_lead)
