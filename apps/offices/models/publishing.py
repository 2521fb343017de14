"""What the public site needs besides offices and rules: its own settings, notices, odd days, words.

None of these rows is about a person. ``PublicVersion`` counts the changes of every public table
(the triggers are in ``ydjy/public_site/open_data.py``), so that an unchanged page is answered
without work.
"""

from datetime import date
from typing import Self

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.db import models

from apps.offices.models.office import Office
from apps.offices.models.policy import Dated, DatedQuerySet

WEB_ADDRESS = URLValidator(["http", "https"], message="请填完整的网址，以 http 或 https 开头。")


class SiteSettingsManager(models.Manager["SiteSettings"]):
    def current(self) -> "SiteSettings":
        """The one row; an empty one, not stored, before staff have filled it in."""
        return self.first() or self.model()


class SiteSettings(models.Model):
    """What a government page must carry (国办发〔2017〕47号, feature P14). Empty prints nothing."""

    NEEDED = ("organiser", "phone", "site_code", "icp", "police_record")

    site_name = models.CharField("网站名称", max_length=30, default="异地就医服务")
    organiser = models.CharField("主办单位", max_length=60, blank=True)
    phone = models.CharField("联系电话", max_length=30, blank=True)
    site_code = models.CharField("网站标识码", max_length=20, blank=True)
    icp = models.CharField("ICP备案号", max_length=40, blank=True)
    police_record = models.CharField("公安备案号", max_length=40, blank=True)
    address = models.CharField(
        "查询网站网址",
        max_length=60,
        blank=True,
        validators=[WEB_ADDRESS],
        help_text="印在纸上的二维码打开这个网址，例如 https://yibao.example.cn；空着就不印二维码",
    )
    report_url = models.CharField(
        "“我为政府网站找错”链接",
        max_length=200,
        blank=True,
        validators=[WEB_ADDRESS],
        help_text="空着就不显示",
    )
    party_mark_url = models.CharField(
        "党政机关网站标识链接",
        max_length=200,
        blank=True,
        validators=[WEB_ADDRESS],
        help_text="空着就不显示",
    )
    only = models.BooleanField(default=True, unique=True, editable=False)

    objects = SiteSettingsManager()

    class Meta:
        verbose_name = verbose_name_plural = "站点设置"

    def __str__(self) -> str:
        return self.site_name

    @property
    def missing(self) -> list[str]:
        """The names of what a public site must show and this one does not yet, for the admin."""
        return [
            str(self._meta.get_field(name).verbose_name)
            for name in self.NEEDED
            if not getattr(self, name)
        ]


class NoticeQuerySet(DatedQuerySet):
    def shown(self, audience: str, day: date) -> Self:
        return self.on(day).filter(published=True, audience=audience)


class Notice(Dated):
    """A dated line at the top of every page (P17); the public's and the staff's are kept apart."""

    class Level(models.TextChoices):
        INFO = "info", "一般"
        WARN = "warn", "重要"
        URGENT = "urgent", "紧急"

    class Audience(models.TextChoices):
        PUBLIC = "public", "公众"
        STAFF = "staff", "工作人员"

    text = models.CharField("内容", max_length=120)
    level = models.CharField("程度", max_length=6, choices=Level, default=Level.INFO)
    audience = models.CharField("给谁看", max_length=6, choices=Audience, default=Audience.PUBLIC)
    published = models.BooleanField("已核对，可以显示", default=False)

    objects = NoticeQuerySet.as_manager()

    class Meta(Dated.Meta):
        abstract = False
        verbose_name = verbose_name_plural = "通知"
        ordering = ["-valid_from", "-pk"]

    def __str__(self) -> str:
        return self.text


class SpecialHours(Dated):
    """Days on which an office is closed although others work, or open longer 延时服务 (O7).

    Without an office it holds for all of them. A closing without times is the whole day.
    """

    class Kind(models.TextChoices):
        CLOSED = "closed", "暂停办公"
        EXTRA = "extra", "延时服务"

    office = models.ForeignKey(
        Office, models.CASCADE, null=True, blank=True, related_name="+", verbose_name="机构"
    )
    kind = models.CharField("安排", max_length=6, choices=Kind)
    opens = models.TimeField("从几点", null=True, blank=True)
    closes = models.TimeField("到几点", null=True, blank=True)
    reason = models.CharField("原因", max_length=60, blank=True)
    published = models.BooleanField("对外公开", default=True)

    objects = DatedQuerySet.as_manager()

    class Meta(Dated.Meta):
        abstract = False
        verbose_name = verbose_name_plural = "临时上下班安排"
        ordering = ["valid_from", "opens"]
        constraints = [
            *Dated.Meta.constraints,
            models.CheckConstraint(
                condition=models.Q(valid_from__isnull=False, valid_to__isnull=False),
                name="special_hours_have_days",
                violation_error_message="请写明从哪天到哪天。",
            ),
            models.CheckConstraint(
                condition=models.Q(kind="closed", opens__isnull=True, closes__isnull=True)
                | models.Q(opens__isnull=False, closes__gt=models.F("opens")),
                name="special_hours_have_times",
                violation_error_message="延时服务要写明从几点到几点，结束要晚于开始。",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.valid_from}到{self.valid_to} {self.get_kind_display()}"


class Synonym(models.Model):
    """A word people use for a word of ours: 转院 for 转诊. Used by the public search."""

    word = models.CharField("百姓的说法", max_length=20, unique=True)
    means = models.CharField("对应的词", max_length=20)

    class Meta:
        verbose_name = verbose_name_plural = "同义词"
        ordering = ["word"]

    def __str__(self) -> str:
        return f"{self.word}就是{self.means}"

    def clean(self) -> None:
        if self.word == self.means:
            raise ValidationError({"means": "两个词一样，不用登记。"})


class PublicVersion(models.Model):
    """One row that counts the changes of the public tables. Database triggers add to it."""

    audited = False

    number = models.BigIntegerField("第几版", default=1)

    class Meta:
        verbose_name = verbose_name_plural = "公开内容版本"

    def __str__(self) -> str:
        return "公开内容的版本"
