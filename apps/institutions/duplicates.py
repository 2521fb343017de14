"""Institutions that may be one and the same: equal keys, and names that share most bigrams.

A list for a person to look through, never a merge: 仁和大药房 exists in every town (trap 20).
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from apps.institutions.models import Institution, InstitutionAlias
from apps.institutions.search import index_keys

ALIKE = 0.6  # shared bigrams of all bigrams of both names
MOST = 5_000  # institutions that are compared; the national list has codes of its own
_COMMON = 200  # a bigram that more institutions have says nothing (医院)


class Pair(NamedTuple):
    first: Institution
    second: Institution
    why: str


def pairs(limit: int = 200) -> list[Pair]:
    """Pairs of the bureau's own institutions that look alike, the surest first."""
    own = Institution.objects.exclude(listed="national").order_by("weight", "name_key")
    rows = {row.pk: row for row in own[:MOST]}
    same = _same_key(rows)
    alike = _alike(rows, set(same))
    ordered = [*same.items(), *sorted(alike.items(), key=lambda item: item[1], reverse=True)]
    return [
        Pair(rows[a], rows[b], why if isinstance(why, str) else f"名称有 {why:.0%} 相同")
        for (a, b), why in ordered[:limit]
    ]


def _same_key(rows: dict[int, Institution]) -> dict[tuple[int, int], str]:
    """Two with one name, or one whose alias is the other's name."""
    found: dict[tuple[int, int], str] = {}
    by_key: dict[str, list[tuple[int, bool]]] = defaultdict(list)
    for row in rows.values():
        by_key[row.name_key].append((row.pk, False))
    for key, pk in InstitutionAlias.objects.filter(institution__in=rows).values_list(
        "key", "institution_id"
    ):
        by_key[key].append((pk, True))
    for owners in by_key.values():
        for at, (a, first_alias) in enumerate(owners):
            for b, second_alias in owners[at + 1 :]:
                if a != b:
                    why = "别名和名称相同" if first_alias or second_alias else "名称相同"
                    found.setdefault(_pair(a, b), why)
    return found


def _alike(
    rows: dict[int, Institution], but: Iterable[tuple[int, int]]
) -> dict[tuple[int, int], float]:
    tokens = {pk: index_keys.grams(row.name_key) for pk, row in rows.items()}
    holders: dict[str, list[int]] = defaultdict(list)
    for pk, own in tokens.items():
        for token in own:
            holders[token].append(pk)
    shared: dict[tuple[int, int], int] = defaultdict(int)
    for owners in holders.values():
        if len(owners) <= _COMMON:
            for at, a in enumerate(owners):
                for b in owners[at + 1 :]:
                    shared[_pair(a, b)] += 1
    skip = set(but)
    found = {}
    for pair in shared.keys() - skip:
        a, b = tokens[pair[0]], tokens[pair[1]]
        if (part := len(a & b) / len(a | b)) >= ALIKE and not _numbered_apart(rows, pair):
            found[pair] = part
    return found


def _numbered_apart(rows: dict[int, Institution], pair: tuple[int, int]) -> bool:
    """第一医院 and 第三医院 differ in what matters, and so do two counties' 人民医院."""
    a, b = (rows[pk] for pk in pair)
    digits = [[ch for ch in row.name_key if ch.isdecimal()] for row in (a, b)]
    coded = bool(a.national_code and b.national_code)
    return digits[0] != digits[1] or (coded and a.county != b.county)


def _pair(a: int, b: int) -> tuple[int, int]:
    return (a, b) if a < b else (b, a)
