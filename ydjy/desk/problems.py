"""The rows of a received file that did not go in, as a workbook that can be mended and sent back.

It has the sender's own layout plus a last column 问题, which says of each row where it stood and
what is wrong. Received again, that column tells which line of the earlier file is meant.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import Any

from django.db.models import QuerySet

from ydjy.desk import sheets
from ydjy.desk.models import StagedRow, Upload
from ydjy.desk.secrets import opened
from ydjy.lib import workbook

COLUMN = "问题"
_REFERENCE = re.compile(r"原表第 (\d+) 行")


def undecided(upload: Upload) -> QuerySet[StagedRow]:
    """The rows that wait: held, and rejected ones that nobody has declined."""
    waiting = upload.rows.filter(status__in=[sheets.HELD, sheets.REJECTED])
    return waiting.filter(decided_at=None)


def problem_workbook(upload: Upload) -> tuple[str, bytes]:
    """Its name and its bytes. Mended, it can be received as it is: no list reads 问题 itself."""
    out = []
    for sheet in upload.layout:
        header = [*sheet["headers"], COLUMN]
        waiting = list(undecided(upload).filter(sheet=sheet["sheet"][:40]))
        rows = [
            [
                *_padded(opened(row.cells) or [], len(header) - 1),
                f"原表第 {row.row} 行：{row.message}",
            ]
            for row in waiting
        ]
        marked = {
            position: {index for index, title in enumerate(header) if title in row.columns}
            for position, row in enumerate(waiting)
        }
        if rows:
            name = sheet["sheet"]
            out.append(workbook.SheetOut(name=name, header=header, rows=rows, marked=marked))
    target = BytesIO()
    workbook.write(target, out)
    return f"有问题的行-{upload.filename.rsplit('.', 1)[0]}.xlsx", target.getvalue()


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


def reasons(upload: Upload) -> list[tuple[str, int]]:
    """Each complaint with the number of rows that have it, the most frequent first."""
    found: Counter[str] = Counter()
    for message in undecided(upload).values_list("message", flat=True):
        found.update(filter(None, (clause.strip() for clause in re.split("[；。]", message))))
    return found.most_common()
