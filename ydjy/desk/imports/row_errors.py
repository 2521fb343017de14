"""What is doubtful about one row while it is read: complaints and questions, by column."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from ydjy.lib import cell_parsers, idnumbers, workbook
from ydjy.lib.cell_parsers import Bad, Noted, Unsure

ACCEPTED, HELD, REJECTED = "accepted", "held", "rejected"
DUPLICATE, SKIPPED = "duplicate", "skipped"
Cells = Mapping[str, str]
Values = dict[str, str | None]


@dataclass
class Doubts:
    """What was found wrong in one row while reading it, by key, in the order found."""

    bad: dict[str, str] = field(default_factory=dict)
    unsure: dict[str, str] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)  # put right, and said

    def read(self, key: str, reader: Callable[[str], str | None], cell: str) -> str | None:
        """The reader's value; its complaint is noted and the row goes on being read."""
        try:
            return self._noted(key, reader(cell))
        except (Bad, Unsure) as complaint:
            return self._told(key, complaint)

    def _noted(self, key: str, value: str | None) -> str | None:
        if isinstance(value, Noted):
            self.notes[key] = value.note
            return str(value)
        return value

    def _told(self, key: str, complaint: Bad | Unsure) -> str | None:
        if isinstance(complaint, Bad):
            self.bad[key] = str(complaint)
            return None
        self.unsure[key] = str(complaint)
        return complaint.value

    def read_all(self, readers: Mapping[str, Callable[[str], str | None]], cells: Cells) -> Values:
        """``read`` of every cell that has a reader; what was left blank says nothing."""
        values: Values = {}
        for key, reader in readers.items():
            if key not in cells:
                continue
            try:  # as ``read``, which a long file would call a million times
                value = reader(cell) if (cell := cells[key]) else None
                values[key] = value if value.__class__ is not Noted else self._noted(key, value)
            except (Bad, Unsure) as complaint:
                values[key] = self._told(key, complaint)
        return values

    def read_identity(self, values: Values, cells: Cells, today: date) -> None:
        """The document number, by the row's 证件类型; what was put right in it is noted."""

        def note(said: str) -> None:
            self.notes["cert_no"] = said

        written = values.get("cert_type") or ""
        itself = "" if written else idnumbers.names_its_kind(cells.get("cert_no", ""))
        if itself:
            note(f"没有写证件类型，按{itself}读的")
        values["cert_no"] = self.read(
            "cert_no",
            lambda cell: cell_parsers.identity(written or itself, cell, today, note),
            cells.get("cert_no", ""),
        )

    def need(self, values: Values, *keys: str) -> None:
        for key in keys:
            if values.get(key) is None and key not in self.bad and key not in self.unsure:
                self.bad[key] = "空着，必须填"

    @property
    def status(self) -> str:
        return REJECTED if self.bad else HELD if self.unsure else ACCEPTED


_MEMORY = 20_000  # distinct cells that one reader remembers


def once(reader: Callable[[str], str | None]) -> Callable[[str], str | None]:
    """The reader, asked only once for each distinct cell of a file: places, hospitals, codes and
    messages repeat from row to row. A number and a text of the same digits are two cells."""
    known: dict[str | tuple[type, str], str | Bad | Unsure | None] = {}

    def read(cell: str) -> str | None:
        key = cell if cell.__class__ is str else (cell.__class__, cell)
        try:
            found = known[key]
        except KeyError:
            try:
                found = reader(cell)
            except (Bad, Unsure) as complaint:
                found = complaint
            if len(known) < _MEMORY:
                known[key] = found
        if isinstance(found, Exception):
            raise found.with_traceback(None)
        return found

    return read


def summary(counts: Mapping[str, int]) -> str:
    """How many rows have which verdict, in words."""
    names = {
        ACCEPTED: "可以导入",
        HELD: "等人判断",
        REJECTED: "有问题",
        DUPLICATE: "重复",
        SKIPPED: "跳过",
    }
    parts = [f"{name} {counts[status]} 行" for status, name in names.items() if counts.get(status)]
    return f"共 {sum(counts.values())} 行：{'，'.join(parts)}。"


def told(
    known: Mapping[str, Sequence[str]], sheet: workbook.TableSheet, doubts: Doubts
) -> tuple[tuple[str, ...], str]:
    """The headers concerned and one sentence with all complaints, rejected ones first."""
    found = {**doubts.notes, **doubts.unsure, **doubts.bad}
    found = dict(sorted(found.items(), key=lambda item: item[0] not in doubts.bad))
    if not found:
        return (), ""
    titles = {
        key: sheet.headers[sheet.columns[key]] if key in sheet.columns else "" for key in found
    }
    columns = tuple(title for title in titles.values() if title)
    clauses = [
        f"“{titles[k]}”{v}"
        if titles[k]
        else f"表里没有“{known[k][0]}”这一列，{v.removeprefix('空着，')}"
        for k, v in found.items()
    ]
    return columns, "；".join(clauses) + "。"
