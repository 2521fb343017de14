"""The list, the review of many, what runs out, the forms on paper, and one person's file."""

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from apps.filings.models import CallNote, Filing
from apps.filings.models.related import PrintOut
from apps.filings.paper import printing
from apps.filings.review.admin_list import TABS
from apps.offices.models import Office
from tests import cast as casting
from tests.cast import Cast
from ydjy.desk.admin import paginators, tabs
from ydjy.desk.exceptions import Refused
from ydjy.desk.models import Reading

pytestmark = pytest.mark.django_db
LIST = "/admin/filings/filing/"


def page(name: str, *args: Any) -> str:
    return reverse(f"admin:filings_filing_{name}", args=args)


def told(answer: Any) -> str:
    return answer.content.decode()


def handed_in(cast: Cast, place: str = "yixian", **more: Any) -> Filing:
    filing = casting.filing(cast, place, created_by=cast.yixian, **more)
    filing.submit(by=cast.yixian)
    return filing


# The list ----------------------------------------------------------------------------------------


def test_every_tab_counts_what_its_list_shows(cast: Cast, client_of: Any):
    handed_in(cast)
    casting.filing(cast, "township")
    late = handed_in(cast, cert_no=casting.number(9), end_on=timezone.localdate())
    late.approve(by=cast.reviewer)
    browser = client_of(cast.yixian)
    for tab in TABS:
        context = browser.get(LIST, {"tab": tab}).context
        counter = next(t for t in context["tabs"] if t["here"])
        assert counter["label"] == TABS[tab]
        assert counter["count"] in (None, len(context["rows"]))


def test_the_page_asks_as_often_with_many_rows_as_with_one(
    cast: Cast, client_of: Any, django_assert_max_num_queries: Any
):
    browser = client_of(cast.yixian)
    for order in range(12):
        handed_in(cast, cert_no=casting.number(100 + order))
    with django_assert_max_num_queries(30):
        browser.get(LIST, {"tab": "all"})


