"""Columns that answers go into are seen and wide enough, whatever the sheet hid, collapsed or
squeezed there: people hide all columns right of the table to tidy it, and an answer that nobody
sees is none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import NamedTuple

from ydjy.lib.workbook.write import width_of

ANSWER_WIDTH = 40.0  # of the first answer column, which has the sentence
READABLE = 12.0  # an existing column that is so wide stays as it is
_OWN = ("min", "max", "width", "customWidth", "hidden", "collapsed", "outlineLevel", "bestFit")
_YES = ("1", "true")
Edit = tuple[int, int, bytes]


class Col(NamedTuple):
    """A ``col`` element: the columns that it speaks of, from 1, and where it stands."""

    first: int
    last: int
    attributes: dict[str, str]
    start: int
    end: int = 0

    @classmethod
    def read(cls, attributes: dict[str, str], start: int) -> Col:
        first = int(attributes.get("min", "1"))
        return cls(first, int(attributes.get("max", first)), dict(attributes), start)

    @property
    def readable(self) -> bool:
        said = self.attributes
        hidden = any(said.get(key) in _YES for key in ("hidden", "collapsed"))
        return not hidden and float(said.get("width", "0")) >= READABLE

    def part(self, first: int, last: int, tag: str) -> bytes:
        """The same for some of its columns."""
        said = {**self.attributes, "min": str(first), "max": str(last)}
        return _element(said, tag) if first <= last else b""


def widths(titles: Mapping[int, str]) -> dict[int, float]:
    """How wide each answer column is to be, by its place from 0."""
    first = min(titles, default=0)
    return {
        column: max(width_of(title), ANSWER_WIDTH if column == first else READABLE)
        for column, title in titles.items()
    }


def readable(columns: Sequence[Col], answers: Mapping[int, str], end: int, tag: str) -> list[Edit]:
    """What to change so that the answer columns (from 0, with their titles) can be read; ``end``
    is where more ``col`` elements go."""
    wanted = {column + 1: width for column, width in widths(answers).items()}
    edits: list[Edit] = []
    for col in columns:
        inside = sorted(n for n in wanted if col.first <= n <= col.last)
        if inside and not col.readable:
            edits.append((col.start, col.end, _split(col, inside, wanted, tag)))
        for number in inside:
            del wanted[number]
    for number, width in sorted(wanted.items()):
        at = min((col.start for col in columns if col.first > number), default=end)
        edits.append((at, at, _of_width({}, number, width, tag)))
    return edits


def _split(col: Col, numbers: Sequence[int], wanted: Mapping[int, float], tag: str) -> bytes:
    kept = {key: said for key, said in col.attributes.items() if key not in _OWN}
    parts, done = [], col.first
    for number in numbers:
        parts.append(col.part(done, number - 1, tag))
        parts.append(_of_width(kept, number, wanted[number], tag))
        done = number + 1
    return b"".join([*parts, col.part(done, col.last, tag)])


def _of_width(kept: Mapping[str, str], number: int, width: float, tag: str) -> bytes:
    own = {"min": str(number), "max": str(number), "width": f"{width:g}", "customWidth": "1"}
    return _element({**own, **kept}, tag)


def _element(attributes: Mapping[str, str], tag: str) -> bytes:
    said = " ".join(f'{key}="{escape(value)}"' for key, value in attributes.items())
    return f"<{tag}col {said}/>".encode()
