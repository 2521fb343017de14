"""The public search: which small records a typed line means, and why each was found.

Plain words, pinyin (kangning) and initials (jzskn) are understood, and the people's words for
ours (转院 for 转诊) by a table: the shipped ``data/synonyms.csv`` and the staff's own rows.
"""

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from apps.offices.models.publishing import Synonym
from ydjy.lib import pinyin, text

LONGEST, MOST_WORDS = 64, 5


@dataclass(frozen=True)
class Entry:
    """A record as the search knows it. ``texts`` are (what it is, words), the name first;
    ``says`` is the line shown under the title."""

    title: str
    url: str
    texts: tuple[tuple[str, str], ...] = ()
    says: str = ""
    tel: str = ""


@dataclass(frozen=True)
class Hit:
    """A found record, with the reason in words."""

    entry: Entry
    why: str
    rank: int


@dataclass(frozen=True)
class Word:
    """One typed word and the words of ours it may stand for."""

    typed: str
    means: tuple[str, ...]


def asked(query: str) -> list[Word]:
    """The words of a query, at most five; anything longer than 64 characters is cut."""
    words = text.clean(query[:LONGEST]).casefold().split()[:MOST_WORDS]
    table = _table()
    return [Word(word, (word, *table.get(word, ()))) for word in words]


def pieces(words: Sequence[Word], vocabulary: Iterable[str]) -> list[Word]:
    """Words typed without blanks cut at words we know: 精神病转诊 is 精神病 and 转诊."""
    table = _table()
    known = sorted({*vocabulary, *table, *sum(table.values(), ())}, key=len, reverse=True)
    line = " ".join(word.typed for word in words)
    for piece in known:
        if len(piece) > 1 and piece in line and piece not in line.split():
            line = line.replace(piece, f" {piece} ")
            break
    return asked(line)


def find(entries: Iterable[Entry], words: Sequence[Word]) -> list[Hit]:
    """The entries in which every word is found, best first."""
    hits = (_hit(entry, words) for entry in entries)
    found = [hit for hit in hits if hit] if words else []
    return sorted(found, key=lambda hit: hit.rank)


def _hit(entry: Entry, words: Sequence[Word]) -> Hit | None:
    reasons: list[str] = []
    rank = 0
    for word in words:
        place = _place(entry, word)
        if place is None:
            return None
        order, why = place
        rank += order
        if why not in reasons:
            reasons.append(why)
    return Hit(entry, "；".join(reasons), rank)


def _place(entry: Entry, word: Word) -> tuple[int, str] | None:
    """Where the word stands in the entry: (the further the worse, why in words)."""
    for meant in word.means:
        for order, (label, words) in enumerate(entry.texts):
            if meant in words.casefold():
                other = f"（“{word.typed}”就是“{meant}”）" if meant != word.typed else ""
                shown = f"“{words}”" if len(words) <= 30 and order else f"里有“{meant}”"
                return order, f"{label}{shown}{other}"
    if word.typed.isascii() and word.typed.isalnum() and not word.typed.isdecimal():
        return _spelled(entry, word.typed)
    return None


def _spelled(entry: Entry, typed: str) -> tuple[int, str] | None:
    for order, (label, words) in enumerate(entry.texts[:3]):
        if typed in pinyin.initials(words):
            return order, f"{label}的拼音首字母里有“{typed}”"
        if len(typed) > 3 and typed in pinyin.spelled(words):
            return order, f"{label}的拼音里有“{typed}”"
    return None


def _table() -> dict[str, tuple[str, ...]]:
    rows = _shipped() | dict(Synonym.objects.values_list("word", "means"))
    return {word.casefold(): (means.casefold(),) for word, means in rows.items()}


@cache
def _shipped() -> dict[str, str]:
    lines = files("apps.offices").joinpath("data/synonyms.csv").read_text("utf-8").splitlines()
    return {row["word"]: row["means"] for row in csv.DictReader(lines)}
