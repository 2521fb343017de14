"""Counting what is tried too often: log-ins, and what proves again who somebody is.

A bucket is a keyed hash of what is tried (an account from an address, an address, an account), so
the table names nobody. Counted in the database: two web processes share one count, a restart
forgets nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import models

from ydjy.desk.crypto.fields import blind_index


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
    def take(self, buckets: Iterable[Bucket], now: datetime) -> Bucket | None:
        """One try counted in each, before it is made; or the first that is full, and none counted.

        Each is counted by one statement that looks and counts: of tries at the same moment no more
        than ``limit`` get through.
        """
        taken: list[Bucket] = []
        for bucket in buckets:
            if not self._count(bucket, now):
                self.give_back(taken)
                return bucket
            taken.append(bucket)
        return None

    def _count(self, bucket: Bucket, now: datetime) -> bool:
        rows, counted = self.filter(key=bucket.key), {"count": models.F("count") + 1}
        begun = now - timedelta(seconds=bucket.seconds)
        rows.filter(since__lte=begun).update(count=0, since=now)
        if rows.filter(count__lt=bucket.limit).update(**counted):
            return True
        self.bulk_create([Attempt(key=bucket.key, since=now, count=0)], ignore_conflicts=True)
        return rows.filter(count__lt=bucket.limit).update(**counted) == 1

    def give_back(self, buckets: Iterable[Bucket]) -> None:
        """The try did no harm: it was the right one, or it was not made."""
        keys = [bucket.key for bucket in buckets]
        self.filter(key__in=keys, count__gt=0).update(count=models.F("count") - 1)

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
