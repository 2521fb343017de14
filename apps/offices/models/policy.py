"""Where a rule comes from, and which city this deployment serves."""

from datetime import date, timedelta
from typing import Any, Self, TypeVar

from django.db import models

CHECK_EVERY = timedelta(days=90)  # 信息核对: telephones and addresses change (I8)
Rows = TypeVar("Rows", bound="models.QuerySet[Any]")


class Weekday(models.IntegerChoices):
    """The days as Python counts them."""

    MONDAY = 0, "星期一"
    TUESDAY = 1, "星期二"
    WEDNESDAY = 2, "星期三"
    THURSDAY = 3, "星期四"
    FRIDAY = 4, "星期五"
    SATURDAY = 5, "星期六"
    SUNDAY = 6, "星期日"


class PolicyDocument(models.Model):
    """A policy document 政策文件: the 依据 that every rule and contact names (D-X17)."""

    code = models.SlugField("代号", unique=True)
    title = models.CharField("标题", max_length=120)
    number = models.CharField("文号", max_length=60, blank=True)
    issuer = models.CharField("发布机构", max_length=80, blank=True)
    issued_on = models.DateField("发布日期", null=True, blank=True)
    note = models.CharField("说明", max_length=300, blank=True)
    facts = models.CharField("资料编号", max_length=80, blank=True, editable=False)

    class Meta:
        verbose_name = verbose_name_plural = "政策文件"
        ordering = ["-issued_on", "title"]

    def __str__(self) -> str:
        return f"{self.title}（{self.number}）" if self.number else self.title

    @property
    def quoted(self) -> str:
        """The title in its marks, once: some begin with those of another document, and within
        marks there are smaller ones."""
        if self.title.startswith("《"):
            return self.title
        return f"《{self.title.replace('《', '〈').replace('》', '〉')}》"


class Sourced(models.Model):
    """A row that a bureau may change: it names its 依据 and the day somebody last checked it."""

    source = models.ForeignKey(
        PolicyDocument, models.PROTECT, null=True, related_name="+", verbose_name="依据"
    )
    checked_on = models.DateField("最后核对", null=True, blank=True)
    facts = models.CharField("资料编号", max_length=120, blank=True, editable=False)
    # The row's code in the policy file; blank for a row that staff made. It stays when staff
    # change name or number, so that loading the file again never brings the old one back.
    origin = models.CharField(max_length=80, blank=True, default="", editable=False, db_index=True)

    class Meta:
        abstract = True

    def confirm(self, day: date) -> None:
        """Somebody has made sure, by telephone as a rule, that the row still holds (I8)."""
        self.checked_on = day
        self.save(update_fields=["checked_on"])


def unchecked(rows: Rows, today: date) -> Rows:
    """Of these rows, those nobody has checked for 90 days; those never checked come first."""
    stale = models.Q(checked_on__isnull=True) | models.Q(checked_on__lt=today - CHECK_EVERY)
    return rows.filter(stale).order_by(models.F("checked_on").asc(nulls_first=True), "pk")


class CityQuerySet(models.QuerySet["City"]):
    def served(self) -> "City":
        """The one city of this deployment; ``City.DoesNotExist`` before a policy is loaded."""
        return self.get()

    def maybe(self) -> "City | None":
        return self.first()


class City(models.Model):
    """The pooling area 统筹区 that this deployment serves. One row (decisions: one city)."""

    class CountyRule(models.TextChoices):
        HOME_ONLY = "home_only", "只在本县（市）"
        HOME_THEN_CITY = "home_then_city", "先本县（市），本县没有再到市里"
        ANY = "any", "全市任选"

    code = models.SlugField("代号", unique=True)
    name = models.CharField("名称", max_length=40)
    area = models.CharField("医保区划", max_length=12)
    area_code = models.CharField("区号", max_length=4)
    county_rule = models.CharField(
        "县（市）参保人转诊规则", max_length=20, choices=CountyRule, default=CountyRule.ANY
    )
    county_rule_words = models.CharField("转诊规则原文", max_length=120, blank=True)
    weekly_exchange = models.BooleanField("开展每周联网报错", default=False)
    only = models.BooleanField(default=True, unique=True, editable=False)

    objects = CityQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "统筹区"

    def __str__(self) -> str:
        return self.name


class DatedQuerySet(models.QuerySet):
    """Rows that hold from a day to a day, both included; an open end is NULL."""

    def on(self, day) -> Self:  # type: ignore[no-untyped-def]
        return self.filter(
            models.Q(valid_from__isnull=True) | models.Q(valid_from__lte=day),
            models.Q(valid_to__isnull=True) | models.Q(valid_to__gte=day),
        )


class Dated(models.Model):
    """Holds from ``valid_from`` to ``valid_to``, both days included."""

    valid_from = models.DateField("生效日期", null=True, blank=True)
    valid_to = models.DateField("失效日期", null=True, blank=True)

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(
                condition=models.Q(valid_to__isnull=True)
                | models.Q(valid_from__isnull=True)
                | models.Q(valid_to__gte=models.F("valid_from")),
                name="%(app_label)s_%(class)s_period",
                violation_error_message="失效日期早于生效日期，请检查这两个日期。",
            )
        ]

    def holds_on(self, day: date) -> bool:
        return (self.valid_from or day) <= day <= (self.valid_to or day)
