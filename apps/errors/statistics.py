"""The week in figures, and twelve weeks of them: read from what went back, so they equal the files.

A returned week is counted from the frozen answers of its effective files, row by row; a week that
is not back yet from its tickets. Hit rates compare the machine's proposal with what the clerk
decided. Everything is counted for the person who asks: a county sees its own rows.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Count, F, Q

from apps.errors import answers as answering
from apps.errors.models import Batch, CauseCode, ReturnFile, SourceLine, Ticket
from apps.errors.ticket import OPEN
from ydjy.desk import sheets
from ydjy.desk.models import StagedRow, Upload
from ydjy.desk.secrets import opened

WEEKS = 12
TOP = 15  # hospitals of a table; the rest are one line
NONE = "（没有写）"


@dataclass
class Figures:
    """One week: rows received, and how each of them was answered."""

    batch: Batch
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
    """The figures of one week. The rows of its own files; earlier files that went with it again
    are counted in their own week."""
    found = Figures(batch, late=batch.on_time() is False, returned=batch.returned_at is not None)
    uploads = Upload.objects.of("weekly", batch.week).filter(state=Upload.State.CONFIRMED)
    frozen = {
        file.upload_id: opened(file.answers) or {}
        for file in ReturnFile.objects.effective().filter(upload__in=uploads)
    }
    mine = SourceLine.objects.filter(staged__upload__in=uploads).filter(
        ticket__in=Ticket.objects.visible_to(staff)
    )
    tickets = {line.staged_id: line.answering for line in mine.select_related(*_JOINED)}
    rows = StagedRow.objects.filter(upload__in=uploads).exclude(status=sheets.SKIPPED)
    if not getattr(staff, "municipal", False):
        rows = rows.filter(pk__in=tickets)
    for row in rows.only("pk", "upload", "position"):
        answer = frozen.get(row.upload_id, {}).get(str(row.position))
        _count(found, tickets.get(row.pk), answer)
    found.carried = Ticket.objects.visible_to(staff).filter(batch=batch).exclude(
        number__startswith=f"{batch.iso_year}W{batch.iso_week:02d}-"
    ).count()  # fmt: skip
    return found


def received(batches: Iterable[Batch], staff: Any) -> dict[str, int]:
    """Rows that came in each week, by its name: what the file that goes back counts. A ticket that
    was divided, carried over or taken by telephone is no row."""
    weeks = [batch.week for batch in batches]
    if getattr(staff, "municipal", False):
        rows = StagedRow.objects.exclude(status=sheets.SKIPPED)
        upload = "upload"
    else:
        rows = SourceLine.objects.filter(ticket__in=Ticket.objects.visible_to(staff))
        rows = rows.exclude(staged__status=sheets.SKIPPED)
        upload = "staged__upload"
    mine = rows.filter(
        **{
            f"{upload}__kind": "weekly",
            f"{upload}__period__in": weeks,
            f"{upload}__state": Upload.State.CONFIRMED,
        }
    ).order_by()
    counted = mine.values_list(f"{upload}__period").annotate(Count("pk"))
    return dict.fromkeys(weeks, 0) | dict(counted)


_JOINED = ("ticket__office", "ticket__cause", "ticket__merged_into")


def _count(found: Figures, ticket: Ticket | None, answer: dict[str, str] | None) -> None:
    found.rows += 1
    if answer is None:  # not frozen yet: what the ticket says now
        state = answering.UNFINISHED if ticket is None or ticket.status in OPEN else answering.DONE
        cause = str(ticket.cause or "") if ticket and state == answering.DONE else ""
    else:
        state, cause = answer["state"], answer.get("cause", "")
    found.done += state == answering.DONE
    found.unfinished += state == answering.UNFINISHED
    found.not_accepted += state == answering.NOT_ACCEPTED
    found.by_cause[cause or state] += 1
    if ticket is not None:
        found.by_county[str(ticket.office)] += 1
        found.by_hospital[ticket.inst_name or NONE] += 1


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
