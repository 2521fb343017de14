"""What a received line is compared with: the week's tickets, and the lines of earlier files.

The same line again is a duplicate; a line that says something else under the same number waits
for a person; a mended line stands for the line of the earlier file that had the problem. Answers
are never overwritten (decisions 1).
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

from django.utils import timezone

from apps.errors.intake import columns as intake_columns
from apps.errors.intake import tickets as intake_tickets
from apps.errors.models import Batch, ReturnFile, SourceLine, Ticket
from apps.errors.returns.answers import DONE, NOT_ACCEPTED, TITLES, UNFINISHED
from ydjy.desk.admin.person_search import CERT_INDEX
from ydjy.desk.crypto.fields import Sealed, blind_index, opened
from ydjy.desk.exceptions import Refused
from ydjy.desk.imports import kinds as imports_kinds
from ydjy.desk.imports import problem_workbook
from ydjy.desk.imports.kinds import Values
from ydjy.desk.models import StagedRow, Upload
from ydjy.lib import idnumbers
from ydjy.lib.text import for_reading, name_key

COMPARED = (
    *[key for key in intake_tickets.TEXTS if key != "seq"],
    "cert_no",
    "reported_on",
    "amount",
)
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
            in_words = _masked if key in _SECRET else for_reading
            shown = in_words(ours), in_words(theirs)
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
        """Those of the lines whose problem has a ticket already, or likely has, each with it."""
        lines = list(lines)
        found = self._same(lines)
        same = {id(row) for row, _ in found}
        return found + self._alike([line for line in lines if id(line[0]) not in same])

    def _same(self, lines: Iterable[tuple[Row, Values]]) -> list[tuple[Row, Ticket]]:
        if not self.keys:
            return []
        keys = ((row, intake_tickets.source_key(self.batch, values)) for row, values in lines)
        wanted = [(row, self.keys[key]) for row, key in keys if key in self.keys]
        tickets = Ticket.objects.in_bulk([pk for _, pk in wanted])
        return [(row, tickets[pk]) for row, pk in wanted if pk in tickets]

    @cached_property
    def _people(self) -> dict[tuple[str, str], list[int]]:
        """The week's tickets by person and day."""
        mine = Ticket.objects.filter(batch=self.batch).exclude(cert_index="")
        rows = mine.exclude(fingerprint="").order_by("pk")  # a part has none
        found: dict[tuple[str, str], list[int]] = defaultdict(list)
        for person, day, pk in rows.values_list("cert_index", "reported_on", "pk"):
            found[person, str(day)].append(pk)
        return found

    def _alike(self, lines: Iterable[tuple[Row, Values]]) -> list[tuple[Row, Ticket]]:
        """Lines about a person, a hospital and a day of which the week has a ticket, where no two
        numbers of the province say that they are two problems."""
        if not self._people:
            return []
        wanted = [
            (row, values, self._people[key])
            for row, values in lines
            if (cert := values.get("cert_no"))
            and (key := (blind_index(CERT_INDEX, cert), values.get("reported_on") or ""))
            in self._people
        ]
        tickets = Ticket.objects.in_bulk([pk for *_, keys in wanted for pk in keys])
        found = []
        for row, values, keys in wanted:
            likely = [one for pk in keys if may_be_same(one := tickets[pk], values)]
            if likely:
                found.append((row, min(likely, key=lambda one: len(differences(one, values)))))
        return found

    def ticket(self, values: Values) -> Ticket | None:
        return next((ticket for _, ticket in self.matched([(None, values)])), None)

    def same(self, values: Values) -> Ticket | None:
        """The ticket that surely is about this line."""
        return next((ticket for _, ticket in self._same([(None, values)])), None)

    def first_line(self, ticket: Ticket) -> int | None:
        return self._first_lines.get(ticket.pk)

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
            status__in=[imports_kinds.HELD, imports_kinds.REJECTED],
        )
        found: dict[Any, int | None] = {}
        for row in waiting.select_related("upload"):
            root = row.original_id or row.pk
            keys = [(row.sheet, row.row), intake_columns.same_line(opened(row.values) or {})]
            for key in filter(None, keys):
                found[key] = root if found.get(key, root) == root else None
        return found

    def original(
        self, row: imports_kinds.ReadRow, layout: list[dict[str, Any]], ticket: Ticket | None
    ) -> int | None:
        """The staged row of an earlier file that this row stands for."""
        if ticket is not None:
            return self._first_lines.get(ticket.pk)
        if not self._unanswered:
            return None
        number = problem_workbook.reference(layout, row.sheet, row.cells)
        if number is not None and (found := self._unanswered.get((row.sheet[:40], number))):
            return found
        key = intake_columns.same_line(row.values)
        return self._unanswered.get(key) if key else None


