"""The weeks before this one, as 本周 shows them: the last four, and those that are owed."""

from datetime import datetime
from typing import Any

from django.db.models import Count, Q, QuerySet

from apps.errors.models import Batch
from apps.errors.models.transitions import OPEN
from apps.errors.returns import state

WEEKS = 4
NOTHING = {"total": 0, "done": 0}


def weeks(staff: Any, now: datetime) -> tuple[list[Batch], list[Batch]]:
    """The last four, and every one that is over and has not gone back, however old."""
    mine = Batch.objects.visible_to(staff)
    newest = mine.order_by("-iso_year", "-iso_week").values("pk")[:WEEKS]
    found = list(mine.overdue(now) | mine.filter(pk__in=newest))
    return found[:WEEKS], [one for one in reversed(found) if one.is_overdue(now)]


def tickets_of(batches: list[Batch], tickets: QuerySet[Any]) -> dict[int, dict[str, int]]:
    """Counted by the weeks' own tickets only, however many years there are."""
    rows = tickets.filter(batch__in=batches).order_by().values("batch")
    counts = rows.annotate(total=Count("pk"), done=Count("pk", filter=~Q(status__in=OPEN)))
    return {row["batch"]: row for row in counts}


def recent(
    batches: list[Batch], received: dict[str, int], counts: Any, now: datetime
) -> list[dict[str, Any]]:
    """The last four weeks."""
    return [_past_week(b, received[b.week], counts.get(b.pk, NOTHING), now) for b in batches]


def _past_week(batch: Batch, received: int, count: dict[str, Any], now: datetime) -> dict[str, Any]:
    overdue = not batch.returned_at and now >= batch.due_at
    waiting = "还没返回" if overdue else "未到期"
    return {
        "batch": batch,
        "received": received,
        "percent": f"{count['done'] * 100 // count['total']}%" if count["total"] else "—",
        "sent": batch.returned_at,
        "late": batch.on_time() is False or overdue,
        "words": "" if batch.returned_at else waiting,
    }


def owed(batches: list[Batch], here: Batch, counts: Any, now: datetime) -> list[tuple[Batch, str]]:
    """Those that have not gone back, the oldest first, with what each lacks; this week's own page
    says it of itself."""
    others = [one for one in batches if one.pk != here.pk]
    return [(one, state.lacks(one, counts.get(one.pk, NOTHING), now)) for one in others]
