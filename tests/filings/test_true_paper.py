"""What is printed of a filing says only what is so."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from apps.filings.models import Filing
from apps.filings.models.catalogue import Variant
from apps.filings.paper import printing
from apps.filings.paper.printing import Form
from apps.filings.rules import loader as rules_loader
from apps.institutions.models import Institution, Suspension
from apps.offices.models import PolicyDocument
from tests.cast import Cast
from tests.filings.test_register import page, referral, told
from ydjy.desk.crypto.fields import opened

pytestmark = pytest.mark.django_db
CARD, PERMIT = "1-social-card-insured", "2-residence-permit-insured"
DUE = timezone.localdate() + timedelta(9)
NOTE = "同时看“跨省急诊抢救”一条"


@pytest.fixture
def browser(policy: Cast, client_of: Any) -> Any:
    return client_of(policy.yixian)


def sheet(filing: Filing, form: Form, policy: Cast) -> str:
    return str(opened(printing.copy(filing, form, by=policy.yixian).contents)["sheet"])


@pytest.mark.parametrize("how", ["later", "original"])
@pytest.mark.parametrize("form", [Form.RECEIPT, Form.CHECKLIST])
def test_what_has_not_come_is_neither_received_nor_ticked(
    how: str, form: Form, jinzhou: Any, policy: Cast
):
    Variant.objects.filter(code="long-term-resident").update(note=NOTE)
    filing = jinzhou(handed={CARD: how, PERMIT: how}, lacking_due_on=DUE)
    filing.submit(by=policy.yixian)
    text = sheet(filing, form, policy)
    came = how == "original"
    assert "不用材料" not in text
    assert NOTE not in text
    assert (f"请在 {DUE.year}年{DUE.month}月{DUE.day}日 前补齐" in text) is not came
    if form == Form.RECEIPT:
        assert ("还没有收到材料" in text) is not came
    else:
        assert text.count("☑") == (2 if came else 0)


def test_the_period_says_from_when_to_when(jinzhou: Any, policy: Cast):
    filing = jinzhou("temporary", handed={})
    filing.submit(by=policy.yixian)
    filing.approve(by=policy.reviewer)
    end = filing.end_on
    for form in (Form.RECEIPT, Form.RESULT):
        assert f"起，至{end.year}年{end.month}月{end.day}日止" in sheet(filing, form, policy)


def test_a_revocation_is_dated_by_its_own_day(jinzhou: Any, policy: Cast):
    filing = jinzhou("temporary", handed={})
    filing.submit(by=policy.yixian)
    filing.approve(by=policy.reviewer)
    Filing.objects.filter(pk=filing.pk).update(decided_at=timezone.now() - timedelta(20))
    filing = Filing.objects.get(pk=filing.pk)
    filing.revoke(by=policy.lead, reason="回来")
    today = timezone.localdate()
    assert f"{today.year}年{today.month}月{today.day}日）" in sheet(filing, Form.RESULT, policy)


@pytest.mark.parametrize(
    ("title", "words"),
    [
        ("锦州指南", "《锦州指南》"),
        ("《规程》政策解读", "《规程》政策解读"),
        ("关于印发《规程》的通知", "《关于印发〈规程〉的通知》"),
    ],
)
def test_no_title_has_its_brackets_twice(title: str, words: str, policy: Cast):
    variant = Variant.objects.get(code="temporary")
    variant.source = PolicyDocument(code="x", title=title)
    assert rules_loader.basis(variant) == words


# Who may write the certificate: told with the reason that is so ----------------------------------


def test_a_suspended_hospital_is_told_with_its_days(browser: Any, policy: Cast):
    hospital = Institution.objects.get(name="锦州市康宁医院")
    today = timezone.localdate()
    Suspension.objects.create(
        institution=hospital, valid_from=today, valid_to=today + timedelta(30), reason="锦医保1号"
    )
    data = referral(policy, ["精神疾病"], institution_name=hospital.name)
    answer = page(browser, data, "check")
    said = f"{today.month}月{today.day}日起到"
    assert said in told(answer)
    assert "暂停（锦医保1号）" in told(answer)
    assert "不在转诊医院名单里" not in told(answer)
    assert hospital in [one for one, _ in answer.context["hospitals"]["no"]]


def test_a_name_that_nobody_knows_is_no_no(browser: Any, policy: Cast):
    answer = page(browser, referral(policy, ["精神疾病"], institution_name="康宁医院"), "check")
    named = answer.context["named"]
    assert named.verdict == "ask"
    assert "是不是锦州市康宁医院" in named.reason
