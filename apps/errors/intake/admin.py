"""Monday's import in three steps: choose the file, look, import; and what follows from it."""

from collections.abc import Callable
from functools import partial
from typing import Any

from django.contrib import messages
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from apps.errors.intake import columns as intake_columns
from apps.errors.intake import duplicates
from apps.errors.intake import receive as intake_receive
from apps.errors.intake.admin_sheet import rows_of
from apps.errors.models import Batch, SourceLine
from apps.errors.tickets.forms import FileForm
from ydjy.desk.admin.modeladmin import admin_verb
from ydjy.desk.exceptions import Refused, must
from ydjy.desk.imports import background, cleanup, encodings, uploads
from ydjy.desk.imports import kinds as imports_kinds
from ydjy.desk.imports.blank_workbook import blank as blank_list
from ydjy.desk.imports.column_form import ColumnsForm
from ydjy.desk.imports.problem_workbook import problem_workbook, reasons, undecided
from ydjy.desk.models import Upload
from ydjy.desk.responses import as_file

IMPORT = "errors.import_batch"
AT_ONCE_ROWS = 2_000  # rows that are imported while the person waits


@admin_verb(IMPORT, methods=("GET", "POST"), row=False, atomic=False)
def receive(self: Any, request: HttpRequest) -> HttpResponse:
    """Step one: the file. Its receipt is committed before it is read; a refused one keeps it."""
    uploads.must_see(request.user)
    form = FileForm(request.POST or None, request.FILES or None)
    error = ""
    if request.method == "POST" and form.is_valid():
        sent = form.cleaned_data["file"]
        sender = form.cleaned_data["sender"] or intake_receive.SENDER
        keep = partial(intake_receive.keep, sent.read(), sent.name, by=request.user, sender=sender)
        answer, error = _answered(request, keep)
        if answer:
            return answer
    context = self.admin_site.each_context(request) | {
        "title": "导入本周报错",
        "opts": self.opts,
        "form": form,
        "error": error,
        "senders": _senders(),
        "step": 1,
    }
    return TemplateResponse(request, "admin/errors/batch/import.html", context)


def _senders() -> list[str]:
    known = Upload.objects.filter(kind=intake_receive.KIND).exclude(sender="").order_by()
    return sorted({intake_receive.SENDER, *known.values_list("sender", flat=True).distinct()[:50]})


def _answered(request: HttpRequest, kept: Callable[[], Upload]) -> tuple[HttpResponse | None, str]:
    """The page that follows on reading the file, or why it cannot be read."""
    try:
        return _read(kept()), ""
    except uploads.AlreadyReceived as twin:
        messages.warning(request, str(twin))
        return redirect("admin:errors_batch_preview", upload=twin.upload.pk), ""
    except Refused as refused:
        return None, str(refused)


def _read(upload: Upload) -> HttpResponse:
    """Read it now, or let a job do it; then the page that shows how it is."""
    background.read(upload)
    page = "columns" if upload.state == Upload.State.COLUMNS else "preview"
    return redirect(f"admin:errors_batch_{page}", upload=upload.pk)


@admin_verb(IMPORT, methods=("GET", "POST"), row=False, path="receive/<int:upload>/", atomic=False)
def preview(self: Any, request: HttpRequest, upload: int) -> HttpResponse:
    """Steps two and three: look, then import. The second press finds it done."""
    received = of(request, upload)
    if request.method == "POST":
        return _decide(request, received)
    if received.state == Upload.State.COLUMNS:
        return redirect("admin:errors_batch_columns", upload=received.pk)
    busy = background.look(received)
    confirmed = received.state == Upload.State.CONFIRMED
    context = self.admin_site.each_context(request) | {
        "title": "导入本周报错",
        "opts": self.opts,
        "upload": received,
        "staged": received.state == Upload.State.STAGED,
        "confirmed": confirmed,
        "busy": busy,
        "how_far": intake_receive.how_far(received),
        "problems": undecided(received).count(),
        "reasons": reasons(received),
        "writing": encodings.sample(received) if received.state == Upload.State.STAGED else None,
        "step": 3 if confirmed or received.state == Upload.State.CONFIRMING else 2,
        "sheets": _sheet_words(received),
        "gone": duplicates.gone(received) if received.state in _LOOKED_AT else [],
        **rows_of(received, request),
    }
    if confirmed:
        context |= _outcome(received)
        context["waiting"] = set(undecided(received).values_list("pk", flat=True))
    headers = background.REFRESH if busy else None
    return TemplateResponse(request, "admin/errors/batch/preview.html", context, headers=headers)


_LOOKED_AT = (Upload.State.STAGED, Upload.State.CONFIRMED)


