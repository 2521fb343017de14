"""The outbox: each signed file reaches the province once, and somebody can see that it did.

The database holds the truth: a row for each delivery, with a lease of two minutes for whoever is
at it. The minute tick tries what waits; «现在发送» does the same at once and needs no worker. What
arrives after the cut-off is recorded as late. By hand always works: the same bytes, downloaded.
"""

import logging
import secrets
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from apps.errors.exchange import partners
from apps.errors.models import Batch, Dispatch, ExchangeSettings, ReturnFile
from apps.errors.models.filename_rule import taken
from apps.errors.returns import build as returns_build
from ydjy.desk import leases
from ydjy.desk.crashpoints import crashpoint
from ydjy.desk.exceptions import Refused, must
from ydjy.lib import workdays

LEASE = timedelta(minutes=2)
PAUSE = timedelta(minutes=1)  # between two tries: the minute tick
log = logging.getLogger("ydjy.sending")


@transaction.atomic
def plan(file: ReturnFile, *, now: datetime | None = None) -> Dispatch | None:
    """Put a signed file into the outbox; ``None`` where files are handed in by people. Doing it
    again gives the same row."""
    channel = ExchangeSettings.now().channel
    must(file.state == ReturnFile.State.SIGNED, "先复核签发，才能发送。")
    if channel == ExchangeSettings.Channel.MANUAL:
        return None
    row, _ = Dispatch.objects.get_or_create(
        file=file, channel=channel, defaults={"planned_at": now or timezone.now()}
    )
    crashpoint("CR3")
    return row


def claim(key: int, *, now: datetime, eager: bool = False) -> Dispatch | None:
    """Take the lease of a waiting delivery in one statement; ``None`` when another has it."""
    token = secrets.token_hex(16)
    free = Q(lease_until=None) | Q(lease_until__lte=now)
    due = Q() if eager else Q(next_try_at=None) | Q(next_try_at__lte=now)
    taken = (
        Dispatch.objects.waiting()
        .filter(free & due, pk=key)
        .update(lease=token, lease_until=leases.until(LEASE, now), attempts=F("attempts") + 1)
    )
    crashpoint("CR4")
    return Dispatch.objects.select_related("file__batch").get(pk=key) if taken else None


def deliver(row: Dispatch, *, by: Any = None, clock: Any = timezone.now) -> bool:
    """Carry it there and prove it; a failure is written down with what to do, and tried again."""
    file = row.file
    try:
        _refuse_another_ones_name(file)
        with partners.open_partner(ExchangeSettings.now()) as partner:
            partner.put(file.filename, returns_build.content(file))
    except partners.NotDelivered as problem:
        mine = Dispatch.objects.filter(pk=row.pk, lease=row.lease, sent_at=None)
        mine.update(
            problem=str(problem)[:300], lease="", lease_until=None, next_try_at=clock() + PAUSE
        )
        log.warning("return file %s was not delivered (try %s)", file.pk, row.attempts)
        return False
    crashpoint("CR8")
    _arrived(row, by=by, now=clock())
    crashpoint("CR9")
    return True


def _refuse_another_ones_name(file: ReturnFile) -> None:
    """Two files that were named in the same moment: the second is not written over the first."""
    others = taken(file.filename).filter(pk__lt=file.pk).exclude(sha256=file.sha256)
    if other := others.first():
        raise partners.NotDelivered(
            f"{other.batch.week} 的返回表也叫《{file.filename}》，为免盖掉它没有发送。"
            "请下载后改名人工报送，并登记已送达。"
        )


def sweep(now: datetime | None = None) -> int:
    """Try everything that waits and is not somebody else's; the number that arrived."""
    now = now or timezone.now()
    waiting = list(Dispatch.objects.waiting().values_list("pk", flat=True))
    claimed = (claim(key, now=now) for key in waiting)
    return sum(deliver(row) for row in claimed if row is not None)


def send_now(file: ReturnFile, *, by: Any) -> str:
    """«现在发送»: at once, in this request. A sentence that says how it went."""
    row = plan(file)
    must(row, "现在设置为人工报送：请下载文件，送到以后点“登记已送达”。")
    if row.sent_at is None:
        mine = claim(row.pk, now=timezone.now(), eager=True)
        must(mine, "正在发送，请过两分钟再看。")
        if not deliver(mine, by=by):
            mine.refresh_from_db()
            raise Refused(f"没有送到：{mine.problem}{advice(file.batch, timezone.now())}")
    return "已送达省里。"


def advice(batch: Batch, now: datetime) -> str:
    left = workdays.remaining(now, batch.due_at)
    due = f"{timezone.localtime(batch.due_at):%H:%M}"
    when = f"距 {due} 还有 {left}" if now < batch.due_at else f"{due} 的期限{left}"
    return f"每分钟自动再试；{when}，也可以下载同一个文件人工报送。"


@transaction.atomic
def hand_in(file: ReturnFile, *, by: Any, words: str = "", at: datetime | None = None) -> Dispatch:
    """登记已送达: somebody brought the downloaded file there; how, in ``words``."""
    now = timezone.now()
    at = at or now
    must(file.state == ReturnFile.State.SIGNED, "先复核签发，才能登记已送达。")
    must(at <= now, "送达时间在将来，请写实际送达的时间。")
    row, _ = Dispatch.objects.get_or_create(
        file=file, channel=Dispatch.Channel.MANUAL, defaults={"planned_at": now}
    )
    if row.sent_at is None:
        row.words = words[:200]
        row.save(update_fields=["words"])
        _arrived(row, by=by, now=at)
        row.refresh_from_db()
    return row


@transaction.atomic
def _arrived(row: Dispatch, *, by: Any, now: datetime) -> None:
    batch = Batch.objects.select_for_update().get(pk=row.file.batch_id)
    late = not workdays.is_on_time(now, batch.due_at)
    fresh = Dispatch.objects.filter(pk=row.pk, sent_at=None).update(
        sent_at=now, sent_by=by, late=late, problem="", lease="", lease_until=None
    )
    if fresh:
        log.info("return file %s delivered by %s", row.file_id, row.channel)
    if batch.returned_at is None and everything_sent(batch):
        batch.returned_at = now
        batch.save(update_fields=["returned_at"])
    crashpoint("CR11")


def everything_sent(batch: Batch) -> bool:
    """Whether each received file of the week has an effective version that arrived."""
    own = {upload.pk for upload in returns_build.uploads_of(batch) if upload.period == batch.week}
    files = ReturnFile.objects.effective().filter(upload__in=own)
    arrived = files.filter(dispatches__sent_at__isnull=False).values_list("upload", flat=True)
    return bool(own) and own <= set(arrived)


def stuck(now: datetime) -> list[Dispatch]:
    """What was tried and has not arrived: the banner on every page of the city's people."""
    rows = Dispatch.objects.waiting().filter(attempts__gt=0).select_related("file__batch")
    sent_by_hand = Dispatch.objects.filter(sent_at__isnull=False).values("file")
    return list(rows.exclude(file__in=sent_by_hand))
