"""One ticket into several, and back: every received line keeps exactly one answer."""

import pytest
from django.urls import reverse

from apps.errors.diagnosis.cause_codes import sync_causes
from apps.errors.models import CauseCode, SourceLine, Ticket
from apps.errors.models.transitions import Status
from apps.errors.returns import build as returns_build
from apps.errors.tickets import bulk, split
from tests.errors import weeks
from ydjy.desk.exceptions import Refused

pytestmark = pytest.mark.django_db


@pytest.fixture
def batch(cast):
    sync_causes()
    with weeks.at(weeks.FRIDAY):
        yield weeks.received(cast)


@pytest.fixture
def three(batch, cast) -> list[Ticket]:
    """The second and third line were merged into the first ticket; the fourth stands alone."""
    first, second, third, fourth = batch.tickets.order_by("number")
    second.merge(first, by=cast.yixian)
    third.merge(first, by=cast.yixian)
    return [Ticket.objects.get(pk=one.pk) for one in (first, second, third, fourth)]


def every_line_is_answered(batch, cast) -> list[str]:
    weeks.answer_all(batch, cast.yixian)
    [check] = returns_build.check(batch)
    assert (check.rows, check.answered, SourceLine.objects.count()) == (4, 4, 4)
    assert not Ticket.objects.filter(lines=None, split_from=None).exclude(status="merged").exists()
    return [check.answers[position]["result"] for position in sorted(check.answers)]


def keys(ticket: Ticket, start: int = 0) -> list[int]:
    return list(ticket.lines.order_by("pk").values_list("pk", flat=True))[start:]


def test_the_lines_of_a_merged_ticket_come_back_as_the_tickets_they_were(three, batch, cast):
    first, second, third, _ = three
    out = split.split(first, keys(first, 1), by=cast.yixian)

    assert [one.number for one in out] == [second.number, third.number]
    assert {one.status for one in out} == {Status.WORKING}
    assert [one.lines.count() for one in (first, *out)] == [1, 1, 1]
    every_line_is_answered(batch, cast)


def test_a_ticket_of_several_own_lines_gives_one_of_them_to_a_new_ticket_and_takes_it_back(
    batch, cast
):
    first, second, *_ = batch.tickets.order_by("number")
    SourceLine.objects.filter(ticket=second).update(ticket=first)
    line = SourceLine.objects.filter(ticket=first).order_by("pk").last()
    told = {"name": second.name, "fingerprint": second.fingerprint}
    Ticket.everything.filter(pk=second.pk).update(status="withdrawn", source_key="")

    [fresh] = split.split(first, [line.pk], by=cast.yixian)

    assert (fresh.number, fresh.split_from, fresh.assignee) == ("2026W47-005", first, cast.yixian)
    assert {name: getattr(fresh, name) for name in told} == told, "what its own line says"
    assert not fresh.is_part
    fresh.merge(Ticket.objects.get(pk=first.pk), by=cast.yixian)
    assert first.lines.count() == 2
    every_line_is_answered(batch, cast)


def test_the_last_own_line_cannot_leave(three, batch, cast):
    first, *_ = three
    with pytest.raises(Refused, match="至少要留一行"):
        split.split(first, keys(first), by=cast.yixian)
    own = first.lines.get(home=None)
    with pytest.raises(Refused, match="至少要留一行"):
        split.split(first, [own.pk], by=cast.yixian)
    with pytest.raises(Refused, match="选择要拆出去"):
        split.split(first, [], by=cast.yixian)
    assert first.lines.count() == 3


def test_an_answered_ticket_is_taken_up_again_before_it_is_split(three, batch, cast):
    first, *_ = three
    weeks.answer(first, cast.yixian)
    with pytest.raises(Refused, match="重新办理"):
        split.split(first, keys(first, 1), by=cast.yixian)


def test_divided_work_is_answered_by_the_first_ticket_once_its_parts_are(batch, cast):
    first = batch.tickets.order_by("number").first()
    part = split.divide(first, what="查医院开通", by=cast.yixian, to=cast.reviewer)
    assert (part.assignee, part.offered_to, part.is_part) == (cast.yixian, cast.reviewer, True)
    with pytest.raises(Refused, match=f"{part.number}还没有结果"):
        weeks.answer(first, cast.yixian)
    card = CauseCode.objects.get(code="card").pk
    mine = Ticket.objects.filter(pk=first.pk)
    words = {"by": cast.yixian, "cause": card, "result": "好。"}
    assert bulk.preview(mine, "answer", **words).changing == 0
    assert bulk.begin(mine, "answer", **words).changed == 0

    weeks.answer(part, cast.reviewer, "医院没开通。")
    told = every_line_is_answered(batch, cast)

    assert "医院没开通。" not in told
    assert len(told) == 4


