"""The tables that a policy fills: read whole, and emptied again."""

from django.db import models

from apps.filings.models.catalogue import (
    Category,
    ChannelRule,
    Eligibility,
    FormTemplate,
    FundingStandard,
    Material,
    MaterialRule,
    RegionClass,
    SettlementRule,
    Topic,
    Variant,
)
from apps.filings.models.field_rule import FieldRule
from apps.institutions.models import Institution, InstitutionAlias, ReferralRight
from apps.offices.models import (
    Channel,
    City,
    Hotline,
    Office,
    PolicyDocument,
    ServiceHours,
    WeekRule,
)
from ydjy.management.commands import load_policy

CITIES = ("jinzhou", "changchun", "zhangjiagang", "xuancheng")
POLICY_MODELS: tuple[type[models.Model], ...] = (
    PolicyDocument, City, Office, Hotline, ServiceHours, Channel, WeekRule,
    Institution, InstitutionAlias, ReferralRight,
    Category, Variant, Eligibility, Material, MaterialRule, ChannelRule,
    RegionClass, SettlementRule, Topic, FundingStandard, FormTemplate, FieldRule,
)  # fmt: skip


Tables = dict[str, list[dict]]


def contents() -> Tables:
    """Every row of every policy table, by model name."""
    return {m.__name__: list(m._default_manager.order_by("pk").values()) for m in POLICY_MODELS}


def remove_everything() -> None:
    for _, module in reversed(load_policy.APPS):
        module.remove()
    assert {name: rows for name, rows in contents().items() if rows} == {}
