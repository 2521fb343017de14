"""A list of filings on the screen: its rows as they will be registered, registered, taken back."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.utils import timezone

from apps.filings.imports import admin as imports_admin
from apps.filings.imports import columns as imports_columns
from apps.filings.imports import register as imports_register
from apps.filings.imports.admin import ADD
from apps.filings.models.catalogue import Variant
from apps.filings.rules import judge as rules_judge
from apps.filings.rules import loader as rules_loader
from apps.offices.models import Channel
from ydjy.desk.admin.modeladmin import admin_verb, masked
from ydjy.desk.crypto.fields import opened
from ydjy.desk.exceptions import must
from ydjy.desk.imports import background, cleanup, encodings, problem_workbook, staged_rows, uploads
from ydjy.desk.models import Upload
from ydjy.desk.responses import as_file
from ydjy.lib import divisions
from ydjy.lib.whole_numbers import whole_number

AT_ONCE_ROWS = 50  # rows that are registered while the person waits: each takes some milliseconds
State = Upload.State


@admin_verb(ADD, methods=("GET", "POST"), row=False, atomic=False)
def receive(self: Any, request: HttpRequest) -> HttpResponse:
    return imports_admin.sent(self, request, imports_columns.KIND)


@admin_verb(ADD, methods=("GET",), row=False, path="receive/blank/<int:variant>/")
def batch_blank(self: Any, request: HttpRequest, variant: int) -> HttpResponse:
    """下载空白表 for one kind of filing."""
    rows = Variant.objects.for_filing(timezone.localdate())
    return as_file(*imports_columns.blank_for(get_object_or_404(rows, pk=variant)))


@admin_verb(ADD, methods=("GET", "POST"), row=False, path="receive/<int:upload>/", atomic=False)
def batch(self: Any, request: HttpRequest, upload: int) -> HttpResponse:
    """The rows as they will be registered; then each through the rules of its kind."""
    received = imports_admin.of(request, upload, imports_columns.KIND)
    if request.method == "POST":
        return _STEPS.get(request.POST.get("do", ""), _register)(request, received)
    if received.state == State.COLUMNS:
        return imports_admin.page_of(received)
    busy = background.look(received)
    staged = received.state == State.STAGED
    confirmed = received.state == State.CONFIRMED
    variant = _variant(received)
    rules = rules_loader.rules_of(variant)
    shown = staged_rows.rows_of(received, request, good="已登记" if confirmed else "可以登记")
    context = self.admin_site.each_context(request) | {
        "title": "批量登记备案",
        "opts": self.opts,
        "upload": received,
        "variant": variant,
        "rows": [_row(row) for row in shown["page"]],
        "busy": busy,
        "how_far": imports_register.how_far(received) if busy else None,
        "staged": staged,
        "writing": encodings.sample(received) if staged else None,
        "confirmed": confirmed,
        "brought": background.brought(received),
        "problems": received.rejected + received.held,
        "reasons": problem_workbook.reasons(received),
        "groups": list(rules.groups.values()),
        "channels": Channel.objects.filter(code__in=[row.code for row in rules.channels])
        or Channel.objects.filter(available=True),
        **shown,
    }
    headers = background.REFRESH if busy else None
    return TemplateResponse(request, "admin/filings/filing/batch.html", context, headers=headers)


def _variant(upload: Upload) -> Variant:
    return get_object_or_404(Variant, pk=upload.period.removeprefix("v"))


def _row(row: Any) -> tuple[Any, Any, str]:
    values = opened(row.values) or {}
    if divisions.get(code := values.get("place") or ""):
        values = values | {"place": divisions.full_name(code)}
    return row, values, masked(values.get("cert_no"))


def _register(request: HttpRequest, upload: Upload) -> HttpResponse:
    chosen = request.POST.get("channel", "")
    channel = Channel.objects.filter(pk=whole_number(chosen)).first()
    must(channel, "请选择渠道。")
    known = {row.key for row in rules_loader.rules_of(_variant(upload)).materials}
    handed = {key: rules_judge.COPY for key in request.POST.getlist("handed") if key in known}
    if imports_register.begin(upload, by=request.user, channel=channel, handed=handed):
        if upload.accepted > AT_ONCE_ROWS:
            background.wake(upload)
        else:
            _tell(request, imports_register.go_on(upload))
    return imports_admin.page_of(upload)


def _tell(request: HttpRequest, outcome: imports_register.Outcome) -> None:
    if outcome.made:
        messages.success(request, f"已登记 {len(outcome.made)} 条，等另一个人审核。")
    if outcome.refused:
        messages.warning(request, f"{len(outcome.refused)} 条按规定不能登记，原因写在下面。")


def _undo(request: HttpRequest, upload: Upload) -> HttpResponse:
    background.take_back(upload, by=request.user, reason=request.POST.get("reason", ""))
    return imports_admin.page_of(upload)


def _encoding(request: HttpRequest, upload: Upload) -> HttpResponse:
    encodings.choose(upload, request.POST.get("encoding", ""))
    uploads.read_anew(upload)
    return imports_admin.read(upload)


def _abandon(request: HttpRequest, upload: Upload) -> HttpResponse:
    cleanup.abandon(upload)
    messages.success(request, f"“{upload.filename}”没有登记。")
    return redirect("admin:filings_filing_receive")


_STEPS = {"undo": _undo, "encoding": _encoding, "abandon": _abandon}


@admin_verb(ADD, methods=("GET",), row=False, path="receive/<int:upload>/problems/")
def batch_problems(self: Any, request: HttpRequest, upload: int) -> HttpResponse:
    """下载有问题的 n 行: the sender's layout with a column that says what is wrong."""
    received = imports_admin.of(request, upload, imports_columns.KIND)
    return as_file(*problem_workbook.problem_workbook(received))