def test_a_very_long_list_is_counted_up_to_a_limit(
    cast: Cast, client_of: Any, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(paginators, "COUNTED", 3)
    monkeypatch.setattr(tabs, "COUNTED", 3)
    for order in range(4):
        handed_in(cast, cert_no=casting.number(100 + order))
    answer = client_of(cast.yixian).get(LIST, {"tab": "pending"})
    assert "3+ 条" in told(answer)
    assert next(t["count"] for t in answer.context["tabs"] if t["here"]) == paginators.More(3)
    Filing.objects.filter(pk=Filing.objects.latest("pk").pk).update(status="withdrawn")
    answer = client_of(cast.yixian).get(LIST, {"tab": "pending"})
    assert "3+ 条" not in told(answer)
    assert next(t["count"] for t in answer.context["tabs"] if t["here"]) == 3


def test_the_filters_offer_the_own_offices_alone(cast: Cast, client_of: Any):
    casting.filing(cast)
    text = told(client_of(cast.yixian).get(LIST))
    assert f"office__id__exact={cast.office['township'].pk}" in text
    assert f"office__id__exact={cast.office['heishan'].pk}" not in text


@pytest.mark.parametrize(
    "typed",
    ["司马义", "smyi", "{tail4}", "{tail6}", "13812345678", "{number}", "{whole}"],
)
def test_a_person_is_found_the_way_clerks_look(cast: Cast, client_of: Any, typed: str):
    number = casting.number(1)
    row = casting.filing(cast, phone="138-1234-5678", cert_no=number)
    casting.filing(cast, "township")
    words = typed.format(
        tail4=number[-4:], tail6=number[-6:], number=row.number, whole=f" {number[:6]} {number[6:]}"
    )
    if typed == "smyi":
        words = row.name_initials[:3]
    answer = client_of(cast.yixian).post(page("find"), {"q": words}, follow=True)
    assert [found.pk for found in answer.context["rows"]] == [row.pk]
    address = answer.request["QUERY_STRING"]
    for secret in (number, number[-6:], "12345678"):
        assert secret not in address


def test_looking_by_the_tail_of_a_number_is_written_down(cast: Cast, client_of: Any):
    client_of(cast.yixian).post(page("find"), {"q": "0016"})
    assert Reading.objects.filter(what="按证件号码查找", by=cast.yixian).count() == 1


# Review ------------------------------------------------------------------------------------------


def test_many_are_reviewed_at_once_each_with_its_own_word(cast: Cast, client_of: Any):
    rows = [handed_in(cast, cert_no=casting.number(20 + n)) for n in range(4)]
    own = casting.filing(cast, created_by=cast.reviewer, cert_no=casting.number(30))
    own.submit(by=cast.reviewer)
    browser = client_of(cast.reviewer)
    offered = browser.get(page("review")).context["rows"]
    assert {row.pk for row in offered} == {row.pk for row in rows}
    data = {f"d-{row.pk}-{row.version}": "pass" for row in rows[:2]}
    data |= {f"d-{rows[2].pk}-{rows[2].version}": "reject", f"r-{rows[2].pk}": "材料是假的"}
    data |= {f"d-{rows[3].pk}-{rows[3].version}": "reject", f"r-{rows[3].pk}": ""}
    data |= {f"d-{own.pk}-{own.version}": "pass"}
    answer = browser.post(page("review"), data, follow=True)
    statuses = [Filing.objects.get(pk=row.pk).status for row in rows]
    assert statuses == ["approved", "approved", "rejected", "pending"]
    assert Filing.objects.get(pk=rows[2].pk).reason == "材料是假的"
    assert f"{rows[3].number}：请写明为什么不予备案" in told(answer)
    assert f"{own.number}：自己登记的备案要由另一个人审核" in told(answer)


def test_a_row_that_changed_since_is_left_alone(cast: Cast, client_of: Any):
    row = handed_in(cast)
    seen = row.version
    row.check_benefits(by=cast.yixian)
    answer = client_of(cast.reviewer).post(
        page("review"), {f"d-{row.pk}-{seen}": "pass"}, follow=True
    )
    assert "刚改过这条" in told(answer)
    assert Filing.objects.get().status == Filing.Status.PENDING


# Paper -------------------------------------------------------------------------------------------


def test_a_reprint_is_the_same_page_and_is_counted(jinzhou: Any, policy: Cast, client_of: Any):
    filing = jinzhou()
    filing.submit(by=policy.yixian)
    browser = client_of(policy.yixian)
    one = browser.post(page("print_copy", filing.pk), {"form": "filing"}, follow=True)
    Office.objects.filter(pk=filing.office_id).update(name="换了名字")
    two = browser.post(page("print_copy", filing.pk), {"form": "filing"}, follow=True)
    sheet = [told(answer).split("<main")[1] for answer in (one, two)]
    assert sheet[0] == sheet[1]
    assert "已打印 2 份" in told(two)
    assert PrintOut.objects.get().copies == 2
    assert filing.events.filter(verb="print").count() == 2
    assert Reading.objects.filter(what="打印异地就医登记备案表").count() == 2


def test_the_filing_form_ticks_what_is_so(jinzhou: Any, policy: Cast):
    said = printing.contents(jinzhou(), printing.Form.FILING)
    assert ("异地长期居住人员", True) in said["kinds"]
    assert len(said["kinds"]) == 10
    assert said["papers"] == [("社会保障卡", True), ("房产证", False), ("居住证", True)]
    assert len(said["boxes"]) == 18


def test_a_number_stands_on_paper_only_where_it_must_and_nowhere_in_clear(
    jinzhou: Any, policy: Cast
):
    filing = jinzhou()
    paper = printing.copy(filing, "filing", by=policy.yixian)
    boxes = "".join(f"<td>{digit}</td>" for digit in casting.number(7))
    assert boxes in printing.context(paper)["c"]["sheet"]
    raw = PrintOut.objects.filter(pk=paper.pk).values_list("contents", flat=True)
    assert boxes not in str(list(raw))
    assert "Sealed" in str(list(raw))


@pytest.mark.parametrize(
    ("form", "why"),
    [("receipt", "还没有提交"), ("supplement", "没有要补正"), ("result", "还没有审核"),
     ("promise", "不用打印个人承诺书")],
)  # fmt: skip
def test_a_form_that_has_nothing_to_say_yet_is_not_printed(jinzhou, policy, form, why):
    with pytest.raises(Refused, match=why):
        printing.copy(jinzhou(), form, by=policy.yixian)


@pytest.mark.parametrize("form", ["filing", "receipt", "checklist", "supplement"])
def test_every_form_says_whose_it_is_and_whom_to_ask(form, jinzhou, policy, client_of):
    filing = jinzhou()
    filing.submit(by=policy.yixian)
    if form == "supplement":
        day = timezone.localdate() + timedelta(days=5)
        filing.request_supplement(by=policy.reviewer, items=["居住证原件"], due_on=day)
    answer = client_of(policy.yixian).post(
        page("print_copy", filing.pk), {"form": form}, follow=True
    )
    text = told(answer)
    assert filing.number in text
    assert "测试甲" in text
    assert "0416-" in text
    assert "style=" not in text
    assert "<script" not in text


# One person --------------------------------------------------------------------------------------


def test_a_person_is_one_line_of_time_of_filings_tickets_and_calls(cast: Cast, client_of: Any):
    filing = handed_in(cast)
    ticket = casting.ticket(cast)
    foreign = casting.ticket(cast, "heishan", cert_no=casting.number(1))
    browser = client_of(cast.yixian)
    browser.post(page("note_call", filing.pk), {"words": "家属来电问进度"})
    text = told(browser.get(page("person_page", filing.pk)))
    for words in (filing.number, ticket.number, "家属来电问进度", "备案提交审核", "联网报错"):
        assert words in text
    assert foreign.number not in text
    assert casting.number(1) not in text


def test_a_number_in_a_call_note_is_refused(cast: Cast, client_of: Any):
    filing = handed_in(cast)
    words = f"他说号码是{casting.number(1)}"
    client_of(cast.yixian).post(page("note_call", filing.pk), {"words": words})
    assert not CallNote.objects.exists()
