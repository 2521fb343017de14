"""The roll of names: every name and its first letters in memory, in the stored order.

A fragment that hundreds of institutions have (医院, yy) is what an index is worst at: it
gives a hundred thousand rows to be sorted for a page of twenty. On the roll they stand in order, so
the first are at hand. A process keeps it once the store is large; it costs some 40 MB for 600,000
names and is made beside the requests. What was written since is read by its ``turn`` and laid over
it, so an answer is never older than the store. Every answer is checked against the rows, and
without a roll the same answer comes from the database, later.
"""

import json
import logging
import re
import threading
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from heapq import merge
from io import SEEK_END, StringIO
from itertools import islice
from typing import NamedTuple

from django.db import DatabaseError, connection
from django.db.models.expressions import RawSQL

from apps.institutions.models import SearchEntry
from apps.offices.models import PublicVersion

SMALL = 20_000  # institutions; so many are found without a roll soon enough
FRESH = 2_000  # changed names that are laid over; with more the roll is made anew
LOOKED = 20_000  # lines with one of the words that are looked at for the others
_SAMPLE = 32  # every so many-th line tells how common a word is
_LETTER = re.compile("[a-z]")
log = logging.getLogger("ydjy.search")


class Line(NamedTuple):
    """An institution on the roll; lines sort as the search's stored order does."""

    weight: int
    name: str
    pk: int
    letters: str = ""

    def holds(self, word: str) -> bool:
        if len(word) == 1:
            return self.name.startswith(word)
        return word in self.name or (_latin(word) and word in self.letters)


def _latin(word: str) -> bool:
    return word.isascii() and not word.isdecimal()


class _Column:
    """One text per line, all in one string: looking through it is one search of a string."""

    def __init__(self) -> None:
        self._said = StringIO("\n")
        self._at = self._said.seek(0, SEEK_END)
        self.text, self.starts = "", array("L")

    def add(self, piece: str) -> None:
        self.starts.append(self._at)
        self._at += self._said.write(piece) + self._said.write("\n")

    def close(self) -> None:
        self.text = self._said.getvalue()
        del self._said

    def __getitem__(self, line: int) -> str:
        begin = self.starts[line]
        return self.text[begin : self.text.index("\n", begin)]

    def holding(self, word: str) -> Iterator[int]:
        """The lines that hold the word, each once, from the first."""
        wanted = f"\n{word}" if len(word) == 1 else word
        at = self.text.find(wanted)
        while at >= 0:
            yield bisect_right(self.starts, at + (len(word) == 1)) - 1
            at = self.text.find(wanted, self.text.index("\n", at + 1))


class _Names:
    """The lines in order, column by column; they never change."""

    def __init__(self, lines: Iterable[tuple[int, str, int, str]]):
        self.pks, self.weights = array("q"), array("L")
        self.name, self.letters = _Column(), _Column()
        self.latin, self._latin_at = _Column(), array("L")  # the few names with Latin letters
        for at, (weight, name, pk, letters) in enumerate(lines):
            self.weights.append(weight)
            self.pks.append(pk)
            self.name.add(name)
            self.letters.add(letters)
            if _LETTER.search(name):
                self.latin.add(name)
                self._latin_at.append(at)
        for column in (self.name, self.letters, self.latin):
            column.close()

    def line(self, at: int) -> Line:
        return Line(self.weights[at], self.name[at], self.pks[at], self.letters[at])

    def holding(self, words: tuple[str, ...]) -> Iterator[int | None]:
        """The lines with all the words; a blank for a line that was looked at in vain."""
        longest = max(words, key=len)
        found = self._holding(longest)
        if len(words) == 1:
            return found
        others = [word for word in words if word != longest]
        return (at if all(map(self.line(at).holds, others)) else None for at in found)

    def _holding(self, word: str) -> Iterator[int]:
        if not _latin(word) or len(word) == 1:
            return self.name.holding(word)
        if word.isalpha():  # a name's Latin letters are among its first letters
            return self.letters.holding(word)
        with_letters = (self._latin_at[at] for at in self.latin.holding(word))
        return _once(merge(with_letters, self.letters.holding(word)))


