"""The week in figures, and twelve weeks of them: read from what went back, so they equal the files.

A returned week is counted from the frozen answers of its effective files, row by row; a week that
is not back yet from its tickets. Hit rates compare the machine's proposal with what the clerk
decided. Everything is counted for the person who asks: a county sees its own rows.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from apps.errors.models import Batch, CauseCode, ReturnFile, SourceLine, Ticket
from apps.errors.models.transitions import OPEN
from apps.errors.returns import answers as answering
from apps.errors.returns import build as returns_build
from ydjy.desk.crypto.fields import opened
from ydjy.desk.imports import kinds as imports_kinds
from ydjy.desk.imports.uploads import STATUS_FIELDS
from ydjy.desk.models import StagedRow

WEEKS = 12
TOP = 15  # hospitals of a table; the rest are one line
NONE = "（没有写）"


@dataclass(frozen=True)
class Bridge:
    """From the rows that came to the tickets: what became of each. Every page that says how many
    came says it by this one."""

    tickets: int = 0
    repeated: int = 0
    not_accepted: int = 0
    held: int = 0
    wrong: int = 0

    @property
    def rows(self) -> int:
        return sum(vars(self).values())

    @property
    def parts(self) -> str:
        """工单 114 + 重复 9 + 未受理 4"""
        named = ((_FATES[name], number) for name, number in vars(self).items() if number)
        return " + ".join(f"{fate} {number}" for fate, number in named)

    def __str__(self) -> str:
        return f"收到 {self.rows} 行 = {self.parts}。" if self.rows else "收到 0 行。"


_FATES = {
    "tickets": "工单",
    "repeated": "重复",
    "not_accepted": "未受理",
    "held": "等人判断",
    "wrong": "有问题待处理",
}


def in_words(of_rows: Bridge, total: int, carried: int) -> list[str]:
    """The bridge, and how the tickets of a week come about where they are not just those of its
    rows. Nothing for a week to which nothing came."""
    beside = total - carried - of_rows.tickets
    parts = [f"来件 {of_rows.tickets}"]
    parts += [f"转来 {carried}"] if carried else []
    parts += [f"电话等另立、分办或来件已撤销 {beside}"] if beside > 0 else []
    words = f"工单 {total} 条 = {' + '.join(parts)}"
    if beside < 0:
        words += f" - 转到后面的周 {-beside}"
    said = [str(of_rows)] if of_rows.rows else []
    return said + ([f"{words}。"] if total != of_rows.tickets else [])


@dataclass
class Row:
    """A row of a file that goes back: its verdict, whether a person decided it, its ticket (before
    a merge), whether that was there in an earlier week, and what the row was told once frozen."""

    pk: int
    status: str
    decided: bool = False
    ticket: int | None = None
    again: bool = False
    told: answering.Answer | None = None


def bridge(rows: Iterable[Row]) -> Bridge:
    """What became of the rows, in the order in which they came: the first row of a ticket is the
    ticket, every other one repeats it; without a ticket it waits for somebody or was declined."""
    seen: set[int] = set()
    found: Counter[str] = Counter()
    for row in rows:
        if row.told and row.told["state"] == answering.NOT_ACCEPTED:
            found["not_accepted"] += 1
        elif row.ticket is not None:
            found["repeated" if row.again or row.ticket in seen else "tickets"] += 1
            seen.add(row.ticket)
        elif row.status == imports_kinds.HELD:
            found["held"] += 1
        else:
            found["not_accepted" if row.decided else "wrong"] += 1
    return Bridge(**found)


def rows_of(batch: Batch, staff: Any) -> list[Row]:
    """The rows of the week's own files that go back, so far as the person may see their tickets;
    earlier files that went with it again are counted in their own week."""
    line = _lines(staff).filter(staged=OuterRef("pk"))
    found = _rows_of([batch.week]).annotate(
        own=Subquery(line.values(own=Coalesce("home", "ticket"))),
        number=Subquery(line.values(own=Coalesce("home__number", "ticket__number"))),
    )
    if not _sees_all(staff):
        found = found.filter(own__isnull=False)
    frozen: dict[int, dict[str, answering.Answer]] = {}
    if batch.returned_at:
        files = ReturnFile.objects.effective().filter(upload__period=batch.week)
        frozen = {file.upload_id: opened(file.answers) or {} for file in files}
    rows = found.order_by("upload__received_at", "upload", "position")
    read = rows.values_list("pk", "status", "decided_at", "own", "number", "upload", "position")
    return [
        Row(
            pk,
            status,
            at is not None,
            own,
            own is not None and number < batch.prefix,
            frozen.get(upload, {}).get(str(position)),
        )
        for pk, status, at, own, number, upload, position in read
    ]


def _rows_of(weeks: list[str]) -> QuerySet[StagedRow]:
    """The rows of those files of the weeks that go back."""
    uploads = returns_build.going_back().filter(period__in=weeks).order_by()
    return StagedRow.objects.filter(upload__in=uploads).exclude(status=imports_kinds.SKIPPED)


def _sees_all(staff: Any) -> bool:
    return bool(getattr(staff, "municipal", False) and staff.case_path)


def _lines(staff: Any) -> QuerySet[SourceLine]:
    """The received lines of the tickets that the person may see: by the path of their office, which
    a database that looks at each row reads quicker than a list of all tickets."""
    if _sees_all(staff):
        return SourceLine.objects.all()
    path = getattr(staff, "case_path", None) or "-"
    return SourceLine.objects.filter(ticket__office__path__startswith=path)


@dataclass
class Figures:
    """One week: rows received, and how each of them was answered."""

    batch: Batch
    bridge: Bridge = field(default_factory=Bridge)
    rows: int = 0
    done: int = 0
    unfinished: int = 0
    not_accepted: int = 0
    carried: int = 0
    late: bool = False
    returned: bool = False
    by_cause: Counter[str] = field(default_factory=Counter)
    by_county: Counter[str] = field(default_factory=Counter)
    by_hospital: Counter[str] = field(default_factory=Counter)

    @property
    def share(self) -> str:
        return f"{self.done * 100 // self.rows}%" if self.rows else "—"


def of_week(batch: Batch, staff: Any) -> Figures:
    """The figures of one week."""
    rows = rows_of(batch, staff)
    found = Figures(batch, bridge(rows))
    found.late, found.returned = batch.on_time() is False, batch.returned_at is not None
    mine = _lines(staff).filter(staged__upload__period=batch.week)
    tickets = {line.staged_id: line.answering for line in mine.select_related(*_JOINED)}
    for row in rows:
        _count(found, row, tickets.get(row.pk))
    found.carried = Ticket.objects.visible_to(staff).filter(batch=batch).exclude(
        number__startswith=batch.prefix
    ).count()  # fmt: skip
    return found


def received(batches: Iterable[Batch], staff: Any) -> dict[str, int]:
    """Rows that came in each week, by its name: as many as its :class:`Bridge` has. Counted by what
    the receipts say of themselves, for those who see all of it."""
    weeks = [batch.week for batch in batches]
    if _sees_all(staff):
        total = sum(F(name) for name in STATUS_FIELDS if name != imports_kinds.SKIPPED)
        uploads = returns_build.going_back().filter(period__in=weeks).order_by()
        counted = uploads.values_list("period").annotate(rows=Sum(total))
    else:
        lines = _lines(staff).filter(staged__in=_rows_of(weeks)).order_by()
        counted = lines.values_list("staged__upload__period").annotate(rows=Count("pk"))
    return dict.fromkeys(weeks, 0) | dict(counted)


_JOINED = ("ticket__office", "ticket__cause", "ticket__merged_into")


def _count(found: Figures, row: Row, ticket: Ticket | None) -> None:
    found.rows += 1
    if row.told is not None:
        state, cause = row.told["state"], row.told.get("cause", "")
    else:  # not frozen yet: what the ticket says now, or that nobody takes the row
        state, cause = _as_it_stands(row, ticket), ""
        if ticket and state == answering.DONE:
            cause = str(ticket.cause or "")
    found.done += state == answering.DONE
    found.unfinished += state == answering.UNFINISHED
    found.not_accepted += state == answering.NOT_ACCEPTED
    found.by_cause[cause or state] += 1
    if ticket is not None:
        found.by_county[str(ticket.office)] += 1
        found.by_hospital[ticket.inst_name or NONE] += 1


def _as_it_stands(row: Row, ticket: Ticket | None) -> str:
    if ticket is None:
        refused = row.status == imports_kinds.REJECTED
        return answering.NOT_ACCEPTED if refused else answering.UNFINISHED
    return answering.UNFINISHED if ticket.status in OPEN else answering.DONE


@dataclass(frozen=True)
class TrendRow:
    """One line of a trend: a name, its number in each week, and the whole."""

    name: str
    numbers: tuple[int, ...]

    @property
    def total(self) -> int:
        return sum(self.numbers)

    @property
    def bars(self) -> list[tuple[float, float, float]]:
        """(x, top, height) of each week's bar in an SVG 20 high, beside the numbers."""
        highest = max(self.numbers, default=0) or 1
        heights = [round(n * 20 / highest, 1) for n in self.numbers]
        return [(i * 8, round(20 - height, 1), height) for i, height in enumerate(heights)]


