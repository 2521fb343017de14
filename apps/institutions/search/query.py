"""Finding institutions by what people type: one query object for staff and public.

A fragment of a name, an alias, a former name, first letters, a full spelling or a code. The
bigram index gives the candidates, never a scan; what was found is checked against the real names,
ranked, and says why it matched (performance.md section 2). A fragment that hundreds of
institutions have (医院) is answered along the stored rank, stopping at the page's end; in a large
store the names are kept in memory in that order (:mod:`roll`).
"""

import re
from dataclasses import dataclass, field
from datetime import date
from itertools import islice
from typing import Any, NamedTuple

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from apps.institutions.models import (
    DiseaseGroup,
    Institution,
    InstitutionQuerySet,
    NetworkOpening,
    ReferralRight,
)
from apps.institutions.referral import scope as scopes
from apps.institutions.search import index_keys, name_cache
from apps.institutions.search.ranking import match_of, matched
from ydjy.desk.prefixes import begins
from ydjy.lib import text

PAGE = 21
COUNTED = 1000  # of a list without words; beyond it a page says 1000+
RANKED = 300  # hits that are all ranked; more are answered along the stored order
LONGEST, WORDS = 64, 5
_CODE = re.compile("[HPhp][0-9]{2,11}")


class Hit(NamedTuple):
    """An institution, and why it is here: ``words`` is "" where its name says so itself."""

    institution: Institution
    reason: str
    words: str


@dataclass
class Found:
    """One page of hits. ``capped``: there are more than ``total``, nobody counted how many;
    ``more``: a further page has some."""

    hits: list[Hit] = field(default_factory=list)
    total: int = 0
    more: bool = False
    capped: bool = False


def find(
    institutions: InstitutionQuerySet,
    words: str,
    *,
    county: str = "",
    level: str = "",
    kind: str = "",
    scope: str = "",
    opening: tuple[str, str] | str | None = None,
    on: date | None = None,
    limit: int = PAGE,
    offset: int = 0,
) -> Found:
    """The institutions of ``institutions`` that fit what was typed, best first.

    ``scope``: a disease group that they may refer on that day; ``opening``: a business, or
    (reach, business), that they settle that day. All words must fit; one may be a county.
    """
    rows = narrowed(
        institutions, county=county, level=level, kind=kind, scope=scope, opening=opening, on=on
    )
    rows, asked = _words(rows, words)
    if not asked:
        return _browse(rows, limit, offset) if not words.strip() else _nothing_or(rows, words)
    if found := _along_the_roll(rows, asked, limit, offset):
        return found
    candidates = _candidates(rows, asked)
    if len(candidates) > RANKED:
        along = _along_the_roll(rows, asked, limit, offset, surely_many=True)
        return along or _along_the_rank(rows, asked, limit, offset)
    fitting = sorted(matched(candidates, asked))
    page = fitting[offset : offset + limit]
    found = institutions.in_bulk([m.pk for m in page])
    return Found(
        [Hit(found[m.pk], m.public_reason, m.words) for m in page if m.pk in found],
        len(fitting),
        len(fitting) > offset + limit,
    )


def filtered(institutions: InstitutionQuerySet, words: str) -> InstitutionQuerySet:
    """The same as a queryset, for the staff list with its own order and pages."""
    rows, asked = _words(institutions, words)
    if not asked:
        return rows if words.strip() == "" or rows is not institutions else rows.none()
    candidates = _candidates(rows, asked)
    if len(candidates) > RANKED:
        return _like(rows, asked)
    return institutions.filter(pk__in=[m.pk for m in matched(candidates, asked)])


# What was asked --------------------------------------------------------------------------------


def narrowed(
    rows: InstitutionQuerySet,
    *,
    county: str = "",
    level: str = "",
    kind: str = "",
    scope: str = "",
    opening: tuple[str, str] | str | None = None,
    on: date | None = None,
) -> InstitutionQuerySet:
    """The filters of a search; each has an index behind it."""
    day = on or timezone.localdate()
    exact = {"county": county, "level": level, "kind": kind}
    rows = rows.filter(**{name: value for name, value in exact.items() if value})
    if scope:
        rows = rows.filter(pk__in=_may_refer(scope, day))
    if opening:
        reach, business = (None, opening) if isinstance(opening, str) else opening
        rows = rows.filter(_open_for(business, reach, day))
    return rows


def _may_refer(group: str, day: date) -> list[int]:
    """Rights are some dozens, so the algebra itself decides and not a copy of it in SQL."""

    vocabulary = DiseaseGroup.objects.vocabulary()
    return [
        right.institution_id
        for right in ReferralRight.objects.on(day)
        if scopes.verdict(right.scope, [group], vocabulary).answer == "yes"
    ]


def _open_for(business: str, reach: str | None, day: date) -> Exists:

    open_then = NetworkOpening.objects.on(day).filter(institution=OuterRef("pk"), business=business)
    return Exists(open_then.filter(reach=reach) if reach else open_then)


def _words(rows: InstitutionQuerySet, words: str) -> tuple[InstitutionQuerySet, tuple[str, ...]]:
    """The words to look for in names; of several, one may be the name of a county or a code."""
    typed = words[:LONGEST].split()[:WORDS]
    asked = []
    for word in typed:
        if _CODE.fullmatch(word) and len(word) >= 6:
            rows = rows.filter(begins("national_code", word.upper()))
        elif len(typed) > 1 and rows.model.objects.filter(county=word).exists():
            rows = rows.filter(county=word)
        elif key := text.name_key(word):
            asked.append(key)
    return rows, tuple(asked)