def test_a_part_is_joined_again_and_a_part_has_no_parts(batch, cast):
    first = batch.tickets.order_by("number").first()
    part = split.divide(first, what="查医院", by=cast.yixian)
    with pytest.raises(Refused, match="不能再分"):
        split.divide(part, what="再分", by=cast.yixian)
    with pytest.raises(Refused, match="先并回来"):
        first.merge(batch.tickets.order_by("number").last(), by=cast.yixian)

    part.merge(first, by=cast.yixian)

    assert not first.parts().exists()
    every_line_is_answered(batch, cast)


def test_one_part_does_not_count_as_the_same_problem_as_another(batch, cast):
    first, second, *_ = batch.tickets.order_by("number")
    one = split.divide(first, what="查医院", by=cast.yixian)
    split.divide(second, what="查备案", by=cast.yixian)
    assert not one.group().exists()


# The page ----------------------------------------------------------------------------------------


def press(browser, ticket, do, **typed):
    ticket.refresh_from_db()
    typed = {"version": ticket.version, "cause": "", "result": "", "note": "", "do": do, **typed}
    url = reverse("admin:errors_ticket_change", args=[ticket.pk])
    return browser.post(url, typed, follow=True).content.decode()


def test_the_page_offers_the_lines_and_splits_those_that_were_ticked(three, cast, client_of):
    first, second, *_ = three
    browser = client_of(cast.yixian)
    html = browser.get(reverse("admin:errors_ticket_change", args=[first.pk])).content.decode()
    assert "这一条答复 3 行" in html
    assert f"原来是 {second.number}" in html

    html = press(browser, first, "split", lines=keys(first)[1:2], note="留着")
    assert f"已拆出：{second.number}" in html
    assert (first.lines.count(), Ticket.objects.get(pk=first.pk).note) == (2, "留着")


def test_a_part_is_not_taken_up_again_under_an_answer_that_stands(batch, cast):
    first = batch.tickets.order_by("number").first()
    part = split.divide(first, what="查医院", by=cast.yixian)
    part.merge(Ticket.objects.get(pk=first.pk), by=cast.yixian)
    weeks.answer(Ticket.objects.get(pk=first.pk), cast.yixian)
    with pytest.raises(Refused, match="先把它“重新办理”"):
        Ticket.objects.get(pk=part.pk).unmerge(by=cast.yixian)

    Ticket.objects.get(pk=first.pk).reopen(by=cast.yixian, reason="更正")
    Ticket.objects.get(pk=part.pk).unmerge(by=cast.yixian)

    assert first.parts().get() == part


def test_the_page_divides_shows_the_parts_and_joins_them(batch, cast, client_of):
    first = batch.tickets.order_by("number").first()
    browser = client_of(cast.yixian)
    press(browser, first, "divide", words="查医院开通", colleague=cast.reviewer.pk)
    part = first.parts().get()
    html = press(browser, first, "save")
    assert "分给几个人办的" in html
    assert part.number in html

    html = press(browser, part, "rejoin")
    assert f"已并回 {first.number}" in html
    assert not first.parts().exists()


def test_a_line_of_another_ticket_cannot_be_split_off_here(three, cast, client_of):
    first, _, _, fourth = three
    press(client_of(cast.yixian), first, "split", lines=keys(fourth))
    assert (first.lines.count(), fourth.lines.count()) == (3, 1)


def test_judging_again_refreshes_the_evidence_and_keeps_what_was_decided_and_typed(
    batch, cast, client_of
):
    first = batch.tickets.order_by("number").first()
    card = CauseCode.objects.get(code="card")
    first.edit_note(by=cast.yixian, note="问过", cause=card, result="草稿")
    Ticket.objects.filter(pk=first.pk).update(diagnosis={}, proposed_cause=None)
    version = Ticket.objects.get(pk=first.pk).version

    html = press(client_of(cast.yixian), first, "diagnose", result="还没写完")

    first.refresh_from_db()
    assert "还没写完" in html
    assert "已重新判断" in html
    assert first.diagnosis["reason"]
    assert (first.cause, first.result, first.note, first.version) == (card, "草稿", "问过", version)
    assert first.events.first().verb == "diagnose"

    weeks.answer(first, cast.yixian)
    assert "不再判断" in press(client_of(cast.yixian), first, "diagnose")
