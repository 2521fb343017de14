"""A received list of institutions on its way: read, compared, drafted, published, undone."""

from datetime import datetime
from typing import Any, Self

from django.conf import settings
from django.db import models

from ydjy.desk.models import Upload


class ListImportQuerySet(models.QuerySet["ListImport"]):
    def waiting(self, now: datetime) -> Self:
        """Jobs that nobody has taken up, or whose worker has not been heard of since."""
        nobody = models.Q(job_until__isnull=True) | models.Q(job_until__lt=now)
        return self.exclude(job="").filter(nobody)

    def to_publish_by(self, staff: Any) -> Self:
        """Drafts that wait for a second person, who may be this one."""
        drafts = self.filter(state=ListImport.State.DRAFT, job="")
        return drafts.exclude(drafted_by=staff).exclude(upload__received_by=staff)


class ListImport(models.Model):
    """What a list would change (I6), and who let it (I7).

    A list may have 600,000 rows, so its rows are not staged one by one: ``upload`` keeps the bytes
    and the five counts, ``accepted`` is ``new + changed + unchanged``, and :class:`ListRow` holds
    the rows that differ or were refused. ``packed`` names the whole comparison, kept beside the
    bytes; publishing goes on only if what it builds on has not changed since it was looked at.

    One that lacks a column it needs is ``REFUSED``; where naming the columns would mend that, the
    receipt says ``COLUMNS``.
    """

    class State(models.TextChoices):
        READING = "reading", "正在读"
        STAGED = "staged", "待核对"
        DRAFT = "draft", "等另一个人发布"
        PUBLISHED = "published", "已发布"
        UNDONE = "undone", "已撤回"
        ABANDONED = "abandoned", "已放弃"
        REFUSED = "refused", "读不了"

    class Listed(models.TextChoices):
        CITY = "city", "本市名单"
        NATIONAL = "national", "全国名单"

    class Job(models.TextChoices):
        NONE = "", "没有"
        READ = "read", "读文件、比较"
        PUBLISH = "publish", "写入"
        UNDO = "undo", "撤回"

    upload = models.OneToOneField(Upload, models.PROTECT, related_name="+", verbose_name="来件")
    listed = models.CharField("哪份名单", max_length=10, choices=Listed, default=Listed.CITY)
    state = models.CharField("状态", max_length=10, choices=State, default=State.READING)
    only_good = models.BooleanField("只导入没有问题的行", default=False)
    new = models.PositiveIntegerField("新增", default=0)
    changed = models.PositiveIntegerField("有变化", default=0)
    unchanged = models.PositiveIntegerField("没有变化", default=0)
    missing = models.PositiveIntegerField("名单里没有了", default=0)
    packed = models.CharField("比较结果", max_length=80, blank=True, editable=False)
    drafted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name="提交人"
    )
    drafted_at = models.DateTimeField("提交时间", null=True)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name="发布人"
    )
    published_at = models.DateTimeField("发布时间", null=True)
    job = models.CharField("后台在做", max_length=8, choices=Job, blank=True, default="")
    job_since = models.DateTimeField("从什么时候", null=True)
    job_until = models.DateTimeField("做的人最晚到什么时候", null=True)
    done = models.PositiveIntegerField("做了几行", default=0)
    total = models.PositiveIntegerField("共几行", default=0)
    message = models.CharField("说明", max_length=400, blank=True)

    objects = ListImportQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "机构名单"
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(published_by__isnull=True)
                | ~models.Q(published_by=models.F("drafted_by")),
                name="list_published_by_a_second_person",
                violation_error_message="提交的人不能自己发布，请另一位同事核对后发布。",
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_listed_display()}（{self.upload.filename}）"

    @property
    def asks_columns(self) -> bool:
        """Whether it waits for a person to say which of its columns is which."""
        return self.upload.state == Upload.State.COLUMNS

    @property
    def can_be_read_anew(self) -> bool:
        return self.state == self.State.STAGED or self.asks_columns

    @property
    def problems(self) -> int:
        return self.upload.held + self.upload.rejected


class ListRow(models.Model):
    """A row of the list that differs from what is stored, or was not understood.

    Institutions are public, so the cells stand here as text. ``before`` and ``after`` hold the
    fields that differ. ``decide`` names what a person must allow (a wider scope, taking up again,
    an institution that the list no longer has); without ``allowed`` that part is left alone.
    """

    audited = False

    class Outcome(models.TextChoices):
        NEW = "new", "新增"
        CHANGED = "changed", "有变化"
        MISSING = "missing", "名单里没有了"
        HELD = "held", "等人判断"
        REJECTED = "rejected", "有问题"
        DUPLICATE = "duplicate", "重复"
        SKIPPED = "skipped", "跳过"

    of = models.ForeignKey(ListImport, models.CASCADE, related_name="rows", verbose_name="名单")
    outcome = models.CharField("结果", max_length=10, choices=Outcome)
    sheet = models.CharField("工作表", max_length=40, blank=True)
    row = models.PositiveIntegerField("行号", default=0)
    institution = models.BigIntegerField("机构", null=True)
    name = models.CharField("名称", max_length=120, blank=True)
    before = models.JSONField("原来", default=dict)
    after = models.JSONField("名单上", default=dict)
    cells = models.JSONField("原文", default=list)
    message = models.CharField("说明", max_length=400, blank=True)
    decide = models.CharField("要人定的事", max_length=12, blank=True)
    allowed = models.BooleanField("同意", default=False)
    outcome_note = models.CharField("撤回的结果", max_length=60, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "名单里的行"
        ordering = ["of", "outcome", "row", "pk"]
        indexes = [models.Index(fields=["of", "outcome", "row"], name="list_row_of_outcome")]

    def __str__(self) -> str:
        return f"第 {self.pk} 行"
