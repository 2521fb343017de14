"""How filings are found: by person, by the tail of a number, by telephone, by what runs out."""

from datetime import date
from functools import reduce
from operator import or_
from typing import Any, Self

from django.db import models
from django.db.models.lookups import GreaterThanOrEqual, LessThan

from apps.filings.models.related import FilingEvent
from apps.filings.models.transitions import WAITING, Status
from apps.offices.models import Office
from ydjy.desk.crypto.fields import blind_index
from ydjy.desk.prefixes import LAST, begins
from ydjy.desk.querysets import OfficeScopedQuerySet, Person
from ydjy.lib import idnumbers

CERT_INDEX = "person.cert_no"  # the same index everywhere: a ticket finds its person's filings
TAIL_INDEX = "filing.tail"  # the last digits of the number, keyed likewise
PHONE_INDEX = "filing.phone"
NEWEST = ("-created_at", "-pk")


class Letters(models.Func):
    """A column in the order of its letters' numbers, whatever language the database is set to:
    the only order in which all that begins alike stands together. SQLite has no other."""

    template, arity = '%(expressions)s COLLATE "C"', 1

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return compiler.compile(self.source_expressions[0])


def by_letters(column: str, name: str) -> models.Index:
    """The index in the order of :meth:`FilingQuerySet.called`; whose office it is stands in it
    too, so that those of others are passed over without being fetched."""
    newest = (models.F("created_at").desc(), models.F("id").desc())
    return models.Index(Letters(column), *newest, "office", name=name)


class FilingQuerySet(OfficeScopedQuerySet):
    def visible_to(self, staff: Person | Any) -> Self:
        """By the keys of the offices, asked beforehand: of a prefix on the other table the planner
        knows nothing, and reads every filing of an office to find the few that were asked for."""
        path = getattr(staff, "case_path", None)
        if not path:
            return self.none()
        offices = dict(Office.objects.order_by().values_list("pk", "path"))
        mine = [pk for pk, where in offices.items() if where.startswith(path)]
        return self.all() if len(mine) == len(offices) else self.filter(office__in=mine)

    def of_person(self, cert_index: str) -> Self:
        return self.filter(cert_index=cert_index) if cert_index else self.none()

    def with_number(self, number: str) -> Self:
        """Filings of the person with this identity number, in whatever form it is written."""
        return self.of_person(blind_index(CERT_INDEX, idnumbers.parse(number).number))

    def with_tail(self, key: str) -> Self:
        """By the key (:func:`tail_index`) of the last four or six digits of the number."""
        return self.filter(models.Q(tail4=key) | models.Q(tail6=key))

    def with_phone(self, key: str) -> Self:
        return self.filter(phone_index=key) if key else self.none()

    def beginning(self, column: str, text: str) -> Self:
        """Rows whose column begins with the text, by its index on either engine: SQLite's LIKE
        uses none, and PostgreSQL's order of letters is no order of prefixes."""
        return self.filter(begins(column, text))

    def called(self, column: str, *texts: str) -> Self:
        """By the beginning of the name or its initials: exactly so called first, of each the
        newest first. The index has this order, so that a page is read from it and no more."""
        letters = Letters(models.F(column))
        ranges = [
            models.Q(GreaterThanOrEqual(letters, text)) & models.Q(LessThan(letters, text + LAST))
            for text in texts
        ]
        return self.filter(reduce(or_, ranges)).order_by(letters.asc(), *NEWEST)

    def of_others(self, staff: Any) -> Self:
        """Those for which this person is a second person."""
        wrote = FilingEvent.objects.written_since_approval().filter(
            filing=models.OuterRef("pk"), by=staff
        )
        return self.exclude(created_by=staff).exclude(models.Exists(wrote))

    def for_review_by(self, staff: Any) -> Self:
        """Those that wait for a second person, and for whom this one is a second person."""
        return self.filter(status=Status.PENDING).of_others(staff)

    def approved(self) -> Self:
        return self.filter(status=Status.APPROVED)

    def revocation_asked(self) -> Self:
        """In force, and somebody has asked to revoke it."""
        standing = [Status.APPROVED, Status.SUSPENDED]
        return self.filter(revoke_asked_by__isnull=False, status__in=standing)

    def in_force_on(self, day: date) -> Self:
        """Approved and running on that day: 未生效／有效／已到期 are never stored."""
        return self.approved().filter(
            models.Q(end_on__isnull=True) | models.Q(end_on__gte=day), start_on__lte=day
        )

    def ending(self, first: date, last: date) -> Self:
        """In force and running out between two days (快到期)."""
        return self.approved().filter(end_on__gte=first, end_on__lte=last)

    def alongside(self, filing: Any) -> Self:
        """The other long-term filings of the same person and insurance that are approved or wait
        for it, but the one that this one replaces."""
        if not filing.cert_index:
            return self.none()
        same = self.filter(
            cert_index=filing.cert_index,
            insutype=filing.insutype,
            exclusive=True,
            status__in=[Status.APPROVED, *WAITING],
        )
        return same.exclude(pk=filing.pk).exclude(pk=filing.previous_id)


def tail_index(tail: str) -> str:
    return blind_index(TAIL_INDEX, tail.upper())


def phone_index(phone: str) -> str:
    digits = "".join(ch for ch in phone if ch.isdecimal())
    return blind_index(PHONE_INDEX, digits) if len(digits) >= 7 else ""
