"""Designated institutions 定点医药机构, what they may do, and the lists they come by."""

from apps.institutions.models.institution import (
    Institution,
    InstitutionAlias,
    InstitutionQuerySet,
    InternalContact,
    Suspension,
)
from apps.institutions.models.list_import import ListImport, ListRow
from apps.institutions.models.rights import (
    DiseaseGroup,
    DiseaseGroupQuerySet,
    NetworkOpening,
    NetworkOpeningQuerySet,
    ReferralRight,
    ReferralRightQuerySet,
)
from apps.institutions.models.search_entry import SearchEntry

__all__ = [
    "DiseaseGroup",
    "DiseaseGroupQuerySet",
    "Institution",
    "InstitutionAlias",
    "InstitutionQuerySet",
    "InternalContact",
    "ListImport",
    "ListRow",
    "NetworkOpening",
    "NetworkOpeningQuerySet",
    "ReferralRight",
    "ReferralRightQuerySet",
    "SearchEntry",
    "Suspension",
]
