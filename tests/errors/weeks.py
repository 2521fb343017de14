"""A week of the exchange in a few words: its file received, its tickets answered, its clock set."""

from datetime import datetime
from typing import Any

import time_machine

from apps.errors.intake import receive as intake_receive
from apps.errors.models import Batch, CauseCode, ReturnFile, Ticket
from apps.errors.returns import build as returns_build
from apps.offices.models import Staff
from tests import workbooks
from ydjy.lib.workdays import SHANGHAI

MONDAY = datetime(2026, 11, 16, 9, 0, tzinfo=SHANGHAI)
FRIDAY = datetime(2026, 11, 20, 15, 0, tzinfo=SHANGHAI)
TOO_LATE = datetime(2026, 11, 20, 16, 20, tzinfo=SHANGHAI)
NEXT_MONDAY = datetime(2026, 11, 23, 9, 0, tzinfo=SHANGHAI)


def at(moment: datetime) -> Any:
    """The clock stands still at ``moment``."""
    return time_machine.travel(moment, tick=False)


def received(cast: Any, count: int = 4, **more: Any) -> Batch:
    """Week 47 with that many lines of 义县, received and confirmed on Monday."""
    rows = workbooks.weekly_rows(count)
    for row in rows:
        row[workbooks.WEEKLY_HEADERS[1].index("参保地区划")] = more.get("area", "210727")
    with at(MONDAY):
        upload = intake_receive.receive(
            workbooks.weekly_workbook(rows), more.get("name", "报错.xlsx"), by=cast.lead
        )
        return intake_receive.confirm(upload, by=cast.lead)


def answer(ticket: Ticket, by: Any, words: str = "已核实，请重新结算。") -> None:
    ticket.answer(by=by, cause=CauseCode.objects.get(code="card"), result=words)


def answer_all(batch: Batch, by: Any) -> None:
    for ticket in batch.tickets.open():
        answer(ticket, by)


def issue(batch: Batch, by: Any, **more: Any) -> list[ReturnFile]:
    """What goes back, prepared by one person and signed by another."""
    signer = Staff.objects.exclude(pk=by.pk).earliest("pk")
    more = {"late_reason": "演练", **more}
    return [
        returns_build.sign(file, by=signer) for file in returns_build.prepare(batch, by=by, **more)
    ]
