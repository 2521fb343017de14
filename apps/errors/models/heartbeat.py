"""When the minute tick was last heard."""

from datetime import datetime, timedelta

from django.db import connection, models
from django.db.migrations.recorder import MigrationRecorder

DEAD = timedelta(hours=1)


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
        """What to say when it has been silent for more than an hour; blank when all is well, and
        on a desk that was set up just now, whose first beat is still to come."""
        last = cls.last()
        if now - (last or set_up_at() or now) <= DEAD:
            return ""
        since = "从来没有运行过" if last is None else f"已经 {_long(now - last)}没有运行"
        return (
            f"后台的每分钟任务{since}：催办、自动收发和大批量办理都停着。"
            "请运维人员检查后台任务进程。"
        )


def set_up_at() -> datetime | None:
    """When the database was last brought to the programs that beat."""
    applied = MigrationRecorder(connection).migration_qs
    return applied.aggregate(last=models.Max("applied"))["last"]


def _long(silent: timedelta) -> str:
    hours = int(silent.total_seconds() // 3600)
    return f"{hours // 24} 天" if hours >= 48 else f"{hours} 小时"
