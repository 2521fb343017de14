"""The page where a person decides a row that the program would not: held, or rejected."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse

from apps.errors.intake import columns as intake_columns
from apps.errors.intake import duplicates
from apps.errors.intake import receive as intake_receive
from apps.errors.intake import review as intake_review
from apps.errors.tickets.admin import hide
from ydjy.desk.admin.modeladmin import admin_verb
from ydjy.desk.admin.person_search import REASONS, shown_number
from ydjy.desk.crypto.fields import opened
from ydjy.desk.exceptions import Refused
from ydjy.desk.imports.problem_workbook import undecided
from ydjy.desk.models import StagedRow, Upload

FIELD = "value-"  # what was read on paper is posted as value-<key>


@admin_verb(
    "errors.import_batch",
    methods=("GET", "POST"),
    row=False,
    path="receive/<int:upload>/row/<int:row>/",
)
def decide(self: Any, request: HttpRequest, upload: int, row: int) -> HttpResponse:
    """One row: what is wrong with it, and the four ways to go on. Refusals keep what was typed."""
    mine = Upload.objects.visible_to(request.user).filter(kind=intake_receive.KIND)
    received = get_object_or_404(mine, pk=upload)
    staged = get_object_or_404(received.rows.select_related("upload"), pk=row)
    typed = {
        name.removeprefix(FIELD): text.strip()
        for name, text in request.POST.items()
        if name.startswith(FIELD) and name.removeprefix(FIELD) in intake_columns.COLUMNS
    }
    error = ""
    if request.method == "POST":
        try:
            said = _done(request, staged, typed)
        except Refused as refused:
            error = str(refused)
        else:
            messages.success(request, f"第 {staged.row} 行{said}")
            return redirect(_next(received))
    ticket = intake_review.ticket_of(staged)
    values = opened(staged.values) or {}
    context = self.admin_site.each_context(request) | {
        "title": f"判断第 {staged.row} 行",
        "opts": self.opts,
        "upload": received,
        "row": staged,
        "waits": undecided(received).filter(pk=staged.pk).exists(),
        "cells": _cells(staged),
        "fields": _fields(staged, typed),
        "ticket": ticket,
        "in_common": duplicates.in_common(ticket, values) if ticket else "",
        "may_be_another": ticket is None or duplicates.maybe(ticket, values),
        "differences": duplicates.differences(ticket, values) if ticket else [],
        "error": error,
        "show_number": _show_number(request, staged),
        "reason": request.POST.get("reason", ""),
    }
    return TemplateResponse(request, "admin/errors/batch/decide.html", context)


@admin_verb("errors.reveal_ticket", row=False, path="receive/<int:upload>/row/<int:row>/number/")
def show_row_number(self: Any, request: HttpRequest, upload: int, row: int) -> HttpResponse:
    """The number of a row that waits, as it was sent: it is compared with the paper."""
    mine = Upload.objects.visible_to(request.user).filter(kind=intake_receive.KIND)
    staged = get_object_or_404(StagedRow.objects.filter(upload__in=mine), pk=row, upload=upload)
    back = reverse("admin:errors_batch_decide", args=[upload, row])
    return shown_number(self, request, staged, _number(staged), back)


def _number(row: StagedRow) -> str:
    """What stands in the column of the number, read or not."""
    cells, at = opened(row.cells) or [], _sheet(row)["columns"].get("cert_no")
    return cells[at] if at is not None and at < len(cells) else ""


def _show_number(request: HttpRequest, row: StagedRow) -> dict[str, Any] | None:
    if not request.user.has_perm("errors.reveal_ticket") or not _number(row):  # type: ignore[union-attr]
        return None
    where = reverse("admin:errors_batch_show_row_number", args=[row.upload_id, row.pk])
    return {"url": where, "reasons": REASONS}


def _done(request: HttpRequest, row: StagedRow, typed: dict[str, str]) -> str:
    by, do = request.user, request.POST.get("do")
    if do == "admit":
        return f"已导入，工单 {intake_review.admit(row, by=by, typed=typed).number}。"
    if do == "take_over":
        return f"已用来改工单 {intake_review.take_over(row, by=by).number}。"
    if do == "keep":
        return f"没有改工单 {intake_review.keep(row, by=by).number}。"
    if do == "decline":
        intake_review.decline(row, by=by, reason=request.POST.get("reason", ""))
        return "不受理，按写的原因返回省里。"
    raise Http404


def _next(upload: Upload) -> str:
    """The next row that waits; after the last one the file itself."""
    following = undecided(upload).order_by("position").first()
    if following is None:
        return reverse("admin:errors_batch_preview", args=[upload.pk])
    return reverse("admin:errors_batch_decide", args=[upload.pk, following.pk])


def _sheet(row: StagedRow) -> dict[str, Any]:
    layouts = (s for s in row.upload.layout if s["sheet"][:40] == row.sheet)
    return next(layouts, {"headers": [], "columns": {}})


def _cells(row: StagedRow) -> list[tuple[str, str]]:
    sheet = _sheet(row)
    secret = intake_receive.list_kind().secret
    hidden = {index for key, index in sheet["columns"].items() if key in secret}
    cells = zip(sheet["headers"], opened(row.cells) or [], strict=False)
    return [(header, hide(text, i in hidden)) for i, (header, text) in enumerate(cells) if text]


def _fields(row: StagedRow, typed: dict[str, str]) -> list[dict[str, str]]:
    """The columns that are wrong or missing, to be typed from the paper."""
    sheet = _sheet(row)
    titles = {key: sheet["headers"][index] for key, index in sheet["columns"].items()}
    keys = [key for key, title in titles.items() if title in row.columns]
    values = opened(row.values) or {}
    keys += [key for key in intake_columns.missing(values) if key not in keys]
    if "cert_no" in keys and "cert_type" not in keys:  # by which the number is read
        keys.insert(keys.index("cert_no"), "cert_type")
    return [
        {
            "name": FIELD + key,
            "label": titles.get(key, intake_columns.COLUMNS[key][0]),
            "value": typed.get(key) or (key == "cert_type" and values.get(key)) or "",
        }
        for key in keys
    ]
