"""One ticket into several (E21): its lines apart from each other, or its work among several people.

Lines that leave become tickets of their own, and each line keeps having exactly one ticket that
answers it. Work that is divided (分办) has no line: the first ticket goes on answering the
province, once its parts are done. The way back from both is the merge.
"""

from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.utils import timezone

from apps.errors.diagnosis import facts as diagnosis_facts
from apps.errors.intake import tickets as intake_tickets
from apps.errors.models import Batch, SourceLine, Ticket, TicketEvent
from apps.errors.models.transitions import OPEN, Status
from ydjy.desk.crypto.fields import opened
from ydjy.desk.exceptions import must


@transaction.atomic
def split(ticket: Ticket, lines: Iterable[int], *, by: Any, **kept: Any) -> list[Ticket]:
    """The chosen lines leave: the tickets that answer them now. A ticket whose merged lines are all
    chosen comes back as itself; the other lines become one new ticket."""
    batch = Batch.objects.select_for_update().get(pk=ticket.batch_id)
    ticket = Ticket.objects.select_for_update(of=("self",)).get(pk=ticket.pk)
    must(ticket.status in OPEN, f"工单 {ticket.number} 已经有结果，请先点“重新办理”再拆。")
    wanted = set(lines)
    here = list(ticket.lines.select_related("staged", "home").order_by("pk"))
    roots = {_root(line) for line in here if line.pk in wanted}
    chosen = [line for line in here if _root(line) in roots]
    rest = [line for line in here if _root(line) not in roots]
    must(chosen, "请选择要拆出去的行。")
    must(
        any(line.home_id is None for line in rest),
        f"至少要留一行在工单 {ticket.number} 里，不能全部拆出去。",
    )
    staying = {line.home_id for line in rest}
    whole = {line.home for line in chosen if line.home_id and line.home_id not in staying}
    ticket._step("divide", "", by, f"拆出 {len(chosen)} 行", **kept)
    out = sorted(whole, key=lambda home: home.number)
    for home in out:
        home.unmerge(by=by)
    if left := [line for line in chosen if line.home not in whole]:
        out.append(_of_lines(ticket, left, batch, by))
    return out


def _root(line: SourceLine) -> int:
    """A mended row and the row that it stands for are one row of the province: they stay together,
    else the answer of the copy would go back in no file."""
    return int(line.staged.original_id or line.staged_id)


def _of_lines(ticket: Ticket, lines: list[SourceLine], batch: Batch, by: Any) -> Ticket:
    """A new ticket that says what its own first line says, not what the old one says."""
    fresh = Ticket(
        batch=batch, number=next(batch.numbers()), source=ticket.source, split_from=ticket
    )
    for name, value in intake_tickets.columns(batch, opened(lines[0].staged.values) or {}).items():
        setattr(fresh, name, value)
    fresh.source_key = ""  # the line's key stays with the ticket that it came with
    fresh.carried_from_id, fresh.times = ticket.carried_from_id, ticket.times
    fresh.office, fresh.routed = intake_tickets.Routes().of(fresh)
    if by is None or fresh.office.path.startswith(by.case_path or "-"):
        fresh.assignee, fresh.status = by or ticket.assignee, Status.WORKING
    diagnosis_facts.find_institutions([fresh])
    diagnosis_facts.Knowledge([fresh]).set_diagnosis(fresh)
    fresh.save()
    SourceLine.objects.filter(pk__in=[line.pk for line in lines]).update(ticket=fresh, home=None)
    _first_event(fresh, by, f"从 {ticket.number} 拆出来，{len(lines)} 行")
    return fresh


@transaction.atomic
def divide(ticket: Ticket, *, what: str, by: Any, to: Any = None, **kept: Any) -> Ticket:
    """分办: a piece of the work as a ticket of its own, for ``by``, or for a colleague to accept.
    The ticket itself is answered when all its parts are."""
    must(what.strip(), "请写明分出去办什么。")
    batch = Batch.objects.select_for_update().get(pk=ticket.batch_id)
    must(not ticket.is_part, f"工单 {ticket.number} 本身就是分办的，不能再分。")
    ticket._step("divide", "", by, f"分办：{what}", **kept)
    part = Ticket.objects.get(pk=ticket.pk)
    part.pk, part._state.adding = None, True
    part.number, part.version, part.split_from = next(batch.numbers()), 1, ticket
    part.status, part.assignee, part.offered_to = Status.WORKING, by, None
    part.cause, part.result, part.note, part.waiting_for = None, "", what.strip()[:1000], ""
    part.source_key = part.fingerprint = part.unfinished_reason = ""
    part.expected_on = part.carried_from = None
    part.times = 1
    part.created_at = timezone.now()
    part.save()
    _first_event(part, by, f"{ticket.number} 分办：{what}")
    if to is not None and to != by:
        part.hand_over(to, by=by, words=what)
    return part


def _first_event(ticket: Ticket, by: Any, words: str) -> None:
    TicketEvent.objects.create(
        ticket=ticket,
        at=timezone.now(),
        by=by,
        verb=TicketEvent.Verb.DIVIDE,
        before="",
        after=ticket.status,
        words=words[:300],
    )
