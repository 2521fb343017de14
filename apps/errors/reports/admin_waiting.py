"""What waits at the desk, whichever week it is of: files that go back, files and rows that came."""

from typing import Any

from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from apps.errors.models import ExchangeSettings, ReturnFile
from apps.errors.reports import waiting as reports_waiting
from apps.errors.reports.admin_weeks import EXPORT, IMPORT
from apps.errors.returns import build as returns_build
from apps.errors.returns.admin import SIGN
from ydjy.desk.admin.modeladmin import admin_verb
from ydjy.desk.models import Upload


@admin_verb((SIGN, EXPORT), methods=("GET",), row=False, path="returned/")
def files(self: Any, request: HttpRequest) -> HttpResponse:
    """待办的返回表: to be signed, to be made anew, to be brought to the province."""
    mine = ReturnFile.objects.visible_to(request.user)
    mine = mine.select_related("batch", "made_by", "signed_by")
    mine = mine.prefetch_related("dispatches__sent_by")
    context = self.admin_site.each_context(request) | {
        "title": "待办的返回表",
        "opts": self.opts,
        "groups": [
            ("待签发", mine.prepared()),
            ("被退回，要重新生成", mine.refused()),
            ("签发了，还没送达", mine.unsent()),
        ],
        "owed": returns_build.owed(Upload.objects.visible_to(request.user)),
        "machine": ExchangeSettings.now().channel != ExchangeSettings.Channel.MANUAL,
    }
    return TemplateResponse(request, "admin/errors/batch/files.html", context)


@admin_verb(IMPORT, methods=("GET",), row=False, path="receive/waiting/")
def waiting(self: Any, request: HttpRequest) -> HttpResponse:
    """Which files were not imported yet, and which rows of the imported ones wait for a person."""
    mine = Upload.objects.visible_to(request.user).select_related("received_by")
    rows = reports_waiting.undecided_rows(mine).select_related("upload")
    context = self.admin_site.each_context(request) | {
        "title": "等着处理的来件",
        "opts": self.opts,
        "uploads": reports_waiting.to_import(mine),
        "rows": rows.order_by("upload", "position")[:SHOWN],
        "files": rows.order_by()
        .values("upload__period", "upload__filename", "upload")
        .annotate(count=Count("pk")),
    }
    return TemplateResponse(request, "admin/errors/batch/waiting.html", context)


SHOWN = 200  # rows of one page; the files say how many there are
