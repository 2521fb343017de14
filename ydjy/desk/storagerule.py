"""How long files are kept that were never imported, and how much all files may take (X18)."""

from datetime import date

from django.db import models


class StorageRule(models.Model):
    """What the vault holds and for how long, from a day on 存放规定. What was imported, and what
    went back, is never deleted by it."""

    valid_from = models.DateField("从哪天起", unique=True)
    kept_days = models.PositiveSmallIntegerField(
        "没有导入的来件保留几天",
        default=30,
        help_text="过了这些天还没有导入的来件自动放弃，原件和核对的内容一起删除，只留收件记录。",
    )
    most_gb = models.PositiveSmallIntegerField(
        "全部文件最多占多少 GB", default=20, help_text="快满时在“运行状态”提醒，满了不再收新来件。"
    )
    basis = models.CharField("依据", max_length=120, blank=True)

    class Meta:
        app_label = "desk"
        verbose_name = verbose_name_plural = "存放规定"
        ordering = ["-valid_from"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(kept_days__gte=7, kept_days__lte=3650),
                name="storage_rule_days",
                violation_error_message="保留 7 到 3650 天。",
            ),
            models.CheckConstraint(
                condition=models.Q(most_gb__gte=1),
                name="storage_rule_room",
                violation_error_message="至少给 1 GB。",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.valid_from} 起"

    @classmethod
    def on(cls, day: date) -> "StorageRule":
        """The rule that holds on a day; the product's own where the bureau has set none."""
        return cls.objects.filter(valid_from__lte=day).first() or cls(valid_from=date.min)