def _once(numbers: Iterator[int]) -> Iterator[int]:
    last = -1
    for number in numbers:
        if number != last:
            yield number
        last = number


@dataclass(frozen=True)
class Roll:
    """The names as they stood at one number of the store's changes."""

    number: int
    names: _Names
    sample: _Names
    fresh: dict[int, Line] = field(default_factory=dict)

    def expects_many(self, words: tuple[str, ...], number: int) -> bool:
        """Whether, by a sample, at least about ``number`` names hold all the words."""
        if any(len(word) == 1 and word.isdecimal() for word in words):
            return False  # a lone digit is a number of its own, not a part of one
        enough, found = number // _SAMPLE + 1, self.sample.holding(words)
        return len(list(islice((at for at in found if at is not None), enough))) == enough

    def first(self, words: tuple[str, ...], most: int) -> list[int] | None:
        """The keys of the first ``most`` with all the words, or nothing when that takes long."""
        lines, pks, over = [], self.names.pks, self.fresh
        for looked, at in enumerate(self.names.holding(words)):
            if at is not None and pks[at] not in over:
                lines.append(at)
            if len(lines) == most:
                break
            if looked == LOOKED:
                return None
        fresh = sorted(one for one in over.values() if all(map(one.holds, words)))
        if not fresh:
            return [pks[at] for at in lines]
        return [one.pk for one in islice(merge(map(self.names.line, lines), fresh), most)]


def listed(pks: list[int]) -> RawSQL:
    """The keys as one parameter: the driver reads a thousand of them slower than the rows."""
    if connection.vendor == "postgresql":
        return RawSQL("SELECT unnest(%s::bigint[])", [f"{{{','.join(map(str, pks))}}}"])
    return RawSQL("SELECT value FROM json_each(%s)", [json.dumps(pks)])


# The roll of this process ------------------------------------------------------------------------

_kept: Roll | None = None
_small_at = -1  # the number at which the store was found small
_making = threading.Lock()


def current() -> Roll | None:
    """The roll as the store stands; nothing while the store is small or the roll being made."""
    global _kept
    number = _number()
    if _kept is None or number < _kept.number:
        _make_beside(number)
        return None
    if number > _kept.number:
        fresh = list(_lines(turn=_kept.number)[: FRESH + 1])
        if len(fresh) + len(_kept.fresh) > FRESH:
            _make_beside(number)
            return None
        newer = {line[2]: Line(*line) for line in fresh}
        _kept = replace(_kept, number=number, fresh=_kept.fresh | newer)
    return _kept


def make() -> Roll:
    """Read the whole roll anew."""
    global _kept
    number = _number()  # first: what is written meanwhile is laid over it later
    lines = _lines().order_by("institution__weight", "institution__name_key", "pk")
    names = _Names(lines.iterator(20_000))
    sample = _Names(names.line(at) for at in range(0, len(names.pks), _SAMPLE))
    _kept = Roll(number, names, sample)
    return _kept


def forget() -> None:
    global _kept, _small_at
    _kept, _small_at = None, -1


def _number() -> int:
    return PublicVersion.objects.values_list("number", flat=True).first() or 0


def _lines(turn: int = -1):  # type: ignore[no-untyped-def]
    columns = ("institution__weight", "institution__name_key", "pk", "institution__initials")
    return SearchEntry.objects.filter(turn__gt=turn).values_list(*columns)


def _make_beside(number: int) -> None:
    """In a thread of its own; the database answers meanwhile."""
    global _small_at
    if number == _small_at:
        return
    if SearchEntry.objects.order_by()[: SMALL + 1].count() <= SMALL:
        _small_at = number
    elif _making.acquire(blocking=False):
        threading.Thread(target=_make_and_let_go, name="roll of names", daemon=True).start()


def _make_and_let_go() -> None:
    try:
        make()
    except DatabaseError:
        log.exception("the roll of names could not be read; the database answers without it")
    finally:
        _making.release()
        connection.close()
