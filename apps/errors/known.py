"""What a received line is compared with: the week's tickets, and the lines of earlier files.

The same line again is a duplicate; a line that says something else under the same number waits
for a person; a mended line stands for the line of the earlier file that had the problem. Answers
are never overwritten (decisions 1).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

from django.utils import timezone

from apps.errors import opening, weekly
from apps.errors.answers import DONE, NOT_ACCEPTED, TITLES, UNFINISHED
from apps.errors.models import Batch, ReturnFile, SourceLine, Ticket
from ydjy.desk import problems, sheets
from ydjy.desk.models import StagedRow, Upload
from ydjy.desk.secrets import Sealed, opened
from ydjy.desk.sheets import Values
from ydjy.desk.verbs import Refused
from ydjy.lib import idnumbers

COMPARED = (*[key for key in opening.TEXTS if key != "seq"], "cert_no", "reported_on", "amount")
Row = TypeVar("Row")
_SECRET = ("cert_no", "psn_no", "phone")


@dataclass(frozen=True)
class Difference:
    """One thing that a corrected line says otherwise than the ticket, in words for a person."""

    key: str
    label: str
    ours: str
    theirs: str


def differences(ticket: Ticket, values: Values) -> list[Difference]:
    """What the line says that the ticket does not. What it leaves blank it does not say."""
    found = []
    for key in COMPARED:
        theirs, ours = values.get(key), text_of(getattr(ticket, key))
        if theirs and theirs != ours:
            shown = (_masked(ours), _masked(theirs)) if key in _SECRET else (ours, theirs)
            label = str(Ticket._meta.get_field(key).verbose_name)
            found.append(Difference(key, label, *shown))
    return found


def text_of(value: Any) -> str:
    if isinstance(value, Sealed):
        return value.reveal() if value else ""
    return "" if value is None else str(value)


def _masked(number: str) -> str:
    return idnumbers.mask(number) if number else ""


class Known:
    """The tickets and unanswered lines of a week, read once."""

    def __init__(self, batch: Batch, upload: Upload):
        self.batch, self.upload = batch, upload

    @cached_property
    def keys(self) -> dict[str, int]:
        """The week's tickets by what makes a line the same problem."""
        found = Ticket.objects.filter(batch=self.batch).exclude(source_key="").order_by()
        return dict(found.values_list("source_key", "pk"))

    def matched(self, lines: Iterable[tuple[Row, Values]]) -> list[tuple[Row, Ticket]]:
        """Those of the lines whose problem has a ticket already, each with it."""
        if not self.keys:
            return []
        keys = ((row, opening.source_key(self.batch, values)) for row, values in lines)
        wanted = [(row, self.keys[key]) for row, key in keys if key in self.keys]
        tickets = Ticket.objects.in_bulk([pk for _, pk in wanted])
        return [(row, tickets[pk]) for row, pk in wanted if pk in tickets]

    def ticket(self, values: Values) -> Ticket | None:
        return next((ticket for _, ticket in self.matched([(None, values)])), None)

    @cached_property
    def _first_lines(self) -> dict[int, int]:
        """Of each ticket the line of an earlier file that brought it."""
        lines = SourceLine.objects.filter(ticket__batch=self.batch).order_by("-pk")
        lines = lines.exclude(staged__upload=self.upload)
        return dict(lines.values_list("ticket_id", "staged_id"))

    @cached_property
    def _unanswered(self) -> dict[Any, int | None]:
        """Rows of earlier files without a ticket, by each way of recognising them; ``None`` where
        two rows would be meant."""
        earlier = Upload.objects.of(self.upload.kind, self.upload.period).filter(
            state=Upload.State.CONFIRMED
        )
        waiting = StagedRow.objects.filter(
            upload__in=earlier.exclude(pk=self.upload.pk),
            status__in=[sheets.HELD, sheets.REJECTED],
        )
        found: dict[Any, int | None] = {}
        for row in waiting.select_related("upload"):
            root = row.original_id or row.pk
            keys = [(row.sheet, row.row), weekly.same_line(opened(row.values) or {})]
            for key in filter(None, keys):
                found[key] = root if found.get(key, root) == root else None
        return found

    def original(
        self, row: sheets.ReadRow, layout: list[dict[str, Any]], ticket: Ticket | None
    ) -> int | None:
        """The staged row of an earlier file that this row stands for."""
        if ticket is not None:
            return self._first_lines.get(ticket.pk)
        if not self._unanswered:
            return None
        number = problems.reference(layout, row.sheet, row.cells)
        if number is not None and (found := self._unanswered.get((row.sheet[:40], number))):
            return found
        key = weekly.same_line(row.values)
        return self._unanswered.get(key) if key else None


def compare(known: Known, report: sheets.Report) -> None:
    """Give every row its verdict against what the week already has."""
    judged = [row for row in report.rows if row.status in (sheets.ACCEPTED, sheets.HELD)]
    tickets = {id(row): ticket for row, ticket in known.matched((r, r.values) for r in judged)}
    for row in report.rows:
        if row.status == sheets.SKIPPED:
            continue
        if row.twin:
            row.original = row.twin.original
            continue
        ticket = tickets.get(id(row))
        row.original = known.original(row, report.layout, ticket)
        if row.first:
            row.first.original = row.original
        if ticket is not None:
            row.status, row.message = verdict(ticket, row.values)


def verdict(ticket: Ticket, values: Values) -> tuple[str, str]:
    """Of a line whose problem the week has already: waits for a person, or nothing new."""
    if differences(ticket, values):
        words = f"与工单 {ticket.number} 编号相同，内容不同，请判断要不要改工单。"
        return sheets.HELD, words
    words = f"本周已有工单 {ticket.number}。"
    return sheets.DUPLICATE, words


_OURS = {DONE, UNFINISHED, NOT_ACCEPTED}


def refuse_returned_bytes(digest: str) -> None:
    """Raises ``Refused`` for the very file that went out from here."""
    if file := ReturnFile.objects.filter(sha256=digest).first():
        at = timezone.localtime(file.made_at)
        raise Refused(
            f"这是 {at.month}月{at.day}日 {at:%H:%M} 生成的返回表（第 {file.version} 版），"
            "不是省里的来件，没有导入。"
        )


def refuse_returned_words(report: sheets.Report) -> None:
    """Raises ``Refused`` for our return saved anew: our words stand in the column that we added."""
    places = {
        one["sheet"]: one["headers"].index(TITLES["state"])
        for one in report.layout
        if TITLES["state"] in one["headers"]
    }
    for row in report.rows:
        at = places.get(row.sheet)
        if at is not None and at < len(row.cells) and row.cells[at].strip() in _OURS:
            raise Refused(
                "这个文件里有我们填的“处理状态”，是返回表改存的，不是省里的来件，没有导入。"
                "如果是省里退回的，请先删去我们加的那几列再导入。"
            )
