"""What stands beside a filing: its history, who acted for the person, what was printed, calls."""

from typing import Any, Self

from django.conf import settings
from django.db import models
from django.utils import timezone

from apps.filings.models.transitions import REVIEWING, Status
from apps.offices.models import Office
from ydjy.desk.crypto.fields import SealedJSONField, SealedTextField
from ydjy.desk.querysets import OfficeScopedQuerySet


class FilingEventQuerySet(models.QuerySet["FilingEvent"]):
    def written_since_approval(self) -> Self:
        """Of one filing or of several: what somebody wrote in it since it was last approved."""
        approvals = FilingEvent.objects.filter(
            models.Q(after=Status.APPROVED) & ~models.Q(before=Status.APPROVED),
            filing=models.OuterRef("filing"),
            pk__gte=models.OuterRef("pk"),
        )
        return self.exclude(verb__in=REVIEWING).exclude(models.Exists(approvals))


class FilingEvent(models.Model):
    """One step in a filing's life. Written with the change, never edited or deleted."""

    class Verb(models.TextChoices):
        REGISTER = "register", "登记"
        EDIT = "edit", "改草稿"
        SUBMIT = "submit", "提交审核"
        WITHDRAW = "withdraw", "撤回"
        REQUEST_SUPPLEMENT = "request_supplement", "要求补正"
        RESUBMIT = "resubmit", "补正后提交"
        APPROVE = "approve", "审核通过"
        REFER_TO_PANEL = "refer_to_panel", "提交专家合议"
        PANEL_DECIDE = "panel_decide", "专家合议结论"
        REJECT = "reject", "不予备案"
        MARK_UPLOADED = "mark_uploaded", "上报国家平台"
        CHANGE = "change", "申请变更"
        COPY = "copy", "照抄成新草稿"
        REPLACE = "replace", "变更生效"
        ASK_REVOKE = "ask_revoke", "申请撤销"
        REVOKE = "revoke", "撤销"
        RESTORE = "restore", "恢复（冲撤销）"
        SUSPEND = "suspend", "停用"
        RESUME = "resume", "启用"
        REVERSE = "reverse", "冲正"
        SETTLE_COMMITMENT = "settle_commitment", "承诺核查"
        SETTLE_LACKING = "settle_lacking", "补交容缺材料"
        DISCHARGE = "discharge", "登记出院"
        CHECK_BENEFITS = "check_benefits", "核对待遇"
        PRINT = "print", "打印"
        ATTACH = "attach", "上传材料照片"
        VOID_ATTACHMENT = "void_attachment", "材料照片作废"
        PASS_ON = "pass_on", "交接"

    # evt_type of the national table (domain 2.2); a step that is none of these is told nobody
    CODES = {
        "approve": "01",
        "panel_decide": "01",
        "replace": "02",
        "suspend": "03",
        "reverse": "04",
        "revoke": "05",
        "restore": "06",
        "resume": "07",
        "withdraw": "08",
    }

    filing = models.ForeignKey(
        "filings.Filing", models.PROTECT, related_name="events", verbose_name="备案"
    )
    at = models.DateTimeField("时间")
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name="谁"
    )
    verb = models.CharField("动作", max_length=20, choices=Verb)
    before = models.CharField("原状态", max_length=10, choices=Status, blank=True)
    after = models.CharField("新状态", max_length=10, choices=Status)
    words = models.CharField("说明", max_length=300, blank=True)

    objects = FilingEventQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "备案经过"
        ordering = ["-at", "-pk"]

    def __str__(self) -> str:
        return self.get_verb_display()

    @property
    def national_code(self) -> str:
        """evt_type 01–08: 新增 修改 停用 冲正 撤销 冲撤销 启用 删除; blank for the rest."""
        return self.CODES.get(self.verb, "")