def may_be_same(ticket: Ticket, values: Values) -> bool:
    """Of a ticket and a line of one person and day: they name one hospital and one visit, and
    differ in the error, or in nothing. The same error at another hour is another problem, at the
    same second it is the same one, whatever else was corrected."""
    if ticket.province_no and values.get("province_no"):
        return False
    for key in ("mdtrt_id", "msgid"):
        if (theirs := values.get(key)) and (ours := getattr(ticket, key)) and ours != theirs:
            return False
    code, name = values.get("inst_code"), values.get("inst_name")
    if code and ticket.inst_code:
        if code != ticket.inst_code:
            return False
    elif name_key(name or "") != name_key(ticket.inst_name):
        return False
    said = {one.key for one in differences(ticket, values)}
    if said & {"err_msg", "err_code"}:
        return True
    at = values.get("reported_at")
    hour = ticket.reported_at and f"{timezone.localtime(ticket.reported_at):%Y-%m-%d %H:%M:%S}"
    return at == hour if at and hour else said <= {"province_no"}


def in_common(ticket: Ticket, values: Values) -> str:
    """Why a line and a ticket are held against each other."""
    if (number := values.get("province_no")) and number == ticket.province_no:
        return "编号相同，内容不同"
    if any(one.key in ("err_msg", "err_code") for one in differences(ticket, values)):
        return intake_columns.SAME_DAY
    return "是同一个人、同一个问题，内容不同"


def compare(known: Known, report: imports_kinds.Report) -> None:
    """Give every row its verdict against what the week already has."""
    judged = [
        row for row in report.rows if row.status in (imports_kinds.ACCEPTED, imports_kinds.HELD)
    ]
    tickets = {id(row): ticket for row, ticket in known.matched((r, r.values) for r in judged)}
    for row in report.rows:
        if row.status == imports_kinds.SKIPPED:
            continue
        if row.twin:
            row.original = row.twin.original
            continue
        ticket = tickets.get(id(row))
        surely = ticket if ticket is not None and not maybe(ticket, row.values) else None
        row.original = known.original(row, report.layout, surely)
        if row.first:
            row.first.original = row.original
        if ticket is not None:
            row.status, row.message = verdict(ticket, row.values)


def maybe(ticket: Ticket, values: Values) -> bool:
    """Whether only a person can tell if the line is about the ticket."""
    return in_common(ticket, values) == intake_columns.SAME_DAY


def verdict(ticket: Ticket, values: Values) -> tuple[str, str]:
    """Of a line whose problem the week has already: waits for a person, or nothing new."""
    if differences(ticket, values):
        words = f"与工单 {ticket.number} {in_common(ticket, values)}，请判断要不要改工单。"
        return imports_kinds.HELD, words
    words = f"本周已有工单 {ticket.number}。"
    return imports_kinds.DUPLICATE, words


@dataclass(frozen=True)
class Gone:
    """A row of an earlier file that a corrected one has no more, and its ticket."""

    upload: Upload
    row: int
    ticket: Ticket | None


def gone(upload: Upload) -> list[Gone]:
    """Which rows of earlier files this one lacks. It corrects a file when most of its own rows are
    rows of that file; a mended problem workbook has but a part of them, and is none."""
    if problem_workbook.mended(upload.layout):
        return []
    rows = list(upload.rows.exclude(status=imports_kinds.SKIPPED).select_related("original"))
    stands = {row.original.original_id or row.original_id for row in rows if row.original}
    stands |= _may_stand(upload, [row for row in rows if row.status == imports_kinds.HELD])
    earlier = Upload.objects.of(upload.kind, upload.period).filter(
        state=Upload.State.CONFIRMED, received_at__lte=upload.received_at
    )
    found: list[Gone] = []
    for one in earlier.exclude(pk=upload.pk).order_by("received_at", "pk"):
        if problem_workbook.mended(one.layout):
            continue
        theirs = one.rows.exclude(status=imports_kinds.SKIPPED).filter(twin=None)
        missing = [row for row in theirs.defer("cells", "values") if row.pk not in stands]
        if len(theirs) - len(missing) > len(rows) // 2:
            found += _with_tickets(one, missing)
    return found


def _may_stand(upload: Upload, held: list[StagedRow]) -> set[int | None]:
    year, number = upload.period.split("-W")
    week = Known(Batch.objects.get(iso_year=year, iso_week=number), upload) if held else None
    lines = ((row, opened(row.values) or {}) for row in held)
    return {week.first_line(ticket) for _, ticket in week.matched(lines)} if week else set()


def _with_tickets(upload: Upload, rows: list[StagedRow]) -> list[Gone]:
    lines = SourceLine.objects.filter(staged__in=[row.pk for row in rows])
    tickets = {
        line.staged_id: line.answering for line in lines.select_related("ticket__merged_into")
    }
    return [Gone(upload, row.row, tickets.get(row.pk)) for row in rows]


_OURS = {DONE, UNFINISHED, NOT_ACCEPTED}


def refuse_returned_bytes(digest: str) -> None:
    """Raises ``Refused`` for the very file that went out from here."""
    if file := ReturnFile.objects.filter(sha256=digest).first():
        at = timezone.localtime(file.made_at)
        raise Refused(
            f"这是 {at.month}月{at.day}日 {at:%H:%M} 生成的返回表（第 {file.version} 版），"
            "不是省里的来件，没有导入。"
        )


def refuse_returned_words(report: imports_kinds.Report) -> None:
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
