"""What an institution is found by: name keys, spelling, bigrams, and its place in the results.

Plain functions. ``text.name_key`` and ``pinyin.initials`` define the keys; :class:`Speller` is the
same reading for lists of hundreds of thousands of names, where asking pypinyin for each phrase
would take most of the time of an import.
"""

import re
from collections.abc import Iterable
from functools import cache
from operator import add

from ydjy.lib import pinyin
from ydjy.lib.text import clean

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


class Speller:
    """Reads names syllable by syllable from a table, phrases only where they read differently.

    Agrees with ``pinyin.spelled`` and ``pinyin.initials`` on the names of institutions, except
    where two overlapping phrases would be cut differently.
    """

    def __init__(self) -> None:
        from pypinyin.constants import PHRASES_DICT

        self._phrases = {
            phrase
            for phrase in PHRASES_DICT
            if 2 <= len(phrase) <= 5 and self._differs(phrase, PHRASES_DICT[phrase])
        } | set(pinyin._WORDS)
        self._longest = max(map(len, self._phrases))
        self._heads = {phrase[:2] for phrase in self._phrases}
        self._whole, self._first = _Syllables(), _Initials()

    def read(self, name: str) -> tuple[str, str]:
        """(initials, spelling) of a name."""
        name = clean(name).casefold()
        if self._heads.isdisjoint(map(add, name, name[1:])):
            return name.translate(self._first), name.translate(self._whole)
        first, whole, done = [], [], 0
        for at in range(len(name) - 1):
            if at >= done and name[at : at + 2] in self._heads and (said := self._phrase(name, at)):
                between = name[done:at]
                first += [between.translate(self._first), *(s[0] for s in self._said(said))]
                whole += [between.translate(self._whole), *self._said(said)]
                done = at + len(said)
        rest = name[done:]
        first.append(rest.translate(self._first))
        whole.append(rest.translate(self._whole))
        return "".join(first), "".join(whole)

    def _phrase(self, name: str, at: int) -> str:
        """The longest phrase that stands there and reads differently than its characters do."""
        for end in range(at + self._longest, at + 1, -1):
            if name[at:end] in self._phrases:
                return name[at:end]
        return ""

    @cache  # noqa: B019 - one speller lives as long as the process
    def _said(self, phrase: str) -> list[str]:
        return pinyin._syllables(phrase, person=False)

    def _differs(self, phrase: str, reading: list[list[str]]) -> bool:
        plain = [_toneless(parts[0]) for parts in reading]
        return plain != [self._default(ch) for ch in phrase]

    @cache  # noqa: B019 - one speller lives as long as the process
    def _default(self, ch: str) -> str:
        from pypinyin.constants import PINYIN_DICT

        return _toneless(PINYIN_DICT.get(ord(ch), "").split(",")[0])


class _Syllables(dict[int, str]):
    """Character → its usual reading, for ``str.translate``."""

    def __missing__(self, point: int) -> str:
        said = self[point] = pinyin.spelled(chr(point))
        return said


class _Initials(dict[int, str]):
    """Character → the first letter of it."""

    def __missing__(self, point: int) -> str:
        syllable = pinyin.spelled(chr(point))
        said = self[point] = syllable if point < 128 else syllable[:1]
        return said


_TONES = str.maketrans("āáǎàēéěèīíǐìōóǒòūúǔùǖǘǚǜüńňǹḿêếề", "aaaaeeeeiiiioooouuuuvvvvvnnnmeee")


def _toneless(syllable: str) -> str:
    return syllable.translate(_TONES)


@cache
def speller() -> Speller:
    """The speller of this process; making it takes a second."""
    return Speller()


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
    from pypinyin.constants import PINYIN_DICT

    found = {_toneless(r) for readings in PINYIN_DICT.values() for r in readings.split(",")}
    return frozenset(s for s in found if _SYLLABLE.fullmatch(s))


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
