"""Institutions as the public sees them: published, checked, working today; found by name, scope."""

from dataclasses import dataclass
from datetime import date

from django.db.models import Exists, OuterRef, Prefetch

from apps.institutions.models import (
    DiseaseGroup,
    Institution,
    InstitutionQuerySet,
    NetworkOpening,
    ReferralRight,
    ReferralRightQuerySet,
)
from apps.institutions.referral import scope as scopes
from apps.institutions.search import query as search_query
from apps.offices.public.page import kept, shown
from apps.offices.public.search import Entry, Hit, Word, find

INTERNAL = ("remark", "checked_by", "brought_by")  # ours: a public page may not even ask for it


def public_institutions(today: date) -> InstitutionQuerySet:
    """A row of an imported list may have no 依据 of its own; a day of checking it must have."""
    return known_institutions().working(today)


def known_institutions() -> InstitutionQuerySet:
    """Those that have a public page, whatever may hold today: an address that was sent to somebody
    goes on answering, and says so when a hospital may not settle or refer any more."""
    rows = Institution.objects.filter(published=True, checked_on__isnull=False)
    return rows.defer(*INTERNAL)


def public_rights(today: date) -> ReferralRightQuerySet:
    """Rights whose hospital is public too, in official order."""
    rights = shown(ReferralRight.objects.select_related("institution", "source"), today)
    rights = rights.defer(*(f"institution__{name}" for name in INTERNAL))
    # Asked of each right's own hospital: rights are dozens, institutions may be 600,000.
    working = Exists(public_institutions(today).filter(pk=OuterRef("institution")))
    return rights.filter(working).order_by(  # type: ignore[return-value]
        "institution__order", "institution__name_key"
    )


@dataclass(frozen=True)
class Scope:
    """A referral scope as it is shown: the document's wording, ours beside it, and the colour."""

    wording: str
    plain: str
    limited: bool

    @classmethod
    def of(cls, right: ReferralRight, vocabulary: scopes.Vocabulary) -> "Scope":
        scope = right.scope
        words = right.wording or scopes.describe(scope, vocabulary)
        return cls(words or "不限", scopes.plain_words(scope, vocabulary), bool(scope.include))


def with_rights(rows: InstitutionQuerySet, today: date) -> InstitutionQuerySet:
    """Aliases, rights and openings of today, fetched together."""
    return rows.prefetch_related(
        "aliases",
        Prefetch("referral_rights", shown(ReferralRight.objects.all(), today), to_attr="rights"),
        Prefetch("openings", shown(NetworkOpening.objects.all(), today), to_attr="opened"),
    )


def hits(today: date, words: list[Word], most: int) -> tuple[list[Hit], int | str]:
    """What the words mean among institutions, and how many more there are, or «300 多».

    The dozens that may refer are matched with their scopes and synonyms in memory; all others by
    name through the search index.
    """
    found = find(kept("referring", lambda: _referring(today)), words)
    seen = {hit.entry.url for hit in found}
    named = search_query.find(
        public_institutions(today), " ".join(w.typed for w in words), limit=most
    )
    for hit in named.hits:
        row = hit.institution
        entry = Entry(row.name, f"/institutions/{row.pk}/", says=_where(row))
        if entry.url not in seen:
            found.append(Hit(entry, hit.words or "名称相符", len(found)))
    total = max(len(found), named.total)
    more = total - len(found[:most])
    return found[:most], f"{more // 100 * 100} 多" if named.capped and more >= 100 else more


def _where(row: Institution) -> str:
    return "，".join(filter(None, (str(row.get_kind_display()), row.level, row.county)))


def _referring(today: date) -> list[Entry]:
    vocabulary = DiseaseGroup.objects.vocabulary()
    entries = []
    for right in public_rights(today).prefetch_related("institution__aliases"):
        row, scope = right.institution, Scope.of(right, vocabulary)
        texts = (
            ("名称", row.name),
            *((("曾用名" if a.former else "别名"), a.name) for a in row.aliases.all()),
            ("所在县区", row.county),
            ("转诊范围", scope.wording if scope.limited else ""),
            ("类别", f"能开转诊的{row.get_kind_display()}"),
        )
        says = f"{scope.plain}（{scope.wording}）"
        entries.append(Entry(row.name, f"/institutions/{row.pk}/", texts, says))
    return entries
