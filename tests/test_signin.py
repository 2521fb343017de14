"""Logging in: what is refused, how often, and that nobody learns which accounts exist."""

from datetime import timedelta

import pytest
import time_machine
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from django.conf import settings
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from apps.offices import totp as offices_totp
from apps.offices.models import Staff
from tests.cast import PASSWORD
from ydjy.desk import sessions
from ydjy.desk.caller import caller_of
from ydjy.desk.models.attempt import Attempt
from ydjy.staff_site.login import SLOWED, TOO_OFTEN, known_desk

pytestmark = pytest.mark.django_db
INVALID = "用户名或密码不对"
DOOR = "/admin/login/"


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


def test_an_account_tried_from_everywhere_is_slowed_and_never_locked_at_its_own_desk(cast):
    own = Client()
    form = {"username": "yixian", "password": PASSWORD}
    with time_machine.travel("2026-11-19 09:00+08:00", tick=False) as clock:
        assert own.post(DOOR, form, REMOTE_ADDR="10.9.9.9").status_code == 302
        own.cookies.pop(settings.SESSION_COOKIE_NAME)
        for n in range(60):
            sign_in("yixian", "wrong", address=f"10.1.{n}.1")
        assert SLOWED in text(sign_in("yixian", address="10.2.0.1")), "the attacker has the turn"
        assert own.post(DOOR, form, REMOTE_ADDR="10.1.1.1").status_code == 302
        assert sign_in("heishan", address="10.2.0.1").status_code == 302
        clock.shift(timedelta(seconds=21))
        assert sign_in("yixian", address="10.2.0.1").status_code == 302, "slowed, not locked"
        clock.shift(timedelta(days=1))
        sign_in("yixian", "wrong", address="10.1.3.1")
        assert sign_in("yixian", address="10.2.0.2").status_code == 302


def test_the_mark_of_a_known_desk_cannot_be_made_up_and_ends_with_the_password(cast, rf):
    answer = sign_in("yixian")
    mark = answer.cookies[settings.KNOWN_DESK_COOKIE_NAME]
    assert mark["httponly"] and mark["samesite"] == "Strict"
    asks = rf.post(DOOR, headers={"cookie": f"{settings.KNOWN_DESK_COOKIE_NAME}={mark.value}"})
    assert known_desk(asks, "yixian")
    assert not known_desk(asks, "heishan")
    cast.yixian.set_password("Another-Horse-9")
    cast.yixian.save()
    assert not known_desk(asks, "yixian")
    forged = rf.post(DOOR, headers={"cookie": f"{settings.KNOWN_DESK_COOKIE_NAME}={'0' * 32}."})
    assert not known_desk(forged, "yixian")
    assert not known_desk(forged, "no-such-person")


def test_twenty_strangers_behind_the_proxy_do_not_lock_out_the_bureau(cast, settings):
    settings.PROXIES = ["127.0.0.1"]

    def through(username: str, password: str, caller: str):
        form = {"username": username, "password": password}
        said = {"x-forwarded-for": f"9.9.9.9, {caller}"}
        return Client().post(DOOR, form, REMOTE_ADDR="127.0.0.1", headers=said)

    for number in range(25):
        through(f"nobody{number}", "wrong", "198.51.100.7")
    assert TOO_OFTEN in text(through("heishan", PASSWORD, "198.51.100.7"))
    assert through("yixian", PASSWORD, "198.51.100.8").status_code == 302


