"""Logging in: limits before the password is hashed, one-time passwords that end, a second factor.

The same sentence and the same work whether the account exists or not. Five wrong tries hold up the
pair of account and desk for a quarter of an hour, and nobody else's. An account that is tried from
many places is slowed for places it was never used from; its owner's own desk, known by a cookie
that the last success left there, goes on as if nothing were.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from django import forms
from django.conf import settings
from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone

from apps.offices.models import Staff
from ydjy.desk.caller import caller_of
from ydjy.desk.crypto.fields import blind_index
from ydjy.desk.models.attempt import Attempt, Bucket

TOO_OFTEN = "试的次数太多了，请过一会儿再试。忘了密码，请找管理人员重设。"
SLOWED = (
    "这个账号这一天有人试错很多次，在没有用过它的电脑上 20 秒只能试一次。"
    "请过 20 秒再登录，设过动态码的一起填上；在平时用的电脑上登录不受影响。"
)
UNDER_ATTACK, SLOW_SECONDS = 50, 20
KNOWN_DAYS, KNOWN_MOST = 90, 12  # accounts of one desk
# A password check costs a third of a second of one core: a flood of them must not stop the desk.
_HASHING = threading.BoundedSemaphore(2)


# What is counted -------------------------------------------------------------------------------


def buckets(username: str, address: str, desk: str = "") -> tuple[Bucket, ...]:
    """Account from this desk or address, which a success forgets; address; account.

    ``desk`` names a computer on which this account was used before: it stands for itself, whatever
    else comes from its address."""
    account = username.strip().lower()[:150]
    pair = Bucket(f"login:{account}@{desk or address}", 5, 15 * 60)
    if desk:
        return (pair,)
    everybody_there = (Bucket(f"login:@{address}", 20, 3600),) if address else ()
    return (pair, *everybody_there)


def count_try(limits: tuple[Bucket, ...], username: str, *, known: bool) -> tuple[Bucket, ...]:
    """Counts one try before it is made; gives back what was counted, or refuses the try."""
    now, account = timezone.now(), username.strip().lower()[:150]
    if Attempt.objects.take(limits, now):
        raise ValidationError(TOO_OFTEN, code="too_often")
    in_all = Bucket(f"login:{account}", UNDER_ATTACK, 24 * 3600)
    if Attempt.objects.take([in_all], now) is None:
        return (*limits, in_all)
    slow = Bucket(f"login:slow:{account}", 1, SLOW_SECONDS)
    if not known and Attempt.objects.take([slow], now):
        Attempt.objects.give_back(limits)
        raise ValidationError(SLOWED, code="slowed")
    return limits


def prove_again(person: Staff, password: str, code: str | None = None) -> None:
    """Whoever sits at an open page proves to be its owner before what guards the account changes;
    refused with ``ValidationError``. Counted as at the door: a page left open is no licence.
    ``code``: the present one of who has a second factor; ``None`` does not ask for it."""
    limit = Bucket(f"own:{person.pk}", 5, 15 * 60)
    if Attempt.objects.take([limit], timezone.now()):
        raise ValidationError("试的次数太多了，请过一刻钟再试。", code="too_often")
    with _one_of_two():
        if not person.check_password(password):
            raise ValidationError("现在的密码不对。请检查大小写后再试。", code="password_incorrect")
    if code is not None and person.has_second_factor and not person.use_code(code):
        raise ValidationError(
            "现在的动态码不对或已经用过。请填手机上这时显示的 6 位数字。", code="invalid_code"
        )
    Attempt.objects.forget(limit)


@contextmanager
def _one_of_two() -> Iterator[None]:
    if not _HASHING.acquire(timeout=5):
        raise ValidationError("正在登录的人太多，请过几秒再试。", code="busy")
    try:
        yield
    finally:
        _HASHING.release()


# The desk that is known ------------------------------------------------------------------------


def _mark(person: Staff) -> str:
    """What a desk keeps of an account: nobody can make it up, and a new password ends it."""
    return blind_index("signin.desk", f"{person.pk}:{person.password}")


def known_desk(request: HttpRequest | None, username: str) -> str:
    """The mark that this browser has of the account; '' where it was never used here."""
    marks = _marks(request) if request else []
    person = Staff.objects.filter(username=username.strip()).first() if marks else None
    mark = _mark(person) if person else ""
    return mark if mark in marks else ""


def remember_desk(request: HttpRequest, response: HttpResponse) -> None:
    """After a success: this browser is one of the account's own from now on."""
    mark = _mark(request.user)  # type: ignore[arg-type]
    marks = [mark, *(other for other in _marks(request) if other != mark)][:KNOWN_MOST]
    response.set_cookie(
        settings.KNOWN_DESK_COOKIE_NAME,
        ".".join(marks),
        max_age=KNOWN_DAYS * 24 * 3600,
        secure=not settings.LOOPBACK_ONLY,
        httponly=True,
        samesite="Strict",
    )


def _marks(request: HttpRequest) -> list[str]:
    return request.COOKIES.get(settings.KNOWN_DESK_COOKIE_NAME, "")[:600].split(".")


# The door --------------------------------------------------------------------------------------


class SigninForm(AdminAuthenticationForm):
    """User name, password, and the six digits for those who have set them up."""

    code = forms.CharField(label="动态码", required=False, max_length=10)
    error_messages = {
        **AdminAuthenticationForm.error_messages,
        "invalid_login": "用户名或密码不对，或这个账号不能登录。请检查大小写后再试。",
    }

    def clean(self) -> dict[str, Any]:
        username = self.cleaned_data.get("username") or ""
        desk = known_desk(self.request, username)
        address = caller_of(self.request) if self.request else ""
        limits = buckets(username, address, desk)
        counted = count_try(limits, username, known=bool(desk))
        try:
            with _one_of_two():
                cleaned = super().clean()
            self._check_more(self.get_user())
        except ValidationError as wrong:
            if wrong.code == "busy":
                Attempt.objects.give_back(counted)
            raise
        Attempt.objects.give_back(counted[1:])
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


def log_in_again(request: HttpRequest) -> HttpResponse:
    """The session is over while something is sent: back to the page that sent it, once logged in.

    The address of a step takes nothing but what is sent to it; the page it stands on is where the
    browser puts back what was typed."""
    page = urlsplit(request.headers.get("referer", ""))
    here = page.netloc == request.get_host() and page.path.startswith(reverse("admin:index"))
    wanted = urlunsplit(("", "", page.path, page.query, "")) if here else reverse("admin:index")
    return redirect_to_login(wanted, reverse("admin:login"))
