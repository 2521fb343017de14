"""Where people may be treated: designated institutions, their names, contacts and suspensions."""

from datetime import date
from typing import Any, Self

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone

from apps.institutions.models.search_entry import SearchEntry
from apps.institutions.search import index_keys
from apps.offices.models.policy import Dated, DatedQuerySet, Sourced, unchecked
from ydjy.lib import pinyin, text


class InstitutionQuerySet(DatedQuerySet):
    def normal(self) -> Self:
        return self.filter(status=Institution.Status.NORMAL)

    def working(self, day: date) -> Self:
        """Agreement in force and not suspended on that day; nothing has to run to make it so."""
        stopped = Suspension.objects.on(day).filter(institution=models.OuterRef("pk"))
        return self.normal().on(day).exclude(models.Exists(stopped))

    def published(self, on: date | None = None) -> Self:
        """What the public may see: published, and working on that day (today)."""
        return self.filter(published=True).working(on or timezone.localdate())

    def unchecked(self, today: date) -> Self:
        """Nobody has checked them for 90 days; those never checked come first.

        The national list is checked by whoever keeps it, so it is not our work.
        """
        rows = unchecked(self.exclude(listed="national"), today)
        return rows.order_by(models.F("checked_on").asc(nulls_first=True), "weight", "pk")

    def index(self) -> None:
        """Write their rows of the search index anew, from their names as they stand."""
        names = {pk: [name] for pk, name in self.values_list("pk", "name")}
        aliases = InstitutionAlias.objects.filter(institution__in=names)
        for pk, name in aliases.values_list("institution_id", "name"):
            names[pk].append(name)
        SearchEntry.objects.renew(names)

    def named(self, name: str, code: str = "") -> "Institution | None":
        """The institution a row means: by its national code, else by exactly its name or alias.

        Spelling variants (968 / 第九六八) meet in ``text.name_key``; nothing is guessed.
        """
        if code and (found := self.filter(national_code=code).first()):
            return found
        key = text.name_key(name)
        if not key:
            return None
        found = list(
            self.filter(models.Q(name_key=key) | models.Q(aliases__key=key)).distinct()[:2]
        )
        return found[0] if len(found) == 1 else None


class Institution(Sourced, Dated):
    """A hospital, clinic or pharmacy with an agreement. ``area`` is a place code that may lie
    outside GB/T 2260 (development zones), so it is text and no foreign key (domain 2.4).

    ``valid_from`` to ``valid_to`` is the agreement; ``status`` says what holds without a date, and
    :class:`Suspension` what holds for a time. ``digest`` is the fingerprint of the list row that
    last described it, ``listed`` the list that did, ``brought_by`` the import that made it.
    ``weight`` is the place in search results.
    """

    made_by_lists = True  # the change log keeps one record of a long list, not one of each row

    class Kind(models.TextChoices):
        HOSPITAL = "hospital", "医院"
        COMMUNITY = "community", "社区医院"
        CLINIC = "clinic", "门诊部"
        PHARMACY = "pharmacy", "药店"

    class Status(models.TextChoices):
        NORMAL = "normal", "正常"
        SUSPENDED = "suspended", "暂停"
        ENDED = "ended", "已解除"

    class How(models.TextChoices):
        PHONE = "phone", "电话"
        VISIT = "visit", "上门"
        DOCUMENT = "document", "文件"
        LIST = "list", "名单"

    national_code = models.CharField("国家编码", max_length=12, unique=True, null=True, blank=True)
    name = models.CharField("名称", max_length=80)
    name_key = models.CharField(max_length=80, editable=False, db_index=True)
    initials = models.CharField(max_length=80, editable=False)
    kind = models.CharField("类别", max_length=10, choices=Kind, default=Kind.HOSPITAL)
    level = models.CharField("等级", max_length=20, blank=True)
    ownership = models.CharField("性质", max_length=10, blank=True)
    area = models.CharField("所在区划", max_length=12, blank=True)
    county = models.CharField("所属县区", max_length=20, blank=True)
    address = models.CharField("地址", max_length=160, blank=True)
    phone = models.CharField("电话", max_length=60, blank=True)
    status = models.CharField("状态", max_length=10, choices=Status, default=Status.NORMAL)
    order = models.PositiveSmallIntegerField("次序", default=0)
    published = models.BooleanField("对外公开", default=True)
    remark = models.CharField("备注", max_length=200, blank=True)
    checked_how = models.CharField("怎么核对的", max_length=8, choices=How, blank=True)
    checked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
        verbose_name="谁核对的",
    )
    weight = models.PositiveIntegerField(default=0, editable=False)
    listed = models.CharField(max_length=10, blank=True, default="", editable=False)
    digest = models.BigIntegerField(null=True, editable=False)
    brought_by = models.BigIntegerField(null=True, editable=False)

    objects = InstitutionQuerySet.as_manager()

    class Meta(Dated.Meta):
        abstract = False
        verbose_name = verbose_name_plural = "定点机构"
        ordering = ["weight", "name_key"]
        indexes = [
            models.Index(fields=["weight", "name_key"], name="institution_rank"),
            models.Index(fields=["county", "weight"], name="institution_county"),
            models.Index(fields=["level", "weight"], name="institution_level"),
            models.Index(fields=["listed", "county"], name="institution_listed_county"),
        ]
        permissions = [
            ("import_institution", "导入机构名单"),
            ("publish_institution", "发布机构名单"),
            ("check_institution", "登记核对"),
            ("export_institution", "导出机构名单"),
        ]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        """The code is for life, and a name that is given up stays findable as a former name."""
        before = Institution.objects.filter(pk=self.pk).values_list("name", flat=True).first()
        self.name_key, self.initials = text.name_key(self.name), pinyin.initials(self.name)
        self.weight = index_keys.weight(self.order, self.level, self.kind)
        super().save(*args, **kwargs)
        if before and text.name_key(before) != self.name_key:
            InstitutionAlias.objects.get_or_create(
                institution=self, key=text.name_key(before), defaults={"name": before, "former": 1}
            )
        Institution.objects.filter(pk=self.pk).index()

    def clean(self) -> None:
        super().clean()
        _must_have_a_key(self.name)

    def working_on(self, day: date) -> bool:
        return self.state_on(day) == "正常"

    def state_on(self, day: date) -> str:
        """One word for how it stood on that day: 正常, 暂停, 已解除, 还没生效, 已到期."""
        if self.valid_from and day < self.valid_from:
            return "还没生效"
        if self.valid_to and day > self.valid_to:
            return "已到期"
        if self.status != self.Status.NORMAL:
            return str(self.get_status_display())
        for stop in self.suspensions.all():
            if stop.holds_on(day):
                return str(stop.get_kind_display())
        return "正常"

    def opened_for(self, reach: str, day: date) -> str:
        """What it settles directly that day; without any record nobody knows (I4)."""
        every = list(self.openings.all())
        held = [one for one in every if one.reach == reach and one.holds_on(day)]
        if not held:
            return "没有开通" if every else "没有登记"
        held.sort(key=lambda one: one.Business.values.index(one.business))
        return "、".join(str(one.get_business_display()) for one in held)

    def check_off(self, *, by: Any, how: str, day: date) -> None:
        """信息核对: somebody has made sure that name, address and telephone still hold (I8)."""
        self.checked_on, self.checked_by, self.checked_how = day, by, how
        super().save(update_fields=["checked_on", "checked_by", "checked_how"])


