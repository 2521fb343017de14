"""The staff's own tables: what was received, who changed what, who read whom."""

from typing import Any, Self

from django.conf import settings
from django.db import models

from ydjy.desk.crypto.fields import SealedJSONField, SealedTextField


class UploadQuerySet(models.QuerySet["Upload"]):
    def visible_to(self, staff: Any) -> Self:
        """Files received by the person's office or one below it."""
        path = getattr(staff, "case_path", None)
        return self.filter(office_path__startswith=path) if path else self.none()

    def of(self, kind: str, period: str) -> Self:
        return self.filter(kind=kind, period=period)


class Upload(models.Model):
    """A received file 来件: its bytes as they came, and what became of every row of it.

    ``accepted + held + rejected + duplicate + skipped`` is the number of its rows, always
    (reliability rule 2). The receipt is written before the file is read: a crash in between
    leaves a ``RECEIVED`` one, which the minute tick reads when its lease has run out.
    """

    class State(models.TextChoices):
        RECEIVED = "received", "正在核对"
        COLUMNS = "columns", "等列对应"
        STAGED = "staged", "待确认"
        CONFIRMING = "confirming", "正在导入"
        CONFIRMED = "confirmed", "已导入"
        ABANDONED = "abandoned", "已放弃"
        REFUSED = "refused", "读不了"
        SAME = "same", "与先前的相同"
        UNDOING = "undoing", "正在撤销"
        UNDONE = "undone", "已撤销"

    LIVE = (
        *(State.RECEIVED, State.COLUMNS, State.STAGED),
        *(State.CONFIRMING, State.CONFIRMED, State.UNDOING),
    )

    kind = models.CharField("种类", max_length=20)
    period = models.CharField("周期", max_length=10, blank=True)
    filename = models.CharField("文件名", max_length=200)
    sender = models.CharField("来文单位", max_length=40, blank=True)
    format = models.CharField("格式", max_length=5, blank=True)
    encoding = models.CharField("文字编码", max_length=12, blank=True)
    sha256 = models.CharField("文件指纹", max_length=64)
    size = models.PositiveBigIntegerField("字节数")
    stored = models.CharField("存放处", max_length=80, editable=False)
    office_path = models.CharField("接收机构路径", max_length=120, editable=False, blank=True)
    received_at = models.DateTimeField("接收时间")
    received_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name="接收人"
    )
    state = models.CharField("状态", max_length=10, choices=State, default=State.STAGED)
    message = models.CharField("说明", max_length=400, blank=True)
    layout = models.JSONField("工作表和列", default=list, editable=False)
    unmapped = models.JSONField("没有用到的列", default=list, editable=False)
    lease_until = models.DateTimeField("正在处理，至", null=True, editable=False)
    touched_on = models.DateField("最近打开", null=True, editable=False)
    plan = models.CharField("导入方式", max_length=10, blank=True, editable=False)
    done = models.PositiveIntegerField("已核对", default=0, editable=False)
    total = models.PositiveIntegerField("要核对", default=0, editable=False)
    accepted = models.PositiveIntegerField("可以导入", default=0)
    held = models.PositiveIntegerField("等人判断", default=0)
    rejected = models.PositiveIntegerField("有问题", default=0)
    duplicate = models.PositiveIntegerField("重复", default=0)
    skipped = models.PositiveIntegerField("跳过", default=0)
    confirmed_at = models.DateTimeField("导入时间", null=True)
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name="导入人"
    )
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name="撤销人"
    )
    undo_reason = models.CharField("为什么撤销", max_length=200, blank=True)
    same_as = models.ForeignKey(
        "self", models.PROTECT, null=True, related_name="+", verbose_name="与哪个来件相同"
    )

    objects = UploadQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "来件"
        ordering = ["-received_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "period", "sha256"],
                condition=models.Q(
                    state__in=[
                        *("received", "columns", "staged"),
                        *("confirming", "confirmed", "undoing"),
                    ]
                ),
                name="upload_same_file_once",
            ),
        ]
        permissions = [("import_upload", "导入来件")]

    def __str__(self) -> str:
        return f"{self.filename}（{self.received_at:%m-%d %H:%M}）"

    @property
    def rows_in(self) -> int:
        return self.accepted + self.held + self.rejected + self.duplicate + self.skipped


