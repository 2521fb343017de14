"""The one screen of a registration, without a script: every press posts the whole form."""

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from apps.filings.models import Filing
from apps.filings.models.catalogue import Category, Variant
from apps.filings.paper.printing import Form
from apps.institutions.models import Institution, ReferralRight
from apps.offices.models import Channel
from tests import cast as casting
from tests.cast import Cast
from ydjy.desk.models import Reading
from ydjy.lib import idnumbers

pytestmark = pytest.mark.django_db
NUMBER = casting.number(7)
ENTER = "admin:filings_filing_enter"


def wide(text: str) -> str:
    """As some keyboards type it: full-width digits with blanks."""
    return " ".join("".join(chr(ord(ch) + 0xFEE0) for ch in text)[i : i + 6] for i in (0, 6, 12))


def typed(code: str, cast: Cast, **more: Any) -> dict[str, Any]:
    return {
        "cert_type": "居民身份证",
        "cert_no": NUMBER,
        "name": "测试甲",
        "insutype": "390",
        "person_status": "resident",
        "insured_area": "210727",
        "variant": Variant.objects.get(code=code).pk,
        "channel": Channel.objects.get(code="window").pk,
        "office": cast.office["yixian"].pk,
        "place": "sh",
        "residence": "浦东新区",
        "destination": "310000",
        "start_on": f"{timezone.localdate()}",
        **more,
    }


PAPERS = {"m-1-social-card-insured": "original", "m-2-residence-permit-insured": "copy"}


@pytest.fixture
def browser(policy: Cast, client_of: Any) -> Any:
    return client_of(policy.yixian)


def page(browser: Any, data: dict[str, Any], do: str = "look") -> Any:
    return browser.post(reverse(ENTER), data | {"do": do})


def told(answer: Any) -> str:
    return answer.content.decode()


# The person --------------------------------------------------------------------------------------


def test_a_number_typed_in_any_form_is_cleaned_and_says_who_it_is(browser: Any):
    answer = page(browser, {"cert_type": "居民身份证", "cert_no": wide(NUMBER)})
    assert "女，66 周岁" in told(answer) or "男，66 周岁" in told(answer)
    assert "已把全角字符换成半角" in told(answer)
    assert "必填" in told(answer)
    assert "这个字段是必填项" not in told(answer)


def test_the_persons_earlier_filings_are_there_at_once_and_looking_is_written_down(
    browser: Any, policy: Cast
):
    mine = casting.filing(policy, "yixian", cert_no=NUMBER)
    other = casting.filing(policy, "heishan", cert_no=NUMBER)
    answer = page(browser, {"cert_type": "居民身份证", "cert_no": NUMBER})
    assert mine.number in told(answer)
    assert other.number not in told(answer)
    assert Reading.objects.filter(what="按证件号码查找").count() == 1


def test_a_wrong_number_is_said_in_words(browser: Any):
    answer = page(browser, {"cert_type": "居民身份证", "cert_no": NUMBER[:-1] + "5"}, "submit")
    assert "校验位对不上" in told(answer)


# The form of a kind ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "there", "absent"),
    [
        ("long-term-resident", {"residence", "end_on"}, {"groups", "posting_months", "relative"}),
        ("with-spouse", {"relative", "relation"}, {"guardian_number"}),
        ("minor", {"guardian_number", "guardian_insured_there"}, {"groups"}),
        ("posted-worker", {"posting_months"}, {"relative"}),
        ("referral-unlisted", {"groups", "institution", "certificate_no"}, {"residence"}),
        ("referral-listed", {"groups"}, {"institution", "certificate_no"}),
        ("emergency-listed", {"admission_on", "discharge_on"}, {"residence", "end_on"}),
    ],
)
def test_a_kind_has_its_own_fields_and_no_others(browser, code, there, absent):
    form = browser.get(reverse(ENTER), {"kind": code}).context["form"]
    assert there <= set(form.fields)
    assert not absent & set(form.fields)


def test_a_kind_asks_for_its_papers_in_groups(browser: Any):
    text = told(browser.get(reverse(ENTER), {"kind": "long-term-resident"}))
    assert text.count("任选其一") == 1
    assert text.count("必须有") == 1
    assert "容缺后补" in text


