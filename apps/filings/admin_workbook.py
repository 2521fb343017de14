"""Pages for lists: register a workbook of filings, and compare with the platform's download."""

from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from apps.filings import batches, policybook, requirements, workbooks
from apps.filings.catalogue import Variant
from apps.offices.models import Channel
from ydjy.desk import encodings, leftovers, problems, uploads
from ydjy.desk.adminkit import admin_verb, masked
from ydjy.desk.downloads import as_file
from ydjy.desk.models import Upload
from ydjy.desk.secrets import opened
from ydjy.desk.verbs import Refused, must

ADD, CHANGE = "filings.add_filing", "filings.change_filing"
SHOWN = 200
NAMED = 20  # numbers that a message names


class ListForm(forms.Form):
    """Which kind of filing the list is of, and the file."""

    variant = forms.ModelChoiceField(label="备案类别", queryset=Variant.objects.none())
    file = forms.FileField(label="文件", help_text="xlsx、xls、csv 都行，最多 10 MB")

    def __init__(self, *args: Any, platform: bool = False, **kwargs: Any):
        super().__init__(*args, **({"label_suffix": ""} | kwargs))
        rows = Variant.objects.for_filing(timezone.localdate())
        self.fields["variant"].queryset = rows.order_by("category__order", "pk")
        if platform:
            del self.fields["variant"]


def _sent(
    self: Any, request: HttpRequest, *, platform: bool, title: str, then: str
) -> HttpResponse:
    """The first step of both: the file. A refused file keeps its receipt."""
    form = ListForm(request.POST or None, request.FILES or None, platform=platform)
    error = ""
    if request.method == "POST" and form.is_valid():
        sent, variant = form.cleaned_data["file"], form.cleaned_data.get("variant")
        try:
            upload = workbooks.receive(
                sent.read(),
                sent.name,
                by=request.user,
                variant=variant.pk if variant else 0,
                platform=platform,
            )
        except uploads.AlreadyReceived as twin:
            messages.warning(request, str(twin))
            return redirect(then, upload=twin.upload.pk)
        except Refused as refused:
            error = str(refused)
        else:
            return redirect(then, upload=upload.pk)
    context = self.admin_site.each_context(request) | {
        "title": title,
        "opts": self.opts,
        "form": form,
        "error": error,
        "columns": [names[0] for key, names in workbooks.COLUMNS.items() if key != "seq"],
        "platform": platform,
        "variants": [] if platform else form.fields["variant"].queryset,  # type: ignore[attr-defined]
    }
    return TemplateResponse(request, "admin/filings/filing/receive.html", context)


@admin_verb(ADD, methods=("GET", "POST"), row=False, atomic=False)
def receive(self: Any, request: HttpRequest) -> HttpResponse:
    return _sent(
        self, request, platform=False, title="批量登记备案", then="admin:filings_filing_batch"
    )


@admin_verb(ADD, methods=("GET",), row=False, path="receive/blank/<int:variant>/")
def batch_blank(self: Any, request: HttpRequest, variant: int) -> HttpResponse:
    """下载空白表 for one kind of filing."""
    rows = Variant.objects.for_filing(timezone.localdate())
    return as_file(*workbooks.blank_for(get_object_or_404(rows, pk=variant)))


def _upload(request: HttpRequest, pk: int, kind: str) -> Upload:
    upload = get_object_or_404(Upload.objects.visible_to(request.user).filter(kind=kind), pk=pk)
    leftovers.touch(upload)
    return upload