class StagedRow(models.Model):
    """One row of a received file, its cells as text exactly as they came, and the verdict on it."""

    class Status(models.TextChoices):
        ACCEPTED = "accepted", "可以导入"
        HELD = "held", "等人判断"
        REJECTED = "rejected", "有问题"
        DUPLICATE = "duplicate", "重复"
        SKIPPED = "skipped", "跳过"

    upload = models.ForeignKey(Upload, models.CASCADE, related_name="rows", verbose_name="来件")
    position = models.PositiveIntegerField("次序")
    sheet = models.CharField("工作表", max_length=40)
    row = models.PositiveIntegerField("行号")
    status = models.CharField("结果", max_length=10, choices=Status)
    cells = SealedJSONField(verbose_name="原文")
    values = SealedJSONField(verbose_name="读出的内容")
    columns = models.JSONField("有问题的列", default=list)
    message = models.CharField("说明", max_length=400, blank=True)
    digest = models.CharField(max_length=16, editable=False)
    twin = models.ForeignKey(
        "self", models.PROTECT, null=True, related_name="+", verbose_name="与哪一行重复"
    )
    original = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        related_name="replacements",
        verbose_name="代替先前来件的哪一行",
    )
    decided_at = models.DateTimeField("判断时间", null=True, editable=False)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        verbose_name="判断人",
        editable=False,
    )

    class Meta:
        verbose_name = verbose_name_plural = "来件的行"
        ordering = ["upload", "position"]
        constraints = [
            models.UniqueConstraint(fields=["upload", "position"], name="staged_row_position"),
            models.UniqueConstraint(fields=["upload", "sheet", "row"], name="staged_row_place"),
        ]

    def __str__(self) -> str:
        return f"{self.sheet}第 {self.row} 行"


class ColumnMemory(models.Model):
    """Which header a sender uses for which field, when it is not one of the known synonyms;
    a blank field leaves the column out."""

    kind = models.CharField("种类", max_length=20)
    sender = models.CharField("来文单位", max_length=40, blank=True)
    header = models.CharField("表头", max_length=60)
    key = models.CharField("字段", max_length=30, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "列的对应"
        constraints = [
            models.UniqueConstraint(fields=["kind", "sender", "header"], name="column_memory_once")
        ]

    def __str__(self) -> str:
        return "记住的列名"


class Change(models.Model):
    """One change of one row, written by a database trigger so that nothing can bypass it.

    The minute job seals it: contents become ciphertext, linked to the row before by a hash.
    """

    at = models.DateTimeField("时间")
    actor = models.CharField("谁", max_length=80, blank=True)
    table = models.CharField("表", max_length=63)
    row = models.CharField("行", max_length=40)
    operation = models.CharField("动作", max_length=6)
    before = models.TextField("改前", null=True)  # noqa: DJ001 - NULL is «no row» and «sealed»
    after = models.TextField("改后", null=True)  # noqa: DJ001
    sealed = SealedTextField(verbose_name="封存的内容")
    chain = models.CharField("链", max_length=64, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "修改记录"
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["table", "row"], name="change_of_row"),
            models.Index(fields=["chain"], name="change_chain"),
        ]

    def __str__(self) -> str:
        return f"修改记录 {self.pk}"


class Reading(models.Model):
    """Somebody had an identity number or another sealed value shown to them: who, whose, when."""

    at = models.DateTimeField("时间")
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name="谁"
    )
    table = models.CharField("表", max_length=63)
    row = models.CharField("行", max_length=40)
    what = models.CharField("看了什么", max_length=60)
    reason = models.CharField("为什么", max_length=200, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "查看记录"
        ordering = ["-pk"]

    def __str__(self) -> str:
        return self.what
