"""The week: when its file is due in and out, and how far it is (domain 4.6)."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from itertools import count
from typing import Any, Self

from django.conf import settings
from django.db import models, transaction
from django.db.models import Max
from django.db.models.functions import Cast, Substr
from django.utils import timezone

from apps.offices.models.calendar import week_of
from ydjy.desk.exceptions import must
from ydjy.lib import workdays

LONGEST = timedelta(days=30)  # after the intake: a later cut-off is a mistyped date


class BatchQuerySet(models.QuerySet["Batch"]):
    def visible_to(self, staff: Any) -> Self:
        """Every case worker sees the week itself; its lines are scoped each on their own."""
        return self.all() if getattr(staff, "case_path", None) else self.none()

    def unreturned(self) -> Self:
        """What came and has not gone back, whichever week it is of."""
        return self.filter(received_at__isnull=False, returned_at__isnull=True)

    def overdue(self, now: datetime) -> Self:
        return self.unreturned().filter(due_at__lte=now)

    def of_week(self, iso_year: int, iso_week: int) -> "Batch":
        """The batch of that week, made when missing. A week without working days has none:
        what arrives then belongs to the next week that exists."""
        week = week_of(iso_year, iso_week)
        while week.due_at is None:
            following = week.monday.toordinal() + 7
            week = week_of(*date.fromordinal(following).isocalendar()[:2])
        batch, _ = self.get_or_create(
            iso_year=week.iso_year, iso_week=week.iso_week, defaults=Batch.dates_of(week)
        )
        return batch

    def at(self, moment: datetime) -> "Batch":
        return self.of_week(*workdays.iso_week_of(moment))


class Batch(models.Model):
    """One week of the exchange 周批次: what the province sent, due back by Friday 16:00."""

    class State(models.TextChoices):
        EXPECTED = "expected", "待接收"
        RECEIVED = "received", "已接收"
        WORKING = "working", "处理中"
        READY = "ready", "待回传"
        RETURNED = "returned", "已回传"
        CONFIRMED = "confirmed", "省已确认"
        ARCHIVED = "archived", "已归档"

    iso_year = models.PositiveSmallIntegerField("年")
    iso_week = models.PositiveSmallIntegerField("周")
    intake_on = models.DateField("接收日")
    due_at = models.DateTimeField("返回期限")
    reason = models.CharField("期限说明", max_length=200)
    provisional = models.BooleanField("暂定", default=False)
    due_overridden = models.CharField("改期限的原因", max_length=120, blank=True)
    nil = models.BooleanField("本周无报错", default=False)
    received_at = models.DateTimeField("接收时间", null=True, blank=True)
    returned_at = models.DateTimeField("回传时间", null=True, blank=True)
    confirmed_at = models.DateTimeField("省确认时间", null=True, blank=True)
    archived_at = models.DateTimeField("归档时间", null=True, blank=True)

    objects = BatchQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "周批次"
        ordering = ["-iso_year", "-iso_week"]
        constraints = [
            models.UniqueConstraint(fields=["iso_year", "iso_week"], name="batch_once_a_week"),
            models.CheckConstraint(
                condition=models.Q(returned_at__isnull=True) | models.Q(received_at__isnull=False),
                name="batch_returned_after_received",
            ),
        ]
        permissions = [
            ("import_batch", "导入报错"),
            ("export_batch", "导出返回表"),
            ("move_batch", "改返回期限"),
        ]

    def __str__(self) -> str:
        return self.week

    @property
    def week(self) -> str:
        """``2026-W47``: how the commands and pages name it."""
        return f"{self.iso_year}-W{self.iso_week:02d}"

    @property
    def prefix(self) -> str:
        """``2026W47-``: how the numbers of its own tickets begin."""
        return f"{self.iso_year}W{self.iso_week:02d}-"

    @property
    def monday(self) -> date:
        return date.fromisocalendar(self.iso_year, self.iso_week, 1)

    @staticmethod
    def dates_of(week: workdays.Week) -> dict[str, Any]:
        return {
            "intake_on": week.intake_on,
            "due_at": week.due_at,
            "reason": week.reason,
            "provisional": week.provisional,
        }

    def state_with(self, open_tickets: int, done: int) -> str:
        """The state is read off the facts, so that it can never disagree with them: what was
        received is at work from its first result on."""
        if self.archived_at:
            return self.State.ARCHIVED
        if self.confirmed_at:
            return self.State.CONFIRMED
        if self.returned_at:
            return self.State.RETURNED
        if not self.received_at:
            return self.State.EXPECTED
        if not open_tickets:
            return self.State.READY
        return self.State.WORKING if done else self.State.RECEIVED

    @property
    def state(self) -> str:
        return self.state_with(self.tickets.open().count(), self.tickets.done().count())

    @property
    def state_label(self) -> str:
        return str(self.State(self.state).label)

    def refresh_dates(self) -> None:
        """Take over a calendar that was published since; only before anything was received."""
        dates = self.dates_of(week_of(self.iso_year, self.iso_week))
        if dates["due_at"] is not None and any(getattr(self, k) != v for k, v in dates.items()):
            for name, value in dates.items():
                setattr(self, name, value)
            self.save(update_fields=list(dates))

    # The cut-off by hand ----------------------------------------------------------------------

    @transaction.atomic
    def move_due(self, to: datetime, *, by: Any, reason: str, now: datetime | None = None) -> None:
        """A person sets the cut-off of this week, with the reason; the calendar leaves it alone
        from now on. For a rule that says «由人指定», and for what the province tells by phone."""
        reason = reason.strip()
        must(reason, "请写明为什么改期限，例如“省医保局电话通知”。")
        row = self._movable()
        opens = timezone.make_aware(datetime.combine(row.intake_on, datetime.min.time()))
        must(to > opens, f"返回期限要在接收日 {workdays.in_words(row.intake_on)} 以后。")
        must(to > (now or timezone.now()), "这个时间已经过了，请写以后的时间。")
        must(to < opens + LONGEST, "离接收日超过 30 天，请核对日期。")
        row._set_due(to, reason[:120], by)
        self.refresh_from_db()

    @transaction.atomic
    def restore_due(self, *, by: Any) -> None:
        """Back to what the calendar says."""
        row = self._movable()
        must(row.due_overridden, f"{row.week} 的期限没有改过。")
        for name, value in self.dates_of(week_of(row.iso_year, row.iso_week)).items():
            if name != "due_at":
                setattr(row, name, value)
        row._set_due(week_of(row.iso_year, row.iso_week).due_at, "", by)
        self.refresh_from_db()

    def _movable(self) -> "Batch":
        row = Batch.objects.select_for_update().get(pk=self.pk)
        must(not row.returned_at, f"{row.week} 已经返回省里，期限不能再改。")
        return row

    def _set_due(self, to: Any, reason: str, by: Any) -> None:
        before, self.due_at, self.due_overridden = self.due_at, to, reason
        self.save()
        self.due_changes.create(at=timezone.now(), by=by, before=before, after=to, reason=reason)

    @property
    def due_note(self) -> str:
        """The second line beside every cut-off that a person has set; blank for the others."""
        last = self.due_changes.select_related("by").first() if self.due_overridden else None
        return f"{last}。" if last else ""

    # Putting away ------------------------------------------------------------------------------

    @transaction.atomic
    def archive(self, *, by: Any, now: datetime | None = None) -> None:
        """归档: the week is over and put away. Refused while something of it is still at work."""
        row = Batch.objects.select_for_update().get(pk=self.pk)
        must(row.archived_at is None, f"{row.week} 已经归档了。")
        must(row.returned_at, f"{row.week} 还没有返回省里，不能归档。")
        left = row.tickets.open().count()
        must(not left, f"{row.week} 还有 {left} 条没有结果，办完或者转到后面的周再归档。")
        waiting = row.returns.filter(state="prepared").exists()
        must(not waiting, f"{row.week} 有返回表在等复核，签发或退回以后再归档。")
        row._put_away(now or timezone.now(), by, "归档")
        self.refresh_from_db()

    def take_up(self, words: str, *, by: Any = None) -> None:
        """Something came for it after all: it is not over. The caller holds its lock."""
        if self.archived_at:
            self._put_away(None, by, words)

    def _put_away(self, at: datetime | None, by: Any, words: str) -> None:
        self.archived_at = at
        self.save(update_fields=["archived_at"])
        self.archive_events.create(at=at or timezone.now(), by=by, words=words)

    def numbers(self) -> Iterator[str]:
        """The numbers of the week's next tickets, as long as the caller holds its lock. Numbers say
        in which week a problem was first seen: a ticket that was carried to this week keeps its
        own."""
        known = type(self).tickets.rel.related_model.everything
        last = known.filter(number__startswith=self.prefix).aggregate(
            last=Max(Cast(Substr("number", len(self.prefix) + 1), models.IntegerField()), default=0)
        )["last"]
        return (f"{self.prefix}{number:03d}" for number in count(last + 1))

    def is_overdue(self, now: datetime) -> bool:
        """Came, did not go back, and should have."""
        return bool(self.received_at and not self.returned_at and self.due_at <= now)

    def on_time(self) -> bool | None:
        return workdays.is_on_time(self.returned_at, self.due_at) if self.returned_at else None


class DueEvent(models.Model):
    """A cut-off that a person moved 改期限, or gave back to the calendar (no reason). Kept."""

    batch = models.ForeignKey(
        Batch, models.PROTECT, related_name="due_changes", verbose_name="批次"
    )
    at = models.DateTimeField("时间")
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name="谁"
    )
    before = models.DateTimeField("原来的期限")
    after = models.DateTimeField("改为")
    reason = models.CharField("原因", max_length=120, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "返回期限的改动"
        ordering = ["-at", "-pk"]

    def __str__(self) -> str:
        who = self.by or "系统"
        if not self.reason:
            return f"{who}按日历恢复为{moment(self.after)}"
        return f"期限由{who}从{moment(self.before)}改为{moment(self.after)}，原因：{self.reason}"


def moment(at: datetime) -> str:
    """11月20日（周五）16:00"""
    here = workdays.shanghai(at)
    return f"{workdays.in_words(here.date(), weekday=True)}{workdays.clock(here)}"
