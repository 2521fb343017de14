"""What runs out and what is past its day: whom to call, 延期, 逾期处理, and the working days."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from apps.filings.models import Filing
from apps.filings.models.related import FilingEvent
from apps.filings.review import extend as review_extend
from apps.filings.review import overdue
from apps.filings.rules import deadlines
from tests import cast as casting
from tests.cast import Cast
from tests.filings.conftest import PAPERS
from ydjy.desk.exceptions import Refused
from ydjy.desk.models import Reading
from ydjy.lib.workdays import Calendar, Day

pytestmark = pytest.mark.django_db
WARDS = "监护人的备案已经失效，要重新核对"


def page(name: str, *args: Any) -> str:
    return reverse(f"admin:filings_filing_{name}", args=args)


def approved(cast: Cast, place: str = "yixian", **more: Any) -> Filing:
    more.setdefault("residence", "浦东新区")
    filing = casting.filing(cast, place, created_by=cast.yixian, **more)
    filing.submit(by=cast.yixian)
    filing.approve(by=cast.reviewer)
    return filing


def listed(browser: Any) -> dict[str, list[int]]:
    found = browser.get(page("watch")).context["lists"]
    return {one.title: [row.pk for row in one.rows] for one in found}


def ticked(*filings: Filing) -> dict[str, str]:
    return {f"d-{row.pk}-{row.version}": "on" for row in filings}


def said(answer: Any) -> str:
    return answer.content.decode()


# Whom to call ------------------------------------------------------------------------------------


def test_what_runs_out_is_called_up_in_7_and_30_days(cast: Cast, client_of: Any):
    today, ends = timezone.localdate(), {}
    for order, days in enumerate((3, 20, 90)):
        until = today + timedelta(days)
        ends[days] = approved(cast, cert_no=casting.number(40 + order), end_on=until).pk
    found = listed(client_of(cast.yixian))
    assert found["7 天内到期的备案"] == [ends[3]]
    assert found["30 天内到期的备案"] == [ends[20]]


def test_that_telephones_were_seen_is_written_down(cast: Cast, client_of: Any):
    browser = client_of(cast.yixian)
    seen = Reading.objects.filter(by=cast.yixian, what__contains="到期提醒")
    browser.get(page("watch"))
    assert not seen.exists()  # nobody's telephone was there
    approved(cast, end_on=timezone.localdate() + timedelta(3))
    browser.get(page("watch"))
    assert seen.count() == 1


def test_a_minor_whose_guardians_filing_ended_is_looked_at_again(cast: Cast, client_of: Any):
    parent = approved(cast)
    child = approved(cast, cert_no=casting.number(50), guardian_filing=parent)
    browser = client_of(cast.reviewer)
    assert listed(browser)[WARDS] == []
    parent.revoke(by=cast.reviewer, reason="回来了")
    assert listed(browser)[WARDS] == [child.pk]
    assert child.number in said(browser.get(page("change", parent.pk)))


def test_the_call_sheet_names_telephones_of_the_own_office_and_is_written_down(
    cast: Cast, client_of: Any
):
    end = timezone.localdate() + timedelta(3)
    approved(cast, phone="13812345678", end_on=end)
    approved(cast, "heishan", cert_no=casting.number(51), phone="13900001111", end_on=end)
    text = said(client_of(cast.yixian).get(page("call_sheet")))
    assert "13812345678" in text
    assert "13900001111" not in text
    assert Reading.objects.filter(by=cast.yixian, what="打印到期电话单").count() == 1


@pytest.mark.parametrize("name", ["watch", "call_sheet"])
def test_who_does_no_cases_calls_nobody(name: str, cast: Cast, client_of: Any):
    assert client_of(cast.directory).get(page(name)).status_code == 403


# 延期 --------------------------------------------------------------------------------------------


def test_an_extension_waits_for_a_second_person_while_the_old_filing_stays(
    jinzhou: Any, policy: Cast
):
    today = timezone.localdate()
    old = jinzhou(end_on=today + timedelta(20), start_on=today - timedelta(200))
    old.submit(by=policy.yixian)
    old.approve(by=policy.reviewer)
    until = today + timedelta(400)
    new = review_extend.extend(old, until=until, by=policy.yixian, reason="还住在那里")
    assert (new.status, new.previous_id, new.end_on) == (Filing.Status.PENDING, old.pk, until)
    assert (new.handed, new.start_on) == (PAPERS, today)
    assert old.condition_on(today) == "有效"
    with pytest.raises(Refused, match="另一个人审核"):
        new.approve(by=policy.yixian)
    new.approve(by=policy.reviewer)
    old.refresh_from_db()
    assert old.status == Filing.Status.CHANGED
    assert list(Filing.objects.in_force_on(today)) == [new]


@pytest.mark.parametrize(
    ("more", "until", "why"),
    [
        ({"end_on": date(2026, 12, 1)}, date(2026, 11, 30), "晚于原来的结束日期"),
        ({}, date(2027, 1, 1), "没有结束日期"),
    ],
)
def test_what_needs_no_extension_gets_none(cast: Cast, more: Any, until: date, why: str):
    filing = approved(cast, **more)
    with pytest.raises(Refused, match=why):
        review_extend.extend(filing, until=until, by=cast.yixian, reason="还住在那里")
    assert Filing.objects.count() == 1


def test_a_temporary_filing_is_not_extended(jinzhou: Any, policy: Cast):
    filing = jinzhou("temporary", handed={})
    filing.submit(by=policy.yixian)
    filing.approve(by=policy.reviewer)
    with pytest.raises(Refused, match="只有长期备案可以延期"):
        review_extend.extend(filing, until=date(2030, 1, 1), by=policy.yixian, reason="还要住")


def test_many_are_extended_after_a_preview_each_with_its_own_reason(cast: Cast, client_of: Any):
    end, until = timezone.localdate() + timedelta(20), timezone.localdate() + timedelta(400)
    rows = [approved(cast, cert_no=casting.number(60 + n), end_on=end) for n in range(3)]
    foreign = approved(cast, "heishan", cert_no=casting.number(70), end_on=end)
    browser, posted = client_of(cast.yixian), ticked(*rows, foreign)
    preview = browser.post(page("extend"), posted | {"do": "look"})
    assert [row.pk for row in preview.context["rows"]] == [row.pk for row in rows]
    assert Filing.objects.count() == 4
    posted |= {"do": "extend", "until": str(until), f"r-{rows[0].pk}": "还住在女儿家"}
    posted |= {f"r-{rows[1].pk}": "还住在那里"}
    answer = browser.post(page("extend"), posted, follow=True)
    made = Filing.objects.filter(previous__isnull=False)
    assert {one.previous_id for one in made} == {rows[0].pk, rows[1].pk}
    assert {(one.status, one.end_on) for one in made} == {("pending", until)}
    assert "已提交 2 条延期" in said(answer)
    assert f"{rows[2].number}：请写明变更什么" in said(answer)


def test_an_extension_without_a_new_end_stays_on_the_page(cast: Cast, client_of: Any):
    row = approved(cast, end_on=timezone.localdate() + timedelta(20))
    posted = ticked(row) | {"do": "extend", f"r-{row.pk}": "还住在那里"}
    answer = client_of(cast.yixian).post(page("extend"), posted)
    assert "请写延到哪一天" in said(answer)
    assert "还住在那里" in said(answer)
    assert Filing.objects.count() == 1


# 逾期处理 ----------------------------------------------------------------------------------------


def late(cast: Cast) -> dict[str, Filing]:
    """One of each kind that is past its day, one that is not yet, one of another county."""
    ago, today = timezone.localdate() - timedelta(3), timezone.localdate()
    rows = {
        "supplement": casting.filing(cast, created_by=cast.yixian),
        "promise": approved(cast, cert_no=casting.number(81)),
        "lacking": approved(cast, cert_no=casting.number(82)),
        "today": approved(cast, cert_no=casting.number(83)),
        "foreign": approved(cast, "heishan", cert_no=casting.number(84)),
    }
    change = {
        "supplement": {"status": "supplement", "supplement_due_on": ago,
                       "supplement_items": ["居住证"]},
        "promise": {"commitment_status": "pending", "commitment_due_on": ago},
        "lacking": {"lacking_due_on": ago},
        "today": {"lacking_due_on": today},
        "foreign": {"lacking_due_on": ago},
    }  # fmt: skip
    Filing.objects.filter(pk=rows["supplement"].pk).update(status="pending")
    for key, values in change.items():
        Filing.objects.filter(pk=rows[key].pk).update(**values)
        rows[key].refresh_from_db()
    return rows


def test_what_is_past_its_day_is_proposed_with_what_would_become_of_it(cast: Cast, client_of: Any):
    rows = late(cast)
    shown = client_of(cast.reviewer).get(page("close_overdue")).context["rows"]
    assert {row.pk: proposal.then[:5] for row, proposal in shown} == {
        rows["supplement"].pk: "按撤回处理",
        rows["promise"].pk: "承诺记为失",
        rows["lacking"].pk: "申请撤销，",
    }


def test_looking_at_the_proposals_changes_nothing(cast: Cast, client_of: Any):
    late(cast)
    before = FilingEvent.objects.count()
    client_of(cast.reviewer).get(page("close_overdue"))
    client_of(cast.reviewer).get(page("watch"))
    assert FilingEvent.objects.count() == before


def test_only_what_is_ticked_is_done_and_each_by_its_verb(cast: Cast, client_of: Any):
    rows = late(cast)
    posted = ticked(rows["supplement"], rows["promise"], rows["lacking"], rows["foreign"])
    answer = client_of(cast.reviewer).post(page("close_overdue"), posted, follow=True)
    for row in rows.values():
        row.refresh_from_db()
    assert rows["supplement"].status == Filing.Status.WITHDRAWN
    assert "没有补齐，补正：居住证" in rows["supplement"].reason
    assert rows["promise"].commitment_status == Filing.Commitment.BROKEN
    assert rows["lacking"].revoke_asked_by == cast.reviewer
    assert rows["lacking"].status == Filing.Status.APPROVED
    assert rows["foreign"].revoke_asked_by is None
    assert "已处理 3 条" in said(answer)


def test_papers_that_came_meanwhile_are_not_closed(cast: Cast, client_of: Any):
    row = late(cast)["supplement"]
    posted = ticked(row)
    row.resubmit(by=cast.yixian)
    answer = client_of(cast.reviewer).post(page("close_overdue"), posted, follow=True)
    assert "没有超过期限的材料" in said(answer)
    row.refresh_from_db()
    assert row.status == Filing.Status.PENDING
    with pytest.raises(Refused):
        overdue.settle(row, by=cast.reviewer, today=timezone.localdate(), expected=None)


def test_a_clerk_who_may_not_review_closes_nothing(cast: Cast, client_of: Any):
    late(cast)
    assert client_of(cast.yixian).post(page("close_overdue"), {}).status_code == 403


# Working days ------------------------------------------------------------------------------------

OCTOBER = Calendar(
    [Day(date(2026, 10, n), works=False, name="国庆节") for n in range(1, 8)]
    + [Day(date(2026, 10, 10), works=True, name="国庆节")]
)


@pytest.mark.parametrize(
    ("due", "today", "words"),
    [
        ((2026, 10, 9), (2026, 9, 30), "还有 2 个工作日"),
        ((2026, 10, 10), (2026, 10, 9), "还有 1 个工作日"),
        ((2026, 10, 9), (2026, 10, 9), "今天到期"),
        ((2026, 10, 4), (2026, 10, 3), "休息日到期，请今天办"),
        ((2026, 9, 30), (2026, 10, 8), "已逾期 1 个工作日"),
        ((2026, 9, 30), (2026, 10, 2), "已逾期，正好是休息日"),
    ],
)
def test_what_is_left_is_counted_in_working_days(due: Any, today: Any, words: str):
    assert deadlines.left(date(*due), date(*today), OCTOBER) == words


def test_a_day_is_explained_by_the_rests_between():
    said = deadlines.explained(date(2026, 9, 29), 3, date(2026, 10, 9), OCTOBER)
    assert said == "9月29日提交，按规定 3 个工作日办结，中间休息 7 天，到10月9日。"


def test_the_list_and_the_page_say_how_long_there_still_is(
    jinzhou: Any, policy: Cast, client_of: Any
):
    filing = jinzhou()
    filing.variant.review_days = 2
    filing.variant.save()
    filing.submit(by=policy.yixian)
    browser = client_of(policy.yixian)
    rows = browser.get(page("changelist"), {"tab": "pending"}).context["rows"]
    assert rows[0].left == "还有 2 个工作日"
    assert "提交，按规定 2 个工作日办结" in said(browser.get(page("change", filing.pk)))
