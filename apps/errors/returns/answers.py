"""What each received row is told when the file goes back (decisions 2).

An answered ticket gives its words to each of its lines; a duplicate also says of which row; a
rejected row says why; an open ticket goes back as 未办结 with its reason and expected date.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.utils import timezone

from apps.errors.models import SourceLine, Ticket
from apps.errors.models.transitions import OPEN, Status
from ydjy.desk.crypto.fields import opened
from ydjy.desk.imports import kinds as imports_kinds
from ydjy.desk.models import StagedRow, Upload
from ydjy.lib import workbook
from ydjy.lib.text import for_reading

# Answer → the title of its column where the received sheet has none.
TITLES = {
    "state": "处理状态",
    "cause": "原因分类",
    "result": "处理结果",
    "handler": "处理人",
    "phone": "处理人联系电话",
    "at": "处理时间",
}
DONE, UNFINISHED, NOT_ACCEPTED = "已办结", "未办结", "未受理"
Answer = dict[str, str]


@dataclass(frozen=True)
class OpenRow:
    """A row that has no answer yet, who could give it, and what its ticket says meanwhile."""

    row_number: int
    sheet: str
    position: int
    ticket: Ticket | None
    who: str
    why: str
    words: str = ""

    def __str__(self) -> str:
        name = f"工单 {self.ticket.number}" if self.ticket else f"第 {self.row_number} 行"
        return f"{name}（{self.who}，{self.why}）"

    def answer(self, otherwise: str) -> Answer:
        """未办结 with the ticket's own reason, or the one that was given for all."""
        handler = str(self.ticket.assignee or "") if self.ticket else ""
        return {
            "state": UNFINISHED,
            "result": for_reading(f"未办结：{self.words or otherwise}"),
            "handler": handler,
        }


@dataclass(frozen=True)
class Check:
    """A received file and how far its answers are. ``answers`` by position of the staged row."""

    upload: Upload
    rows: int
    answered: int
    unfinished: tuple[OpenRow, ...]
    blocked: tuple[OpenRow, ...]
    answers: Mapping[int, Answer]
    tickets: Mapping[int, Ticket]

    def whole(self, unfinished_as: str) -> dict[int, Answer]:
        """The answer of every row, the open ones told ``unfinished_as`` where nothing else is."""
        return dict(self.answers) | {
            row.position: row.answer(unfinished_as) for row in self.unfinished
        }


def check(upload: Upload, today: date) -> Check:
    """The completeness of one received file."""
    tickets = {
        line.staged_id: line.answering
        for line in SourceLine.objects.filter(staged__upload=upload).select_related(
            "ticket__assignee",
            "ticket__answered_by",
            "ticket__cause",
            "ticket__office",
            "ticket__merged_into",
        )
    }
    answers: dict[int, Answer] = {}
    unfinished: list[OpenRow] = []
    blocked: list[OpenRow] = []
    rows = list(upload.rows.exclude(status=imports_kinds.SKIPPED).select_related("twin"))
    for row in rows:
        ticket = tickets.get(row.pk)
        if answer := _answer(row, ticket):
            answers[row.position] = answer
        elif ticket is not None:
            unfinished.append(_open_row(row, ticket, today))
        else:
            blocked.append(OpenRow(row.row, row.sheet, row.position, None, "市级", row.message))
    used = {ticket.pk: ticket for ticket in tickets.values()}
    return Check(upload, len(rows), len(answers), tuple(unfinished), tuple(blocked), answers, used)


def _open_row(row: StagedRow, ticket: Ticket, today: date) -> OpenRow:
    return OpenRow(
        row.row,
        row.sheet,
        row.position,
        ticket,
        str(ticket.assignee or ticket.office),
        ticket.get_status_display(),
        unfinished_words(ticket, today),
    )


def unfinished_words(ticket: Ticket, today: date) -> str:
    """Why it is not done and until when, as somebody has written, or that it went one level up and
    waits for an answer; nothing when the day that was written has gone by."""
    until = ticket.expected_on
    if ticket.unfinished_reason and not (until and until < today):
        end = f"，预计{until.month}月{until.day}日办结。" if until else ""
        return ticket.unfinished_reason + end
    if ticket.status != Status.WAITING:
        return ""
    asked = ticket.escalations.unanswered().order_by("at").first()
    if asked is None:
        return ""
    at = timezone.localdate(asked.at)
    return f"{at.month}月{at.day}日已上报{asked.to}，等待答复。"


def _answer(row: StagedRow, ticket: Ticket | None) -> Answer | None:
    if row.status == imports_kinds.REJECTED and ticket is None:
        return {"state": NOT_ACCEPTED, "result": for_reading(f"未受理：{row.message}")}
    if ticket is None or ticket.status in OPEN:
        return None
    twin = f"（与第 {row.twin.row} 行重复）" if row.twin else ""
    return {
        "state": DONE,
        "cause": str(ticket.cause or ""),
        "result": for_reading(ticket.result + twin),
        "handler": str(ticket.answered_by or ""),
        "phone": ticket.answered_by.phone if ticket.answered_by else "",
        "at": _stamp(ticket.answered_at),
    }


def _stamp(at: datetime | None) -> str:
    return f"{timezone.localtime(at):%Y-%m-%d %H:%M}" if at else ""


def additions(upload: Upload, answers: Mapping[int, Answer]) -> list[workbook.Fill]:
    """Which cell gets which text: our own column where the sheet has an empty one for it."""
    rows = list(upload.rows.exclude(status=imports_kinds.SKIPPED))
    fills = []
    for sheet in upload.layout:
        mine = [row for row in rows if row.sheet == sheet["sheet"][:40]]
        columns: dict[int | str, dict[int, str]] = {}
        for key, title in TITLES.items():
            cells = {row.row: answers[row.position].get(key, "") for row in mine}
            if key == "phone" and not any(cells.values()):
                continue
            columns[_column(sheet, key, title, mine)] = cells
        fills.append(workbook.Fill(sheet["sheet"], sheet["header_row"], columns))
    return fills


def _column(sheet: dict[str, Any], key: str, title: str, rows: list[StagedRow]) -> int | str:
    """The received sheet's own 处理结果／处理人 column if it came empty; else a new one at the
    right, so that nothing the province wrote is overwritten."""
    index = sheet["columns"].get(key) if key in ("result", "handler") else None
    if index is None:
        return title
    came = [(opened(row.cells) or [])[index : index + 1] for row in rows]
    return title if any(cell and cell[0].strip() for cell in came) else index
