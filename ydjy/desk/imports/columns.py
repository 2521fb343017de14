"""The columns of a small list: fields and widgets of django-import-export that speak our language.

A widget has three directions. ``read`` takes what a person typed and gives the words that the
list has for it (or says in Chinese why not), before anything is stored; ``clean`` makes the value
of the row out of those words, ``render`` the words out of the value.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date
from functools import partial
from typing import Any

from django.db import models
from django.utils import timezone
from import_export.fields import Field
from import_export.widgets import Widget

from ydjy.desk.imports import measures
from ydjy.desk.imports.kinds import Guide
from ydjy.lib import cell_parsers
from ydjy.lib.text import clean

Read = Callable[[str], str | None]
YES_NO = ("是", "否")
_LONGEST_NUMBER = 9


def saying(rows: models.QuerySet, **said: Any) -> list[Any]:
    """At most two rows that say this: to the letter; else as a cell is read, where （ is ( and a
    new line a blank. What somebody typed on a page is stored as it was typed."""
    if found := list(rows.filter(**said)[:2]):
        return found
    wanted = [str(text) for text in said.values()]
    if not any(ch.isascii() for text in wanted for ch in text):
        return []  # Chinese characters alone are read as they stand
    alike = _otherwise_spelled(rows, tuple(said)).get(tuple(wanted), [])
    return list(rows.filter(pk__in=alike[:2])) if alike else []


_Spelled = dict[tuple[str, ...], list[Any]]
_remembered: ContextVar[dict[Any, _Spelled] | None] = ContextVar("remembered", default=None)


@contextmanager
def spelled_once() -> Iterator[None]:
    """While a file is written, which stored rows are spelled otherwise than they are read is asked
    once, not for each row: what the file itself writes is spelled as it is read."""
    token = _remembered.set({})
    try:
        yield
    finally:
        _remembered.reset(token)


def _otherwise_spelled(rows: models.QuerySet, names: tuple[str, ...]) -> _Spelled:
    """As it is read → keys of the rows that are stored otherwise."""
    memory = _remembered.get()
    key = (rows.model, names)
    if memory is not None and not rows.query.where and key in memory:
        return memory[key]
    found: _Spelled = {}
    for pk, *texts in rows.values_list("pk", *names):
        read = tuple(clean(str(text)) for text in texts)
        if read != tuple(map(str, texts)):
            found.setdefault(read, []).append(pk)
    if memory is not None and not rows.query.where:
        memory[key] = found
    return found


class Words(Widget):
    """Text as it stands; ``parse`` says what may be typed, ``measure`` what it is counted in."""

    measure: measures.Measure | None = None

    def __init__(self, parse: Read):
        super().__init__()
        self.read = parse

    def clean(self, value: str, row: Any = None, **kwargs: Any) -> Any:
        return value

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> str:
        return str(value) if value is not None else ""


class YesNo(Words):
    """是 or 否, or the pair of words that the list has for it."""

    def __init__(self, words: tuple[str, str]):
        super().__init__(self._read)
        self.words = words

    def _read(self, cell: str) -> str | None:
        if cell_parsers.plain(cell) in self.words:
            return cell_parsers.plain(cell)
        try:
            said = cell_parsers.yes_no(cell)
        except cell_parsers.Unsure:
            raise cell_parsers.Bad(f"要写“{self.words[0]}”或“{self.words[1]}”") from None
        return said and self.words[YES_NO.index(said)]

    def clean(self, value: str, row: Any = None, **kwargs: Any) -> bool:
        return value == self.words[0]

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> str:
        return self.words[not value]


class Choice(Words):
    """One of the labels of an enumeration."""

    def __init__(self, of: type[models.TextChoices]):
        super().__init__(self._read)
        self.values = {str(label): value for value, label in of.choices}
        self.labels = {value: label for label, value in self.values.items()}
        self.written = {clean(label): label for label in self.values}  # no full-width brackets

    def _read(self, cell: str) -> str | None:
        said = cell_parsers.plain(cell)
        if said is not None and said not in self.written:
            raise cell_parsers.Bad(f"看不懂，可以写的是：{'、'.join(self.values)}")
        return said and self.written[said]

    def clean(self, value: str, row: Any = None, **kwargs: Any) -> str:
        return self.values[value]

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> str:
        return self.labels[value] if value else ""


class Several(Words):
    """Some words in one cell, divided by “、”; ``of`` names each and its value, if only those."""

    def __init__(self, title: str, limit: int, of: Mapping[str, str] | None):
        super().__init__(self._read)
        self.title, self.limit, self.of = title, limit, of

    def _read(self, cell: str) -> str | None:
        said = cell_parsers.words(cell, limit=self.limit)
        if said is None:
            return None
        words = [word.strip() for word in said.replace("，", "、").replace(",", "、").split("、")]
        words = [word for word in words if word]
        if self.of is not None and (wrong := [word for word in words if word not in self.of]):
            raise cell_parsers.Bad(
                f"没有“{wrong[0]}”这种{self.title}，可以写的是：{'、'.join(self.of)}"
            )
        return "、".join(words)

    def clean(self, value: str, row: Any = None, **kwargs: Any) -> list[str]:
        words = [word for word in value.split("、") if word]
        return words if self.of is None else [self.of[word] for word in words]

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> str:
        labels = {stored: label for label, stored in (self.of or {}).items()}
        return "、".join(labels.get(word, word) for word in value)


class Day(Words):
    measure = measures.DAY

    def __init__(self) -> None:
        super().__init__(lambda cell: cell_parsers.day(cell, timezone.localdate()))

    def clean(self, value: str, row: Any = None, **kwargs: Any) -> date | None:
        return date.fromisoformat(value) if value else None


class Number(Words):
    """A whole number from 0 to ``most``."""

    measure = measures.COUNT

    def __init__(self, most: int):
        super().__init__(self._read)
        self.most = most

    def _read(self, cell: str) -> str | None:
        said = cell_parsers.plain(cell)
        if said is None:
            return None
        if not said.isdecimal() or len(said) > _LONGEST_NUMBER or int(said) > self.most:
            raise cell_parsers.Bad(f"要写 0 到 {self.most} 的数字")
        return str(int(said))

    def clean(self, value: str, row: Any = None, **kwargs: Any) -> int:
        return int(value)


class Link(Words):
    """Another row, by a name of it; which it is, is asked when it is put, because an earlier row
    of the same file may make it."""

    def __init__(self, title: str, to: type[models.Model], by: tuple[str, ...]):
        super().__init__(partial(cell_parsers.words, limit=120))
        self.title, self.to, self.by = title, to, by

    def clean(self, value: str, row: Any = None, **kwargs: Any) -> Any:
        if not value:
            return None
        for name in self.by:
            found = saying(self.to._default_manager.all(), **{name: value})
            if len(found) == 1:
                return found[0]
        what = self.to._meta.verbose_name
        raise cell_parsers.Bad(f"“{self.title}”写的是“{value}”，没有这一个{what}，或者有几个同名的")

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> str:
        return str(getattr(value, self.by[0])) if value is not None else ""


class ListColumn(Field):
    """One column. ``titles``: its name and synonyms; ``identity``: by it a row is known."""

    widget: Words

    def __init__(
        self, key: str, titles: tuple[str, ...], widget: Words, guide: Guide, identity: bool = False
    ):
        super().__init__(attribute=key, column_name=key, widget=widget)
        self.key, self.titles, self.guide, self.identity = key, titles, guide, identity

    def read(self, cell: str) -> str | None:
        """The words of the list for what somebody typed. Raises fields.Bad and fields.Unsure."""
        return self.widget.read(cell)

    def put(self, row: models.Model, words: str) -> None:
        """Raises fields.Bad."""
        self.save(row, {self.key: words})


def text(key: str, *titles: str, limit: int, identity: bool = False, **guide: Any) -> ListColumn:
    read = partial(cell_parsers.words, limit=limit)
    return ListColumn(key, titles, Words(read), Guide(**guide), identity)


def code(key: str, *titles: str, limit: int, **guide: Any) -> ListColumn:
    """Digits or a name for machines: kept as text, zeros and all."""
    return ListColumn(key, titles, Words(partial(cell_parsers.code, limit=limit)), Guide(**guide))


def yes_no(key: str, *titles: str, words: tuple[str, str] = YES_NO, **guide: Any) -> ListColumn:
    return ListColumn(key, titles, YesNo(words), Guide(**{"choices": words} | guide))


def choice(key: str, *titles: str, of: type[models.TextChoices], **guide: Any) -> ListColumn:
    widget = Choice(of)
    return ListColumn(key, titles, widget, Guide(**{"choices": tuple(widget.values)} | guide))


def day(key: str, *titles: str, identity: bool = False, **guide: Any) -> ListColumn:
    guide = {"note": "写成 2026-11-09 这样。"} | guide
    return ListColumn(key, titles, Day(), Guide(**guide), identity)


def number(key: str, *titles: str, most: int = 9_999, **guide: Any) -> ListColumn:
    return ListColumn(key, titles, Number(most), Guide(**guide))


def words(
    key: str, *titles: str, of: Mapping[str, str] | None = None, limit: int = 200, **guide: Any
) -> ListColumn:
    return ListColumn(key, titles, Several(titles[0], limit, of), Guide(**guide))


def link(
    key: str,
    *titles: str,
    to: type[models.Model],
    by: tuple[str, ...],
    identity: bool = False,
    **guide: Any,
) -> ListColumn:
    return ListColumn(key, titles, Link(titles[0], to, by), Guide(**guide), identity)
