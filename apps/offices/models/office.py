"""Offices, their telephones and hours, and the channels by which people reach them."""

from typing import Any, Self

from django.db import models, transaction

from apps.offices.models.policy import Dated, DatedQuerySet, Sourced, Weekday
from ydjy.desk.validators import refuse_circle


class OfficeQuerySet(DatedQuerySet):
    def visible_to(self, staff: Any) -> Self:
        """The person's own office and those below it."""
        path = getattr(staff, "office_path", None)
        return self.filter(path__startswith=path) if path else self.none()

    def published(self) -> Self:
        return self.filter(published=True)

    def for_area(self, area: str) -> "Office | None":
        """The office that answers for an insured area; the city's own where none is nearer."""
        return (
            self.filter(area=area, handles_cases=True).order_by("path").first()
            or self.filter(parent=None, handles_cases=True).first()
        )


class Office(Sourced, Dated):
    """An office, window or hall 经办机构／网点 where insured people are served.

    City → county → township → service point, at any depth. ``handles_cases`` marks those that
    answer for an area's tickets and filings; the rest are places and telephones. The address is
    free text and is never split (D-O09 has commas in it), and the address area need not be the
    office's own (D-O08).
    """

    class Level(models.TextChoices):
        CITY = "city", "市级"
        COUNTY = "county", "县（市、区）级"
        TOWNSHIP = "township", "乡镇（街道）"
        POINT = "point", "服务网点"

    class Accepts(models.TextChoices):
        OWN = "own", "本辖区"
        CITY = "city", "全市通办"
        PROVINCE = "province", "全省通办"

    code = models.SlugField("代号", unique=True)
    name = models.CharField("名称", max_length=60)
    level = models.CharField("级别", max_length=10, choices=Level)
    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="below", verbose_name="上级"
    )
    path = models.CharField(max_length=120, editable=False, db_index=True, default="")
    area = models.CharField("医保区划", max_length=12, blank=True)
    area_name = models.CharField("服务地区", max_length=40, blank=True)
    address = models.CharField("地址", max_length=160, blank=True)
    step_free = models.CharField(
        "无障碍设施", max_length=60, blank=True, help_text="例如：门口有坡道，有低位柜台"
    )
    accepts = models.CharField("受理范围", max_length=10, choices=Accepts, default=Accepts.OWN)
    handles_cases = models.BooleanField("承办报错和备案", default=False)
    order = models.PositiveSmallIntegerField("次序", default=0)
    published = models.BooleanField("对外公开", default=True)

    objects = OfficeQuerySet.as_manager()

    class Meta(Dated.Meta):
        abstract = False
        verbose_name = verbose_name_plural = "经办机构"
        ordering = ["order", "code"]
        permissions = [("import_office", "导入机构表"), ("export_office", "导出机构表")]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        super().clean()
        refuse_circle(self, "parent")

    @transaction.atomic
    def save(self, *args: Any, **kwargs: Any) -> None:
        """Keeps the path true, here and for everything below, when an office is moved."""
        super().save(*args, **kwargs)
        path = f"{self.parent.path if self.parent else '/'}{self.pk}/"
        if path != self.path:
            self.path = path
            type(self).objects.filter(pk=self.pk).update(path=path)
            for office in self.below.all():
                office.parent = self
                office.save()

    @property
    def municipal(self) -> bool:
        return self.parent_id is None


class Hotline(Sourced, Dated):
    """A telephone number. One number may have several roles (D-O11, D-O12: the same number)."""

    class Use(models.TextChoices):
        ENQUIRY = "enquiry", "咨询"
        FILING = "filing", "电话备案"
        CROSS_REGION = "cross_region", "异地就医服务"
        CARD = "card", "社保卡"

    office = models.ForeignKey(
        Office, models.PROTECT, null=True, blank=True, related_name="hotlines", verbose_name="机构"
    )
    name = models.CharField("名称", max_length=40)
    display = models.CharField("号码", max_length=30)
    tel = models.CharField("拨号", max_length=30, editable=False)
    uses = models.JSONField("用途", default=list)
    order = models.PositiveSmallIntegerField("次序", default=0)
    published = models.BooleanField("对外公开", default=True)

    objects = DatedQuerySet.as_manager()

    class Meta(Dated.Meta):
        abstract = False
        verbose_name = verbose_name_plural = "电话"
        ordering = ["order", "pk"]
        permissions = [("import_hotline", "导入电话表"), ("export_hotline", "导出电话表")]
        constraints = [
            *Dated.Meta.constraints,
            models.UniqueConstraint(fields=["name", "tel"], name="hotline_once"),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.display}"

    @property
    def use_labels(self) -> list[str]:
        return [str(self.Use(use).label) for use in self.uses]


class ServiceHours(Sourced, Dated):
    """One frame of a day, such as 8:30–11:30; a lunch break is two rows (D-O11)."""

    office = models.ForeignKey(
        Office, models.CASCADE, null=True, blank=True, related_name="hours", verbose_name="机构"
    )
    hotline = models.ForeignKey(
        Hotline, models.CASCADE, null=True, blank=True, related_name="hours", verbose_name="电话"
    )
    weekday = models.PositiveSmallIntegerField(
        "星期", choices=Weekday, null=True, blank=True, help_text="不选是每个工作日"
    )
    opens = models.TimeField("开始")
    closes = models.TimeField("结束")

    objects = DatedQuerySet.as_manager()

    class Meta(Dated.Meta):
        abstract = False
        verbose_name = verbose_name_plural = "服务时间"
        ordering = ["weekday", "opens"]
        constraints = [
            *Dated.Meta.constraints,
            models.CheckConstraint(
                condition=models.Q(closes__gt=models.F("opens")),
                name="hours_end_after_start",
                violation_error_message="结束时间要晚于开始时间。",
            ),
            models.CheckConstraint(
                condition=models.Q(office__isnull=False) | models.Q(hotline__isnull=False),
                name="hours_of_something",
                violation_error_message="请选择这段时间是哪个机构或哪部电话的。",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.opens:%H:%M}—{self.closes:%H:%M}"


class Channel(Sourced):
    """A way to hand in a filing or ask about one: window, telephone, app, mini-program, hospital.

    ``available`` may be false on purpose: «网上服务大厅：暂无» is a fact too (D-O32).
    """

    class Kind(models.TextChoices):
        WINDOW = "window", "窗口"
        PHONE = "phone", "电话"
        APP = "app", "手机应用"
        MINI_PROGRAM = "mini_program", "小程序"
        WEB = "web", "网上大厅"
        HOSPITAL = "hospital", "指定医院"
        PARTNER = "partner", "合作或委托机构"

    code = models.SlugField("代号", unique=True)
    name = models.CharField("名称", max_length=40)
    kind = models.CharField("方式", max_length=15, choices=Kind)
    available = models.BooleanField("已开通", default=True)
    cross_province_only = models.BooleanField("仅限跨省", default=False)
    queries = models.BooleanField("可查进度", default=False)
    how = models.CharField("怎么用", max_length=200, blank=True)
    order = models.PositiveSmallIntegerField("次序", default=0)

    class Meta:
        verbose_name = verbose_name_plural = "办理渠道"
        ordering = ["order", "pk"]

    def __str__(self) -> str:
        return self.name
