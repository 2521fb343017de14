"""A list that came: choose the file, say which column is which. What follows stands in the modules
of the two kinds: ``admin_workbook`` registers a list, ``admin_reconcile`` compares a download."""

from collections.abc import Callable
from functools import partial
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from apps.filings.imports import columns as imports_columns
from apps.filings.models.catalogue import Variant
from ydjy.desk.admin.modeladmin import admin_verb
from ydjy.desk.exceptions import Refused
from ydjy.desk.free_text import NoNumbers
from ydjy.desk.imports import background, cleanup, uploads
from ydjy.desk.imports.column_form import ColumnsForm
from ydjy.desk.models import Upload

ADD, CHANGE = "filings.add_filing", "filings.change_filing"
_NEEDED = {imports_columns.KIND: ADD, imports_columns.PLATFORM: CHANGE}
_FIRST = {imports_columns.KIND: "receive", imports_columns.PLATFORM: "reconcile"}
_PAGES = {imports_columns.KIND: "batch", imports_columns.PLATFORM: "compared"}
ELSEWHERE = "是别的机构收的，请和他们联系。"
TITLES = {imports_columns.KIND: "批量登记备案", imports_columns.PLATFORM: "与平台核对"}


class ListForm(NoNumbers, forms.Form):
    """Which kind of filing the list is of, whose list it is, and the file."""

    variant = forms.ModelChoiceField(
        label="备案类别", queryset=Variant.objects.none(), empty_label="请选择"
    )
    sender = forms.CharField(
        label="哪个单位的名单",
        max_length=40,
        required=False,
        help_text="可以不填；填了就按单位记住列名",
    )
    file = forms.FileField(label="文件", help_text="xlsx、xls、csv 都行，最多 10 MB")

    def __init__(self, *args: Any, platform: bool = False, **kwargs: Any):
        super().__init__(*args, **({"label_suffix": ""} | kwargs))
        rows = Variant.objects.for_filing(timezone.localdate())
        self.fields["variant"].queryset = rows.order_by("category__order", "pk")
        if platform:
            del self.fields["variant"], self.fields["sender"]


def sent(self: Any, request: HttpRequest, kind: str) -> HttpResponse:
    """The first step of both: the file. A refused file keeps its receipt."""
    uploads.must_see(request.user)
    platform = kind == imports_columns.PLATFORM
    form = ListForm(request.POST or None, request.FILES or None, platform=platform)
    error = ""
    if request.method == "POST" and form.is_valid():
        keep = partial(_kept, request, form.cleaned_data, platform)
        answer, error = _answered(request, keep)
        if answer:
            return answer
    context = self.admin_site.each_context(request) | {
        "title": TITLES[kind],
        "opts": self.opts,
        "form": form,
        "error": error,
        "columns": [
            names[0]
            for key, names in imports_columns.COLUMNS.items()
            if key not in ("seq", *imports_columns.OURS)
        ],
        "platform": platform,
        "variants": [] if platform else form.fields["variant"].queryset,  # type: ignore[attr-defined]
    }
    return TemplateResponse(request, "admin/filings/filing/receive.html", context)


def _kept(request: HttpRequest, given: Any, platform: bool) -> Upload:
    variant, file = given.get("variant"), given["file"]
    return imports_columns.keep(
        file.read(),
        file.name,
        by=request.user,
        variant=variant.pk if variant else 0,
        platform=platform,
        sender=given.get("sender", ""),
    )


def _answered(request: HttpRequest, kept: Callable[[], Upload]) -> tuple[HttpResponse | None, str]:
    """The page that follows on reading the file, or why it cannot be read."""
    try:
        return read(kept()), ""
    except uploads.AlreadyReceived as twin:
        if not mine(request).filter(pk=twin.upload.pk).exists():
            return None, f"{twin}{ELSEWHERE}"
        messages.warning(request, str(twin))
        return page_of(twin.upload), ""
    except Refused as refused:
        return None, str(refused)


def read(upload: Upload) -> HttpResponse:
    """Read it now, or let a job do it; then the page that shows how it is."""
    background.read(upload)
    return page_of(upload)


def page_of(upload: Upload) -> HttpResponse:
    page = "columns" if upload.state == Upload.State.COLUMNS else _PAGES[upload.kind]
    return redirect(f"admin:filings_filing_{page}", upload=upload.pk)


def mine(request: HttpRequest) -> Any:
    return Upload.objects.visible_to(request.user)


def of(request: HttpRequest, pk: int, *kinds: str) -> Upload:
    """The received list, if the person's office received it."""
    rows = mine(request).filter(kind__in=kinds)
    upload = get_object_or_404(rows.select_related("received_by", "confirmed_by"), pk=pk)
    cleanup.touch(upload)
    return upload


@admin_verb(
    (ADD, CHANGE), methods=("GET", "POST"), row=False, path="receive/<int:upload>/columns/",
    atomic=False,
)  # fmt: skip
def columns(self: Any, request: HttpRequest, upload: int) -> HttpResponse:
    """Which column is which, said once for a sender; then the file is read anew."""
    received = of(request, upload, imports_columns.KIND, imports_columns.PLATFORM)
    if not request.user.has_perm(_NEEDED[received.kind]):
        raise PermissionDenied
    kind = imports_columns.kind_of(received)
    form = ColumnsForm(received, kind.columns, kind.required, request.POST or None)
    error = form.why
    if form.remembered():
        answer, error = _answered(request, lambda: received)
        if answer:
            return answer
    context = self.admin_site.each_context(request) | {
        "title": TITLES[received.kind],
        "opts": self.opts,
        "upload": received,
        "form": form,
        "error": error,
        "step": 2,
        "list_url": reverse("admin:filings_filing_changelist"),
        "receive_url": reverse(f"admin:filings_filing_{_FIRST[received.kind]}"),
    }
    return TemplateResponse(request, "desk/list_columns.html", context)
