"""One verb done to many tickets: counted before, two statements, one number in every event.

The rows are fixed when the person confirms. Guards of the verb are in the WHERE clause, so that a
ticket that moved on meanwhile is left alone and the count says so. More than 500 are done by the
minute tick or the worker, 500 at a time; how far it is stands in the database.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import Exists, F, OuterRef
from django.utils import timezone

from apps.errors.diagnosis import engine as diagnosis_engine
from apps.errors.diagnosis import facts as diagnosis_facts
from apps.errors.diagnosis import rejudge
from apps.errors.models import BulkAction, CauseCode, Ticket, TicketEvent
from apps.errors.models.transitions import RESULT_LIMIT, TRANSITIONS, Status, too_long
from apps.offices.models import Staff
from ydjy.desk.exceptions import must
from ydjy.lib import masking

AT_ONCE = 500
VERBS = ("assign", "answer", "cause", "postpone", "take", "diagnose")


@dataclass(frozen=True)
class Preview:
    """How many would change, and how many would be left alone and why."""

    chosen: int
    changing: int

    @property
    def left(self) -> int:
        return self.chosen - self.changing


def _fitting(tickets: Any, verb: str) -> Any:
    fitting = tickets.filter(status__in=TRANSITIONS[verb])
    if verb == "answer":  # as the verb itself: not before its parts are done
        parts = Ticket.objects.open().filter(split_from=OuterRef("pk"), lines=None)
        fitting = fitting.exclude(Exists(parts))
    return fitting


def _changing(tickets: Any, verb: str, by: Any, params: dict[str, Any]) -> Any:
    """The one definition of what changes: the count before is the count after."""
    fitting = _fitting(tickets.visible_to(by), verb)
    if verb == "assign":
        colleague = Staff.objects.get(pk=params["to"])
        fitting = fitting.filter(pk__in=Ticket.objects.visible_to(colleague).values("pk"))
    return fitting


def preview(tickets: Any, verb: str, *, by: Any, **params: Any) -> Preview:
    must(verb in VERBS, "不能这样批量办理。")
    check(verb, params)
    mine = tickets.visible_to(by).order_by()
    return Preview(mine.count(), _changing(mine, verb, by, params).count())


def begin(tickets: Any, verb: str, *, by: Any, **params: Any) -> BulkAction:
    """Fix the rows and do it: at once up to 500, else bit by bit. ``params`` are the verb's:
    ``to`` (key of a colleague), ``cause`` (key) and ``result``, ``reason`` and ``expected_on``."""
    must(verb in VERBS, "不能这样批量办理。")
    check(verb, params)
    changing = _changing(tickets, verb, by, params).order_by("pk")
    action = BulkAction.objects.create(
        verb=verb,
        params=params,
        keys=list(changing.values_list("pk", flat=True)),
        by=by,
        at=timezone.now(),
    )
    if len(action.keys) <= AT_ONCE:
        run(action)
    return action


def check(verb: str, params: dict[str, Any]) -> None:
    """What would be refused for every ticket is refused before the first."""
    if verb == "assign":
        must(params.get("to"), "请先选择分派给谁。")
    if verb in ("answer", "cause"):
        must(params.get("cause"), "请选择原因。")
    if verb == "answer":
        words = (params.get("result") or "").strip()
        must(words, "请写处理结果，这是返回给省里的内容。")
        must(len(words) <= RESULT_LIMIT, too_long(words))
        must(
            not masking.contains_number(params["result"]),
            "处理结果里写了证件号码，请删去：返回表里本来就有证件号码这一列。",
        )
    if verb == "postpone":
        must((params.get("reason") or "").strip(), "请写明没有办结的原因。")
        must(params.get("expected_on"), "请写明预计哪天办结。")


def run(action: BulkAction) -> BulkAction:
    """Do what is left of it, 500 at a time, each part in a transaction of its own."""
    while step(action):
        pass
    return action


@transaction.atomic
def step(action: BulkAction) -> bool:
    """The next part; whether there is more. Two workers at the same action do it once."""
    row = BulkAction.objects.select_for_update().get(pk=action.pk)
    part = row.keys[row.position : row.position + AT_ONCE]
    if part:
        row.changed += _apply(row, part)
        row.position += len(part)
    row.state = BulkAction.State.RUNNING
    if row.position >= len(row.keys):
        row.state, row.finished_at = BulkAction.State.DONE, row.finished_at or timezone.now()
    row.save(update_fields=["changed", "position", "state", "finished_at"])
    action.__dict__.update({k: v for k, v in row.__dict__.items() if not k.startswith("_")})
    return row.state != BulkAction.State.DONE


def sweep() -> int:
    """Do what was put off, and go on with what a worker left."""
    unfinished = list(BulkAction.objects.exclude(state=BulkAction.State.DONE).order_by("pk"))
    for action in unfinished:
        run(action)
    return len(unfinished)


def _apply(action: BulkAction, part: list[int]) -> int:
    now = timezone.now()
    tickets = _fitting(Ticket.objects.filter(pk__in=part), action.verb).visible_to(action.by)
    if action.verb == "diagnose":
        keys = tickets.order_by("pk").values_list("pk", flat=True)
        return rejudge.rejudge(keys, by=action.by, action=action)
    results: dict[int, str] = {}
    if action.verb == "answer" and "{" in action.params["result"]:
        results = _filled_in(tickets, action.params["result"])
        tickets = tickets.filter(pk__in=results)
    changes, words = _changes(action, now)
    after = changes.get("status", "")
    chosen = tickets.order_by().select_for_update(of=("self",))
    logged = _log(chosen.values("pk", "status"), action, now, after, words)
    done = Ticket.objects.filter(
        pk__in=TicketEvent.objects.filter(bulk=action, ticket__in=part).values("ticket")
    )
    if results:
        _write_results(done, results)
        changes.pop("result")
    done.update(**changes, version=F("version") + 1, touched_at=now)
    return logged


def _changes(action: BulkAction, now: datetime) -> tuple[dict[str, Any], str]:
    params, by = action.params, action.by
    if action.verb in ("assign", "take"):
        to = by if action.verb == "take" else Staff.objects.get(pk=params["to"])
        words = "" if action.verb == "take" else f"分派给{to}"
        return {"status": Status.WORKING, "assignee": to, "offered_to": None, "waiting_for": ""}, (
            words
        )
    if action.verb == "postpone":
        reason, until = params["reason"].strip("。；， ")[:120], params["expected_on"]
        return {"unfinished_reason": reason, "expected_on": until}, f"{reason}，预计 {until} 办结"
    cause = CauseCode.objects.get(pk=params["cause"])
    if action.verb == "cause":
        return {"cause": cause}, str(cause)
    return {
        "status": Status.ANSWERED,
        "cause": cause,
        "result": params["result"].strip(),
        "answered_at": now,
        "answered_by": by,
        "waiting_for": "",
        "offered_to": None,
    }, str(cause)


_COLUMNS = "ticket_id, at, by_id, verb, before, after, words, bulk_id"


def _log(chosen: Any, action: BulkAction, now: datetime, after: str, words: str) -> int:
    """INSERT … SELECT: an event for each row that the guards let through, and no other."""
    sql, params = chosen.query.sql_with_params()
    table = TicketEvent._meta.db_table
    to = "%s" if after else "q.status"
    statement = (
        f"INSERT INTO {table} ({_COLUMNS}) "  # noqa: S608 - our own names, values are parameters
        f"SELECT q.pk, %s, %s, %s, q.status, {to}, %s, %s FROM ({sql}) AS q (pk, status)"
        if connection.vendor == "postgresql"
        else f"INSERT INTO {table} ({_COLUMNS}) "  # noqa: S608
        f"WITH q (pk, status) AS ({sql}) SELECT q.pk, %s, %s, %s, q.status, {to}, %s, %s FROM q"
    )
    mine: list[Any] = [connection.ops.adapt_datetimefield_value(now), action.by_id, action.verb]
    mine += [after] if after else []
    mine += [words[:300], action.pk]
    first = [*mine, *params] if connection.vendor == "postgresql" else [*params, *mine]
    with connection.cursor() as cursor:
        cursor.execute(statement, first)
        return int(cursor.rowcount)


def _filled_in(tickets: Any, template: str) -> dict[int, str]:
    """The template with each ticket's own hospital, date and place. A ticket for which it becomes
    too long is left out: nothing is cut behind the clerk's back."""
    knowledge = diagnosis_facts.Knowledge(tickets)
    found = {}
    for ticket in knowledge.tickets:
        words = diagnosis_engine.fill_in(template.strip(), knowledge.case(ticket))
        found[ticket.pk] = words.replace("{姓名}", ticket.name)
    return {key: words for key, words in found.items() if len(words) <= RESULT_LIMIT}


def _write_results(done: Any, results: dict[int, str]) -> None:
    tickets = list(done.only("pk", "result"))
    for ticket in tickets:
        ticket.result = results[ticket.pk]
    Ticket.objects.bulk_update(tickets, ["result"], batch_size=200)
