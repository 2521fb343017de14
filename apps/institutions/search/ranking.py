"""Whether a candidate really holds the words asked for, and why: checked against the real names.

Sharing bigrams makes a candidate only. What fits best stands first: the very name, its beginning,
an alias, a former name, a part, first letters, a spelling; then by weight and name.
"""

from typing import Any, NamedTuple

from apps.institutions.models import InstitutionAlias, SearchEntry
from apps.institutions.search import index_keys
from ydjy.lib import pinyin

REASONS = ("code", "exact", "start", "alias", "former", "name", "initials", "pinyin")


class Match(NamedTuple):
    """Sorts by how well it fits, then by weight and name."""

    tier: int
    weight: int
    name_key: str
    pk: int
    words: str

    @property
    def public_reason(self) -> str:
        reason = REASONS[self.tier]
        return "name" if reason in ("exact", "start") else reason


def matched(candidates: list[Any], asked: tuple[str, ...]) -> list[Match]:
    """The candidates that really hold the words; others only share their bigrams."""
    by_name = [match_of(row, asked, {}, {}) for row in candidates]
    left = [row[0] for row, match in zip(candidates, by_name, strict=True) if match is None]
    if not left:
        return [match for match in by_name if match]
    aliases, spellings = _aliases(left), _spellings(left, asked)
    whole = [
        match or match_of(row, asked, aliases, spellings)
        for row, match in zip(candidates, by_name, strict=True)
    ]
    return [match for match in whole if match]


def _aliases(pks: list[int]) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = {}
    for row in InstitutionAlias.objects.filter(institution__in=pks):
        found.setdefault(row.institution_id, []).append(row)
    return found


def _spellings(pks: list[int], asked: tuple[str, ...]) -> dict[int, str]:
    if not any(index_keys.initials_of_typed(word) for word in asked):
        return {}
    return dict(SearchEntry.objects.filter(pk__in=pks).values_list("pk", "spelled"))


def match_of(
    row: Any, asked: tuple[str, ...], aliases: dict[int, list[Any]], spellings: dict[int, str]
) -> Match | None:
    pk, name_key, initials, weight = row
    worst, said = 0, []
    for word in asked:
        found = _by_name(word, name_key, initials) or _by_alias(word, aliases.get(pk, ()))
        if found is None and word in spellings.get(pk, ""):
            found = "pinyin", f"拼音 {word}"
        if found is None:
            return None
        worst = max(worst, REASONS.index(found[0]))
        said.append(found[1])
    return Match(worst, weight, name_key, pk, "；".join(filter(None, said)))


def _by_name(word: str, name_key: str, initials: str) -> tuple[str, str] | None:
    if word == name_key:
        return "exact", ""
    if word in name_key:
        return ("start" if name_key.startswith(word) else "name"), ""
    if word.isascii() and word in initials:
        return "initials", f"首字母 {word}"
    return None


def _by_alias(word: str, aliases: Any) -> tuple[str, str] | None:
    for alias in aliases:
        if word in alias.key:
            return ("former", f"曾用名：{alias}") if alias.former else ("alias", f"别名：{alias}")
        if word.isascii() and word in pinyin.initials(alias.name):
            return "initials", f"首字母 {word}（{alias}）"
    return None