def trend(weeks: Iterable[Figures], by: str, top: int | None = TOP) -> list[TrendRow]:
    """Numbers of each week in order; ``by`` is ``cause``, ``county`` or ``hospital``. Beyond the
    ``top`` names the rest is one line."""
    counters = [getattr(figures, f"by_{by}") for figures in weeks]
    totals: Counter[str] = Counter()
    for counter in counters:
        totals.update(counter)
    names = [name for name, _ in totals.most_common()]
    rows = [TrendRow(name, tuple(c[name] for c in counters)) for name in names[:top]]
    if rest := names[top:] if top else []:
        rows.append(TrendRow("其他", tuple(sum(c[n] for n in rest) for c in counters)))
    return rows


def last_weeks(staff: Any, count: int = WEEKS) -> list[Figures]:
    """The latest weeks that received something, oldest first."""
    batches = list(Batch.objects.filter(received_at__isnull=False)[:count])
    return [of_week(batch, staff) for batch in reversed(batches)]


@dataclass(frozen=True)
class HitRate:
    """How often the machine's proposal was what the clerk decided, for one cause."""

    cause: str
    proposed: int
    hit: int

    @property
    def share(self) -> str:
        return f"{self.hit * 100 // self.proposed}%" if self.proposed else "—"


def hit_rates(staff: Any) -> list[HitRate]:
    """Per proposed cause, over all decided tickets that the person may see; one query."""
    decided = Ticket.objects.visible_to(staff).filter(
        cause__isnull=False, proposed_cause__isnull=False, answered_at__isnull=False
    )
    rows = (
        decided.order_by()
        .values("proposed_cause")
        .annotate(n=Count("pk"), hit=Count("pk", filter=Q(cause=F("proposed_cause"))))
    )
    labels = dict(CauseCode.objects.values_list("pk", "label"))
    found = [HitRate(labels[row["proposed_cause"]], row["n"], row["hit"]) for row in rows]
    return sorted(found, key=lambda one: (-one.proposed, one.cause))
