"""Logging in: what is refused, how often, and that nobody learns which accounts exist."""

from datetime import timedelta

import pytest
import time_machine
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from apps.offices import secondfactor
from tests.cast import PASSWORD
from ydjy.desk.throttle import Attempt
from ydjy.signin import TOO_OFTEN

pytestmark = pytest.mark.django_db
INVALID = "用户名或密码不对"


def sign_in(username: str, password: str = PASSWORD, code: str = "", address="10.0.0.1"):
    form = {"username": username, "password": password, "code": code}
    return Client().post(reverse("admin:login"), form, REMOTE_ADDR=address)


def text(answer) -> str:
    return answer.content.decode()


def test_the_right_password_opens_the_desk(cast):
    assert sign_in("yixian").status_code == 302


def test_a_wrong_password_and_an_unknown_name_are_told_the_same(cast):
    assert INVALID in text(sign_in("yixian", "wrong"))
    assert INVALID in text(sign_in("nobody-here", "wrong"))


def test_after_five_wrong_tries_the_right_password_waits_too(cast):
    for _ in range(5):
        sign_in("yixian", "wrong")

    assert TOO_OFTEN in text(sign_in("yixian"))
    assert sign_in("yixian", address="10.0.0.2").status_code == 302, "another desk is not locked"
    assert sign_in("heishan").status_code == 302, "nor is another account at the same one"


def test_four_wrong_tries_do_not_lock_and_a_success_forgets_them(cast):
    for _ in range(4):
        sign_in("yixian", "wrong")
    assert sign_in("yixian").status_code == 302
    for _ in range(4):
        sign_in("yixian", "wrong")

    assert sign_in("yixian").status_code == 302


def test_a_quarter_of_an_hour_later_one_may_try_again(cast):
    with time_machine.travel("2026-11-19 09:00+08:00", tick=False) as clock:
        for _ in range(5):
            sign_in("yixian", "wrong")
        assert TOO_OFTEN in text(sign_in("yixian"))
        clock.shift(timedelta(minutes=15, seconds=1))
        assert sign_in("yixian").status_code == 302


def test_one_address_that_tries_many_accounts_is_stopped(cast):
    for number in range(20):
        sign_in(f"guess{number}", "wrong")

    assert TOO_OFTEN in text(sign_in("yixian"))


def test_the_count_names_nobody(cast):
    sign_in("yixian", "wrong")

    assert not any("yixian" in row.key for row in Attempt.objects.all())


def test_a_one_time_password_ends_after_a_day(cast):
    cast.yixian.give_password("Einmal-Passwort-1", timezone.now() - timedelta(hours=25))
    cast.yixian.save()

    assert "一次性密码已经过期" in text(sign_in("yixian", "Einmal-Passwort-1"))


def code_of(secret: str) -> str:
    import base64

    totp = TOTP(base64.b32decode(secret), 6, SHA1(), 30)
    return totp.generate(int(timezone.now().timestamp())).decode()


def test_a_person_with_a_second_factor_needs_its_code_and_each_code_only_once(cast):
    with time_machine.travel("2026-11-19 09:00+08:00", tick=False) as clock:
        secret = secondfactor.new_secret()
        assert cast.yixian.set_second_factor(secret, code_of(secret))
        assert "动态码不对" in text(sign_in("yixian"))
        assert "动态码不对" in text(sign_in("yixian", code=code_of(secret))), "used to set it up"
        clock.shift(timedelta(seconds=30))
        assert sign_in("yixian", code=code_of(secret)).status_code == 302
        assert "动态码不对" in text(sign_in("yixian", code=code_of(secret)))


def test_a_wrong_code_counts_like_a_wrong_password(cast):
    secret = secondfactor.new_secret()
    cast.yixian.set_second_factor(secret, code_of(secret))
    for _ in range(5):
        sign_in("yixian", code="000000")

    assert TOO_OFTEN in text(sign_in("yixian", code=code_of(secret)))


def test_off_loopback_nobody_works_before_a_second_factor_is_set_up(cast, client_of, settings):
    browser = client_of(cast.yixian)
    assert browser.get(reverse("admin:index")).status_code == 200

    settings.LOOPBACK_ONLY = False
    answer = browser.get(reverse("admin:index"))
    assert (answer.status_code, answer.url) == (302, reverse("admin:second_factor"))
    before = dict(browser.session)
    page = browser.get(answer.url)
    secret = page.context["secret"].replace(" ", "")
    assert dict(browser.session) == before, "nothing of the secret lies in the session"
    assert page.status_code == 200
    wrong = browser.post(answer.url, {"code": "12345"})
    assert "不对" in text(wrong)
    right = browser.post(answer.url, {"code": code_of(secret)})
    assert right.url == reverse("admin:index")
    assert browser.get(right.url).status_code == 200


@pytest.mark.parametrize("code", ["", "12345", "１２３４５６", "abcdef", "1234567"])
def test_what_is_no_code_is_no_code(code):
    assert secondfactor.used_step(secondfactor.new_secret(), code, 1e9, 0) is None