@admin_verb(ADD, methods=("GET", "POST"), row=False, path="receive/<int:upload>/", atomic=False)
def batch(self: Any, request: HttpRequest, upload: int) -> HttpResponse:
    """The rows as they will be registered; then each through the rules of its kind."""
    received = _upload(request, upload, workbooks.KIND)
    variant = get_object_or_404(Variant, pk=received.period.removeprefix("v"))
    rules = policybook.rules_of(variant)
    if request.POST.get("do") == "encoding":
        encodings.choose(received, request.POST.get("encoding", ""))
        workbooks.read_anew(received, by=request.user)
        return redirect("admin:filings_filing_batch", upload=received.pk)
    if request.POST.get("do") == "undo":
        return _undone(request, received)
    if request.POST.get("do") == "resume":
        return _told(request, received, batches.resume(received, timezone.now()))
    if request.method == "POST":
        return _registered(request, received, variant)
    rows = []
    for row in received.rows.all()[:SHOWN]:
        values = opened(row.values) or {}
        rows.append((row, values, masked(values.get("cert_no"))))
    context = self.admin_site.each_context(request) | {
        "title": "批量登记备案",
        "opts": self.opts,
        "upload": received,
        "variant": variant,
        "rows": rows,
        "staged": received.state == Upload.State.STAGED,
        "writing": encodings.sample(received) if received.state == Upload.State.STAGED else None,
        "half_way": batches.left(received).count() if received.state == "confirming" else None,
        "confirmed": received.state == Upload.State.CONFIRMED,
        "problems": received.rejected + received.held,
        "groups": list(rules.groups.values()),
        "channels": Channel.objects.filter(code__in=[row.code for row in rules.channels])
        or Channel.objects.filter(available=True),
    }
    return TemplateResponse(request, "admin/filings/filing/batch.html", context)


def _registered(request: HttpRequest, upload: Upload, variant: Variant) -> HttpResponse:
    channel = Channel.objects.filter(pk=request.POST.get("channel") or None).first()
    must(channel, "请选择渠道。")
    known = {row.key for row in policybook.rules_of(variant).materials}
    handed = {key: requirements.COPY for key in request.POST.getlist("handed") if key in known}
    outcome = batches.confirm(upload, by=request.user, channel=channel, handed=handed)
    return _told(request, upload, outcome)


def _told(request: HttpRequest, upload: Upload, outcome: batches.Outcome) -> HttpResponse:
    if outcome.made:
        messages.success(request, f"已登记 {len(outcome.made)} 条，等另一个人审核。")
    if outcome.refused:
        messages.warning(request, f"{len(outcome.refused)} 条按规定不能登记，原因写在下面。")
    return redirect("admin:filings_filing_batch", upload=upload.pk)


def _undone(request: HttpRequest, upload: Upload) -> HttpResponse:
    reason = request.POST.get("reason", "").strip()
    gone, kept = batches.undo(upload, by=request.user, reason=reason)
    messages.success(request, f"已撤回 {gone} 条。")
    if kept:
        named = "、".join(kept[:NAMED]) + ("等" if len(kept) > NAMED else "")
        messages.warning(request, f"{len(kept)} 条后来有人办过，没有撤：{named}。")
    return redirect("admin:filings_filing_batch", upload=upload.pk)


@admin_verb(ADD, methods=("GET",), row=False, path="receive/<int:upload>/problems/")
def batch_problems(self: Any, request: HttpRequest, upload: int) -> HttpResponse:
    """下载有问题的 n 行: the sender's layout with a column that says what is wrong."""
    return as_file(*problems.problem_workbook(_upload(request, upload, workbooks.KIND)))


# 与平台核对 --------------------------------------------------------------------------------------


@admin_verb(CHANGE, methods=("GET", "POST"), row=False, atomic=False)
def reconcile(self: Any, request: HttpRequest) -> HttpResponse:
    return _sent(
        self, request, platform=True, title="与平台核对", then="admin:filings_filing_compared"
    )


@admin_verb(CHANGE, methods=("GET", "POST"), row=False, path="reconcile/<int:upload>/")
def compared(self: Any, request: HttpRequest, upload: int) -> HttpResponse:
    """Same, different, only here, only there; what is the same counts as uploaded by one press."""
    received, today = _upload(request, upload, workbooks.PLATFORM), timezone.localdate()
    if received.state != Upload.State.STAGED:  # still being read, or over: its rows say nothing
        messages.warning(request, f"这个文件{received.get_state_display()}。{received.message}")
        return redirect("admin:filings_filing_reconcile")
    if request.method == "POST":
        with transaction.atomic():
            done = workbooks.settle(received, by=request.user, today=today)
        messages.success(request, f"一致的 {done} 条记为已上报。")
        return redirect(reverse("admin:filings_filing_compared", args=[upload]))
    found = workbooks.compare(received, request.user, today)
    context = self.admin_site.each_context(request) | {
        "title": "与平台核对",
        "opts": self.opts,
        "upload": received,
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
        ],
    }
    return TemplateResponse(request, "admin/filings/filing/compared.html", context)
