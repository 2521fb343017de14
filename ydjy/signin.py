"""Logging in: limits before the password is hashed, one-time passwords that end, a second factor.

The same sentence and the same work whether the account exists or not; five wrong tries lock the
pair of account and address for a quarter of an hour, and nobody else's.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django import forms
from django.conf import settings
from django.contrib.admin.forms import AdminAuthenticationForm
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone

from apps.offices import secondfactor
from apps.offices.models import Staff
from ydjy.desk.throttle import Attempt, Bucket

TOO_OFTEN = "试的次数太多了，请过一会儿再试。忘了密码，请找管理人员重设。"
# A password check costs a third of a second of one core: a flood of them must not stop the desk.
_HASHING = threading.BoundedSemaphore(2)


def buckets(username: str, address: str) -> tuple[Bucket, ...]:
    """Account from this address, address, account; the first is forgotten by a success."""
    account = username.strip().lower()[:150]
    return (
        Bucket(f"login:{account}@{address}", 5, 15 * 60),
        Bucket(f"login:@{address}", 20, 3600),
        Bucket(f"login:{account}", 50, 24 * 3600),
    )


@contextmanager
def _one_of_two() -> Iterator[None]:
    if not _HASHING.acquire(timeout=5):
        raise ValidationError("正在登录的人太多，请过几秒再试。", code="busy")
    try:
        yield
    finally:
        _HASHING.release()


class SigninForm(AdminAuthenticationForm):
    """User name, password, and the six digits for those who have set them up."""

    code = forms.CharField(label="动态码", required=False, max_length=10)
    error_messages = {
        **AdminAuthenticationForm.error_messages,
        "invalid_login": "用户名或密码不对，或这个账号不能登录。请检查大小写后再试。",
    }

    def clean(self) -> dict[str, Any]:
        now = timezone.now()
        address = self.request.META.get("REMOTE_ADDR", "") if self.request else ""
        limits = buckets(self.cleaned_data.get("username") or "", address)
        if Attempt.objects.full(limits, now):
            raise ValidationError(TOO_OFTEN, code="too_often")
        try:
            with _one_of_two():
                cleaned = super().clean()
            self._check_more(self.get_user())
        except ValidationError as wrong:
            if wrong.code != "busy":
                Attempt.objects.add(limits, now)
            raise
        Attempt.objects.forget(limits[0])
        return cleaned

    def _check_more(self, person: Staff | None) -> None:
        if person is None:
            return
        until = person.password_until
        if until and timezone.now() > until:
            raise ValidationError("一次性密码已经过期，请找管理人员重设。", code="expired")
        if not person.has_second_factor:
            return
        if not person.use_code(self.cleaned_data.get("code") or ""):
            raise ValidationError(
                "动态码不对或已经用过。请填手机上现在显示的 6 位数字。", code="invalid_code"
            )


def must_set_up(person: Any) -> bool:
    """Off loopback nobody works without a second factor."""
    return not settings.LOOPBACK_ONLY and not getattr(person, "has_second_factor", True)


def set_up_page(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    """Shows a new secret to type into an authenticator app, and takes the first code of it."""
    secret = request.session.get("new_second_factor") or secondfactor.new_secret()
    request.session["new_second_factor"] = secret
    error = ""
    if request.method == "POST":
        if request.user.set_second_factor(secret, request.POST.get("code", "")):  # type: ignore[union-attr]
            del request.session["new_second_factor"]
            return redirect("admin:index")
        error = "这 6 位数字不对。请核对密钥是否抄对，手机时间是否准确。"
    groups = " ".join(secret[i : i + 4] for i in range(0, len(secret), 4))
    return TemplateResponse(
        request,
        "registration/second_factor.html",
        context | {"title": "设置动态码", "secret": groups, "error": error},
    )