@pytest.mark.parametrize(
    ("proxies", "peer", "told", "caller"),
    [
        ([], "203.0.113.5", "1.2.3.4", "203.0.113.5"),
        ([], "127.0.0.1", "1.2.3.4", ""),
        (["127.0.0.1"], "127.0.0.1", "1.2.3.4, 198.51.100.7", "198.51.100.7"),
        (["127.0.0.1"], "203.0.113.5", "1.2.3.4", "203.0.113.5"),
        (["10.0.0.0/8"], "10.0.0.2", "6.6.6.6, 198.51.100.7, 10.0.0.9", "198.51.100.7"),
        (["127.0.0.1"], "127.0.0.1", "nonsense", ""),
        (["127.0.0.1"], "127.0.0.1", "", ""),
        (["127.0.0.1"], "127.0.0.1", "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        (["127.0.0.1"], "127.0.0.1", "[2001:db8:1:2::9]:443", "2001:db8:1:2::/64"),
        (["127.0.0.1"], "127.0.0.1", "198.51.100.7:5060", "198.51.100.7"),
        (["127.0.0.1"], "::ffff:127.0.0.1", "::ffff:198.51.100.7", "198.51.100.7"),
    ],
)
def test_the_callers_address_is_the_proxys_word_only_where_the_proxy_is_named(
    rf, settings, proxies, peer, told, caller
):
    settings.PROXIES = proxies
    request = rf.get("/", REMOTE_ADDR=peer, headers={"x-forwarded-for": told})
    assert caller_of(request) == caller


def test_a_look_at_the_log_in_page_stores_nothing_and_its_token_is_a_cookie_of_its_own(cast):
    answer = Client().get(DOOR)
    assert Session.objects.count() == 0
    token = answer.cookies[settings.CSRF_COOKIE_NAME]
    assert token["httponly"] and token["samesite"] == "Strict"
    assert settings.SESSION_COOKIE_NAME not in answer.cookies
    strict = Client(enforce_csrf_checks=True)
    form = {"username": "yixian", "password": PASSWORD}
    refused = strict.post(DOOR, form)
    assert refused.status_code == 403
    assert "回到刚才那一页" in text(refused)
    page = strict.get(DOOR)
    form["csrfmiddlewaretoken"] = page.context["csrf_token"]
    assert strict.post(DOOR, form).status_code == 302


def test_sessions_that_are_over_are_swept_and_old_tries_too(cast, client_of):
    with time_machine.travel("2026-11-19 09:00+08:00", tick=False) as clock:
        browser = client_of(cast.yixian)
        browser.get(reverse("admin:index"))
        sign_in("heishan", "wrong")
        sessions.sweep(timezone.now())
        assert (Session.objects.count(), Attempt.objects.count() > 0) == (1, True)
        clock.shift(timedelta(minutes=32))
        sessions.sweep(timezone.now())
        assert Session.objects.count() == 0
        clock.shift(timedelta(days=3))
        sessions.sweep(timezone.now())
        assert Attempt.objects.count() == 0


@pytest.mark.parametrize(("wait", "status"), [(29, 200), (31, 302)])
def test_half_an_hour_without_a_page_ends_a_session(cast, client_of, wait, status):
    with time_machine.travel("2026-11-19 09:00+08:00", tick=False) as clock:
        browser = client_of(cast.yixian)
        browser.get(reverse("admin:index"))
        clock.shift(timedelta(minutes=wait))
        assert browser.get(reverse("admin:index")).status_code == status


def test_staying_is_a_post_that_does_nothing_else(cast, client_of):
    with time_machine.travel("2026-11-19 09:00+08:00", tick=False) as clock:
        browser = client_of(cast.yixian)
        browser.get(reverse("admin:index"))
        for _ in range(17):
            clock.shift(timedelta(minutes=29))
            assert browser.post(reverse("admin:stay")).json()["left"] > 0
        clock.shift(timedelta(minutes=29))
        browser.post(reverse("admin:stay"))
        clock.shift(timedelta(minutes=29))
        assert browser.post(reverse("admin:stay")).status_code == 302, "nine hours are nine hours"


def test_what_is_sent_after_the_end_leads_back_to_the_page_that_sent_it(cast):
    here = "http://testserver/admin/filings/filing/7/change/?x=1"
    for referer, wanted in ((here, "/admin/filings/filing/7/change/%3Fx%3D1"), ("", "/admin/")):
        where = reverse("admin:filings_filing_withdraw", args=[7])
        answer = Client().post(where, headers={"referer": referer})
        assert (answer.status_code, answer.url) == (302, f"{DOOR}?next={wanted}")
    stranger = Client().post(where, headers={"referer": "http://evil.example/admin/x/"})
    assert stranger.url == f"{DOOR}?next=/admin/"


def change_password(browser: Client, old: str, new: str):
    form = {"old_password": old, "new_password1": new, "new_password2": new}
    return browser.post(reverse("admin:password_change"), form)


def test_a_one_time_password_cannot_be_kept(cast, client_of):
    once = "Einmal-Passwort-1"
    cast.yixian.give_password(once, timezone.now())
    cast.yixian.save()
    browser = client_of(cast.yixian)
    assert "新密码不能和现在的一样" in text(change_password(browser, once, once))
    assert browser.get(reverse("admin:index")).url == reverse("admin:password_change")
    page = reverse("admin:offices_staff_change", args=[cast.yixian.pk])
    keeper = client_of(cast.operator)
    form = {"username": "yixian", "name": "王芳", "role": "clerk", "is_active": "on"}
    said = text(keeper.post(page, form | {"office": cast.office["yixian"].pk, "phone": ""}))
    assert "要由本人换掉" in said
    assert change_password(browser, once, "Neues-Passwort-22").status_code == 302
    assert browser.get(reverse("admin:index")).status_code == 200


def test_a_page_left_open_is_no_licence_to_guess_the_password(cast, client_of):
    browser = client_of(cast.yixian)
    for _ in range(5):
        assert "现在的密码不对" in text(change_password(browser, "wrong", "Neues-Passwort-22"))
    assert "试的次数太多了" in text(change_password(browser, PASSWORD, "Neues-Passwort-22"))


def test_replacing_a_second_factor_asks_for_password_and_old_code(cast, client_of):
    page = reverse("admin:second_factor")
    with time_machine.travel("2026-11-19 09:00+08:00", tick=False) as clock:
        old = offices_totp.new_secret()
        assert cast.yixian.set_second_factor(old, code_of(old))
        clock.shift(timedelta(minutes=1))
        browser = client_of(cast.yixian)
        new = browser.get(page).context["secret"].replace(" ", "")
        assert new != old
        good = {"password": PASSWORD, "old_code": code_of(old), "code": code_of(new)}
        for missing in ("password", "old_code", "code"):
            wrong = good | {missing: "000000"}
            assert browser.post(page, wrong).status_code == 200, missing
            assert browser.post(page, good | {missing: ""}).status_code == 200, missing
        assert Staff.objects.get(username="yixian").second_factor == old
        assert browser.post(page, good).status_code == 302
        assert Staff.objects.get(username="yixian").second_factor == new


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
        secret = offices_totp.new_secret()
        assert cast.yixian.set_second_factor(secret, code_of(secret))
        assert "动态码不对" in text(sign_in("yixian"))
        assert "动态码不对" in text(sign_in("yixian", code=code_of(secret))), "used to set it up"
        clock.shift(timedelta(seconds=30))
        assert sign_in("yixian", code=code_of(secret)).status_code == 302
        assert "动态码不对" in text(sign_in("yixian", code=code_of(secret)))


def test_a_wrong_code_counts_like_a_wrong_password(cast):
    secret = offices_totp.new_secret()
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
    assert offices_totp.used_step(offices_totp.new_secret(), code, 1e9, 0) is None
