"""The rows of a received file that did not go in, as a workbook that can be mended and sent back.

It has the sender's own layout plus a last column 问题, which says of each row where it stood and
what is wrong. Received again, that column tells which line of the earlier file is meant.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from io import BytesIO
from typing import Any, NamedTuple

from django.db.models import QuerySet

from ydjy.desk.crypto.fields import opened
from ydjy.desk.imports import kinds as imports_kinds
from ydjy.desk.models import StagedRow, Upload
from ydjy.lib import workbook

COLUMN = "问题"
REASONS = 12  # that a page lists
_REFERENCE = re.compile(r"原表第 (\d+) 行")


def undecided(upload: Upload) -> QuerySet[StagedRow]:
    """The rows that wait: held, and rejected ones that nobody has declined."""
    waiting = upload.rows.filter(status__in=[imports_kinds.HELD, imports_kinds.REJECTED])
    return waiting.filter(decided_at=None)


class Waiting(NamedTuple):
    """A row that did not go in. ``columns``: the headers of the cells that are marked."""

    sheet: str
    row: int
    cells: Sequence[str]
    columns: Collection[str]
    message: str


def problem_workbook(upload: Upload) -> tuple[str, bytes]:
    """The workbook of a list whose rows are staged one by one."""
    rows = undecided(upload)
    return workbook_of(
        upload,
        (Waiting(r.sheet, r.row, opened(r.cells) or [], r.columns, r.message) for r in rows),
    )


def workbook_of(upload: Upload, waiting: Iterable[Waiting]) -> tuple[str, bytes]:
    """Its name and its bytes. Mended, it can be received as it is: no list reads 问题 itself."""
    by_sheet: dict[str, list[Waiting]] = {}
    for row in waiting:
        by_sheet.setdefault(row.sheet, []).append(row)
    out = [
        _sheet(one, rows) for one in upload.layout if (rows := by_sheet.get(one["sheet"][:40], []))
    ]
    target = BytesIO()
    workbook.write(target, out)
    return f"有问题的行-{upload.filename.rsplit('.', 1)[0]}.xlsx", target.getvalue()


def _sheet(layout: Mapping[str, Any], waiting: Sequence[Waiting]) -> workbook.SheetOut:
    header = [*layout["headers"], COLUMN]
    width = len(header) - 1
    return workbook.SheetOut(
        name=layout["sheet"],
        header=header,
        rows=[
            [*_padded(list(row.cells), width), f"原表第 {row.row} 行：{row.message}"]
            for row in waiting
        ],
        marked={
            position: {index for index, title in enumerate(header) if title in row.columns}
            for position, row in enumerate(waiting)
        },
    )


def _padded(cells: list[str], width: int) -> list[str]:
    return (cells + [""] * width)[:width]


def reference(layout: Sequence[Mapping[str, Any]], sheet: str, cells: Sequence[str]) -> int | None:
    """Of a row of a mended problem workbook, the row number in the earlier file."""
    for one in layout:
        if one["sheet"] == sheet and COLUMN in one["headers"]:
            at = one["headers"].index(COLUMN)
            found = _REFERENCE.match(cells[at]) if at < len(cells) else None
            return int(found[1]) if found else None
    return None


def mended(layout: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a list is a problem workbook that comes back: a part of an earlier list."""
    return any(COLUMN in one["headers"] for one in layout)


def reasons(upload: Upload) -> list[tuple[str, int]]:
    """Each complaint with the number of rows that have it, the most frequent first."""
    return counted(undecided(upload).values_list("message", flat=True))


def counted(messages: Iterable[str]) -> list[tuple[str, int]]:
    """The complaints of sentences that may have several, counted."""
    found: Counter[str] = Counter()
    for message in messages:
        found.update(filter(None, (clause.strip() for clause in re.split("[；。]", message))))
    return found.most_common(REASONS)
