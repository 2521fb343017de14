"""与平台核对 (F23): the platform's download against what is registered here, row by row."""

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone

from apps.filings.imports import admin as imports_admin
from apps.filings.imports import columns as imports_columns
from apps.filings.imports import register as imports_register
from apps.filings.imports.admin import CHANGE
from ydjy.desk.admin.modeladmin import admin_verb, masked
from ydjy.desk.imports import background, encodings, problem_workbook, uploads
from ydjy.desk.imports import kinds as imports_kinds
from ydjy.desk.models import Upload
from ydjy.desk.responses import as_file

SHOWN = 200


@admin_verb(CHANGE, methods=("GET", "POST"), row=False, atomic=False)
def reconcile(self: Any, request: HttpRequest) -> HttpResponse:
    return imports_admin.sent(self, request, imports_columns.PLATFORM)


@admin_verb(
    CHANGE, methods=("GET", "POST"), row=False, path="reconcile/<int:upload>/", atomic=False
)
def compared(self: Any, request: HttpRequest, upload: int) -> HttpResponse:
    """Same, different, only here, only there; what is the same counts as uploaded by one press."""
    received, today = (
        imports_admin.of(request, upload, imports_columns.PLATFORM),
        timezone.localdate(),
    )
    if received.state == Upload.State.COLUMNS:
        return imports_admin.page_of(received)
    if background.look(received):
        return _reading(self, request, received)
    if received.state != Upload.State.STAGED:  # refused, or over: its rows say nothing
        messages.warning(request, f"这个文件{received.get_state_display()}。{received.message}")
        return redirect("admin:filings_filing_reconcile")
    if request.method == "POST":
        return _decided(request, received)
    found = imports_columns.compare(received, request.user, today)
    context = self.admin_site.each_context(request) | {
        "title": "与平台核对",
        "opts": self.opts,
        "upload": received,
        "writing": encodings.sample(received),
        "found": found,
        "not_uploaded": sum(not filing.uploaded for filing in found.same),
        "only_there": [
            (row, values, masked(values.get("cert_no"))) for row, values in found.only_there[:SHOWN]
        ],
        "counters": [
            ("一致", len(found.same)),
            ("不一致", len(found.differs)),
            ("只在这里", len(found.only_here)),
            ("只在平台", len(found.only_there)),
            ("读不懂", received.rejected),
            ("重复", received.duplicate),
            ("跳过", received.skipped),
        ],
        "unread": problem_workbook.undecided(received).filter(status=imports_kinds.REJECTED)[
            :SHOWN
        ],
    }
    return TemplateResponse(request, "admin/filings/filing/compared.html", context)


def _decided(request: HttpRequest, upload: Upload) -> HttpResponse:
    if request.POST.get("do") == "encoding":
        encodings.choose(upload, request.POST.get("encoding", ""))
        uploads.read_anew(upload)
        return imports_admin.read(upload)
    with transaction.atomic():
        done = imports_columns.settle(upload, by=request.user, today=timezone.localdate())
    messages.success(request, f"一致的 {done} 条记为已上报。")
    return imports_admin.page_of(upload)


@admin_verb(CHANGE, methods=("GET",), row=False, path="reconcile/<int:upload>/problems/")
def compared_problems(self: Any, request: HttpRequest, upload: int) -> HttpResponse:
    """下载有问题的行: the platform's layout with a column that says what is wrong."""
    received = imports_admin.of(request, upload, imports_columns.PLATFORM)
    return as_file(*problem_workbook.problem_workbook(received))


def _reading(self: Any, request: HttpRequest, upload: Upload) -> HttpResponse:
    context = self.admin_site.each_context(request) | {
        "title": "与平台核对",
        "opts": self.opts,
        "upload": upload,
        "how_far": imports_register.how_far(upload),
    }
    template = "admin/filings/filing/reading.html"
    return TemplateResponse(request, template, context, headers=background.REFRESH)
