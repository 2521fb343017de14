"""Taking back what a received list made: shown before, with a reason, as a job where it is long.

    CONFIRMED ──begin──▶ UNDOING ──go_on──▶ UNDONE

What somebody has worked on since stays, and is named on the receipt.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils import timezone

from ydjy.desk.exceptions import Refused, must
from ydjy.desk.imports import progress, uploads
from ydjy.desk.models import Upload
from ydjy.lib import masking

NAMED = 20  # of those left, on the receipt
ALL_WORKED_ON = "这个文件带来的 {0} {1}都有人办过、改过或者在用，一{1}也收不回，没有撤销。"
State = Upload.State


@dataclass(frozen=True)
class Brought:
    """What a list made, and how much of it somebody has worked on since: that stays."""

    total: int
    touched: int
    thing: str = "条"

    @property
    def free(self) -> int:
        return self.total - self.touched


@dataclass(frozen=True)
class Undo:
    """How one kind of list is taken back. ``take_back``: how many went, the names of those left;
    none where the kind has jobs of its own. ``in_parts``: it commits some at a time, and stopped
    half-way goes on with the rest."""

    brought: Callable[[Upload], Brought]
    take_back: Callable[[Upload], tuple[int, list[str]]] | None = None
    refuse: Callable[[Upload], None] = lambda upload: None
    in_parts: bool = False


def must_say_why(reason: str) -> str:
    reason = reason.strip()
    must(reason, "请写明为什么撤销。")
    must(not masking.contains_number(reason), "撤销的原因里写了证件号码，请删去。")
    return reason[:200]


@transaction.atomic
def begin(upload: Upload, undo: Undo, *, by: Any, reason: str) -> bool:
    """A person's word that it is to be taken back. False when it was given before."""
    reason = must_say_why(reason)
    row = Upload.objects.select_for_update(of=("self",)).get(pk=upload.pk)
    if row.state == State.UNDOING:
        return False
    must(row.state == State.CONFIRMED, f"这个文件{row.get_state_display()}，没有什么可以撤销的。")
    undo.refuse(row)
    made = undo.brought(row)
    must(made.free or not made.total, ALL_WORKED_ON.format(made.total, made.thing))
    row.state, row.undone_by, row.undo_reason = State.UNDOING, by, reason
    row.lease_until = timezone.now() + uploads.LEASE
    row.save(update_fields=["state", "undone_by", "undo_reason", "lease_until"])
    upload.refresh_from_db()
    return True


def go_on(upload: Upload, undo: Undo) -> tuple[int, list[str]]:
    """Take it back, in the name of whoever asked for it. What is refused by now leaves the list as
    it was, with the sentence on its receipt."""
    whole: AbstractContextManager[Any] = nullcontext() if undo.in_parts else transaction.atomic()
    try:
        with whole:
            back, left = undo.take_back(upload) if undo.take_back else (0, [])
            _end(upload, State.UNDONE, in_words(back, left))
    except Refused as refused:
        _end(upload, State.CONFIRMED, str(refused))
        raise
    finally:
        progress.forget(progress.of_upload(upload))
    return back, left


@transaction.atomic
def _end(upload: Upload, state: str, words: str) -> None:
    row = Upload.objects.select_for_update(of=("self",)).get(pk=upload.pk)
    row.state, row.message, row.lease_until = state, words[:400], None
    row.save(update_fields=["state", "message", "lease_until"])
    upload.refresh_from_db()


def in_words(back: int, left: list[str]) -> str:
    if not left:
        return f"收回了 {back} 条。"
    more = " 等" if len(left) > NAMED else ""
    names = "、".join(left[:NAMED])
    return f"收回了 {back} 条。{len(left)} 条后来有人办过、改过或者在用，没有收回：{names}{more}。"
