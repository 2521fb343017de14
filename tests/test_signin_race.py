"""Seven tries in the same moment: each is counted before its password is hashed."""

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from tests import cast as casting
from tests.faults.racing import RACE, both
from ydjy.desk.models.attempt import Attempt, Bucket
from ydjy.staff_site.login import SigninForm

pytestmark = RACE


def test_no_more_tries_get_through_than_the_limit_however_many_come_at_once():
    three = Bucket("race", 3, 900)
    got = both(*[lambda: Attempt.objects.take([three], timezone.now())] * 7)
    assert [found for found in got if found is not None] == [three] * 4
    Attempt.objects.give_back([three])
    assert both(*[lambda: Attempt.objects.take([three], timezone.now())] * 4).count(None) == 1


def test_of_seven_wrong_log_ins_at_once_five_are_hashed(monkeypatch: pytest.MonkeyPatch):
    casting.hire()
    hashed: list[Any] = []
    wrong = SigninForm.get_invalid_login_error

    def count(form: SigninForm) -> Any:
        hashed.append(form)
        return wrong(form)

    monkeypatch.setattr(SigninForm, "get_invalid_login_error", count)

    def attempt() -> Any:
        form = {"username": "yixian", "password": "wrong"}
        return Client().post("/admin/login/", form, REMOTE_ADDR="10.0.0.1").status_code

    assert both(*[attempt] * 7) == [200] * 7
    assert len(hashed) == 5
