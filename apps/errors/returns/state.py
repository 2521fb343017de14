"""How far the return of a week is, in words; and the weeks that nobody has returned."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from apps.errors.models import Batch, Dispatch, ReturnFile
from ydjy.lib import workdays


def files(batch: Batch, staff: Any) -> QuerySet[ReturnFile]:
    """What goes back this week, and what was sent back of any; with whether it has arrived."""
    mine = ReturnFile.objects.visible_to(staff).defer("answers", "pins")
    arrived = Dispatch.objects.filter(file=OuterRef("pk"), sent_at__isnull=False)
    here = Q(batch=batch.pk) if batch.pk else Q(pk=None)
    wanted = mine.filter(here) | mine.refused()
    wanted = wanted.exclude(state=ReturnFile.State.DROPPED)
    return wanted.annotate(arrived=Exists(arrived)).select_related("batch").order_by("pk")


def in_words(found: list[ReturnFile]) -> str:
    """5 份已送达 · 1 份待复核 · 1 份被退回: the newest of each received file."""
    newest = {file.upload_id: file for file in found}
    stands = Counter("已送达" if f.arrived else f.get_state_display() for f in newest.values())
    order = ["已送达", *map(str, ReturnFile.State.labels)]
    return " · ".join(f"{stands[word]} 份{word}" for word in order if stands[word])


def lacks(batch: Batch, tickets: Mapping[str, int], now: datetime) -> str:
    """Why a week that is over has not gone back, in words."""
    left = tickets["total"] - tickets["done"]
    rows = f"还有 {left} 条没有结果" if left else "结果都有了，返回表还没有送达"
    return f"返回期限{workdays.remaining(now, batch.due_at)}，{rows}。"
