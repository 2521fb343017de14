"""What an import of a list would do, kept until another person lets it: new rows packed some
thousand at a time, since a first list may have 600,000 of them, all others as they are."""

import marshal
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Self

from apps.institutions.models import ListRow

Outcome = ListRow.Outcome
SAMPLE = 2_000  # rows of each of these outcomes that are kept for the preview; all are counted
_SAMPLED = (Outcome.NEW, Outcome.DUPLICATE, Outcome.SKIPPED)
_WRITTEN = (Outcome.CHANGED, Outcome.MISSING)
_BLOCK = 2_000


@dataclass(slots=True)
class Differing:
    """A row of the list that is new, changed or cannot be used, or a stored one it lacks."""

    outcome: str
    sheet: str = ""
    row: int = 0
    digest: int = 0
    pk: int | None = None
    name: str = ""
    before: dict[str, Any] = field(default_factory=dict)
    after: dict[str, Any] = field(default_factory=dict)
    message: str = ""
    cells: tuple[str, ...] = ()
    decide: str = ""
    stored: dict[str, Any] | None = None


class Packed:
    """Rows that publishing writes, compressed; only ever opened from bytes that we sealed."""

    def __init__(self, blocks: list[bytes] | None = None, number: int = 0):
        self._blocks, self._number = blocks or [], number
        self._open: list[tuple[Any, ...]] = []

    def __len__(self) -> int:
        return self._number

    def add(self, r: Differing) -> None:
        said = (str(r.outcome), r.sheet, r.row, r.digest, r.pk, r.name, r.before, r.after, r.decide)
        self._open.append(said)
        self._number += 1
        if len(self._open) == _BLOCK:
            self._close()

    def _close(self) -> None:
        self._blocks.append(zlib.compress(marshal.dumps(self._open), 1))
        self._open = []

    def __iter__(self) -> Iterator[Differing]:
        for block in self.blocks():
            rows = marshal.loads(zlib.decompress(block))  # noqa: S302 - sealed by us
            for *said, decide in rows:
                yield Differing(*said, decide=decide)

    def blocks(self) -> list[bytes]:
        if self._open:
            self._close()
        return self._blocks


@dataclass
class Plan:
    """All that an import would do. ``total`` rows = accepted + the four other outcomes; ``rows``
    are those for a person to look at, ``new`` and ``others`` those that publishing writes."""

    total: int = 0
    unchanged: int = 0
    rows: list[Differing] = field(default_factory=list)
    new: Packed = field(default_factory=Packed)
    _counts: Counter[str] = field(default_factory=Counter)

    def put(self, row: Differing) -> None:
        self._counts[row.outcome] += 1
        if row.outcome == Outcome.NEW:
            self.new.add(row)
        if row.outcome not in _SAMPLED or self._counts[row.outcome] <= SAMPLE:
            self.rows.append(row)

    def count(self, outcome: str) -> int:
        return self._counts[outcome]

    @property
    def accepted(self) -> int:
        return self.unchanged + self.count(Outcome.NEW) + self.count(Outcome.CHANGED)

    def pack(self) -> bytes:
        """What publishing writes, to be kept until then."""
        others = Packed()
        for row in self.rows:
            if row.outcome in _WRITTEN:
                others.add(row)
        kept = [(len(rows), rows.blocks()) for rows in (self.new, others)]
        return marshal.dumps(kept)


@dataclass
class Kept:
    """What was packed of a plan: the new rows, gone through one after the other, and the others."""

    new: Packed
    others: list[Differing]

    @classmethod
    def of(cls, data: bytes) -> Self:
        (number, new), (count, others) = marshal.loads(data)  # noqa: S302 - sealed by us
        return cls(Packed(new, number), list(Packed(others, count)))

    def changed(self) -> list[Differing]:
        return [row for row in self.others if row.outcome == Outcome.CHANGED]

    def missing(self) -> list[Differing]:
        return [row for row in self.others if row.outcome == Outcome.MISSING]
