"""How long files are kept that were never imported, and how much all files may take (X18)."""

from django.db import models

from ydjy.desk.models.dated_rule import DatedRule


class StorageRule(DatedRule):
    """What the vault holds and for how long, from a day on 存放规定. What was imported, and what
    went back, is never deleted by it."""

    kept_days = models.PositiveSmallIntegerField(
        "没有导入的来件保留几天",
        default=30,
        help_text="过了这些天还没有导入的来件自动放弃，原件和核对的内容一起删除，只留收件记录；最近三天有人打开过的等一等。",
    )
    most_gb = models.PositiveSmallIntegerField(
        "全部文件最多占多少 GB", default=20, help_text="快满时在“运行状态”提醒，满了不再收新来件。"
    )

    class Meta(DatedRule.Meta):
        verbose_name = verbose_name_plural = "存放规定"
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
