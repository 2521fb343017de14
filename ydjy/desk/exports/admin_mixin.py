"""Exporting a list: what the person sees on it, behind a permission of its own, and written down.

Filter, search and order are those of the list, carried in the address and never as keys of rows.
Identity numbers are masked; in full only with the right to see them and a reason, and beyond few
rows only with a second person's word. Every export is a reading: who, when, how many rows, which
words.
"""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib.admin.options import IncorrectLookupParameters
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from ydjy.desk import tasks
from ydjy.desk.admin.modeladmin import admin_verb
from ydjy.desk.audit import access_log
from ydjy.desk.crypto.fields import SealedTextField
from ydjy.desk.exceptions import Refused
from ydjy.desk.exports import files as exports_files
from ydjy.desk.exports.files import AT_ONCE, WHAT, Column
from ydjy.desk.free_text import NoNumbers
from ydjy.desk.models.export import ExportRule
from ydjy.desk.responses import as_file

__all__ = ["Column", "ExportForm", "ExportMixin"]


class ExportForm(NoNumbers, forms.Form):
    """Which file, which columns, and whether numbers are written in full."""

    form = forms.ChoiceField(
        label="格式", choices=[("xlsx", "Excel 工作簿（.xlsx）"), ("csv", "CSV（UTF-8）")]
    )
    full = forms.BooleanField(label="证件号码、人员编号和电话写完整的", required=False)
    reason = forms.CharField(label="为什么要完整的", required=False, max_length=100)
    columns = forms.MultipleChoiceField(
        label="哪些列", required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, may_reveal: bool, columns: Sequence[Column] = (), **kwargs: Any):
        super().__init__(*args, label_suffix="", **kwargs)
        titles = [column.title for column in columns]
        self.fields["columns"].choices = [(title, title) for title in titles]  # type: ignore[attr-defined]
        self.fields["columns"].initial = titles
        if not may_reveal:
            del self.fields["full"], self.fields["reason"]

    def clean(self) -> Any:
        cleaned = super().clean() or {}
        if cleaned.get("full") and not (cleaned.get("reason") or "").strip():
            self.add_error("reason", "请写明为什么要完整的号码，会记入查看记录。")
        return cleaned


class ExportMixin:
    """For an admin whose list may be exported; put it first. Needs ``export_columns``."""

    export_columns: Sequence[Column] = ()
    export_prefetch: Sequence[str] = ()
    export_code, import_code = "export_{model}", "import_{model}"

    @property
    def permission_words(self: Any) -> dict[str, str]:
        """The permissions of this list, for those that have none of their own to go out or in."""
        words = {"model": self.opts.model_name}
        return {
            "export": self.export_code.format(**words),
            "import": self.import_code.format(**words),
        }

    def may(self: Any, what: str, user: Any) -> bool:
        """Whether a person may take this list out («export») or bring it in («import»)."""
        held: bool = user.has_perm(f"{self.opts.app_label}.{self.permission_words[what]}")
        return held

    def get_export_columns(self, request: HttpRequest) -> Sequence[Column]:
        return self.export_columns

    def export_rows(self: Any, request: HttpRequest) -> Any:
        """Exactly the rows of the list at that address, on all its pages."""
        try:
            rows = self.get_changelist_instance(request).get_queryset(request)
        except IncorrectLookupParameters:
            raise Refused("筛选条件看不懂，请回到列表重新筛选。") from None
        return rows.prefetch_related(*self.export_prefetch)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        extra = {"export_url": self._export_url(request)} | (extra_context or {})
        return super().changelist_view(request, extra)  # type: ignore[misc]

    def _export_url(self: Any, request: HttpRequest) -> str:
        opts = self.opts
        if not self.may("export", request.user):
            return ""
        query = request.GET.copy()
        query.pop("p", None)
        address = reverse(f"admin:{opts.app_label}_{opts.model_name}_export")
        return address + (f"?{query.urlencode()}" if query else "")

    @admin_verb("{app}.{export}", methods=("GET", "POST"), row=False)
    def export(self: Any, request: HttpRequest) -> HttpResponse:
        """What the list shows, as a file; first the page that says how much and how."""
        opts, user = self.opts, request.user
        rows, columns = self.export_rows(request), self.get_export_columns(request)
        number, rule = rows.count(), ExportRule.on(timezone.localdate())
        secret = any(isinstance(field, SealedTextField) for field in opts.fields)
        may_reveal = secret and user.has_perm(f"{opts.app_label}.reveal_{opts.model_name}")
        form = ExportForm(request.POST or None, may_reveal=may_reveal, columns=columns)
        if request.method == "POST" and form.is_valid():
            exports_files.must_be_few(user, number, rule)
            return self._exported(request, rows, number, form.cleaned_data, rule)
        context = self.admin_site.each_context(request) | {
            "title": f"导出{opts.verbose_name}",
            "opts": opts,
            "form": form,
            "number": number,
            "rule": rule,
            "later": number > AT_ONCE,
        }
        return TemplateResponse(request, "desk/export.html", context)

    def _exported(
        self: Any, request: HttpRequest, rows: Any, number: int, asked: Any, rule: ExportRule
    ) -> HttpResponse:
        full, reason = bool(asked.get("full")), asked.get("reason", "").strip()
        columns = [
            column
            for column in self.get_export_columns(request)
            if not asked["columns"] or column.title in asked["columns"]
        ]
        if number > AT_ONCE or (full and number > rule.alone):
            query = request.GET.urlencode()
            export = exports_files.ask(
                self,
                query,
                by=request.user,
                number=number,
                full=full,
                reason=reason,
                form=asked["form"],
                columns=[column.title for column in columns],
            )
            if not full:
                tasks.wake_export(export.pk)
            return redirect("admin:desk_export_change", export.pk)
        what = f"{WHAT} {number} 行（{'完整' if full else '打码'}）"
        access_log.record_export(request.user, self.model, what, reason)
        name, data = exports_files.write(self, rows, columns, asked["form"], full, request.user)
        return as_file(name, data)
