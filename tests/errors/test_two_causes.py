"""Two causes on the page of a ticket, each with its evidence and its own 照抄; and what only the
platform's list of that day may assert."""

from datetime import date

import pytest
import time_machine
from django.urls import reverse

from apps.errors.diagnosis import facts as diagnosis_facts
from apps.errors.diagnosis import rejudge
from apps.errors.diagnosis.cause_codes import sync_causes
from apps.errors.models import Ticket
from apps.filings.imports import columns as filing_lists
from tests import cast as casting
from tests import workbooks

pytestmark = pytest.mark.django_db
DAY = date(2026, 11, 10)
PERSON = casting.number(1)


@pytest.fixture
def ticket(cast) -> Ticket:
    sync_causes()
    made = casting.ticket(
        cast,
        cert_no=PERSON,
        reported_on=DAY,
        insured_area="210727",
        care_area="310000",
        care_place="上海市",
        inst_name="瑞金医院(卢湾)",
        err_msg="门诊慢特病资格未查询到",
    )
    rejudge.rejudge([made.pk], by=cast.yixian)
    made.refresh_from_db()
    return made


def platform(cast, by, people, day=DAY, **more) -> None:
    """The platform's download of that day, as ``by`` loads it."""
    rows = [[f"测试{n}", number, "上海市", "2026-01-01", *more.get("cells", ())]
            for n, number in enumerate(people)]  # fmt: skip
    header = ["姓名", "证件号码", "就医地", "开始日期", *more.get("titles", ())]
    with time_machine.travel(f"{day} 10:00+08:00", tick=False):
        data = workbooks.xlsx([header, *rows])
        filing_lists.receive(data, "平台.xlsx", by=by, variant=0, platform=True)


def judged(ticket) -> dict:
    diagnosis_facts.diagnose_again([ticket])
    ticket.refresh_from_db()
    return ticket.diagnosis


def test_each_of_the_two_is_copied_by_its_own_button(ticket, cast, client_of):
    page, browser = reverse("admin:errors_ticket_change", args=[ticket.pk]), client_of(cast.yixian)
    html = browser.get(page).content.decode()
    said = ticket.diagnosis
    assert (said["cause"], said["second"]["cause"]) == ("chronic", "not_filed")
    for words in (said["proposal"], said["second"]["proposal"], said["second"]["reason"]):
        assert words in html
    for copy, code, words in (
        ("proposal", "chronic", said["proposal"]),
        ("second", "not_filed", said["second"]["proposal"]),
    ):
        typed = {"version": ticket.version, "cause": "", "result": "", "note": "留着", "copy": copy}
        form = browser.post(page, typed).context["form"]
        assert (form["result"].value(), form["note"].value()) == (words, "留着")
        chosen = dict(form.fields["cause"].queryset.values_list("code", "pk"))[code]
        assert form["cause"].value() == str(chosen)
    assert "本系统没有查到参保人" in said["second"]["proposal"]


@pytest.mark.parametrize(
    ("who", "people", "day", "cause", "words"),
    [
        ("lead", [casting.number(2)], DAY, "not_filed", "国家平台 2026-11-10 的备案清单里没有查到"),
        ("yixian", [casting.number(2)], DAY, "not_filed", "国家平台 2026-11-10"),
        ("heishan", [casting.number(2)], DAY, "chronic", "按报错信息"),  # not his people
        ("lead", [casting.number(2)], date(2026, 11, 11), "chronic", "按报错信息"),  # another day
        ("lead", [PERSON], DAY, "chronic", "按报错信息"),
    ],
)
def test_only_a_platform_list_of_that_day_and_office_proves_that_there_was_none(
    ticket, cast, who, people, day, cause, words
):
    platform(cast, getattr(cast, who), people, day)
    said = judged(ticket)
    assert said["cause"] == cause
    assert said["proposal"].startswith(words)
    assert PERSON in people or said["second"]["cause"] in ("not_filed", "chronic")
    if PERSON in people:
        assert "second" not in said


def test_a_list_with_rows_that_nobody_could_read_proves_nothing(ticket, cast):
    platform(cast, cast.lead, [casting.number(2), casting.number(3)[:17]])
    assert judged(ticket)["cause"] == "chronic"


def test_a_filing_that_ended_before_that_day_is_none(ticket, cast):
    platform(cast, cast.lead, [PERSON], titles=["结束日期"], cells=["2026-11-09"])
    assert judged(ticket)["cause"] == "not_filed"
