"""The papers of a filing before its rules: what has come, is promised, may come later, or lacks.

Part of :func:`requirements.judge`. Plain values, no Django.
"""

from __future__ import annotations

from collections.abc import Collection

from apps.filings.rules.application import COPY, LATER, ORIGINAL, PROMISE, Application, Finding
from apps.filings.rules.ruleset import MaterialRow, Rules


def missing(rules: Rules, asked: Application) -> list[tuple[MaterialRow, ...]]:
    """The groups of which nothing was handed in, promised or put off."""
    return [group for group in rules.groups.values() if not _settled_how(rules, group, asked)]


def _settled_how(rules: Rules, group: Collection[MaterialRow], asked: Application) -> str:
    for row in group:
        how = asked.handed.get(row.key, "")
        if how in (ORIGINAL, COPY):
            return how
        if how == PROMISE and asked.commitment_signed and rules.commitment_allowed and row.waivable:
            return how
        if how == LATER:  # by which day is asked for by itself, see plausible.py
            return how
    return ""


def findings(
    rules: Rules, asked: Application, lacking: list[tuple[MaterialRow, ...]]
) -> list[Finding | None]:
    found: list[Finding | None] = []
    for group in lacking:
        words = f"还缺{group_words(group)}。"
        field = ""
        if promised := [row for row in group if asked.handed.get(row.key) == PROMISE]:
            if rules.commitment_allowed and any(row.waivable for row in promised):
                field = "commitment_signed_on"
                words = f"{group_words(group)}用承诺代替，请填承诺书签字日期。"
            else:
                words = f"{words}这一项不能用承诺代替，要交材料或者容缺后补。"
        basis = group[0].basis or rules.basis
        found.append(Finding("materials", "refuse", words, basis, field))
    for how, word in ((PROMISE, "签了承诺书，限期补齐"), (LATER, "容缺受理，限期补齐")):
        groups = [g for g in rules.groups.values() if _settled_how(rules, g, asked) == how]
        if groups:
            names = "、".join(group_words(group) for group in groups)
            found.append(Finding("materials", "warn", f"{names}：{word}。", groups[0][0].basis))
    if not lacking and rules.groups:
        found.append(Finding("materials", "ok", "材料齐全。", rules.basis))
    return found


def group_words(group: Collection[MaterialRow]) -> str:
    """社会保障卡; or 房产证、居住证（任选其一）."""
    names = "、".join(row.words for row in group)
    return names if len(group) == 1 else f"{names}（任选其一）"
