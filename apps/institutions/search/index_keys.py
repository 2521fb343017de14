"""What an institution is found by: name keys, spelling, bigrams, and its place in the results.

Plain functions. ``text.name_key`` and ``pinyin.read`` define the keys.
"""

import re
from collections.abc import Iterable
from functools import cache

from ydjy.lib import pinyin

_RANKS = ("甲等", "乙等", "丙等", "")
LEVELS = [grade + rank for grade in ("三级", "二级", "一级") for rank in _RANKS]
_KINDS = ("hospital", "community", "clinic", "pharmacy")
_DIGITS = re.compile("[0-9]+")
_LATIN = re.compile("[a-z]+")
SPELLED_LIMIT = 400  # characters of spelling that are kept: two long names


def weight(order: int, level: str, kind: str) -> int:
    """Place in search results: the bureau's own order first, then by level, then by kind."""
    if order:
        return order
    by_level = LEVELS.index(level) if level in LEVELS else len(LEVELS)
    by_kind = _KINDS.index(kind) if kind in _KINDS else len(_KINDS)
    return 100_000 + by_level * 10 + by_kind


def grams(key: str) -> set[str]:
    """The tokens of one key: every two neighbours, and every run of digits as a whole."""
    found = {key[i : i + 2] for i in range(len(key) - 1)}
    found.update(_DIGITS.findall(key))
    return found


def all_grams(name_keys: Iterable[str], initials: Iterable[str]) -> set[str]:
    """The tokens of an institution: of each of its names, and of their first letters."""
    found: set[str] = set()
    for key in (*name_keys, *initials):
        found |= grams(key)
    return found


def asked_grams(key: str) -> set[str]:
    """The tokens that a name holding ``key`` surely has; empty where no index can help.

    A run of digits at an end of what was typed may go on in the name (96 of 968), so it is asked
    for by its pairs; a lone digit is the one thing that is looked up as a whole (第一 is 1).
    """
    if len(key) == 1:
        return {key} if key.isdecimal() else set()
    return {key[i : i + 2] for i in range(len(key) - 1)}


# What was typed in Latin letters --------------------------------------------------------------

_SYLLABLE = re.compile(
    "(?:zh|ch|sh|[bpmfdtnlgkhjqxrzcsyw])?"
    "(?:iang|iong|uang|ang|eng|ing|ong|ian|iao|uai|uan|ai|ao|an|ei|en|er|ia|ie|iu|in|ou|ua|ui|un|uo"
    "|ue|ve|a|o|e|i|u|v)"
)


def initials_of_typed(word: str) -> str:
    """The first letters of a full spelling (kangning gives kn), or "" if it is none.

    The longest syllable that leaves a readable rest is taken; xian is one syllable, not xi'an.
    """
    if not _LATIN.fullmatch(word) or len(word) > 60:
        return ""
    cut = _cut(word)
    return "".join(syllable[0] for syllable in cut) if cut and len(cut) > 1 else ""


@cache
def _readable() -> frozenset[str]:
    return frozenset(filter(_SYLLABLE.fullmatch, pinyin.every_syllable()))


def _cut(word: str) -> list[str] | None:
    """Whole syllables from the left, as few as will do; the last may be only begun (kangn)."""
    known, cuts = _readable(), {0: []}  # type: ignore[var-annotated]
    for end in range(1, len(word) + 1):
        for begin in range(max(0, end - 6), end):
            piece = word[begin:end]
            begun = end == len(word) and begin > 0 and any(s.startswith(piece) for s in known)
            if begin in cuts and (piece in known or begun):
                candidate = [*cuts[begin], piece]
                if end not in cuts or len(candidate) < len(cuts[end]):
                    cuts[end] = candidate
    return cuts.get(len(word))