@pytest.mark.parametrize(
    ("words", "code"),
    [("北京", "110000"), ("海淀区", "110000"), ("沈阳", "210100"), ("bj", None), ("sy", None)],
)
def test_a_place_is_found_by_name_or_initials(browser: Any, policy: Cast, words, code):
    data = typed("temporary", policy, place=words, destination="")
    form = page(browser, data).context["form"]
    offered = [place for place, _ in form.fields["destination"].choices]
    if code:
        assert form.cleaned_data["destination"] == code
    else:
        assert len(offered) > 1
        assert offered[0] == ""
        assert words != "bj" or offered[1] == "110000"
        assert "destination" not in form.cleaned_data or not form.cleaned_data["destination"]


def test_what_is_missing_is_said_before_anything_is_saved(browser: Any, policy: Cast):
    answer = page(browser, typed("long-term-resident", policy), "check")
    assert "请告诉参保人还要带：社会保障卡；房产证、居住证（任选其一）" in told(answer)
    assert "依据：《锦州市异地就医经办指南》" in told(answer)
    assert not Filing.objects.exists()


def test_handing_in_saves_prints_the_receipt_and_says_who_may_review(browser: Any, policy: Cast):
    data = typed("long-term-resident", policy, phone="13800000000", residence="浦东新区") | PAPERS
    data |= {"agent_person": "代办乙", "agent_relation": "女儿", "agent_phone": "13900000000"}
    answer = browser.post(reverse(ENTER), data | {"do": "submit"}, follow=True)
    filing = Filing.objects.get()
    assert filing.status == Filing.Status.PENDING
    assert filing.agents.get().person.reveal() == "代办乙"
    assert filing.phone.reveal() == "13800000000"
    assert [paper.form for paper in filing.printouts.all()] == [Form.RECEIPT]
    assert "受理回执" in told(answer)
    assert answer.request["PATH_INFO"].endswith(f"/{filing.pk}/paper/")


def test_what_the_rules_refuse_is_not_saved_and_nothing_typed_is_lost(browser: Any, policy: Cast):
    answer = page(browser, typed("long-term-resident", policy, name="留着"), "submit")
    assert "还缺社会保障卡" in told(answer)
    assert answer.context["form"]["name"].value() == "留着"
    assert not Filing.objects.exists()


def test_a_draft_may_be_incomplete_and_is_filled_in_later(browser: Any, policy: Cast):
    page(browser, typed("long-term-resident", policy), "draft")
    draft = Filing.objects.get()
    assert draft.status == Filing.Status.DRAFT
    amend = reverse("admin:filings_filing_amend", args=[draft.pk])
    form = browser.get(amend).context["form"]
    assert form.initial["cert_no"] == NUMBER
    data = typed("long-term-resident", policy, version=draft.version) | PAPERS
    assert browser.post(amend, data | {"do": "submit"}).status_code == 302
    draft.refresh_from_db()
    assert draft.status == Filing.Status.PENDING


def test_a_stale_draft_keeps_both_texts(browser: Any, policy: Cast, client_of: Any):
    page(browser, typed("long-term-resident", policy, residence="一号"), "draft")
    draft = Filing.objects.get()
    amend = reverse("admin:filings_filing_amend", args=[draft.pk])
    data = typed("long-term-resident", policy, version=draft.version)
    other = client_of(policy.reviewer)
    other.post(amend, data | {"residence": "她写的", "do": "draft"})
    answer = browser.post(amend, data | {"residence": "我写的", "do": "draft"})
    assert "孙伟" in told(answer)
    assert "她写的" in told(answer)
    assert "我写的" in told(answer)
    again = data | {"version": answer.context["form"]["version"].value(), "residence": "我写的"}
    assert browser.post(amend, again | {"do": "draft"}).status_code == 302
    assert Filing.objects.get().residence.reveal() == "我写的"


def test_a_minor_hangs_on_the_guardians_filing(browser: Any, policy: Cast, jinzhou: Any):
    parent = jinzhou(
        "posted-worker", insutype="310", person_status="employed", posting_months=12,
        handed={"1-social-card-insured": "copy", "2-transfer-order-employer": "copy",
                "3-labour-contract-insured": "copy", "4-project-statement-employer": "copy"},
    )  # fmt: skip
    parent.submit(by=policy.yixian)
    first = "21072720150101001"
    child = first + idnumbers.check_digit(first)
    papers = {
        "m-1-social-card-insured": "copy", "m-2-id-card-parent": "copy",
        "m-3-filing-form-of-parent-parent": "copy", "m-4-id-card-child": "copy",
        "m-5-birth-certificate-child": "copy",
    }  # fmt: skip
    data = typed("minor", policy, cert_no=child, guardian_number=parent.number) | papers
    assert "现在没有生效" in told(page(browser, data, "submit"))
    parent.approve(by=policy.reviewer)
    assert page(browser, data, "submit").status_code == 302
    assert Filing.objects.get(variant__code="minor").guardian_filing == parent


