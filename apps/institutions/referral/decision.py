"""Which hospitals may issue the referral certificate for one insured person: the decision.

Plain values in, plain values out, no Django. Source: domain.md 4.4 (the query, steps 1 to 5),
facts D-F19 (listed diseases need no certificate), D-F22 and D-I12 (the county rule).
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

from apps.institutions.referral.scope import (
    CALL_FIRST,
    GENERAL,
    SOURCE_GROUPS,
    Answer,
    Scope,
    Verdict,
    Vocabulary,
    spoken,
    verdict,
)

#: How a county's people (县、县级市) are sent: only to the county's own hospitals; first there,
#: then to the city's; or to either alike. The sources leave it open, so it is policy data.
CountyRule = Literal["home_only", "home_then_city", "any"]

#: D-I12, word for word except the full-width brackets.
COUNTY_SENTENCE = "各县（市）参保人员在行政区内办理异地转诊住院备案手续。"
NO_CERTIFICATE = "病种在转诊目录里的，不用医院开转诊证明，带病历材料到经办机构直接备案。"

K = TypeVar("K", bound=Hashable)


@dataclass(frozen=True)
class Area:
    """Where a person is insured: division code or local slug, name, and whether it is a county.

    Districts, the city itself and zones without a county's standing (滨海新区) are no county.
    """

    code: str
    name: str
    is_county: bool


@dataclass(frozen=True)
class Right(Generic[K]):
    """One hospital's right to refer; `key` is whatever the caller knows the hospital by.

    `serves` holds the area codes of a county right; empty is a city-wide right.
    """

    key: K
    scope: Scope
    serves: frozenset[str] = frozenset()


Weighed = list[tuple[Right[K], Verdict]]


@dataclass(frozen=True)
class ReferralAnswer(Generic[K]):
    """The hospitals sorted into yes, ask and no; every right handed in is in exactly one of them.

    `ask` and `no` carry a Chinese reason each. `fallback` says that city hospitals are offered
    only because the county has none, which the sources do not clearly allow. `note` is one or
    more Chinese sentences for the top of the list, or ''. `needs_certificate` is False for a
    disease of the referral catalogue; then no hospital is named at all.
    """

    yes: tuple[K, ...] = ()
    ask: tuple[tuple[K, str], ...] = ()
    no: tuple[tuple[K, str], ...] = ()
    fallback: bool = False
    note: str = ""
    needs_certificate: bool = True


def who_refers(
    rights: Iterable[Right[K]],
    area: Area,
    groups: Collection[str],
    *,
    county_rule: CountyRule = "home_then_city",
    in_catalogue: bool = False,
    vocabulary: Vocabulary = SOURCE_GROUPS,
) -> ReferralAnswer[K]:
    """Sort the referral rights for a person of `area` with a case of these disease groups.

    `rights` are those in force on the day asked about, of hospitals working normally that day, in
    official order; the order is kept. No group at all counts as a general case (综合).
    """
    if in_catalogue:
        return ReferralAnswer(note=NO_CERTIFICATE, needs_certificate=False)
    weighed = [(right, verdict(right.scope, groups, vocabulary)) for right in rights]
    home_can = any(found.answer == "yes" for right, found in weighed if area.code in right.serves)
    closed = _why_city_is_closed(area, county_rule, home_can)
    reached = [(right, _within_reach(right, found, area, closed)) for right, found in weighed]
    home_first = area.is_county and county_rule != "any"
    fallback = home_first and any(
        not right.serves and found.answer != "no" for right, found in reached
    )
    if home_first and home_can:
        note = COUNTY_SENTENCE
    else:
        said = spoken({vocabulary.find(g) or g for g in groups} or {GENERAL}, vocabulary)
        note = _note(reached, area.name if home_first else "", said, fallback)
    return ReferralAnswer(
        yes=tuple(right.key for right, found in reached if found.answer == "yes"),
        ask=_with_reasons(reached, "ask"),
        no=_with_reasons(reached, "no"),
        fallback=fallback,
        note=note,
    )


def _why_city_is_closed(area: Area, county_rule: CountyRule, home_can: bool) -> str:
    """Say why city-wide rights are closed to the area; '' where they are open."""
    if area.is_county and county_rule == "home_only":
        return f"{area.name}参保人员只在行政区内办理转诊"
    if area.is_county and county_rule == "home_then_city" and home_can:
        return f"{area.name}有能办转诊的医院，先在行政区内办理"
    return ""


def _within_reach(right: Right[K], found: Verdict, area: Area, closed: str) -> Verdict:
    """Turn the scope's answer into no where the right does not reach the person's area.

    A no of the scope itself keeps its own reason: it stays true wherever the person is insured.
    """
    if found.answer == "no":
        return found
    if right.serves and area.code not in right.serves:
        return Verdict("no", f"只为所在县（市）的参保人员办理转诊，不为{area.name}参保人员办理")
    if not right.serves and closed:
        return Verdict("no", closed)
    return found


def _with_reasons(reached: Weighed[K], answer: Answer) -> tuple[tuple[K, str], ...]:
    return tuple((right.key, found.reason) for right, found in reached if found.answer == answer)


def _note(reached: Weighed[K], county: str, said: str, fallback: bool) -> str:
    """Say what to do where the county (or, with county '', the city) has no certain hospital."""
    if not fallback and any(found.answer == "yes" for _, found in reached):
        return ""
    # With a fallback the sentence is about the county's own hospitals, otherwise about all.
    unsure = any(
        found.answer == "ask" and (right.serves or not fallback) for right, found in reached
    )
    missing = f"{county}没有能{'确定' if unsure else ''}看“{said}”的转诊医院"
    if fallback:
        return f"{missing}，下面有市里的医院。{COUNTY_SENTENCE}市里的医院能不能办，{CALL_FIRST}。"
    return f"{missing}，{CALL_FIRST}。"
