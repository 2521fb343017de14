"""Filings 备案, what stands beside them, and the rules they are judged by."""

from apps.filings.models.attachment import (
    Attachment,
)
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
from apps.filings.models.field_rule import (
    FieldRule,
)
from apps.filings.models.filing import (
    Filing,
)
from apps.filings.models.inbound import (
    Inbound,
)
from apps.filings.models.querysets import (
    CERT_INDEX,
)
from apps.filings.models.related import (
    Agent,
    Brought,
    CallNote,
    FilingEvent,
    ListPlan,
    PrintOut,
)

__all__ = [
    "CERT_INDEX",
    "Agent",
    "Attachment",
    "Brought",
    "CallNote",
    "Category",
    "ChannelRule",
    "Eligibility",
    "FieldRule",
    "Filing",
    "FilingEvent",
    "FormTemplate",
    "FundingStandard",
    "Inbound",
    "ListPlan",
    "Material",
    "MaterialRule",
    "OfficeService",
    "PrintOut",
    "RegionClass",
    "SettlementRule",
    "Topic",
    "Variant",
]
