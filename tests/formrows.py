"""A row for every form that somebody can change, with a line in each of its inlines."""

from collections.abc import Callable
from datetime import date, time
from typing import Any

from django.db import models

from apps.errors.models import (
    ArchiveRule,
    CauseCode,
    ExchangeSettings,
    FilenameRule,
    ReminderStep,
    RouteRule,
    Snippet,
)
from apps.filings.models import Filing, Inbound
from apps.filings.models.catalogue import (
    Category,
    ChannelRule,
    Eligibility,
    FormTemplate,
    FundingStandard,
    Material,
    MaterialRule,
    OfficeService,
    RegionClass,
    SettlementRule,
    Topic,
    Variant,
)
from apps.filings.models.field_rule import FieldRule
from apps.institutions.models import (
    DiseaseGroup,
    Institution,
    InstitutionAlias,
    InternalContact,
    NetworkOpening,
    ReferralRight,
    Suspension,
)
from apps.offices.models import (
    CalendarDay,
    Channel,
    City,
    Duty,
    Hotline,
    Notice,
    Office,
    PolicyDocument,
    ServiceHours,
    SiteSettings,
    SpecialHours,
    Staff,
    Synonym,
    WeekRule,
)
from tests import cast as casting
from tests.cast import Cast
from ydjy.desk.models import ExportRule, StorageRule

DAY, LATER = date(2026, 11, 2), date(2027, 11, 2)
FRAME = {"opens": time(8, 30), "closes": time(11, 30)}
DATES = {"valid_from": DAY, "valid_to": LATER}


def paper() -> PolicyDocument:
    return PolicyDocument.objects.get_or_create(code="p", defaults={"title": "试行办法"})[0]


def _office(cast: Cast) -> Office:
    row = cast.office["yixian"]
    ServiceHours.objects.create(office=row, source=paper(), **FRAME)
    Office.objects.filter(pk=row.pk).update(source=paper())
    return Office.objects.get(pk=row.pk)


def _hotline(cast: Cast) -> Hotline:
    row = Hotline.objects.create(
        name="咨询", display="0416-12393", tel="041612393", uses=["enquiry"], source=paper()
    )
    ServiceHours.objects.create(hotline=row, source=paper(), **FRAME)
    return row


def _institution(cast: Cast) -> Institution:
    row = Institution.objects.create(name="中心医院", source=paper())
    InstitutionAlias.objects.create(institution=row, name="老医院")
    NetworkOpening.objects.create(
        institution=row, reach="in_province", business="inpatient", source=paper()
    )
    ReferralRight.objects.create(institution=row, mode="all", source=paper())
    Suspension.objects.create(institution=row, valid_from=DAY, source=paper())
    InternalContact.objects.create(institution=row, phone="5678")
    return row


def _category(cast: Cast) -> Category:
    row = casting.variant().category
    Category.objects.filter(pk=row.pk).update(source=paper())
    row.variants.update(name="配偶")
    OfficeService.objects.create(category=row, office=cast.office["city"], source=paper())
    row.refresh_from_db()
    return row


def _variant(cast: Cast) -> Variant:
    row = casting.variant()
    Variant.objects.filter(pk=row.pk).update(source=paper())
    material = Material.objects.create(code="m", name="身份证")
    Eligibility.objects.create(variant=row, insutypes=["310"], source=paper())
    MaterialRule.objects.create(variant=row, group_no=1, material=material, source=paper())
    ChannelRule.objects.create(variant=row, channel=casting.channel(), source=paper())
    row.refresh_from_db()
    return row


def _channel(cast: Cast) -> Channel:
    Channel.objects.filter(pk=casting.channel().pk).update(source=paper())
    return Channel.objects.get(pk=casting.channel().pk)


def _cause(cast: Cast) -> CauseCode:
    row = casting.cause()
    Snippet.objects.create(cause=row, words="已联系参保人")
    return row


