"""The screens of a small list: choose the file, look at the differences, import; undo.

An admin that has a ``small_list`` puts :class:`SmallListMixin` first. Everything asks for the
import permission: whoever may not change the rows by list sees none of these pages.
"""

from collections.abc import Iterable
from contextlib import suppress
from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse

from ydjy.desk.admin.modeladmin import admin_verb
from ydjy.desk.exceptions import Refused
from ydjy.desk.exports.admin_mixin import Column, ExportMixin
from ydjy.desk.free_text import NoNumbers
from ydjy.desk.imports import background, cleanup, encodings, uploads
from ydjy.desk.imports.blank_workbook import blank
from ydjy.desk.imports.column_form import ColumnsForm
from ydjy.desk.imports.problem_workbook import problem_workbook, reasons
from ydjy.desk.imports.reference_list import Outdated, SmallList, how_far
from ydjy.desk.models import RowChange, Upload
from ydjy.desk.responses import as_file

IMPORT = "{app}.{import}"
PAGE = 100
AT_ONCE, AT_ONCE_ROWS = 20_000, 300  # bytes, rows of a list that is done while the person waits
State = Upload.State


class FileForm(NoNumbers, forms.Form):
    file = forms.FileField(label="选文件", help_text="xlsx、xls 或 csv，最多 10 MB。")

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, label_suffix="", **kwargs)


