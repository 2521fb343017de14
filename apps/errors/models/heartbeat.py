"""When the minute tick was last heard."""

import time
from datetime import datetime, timedelta

from django.db import models

DEAD = timedelta(minutes=10)
GRACE = 180  # seconds in which a desk that was just started may be silent
_BEGUN = time.monotonic()


class Heartbeat(models.Model):
    """The last tick 每分钟任务. One row, written by the tick itself; without it reminders, sending
    and large bulk jobs wait, and nobody would notice."""

    audited = False  # once a minute, and about nothing

    at = models.DateTimeField("最近一次")
    only = models.BooleanField(default=True, unique=True, editable=False)

    class Meta:
        verbose_name = verbose_name_plural = "每分钟任务"

    @classmethod
    def beat(cls, now: datetime) -> None:
        cls.objects.update_or_create(only=True, defaults={"at": now})

    @classmethod
    def last(cls) -> datetime | None:
        return cls.objects.values_list("at", flat=True).first()

    @classmethod
    def complaint(cls, now: datetime) -> str:
        """What to say when it has been silent for more than ten minutes; blank when all is well."""
        last = cls.last()
        if last is not None and now - last <= DEAD:
            return ""
        since = "从来没有运行过" if last is None else f"已经 {_long(now - last)}没有运行"
        return (
            f"后台的每分钟任务{since}：催办、自动收发和大批量办理都停着。"
            "请运维人员检查后台任务进程。"
        )

    @classmethod
    def alarm(cls, now: datetime) -> str:
        """The complaint as every page shows it: not while this process has only just begun."""
        return cls.complaint(now) if time.monotonic() - _BEGUN > GRACE else ""


def _long(silent: timedelta) -> str:
    minutes = int(silent.total_seconds() // 60)
    if minutes < 120:
        return f"{minutes} 分钟"
    hours = minutes // 60
    return f"{hours // 24} 天" if hours >= 48 else f"{hours} 小时"