def _region() -> RegionClass:
    return RegionClass.objects.get_or_create(code="sh", defaults={"name": "上海"})[0]


MAKE: dict[type[models.Model], Callable[[Cast], models.Model]] = {
    SiteSettings: lambda cast: SiteSettings.objects.create(),
    Notice: lambda cast: Notice.objects.create(text="停机", **DATES),
    SpecialHours: lambda cast: SpecialHours.objects.create(kind="extra", **FRAME, **DATES),
    Synonym: lambda cast: Synonym.objects.create(word="转院", means="转诊"),
    Duty: lambda cast: casting.duty(cast, "yixian"),
    Office: _office,
    Hotline: _hotline,
    CalendarDay: lambda cast: CalendarDay.objects.create(
        day=DAY, works=False, name="国庆", source="通知"
    ),
    WeekRule: lambda cast: WeekRule.objects.create(
        intake_time=time(12), due_time=time(16), source=paper()
    ),
    Channel: _channel,
    PolicyDocument: lambda cast: paper(),
    City: lambda cast: City.objects.get(),
    Staff: lambda cast: cast.reviewer,
    Institution: _institution,
    DiseaseGroup: lambda cast: DiseaseGroup.objects.create(name="精神疾病", aliases=["精神病"]),
    Inbound: lambda cast: casting.inbound(
        cast, cert_type="居民身份证", phone="13812345678", insured_area="310115"
    ),
    Category: _category,
    Variant: _variant,
    Material: lambda cast: Material.objects.create(code="m", name="身份证"),
    RegionClass: lambda cast: _region(),
    SettlementRule: lambda cast: SettlementRule.objects.create(
        direction="outbound", region=_region(), venue="pharmacy", mode="card", source=paper()
    ),
    Topic: lambda cast: Topic.objects.create(
        code="t", title="怎么备案", body="先备案", source=paper()
    ),
    FundingStandard: lambda cast: FundingStandard.objects.create(
        group="居民", begins=DAY, ends=LATER, amount="400.00", source=paper()
    ),
    FormTemplate: lambda cast: FormTemplate.objects.create(
        number="1", title="备案表", source=paper()
    ),
    Filing: casting.filing,
    ExchangeSettings: lambda cast: ExchangeSettings.objects.create(),
    RouteRule: lambda cast: RouteRule.objects.create(
        area="210727", office=cast.office["yixian"], reason="义县"
    ),
    ReminderStep: lambda cast: ReminderStep.objects.create(
        days_before=1, at=time(9), audience="person"
    ),
    Snippet: lambda cast: Snippet.objects.create(cause=casting.cause(), words="已联系参保人"),
    FilenameRule: lambda cast: FilenameRule.objects.create(source=paper()),
    CauseCode: _cause,
    ExportRule: lambda cast: ExportRule.objects.create(valid_from=DAY),
    StorageRule: lambda cast: StorageRule.objects.create(valid_from=DAY),
    ArchiveRule: lambda cast: ArchiveRule.objects.create(valid_from=DAY),
    FieldRule: lambda cast: FieldRule.objects.create(code="r", field="start_on", days_before=30),
}


def other_value(form_field: Any, old: Any, choices: list[str]) -> Any:
    """Another value that the field takes; ``None`` where it has no other."""
    kind = type(form_field).__name__
    if kind in ("BooleanField",):
        return None if old else "on"
    if choices:
        return next((one for one in choices if one and one != old and [one] != old), None)
    if "DateField" in kind:
        return "2026/12/07" if not old else f"{old[:-2]}{int(old[-2:]) + 1:02d}"
    if "TimeField" in kind:
        return f"{old[:4]}5" if old else "09:05"
    if kind == "IntegerField":
        return str(int(old or 0) + 1)
    if kind == "DecimalField":
        return "401.00"
    return (
        f"{old}改"[-(form_field.max_length or 200) :] if hasattr(form_field, "max_length") else None
    )