class Agent(models.Model):
    """Somebody who acts for the insured person 代办人. A filing may have had several (F20)."""

    filing = models.ForeignKey(
        "filings.Filing", models.PROTECT, related_name="agents", verbose_name="备案"
    )
    person = SealedTextField(verbose_name="代办人姓名")
    document = SealedTextField(verbose_name="代办人证件号码")
    phone = SealedTextField(verbose_name="代办人电话")
    relation = models.CharField("与参保人的关系", max_length=20)
    since = models.DateTimeField("登记时间", default=timezone.now)

    class Meta:
        verbose_name = verbose_name_plural = "代办人"
        ordering = ["-since", "-pk"]

    def __str__(self) -> str:
        return self.relation


class PrintOut(models.Model):
    """A form as it was printed: what stood on it is kept, so that a reprint is the same page."""

    class Form(models.TextChoices):
        FILING = "filing", "异地就医登记备案表"
        PROMISE = "promise", "异地就医备案个人承诺书"
        RECEIPT = "receipt", "受理回执"
        CHECKLIST = "checklist", "一次性告知书"
        SUPPLEMENT = "supplement", "补正告知书"
        RESULT = "result", "办理结果通知书"

    filing = models.ForeignKey(
        "filings.Filing", models.PROTECT, related_name="printouts", verbose_name="备案"
    )
    form = models.CharField("表单", max_length=10, choices=Form)
    edition = models.PositiveIntegerField("备案的版本")
    wording = models.CharField("文字版本", max_length=10)
    contents = SealedJSONField(verbose_name="表单内容")
    copies = models.PositiveIntegerField("打印次数", default=0)
    made_at = models.DateTimeField("首次打印", default=timezone.now)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="打印人"
    )

    class Meta:
        verbose_name = verbose_name_plural = "打印过的表单"
        ordering = ["-made_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["filing", "form", "edition"], name="printout_once_an_edition"
            )
        ]

    def __str__(self) -> str:
        return self.get_form_display()


class ListPlan(models.Model):
    """How a received list is being registered: what its clerk said once for all of its rows."""

    upload = models.OneToOneField(
        "desk.Upload", models.PROTECT, related_name="+", verbose_name="来件"
    )
    channel = models.ForeignKey(
        "offices.Channel", models.PROTECT, related_name="+", verbose_name="渠道"
    )
    handed = models.JSONField("一起交的材料", default=dict)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="谁"
    )

    class Meta:
        verbose_name = verbose_name_plural = "批量登记的做法"

    def __str__(self) -> str:
        return f"批量登记 {self.pk}"


class Brought(models.Model):
    """Which row of which list brought a filing, and the version it had then."""

    filing = models.OneToOneField(
        "filings.Filing", models.PROTECT, related_name="brought", verbose_name="备案"
    )
    upload = models.ForeignKey("desk.Upload", models.PROTECT, related_name="+", verbose_name="来件")
    position = models.PositiveIntegerField("次序")
    version = models.PositiveIntegerField("登记时的版本")

    class Meta:
        verbose_name = verbose_name_plural = "批量登记的备案"
        constraints = [
            models.UniqueConstraint(fields=["upload", "position"], name="brought_row_once")
        ]

    def __str__(self) -> str:
        return f"批量登记的备案 {self.pk}"


class CallNoteQuerySet(OfficeScopedQuerySet):
    def of_person(self, cert_index: str) -> Self:
        return self.filter(cert_index=cert_index) if cert_index else self.none()


class CallNote(models.Model):
    """A call or visit about a person, in a sentence (F21)."""

    office = models.ForeignKey(Office, models.PROTECT, related_name="+", verbose_name="机构")
    cert_index = models.CharField(max_length=32, editable=False, db_index=True)
    at = models.DateTimeField("时间", default=timezone.now)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="谁"
    )
    words = SealedTextField(verbose_name="说了什么")

    objects = CallNoteQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "来电来访"
        ordering = ["-at", "-pk"]

    def __str__(self) -> str:
        return f"来电来访 {self.pk}"

    @staticmethod
    def limit(words: Any) -> str:
        return str(words).strip()[:500]
