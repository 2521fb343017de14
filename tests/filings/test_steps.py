"""What can be done to a filing: the verbs, their order, their history, and what the database holds
against whoever goes round them."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from apps.filings.models import Filing
from apps.filings.models.catalogue import Category, MaterialRule, Variant
from apps.filings.models.transitions import Commitment, Status
from apps.offices.models import CalendarDay
from tests import cast as casting
from tests.cast import Cast
from ydjy.desk.exceptions import Refused, Stale

pytestmark = pytest.mark.django_db
TODAY = timezone.localdate


def handed_in(cast: Cast, **more: Any) -> Filing:
    filing = casting.filing(cast, created_by=cast.yixian, **more)
    filing.submit(by=cast.yixian)
    return filing


def approved(cast: Cast, **more: Any) -> Filing:
    filing = handed_in(cast, **more)
    filing.approve(by=cast.reviewer)
    return filing


def emergency() -> Variant:
    category = Category.objects.create(code="e", name="异地急诊住院", group="emergency")
    return Variant.objects.create(
        category=category, code="e", name="目录外", panel_needed=True, this_stay_only=True
    )


# One after the other -----------------------------------------------------------------------------


def test_a_filing_goes_from_the_window_to_the_platform(cast: Cast):
    filing = handed_in(cast)
    assert (filing.status, filing.review_flag) == (Status.PENDING, "0")
    filing.approve(by=cast.reviewer)
    assert (filing.status, filing.review_flag, filing.uploaded) == (Status.APPROVED, "1", False)
    filing.mark_uploaded(by=cast.yixian)
    assert filing.uploaded
    verbs = [(e.verb, e.national_code) for e in filing.events.order_by("pk")]
    assert verbs == [("submit", ""), ("approve", "01"), ("mark_uploaded", "")]


def test_nobody_reviews_their_own(cast: Cast):
    filing = casting.filing(cast, created_by=cast.reviewer)
    filing.submit(by=cast.reviewer)
    with pytest.raises(Refused, match="由另一个人审核"):
        filing.approve(by=cast.reviewer)
    with pytest.raises(Refused, match="由另一个人审核"):
        filing.reject(by=cast.reviewer, reason="材料不对")


def test_a_step_on_what_somebody_else_has_changed_is_refused(cast: Cast):
    filing = handed_in(cast)
    seen = filing.version
    Filing.objects.get(pk=filing.pk).approve(by=cast.reviewer)
    with pytest.raises(Stale, match=r"孙伟 .* 刚改过这条"):
        filing.withdraw(by=cast.yixian, reason="填错了", expected=seen)
    assert Filing.objects.get().status == Status.APPROVED


def test_what_is_missing_is_told_once_with_a_day_counted_in_working_days(cast: Cast):
    variant = casting.variant()
    Variant.objects.filter(pk=variant.pk).update(supplement_days=5)
    filing = handed_in(cast, variant=Variant.objects.get(pk=variant.pk))
    tomorrow = TODAY() + timedelta(days=1)
    CalendarDay.objects.create(day=tomorrow, works=False, name="放假", source="通知")
    due = filing.working_days_on(5)
    filing.request_supplement(by=cast.reviewer, items=["居住证", " "])
    assert (filing.status, filing.review_flag) == (Status.SUPPLEMENT, "4")
    assert filing.supplement_items == ["居住证"]
    assert filing.supplement_due_on == due
    filing.resubmit(by=cast.yixian, handed={"1-permit-insured": "copy"})
    assert filing.status == Status.PENDING
    assert filing.handed == {"1-permit-insured": "copy"}
    with pytest.raises(Refused, match="一次说全"):
        filing.request_supplement(by=cast.reviewer, items=[])


def test_without_a_period_in_the_policy_the_day_is_asked_for(cast: Cast):
    filing = handed_in(cast)
    with pytest.raises(Refused, match="请写明哪一天前补齐"):
        filing.request_supplement(by=cast.reviewer, items=["居住证"])


def test_experts_decide_on_an_emergency_that_no_list_names(cast: Cast):
    filing = handed_in(cast, variant=emergency(), admission_on=date(2026, 11, 1))
    with pytest.raises(Refused, match="先由专家合议"):
        filing.approve(by=cast.reviewer)
    filing.refer_to_panel(by=cast.reviewer)
    filing.panel_decide(by=cast.reviewer, met=True, words="符合急性心梗标准")
    assert (filing.status, filing.review_flag) == (Status.APPROVED, "7")
    assert filing.settlement_mode == Filing.SettlementMode.MANUAL
    filing.discharge(by=cast.yixian, on=date(2026, 11, 9))
    assert filing.end_on == date(2026, 11, 9)


def test_experts_who_say_no_end_it(cast: Cast):
    filing = handed_in(cast, variant=emergency(), admission_on=date(2026, 11, 1))
    filing.refer_to_panel(by=cast.reviewer)
    filing.panel_decide(by=cast.reviewer, met=False, words="不是急症")
    assert (filing.status, filing.review_flag) == (Status.REJECTED, "8")
    assert filing.reason == "不是急症"


def test_only_an_emergency_goes_to_the_experts(cast: Cast):
    with pytest.raises(Refused, match="只有急诊"):
        handed_in(cast).refer_to_panel(by=cast.reviewer)


# 变更, 撤销 --------------------------------------------------------------------------------------


def test_a_change_leaves_the_old_one_in_force_until_the_new_one_is_approved(cast: Cast):
    old = approved(cast)
    new = old.change(by=cast.yixian, reason="搬到北京")
    assert (new.status, new.previous, new.cert_no) == (Status.DRAFT, old, old.cert_no)
    assert Filing.objects.get(pk=old.pk).status == Status.APPROVED
    new.destination = "110000"
    new.save()
    new.submit(by=cast.yixian)
    new.approve(by=cast.reviewer)
    old.refresh_from_db()
    assert (old.status, new.status) == (Status.CHANGED, Status.APPROVED)
    assert old.end_on == new.start_on - timedelta(days=1)
    assert [e.national_code for e in old.events.filter(verb="replace")] == ["02"]


def test_a_second_change_waits_for_the_first(cast: Cast):
    old = approved(cast)
    first = old.change(by=cast.yixian, reason="搬家")
    with pytest.raises(Refused, match=f"接着办 {first.number}"):
        old.change(by=cast.yixian, reason="又搬家")
    first.withdraw(by=cast.yixian, reason="不搬了")
    assert old.change(by=cast.yixian, reason="又搬家").number != first.number


def test_a_change_waits_for_its_lock_or_gives_an_excuse(cast: Cast):
    Variant.objects.filter(pk=casting.variant().pk).update(change_lock_months=6)
    old = approved(cast, variant=casting.variant(), start_on=TODAY())
    with pytest.raises(Refused, match="6个月内不变更"):
        old.change(by=cast.yixian, reason="搬家")
    assert old.change(by=cast.yixian, reason="搬家", excuse="单位调动").previous == old


def test_a_revocation_is_asked_by_one_and_done_by_another(cast: Cast):
    filing = approved(cast)
    filing.mark_uploaded(by=cast.yixian)
    filing.ask_revoke(by=cast.county_lead, reason="已回本市居住")
    with pytest.raises(Refused, match="办过“申请撤销”，这一步要由另一个人办"):
        filing.revoke(by=cast.county_lead)
    filing.revoke(by=cast.reviewer)
    assert (filing.status, filing.review_flag, filing.uploaded) == (Status.REVOKED, "3", False)
    filing.restore(by=cast.lead, reason="撤错了")
    assert filing.status == Status.APPROVED
    codes = [e.national_code for e in filing.events.order_by("pk") if e.national_code]
    assert codes == ["01", "05", "06"]


def test_what_was_settled_is_revoked_only_for_the_future(cast: Cast):
    filing = approved(cast, settled=True, settlement_mode="manual")
    filing.revoke(by=cast.reviewer, reason="不再需要")
    assert filing.end_on == TODAY()


def test_it_can_be_stopped_started_and_taken_back(cast: Cast):
    filing = approved(cast)
    filing.suspend(by=cast.reviewer, reason="停保")
    assert filing.condition_on(TODAY()) == ""
    filing.resume(by=cast.lead)
    filing.reverse(by=cast.reviewer, reason="类别审错")
    assert (filing.status, filing.decided_by) == (Status.PENDING, None)
    codes = [e.national_code for e in filing.events.order_by("pk") if e.national_code]
    assert codes == ["01", "03", "07", "04"]


# Judged by the rules -----------------------------------------------------------------------------


def test_what_is_handed_in_keeps_the_rules_it_was_judged_by(jinzhou: Any, cast: Cast):
    filing = jinzhou()
    filing.submit(by=cast.yixian)
    MaterialRule.objects.filter(variant=filing.variant).delete()
    kept = Filing.objects.get(pk=filing.pk)
    assert [row.name for row in kept.rulebook.materials] == ["社会保障卡", "房产证", "居住证"]
    assert {f["rule"] for f in kept.findings} >= {"eligibility", "channel", "materials"}
    kept.approve(by=cast.reviewer)
    assert kept.status == Status.APPROVED


def test_what_lacks_a_paper_is_not_handed_in(jinzhou: Any, cast: Cast):
    filing = jinzhou(handed={})
    with pytest.raises(Refused, match="还缺房产证、居住证（任选其一）"):
        filing.submit(by=cast.yixian)
    assert Filing.objects.get(pk=filing.pk).status == Status.DRAFT


def test_half_a_year_is_counted_for_a_temporary_stay(jinzhou: Any, cast: Cast):
    filing = jinzhou("temporary", handed={}, start_on=date(2026, 8, 31))
    filing.submit(by=cast.yixian)
    assert filing.end_on == date(2027, 2, 28)


def test_a_promise_is_followed_up(jinzhou: Any, cast: Cast):
    Variant.objects.filter(code="long-term-resident").update(commitment_allowed=True)
    MaterialRule.objects.filter(variant__code="long-term-resident").update(waivable=True)
    promised = {"1-social-card-insured": "original", "2-residence-permit-insured": "promise"}
    filing = jinzhou(handed=promised, commitment_signed_on=TODAY())
    with pytest.raises(Refused, match="请写明哪一天前补齐"):
        filing.submit(by=cast.yixian)
    filing.commitment_due_on = TODAY() + timedelta(days=30)
    filing.save()
    filing.submit(by=cast.yixian)
    filing.approve(by=cast.reviewer)
    assert filing.commitment_status == Commitment.PENDING
    assert filing.lacking == ["居住证"]
    filing.settle_commitment(by=cast.yixian, kept=False, words="逾期没有补")
    assert filing.commitment_status == Commitment.BROKEN
    assert filing.status == Status.APPROVED


def test_two_windows_never_give_the_same_number(jinzhou: Any):
    first, second = jinzhou(), jinzhou()
    assert int(second.number[-5:]) == int(first.number[-5:]) + 1


# One long-term filing at a time ------------------------------------------------------------------


def test_a_second_long_term_filing_is_refused_with_the_first_named(cast: Cast):
    first = approved(cast)
    second = handed_in(cast, destination="110000")
    with pytest.raises(Refused, match=f"{first.number}（上海市"):
        second.approve(by=cast.reviewer)
    first.revoke(by=cast.reviewer, reason="回来了")
    second.approve(by=cast.reviewer)


def test_one_that_ended_makes_room(cast: Cast):
    approved(cast, start_on=date(2026, 1, 1), end_on=date(2026, 3, 31))
    approved(cast, start_on=date(2026, 4, 1))


def test_the_database_refuses_a_second_one_when_the_code_is_bypassed(cast: Cast):
    approved(cast)
    second = handed_in(cast, destination="110000")
    with pytest.raises(IntegrityError, match="同一时间只能有一个长期备案"), transaction.atomic():
        Filing.objects.filter(pk=second.pk).update(
            status=Status.APPROVED, decided_at=timezone.now(), decided_by=cast.reviewer
        )


def test_the_database_refuses_to_stretch_one_over_another(cast: Cast):
    early = approved(cast, start_on=date(2026, 1, 1), end_on=date(2026, 3, 31))
    approved(cast, start_on=date(2026, 4, 1))
    with pytest.raises(IntegrityError), transaction.atomic():
        Filing.objects.filter(pk=early.pk).update(end_on=None)


def test_without_the_triggers_the_second_one_would_pass(cast: Cast):
    approved(cast)
    second = handed_in(cast, destination="110000")
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("DROP TRIGGER ydjy_filing_alone_filings_filing_update")
        else:
            cursor.execute("DROP TRIGGER ydjy_filing_guard_filings_filing ON filings_filing")
        Filing.objects.filter(pk=second.pk).update(
            status=Status.APPROVED, decided_at=timezone.now(), decided_by=cast.reviewer
        )
        assert Filing.objects.approved().count() == 2
        transaction.set_rollback(True)
