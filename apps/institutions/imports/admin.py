"""A received list on the screen: upload, what would change, submit, publish by a second person."""

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone

from apps.institutions import tasks
from apps.institutions.admin_pages import changes, page
from apps.institutions.imports import columns as imports_columns
from apps.institutions.imports import workflow
from apps.institutions.models import ListImport, ListRow
from ydjy.desk.admin.modeladmin import admin_verb
from ydjy.desk.exceptions import Refused, must
from ydjy.desk.free_text import NoNumbers
from ydjy.desk.imports import cleanup, encodings, problem_workbook, undo, uploads
from ydjy.desk.imports.blank_workbook import blank
from ydjy.desk.imports.column_form import ColumnsForm
from ydjy.desk.responses import as_file
from ydjy.lib.whole_numbers import whole_number
from ydjy.lib.workbook import INSTITUTIONS

IMPORT, PUBLISH = "institutions.import_institution", "institutions.publish_institution"
VIEW = "institutions.view_listimport"
PAGE = 100
REFRESH = "2"  # seconds until a waiting page looks again
ALONE = timedelta(seconds=20)  # then nobody seems to work in the background
AT_ONCE_ROWS = 2_000  # a list of so many rows is written while the person waits
State, Job = ListImport.State, ListImport.Job


class ListForm(NoNumbers, forms.Form):
    file = forms.FileField(label="选文件", help_text="xlsx、xls 或 csv，最多 100 MB。")
    listed = forms.ChoiceField(
        label="哪份名单", choices=ListImport.Listed.choices, widget=forms.RadioSelect
    )

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, label_suffix="", initial={"listed": "city"}, **kwargs)


@admin_verb(IMPORT, methods=("GET", "POST"), row=False, atomic=False)
def receive(self: Any, request: HttpRequest) -> HttpResponse:
    form = ListForm(request.POST or None, request.FILES or None)
    error = ""
    if request.method == "POST" and form.is_valid():
        try:
            return _received(request, form)
        except uploads.AlreadyReceived as twin:
            known = ListImport.objects.filter(upload=twin.upload).first()
            if known is not None:
                messages.warning(request, str(twin))
                return redirect(_url(known))
            error = str(twin)
        except Refused as refused:
            error = str(refused)
    return page(self, request, "list_receive", title="导入机构名单", form=form, error=error, step=1)


@admin_verb(IMPORT, methods=("GET",), row=False, path="receive/blank/")
def list_blank(self: Any, request: HttpRequest) -> HttpResponse:
    """下载空白表: our columns with drop-downs, hints and a sample row."""
    return as_file(*blank(workflow.list_kind(), "机构名单"))


def _received(request: HttpRequest, form: ListForm) -> HttpResponse:
    sent = form.cleaned_data["file"]
    must(sent.size <= INSTITUTIONS.upload, "文件超过 100 MB。请删去图片和多余的工作表后再导入。")
    data = sent.read()
    one = workflow.take(data, sent.name, listed=form.cleaned_data["listed"], by=request.user)
    _work(one, at_once=len(data) <= workflow.AT_ONCE)
    return redirect(_url(one))


def _work(one: ListImport, *, at_once: bool) -> None:
    if at_once:
        workflow.run(one.pk)
    else:
        tasks.wake(one.pk)


def _url(one: ListImport) -> str:
    return reverse("admin:institutions_listimport_look", args=[one.pk])


def change_view(
    self: Any, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
) -> HttpResponse:
    """The row's own page is the page of its procedure."""
    if not self.has_view_permission(request):
        raise PermissionDenied
    return redirect("admin:institutions_listimport_look", object_id)


@admin_verb((VIEW, IMPORT, PUBLISH), methods=("GET", "POST"), path="<path:object_id>/look/")
def look(self: Any, request: HttpRequest, obj: ListImport) -> HttpResponse:
    """What the list would change, and the steps that this person may take now."""
    if request.user.has_perm(IMPORT) or request.user.has_perm(PUBLISH):
        cleanup.touch(obj.upload)
    if request.method == "GET" and obj.asks_columns and request.user.has_perm(IMPORT):
        return redirect("admin:institutions_listimport_columns", obj.pk)
    if request.method == "POST":
        if said := _step(request, obj):
            messages.success(request, said)
        return redirect(_url(obj) + _asked(request))
    seen = _seen(request, obj) | {"title": f"机构名单：{obj.upload.filename}"}
    response = page(self, request, "list_look", **seen)
    if obj.job:
        response["Refresh"] = REFRESH
    return response


@admin_verb(IMPORT, methods=("GET", "POST"), path="<path:object_id>/columns/", atomic=False)
def columns(self: Any, request: HttpRequest, obj: ListImport) -> HttpResponse:
    """对应列: which column is which, said once; then the list is read anew."""
    must(obj.can_be_read_anew, f"这份名单{obj.get_state_display()}，不用再对应列。")
    cleanup.touch(obj.upload)
    form = ColumnsForm(
        obj.upload, imports_columns.COLUMNS, imports_columns.REQUIRED, request.POST or None
    )
    if request.method == "POST" and form.is_valid():
        workflow.use_columns(obj, form.keys)
        _work(obj, at_once=obj.upload.size <= workflow.AT_ONCE)
        return redirect(_url(obj))
    error = obj.message if obj.asks_columns else ""
    return page(
        self, request, "list_columns", title="对应列", one=obj, form=form, error=error, step=2
    )


