"""What the desk tells its people and how they work together on the tickets."""

from typing import Any, Self

from django.conf import settings
from django.db import models

from apps.errors.models.batch import Batch
from apps.errors.models.ticket import Ticket
from apps.errors.models.transitions import OPEN
from apps.offices.models.policy import Dated, DatedQuerySet
from ydjy.desk.querysets import OfficeScopedQuerySet


class ReminderStep(Dated):
    """One rung of the reminder ladder 催办: how long before the cut-off, and whom (E10).

    Counted in working days before the day of the cut-off, so that a holiday moves the ladder.
    """

    class Audience(models.TextChoices):
        PERSON = "person", "经办人"
        COUNTY_LEAD = "county_lead", "县区负责人"
        BUREAU_LEAD = "bureau_lead", "局领导"

    days_before = models.PositiveSmallIntegerField("期限前几个工作日", help_text="0 是当天。")
    at = models.TimeField("几点")
    audience = models.CharField("提醒谁", max_length=12, choices=Audience)

    objects = DatedQuerySet.as_manager()

    class Meta(Dated.Meta):
        abstract = False
        verbose_name = verbose_name_plural = "催办时间"
        ordering = ["-days_before", "at"]

    def __str__(self) -> str:
        return f"前 {self.days_before} 天 {self.at:%H:%M} {self.get_audience_display()}"


class NoticeQuerySet(models.QuerySet["Notice"]):
    def visible_to(self, staff: Any) -> Self:
        return self.filter(to=staff) if getattr(staff, "pk", None) else self.none()

    def unread(self) -> Self:
        return self.filter(read_at__isnull=True)

    def standing(self, hands: list[int]) -> Self:
        """Those unread whose cause still is: the week has not gone back, the ticket still waits for
        one of these hands."""
        week = models.Q(batch__isnull=False, batch__returned_at=None)
        asked = models.Q(ticket__offered_to__in=hands, ticket__status__in=OPEN)
        return self.unread().filter(week | asked)


class Notice(models.Model):
    """A message to one of the staff 提醒, once: ``key`` says about what. It stands as long as its
    cause, and is read in the words of that moment (``reminders.standing``)."""

    to = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="notices", verbose_name="给谁"
    )
    key = models.CharField("事由", max_length=80, editable=False)
    batch = models.ForeignKey(
        Batch, models.CASCADE, null=True, related_name="+", verbose_name="哪一周", editable=False
    )
    ticket = models.ForeignKey(
        Ticket,
        models.CASCADE,
        null=True,
        related_name="notices",
        verbose_name="哪一条工单",
        editable=False,
    )
    words = models.CharField("当时的内容", max_length=200)
    at = models.DateTimeField("时间")
    read_at = models.DateTimeField("看过", null=True, blank=True)

    objects = NoticeQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "提醒"
        ordering = ["-at", "-pk"]
        constraints = [models.UniqueConstraint(fields=["to", "key"], name="notice_once")]

    def __str__(self) -> str:
        return f"提醒 {self.pk}"


class Presence(models.Model):
    """Somebody has this ticket open 正在处理: for a notice, never a lock (E24)."""

    audited = False

    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="+", verbose_name="工单")
    staff = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name="谁"
    )
    at = models.DateTimeField("最后一次打开")

    class Meta:
        verbose_name = verbose_name_plural = "正在处理"
        constraints = [models.UniqueConstraint(fields=["ticket", "staff"], name="presence_once")]

    def __str__(self) -> str:
        return f"{self.staff}正在处理"


class EscalationQuerySet(OfficeScopedQuerySet):
    office_path = "ticket__office__path"

    def unanswered(self) -> Self:
        return self.filter(answered_at__isnull=True)


class Escalation(models.Model):
    """What was sent one level up 逐级上报: to whom, when, under which number, what came back."""

    ticket = models.ForeignKey(
        Ticket, models.PROTECT, related_name="escalations", verbose_name="工单"
    )
    to = models.CharField("报给谁", max_length=60)
    number = models.CharField("文号或编号", max_length=60, blank=True)
    words = models.CharField("原因和已查过的", max_length=300)
    at = models.DateTimeField("上报时间")
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name="谁"
    )
    answer = models.CharField("答复", max_length=300, blank=True)
    answered_at = models.DateTimeField("答复时间", null=True, blank=True)

    objects = EscalationQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "逐级上报"
        ordering = ["at", "pk"]

    def __str__(self) -> str:
        return f"报{self.to}"


class BulkAction(models.Model):
    """One verb done to many tickets 批量办理: its state is here, not in a worker's memory."""

    class State(models.TextChoices):
        WAITING = "waiting", "等着办"
        RUNNING = "running", "正在办"
        DONE = "done", "办完了"

    verb = models.CharField("动作", max_length=10)
    params = models.JSONField("内容", default=dict, editable=False)
    keys = models.JSONField("工单", default=list, editable=False)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="谁"
    )
    at = models.DateTimeField("时间")
    state = models.CharField("状态", max_length=10, choices=State, default=State.WAITING)
    position = models.PositiveIntegerField("办到第几条", default=0)
    changed = models.PositiveIntegerField("改了几条", default=0)
    finished_at = models.DateTimeField("办完时间", null=True, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "批量办理"
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"批量办理 {self.pk}"