# Referral ----------------------------------------------------------------------------------------


def referral(policy: Cast, groups: list[str], **more: Any) -> dict[str, Any]:
    channel = Channel.objects.get(code="referral-hospital")
    papers = {"m-1-id-card-insured": "copy", "m-2-referral-certificate-hospital": "original"}
    return typed("referral-unlisted", policy, groups=groups, channel=channel.pk, **more) | papers


def names(found: Any) -> list[str]:
    return [hospital.name for hospital in found]


def test_only_hospitals_whose_scope_admits_the_disease_are_offered(browser: Any, policy: Cast):
    found = page(browser, referral(policy, ["精神疾病"])).context["hospitals"]
    assert names(found["yes"]) == ["锦州市康宁医院"]
    found = page(browser, referral(policy, ["传染病"], insured_area="210702")).context["hospitals"]
    assert names(found["yes"]) == ["锦州市传染病医院"]


def test_any_other_hospital_is_refused_with_the_reason(browser: Any, policy: Cast):
    other = ReferralRight.objects.filter(mode="except", serves="").first().institution
    data = referral(policy, ["精神疾病"], institution_name=other.name)
    answer = page(browser, data, "submit")
    assert "精神疾病" in answer.context["named"][2]
    assert "这家医院不能开这个转诊证明" in told(answer)
    assert not Filing.objects.exists()


def test_the_countys_own_hospital_comes_first(browser: Any, policy: Cast):
    found = page(browser, referral(policy, ["综合"])).context["hospitals"]
    assert names(found["yes"]) == ["义县人民医院"]


def test_a_scope_that_changes_next_week_counts_from_then_on(browser: Any, policy: Cast):
    today = timezone.localdate()
    right = ReferralRight.objects.get(institution__name="锦州市康宁医院")
    right.valid_to = today + timedelta(days=6)
    right.save()
    later = str(today + timedelta(days=7))
    data = referral(policy, ["精神疾病"])
    assert names(page(browser, data).context["hospitals"]["yes"]) == ["锦州市康宁医院"]
    found = page(browser, data | {"start_on": later}).context["hospitals"]
    assert names(found["yes"]) == []


def test_the_right_hospital_makes_the_filing(browser: Any, policy: Cast):
    hospital = Institution.objects.get(name="锦州市康宁医院")
    data = referral(policy, ["精神疾病"], institution=hospital.pk)
    assert page(browser, data, "submit").status_code == 302
    filing = Filing.objects.get()
    assert (filing.referral_institution, filing.issuer) == (hospital, "yes")
    assert filing.in_catalogue is False


# Emergency ---------------------------------------------------------------------------------------


def test_an_emergency_by_telephone_needs_little_and_says_what_comes_later(
    browser: Any, policy: Cast
):
    phone = Channel.objects.get(code="telephone")
    day, due = timezone.localdate(), timezone.localdate() + timedelta(days=10)
    data = typed(
        "emergency-listed", policy, channel=phone.pk, place="沈阳", destination="210100",
        admission_on=str(day), lacking_due_on=str(due),
    ) | {f"m-{key}": "later" for key in (
        "1-id-card-insured", "2-record-front-page-hospital", "3-test-reports-hospital",
        "4-diagnosis-hospital",
    )}  # fmt: skip
    assert page(browser, data, "submit").status_code == 302
    filing = Filing.objects.get()
    assert len(filing.lacking) == 4
    assert filing.lacking_due_on == due


def test_of_two_emergency_rules_both_are_shown_and_the_national_one_decides(
    browser: Any, policy: Cast
):
    day = str(timezone.localdate())
    answer = page(browser, typed("emergency-listed", policy, admission_on=day), "check")
    assert "按这一条办：异地急诊住院·跨省急诊抢救" in told(answer)
    assert "不用：异地急诊住院·目录内" in told(answer)
    assert "的跨省就医按全国规定办，请改选类别" in told(answer)


def test_who_may_not_register_is_refused(policy: Cast, client_of: Any):
    assert client_of(policy.head).get(reverse(ENTER)).status_code == 403


def test_a_category_out_of_use_is_not_offered(browser: Any):
    Category.objects.filter(code="veteran").update(active=False)
    form = browser.get(reverse(ENTER)).context["form"]
    assert "veteran" not in form.fields["variant"].queryset.values_list("code", flat=True)
