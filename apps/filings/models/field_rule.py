"""What is needed and what is plausible in the fields of a registration, as dated rows."""

from django.db import models

from apps.filings.models.catalogue import Category
from apps.filings.rules.plausible import FIELDS
from apps.offices.models.policy import Dated, DatedQuerySet


class FieldRule(Dated):
    """One field of a registration: whether it must be filled in, and between which bounds.

    A row of a group comes before one for all groups. It is looked at only where the kind asks for
    the field. What the city has not written down here is not judged.
    """

    code = models.SlugField("代号", unique=True)
    group = models.CharField(
        "分组", max_length=10, choices=Category.Group, blank=True, help_text="空着管所有类别"
    )
    field = models.CharField("哪一项", max_length=20, choices=list(FIELDS.items()))
    needed = models.BooleanField("必须填", default=False)
    days_before = models.PositiveSmallIntegerField(
        "最早在受理前几天", null=True, blank=True, help_text="日期才填，空着不限"
    )
    days_after = models.PositiveSmallIntegerField(
        "最晚在受理后几天", null=True, blank=True, help_text="日期才填，空着不限"
    )
    at_most = models.PositiveSmallIntegerField(
        "最多", null=True, blank=True, help_text="数字才填，空着不限"
    )
    excusable = models.BooleanField("写明理由可以例外", default=False)

    objects = DatedQuerySet.as_manager()

    class Meta(Dated.Meta):
        abstract = False
        verbose_name = verbose_name_plural = "登记时核对什么"
        ordering = ["field", "group", "pk"]

    def __str__(self) -> str:
        group = self.get_group_display()
        return f"{self.get_field_display()}（{group}）" if group else self.get_field_display()
