"""Friday's pages: is it complete, prepare, sign, send, and what the province said to it."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from apps.errors.exchange import feedback, outbox
from apps.errors.models import Batch, Dispatch, ExchangeSettings, Feedback, ReturnFile
from apps.errors.reports import reminders, statistics
from apps.errors.reports.admin_weeks import EXPORT, IMPORT
from apps.errors.returns import build as returns_build
from apps.errors.returns import nil_return
from apps.errors.returns.answers import Check
from apps.errors.tickets.forms import FileForm, UnfinishedForm
from ydjy.desk.admin.modeladmin import admin_verb
from ydjy.desk.exceptions import Refused, must
from ydjy.desk.free_text import NoNumbers
from ydjy.desk.responses import as_file
from ydjy.lib import workdays

SIGN = "errors.sign_returnfile"
PAGE = 100  # lines of each list on 导出返回表
_PAGED = {"blocked": "blocked", "open": "open_rows", "postponed": "postponed"}
SHOWN = 500  # rows of the difference list on one page


class LateForm(NoNumbers, forms.Form):
    """After the cut-off: why."""

    late_reason = forms.CharField(label="迟报的原因", max_length=200)

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, label_suffix="", **kwargs)
        self.fields["late_reason"].error_messages["required"] = "请写明迟报的原因。"


@admin_verb(EXPORT, methods=("GET", "POST"))
def send_back(self: Any, request: HttpRequest, batch: Batch) -> HttpResponse:
    """Who has not answered yet; preparing the file; what was signed and sent already."""
    checks = returns_build.check(batch)
    open_rows = [row for one in checks for row in one.unfinished if not row.words]
    late = not workdays.is_on_time(timezone.now(), batch.due_at)
    data = request.POST if request.method == "POST" else None
    form = UnfinishedForm(data if open_rows else None)
    late_form = LateForm(data if late else None)
    valid = (not open_rows or form.is_valid()) & (not late or late_form.is_valid())
    error = ""
    if request.method == "POST" and valid:
        try:
            files = returns_build.prepare(
                batch,
                by=request.user,
                unfinished_as=form.sentence if open_rows else "",
                late_reason=late_form.cleaned_data["late_reason"] if late else "",
            )
        except Refused as refused:
            error = str(refused)
        else:
            return _prepared(request, batch, files)
    situation = _situation(batch, checks) | {"open_rows": open_rows}
    context = situation | {
        "form": form,
        "late_form": late_form if late else None,
        "error": error,
        "bridge": statistics.bridge(statistics.rows_of(batch, request.user)),
        "pages": {
            name: Paginator(situation[rows], PAGE).get_page(request.GET.get(name))
            for name, rows in _PAGED.items()
        },
        "late": late and not batch.returned_at,
    }
    context |= self.admin_site.each_context(request) | {"title": "导出返回表", "opts": self.opts}
    return TemplateResponse(request, "admin/errors/batch/check.html", context)


def _situation(batch: Batch, checks: list[Check]) -> dict[str, Any]:
    now = timezone.now()
    return {
        "batch": batch,
        "checks": checks,
        "rows": sum(one.rows for one in checks),
        "answered": sum(one.answered for one in checks),
        "earlier": [one for one in checks if one.upload.period != batch.week],
        "postponed": [row for one in checks for row in one.unfinished if row.words],
        "blocked": [(one.upload, row) for one in checks for row in one.blocked],
        "left": workdays.remaining(now, batch.due_at),
        "returns": batch.returns.exclude(state=ReturnFile.State.DROPPED)
        .select_related("made_by", "signed_by")
        .prefetch_related("dispatches__sent_by"),
        "stuck": [row for row in outbox.stuck(now) if row.file.batch_id == batch.pk],
        "advice": outbox.advice(batch, now),
        "machine": ExchangeSettings.now().channel != ExchangeSettings.Channel.MANUAL,
        "verdicts": Feedback.objects.filter(file__batch=batch)
        .exclude(verdict=Feedback.Verdict.ACCEPTED)
        .select_related("ticket"),
    }


def _prepared(request: HttpRequest, batch: Batch, files: list[ReturnFile]) -> HttpResponse:
    drafts = [file for file in files if file.state == ReturnFile.State.PREPARED]
    if drafts:
        rows = sum(file.rows for file in drafts)
        messages.success(
            request, f"已生成 {len(drafts)} 个返回表，共 {rows} 行，等另一个人复核签发。"
        )
    else:
        messages.info(request, "内容和已经签发的一样，没有生成新的一版。")
    return redirect(_page(batch))


def _page(batch: Batch) -> str:
    return reverse("admin:errors_batch_send_back", args=[batch.pk]) + "#files"


# One file --------------------------------------------------------------------------------------


def _file(request: HttpRequest, pk: int) -> ReturnFile:
    mine = ReturnFile.objects.visible_to(request.user).select_related("batch", "upload", "made_by")
    return get_object_or_404(mine, pk=pk)


@admin_verb(EXPORT, methods=("GET",), row=False, path="returned/<int:file>/")
def download(self: Any, request: HttpRequest, file: int) -> HttpResponse:
    """The frozen file, exactly the bytes whose fingerprint is written down."""
    frozen = _file(request, file)
    return as_file(frozen.filename, returns_build.content(frozen))


@admin_verb((SIGN, EXPORT), methods=("GET", "POST"), row=False, path="returned/<int:file>/review/")
def review(self: Any, request: HttpRequest, file: int) -> HttpResponse:
    """The second person: what differs, then 签发 or 退回修改."""
    draft = _file(request, file)
    late = not draft.late_reason and not workdays.is_on_time(timezone.now(), draft.batch.due_at)
    late_form = LateForm(request.POST if "sign" in request.POST else None) if late else None
    if request.method == "POST":
        must(request.user.has_perm(SIGN), "你没有复核返回表的权限。需要的话找组长。")
        if "refuse" in request.POST or late_form is None or late_form.is_valid():
            return _reviewed(request, draft, late_form)
    found = returns_build.differences(draft)
    context = self.admin_site.each_context(request) | {
        "title": f"复核返回表 {draft.batch.week} 第 {draft.version} 版",
        "opts": self.opts,
        "file": draft,
        "batch": draft.batch,
        "differences": found[:SHOWN],
        "more": max(len(found) - SHOWN, 0),
        "open": draft.state == ReturnFile.State.PREPARED,
        "may_sign": request.user.has_perm(SIGN) and draft.made_by != request.user,
        "own": draft.made_by == request.user,
        "late_form": late_form,
        "left": workdays.remaining(timezone.now(), draft.batch.due_at),
    }
    return TemplateResponse(request, "admin/errors/batch/review.html", context)


def _reviewed(request: HttpRequest, draft: ReturnFile, late_form: LateForm | None) -> HttpResponse:
    """签发 or 退回修改, as it was pressed."""
    if "refuse" in request.POST:
        reason = request.POST.get("reason", "").strip()
        returns_build.send_back_draft(draft, by=request.user, reason=reason)
        messages.success(request, "已退回修改。改好以后要重新生成。")
    else:
        reason = late_form.cleaned_data["late_reason"] if late_form else ""
        signed = returns_build.sign(draft, by=request.user, late_reason=reason)
        outbox.plan(signed)
        messages.success(request, f"已签发第 {signed.version} 版，{signed.rows} 行。")
    allowed = request.user.has_perm(EXPORT)
    return redirect(_page(draft.batch) if allowed else _week(draft.batch))


def _week(batch: Batch) -> str:
    return reverse("admin:errors_batch_change", args=[batch.pk])


@admin_verb(EXPORT, row=False, path="returned/<int:file>/send/", atomic=False)
def send_now(self: Any, request: HttpRequest, file: int) -> HttpResponse:
    """现在发送: what was tried stays written down, whether it arrived or not."""
    frozen = _file(request, file)
    try:
        messages.success(request, outbox.send_now(frozen, by=request.user))
    except Refused as refused:
        messages.error(request, str(refused))
    return redirect(_page(frozen.batch))


@admin_verb(EXPORT, row=False, path="returned/<int:file>/handed/")
def hand_in(self: Any, request: HttpRequest, file: int) -> HttpResponse:
    """登记已送达: by whom, when, how."""
    frozen = _file(request, file)
    words = request.POST.get("words", "").strip()
    must(words, "请写明怎么送的，例如“内网邮箱”“光盘，专人送达”。")
    row: Dispatch = outbox.hand_in(frozen, by=request.user, words=words)
    late = "，已过期限，记为迟报" if row.late else ""
    messages.success(request, f"已登记 {timezone.localtime(row.sent_at):%H:%M} 送达{late}。")
    return redirect(_page(frozen.batch))


# The rest of the week --------------------------------------------------------------------------


@admin_verb(("errors.assign_ticket", EXPORT))
def urge(self: Any, request: HttpRequest, batch: Batch) -> str:
    """催办: everybody below with open tickets, once a day."""
    told = reminders.urge(batch, by=request.user, now=timezone.now())
    return f"已提醒 {told} 个人。" if told else "今天都提醒过了，没有再发。"


@admin_verb(IMPORT)
def declare_nothing(self: Any, request: HttpRequest, batch: Batch) -> str:
    """本周无报错: said by a person, and that is what goes back."""
    nil_return.declare(batch, by=request.user)
    return f"{batch.week} 已确认没有报错，记为已返回。"


@admin_verb(IMPORT, methods=("GET", "POST"))
def hear(self: Any, request: HttpRequest, batch: Batch) -> HttpResponse:
    """The province's answer file."""
    form = FileForm(request.POST or None, request.FILES or None)
    form.fields["file"].label = "省里审核后发回的表"
    error = ""
    if request.method == "POST" and form.is_valid():
        sent = form.cleaned_data["file"]
        try:
            outcome = feedback.receive(sent.read(), sent.name, by=request.user, batch=batch)
        except Refused as refused:
            error = str(refused)
        else:
            messages.success(request, str(outcome))
            return redirect(_page(batch))
    context = self.admin_site.each_context(request) | {
        "title": f"收省里的审核 {batch.week}",
        "opts": self.opts,
        "batch": batch,
        "form": form,
        "error": error,
    }
    return TemplateResponse(request, "admin/errors/batch/feedback.html", context)
