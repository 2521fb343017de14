"""Exporting a list: what the person sees on it, behind a permission of its own, and written down.

Filter, search and order are those of the list, carried in the address and never as keys of rows.
Identity numbers are masked; in full only with the right to see them, a reason, and few rows. Every
export is a reading: who, when, how many rows, which words.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from io import BytesIO
from typing import Any, NamedTuple

from django import forms
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from ydjy.desk import reading
from ydjy.desk.adminkit import admin_verb
from ydjy.desk.downloads import as_file
from ydjy.desk.models import Reading
from ydjy.desk.secrets import Sealed
from ydjy.desk.verbs import must
from ydjy.lib import idnumbers, workbook

ROWS, FULL_ROWS, A_DAY = 20_000, 200, 10
WHAT = "导出"


class Column(NamedTuple):
    """A column of an export: its title, and the row's attribute or a function of the row."""

    title: str
    of: str | Callable[[Any], Any]

    def text(self, row: Any, full: bool) -> str:
        """The cell. A sealed value is a number of a person: masked unless in full."""
        value = getattr(row, self.of) if isinstance(self.of, str) else self.of(row)
        if isinstance(value, Sealed):
            number = value.reveal() if value else ""
            return number if full or not number else idnumbers.mask(number)
        if value is None:
            return ""
        return value if full else idnumbers.mask_in_text(str(value))


class ExportForm(forms.Form):
    """Which file, and whether numbers are written in full."""

    form = forms.ChoiceField(
        label="格式", choices=[("xlsx", "Excel 工作簿（.xlsx）"), ("csv", "CSV（UTF-8）")]
    )
    full = forms.BooleanField(label="证件号码、人员编号和电话写完整的", required=False)
    reason = forms.CharField(label="为什么要完整的", required=False, max_length=100)

    def __init__(self, *args: Any, may_reveal: bool, **kwargs: Any):
        super().__init__(*args, label_suffix="", **kwargs)
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

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        extra = {"export_url": self._export_url(request)} | (extra_context or {})
        return super().changelist_view(request, extra)  # type: ignore[misc]

    def _export_url(self: Any, request: HttpRequest) -> str:
        opts = self.opts
        if not request.user.has_perm(f"{opts.app_label}.export_{opts.model_name}"):
            return ""
        query = request.GET.copy()
        query.pop("p", None)
        address = reverse(f"admin:{opts.app_label}_{opts.model_name}_export")
        return address + (f"?{query.urlencode()}" if query else "")

    @admin_verb("{app}.export_{model}", methods=("GET", "POST"), row=False)
    def export(self: Any, request: HttpRequest) -> HttpResponse:
        """What the list shows, as a file; first the page that says how much and how."""
        opts, user = self.opts, request.user
        rows = self.get_changelist_instance(request).get_queryset(request)
        number = rows.count()
        may_reveal = user.has_perm(f"{opts.app_label}.reveal_{opts.model_name}")
        form = ExportForm(request.POST or None, may_reveal=may_reveal)
        if request.method == "POST" and form.is_valid():
            full = bool(form.cleaned_data.get("full"))
            _must_be_few(user, number, full)
            reason = form.cleaned_data.get("reason", "").strip()
            what = f"{WHAT} {number} 行（{'完整' if full else '打码'}）"
            reading.record_export(user, self.model, what, reason)
            return self._export_file(request, rows, form.cleaned_data["form"], full)
        context = self.admin_site.each_context(request) | {
            "title": f"导出{opts.verbose_name}",
            "opts": opts,
            "form": form,
            "number": number,
            "limit": FULL_ROWS,
        }
        return TemplateResponse(request, "desk/export.html", context)

    def _export_file(
        self: Any, request: HttpRequest, rows: Any, form: str, full: bool
    ) -> HttpResponse:
        header = [column.title for column in self.export_columns]
        name = str(self.opts.verbose_name)
        return table_file(request, name, header, _texts(self.export_columns, rows, full), form)


def table_file(
    request: HttpRequest, name: str, header: Sequence[str], rows: Iterable[list[str]], form: str
) -> HttpResponse:
    """A table as ``xlsx`` or ``csv``, stamped with who took it and when."""
    now = timezone.localtime()
    sheet = workbook.SheetOut(
        name=name[:30],
        header=list(header),
        rows=rows,
        title=f"{request.user} {now:%Y-%m-%d %H:%M} 导出，仅限工作使用",
    )
    target = BytesIO()
    (workbook.write_csv(target, sheet) if form == "csv" else workbook.write(target, [sheet]))
    return as_file(f"{name}-{now:%Y%m%d-%H%M}.{form}", target.getvalue())


def _must_be_few(user: Any, number: int, full: bool) -> None:
    must(number, "没有可以导出的行，请先改筛选条件。")
    must(number <= ROWS, f"有 {number} 行，一次最多导出 {ROWS} 行。请先用筛选缩小范围。")
    must(
        not full or number <= FULL_ROWS,
        f"写完整号码一次最多 {FULL_ROWS} 行，现在有 {number} 行。请缩小范围，或导出打码的。",
    )
    today = Reading.objects.filter(
        by=user, what__startswith=WHAT, at__date=timezone.localdate()
    ).count()
    must(today < A_DAY, f"今天已经导出 {today} 次，每人每天最多 {A_DAY} 次，请明天再导出。")


def _texts(columns: Sequence[Column], rows: Any, full: bool) -> Iterator[list[str]]:
    for row in rows.iterator(chunk_size=500):
        yield [str(column.text(row, full)) for column in columns]
