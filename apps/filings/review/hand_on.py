"""Filings that somebody who leaves had begun: they stay with the office, and say who goes on."""

from typing import Any

from django.db.models import F, Q, QuerySet
from django.utils import timezone

from apps.filings.models import Filing, FilingEvent
from apps.filings.models.transitions import Status
from apps.offices.models import Staff
from apps.offices.models.staff import CASE_ROLES, Role
from apps.offices.open_work import OpenWork

BEGUN = (Status.DRAFT, Status.SUPPLEMENT)
# Whoever registered it is gone, or does not see it any more.
LEFT = Q(created_by__office=None) | ~Q(
    created_by__is_active=True,
    created_by__role__in=CASE_ROLES - {Role.HEAD},
    office__path__startswith=F("created_by__office__path"),
)


def _begun(person: Staff) -> QuerySet[Filing]:
    path = person.office.path if person.office else "-"
    here = Filing.objects.filter(office__path__startswith=path)
    return here.filter(created_by=person, status__in=BEGUN)


def _pass_filing(filing: Filing, person: Staff, to: Staff | None, by: Any) -> None:
    """Whoever registered it stays so, for the second person's sake."""
    filing.events.create(
        at=timezone.now(),
        by=by,
        verb=FilingEvent.Verb.PASS_ON,
        before=filing.status,
        after=filing.status,
        words=f"{person}不再办，请{to or '受理机构的同事'}接着办",
    )


WORK = (OpenWork("备案草稿和待补正", _begun, _pass_filing, "留在受理机构，同事都能接着办"),)
