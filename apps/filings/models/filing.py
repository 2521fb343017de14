"""A filing 备案: one person's registration for treatment elsewhere, as the row it is.

What can be done to it is in ``steps.py``, what stands beside it in ``beside.py``, the rules it is
judged by in ``catalogue.py``.
"""

from datetime import date
from typing import Any

from django.conf import settings
from django.db import IntegrityError, models, transaction
from django.utils import timezone

from apps.filings.models.catalogue import (
    Variant,
)
from apps.filings.models.evaluation import Judged
from apps.filings.models.querysets import (
    CERT_INDEX,
    FilingQuerySet,
    by_letters,
    phone_index,
    tail_index,
)
from apps.filings.models.transitions import TRANSITIONS, Commitment, FilingVerbs, Status
from apps.filings.rules.ruleset import LONG
from apps.institutions.models import Institution
from apps.offices.models import Channel, Office
from ydjy.desk.crypto.fields import SealedTextField, blind_index
from ydjy.lib import divisions, idnumbers, pinyin

TRIES = 5  # two windows may take the same next number at once


class Filing(FilingVerbs, Judged, models.Model):
    """One filing 异地就医备案 as the national platform's 异地申请 knows it (domain 2.2, 4.5).

    The place of treatment is kept at filing level (prefecture; province for 北京 天津 上海 重庆
    海南 西藏 兵团) with its name as it was. ``rules`` is a copy of the rule rows it was judged by.
    """

    Status, TRANSITIONS, Commitment = Status, TRANSITIONS, Commitment

    class UploadStatus(models.TextChoices):
        NOT_YET = "0", "未上报"
        DONE = "1", "已上报"

    class SettlementMode(models.TextChoices):
        PENDING = "pending", "待定"
        DIRECT = "direct", "直接结算"
        MANUAL = "manual", "手工报销"

    class Origin(models.TextChoices):
        """Where it was judged: here by the rules, or elsewhere before it came to us."""

        TAKEN_OVER = "taken_over", "从别处转来"
        DESK = "desk", "窗口登记"
        WORKBOOK = "workbook", "批量登记"

    # rchk_flag of the national table: 0未审核 1通过 2不通过 3已撤销 4已回退 5初审通过 … 9其他
    REVIEW_FLAGS = {
        Status.DRAFT: "0",
        Status.PENDING: "0",
        Status.SUPPLEMENT: "4",
        Status.PANEL: "5",
        Status.APPROVED: "1",
        Status.SUSPENDED: "9",
        Status.REJECTED: "2",
        Status.WITHDRAWN: "3",
        Status.CHANGED: "9",
        Status.REVOKED: "3",
    }

    number = models.CharField("备案编号", max_length=20, unique=True, editable=False)
    external_ref = models.CharField("平台流水号", max_length=40, blank=True, db_index=True)
    origin = models.CharField(
        "来源", max_length=10, choices=Origin, default=Origin.TAKEN_OVER, editable=False
    )
    office = models.ForeignKey(
        Office, models.PROTECT, related_name="+", verbose_name="受理机构", db_index=False
    )
    variant = models.ForeignKey(Variant, models.PROTECT, related_name="+", verbose_name="备案类别")
    channel = models.ForeignKey(Channel, models.PROTECT, related_name="+", verbose_name="渠道")
    # The insured person, as on the day of registration
    name = models.CharField("姓名", max_length=50)
    name_initials = models.CharField(max_length=50, editable=False)
    cert_type = models.CharField("证件类型", max_length=30, blank=True)
    cert_no = SealedTextField(verbose_name="证件号码")
    cert_index = models.CharField(max_length=32, editable=False, db_index=True)
    tail4 = models.CharField(max_length=32, editable=False, db_index=True)
    tail6 = models.CharField(max_length=32, editable=False, db_index=True)
    born = models.DateField("出生日期", null=True, blank=True)
    psn_no = SealedTextField(verbose_name="人员编号")
    insutype = models.CharField("险种", max_length=6)
    person_status = models.CharField("人员状态", max_length=12, blank=True)
    phone = SealedTextField(verbose_name="联系电话")
    phone_index = models.CharField(max_length=32, editable=False, db_index=True)
    insured_area = models.CharField("参保地区划", max_length=12)
    benefits_checked_on = models.DateField("核对待遇正常的日期", null=True, editable=False)
    # The second person: 随配偶、子女; a minor's guardian
    relative = SealedTextField(verbose_name="随同人姓名")
    relative_document = SealedTextField(verbose_name="随同人证件号码")
    relation = models.CharField("与参保人的关系", max_length=20, blank=True)
    guardian_filing = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="wards",
        verbose_name="监护人的备案",
    )
    guardian_insured_there = models.BooleanField("监护人在就医地参加职工医保", default=False)
    posting_months = models.PositiveSmallIntegerField("派驻几个月", null=True, blank=True)
    # Where and how long
    destination = models.CharField("就医地区划", max_length=12)
    destination_name = models.CharField("就医地", max_length=40)
    residence = SealedTextField(verbose_name="居外地址")
    start_on = models.DateField("开始日期")
    end_on = models.DateField("结束日期", null=True, blank=True, help_text="空着是长期有效")
    open_ended = models.BooleanField("注明长期有效", default=False)
    exclusive = models.BooleanField("同一时间只能有一个", default=False, editable=False)
    # The stay, 补办
    admission_on = models.DateField("入院日期", null=True, blank=True)
    discharge_on = models.DateField("出院日期", null=True, blank=True)
    settled = models.BooleanField("已经结算", default=False)
    is_backfill = models.BooleanField("补办", default=False, editable=False)
    settlement_mode = models.CharField(
        "结算方式", max_length=10, choices=SettlementMode, default=SettlementMode.PENDING
    )
    # 转诊、急诊
    disease_groups = models.JSONField("病种类别", default=list, blank=True)
    diagnosis = SealedTextField(verbose_name="诊断")
    in_catalogue = models.BooleanField("目录内", null=True, blank=True)
    referral_institution = models.ForeignKey(
        Institution,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="转诊机构",
    )
    issuer = models.CharField("能不能开证明", max_length=4, blank=True, editable=False)
    issuer_reason = models.CharField("为什么", max_length=200, blank=True, editable=False)
    issuer_confirmed = models.CharField("向谁核实的", max_length=100, blank=True)
    certificate_no = models.CharField("转诊证明编号", max_length=40, blank=True)
    certificate_on = models.DateField("转诊证明日期", null=True, blank=True)
    panel_met = models.BooleanField("专家认为符合", null=True, editable=False)
    panel_words = models.CharField("合议结论", max_length=300, blank=True, editable=False)
    panel_on = models.DateField("合议日期", null=True, editable=False)
    # Materials, 承诺, 补正, 容缺
    handed = models.JSONField("材料", default=dict, blank=True, editable=False)
    excused = models.JSONField("特殊情况", default=dict, blank=True, editable=False)
    commitment_status = models.CharField(
        "承诺", max_length=10, choices=Commitment, blank=True, default=Commitment.NONE
    )
    commitment_signed_on = models.DateField("承诺日期", null=True, blank=True)
    commitment_due_on = models.DateField("承诺补齐日期", null=True, blank=True)
    supplement_items = models.JSONField("补正的材料", default=list, editable=False)
    supplement_due_on = models.DateField("补正期限", null=True, editable=False)
    lacking_due_on = models.DateField("容缺补齐日期", null=True, blank=True)
    # Its way
    upload_status = models.CharField(
        "上报状态", max_length=1, choices=UploadStatus, default=UploadStatus.NOT_YET
    )
    uploaded_at = models.DateTimeField("上报时间", null=True, editable=False)
    upload_error = models.CharField("平台怎么说", max_length=200, blank=True)
    previous = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="next", verbose_name="变更自"
    )
    rules = models.JSONField("判断依据", default=dict, editable=False)
    findings = models.JSONField("核对结果", default=list, editable=False)
    status = models.CharField("状态", max_length=10, choices=Status, default=Status.DRAFT)
    reason = models.CharField("原因", max_length=300, blank=True)
    created_at = models.DateTimeField("登记时间", default=timezone.now, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="登记人"
    )
    submitted_at = models.DateTimeField("提交时间", null=True, editable=False)
    review_due_on = models.DateField("办结期限", null=True, editable=False)
    touched_at = models.DateTimeField("最后办理", default=timezone.now, editable=False)
    revoke_asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        verbose_name="申请撤销的人",
        editable=False,
    )
    decided_at = models.DateTimeField("审核时间", null=True, editable=False)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        verbose_name="审核人",
        editable=False,
    )
    version = models.PositiveIntegerField(default=1, editable=False)

    objects = FilingQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "备案"
        ordering = ["-created_at", "-pk"]
        permissions = [
            ("decide_filing", "审核备案"),
            ("reveal_filing", "查看完整证件号码"),
            ("export_filing", "导出备案"),
        ]
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="filing_newest"),
            models.Index(fields=["status", "-created_at", "-id"], name="filing_status_newest"),
            models.Index(fields=["office", "-created_at", "-id"], name="filing_office_newest"),
            models.Index(
                fields=["office", "status", "-created_at", "-id"], name="filing_office_status"
            ),
            models.Index(fields=["cert_index", "status"], name="filing_person_status"),
            models.Index(fields=["status", "end_on"], name="filing_running_out"),
            models.Index(fields=["status", "lacking_due_on"], name="filing_lacking"),
            models.Index(fields=["commitment_status", "commitment_due_on"], name="filing_promised"),
            models.Index(fields=["upload_status", "status"], name="filing_to_upload"),
            models.Index(fields=["status", "review_due_on"], name="filing_review_due"),
            models.Index(fields=["status", "supplement_due_on"], name="filing_supplement_due"),
            by_letters("name", "filing_by_name"),
            by_letters("name_initials", "filing_by_initials"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(end_on__isnull=True)
                | models.Q(end_on__gte=models.F("start_on")),
                name="filing_period",
                violation_error_message="结束日期早于开始日期，请检查。",
                violation_error_code="end_on",
            ),
            models.CheckConstraint(
                condition=models.Q(admission_on__isnull=True)
                | models.Q(start_on__lte=models.F("admission_on")),
                name="filing_starts_before_admission",
                violation_error_message="已经入院的，备案开始日期要在入院日期当天或之前。",
                violation_error_code="start_on",
            ),
            models.CheckConstraint(
                condition=models.Q(decided_at__isnull=False)
                | ~models.Q(status__in=["approved", "rejected", "suspended", "changed"]),
                name="filing_decided_when_decided",
            ),
            models.CheckConstraint(
                condition=models.Q(decided_by__isnull=True)
                | ~models.Q(decided_by=models.F("created_by")),
                name="filing_second_person",
                violation_error_message="自己登记的备案要由另一个人审核。",
                violation_error_code="decided_by",
            ),
            models.CheckConstraint(
                condition=models.Q(status__in=[status.value for status in Status]),
                name="filing_status_known",
            ),
            models.CheckConstraint(
                condition=~models.Q(settled=True) | ~models.Q(settlement_mode="direct"),
                name="filing_settled_is_manual",
                violation_error_message="已经结算的只能手工报销。",
                violation_error_code="settled",
            ),
        ]

    def __str__(self) -> str:
        return self.number

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Keeps the derived columns true: the indexes, the initials, the place at filing level."""
        self._keep_person()
        self.name_initials = pinyin.initials(self.name, person=True)[:50]
        place = divisions.filing_level(self.destination)
        self.destination, self.destination_name = place.code, place.name
        self.exclusive = self.variant.category.group in LONG
        if self.number:
            super().save(*args, **kwargs)
            return
        for left in reversed(range(TRIES)):
            self.number = self._next_number()
            try:
                with transaction.atomic():
                    super().save(*args, **kwargs)
                return
            except IntegrityError:
                taken = Filing.objects.filter(number=self.number).exists()
                self.number = ""
                if not taken or not left:
                    raise

    def _keep_person(self) -> None:
        if self.cert_no:
            document = idnumbers.parse_document(self.cert_type, self.clear("cert_no"))
            number = document.number
            self.cert_no = number  # type: ignore[assignment]
            self.cert_index = blind_index(CERT_INDEX, number)
            self.tail4 = tail_index(number[-4:])
            self.tail6 = tail_index(number[-6:])
            self.born = document.identity.birth_date if document.identity else self.born
        self.phone_index = phone_index(self.clear("phone"))

    def clear(self, column: str) -> str:
        """The clear text of a sealed column, given or stored."""
        value = getattr(self, column)
        return value if isinstance(value, str) else value.reveal() if value else ""

    def _next_number(self) -> str:
        """``2107-20261121-00001``: all of one length, so that their order is that of any engine."""
        day = timezone.localdate(self.created_at)
        prefix = f"{self.insured_division[:4]}-{day:%Y%m%d}-"
        taken = Filing.objects.filter(number__gte=f"{prefix}00000", number__lte=f"{prefix}99999")
        last = taken.order_by("-number").values_list("number", flat=True).first()
        return f"{prefix}{int(last[-5:]) + 1 if last else 1:05d}"

    @property
    def uploaded(self) -> bool:
        return self.upload_status == self.UploadStatus.DONE

    def condition_on(self, day: date) -> str:
        """未生效／有效／已到期 on a day, in words; blank unless approved."""
        if self.status != self.Status.APPROVED:
            return ""
        if day < self.start_on:
            return "未生效"
        return "已到期" if self.end_on and day > self.end_on else "有效"

    @property
    def review_flag(self) -> str:
        """rchk_flag of the national table; the experts' word is 审批."""
        if self.panel_met is not None and self.status in (Status.APPROVED, Status.REJECTED):
            return "7" if self.panel_met else "8"
        return self.REVIEW_FLAGS[Status(self.status)]

    @property
    def until_words(self) -> str:
        if self.end_on:
            return f"至{self.end_on}"
        return "本次住院" if self.variant.this_stay_only else "起长期"
