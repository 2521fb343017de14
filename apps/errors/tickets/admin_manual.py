"""登记报错: the form for what came by telephone, from a work group, or on paper."""

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone

from apps.errors.intake import receive as intake_receive
from apps.errors.models import Ticket
from apps.errors.tickets import manual
from ydjy.desk.admin.modeladmin import admin_verb
from ydjy.desk.exceptions import Refused
from ydjy.desk.free_text import NoNumbers
from ydjy.desk.imports.kinds import ACCEPTED

_ASKED = {
    "reported_on": "报错日期",
    "name": "姓名",
    "cert_no": "证件号码",
    "insured_place": "参保地",
    "care_place": "就医地",
    "inst_name": "医疗机构",
    "err_code": "报错代码",
    "err_msg": "报错信息",
    "contact": "联系人",
    "phone": "联系电话",
}
_NEEDED = {"reported_on", "name", "cert_no", "insured_place", "inst_name", "err_msg"}


class ManualForm(NoNumbers, forms.Form):
    """The cells of one line, read by the same rules as the province's list."""

    source = forms.ChoiceField(
        label="来源",
        choices=[("", "请选择"), *[c for c in Ticket.Source.choices if c[0] != "province"]],
        error_messages={"required": "请选择来源。"},
    )

    def __init__(self, data: Any = None):
        super().__init__(data, label_suffix="")
        for key, label in _ASKED.items():
            field = forms.CharField(label=label, required=key in _NEEDED, max_length=500)
            field.error_messages["required"] = f"请填写{label}。"
            self.fields[key] = field
        self.fields["reported_on"].initial = timezone.localdate().isoformat()
        self.values: dict[str, Any] = {}

    def clean(self) -> dict[str, Any]:
        super().clean()
        cells = {key: self.cleaned_data.get(key, "") for key in _ASKED}
        values, doubts = intake_receive.list_kind().judge(cells)
        for key, words in {**doubts.bad, **doubts.unsure}.items():
            if key in self.fields and key not in self.errors:
                self.add_error(key, f"{_ASKED[key]}{words}。")
        self.values = values
        if not self.errors and doubts.status != ACCEPTED:
            raise forms.ValidationError("有的内容认不出来，请核对后再登记。")
        return self.cleaned_data


@admin_verb("errors.work_ticket", methods=("GET", "POST"), row=False)
def report(self: Any, request: HttpRequest) -> HttpResponse:
    """The form; what is typed stays when something is missing."""
    form = ManualForm(request.POST or None)
    error = ""
    if request.method == "POST" and form.is_valid():
        try:
            ticket = manual.report(form.values, source=form.cleaned_data["source"], by=request.user)
        except Refused as refused:
            error = str(refused)
        else:
            return redirect("admin:errors_ticket_change", ticket.pk)
    context = self.admin_site.each_context(request) | {
        "title": "登记报错",
        "opts": self.opts,
        "form": form,
        "error": error,
    }
    return TemplateResponse(request, "admin/errors/ticket/report.html", context)
