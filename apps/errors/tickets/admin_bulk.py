"""Many tickets at once: what is chosen, how many would change, and then the change."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse

from apps.errors.models import BulkAction, CauseCode, Ticket
from apps.errors.models.transitions import RESULT_LIMIT
from apps.errors.tickets import bulk
from apps.errors.tickets.forms import colleagues, one_line_end
from apps.offices.models import Staff
from ydjy.desk.admin.modeladmin import admin_verb
from ydjy.desk.exceptions import Refused
from ydjy.desk.free_text import NoNumbers
from ydjy.lib.whole_numbers import whole_number

LABELS = {
    "answer": "写结果",
    "cause": "写原因",
    "postpone": "写未办结（转下周）",
    "assign": "分派",
    "take": "领办",
    "diagnose": "重新判断",
}
UNCHANGED = f"刚才有人办过，或者换成自己的机构、姓名以后超过 {RESULT_LIMIT} 个字"


class BulkForm(NoNumbers, forms.Form):
    """What is done to all of them; which fields count depends on ``verb``."""

    verb = forms.ChoiceField(label="怎么办", choices=[("", "请选择"), *LABELS.items()])
    to = forms.ModelChoiceField(
        Staff.objects.none(), label="分派给", required=False, empty_label="请选择"
    )
    cause = forms.ModelChoiceField(
        CauseCode.objects.filter(active=True), label="原因", required=False, empty_label="请选择"
    )
    result = forms.CharField(
        label="返回给省里的处理结果",
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "data-limit": RESULT_LIMIT}),
        help_text="可以写 {姓名} {机构} {日期} {就医地}，会换成每一条自己的。",
    )
    reason = forms.CharField(label="没有办结的原因", required=False, max_length=120)
    expected_on = forms.DateField(
        label="预计哪天办结",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"invalid": "日期认不出来，请写成 2026-11-27 的样子。"},
    )

    def __init__(self, staff: Any, data: QueryDict | None = None):
        super().__init__(data, label_suffix="")
        verbs = dict(LABELS)
        if staff.has_perm("errors.assign_ticket"):
            self.fields["to"].queryset = colleagues(staff)  # type: ignore[attr-defined]
        else:
            del self.fields["to"], verbs["assign"]
        self.fields["verb"].choices = [("", "请选择"), *verbs.items()]  # type: ignore[attr-defined]

    @property
    def params(self) -> dict[str, Any]:
        data = self.cleaned_data
        verb = data["verb"]
        if verb == "assign":
            return {"to": data["to"].pk if data["to"] else None}
        if verb == "answer":
            return {
                "cause": data["cause"].pk if data["cause"] else None,
                "result": one_line_end(data["result"]),
            }
        if verb == "cause":
            return {"cause": data["cause"].pk if data["cause"] else None}
        if verb == "postpone":
            day = data["expected_on"]
            return {"reason": data["reason"], "expected_on": day.isoformat() if day else ""}
        return {}


@admin_verb("errors.work_ticket", methods=("POST",), row=False, path="bulk/")
def bulk_page(self: Any, request: HttpRequest) -> HttpResponse:
    """From the list: the ticked ones or all that match its filters; counted, then confirmed."""
    tickets, keys, query = _chosen(self, request)
    asked = not {"confirm", "count", "verb"}.isdisjoint(request.POST)
    form = BulkForm(request.user, request.POST if asked else None)
    seen, error = None, ""
    if asked and form.is_valid():
        verb = form.cleaned_data["verb"]
        try:
            if "confirm" in request.POST:
                return _done(request, bulk.begin(tickets, verb, by=request.user, **form.params))
            seen = bulk.preview(tickets, verb, by=request.user, **form.params)
        except Refused as refused:
            error = str(refused)
    context = self.admin_site.each_context(request) | {
        "title": "批量办理",
        "opts": self.opts,
        "form": form,
        "count": tickets.count(),
        "sample": list(tickets.order_by("number").values_list("number", flat=True)[:10]),
        "keys": keys,
        "query": query,
        "seen": seen,
        "error": error,
    }
    return TemplateResponse(request, "admin/errors/ticket/bulk.html", context)


def _chosen(self: Any, request: HttpRequest) -> tuple[Any, list[str], str]:
    """(tickets, their keys when ticked, the list's own query when all of it is meant)."""
    query = request.POST.get("query", "")
    if "all" in request.POST:
        narrowed = self.narrowed(request, query)
        return narrowed, [], query
    ticked = request.POST.getlist("_selected_action")[:500]
    keys = [key for key in ticked if whole_number(key) is not None]
    return Ticket.objects.visible_to(request.user).filter(pk__in=keys), keys, query


def _done(request: HttpRequest, action: BulkAction) -> HttpResponse:
    if action.state == BulkAction.State.DONE:
        messages.success(
            request, f"已{LABELS[action.verb]} {action.changed} 条，批量编号 {action.pk}。"
        )
        if left := len(action.keys) - action.changed:
            messages.warning(request, f"另外 {left} 条没有改：{UNCHANGED}。")
        return redirect("admin:errors_ticket_changelist")
    return redirect(reverse("admin:errors_ticket_bulk_state", args=[action.pk]))


@admin_verb("errors.work_ticket", methods=("GET",), row=False, path="bulk/<int:action>/")
def bulk_state(self: Any, request: HttpRequest, action: int) -> HttpResponse:
    """How far a large one is; the page asks again every three seconds by itself."""
    row = BulkAction.objects.filter(pk=action, by=request.user).first()
    if row is None:
        raise Http404
    context = self.admin_site.each_context(request) | {
        "title": "批量办理",
        "opts": self.opts,
        "action": row,
        "label": LABELS[row.verb],
        "total": len(row.keys),
        "left": len(row.keys) - row.changed,
        "unchanged": UNCHANGED,
        "done": row.state == BulkAction.State.DONE,
    }
    response = TemplateResponse(request, "admin/errors/ticket/bulk_state.html", context)
    if not context["done"]:
        response["Refresh"] = "3"
    return response
