"""Room for what is kept, and its end: no leftovers of files that were never imported (X18).

Uploads alone are refused when there is no room: the return of the week, exports and backups go on.
What was imported stays, whatever its age: it is the bureau's record of the week.
"""

import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from ydjy.desk import vault
from ydjy.desk.models import StorageRule, Upload
from ydjy.desk.verbs import Refused, must

_GB = 1024**3
NEARLY = 0.9  # from this part of the room on somebody is told
DELETED = "原件和核对的内容已经到期删除。"
_OVER = (Upload.State.ABANDONED, Upload.State.REFUSED, Upload.State.SAME)
_UNDECIDED = (Upload.State.COLUMNS, Upload.State.STAGED)


@dataclass(frozen=True)
class Room:
    """Bytes that the kept files take, and may take: by the rule, or because the disk ends."""

    used: int
    most: int

    @property
    def nearly_full(self) -> bool:
        return self.used >= self.most * NEARLY

    def __str__(self) -> str:
        return f"已用 {self.used / _GB:.1f} GB，最多 {self.most / _GB:.1f} GB"


def room() -> Room:
    used, free = vault.used(), shutil.disk_usage(settings.DATA).free
    return Room(used, min(StorageRule.on(timezone.localdate()).most_gb * _GB, used + free))


def must_have_room(size: int) -> None:
    """Raises ``Refused`` for a file that would go beyond the room."""
    now = room()
    must(
        now.used + size <= now.most,
        f"存放来件的地方满了（{now}），这个文件没有收下，已有的来件不受影响。"
        "请负责系统运行的同事腾出磁盘空间，或者在“存放规定”里调大。",
    )


def tend(
    kind: str, now: datetime, give_up: Callable[[Upload], None], *, also: Iterable[str] = ()
) -> int:
    """End what is over in one kind of list; returns how many receipts gave up their file.

    A file that waited too long for a decision is given up by ``give_up``, as its list does it. The
    receipt stays and says so. Bytes that no receipt knows, and none of ``also``, are removed.
    """
    limit = now - timedelta(days=StorageRule.on(timezone.localdate(now)).kept_days)
    old = Upload.objects.filter(kind=kind, received_at__lt=limit).exclude(stored="")
    for upload in old.filter(state__in=_UNDECIDED):
        try:
            give_up(upload)
        except Refused:
            continue  # decided in this very moment
    gone = 0
    for upload in old.filter(state__in=_OVER):
        with transaction.atomic():
            forget_rows(upload)
            stored, upload.stored = upload.stored, ""
            upload.message = (upload.message + DELETED)[-400:]
            upload.save(update_fields=["stored", "message"])
        vault.drop(stored)
        gone += 1
    sweep(kind, also=also)
    return gone


def forget_rows(upload: Upload) -> None:
    """Delete the staged rows of a file. They point at one another, and at nothing else yet."""
    upload.rows.update(twin=None)
    upload.rows.all().delete()


def sweep(kind: str, *, older_than: float = 3600, also: Iterable[str] = ()) -> int:
    """Remove kept bytes that no receipt knows (a crash between the two); returns how many."""
    known = {*Upload.objects.filter(kind=kind).values_list("stored", flat=True), *also}
    lost = [name for name in vault.names(kind, older_than=older_than) if name not in known]
    for name in lost:
        vault.drop(name)
    return len(lost)
