"""Forms whose sealed values are typed and not shown: a filing's draft, a 转入."""

from typing import Any

from django import forms

from ydjy.desk.admin.modeladmin import DeskForm, masked
from ydjy.lib import divisions, idnumbers


class SealedForm(DeskForm):
    """Sealed values are typed in and never shown again: left blank, a stored one stays."""

    sealed: dict[str, str] = {}

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        for name in self.sealed:
            self.initial.pop(name, None)
            if name in self.fields and self.instance.pk and (kept := getattr(self.instance, name)):
                self.fields[name].help_text = f"已填 {masked(kept)}，不改就空着"
        if "cert_no" in self.fields:
            self.fields["cert_no"].required = not self.instance.pk
        for field in self.fields.values():
            field.widget.attrs.setdefault("autocomplete", "off")

    def clean_cert_no(self) -> str:
        typed, kind = self.cleaned_data["cert_no"], self.cleaned_data.get("cert_type", "")
        if not typed:
            return ""
        try:
            return idnumbers.parse_document(kind, typed).number
        except idnumbers.IdNumberError as wrong:
            raise forms.ValidationError(str(wrong)) from wrong

    def clean(self) -> Any:
        """A number that stays is read again as the kind of document that is chosen now."""
        cleaned = super().clean()
        kept = getattr(self.instance, "cert_no", None) if self.instance.pk else None
        if kept and "cert_type" in self.changed_data and not cleaned.get("cert_no"):
            try:
                idnumbers.parse_document(cleaned.get("cert_type", ""), kept.reveal())
            except idnumbers.IdNumberError as wrong:
                self.add_error("cert_no", f"{wrong}证件类型改了，请把号码也重填一遍。")
        return cleaned

    def _post_clean(self) -> None:
        """What is typed is in the row before its constraints are judged."""
        if not self.errors:
            for name in self.sealed:
                if typed := self.cleaned_data.get(name):
                    setattr(self.instance, name, typed)
        super()._post_clean()


class FilingForm(SealedForm):
    """The columns of a filing that the plain form takes."""

    sealed = {
        "cert_no": "证件号码", "psn_no": "人员编号", "phone": "联系电话", "residence": "居外地址",
    }  # fmt: skip
    cert_no = forms.CharField(label="证件号码", max_length=40, required=False)
    psn_no = forms.CharField(label="人员编号", max_length=30, required=False)
    phone = forms.CharField(label="联系电话", max_length=30, required=False)
    residence = forms.CharField(label="居外地址", max_length=120, required=False)

    def clean_destination(self) -> str:
        try:
            return divisions.filing_level(self.cleaned_data["destination"]).code
        except ValueError as wrong:
            raise forms.ValidationError(str(wrong)) from wrong