class SmallListMixin(ExportMixin):
    """For an admin whose rows come and go as a list; put it first."""

    small_list: ClassVar[SmallList]

    def get_export_columns(self, request: HttpRequest) -> tuple[Column, ...]:
        return self.small_list.export_columns()

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        may = self.may("import", request.user)
        extra = {"import_url": self._at("list_receive") if may else ""} | (extra_context or {})
        return super().changelist_view(request, extra)

    def _at(self: Any, page: str, *args: Any) -> str:
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_{page}", args=args)

    def _page(
        self: Any, request: HttpRequest, template: str, headers: Any = None, **more: Any
    ) -> HttpResponse:
        context = self.admin_site.each_context(request) | {
            "title": f"导入{self.small_list.label}",
            "opts": self.opts,
            "label": self.small_list.label,
            "list_url": self._at("changelist"),
            "receive_url": self._at("list_receive"),
            **more,
        }
        return TemplateResponse(request, f"desk/{template}.html", context, headers=headers)

    def _upload(self, pk: int) -> Upload:
        rows = Upload.objects.filter(kind=self.small_list.code)
        upload = get_object_or_404(rows.select_related("received_by", "confirmed_by"), pk=pk)
        cleanup.touch(upload)
        return upload

    # The file ----------------------------------------------------------------------------------

    @admin_verb(IMPORT, methods=("GET", "POST"), row=False, path="list/", atomic=False)
    def list_receive(self: Any, request: HttpRequest) -> HttpResponse:
        """Step one. The receipt is committed before the file is read; a refused one keeps it."""
        form, error = FileForm(request.POST or None, request.FILES or None), ""
        if request.method == "POST" and form.is_valid():
            sent = form.cleaned_data["file"]
            try:
                upload = self.small_list.receive(sent.read(), sent.name, by=request.user)
                return self._read(request, upload)
            except uploads.AlreadyReceived as twin:
                messages.warning(request, str(twin))
                return redirect(self._at("list_look", twin.upload.pk))
            except Refused as refused:
                error = str(refused)
        columns = [column.titles[0] for column in self.small_list.columns]
        return self._page(
            request,
            "list_receive",
            form=form,
            error=error,
            step=1,
            columns=columns,
            blank_url=self._at("list_blank"),
        )

    @admin_verb(IMPORT, methods=("GET",), row=False, path="list/blank/")
    def list_blank(self: Any, request: HttpRequest) -> HttpResponse:
        """下载空白表: our columns with drop-downs, hints and a sample row."""
        return as_file(*blank(self.small_list.kind()))

    def _read(self: Any, request: HttpRequest, upload: Upload) -> HttpResponse:
        background.read(upload, at_once=AT_ONCE)
        page = "list_columns" if upload.state == State.COLUMNS else "list_look"
        return redirect(self._at(page, upload.pk))

    @admin_verb(
        IMPORT, methods=("GET", "POST"), row=False, path="list/<int:upload>/columns/", atomic=False
    )
    def list_columns(self: Any, request: HttpRequest, upload: int) -> HttpResponse:
        """Which column is which, where the names are not known."""
        received, kind = self._upload(upload), self.small_list.kind()
        form = ColumnsForm(received, kind.columns, kind.required, request.POST or None)
        error = form.why
        if form.remembered():
            try:
                return self._read(request, received)
            except Refused as refused:
                error = str(refused)
        return self._page(request, "list_columns", upload=received, form=form, error=error, step=2)

    # The differences ---------------------------------------------------------------------------

    @admin_verb(IMPORT, methods=("GET", "POST"), row=False, path="list/<int:upload>/", atomic=False)
    def list_look(self: Any, request: HttpRequest, upload: int) -> HttpResponse:
        """Steps two and three: look, then import; the same page afterwards, and undo."""
        received = self._upload(upload)
        if request.method == "POST":
            return self._step(request, received)
        if received.state == State.COLUMNS:
            return redirect(self._at("list_columns", received.pk))
        busy = background.look(received)
        headers = background.REFRESH if busy else None
        seen = self._seen(request, received)
        return self._page(request, "list_look", headers=headers, busy=busy, **seen)

    def _step(self: Any, request: HttpRequest, upload: Upload) -> HttpResponse:
        here = self._at("list_look", upload.pk)
        try:
            if request.POST.get("do") == "import":
                self._import(request, upload)
            elif request.POST.get("do") == "undo":
                reason = request.POST.get("reason", "")
                background.take_back(upload, by=request.user, reason=reason)
            elif request.POST.get("do") == "encoding":
                encodings.choose(upload, request.POST.get("encoding", ""))
                uploads.read_anew(upload)
                return self._read(request, upload)
            elif request.POST.get("do") == "abandon":
                cleanup.abandon(upload)
                return redirect(self._at("list_receive"))
        except Refused as refused:
            messages.error(request, str(refused))
        return redirect(here)

    def _import(self: Any, request: HttpRequest, upload: Upload) -> None:
        """Written while the person waits, or by a worker: then the page shows how far it is."""
        how = {"by": request.user, "only_good": "only_good" in request.POST}
        if upload.accepted > AT_ONCE_ROWS:
            if self.small_list.begin(upload, **how):
                background.wake(upload)
            return
        with suppress(Outdated):  # the page shows what the receipt says
            self.small_list.confirm(upload, **how)
            messages.success(request, "已导入。")

    def _seen(self: Any, request: HttpRequest, upload: Upload) -> dict[str, Any]:
        changes = upload.changes.all()
        new, changed = changes.filter(new=True).count(), changes.filter(new=False).count()
        problems = upload.rejected + upload.held
        counters = [
            ("changed", "有变化", changed),
            ("new", "新增", new),
            ("problems", "有问题", problems),
            ("twice", "重复", upload.duplicate),
            ("skipped", "跳过", upload.skipped),
        ]
        show = request.GET.get("show", "")
        first = next((key for key, _, count in counters if count), "changed")
        show = show if show in [key for key, _, _ in counters] else first
        rows = {
            "changed": changes.filter(new=False),
            "new": changes.filter(new=True),
            "problems": upload.rows.filter(status__in=["rejected", "held"]),
            "twice": upload.rows.filter(status="duplicate"),
            "skipped": upload.rows.filter(status="skipped"),
        }[show].order_by("position")
        page = Paginator(rows, PAGE).get_page(request.GET.get("p"))
        return {
            "upload": upload,
            "brought": background.brought(upload),
            "how_far": how_far(upload),
            "counters": counters,
            "show": show,
            "page": page,
            "rows": self._rows(upload, page),
            "new": new,
            "changed": changed,
            "same": max(upload.accepted - new - changed, 0),
            "problems": problems,
            "reasons": reasons(upload),
            "step": 3 if upload.state == State.CONFIRMED else 2,
            "problems_url": self._at("list_problems", upload.pk),
            "columns_url": self._at("list_columns", upload.pk),
            "writing": encodings.sample(upload) if upload.state == State.STAGED else None,
        }

    def _rows(self, upload: Upload, page: Iterable[Any]) -> list[dict[str, Any]]:
        """The lines of the table, with their sheet where the file has several."""
        places = upload.rows.filter(position__in=[row.position for row in page])
        of = dict(places.values_list("position", "sheet")) if len(upload.layout) > 1 else {}
        return [{"sheet": of.get(row.position, "")} | self._row(row) for row in page]

    def _row(self, row: Any) -> dict[str, Any]:
        """A difference or a problem, as a line of the table."""
        if not isinstance(row, RowChange):
            return {"row": row.row, "name": row.get_status_display(), "message": row.message}
        titles = {column.key: column.titles[0] for column in self.small_list.columns}
        said = [(titles.get(k, k), row.before.get(k, ""), v) for k, v in row.after.items()]
        return {"row": row.row, "name": row.name, "new": row.new, "said": said}

    @admin_verb(IMPORT, methods=("GET",), row=False, path="list/<int:upload>/problems/")
    def list_problems(self, request: HttpRequest, upload: int) -> HttpResponse:
        """下载有问题的 n 行: the sender's layout with a column that says what is wrong."""
        return as_file(*problem_workbook(self._upload(upload)))
