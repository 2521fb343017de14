"""What goes back to the province, in numbered versions, and what the province said to it."""

from typing import Any, Self

from django.conf import settings
from django.db import models

from apps.errors.models.batch import Batch
from apps.errors.models.ticket import Ticket
from ydjy.desk.crypto.fields import SealedJSONField
from ydjy.desk.models import StagedRow, Upload


class ReturnFileQuerySet(models.QuerySet["ReturnFile"]):
    def visible_to(self, staff: Any) -> Self:
        """What goes back holds every county's rows: the municipal office's alone."""
        path = getattr(staff, "case_path", None)
        return self.filter(upload__office_path__startswith=path) if path else self.none()

    def signed(self) -> Self:
        return self.filter(state=ReturnFile.State.SIGNED)

    def prepared(self) -> Self:
        return self.filter(state=ReturnFile.State.PREPARED)

    def to_sign_by(self, staff: Any) -> Self:
        """Those that wait for a second person, who may be this one."""
        return self.prepared().exclude(made_by=staff)

    def refused(self) -> Self:
        """Sent back by the reviewer, and not made anew yet."""
        live = Upload.State.CONFIRMED
        return self.filter(state=ReturnFile.State.REFUSED, upload__state=live)

    def unsent(self) -> Self:
        """Signed, the last word, and not at the province yet."""
        arrived = models.Q(dispatches__sent_at__isnull=False)
        return self.effective().exclude(pk__in=ReturnFile.objects.filter(arrived).values("pk"))

    def effective(self) -> Self:
        """The latest signed version of each received file: what counts at the province."""
        newer = ReturnFile.objects.signed().filter(
            upload=models.OuterRef("upload"), version__gt=models.OuterRef("version")
        )
        return self.signed().exclude(models.Exists(newer))


class ReturnFile(models.Model):
    """A file that goes back 回传件: frozen, numbered, with its hash and what each row was told.

    Prepared by one person (经办), signed by another (复核); then it can only be read. ``pins`` are
    the versions of the tickets whose words it holds: a ticket that changed since cannot be signed.
    """

    class State(models.TextChoices):
        PREPARED = "prepared", "待复核"
        SIGNED = "signed", "已签发"
        REFUSED = "refused", "被退回"
        DROPPED = "dropped", "已作废"

    batch = models.ForeignKey(Batch, models.PROTECT, related_name="returns", verbose_name="批次")
    upload = models.ForeignKey(Upload, models.PROTECT, related_name="+", verbose_name="来件")
    version = models.PositiveSmallIntegerField("版本")
    state = models.CharField("状态", max_length=10, choices=State, default=State.SIGNED)
    filename = models.CharField("文件名", max_length=200)
    sha256 = models.CharField("文件指纹", max_length=64)
    stored = models.CharField(max_length=80, editable=False)
    rows = models.PositiveIntegerField("行数")
    answered = models.PositiveIntegerField("有结果")
    unfinished = models.PositiveIntegerField("未办结")
    answers = SealedJSONField(verbose_name="每行的答复")
    pins = models.JSONField("工单版本", default=dict, editable=False)
    made_at = models.DateTimeField("生成时间")
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name="经办"
    )
    signed_at = models.DateTimeField("签发时间", null=True, blank=True)
    signed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="复核",
    )
    late_reason = models.CharField("迟报原因", max_length=200, blank=True)
    dropped_because = models.CharField("作废原因", max_length=200, blank=True)

    objects = ReturnFileQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "返回表"
        ordering = ["-made_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["upload", "version"],
                condition=~models.Q(state="dropped"),
                name="return_version_once",
            ),
            models.UniqueConstraint(
                fields=["upload"],
                condition=models.Q(state="prepared"),
                name="return_one_draft_at_a_time",
            ),
            models.CheckConstraint(
                condition=models.Q(signed_by__isnull=True)
                | models.Q(made_by__isnull=True)
                | ~models.Q(signed_by=models.F("made_by")),
                name="return_signed_by_another",
                violation_error_message="经办和复核要是两个人。",
            ),
        ]
        permissions = [("sign_returnfile", "复核返回表")]

    def __str__(self) -> str:
        return f"{self.filename}（第 {self.version} 版）"

    @property
    def sent(self) -> Any:
        """The first delivery that arrived; ``None`` while none has."""
        return self.dispatches.filter(sent_at__isnull=False).order_by("sent_at").first()


class Feedback(models.Model):
    """What the province said to one returned row 省里的审核: accepted or sent back, and why."""

    class Verdict(models.TextChoices):
        ACCEPTED = "accepted", "认可"
        REJECTED = "rejected", "退回"

    file = models.ForeignKey(
        ReturnFile, models.PROTECT, related_name="feedback", verbose_name="返回表"
    )
    staged = models.ForeignKey(
        StagedRow, models.PROTECT, related_name="+", verbose_name="返回表的行"
    )
    ticket = models.ForeignKey(
        Ticket, models.PROTECT, null=True, related_name="feedback", verbose_name="工单"
    )
    upload = models.ForeignKey(Upload, models.PROTECT, related_name="+", verbose_name="审核来件")
    verdict = models.CharField("结论", max_length=10, choices=Verdict)
    reason = models.CharField("退回原因", max_length=300, blank=True)
    at = models.DateTimeField("时间")

    class Meta:
        verbose_name = verbose_name_plural = "省里的审核"
        ordering = ["-at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["file", "staged"], name="feedback_once_a_row")
        ]

    def __str__(self) -> str:
        return self.get_verdict_display()
