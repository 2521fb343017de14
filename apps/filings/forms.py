"""The form by which a clerk registers a filing or corrects its draft."""

from typing import Any

from django import forms

from apps.filings.models import Filing
from ydjy.desk.adminkit import VersionedForm, masked
from ydjy.lib import divisions, idnumbers

SEALED = {"cert_no": "证件号码", "psn_no": "人员编号", "phone": "联系电话", "residence": "居外地址"}


class FilingForm(VersionedForm):
    """Sealed values are typed in and never shown again: left blank, a stored one stays."""

    cert_no = forms.CharField(label="证件号码", max_length=40, required=False)
    psn_no = forms.CharField(label="人员编号", max_length=30, required=False)
    phone = forms.CharField(label="联系电话", max_length=30, required=False)
    residence = forms.CharField(label="居外地址", max_length=120, required=False)

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        for name in SEALED:
            self.initial.pop(name, None)
            if (stored := getattr(self.instance, name)) and self.instance.pk:
                self.fields[name].help_text = f"已填 {masked(stored)}，不改就空着"
        self.fields["cert_no"].required = not self.instance.pk
        for field in self.fields.values():
            field.widget.attrs.setdefault("autocomplete", "off")

    def clean_cert_no(self) -> str:
        typed = self.cleaned_data["cert_no"]
        if not typed:
            return ""
        try:
            return idnumbers.parse(typed).number
        except idnumbers.IdNumberError as wrong:
            raise forms.ValidationError(str(wrong)) from wrong

    def clean_destination(self) -> str:
        try:
            return divisions.filing_level(self.cleaned_data["destination"]).code
        except ValueError as wrong:
            raise forms.ValidationError(str(wrong)) from wrong

    def save(self, commit: bool = True) -> Filing:
        for name in SEALED:
            if typed := self.cleaned_data.get(name):
                setattr(self.instance, name, typed)
        return super().save(commit)
