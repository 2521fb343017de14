"""What leaves a list as a file: the rule about it, and each export that is made later or that a
second person must allow (X16)."""

from datetime import datetime
from typing import Any, Self

from django.conf import settings
from django.db import models

from ydjy.desk.crypto.fields import SealedTextField
from ydjy.desk.models.dated_rule import DatedRule


class ExportRule(DatedRule):
    """What one person may take out of the system in one go, from a day on 导出规定."""

    alone = models.PositiveIntegerField(
        "完整号码一个人可以导出几行", default=200, help_text="超过的要另一个人批准。"
    )
    most = models.PositiveIntegerField("一次最多导出几行", default=100_000)
    a_day = models.PositiveSmallIntegerField("每人每天最多导出几次", default=10)
    kept_hours = models.PositiveSmallIntegerField(
        "生成的文件保留几小时", default=24, help_text="到时自动删除。"
    )

    class Meta(DatedRule.Meta):
        verbose_name = verbose_name_plural = "导出规定"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(kept_hours__gte=1, kept_hours__lte=168),
                name="export_rule_hours",
                violation_error_message="文件保留 1 到 168 小时。",
            ),
        ]


class ExportQuerySet(models.QuerySet["Export"]):
    def visible_to(self, staff: Any) -> Self:
        """One's own, and those asked for in the offices whose cases the person sees."""
        own = models.Q(asked_by=getattr(staff, "pk", None))
        path = getattr(staff, "case_path", None)
        return self.filter(own | models.Q(office_path__startswith=path) if path else own)

    def answered(self, now: datetime) -> Self:
        """With a result that the asker has not taken note of: a file to fetch, or a no."""
        ready = models.Q(state=Export.State.READY, expires_at__gt=now)
        no = models.Q(state__in=[Export.State.DECLINED, Export.State.STOPPED])
        return self.filter(ready | no, noted_at=None)


class Export(models.Model):
    """An export that is not handed out at once 导出单: too many rows for a page, or so many whole
    numbers that a second person has to allow it. The list's filter is kept, never keys of rows;
    the file lies sealed in the vault until it expires."""

    class State(models.TextChoices):
        WAITING = "waiting", "待批准"
        MAKING = "making", "正在生成"
        READY = "ready", "可以下载"
        DECLINED = "declined", "没有批准"
        STOPPED = "stopped", "没有生成"
        EXPIRED = "expired", "已到期删除"

    table = models.CharField("列表", max_length=63)
    query = SealedTextField(verbose_name="筛选条件")
    columns = models.JSONField("列", default=list, editable=False)
    form = models.CharField("格式", max_length=4)
    full = models.BooleanField("完整号码", default=False)
    rows = models.PositiveIntegerField("行数")
    reason = models.CharField("为什么", max_length=100, blank=True)
    office_path = models.CharField("机构路径", max_length=120, blank=True, editable=False)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="谁要导出"
    )
    asked_at = models.DateTimeField("申请时间")
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name="批准人"
    )
    decided_at = models.DateTimeField("批准时间", null=True)
    state = models.CharField("状态", max_length=8, choices=State)
    words = models.CharField("说明", max_length=200, blank=True)
    expires_at = models.DateTimeField("保留到")
    lease_until = models.DateTimeField("正在生成，至", null=True, editable=False)
    noted_at = models.DateTimeField("申请人看过", null=True, editable=False)
    filename = models.CharField("文件名", max_length=120, blank=True)
    stored = models.CharField("存放处", max_length=80, blank=True, editable=False)

    objects = ExportQuerySet.as_manager()

    class Meta:
        app_label = "desk"
        verbose_name = verbose_name_plural = "导出单"
        ordering = ["-asked_at", "-pk"]
        permissions = [("approve_export", "批准导出完整号码")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(decided_by__isnull=True)
                | ~models.Q(decided_by=models.F("asked_by")),
                name="export_second_person",
                violation_error_message="自己申请的导出要由另一个人批准。",
            ),
            models.CheckConstraint(
                condition=~models.Q(state__in=["making", "ready"])
                | models.Q(full=False)
                | models.Q(decided_by__isnull=False),
                name="export_full_is_allowed",
                violation_error_message="完整号码的导出要先批准。",
            ),
        ]

    def __str__(self) -> str:
        return f"导出单 {self.pk}"
