"""Room for what is kept (X18).

Uploads alone are refused when there is no room: the return of the week, exports and backups go on.
"""

import shutil
from dataclasses import dataclass

from django.conf import settings
from django.utils import timezone

from ydjy.desk.crypto import vault
from ydjy.desk.exceptions import must
from ydjy.desk.models import StorageRule, Upload

_GB = 1024**3
NEARLY = 0.9  # from this part of the room on somebody is told


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


def forget_rows(upload: Upload) -> None:
    """Delete the staged rows of a file. They point at one another, and at nothing else yet."""
    upload.rows.update(twin=None)
    upload.rows.all().delete()