def _must_have_a_key(name: str) -> None:
    """A key may be longer than its name: 五千 is 5000 in it."""
    if len(text.name_key(name)) > 80:
        said = {"name": "名称太长，里面的数字写成阿拉伯数字后超过 80 个字，请删短。"}
        raise ValidationError(said)


class InstitutionAlias(models.Model):
    """Another spelling or a former name under which sheets still name the institution."""

    institution = models.ForeignKey(
        Institution, models.CASCADE, related_name="aliases", verbose_name="机构"
    )
    name = models.CharField("别名", max_length=80)
    key = models.CharField(max_length=80, editable=False, db_index=True)
    former = models.BooleanField("曾用名", default=False)

    class Meta:
        verbose_name = verbose_name_plural = "别名"

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.key = text.name_key(self.name)
        super().save(*args, **kwargs)
        Institution.objects.filter(pk=self.institution_id).index()

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        gone = super().delete(*args, **kwargs)
        Institution.objects.filter(pk=self.institution_id).index()
        return gone

    def clean(self) -> None:
        super().clean()
        _must_have_a_key(self.name)


class Suspension(Sourced, Dated):
    """A time in which the institution may not settle or refer, by a document. May lie ahead:
    pages read it by date, so it takes effect on its day without a job (I5)."""

    class Kind(models.TextChoices):
        SUSPENDED = "suspended", "暂停"
        ENDED = "ended", "已解除"

    institution = models.ForeignKey(
        Institution, models.CASCADE, related_name="suspensions", verbose_name="机构"
    )
    kind = models.CharField("处理", max_length=10, choices=Kind, default=Kind.SUSPENDED)
    reason = models.CharField("原因和文号", max_length=120, blank=True)

    objects = DatedQuerySet.as_manager()

    class Meta(Dated.Meta):
        abstract = False
        verbose_name = verbose_name_plural = "停用"
        ordering = ["institution", "valid_from"]
        constraints = [
            *Dated.Meta.constraints,
            models.CheckConstraint(
                condition=models.Q(valid_from__isnull=False),
                name="suspension_has_a_first_day",
                violation_error_message="请写从哪天起停用。",
            ),
        ]

    def __str__(self) -> str:
        until = f"到{self.valid_to}" if self.valid_to else ""
        return f"{self.valid_from}起{until}{self.get_kind_display()}"


class InternalContact(models.Model):
    """Whom our clerks ring at the institution, such as its 医保办 (I9). Never on a public page."""

    institution = models.ForeignKey(
        Institution, models.CASCADE, related_name="contacts", verbose_name="机构"
    )
    duty = models.CharField("科室或职务", max_length=40, default="医保办")
    name = models.CharField("联系人", max_length=30, blank=True)
    phone = models.CharField("内部电话", max_length=60)
    note = models.CharField("说明", max_length=100, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "内部联系人"
        ordering = ["institution", "pk"]

    def __str__(self) -> str:
        return self.duty
