"""转入登记: somebody insured elsewhere who comes here for treatment (D-F47, D-F48).

The insured place decides and files; we keep who comes, from where, and whom to ring there. Most
arrive by the platform, some with a paper at the window (source 004). Nothing is judged here.
"""

from typing import Any, Self

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone

from apps.filings.models.catalogue import Category
from apps.filings.models.querysets import CERT_INDEX
from apps.filings.rules.application import INSURANCE_WORDS
from apps.offices.models import City, Office
from ydjy.desk.crypto.fields import SealedTextField, blind_index
from ydjy.desk.querysets import OfficeScopedQuerySet
from ydjy.lib import divisions, idnumbers, pinyin

OURS = "本市参保的人到外地看病请登记备案"


class InboundQuerySet(OfficeScopedQuerySet):
    def of_person(self, cert_index: str) -> Self:
        return self.filter(cert_index=cert_index) if cert_index else self.none()


class Inbound(models.Model):
    """One person's 转入: for how long, and the agency of the insured place that answers for it."""

    class Origin(models.TextChoices):
        PLATFORM = "platform", "平台自动转入"
        WINDOW = "window", "窗口登记"

    office = models.ForeignKey(Office, models.PROTECT, related_name="+", verbose_name="登记机构")
    number = models.CharField("平台登记号", max_length=40, blank=True, db_index=True)
    origin = models.CharField("怎么来的", max_length=10, choices=Origin, default=Origin.WINDOW)
    name = models.CharField("姓名", max_length=50, db_index=True)
    name_initials = models.CharField(max_length=50, editable=False, db_index=True)
    cert_type = models.CharField("证件类型", max_length=30, blank=True)
    cert_no = SealedTextField(verbose_name="证件号码")
    cert_index = models.CharField(max_length=32, editable=False, db_index=True)
    phone = SealedTextField(verbose_name="联系电话")
    insutype = models.CharField("险种", max_length=6, choices=list(INSURANCE_WORDS.items()))
    insured_area = models.CharField("参保地区划", max_length=12, help_text="六位代码，例如 310000")
    insured_name = models.CharField("参保地", max_length=60, editable=False)
    group = models.CharField("备案种类", max_length=10, choices=Category.Group)
    agency = models.CharField("参保地经办机构", max_length=80)
    agency_phone = models.CharField("经办机构电话", max_length=40)
    agency_person = models.CharField("经办机构联系人", max_length=50, blank=True)
    start_on = models.DateField("从")
    end_on = models.DateField("到", null=True, blank=True, help_text="空着是长期")
    note = models.CharField("备注", max_length=200, blank=True)
    created_at = models.DateTimeField("登记时间", default=timezone.now, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="+",
        verbose_name="登记人",
        editable=False,
    )
    version = models.PositiveIntegerField(default=1, editable=False)

    objects = InboundQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "转入登记"
        ordering = ["-created_at", "-pk"]
        permissions = [("reveal_inbound", "查看转入人员完整证件号码")]
        # Once in an office: a refusal that knew of other offices would tell who is treated there
        constraints = [
            models.CheckConstraint(
                condition=models.Q(end_on__isnull=True)
                | models.Q(end_on__gte=models.F("start_on")),
                name="inbound_period",
                violation_error_message="结束日期早于开始日期，请检查。",
            ),
            models.UniqueConstraint(
                fields=["office", "number"],
                condition=~models.Q(number=""),
                name="inbound_number_once",
                violation_error_message="这个平台登记号已经登记过。",
            ),
            models.UniqueConstraint(
                fields=["office", "cert_index", "insutype", "start_on"],
                name="inbound_once",
                violation_error_message="这个人从这一天起的转入已经登记过。",
            ),
        ]

    def __str__(self) -> str:
        return f"转入 {self.number or self.pk}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.derive()
        super().save(*args, **kwargs)

    def derive(self) -> None:
        """Keeps the derived columns true: the key of the person, the initials, the place's name."""
        given = self.cert_no if isinstance(self.cert_no, str) else self.cert_no.reveal()
        document = idnumbers.parse_document(self.cert_type, given)
        self.cert_no = document.number  # type: ignore[assignment]
        self.cert_index = blind_index(CERT_INDEX, document.number)
        self.name_initials = pinyin.initials(self.name, person=True)[:50]
        self.insured_name = divisions.full_name(self.insured_area)[:60]

    def clean(self) -> None:
        """The insured place is a real one, and not our own."""
        city = City.objects.maybe()
        if divisions.get(self.insured_area) is None:
            raise ValidationError({"insured_area": "没有这个区划代码，请对照参保地的六位代码。"})
        if city and divisions.contains(city.area, self.insured_area):
            place = divisions.full_name(self.insured_area)
            raise ValidationError({"insured_area": f"{place}是本市的，{OURS}。"})
