"""A received sheet as the clerk knows it: its own rows and columns, bad cells with their reason."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest

from apps.errors.intake import receive as intake_receive
from apps.errors.tickets.admin import hide
from ydjy.desk.crypto.fields import opened
from ydjy.desk.imports import staged_rows
from ydjy.desk.models import StagedRow, Upload

IN_SIGHT = 8  # columns of a wide sheet that a screen shows beside the verdict


@dataclass(frozen=True)
class Cell:
    text: str
    wrong: bool
    why: str
    long: bool


@dataclass(frozen=True)
class PreviewRow:
    row: StagedRow
    verdict: str
    cells: list[Cell]


def rows_of(upload: Upload, request: HttpRequest) -> dict[str, Any]:
    """A page of the sheet as the clerk knows it, and the counters that narrow it."""
    shown = staged_rows.rows_of(upload, request)
    layout = {sheet["sheet"][:40]: sheet for sheet in upload.layout}
    first = upload.layout[0] if upload.layout else {"headers": []}
    secret = intake_receive.list_kind().secret
    return shown | {
        "headers": first["headers"],
        "rows": [_preview_row(row, layout.get(row.sheet, first), secret) for row in shown["page"]],
        "several": len(upload.layout) > 1,
    }


def _preview_row(row: StagedRow, sheet: dict[str, Any], secret: frozenset[str]) -> PreviewRow:
    hidden = {index for key, index in sheet.get("columns", {}).items() if key in secret}
    headers = sheet["headers"]
    reasons = _reasons(row.message)
    cells = []
    texts = opened(row.cells) or []
    for i, header in enumerate(headers):
        text = texts[i] if i < len(texts) else ""
        wrong = bool(header) and header in row.columns
        cells.append(Cell(hide(text, i in hidden), wrong, reasons.get(header, ""), len(text) > 18))
    return PreviewRow(row, _verdict(row, reasons, headers[:IN_SIGHT]), cells)


_CLAUSE = re.compile(r"“([^”]+)”([^；。]+)")


def _reasons(message: str) -> dict[str, str]:
    """The complaint of each column out of the row's sentence: it stands under its cell."""
    return dict(_CLAUSE.findall(message))


def _verdict(row: StagedRow, reasons: dict[str, str], seen: Collection[str]) -> str:
    """``seen``: the columns under whose cells a reason can be read without scrolling."""
    if row.status == StagedRow.Status.DUPLICATE and row.twin:
        return f"与第 {row.twin.row} 行重复"
    label = str(row.get_status_display())
    if row.status == StagedRow.Status.ACCEPTED or not row.message:
        return label
    told = all(header in row.columns and header in seen for header in reasons) and reasons
    return label if told else f"{label}：{row.message}"