def of(request: HttpRequest, pk: int) -> Upload:
    """The received file, if the person's office received it."""
    mine = Upload.objects.visible_to(request.user).filter(kind=intake_receive.KIND)
    upload = get_object_or_404(mine.select_related("received_by", "confirmed_by"), pk=pk)
    cleanup.touch(upload)
    return upload


def _decide(request: HttpRequest, upload: Upload) -> HttpResponse:
    if request.POST.get("do") == "encoding":
        encodings.choose(upload, request.POST.get("encoding", ""))
        uploads.read_anew(upload)
        return _read(upload)
    if "abandon" in request.POST:
        cleanup.abandon(upload)
        messages.success(request, f"“{upload.filename}”没有导入。")
        return redirect("admin:errors_batch_receive")
    how = request.POST.get("assign", "county")
    must(how in ("county", "none"), "请选择导入后怎么分派。")
    if upload.state == Upload.State.STAGED and upload.accepted > AT_ONCE_ROWS:
        intake_receive.begin(upload, by=request.user, assign=how)
        background.wake(upload)
    elif upload.state != Upload.State.CONFIRMING:  # a job is at it already
        intake_receive.confirm(upload, by=request.user, assign=how)
    return redirect("admin:errors_batch_preview", upload=upload.pk)


def _outcome(upload: Upload) -> dict[str, Any]:
    """What the import has done, the same however often one looks: each row that it brought is in
    one pair of hands, or in none. Rows that stand for a ticket of another file are not its own."""
    year, week = upload.period.split("-W")
    batch = Batch.objects.filter(iso_year=int(year), iso_week=int(week)).first()
    lines = SourceLine.objects.filter(staged__upload=upload, staged__status=imports_kinds.ACCEPTED)
    person = [f"ticket__assignee{column}" for column in ("", "__name", "__username")]
    given = list(lines.order_by().values_list(*person).annotate(Count("pk")))
    return {
        "batch": batch,
        "given": [(name or login, number) for pk, name, login, number in given if pk],
        "not_given": sum(number for pk, *_, number in given if not pk),
        "brought": background.brought(upload) if batch and not batch.returned_at else None,
        "undo_url": reverse("admin:errors_batch_undo", args=[upload.pk]),
    }


def _sheet_words(upload: Upload) -> str:
    names = "、".join(f"“{sheet['sheet']}”" for sheet in upload.layout if sheet["sheet"])
    known = sum(len(sheet["columns"]) for sheet in upload.layout[:1])
    return f"{f'工作表{names}，' if names else ''}共 {upload.rows_in} 行，认出 {known} 列。"


@admin_verb(IMPORT, methods=("GET",), row=False, path="receive/<int:upload>/problems/")
def problems(self: Any, request: HttpRequest, upload: int) -> HttpResponse:
    """下载有问题的 n 行: the sender's layout with a column that says what is wrong."""
    return as_file(*problem_workbook(of(request, upload)))


@admin_verb(
    IMPORT, methods=("GET", "POST"), row=False, path="receive/<int:upload>/columns/", atomic=False
)
def columns(self: Any, request: HttpRequest, upload: int) -> HttpResponse:
    """Which column is which, said once for a sender; then the file is read anew."""
    received = of(request, upload)
    form = ColumnsForm(
        received, intake_columns.COLUMNS, intake_columns.REQUIRED, request.POST or None
    )
    error = form.why
    if form.remembered():
        answer, error = _answered(request, lambda: received)
        if answer:
            return answer
    context = self.admin_site.each_context(request) | {
        "title": "对应列",
        "opts": self.opts,
        "upload": received,
        "form": form,
        "error": error,
        "step": 2,
    }
    return TemplateResponse(request, "admin/errors/batch/columns.html", context)


@admin_verb(IMPORT, methods=("GET",), row=False, path="receive/blank/")
def blank(self: Any, request: HttpRequest) -> HttpResponse:
    """下载空白表: our columns with drop-downs, hints and a sample row."""
    notes = [
        "证件号码、人员编号等长号码请照原样填，日期写成 2026-11-09 或 2026-11-09 09:30 的样子。"
    ]
    left_out = ("result", "handler")  # ours to fill in, later
    kind = intake_columns.kind(today=timezone.localdate(), home="")
    return as_file(*blank_list(kind, "报错明细", left_out=left_out, notes=notes))


@admin_verb(IMPORT, row=False, path="receive/<int:upload>/undo/", atomic=False)
def undo(self: Any, request: HttpRequest, upload: int) -> HttpResponse:
    """Take the import back: what nobody touched goes, the rest is named on the receipt."""
    received = of(request, upload)
    try:
        background.take_back(received, by=request.user, reason=request.POST.get("reason", ""))
    except Refused as refused:
        messages.error(request, str(refused))
    return redirect("admin:errors_batch_preview", upload=received.pk)
