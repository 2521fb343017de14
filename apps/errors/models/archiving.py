"""When a week that is over is put away 归档, and that it was."""

from django.conf import settings
from django.db import models

from apps.errors.models.batch import Batch
from ydjy.desk.models.dated_rule import DatedRule


class ArchiveRule(DatedRule):
    """How long after the province's last word a week is put away by itself 归档规定, from a day
    on. Nothing is deleted by it."""

    days = models.PositiveSmallIntegerField(
        "省里认可后几天自动归档",
        default=30,
        help_text="本周无报错的从确认那天算起。省里没有发回审核的周次不会自动归档，可以在周批次里手工归档。",
    )

    class Meta(DatedRule.Meta):
        app_label = "errors"
        verbose_name = verbose_name_plural = "归档规定"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(days__gte=1, days__lte=3650),
                name="archive_rule_days",
                violation_error_message="写 1 到 3650 天。",
            )
        ]


class ArchiveEvent(models.Model):
    """A week was put away, or taken up again. Kept."""

    batch = models.ForeignKey(
        Batch, models.PROTECT, related_name="archive_events", verbose_name="批次"
    )
    at = models.DateTimeField("时间")
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name="谁"
    )
    words = models.CharField("说明", max_length=120)

    class Meta:
        verbose_name = verbose_name_plural = "归档的经过"
        ordering = ["-at", "-pk"]

    def __str__(self) -> str:
        return f"{self.by or '系统'}：{self.words}"
