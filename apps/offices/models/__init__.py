"""Who we are: offices, telephones, hours, the working calendar, the staff and their roles."""

from apps.offices.models.calendar import (
    CalendarDay,
    WeekRule,
    calendar_gap,
    missing_year,
    official_calendar,
    official_years,
    years_wanted,
)
from apps.offices.models.duty import Duty
from apps.offices.models.office import Channel, Hotline, Office, ServiceHours
from apps.offices.models.policy import City, PolicyDocument, Sourced, unchecked
from apps.offices.models.publishing import (
    Notice,
    PublicVersion,
    SiteSettings,
    SpecialHours,
    Synonym,
)
from apps.offices.models.staff import Role, Staff

__all__ = [
    "CalendarDay",
    "Channel",
    "City",
    "Duty",
    "Hotline",
    "Notice",
    "Office",
    "PolicyDocument",
    "PublicVersion",
    "Role",
    "ServiceHours",
    "SiteSettings",
    "Sourced",
    "SpecialHours",
    "Staff",
    "Synonym",
    "WeekRule",
    "calendar_gap",
    "missing_year",
    "official_calendar",
    "official_years",
    "unchecked",
    "years_wanted",
]
