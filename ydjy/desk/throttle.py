"""Counting what is tried too often: log-ins today, other doors later.

A bucket is a keyed hash of what is tried (an account from an address, an address, an account), so
the table names nobody. Counted in the database: two web processes share one count, a restart
forgets nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import models

from ydjy.desk.secrets import blind_index


@dataclass(frozen=True)
class Bucket:
    """At most ``limit`` tries of ``what`` within ``seconds``."""

    what: str
    limit: int
    seconds: int

    @property
    def key(self) -> str:
        return blind_index("throttle", self.what)


class AttemptQuerySet(models.QuerySet["Attempt"]):
    def full(self, buckets: Iterable[Bucket], now: datetime) -> Bucket | None:
        """The first bucket that is full, or ``None``."""
        wanted = {bucket.key: bucket for bucket in buckets}
        for row in self.filter(key__in=wanted):
            bucket = wanted[row.key]
            if row.count >= bucket.limit and row.since > now - timedelta(seconds=bucket.seconds):
                return bucket
        return None

    def add(self, buckets: Iterable[Bucket], now: datetime) -> None:
        for bucket in buckets:
            row, made = self.get_or_create(key=bucket.key, defaults={"since": now, "count": 1})
            if made:
                continue
            begun = now - timedelta(seconds=bucket.seconds)
            if not self.filter(pk=row.pk, since__gt=begun).update(count=models.F("count") + 1):
                self.filter(pk=row.pk, since__lte=begun).update(count=1, since=now)

    def forget(self, bucket: Bucket) -> None:
        self.filter(key=bucket.key).delete()


class Attempt(models.Model):
    """How often something was tried since a moment."""

    key = models.CharField("代号", max_length=32, unique=True)
    count = models.PositiveIntegerField("次数", default=0)
    since = models.DateTimeField("从何时起")

    objects = AttemptQuerySet.as_manager()

    class Meta:
        app_label = "desk"
        verbose_name = verbose_name_plural = "尝试次数"