@admin_verb((IMPORT, PUBLISH), methods=("GET",), path="<path:object_id>/problems/")
def list_problems(self: Any, request: HttpRequest, obj: ListImport) -> HttpResponse:
    return as_file(*workflow.problem_workbook(obj))


def _asked(request: HttpRequest) -> str:
    show = request.POST.get("show", "")
    return f"?show={show}" if show in SHOWN else ""


# Steps -------------------------------------------------------------------------------------------


def _step(request: HttpRequest, one: ListImport) -> str:
    do = request.POST.get("do", "")
    needed = PUBLISH if do in ("publish", "hand_back", "undo") else IMPORT
    if not request.user.has_perm(needed):
        raise PermissionDenied
    step = STEPS.get(do)
    must(step is not None, "请再点一次按钮。")
    return step(request, one)  # type: ignore[misc]


def _allow(request: HttpRequest, one: ListImport) -> str:
    posted = [map(whole_number, request.POST.getlist(name)) for name in ("allow", "of")]
    numbers = [[number for number in typed if number is not None] for typed in posted]
    workflow.allow(one, numbers[0], of=numbers[1])
    return f"同意了 {len(numbers[0])} 项。"


def _draft(request: HttpRequest, one: ListImport) -> str:
    workflow.draft(one, by=request.user, only_good="only_good" in request.POST)
    return "已提交，请另一位同事核对后发布。"


def _publish(request: HttpRequest, one: ListImport) -> str:
    workflow.ask_publish(one, by=request.user)
    _work(one, at_once=one.total <= AT_ONCE_ROWS)
    one.refresh_from_db()
    return "已发布。" if one.state == State.PUBLISHED else ""


def _hand_back(request: HttpRequest, one: ListImport) -> str:
    workflow.hand_back(one)
    return "已退回，请提交的人再核对。"


def _undo(request: HttpRequest, one: ListImport) -> str:
    workflow.ask_undo(one, by=request.user, reason=request.POST.get("reason", ""))
    _work(one, at_once=one.total <= AT_ONCE_ROWS)
    return ""


def _abandon(request: HttpRequest, one: ListImport) -> str:
    workflow.abandon(one)
    return ""  # the page says so


def _encoding(request: HttpRequest, one: ListImport) -> str:
    workflow.use_encoding(one, request.POST.get("encoding", ""))
    _work(one, at_once=one.upload.size <= workflow.AT_ONCE)
    return ""


def _now(request: HttpRequest, one: ListImport) -> str:
    workflow.run(one.pk)
    return ""


STEPS = {
    "allow": _allow,
    "draft": _draft,
    "publish": _publish,
    "hand_back": _hand_back,
    "undo": _undo,
    "abandon": _abandon,
    "now": _now,
    "encoding": _encoding,
}

# The page ----------------------------------------------------------------------------------------

SHOWN = {
    "changed": ["changed"],
    "new": ["new"],
    "missing": ["missing"],
    "problems": [*workflow.PROBLEMS],
    "twice": ["duplicate"],
    "skipped": ["skipped"],
    "decide": [],
}


def _counters(one: ListImport) -> list[tuple[str, str, int]]:
    return [
        ("changed", "有变化", one.changed),
        ("new", "新增", one.new),
        ("missing", "名单里没有了", one.missing),
        ("decide", "要人同意", one.rows.exclude(decide="").count()),
        ("problems", "有问题", one.problems),
        ("twice", "重复", one.upload.duplicate),
        ("skipped", "跳过", one.upload.skipped),
    ]


def _reasons(one: ListImport) -> list[tuple[str, int]]:
    waiting = one.rows.filter(outcome__in=workflow.PROBLEMS)
    return problem_workbook.counted(waiting.values_list("message", flat=True))


def _brought(request: HttpRequest, one: ListImport) -> undo.Brought | None:
    if one.state != State.PUBLISHED or one.job or not request.user.has_perm(PUBLISH):
        return None
    return workflow.brought(one.upload)


def _seen(request: HttpRequest, one: ListImport) -> dict[str, Any]:
    upload, counters = one.upload, _counters(one)
    first = next((key for key, _, count in counters if count), "changed")
    show = request.GET.get("show", "")
    show = show if show in SHOWN else first
    asked, others = one.rows.exclude(decide=""), one.rows.filter(outcome__in=SHOWN[show])
    rows = asked if show == "decide" else others
    shown = Paginator(rows.order_by("row", "pk"), PAGE).get_page(request.GET.get("p"))
    maker = request.user.pk in (one.drafted_by_id, upload.received_by_id)
    return {
        "one": one,
        "upload": upload,
        "writing": encodings.sample(upload) if one.state == State.STAGED else None,
        "original": one,
        "counters": counters,
        "show": show,
        "page": shown,
        "rows": [(row, changes(row)) for row in shown],
        "problems": one.problems,
        "reasons": _reasons(one),
        "sampled": show == "new" and one.new > workflow.SAMPLE,
        "may_import": request.user.has_perm(IMPORT),
        "may_publish": request.user.has_perm(PUBLISH) and not maker,
        "brought": _brought(request, one),
        "maker": maker,
        "alone": bool(one.job and one.job_since and timezone.now() - one.job_since > ALONE),
        "allowed": one.rows.filter(allowed=True).count(),
        "step": 3 if one.state in (State.DRAFT, State.PUBLISHED, State.UNDONE) else 2,
        "asks": show == "decide" and one.state == State.STAGED,
        "outcomes": dict(ListRow.Outcome.choices),
    }
