"""One's own account: another password, a second factor. Each asks again who is sitting there."""

from typing import Any

from django import forms
from django.contrib.admin.forms import AdminPasswordChangeForm
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone

from apps.offices import totp
from apps.offices.models import Staff
from ydjy.staff_site.login import prove_again


class OwnPasswordForm(AdminPasswordChangeForm):
    """One's own new password; with it the duty to change it ends."""

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, label_suffix="", **kwargs)

    def clean_old_password(self) -> str:
        old: str = self.cleaned_data["old_password"]
        prove_again(self.user, old)
        return old

    def clean_new_password1(self) -> str:
        """Whoever gave a one-time password knows it: kept, it would be nobody's own."""
        new: str = self.cleaned_data["new_password1"]
        if new == self.cleaned_data.get("old_password"):
            raise ValidationError("新密码不能和现在的一样，请换一个只有你自己知道的。")
        return new

    def save(self, commit: bool = True) -> Any:
        self.user.must_change_password, self.user.password_until = False, None
        return super().save(commit)


class SecondFactorForm(forms.Form):
    """The first code of a new secret; to replace another, the password and a code of that one."""

    password = forms.CharField(
        label="密码",
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    old_code = forms.CharField(label="旧动态码现在显示的 6 位数字", max_length=10)
    code = forms.CharField(label="新动态码显示的 6 位数字", max_length=10)

    def __init__(self, person: Staff, secret: str, *args: Any, **kwargs: Any):
        super().__init__(*args, label_suffix="", **kwargs)
        self.person, self.secret = person, secret
        if not person.has_second_factor:
            del self.fields["password"], self.fields["old_code"]
            self.fields["code"].label = "手机上显示的 6 位数字"
        for field in self.fields.values():
            field.error_messages["required"] = f"请填写{field.label}。"
        for name in {"old_code", "code"} & set(self.fields):
            self.fields[name].widget.attrs |= {
                "inputmode": "numeric",
                "autocomplete": "one-time-code",
            }

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if self.errors:
            return data
        now = timezone.now().timestamp()
        if totp.used_step(self.secret, data["code"], now, 0) is None:
            self.add_error("code", "这 6 位数字不对。请核对密钥是否抄对，手机时间是否准确。")
        elif self.person.has_second_factor:
            prove_again(self.person, data["password"], data["old_code"])
        return data


def second_factor_page(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    """Shows a new secret to type into an authenticator app, and takes the first code of it."""
    person: Staff = request.user  # type: ignore[assignment]
    taken = f"{person.pk}:{person.second_factor_step}:{person.password}"
    secret = totp.secret_for(f"{request.session.session_key}:{taken}")
    form = SecondFactorForm(person, secret, request.POST or None)
    if form.is_valid() and person.set_second_factor(secret, form.cleaned_data["code"]):
        return redirect("admin:index")
    groups = " ".join(secret[i : i + 4] for i in range(0, len(secret), 4))
    return TemplateResponse(
        request,
        "registration/second_factor.html",
        context | {"title": "设置动态码", "secret": groups, "form": form},
    )
