"""The cut-off of a week set by a person: with a reason, and with everything it was before."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone

from apps.errors.models import Batch
from apps.errors.models.batch import moment
from apps.offices.models.calendar import week_of
from ydjy.desk.admin.modeladmin import admin_verb
from ydjy.desk.admin.verb import must_be_as_seen
from ydjy.desk.exceptions import Refused
from ydjy.desk.free_text import NoNumbers

_SHAPES = ["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"]


class DueForm(NoNumbers, forms.Form):
    due_at = forms.DateTimeField(
        label="改到什么时候",
        input_formats=_SHAPES,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format=_SHAPES[0]),
        error_messages={
            "required": "请填写改到什么时候。",
            "invalid": "时间认不出来，请写成 2026-11-27 16:00 的样子。",
        },
    )
    reason = forms.CharField(
        label="为什么改",
        max_length=120,
        help_text="例如：省医保局电话通知，节前系统停机。所有写期限的地方都会带上这句话。",
        error_messages={"required": "请写明为什么改。"},
    )


@admin_verb("errors.move_batch", methods=("GET", "POST"))
def due(self: Any, request: HttpRequest, batch: Batch) -> HttpResponse:
    """改期限, or back to the calendar; below it what was changed before, by whom and why."""
    restoring = "restore" in request.POST
    typed = request.POST if request.method == "POST" and not restoring else None
    shown = {"due_at": timezone.localtime(batch.due_at).replace(tzinfo=None)}
    form = DueForm(typed, initial=shown, label_suffix="")
    error = ""
    if request.method == "POST" and (restoring or form.is_valid()):
        try:
            must_be_as_seen(request, batch, "改期限")
            if restoring:
                batch.restore_due(by=request.user)
            else:
                data = form.cleaned_data
                batch.move_due(data["due_at"], by=request.user, reason=data["reason"])
        except Refused as refused:
            error = str(refused)
            batch.refresh_from_db()
        else:
            messages.success(request, f"{batch.week} 的返回期限现在是{moment(batch.due_at)}。")
            return redirect("admin:errors_batch_change", batch.pk)
    planned = week_of(batch.iso_year, batch.iso_week)
    context = self.admin_site.each_context(request) | {
        "title": f"改返回期限 {batch.week}",
        "opts": self.opts,
        "batch": batch,
        "form": form,
        "error": error,
        "now": moment(batch.due_at),
        "planned": moment(planned.due_at) if planned.due_at else "",
        "why": planned.reason,
        "changes": batch.due_changes.select_related("by"),
    }
    return TemplateResponse(request, "admin/errors/batch/due.html", context)
