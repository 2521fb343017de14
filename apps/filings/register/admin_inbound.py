"""The register of those who come here: list, registering, and the page of one (F9)."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest

from apps.filings.forms import SealedForm
from apps.filings.models.inbound import Inbound
from apps.filings.register.forms import DOCUMENTS
from ydjy.desk.admin.modeladmin import OfficeScopedAdmin
from ydjy.desk.admin.person_search import PersonSearchMixin


class InboundForm(SealedForm):
    """As it stands on the paper, or on the platform's screen."""

    sealed = {"cert_no": "证件号码", "phone": "联系电话"}
    cert_type = forms.ChoiceField(
        label="证件类型", choices=[("", "请选择"), *((d, d) for d in DOCUMENTS)]
    )
    cert_no = forms.CharField(label="证件号码", max_length=40, required=False)
    phone = forms.CharField(label="联系电话", max_length=30, required=False)


@admin.register(Inbound)
class InboundAdmin(PersonSearchMixin, OfficeScopedAdmin):
    about = "外地参保、到本市看病的人。备案由参保地办，有问题先问参保地经办机构。"
    form = InboundForm
    search_help_text = "平台登记号、姓名、姓名首字母或完整证件号码"
    list_display = ("who", "identity", "insured_name", "agency", "agency_phone", "period")
    list_filter = ("origin", "group", "office", "start_on")
    list_select_related = ("office",)
    readonly_fields = ("insured_name", "created_at", "created_by")
    fieldsets = (
        ("参保人", {"fields": ("cert_type", "cert_no", "name", "phone")}),
        (
            "参保地",
            {
                "fields": (
                    *("insured_area", "insured_name", "insutype"),
                    *("agency", "agency_phone", "agency_person"),
                )
            },
        ),
        (
            "转入",
            {"fields": ("number", "origin", "office", "group", "start_on", "end_on", "note")},
        ),
        ("登记", {"fields": ("created_at", "created_by")}),
    )
    shown = {"cert_no": "identity", "phone": "telephone"}

    def get_fieldsets(self, request: HttpRequest, obj: Inbound | None = None) -> Any:
        """Whoever may only look sees the number masked; what is typed is never shown again."""
        if obj is None:
            return self.fieldsets[:-1]
        if self.has_change_permission(request, obj):
            return self.fieldsets
        return [
            (title, {"fields": tuple(self.shown.get(name, name) for name in of["fields"])})
            for title, of in self.fieldsets
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: Inbound | None = None) -> Any:
        return (*self.readonly_fields, *self.shown.values())

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {"office": request.user.office_id}

    def save_model(self, request: HttpRequest, obj: Inbound, form: Any, change: bool) -> None:
        if not change:
            obj.created_by = request.user
        super().save_model(request, obj, form, change)

    @admin.display(description="姓名", ordering="name")
    def who(self, obj: Inbound) -> str:
        return obj.name

    @admin.display(description="联系电话")
    def telephone(self, obj: Inbound) -> str:
        return obj.phone.reveal() if obj.phone else "—"

    @admin.display(description="期限", ordering="start_on")
    def period(self, obj: Inbound) -> str:
        return f"{obj.start_on}至{obj.end_on}" if obj.end_on else f"{obj.start_on}起长期"
