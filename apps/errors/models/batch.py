"""The week: when its file is due in and out, and how far it is (domain 4.6)."""

from datetime import date, datetime
from typing import Any, Self

from django.db import models

from apps.offices.models.calendar import week_of
from ydjy.lib import workdays


class BatchQuerySet(models.QuerySet["Batch"]):
    def visible_to(self, staff: Any) -> Self:
        """Every case worker sees the week itself; its lines are scoped each on their own."""
        return self.all() if getattr(staff, "case_path", None) else self.none()

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
        permissions = [("import_batch", "导入报错"), ("export_batch", "导出返回表")]

    def __str__(self) -> str:
        return self.week

    @property
    def week(self) -> str:
        """``2026-W47``: how the commands and pages name it."""
        return f"{self.iso_year}-W{self.iso_week:02d}"

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

    def state_with(self, open_tickets: int) -> str:
        """The state is read off the facts, so that it can never disagree with them."""
        if self.archived_at:
            return self.State.ARCHIVED
        if self.confirmed_at:
            return self.State.CONFIRMED
        if self.returned_at:
            return self.State.RETURNED
        if not self.received_at:
            return self.State.EXPECTED
        return self.State.WORKING if open_tickets else self.State.READY

    @property
    def state(self) -> str:
        return self.state_with(self.tickets.open().count())

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

    def next_number(self, count: int = 1) -> str:
        """The number of the week's next ticket. Numbers say in which week a problem was first
        seen: a ticket that was carried to this week keeps its own."""
        prefix = f"{self.iso_year}W{self.iso_week:02d}-"
        numbers = type(self).tickets.rel.related_model.everything.filter(number__startswith=prefix)
        last = max(
            (int(n[len(prefix) :]) for n in numbers.values_list("number", flat=True)), default=0
        )
        return f"{prefix}{last + count:03d}"

    def on_time(self) -> bool | None:
        return workdays.is_on_time(self.returned_at, self.due_at) if self.returned_at else None