def _browse(rows: InstitutionQuerySet, limit: int, offset: int, reason: str = "") -> Found:
    page = list(rows.order_by("weight", "name_key")[offset : offset + limit + 1])
    total = rows.order_by()[: COUNTED + 1].count()
    hits = [Hit(row, reason, "") for row in page[:limit]]
    return Found(hits, total, len(page) > limit, total > COUNTED)


def _nothing_or(rows: InstitutionQuerySet, words: str) -> Found:
    """Only codes and counties were typed, or nothing that could be in a name."""
    typed = words[:LONGEST].split()[:WORDS]
    if not any(text.name_key(word) for word in typed):
        return Found()
    reason = "code" if any(_CODE.fullmatch(word) for word in typed) else ""
    return _browse(rows, PAGE, 0, reason)


# Candidates ------------------------------------------------------------------------------------

_FETCHED = ("pk", "name_key", "initials", "weight")


def _candidates(rows: InstitutionQuerySet, asked: tuple[str, ...]) -> list[Any]:
    """(pk, name_key, initials, weight) of at most 301 rows that may fit."""
    found = {row[0]: row for row in _indexed(rows, asked)[: RANKED + 1]}
    letters = [index_keys.initials_of_typed(word) for word in asked]
    if len(found) <= RANKED and any(letters):
        spelled = rows
        for word, first in zip(asked, letters, strict=True):
            spelled = (
                spelled.filter(
                    entry__grams__holds=index_keys.asked_grams(first), entry__spelled__contains=word
                )
                if first
                else _holding(spelled, word)
            )
        for row in spelled.order_by().values_list(*_FETCHED)[: RANKED + 1]:
            found.setdefault(row[0], row)
    return list(found.values())


def _indexed(rows: InstitutionQuerySet, asked: tuple[str, ...]) -> Any:
    for word in asked:
        rows = _holding(rows, word)
    return rows.order_by().values_list(*_FETCHED)


def _holding(rows: InstitutionQuerySet, word: str) -> InstitutionQuerySet:
    """Rows that hold the word: found by their bigrams, then checked beside the index, so that
    bigrams which only stand apart (康宁 and 宁安 for 康宁安) do not count."""
    if wanted := index_keys.asked_grams(word):
        return rows.filter(entry__grams__holds=wanted, entry__told__contains=word)
    return rows.filter(begins("name_key", word))  # one character: names that begin with it


# More than can be ranked -----------------------------------------------------------------------


def _like(rows: InstitutionQuerySet, asked: tuple[str, ...]) -> InstitutionQuerySet:
    """Rows whose name or first letters hold the words, whatever their aliases say."""
    for word in asked:
        latin = word.isascii() and not word.isdecimal()
        in_name = Q(name_key__contains=word)
        if len(word) == 1:
            rows = _holding(rows, word)
        else:
            rows = rows.filter(in_name | Q(initials__contains=word) if latin else in_name)
    return rows


def _along_the_rank(
    rows: InstitutionQuerySet, asked: tuple[str, ...], limit: int, offset: int
) -> Found:
    """The exact name first, then by weight and name, to the page's end only."""
    key, end = "".join(asked), offset + limit + 1
    exact = list(rows.filter(name_key=key).order_by("weight", "pk")[:end])
    others = _like(rows, asked).exclude(name_key=key).order_by("weight", "name_key", "pk")
    begin = max(0, offset - len(exact))
    rest = others[begin : end - len(exact)] if len(exact) < end else []
    return _page([*exact[offset:], *rest], asked, limit)


def _along_the_roll(
    rows: InstitutionQuerySet,
    asked: tuple[str, ...],
    limit: int,
    offset: int,
    *,
    surely_many: bool = False,
) -> Found | None:
    """The same from the names in memory; nothing where they are not so many, or not so soon.

    The sample tells of a thousand names, not of three hundred: when the index has counted them
    (``surely_many``) the roll is asked all the same, for the stored order would be read to its end.
    """
    end = offset + limit + 1
    names = name_cache.current() if end <= RANKED else None
    if names is None or not (surely_many or names.expects_many(asked, RANKED)):
        return None
    key = "".join(asked)
    for most in (RANKED + RANKED // 10, 5 * RANKED):
        pks = names.first(asked, most)
        if pks is None or len(pks) <= RANKED:
            return None
        there = set(rows.filter(pk__in=name_cache.listed(pks)).values_list("pk", flat=True))
        if len(there) > RANKED:
            break
    else:
        return None  # narrowed so far that an index finds them sooner
    exact = list(rows.filter(name_key=key).order_by("weight", "pk").values_list("pk", flat=True))
    others = islice((pk for pk in pks if pk in there and pk not in exact), end)
    page = [*exact, *others][offset:end]
    found = rows.in_bulk(page)
    return _page([found[pk] for pk in page if pk in found], asked, limit)


def _page(page: list[Institution], asked: tuple[str, ...], limit: int) -> Found:
    """One page of more than were counted; a row beyond the limit says that there is another."""
    hits = []
    for row in page[:limit]:
        match = match_of((row.pk, row.name_key, row.initials, row.weight), asked, {}, {})
        hits.append(Hit(row, match.public_reason, match.words) if match else Hit(row, "name", ""))
    return Found(hits, RANKED + 1, len(page) > limit, capped=True)
