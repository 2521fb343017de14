"""Days, numbers and needed data of a registration: what is plausible stands in dated rows, and is
asked of a form, of a row of a list and of a command alike."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from apps.filings.models import Filing
from apps.filings.models.catalogue import Variant
from apps.filings.models.field_rule import FieldRule
from apps.filings.rules import loader as rules_loader
from apps.filings.rules import plausible
from apps.filings.rules.ruleset import from_json
from apps.offices.models import Channel
from tests import cast as casting
from tests.cast import Cast
from tests.filings.posted import confirmed, received, row
from tests.filings.test_register import ENTER, PAPERS, page, told, typed
from ydjy.desk.exceptions import Refused

pytestmark = pytest.mark.django_db
TODAY = timezone.localdate
FAMILY = {"relation": "女儿", "relative": "测试乙", "relative_document": "11010519491231002X"}


def day(days: int) -> Any:
    return TODAY() + timedelta(days)


# (kind, what is wrong by days from today or as it is, the field that is named, whether excusable)
WRONG: list[tuple[str, dict[str, Any], str, bool]] = [
    ("long-term-resident", {"start_on": -13000}, "start_on", True),
    ("long-term-resident", {"start_on": 3000}, "start_on", True),
    ("temporary", {"discharge_on": -10}, "admission_on", False),
    ("temporary", {"settled": True}, "admission_on", False),
    ("temporary", {"start_on": -20, "admission_on": -10, "discharge_on": -15}, "discharge_on",
     False),
    ("temporary", {"start_on": -366, "admission_on": 60}, "admission_on", True),
    ("referral-unlisted", {"certificate_on": 30}, "certificate_on", True),
    ("referral-unlisted", {"certificate_on": -400}, "certificate_on", True),
    ("posted-worker", {"posting_months": 9000}, "posting_months", True),
    ("long-term-resident", {"residence": ""}, "residence", False),
    ("with-child", {**FAMILY, "relation": ""}, "relation", False),
    ("with-child", {**FAMILY, "relative": ""}, "relative", False),
    ("with-child", {**FAMILY, "relative_document": ""}, "relative_document", False),
    ("with-child", {**FAMILY, "relative_document": "123"}, "relative_document", False),
    ("temporary", {"phone": "12345"}, "phone", False),
    ("temporary", {"phone": "4008123123"}, "phone", False),
    ("long-term-resident", {"lacking_due_on": -60, "handed": {"1-social-card-insured": "later"}},
     "lacking_due_on", False),
    ("long-term-resident", {"lacking_due_on": 900, "handed": {"1-social-card-insured": "later"}},
     "lacking_due_on", True),
    ("long-term-resident", {"handed": {"1-social-card-insured": "later"}}, "lacking_due_on",
     False),
]  # fmt: skip


def values(wrong: dict[str, Any]) -> dict[str, Any]:
    return {
        name: day(value) if name.endswith("_on") and isinstance(value, int) else value
        for name, value in wrong.items()
    }


@pytest.mark.parametrize(("code", "wrong", "field", "excusable"), WRONG)
def test_what_cannot_be_is_refused_by_its_field_whoever_registers_it(
    code: str, wrong: dict[str, Any], field: str, excusable: bool, jinzhou: Any, policy: Cast
):
    more = values(wrong)
    filing = jinzhou(code, residence=more.pop("residence", "浦东新区"), **more)
    verdict = filing.verdict()
    found = [one for one in verdict.refusals if one.rule == "plausible"]
    assert [one.field for one in found] == [field]
    assert found[0].words.endswith("。")
    assert "123" not in found[0].words or field not in ("phone", "relative_document")
    with pytest.raises(Refused):
        filing.submit(by=policy.yixian)
    filing.excused = {"plausible": "补录旧备案"}
    excused = filing.verdict()
    assert ([one for one in excused.refusals if one.rule == "plausible"] == []) is excusable


def test_every_rule_row_and_every_field_that_can_be_wrong_is_tried(jinzhou: Any):
    tried = {field for *_, field, _ in WRONG}
    ours = set(FieldRule.objects.values_list("field", flat=True))
    beside = {"end_on", "commitment_signed_on", "commitment_due_on"}  # the kinds of 锦州 have none
    assert ours - beside <= tried | {"discharge_on"}
    assert ours <= set(plausible.FIELDS)


def test_a_row_that_no_longer_holds_is_not_judged_by(jinzhou: Any, policy: Cast):
    FieldRule.objects.filter(field="residence").update(valid_to=day(-1))
    filing = jinzhou(residence="")
    filing.submit(by=policy.yixian)
    kept = from_json(Filing.objects.get(pk=filing.pk).rules)
    assert kept == replace(rules_loader.rules_of(filing.variant), fields=kept.fields)
    assert {one.field for one in kept.fields} == set(plausible.FIELDS) & {
        rule.field for rule in FieldRule.objects.all()
    }


def test_a_row_of_a_list_is_held_to_the_same(policy: Cast):
    upload = received(policy, [row(1), row(2, months="900")])
    outcome = confirmed(policy, upload)
    assert len(outcome.made) == 1
    assert "派驻月数写的是 900，最多 120" in outcome.refused[0][1]


def test_a_list_whose_papers_nobody_ticked_is_refused_at_the_press(policy: Cast, client_of: Any):
    upload = received(policy, [row(1)])
    page = reverse("admin:filings_filing_batch", args=[upload.pk])
    window = Channel.objects.get(code="window").pk
    browser = client_of(policy.yixian)
    text = told(browser.post(page, {"channel": window}, follow=True))
    assert "还没有勾这批人的材料：社会保障卡" in text
    assert "登记 1 条" in text
    assert text.index("勾已经收到的") < text.index('class="sheet"')
    assert not Filing.objects.exists()


# Told at the window -------------------------------------------------------------------------------


@pytest.fixture
def browser(policy: Cast, client_of: Any) -> Any:
    return client_of(policy.yixian)


def test_a_refusal_stands_in_its_field_with_the_cursor_there(browser: Any, policy: Cast):
    data = typed("long-term-resident", policy, residence="") | PAPERS
    form = page(browser, data, "submit").context["form"]
    assert form.errors["residence"] == ["没有填居外地址，请补上。"]
    assert form.fields["residence"].widget.attrs["autofocus"]


def test_a_second_long_term_filing_is_told_when_it_is_looked_at(
    browser: Any, policy: Cast, jinzhou: Any
):
    first = jinzhou(cert_no=casting.number(7))
    first.submit(by=policy.yixian)
    first.approve(by=policy.reviewer)
    answer = page(browser, typed("long-term-resident", policy) | PAPERS, "check")
    assert f"同一时间只能有一个长期备案：{first.number}" in told(answer)
    answer = page(browser, typed("long-term-resident", policy) | PAPERS, "submit")
    assert answer.status_code == 200
    assert Filing.objects.count() == 1
    first.change(by=policy.yixian, reason="搬家").submit(by=policy.yixian)


def test_one_that_waits_for_its_review_is_told_too_and_the_better_one_may_still_pass(
    browser: Any, policy: Cast, jinzhou: Any
):
    first = jinzhou(cert_no=casting.number(7))
    first.submit(by=policy.yixian)
    words = told(page(browser, typed("long-term-resident", policy) | PAPERS, "check"))
    assert f"同一时间只能有一个长期备案：{first.number}" in words
    assert "正在审核。两个只能通过一个" in words
    page(browser, typed("long-term-resident", policy) | PAPERS, "submit")
    second = Filing.objects.latest("pk")
    assert second != first
    second.approve(by=policy.reviewer)
    with pytest.raises(Refused, match="还有效"):
        first.approve(by=policy.reviewer)


def test_a_county_is_told_that_its_person_was_filed_elsewhere_and_no_more(
    browser: Any, policy: Cast, client_of: Any
):
    other = casting.filing(policy, "city", cert_no=casting.number(7), insured_area="210727")
    asked = {"cert_type": "", "cert_no": casting.number(7)}
    text = told(page(browser, asked))
    assert "市医保中心受理过这个人的备案 1 条" in text
    assert other.number not in text
    assert other.name not in text
    foreign = told(page(client_of(policy.heishan), asked))
    assert "受理过这个人的备案" not in foreign
    assert "黑山县医保中心和下级机构没有查到" in foreign


@pytest.mark.parametrize(
    ("left", "said", "unsaid"),
    [
        ({"discharge_on": -1}, "请走手工报销", "可以直接结算"),
        ({"settled": "on"}, "请走手工报销", "可以直接结算"),
        ({}, "可以直接结算", "手工报销"),
    ],
)
def test_an_emergency_is_told_one_thing(
    left: dict, said: str, unsaid: str, browser: Any, policy: Cast
):
    stay = {name: str(value) for name, value in values({**left, "admission_on": -3}).items()}
    data = typed("emergency-listed", policy, place="沈阳", destination="210100", **stay)
    verdict = page(browser, data, "check").context["verdict"]
    words = "".join(one.words for one in verdict.findings)
    assert said in words
    assert unsaid not in words
    assert (verdict.settlement == "manual") is (said == "请走手工报销")


# 补正, 照抄 ---------------------------------------------------------------------------------------


def test_in_supplement_the_form_opens_with_what_was_asked_and_everything_can_be_mended(
    browser: Any, policy: Cast, jinzhou: Any
):
    papers = {"1-social-card-insured": "later", "2-residence-permit-insured": "copy"}
    filing = jinzhou(handed=papers, lacking_due_on=day(9))
    filing.submit(by=policy.yixian)
    filing.request_supplement(by=policy.reviewer, items=["写明城市"], due_on=day(5))
    amend = reverse("admin:filings_filing_amend", args=[filing.pk])
    shown = browser.get(amend)
    assert "写明城市" in told(shown)
    assert told(shown).index("写明城市") < told(shown).index('name="cert_no"')
    data = typed("temporary", policy, version=filing.version, place="北京", destination="")
    assert browser.post(amend, data | {"do": "submit"}).status_code == 302
    filing.refresh_from_db()
    assert (filing.status, filing.destination) == ("pending", "110000")
    assert filing.variant == Variant.objects.get(code="temporary")
    assert filing.rules["code"] == "temporary"
    assert filing.end_on
    assert not filing.residence


@pytest.mark.parametrize("over", ["withdraw", "reject"])
def test_what_came_to_nothing_is_copied_and_not_typed_again(
    over: str, browser: Any, policy: Cast, jinzhou: Any
):
    filing = jinzhou("temporary", handed={}, phone="13800000000", end_on=None)
    filing.submit(by=policy.yixian)
    if over == "withdraw":
        filing.withdraw(by=policy.yixian, reason="写错")
    else:
        filing.reject(by=policy.reviewer, reason="写错")
    copy = reverse("admin:filings_filing_copy", args=[filing.pk])
    opened = browser.post(copy, {"version": filing.version}, follow=True)
    draft = Filing.objects.latest("pk")
    assert opened.request["PATH_INFO"].endswith(f"/{draft.pk}/amend/")
    assert (draft.status, draft.end_on, draft.created_by) == ("draft", None, policy.yixian)
    assert draft.phone.reveal() == "13800000000"
    assert opened.context["form"].initial["cert_no"] == casting.number(7)
    draft.submit(by=policy.yixian)


def test_a_new_page_has_the_cursor_in_its_first_field(browser: Any):
    form = browser.get(reverse(ENTER)).context["form"]
    assert form.fields["cert_no"].widget.attrs["autofocus"]
