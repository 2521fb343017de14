"""The buttons of a ticket's page: each is one verb of the ticket."""

from typing import Any

from apps.errors.models import Ticket
from apps.errors.models.transitions import OPEN
from apps.errors.tickets import split
from apps.errors.tickets.forms import WorkForm
from ydjy.desk.exceptions import must


def _answer(ticket: Ticket, form: WorkForm, *, by: Any) -> str:
    ticket.answer(by=by, **form.kept)
    return "已保存，有结果了。"


def _save(ticket: Ticket, form: WorkForm, *, by: Any) -> str:
    """With an answer written it is answered; without, what is there is kept."""
    kept = form.kept
    new_answer = (kept["cause"], kept["result"]) != (ticket.cause, ticket.result)
    open_still = ticket.status in OPEN
    if kept["result"] and kept["cause"] and (open_still or new_answer):
        return _answer(ticket, form, by=by)
    if not open_still:
        must(not new_answer, "已有结果的工单要写明原因和处理结果。要重新查，请点“重新办理”。")
    ticket.edit_note(by=by, **kept)
    return "已保存，还没有处理结果。" if open_still else "已保存。"


def _take(ticket: Ticket, form: WorkForm, *, by: Any) -> str:
    ticket.take(by=by, **form.kept)
    return "由你办理。"


def _wait(ticket: Ticket, form: WorkForm, *, by: Any) -> str:
    data = form.cleaned_data
    ticket.wait(by=by, whom=data["waiting_for"], words=data["words"], **form.kept)
    return f"等{ticket.waiting_for}回复。"


def _refer_up(ticket: Ticket, form: WorkForm, *, by: Any) -> str:
    data = form.cleaned_data
    to = data["refer_to"].strip() or "市医保中心"
    ticket.refer_up(by=by, words=data["words"], to=to, number=data["refer_number"], **form.kept)
    return "已上报。"


def _assign(ticket: Ticket, form: WorkForm, *, by: Any) -> str:
    to = form.cleaned_data.get("assignee")
    must(to, "请选择分派给谁。")
    ticket.assign(to, by=by, **form.kept)
    return f"已分派给{to}。"


def _reopen(ticket: Ticket, form: WorkForm, *, by: Any) -> str:
    ticket.reopen(by=by, reason=form.cleaned_data["words"], **form.kept)
    return "重新办理。"


def _hand_over(ticket: Ticket, form: WorkForm, *, by: Any) -> str:
    to = form.cleaned_data["colleague"]
    must(to, "请选择请谁接手。")
    ticket.hand_over(to, by=by, words=form.cleaned_data["words"], **form.kept)
    return f"已请{to}接手，对方接手以前还在你手上。"


def _accept(ticket: Ticket, form: WorkForm, *, by: Any) -> str:
    ticket.accept(by=by, **form.kept)
    return "已接手，由你办理。"


def _decline(ticket: Ticket, form: WorkForm, *, by: Any) -> str:
    ticket.decline(by=by, reason=form.cleaned_data["words"], **form.kept)
    return f"没有接手，还由{ticket.assignee}办理。"


def _postpone(ticket: Ticket, form: WorkForm, *, by: Any) -> str:
    data = form.cleaned_data
    ticket.postpone(by=by, reason=data["words"], expected_on=data["until"], **form.kept)
    return "已写明未办结，返回时带上原因和预计日期。"


def _hear_back(ticket: Ticket, form: WorkForm, *, by: Any) -> str:
    ticket.hear_back(by=by, answer=form.cleaned_data["words"], **form.kept)
    return "已记下答复，接着办。"


def _answer_group(ticket: Ticket, form: WorkForm, *, by: Any) -> str:
    count = ticket.answer_group(by=by, **form.kept)
    return f"和同一问题的另外 {count - 1} 条都有结果了。"


def _merge(ticket: Ticket, form: WorkForm, *, by: Any) -> str:
    number = form.cleaned_data["merge_into"].strip().upper()
    into = Ticket.objects.visible_to(by).filter(number=number).first()
    must(into, f"没有找到工单“{number}”。请写完整的编号，例如 2026W47-014。")
    ticket.merge(into, by=by, **form.kept)
    return f"已合并到 {into.number}。"


def _unmerge(ticket: Ticket, form: WorkForm, *, by: Any) -> str:
    ticket.unmerge(by=by, expected=form.kept["expected"])
    return "已拆开，重新办理。"


def _split(ticket: Ticket, form: WorkForm, *, by: Any) -> str:
    lines = [int(key) for key in form.cleaned_data["lines"]]
    out = split.split(ticket, lines, by=by, **form.kept)
    return f"已拆出：{'、'.join(one.number for one in out)}。"


def _divide(ticket: Ticket, form: WorkForm, *, by: Any) -> str:
    data = form.cleaned_data
    to = data["colleague"]
    part = split.divide(ticket, what=data["words"], by=by, to=to, **form.kept)
    return f"已分出 {part.number}" + (f"，请{to}接手。" if to else "，由你办理。")


def _rejoin(ticket: Ticket, form: WorkForm, *, by: Any) -> str:
    must(ticket.split_from, f"工单 {ticket.number} 不是拆出来的。")
    ticket.merge(ticket.split_from, by=by, **form.kept)
    return f"已并回 {ticket.split_from.number}。"


STEPS = {
    "split": _split,
    "divide": _divide,
    "rejoin": _rejoin,
    "answer_next": _answer,
    "answer_group": _answer_group,
    "hand_over": _hand_over,
    "accept": _accept,
    "decline": _decline,
    "postpone": _postpone,
    "hear_back": _hear_back,
    "merge": _merge,
    "unmerge": _unmerge,
    "save": _save,
    "take": _take,
    "wait": _wait,
    "refer_up": _refer_up,
    "assign": _assign,
    "reopen": _reopen,
}
