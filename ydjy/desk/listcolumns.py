"""The columns of a small list: how a cell is read, how a stored row shows it, how it is put."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any

from django.db import models
from django.utils import timezone

from ydjy.desk.sheets import Guide
from ydjy.lib import fields
from ydjy.lib.text import clean

YES_NO = ("是", "否")


@dataclass(frozen=True)
class ListColumn:
    """One column. ``titles``: its name and synonyms; ``identity``: by it a row is known."""

    key: str
    titles: tuple[str, ...]
    read: Callable[[str], str | None]
    show: Callable[[Any], str]
    put: Callable[[Any, str], None]
    guide: Guide
    identity: bool = False


def text(key: str, *titles: str, limit: int, identity: bool = False, **guide: Any) -> ListColumn:
    return ListColumn(
        key,
        titles,
        partial(fields.words, limit=limit),
        lambda row: getattr(row, key) or "",
        lambda row, value: setattr(row, key, value),
        Guide(**guide),
        identity,
    )


def code(key: str, *titles: str, limit: int, **guide: Any) -> ListColumn:
    """Digits or a name for machines: kept as text, zeros and all."""
    plain = text(key, *titles, limit=limit, **guide)
    return ListColumn(
        key, titles, partial(fields.code, limit=limit), plain.show, plain.put, plain.guide
    )


def yes_no(key: str, *titles: str, words: tuple[str, str] = YES_NO, **guide: Any) -> ListColumn:
    """是 or 否, or the pair of words that the list has for it."""

    def read(cell: str) -> str | None:
        if fields.plain(cell) in words:
            return fields.plain(cell)
        try:
            said = fields.yes_no(cell)
        except fields.Unsure:
            raise fields.Bad(f"要写“{words[0]}”或“{words[1]}”") from None
        return said and words[YES_NO.index(said)]

    return ListColumn(
        key,
        titles,
        read,
        lambda row: words[not getattr(row, key)],
        lambda row, value: setattr(row, key, value == words[0]),
        Guide(**{"choices": words} | guide),
    )


def choice(key: str, *titles: str, of: type[models.TextChoices], **guide: Any) -> ListColumn:
    values = {str(label): value for value, label in of.choices}
    written = {clean(label): label for label in values}  # without full-width brackets

    def read(cell: str) -> str | None:
        said = fields.plain(cell)
        if said is not None and said not in written:
            raise fields.Bad(f"看不懂，可以写的是：{'、'.join(values)}")
        return said and written[said]

    return ListColumn(
        key,
        titles,
        read,
        lambda row: str(of(getattr(row, key)).label) if getattr(row, key) else "",
        lambda row, value: setattr(row, key, values[value]),
        Guide(**{"choices": tuple(values)} | guide),
    )


def day(key: str, *titles: str, identity: bool = False, **guide: Any) -> ListColumn:
    return ListColumn(
        key,
        titles,
        lambda cell: fields.day(cell, timezone.localdate()),
        lambda row: str(getattr(row, key) or ""),
        lambda row, value: setattr(row, key, date.fromisoformat(value) if value else None),
        Guide(**{"note": "写成 2026-11-09 这样。"} | guide),
        identity,
    )


def number(key: str, *titles: str, most: int = 9_999, **guide: Any) -> ListColumn:
    def read(cell: str) -> str | None:
        said = fields.plain(cell)
        if said is None:
            return None
        if not said.isdecimal() or int(said) > most:
            raise fields.Bad(f"要写 0 到 {most} 的数字")
        return str(int(said))

    return ListColumn(
        key,
        titles,
        read,
        lambda row: str(getattr(row, key)),
        lambda row, value: setattr(row, key, int(value)),
        Guide(**guide),
    )


def words(
    key: str, *titles: str, of: Mapping[str, str] | None = None, limit: int = 200, **guide: Any
) -> ListColumn:
    """Several words parted by 、, kept as a list; with ``of`` only those labels, kept as values."""
    labels = {value: label for label, value in (of or {}).items()}

    def read(cell: str) -> str | None:
        said = fields.words(cell, limit=limit)
        if said is None:
            return None
        typed = [word.strip() for word in said.replace("，", "、").replace(",", "、").split("、")]
        found = [word for word in typed if word]
        if of is not None and (wrong := [word for word in found if word not in of]):
            known = "、".join(of)
            raise fields.Bad(f"没有“{wrong[0]}”这种{titles[0]}，可以写的是：{known}")
        return "、".join(found)

    def put(row: Any, value: str) -> None:
        said = [word for word in value.split("、") if word]
        setattr(row, key, [of[word] if of else word for word in said])

    return ListColumn(
        key,
        titles,
        read,
        lambda row: "、".join(labels.get(value, value) for value in getattr(row, key)),
        put,
        Guide(**guide),
    )


def link(
    key: str,
    *titles: str,
    to: type[models.Model],
    by: tuple[str, ...],
    identity: bool = False,
    **guide: Any,
) -> ListColumn:
    """Another row, by a name of it; which it is, is asked when it is put, because an earlier row
    of the same file may make it."""

    def put(row: Any, value: str) -> None:
        if not value:
            setattr(row, key, None)
            return
        for name in by:
            found = list(to._default_manager.filter(**{name: value})[:2])
            if len(found) == 1:
                setattr(row, key, found[0])
                return
        what = to._meta.verbose_name
        raise fields.Bad(f"“{titles[0]}”写的是“{value}”，没有这一个{what}，或者有几个同名的")

    def show(row: Any) -> str:
        other = getattr(row, key)
        return str(getattr(other, by[0])) if other is not None else ""

    read = partial(fields.words, limit=120)
    return ListColumn(key, titles, read, show, put, Guide(**guide), identity)
