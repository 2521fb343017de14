"""The first page of everybody, and what holds for every page of the staff."""

import re
from datetime import date, datetime, timedelta
from html import unescape

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from apps.errors.intake import receive as intake_receive
from apps.offices.models import CalendarDay
from tests import cast as casting
from tests import workbooks
from ydjy.lib.workdays import SHANGHAI
from ydjy.middleware import CSP
from ydjy.staff_site import dashboard

THURSDAY = datetime(2026, 11, 19, 15, 0, tzinfo=SHANGHAI)
MONDAY = datetime(2026, 11, 16, 9, 12, tzinfo=SHANGHAI)
CASE = ("lead", "yixian", "reviewer", "county_lead", "head")
OTHERS = ("directory", "operator", "auditor", "root", "nobody")


@pytest.fixture(autouse=True)
def _thursday():
    with time_machine.travel(THURSDAY, tick=False):
        yield


@pytest.fixture
def week(cast):
    """Twelve lines, received on Monday and handed out."""
    with time_machine.travel(MONDAY, tick=False):
        data = workbooks.weekly_workbook(workbooks.weekly_rows(12))
        return intake_receive.confirm(
            intake_receive.receive(data, "本周.xlsx", by=cast.lead), by=cast.lead
        )


# 本周 ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", CASE + OTHERS)
def test_everybody_has_a_first_page_in_few_queries(
    cast, week, client_of, who, django_assert_max_num_queries
):
    browser = client_of(getattr(cast, who))
    assert browser.get(reverse("admin:index")).status_code == 200
    with django_assert_max_num_queries(26):
        browser.get(reverse("admin:index"))


def test_the_numbers_are_the_lists_they_link_to(cast, week, client_of):
    tickets = list(week.tickets.order_by("number"))
    tickets[0].wait(by=cast.lead, whom="医院")
    tickets[1].answer(by=cast.lead, cause=casting.cause(), result="已补办。")
    browser = client_of(cast.lead)
    for number in browser.get(reverse("admin:index")).context_data["week"].numbers:
        assert len(browser.get(number.url).context_data["rows"]) == number.count, number.label


def test_a_county_counts_only_its_own(cast, week):
    page = dashboard.week(cast.yixian, THURSDAY)
    assert 0 < page.total < 12
    assert page.total == type(week.tickets.first()).objects.visible_to(cast.yixian).count()
    assert all(t.office.path.startswith(cast.yixian.case_path) for t in page.first)


def test_the_countdown_tells_the_time_left_and_then_the_time_over(cast, week):
    assert dashboard.countdown(week, THURSDAY).left == "1 天 1 小时"
    late = dashboard.countdown(week, THURSDAY + timedelta(days=1, hours=1, minutes=40))
    assert (late.left, late.late) == ("已过 40 分钟", True)


def test_a_holiday_is_marked_and_moves_the_deadline(cast):
    CalendarDay.objects.create(day="2026-11-20", works=False, name="测试节", source="测试")
    page = dashboard.week(cast.lead, THURSDAY)
    words = {cell.name: cell.words for cell in page.days}
    assert words["周五"] == "测试节放假"
    assert words["周四"] == "16:00 前返回省里"
    assert "11月20日放假" in page.batch.reason


@pytest.mark.parametrize(
    ("now", "filled"),
    [(MONDAY, "导入报错"), (THURSDAY, "看待办"), (THURSDAY + timedelta(1), "导出返回表")],
)
def test_the_days_own_button_is_filled(cast, week, now, filled):
    if filled == "导入报错":
        week.received_at = None
        week.save()
    page = dashboard.week(cast.lead, now)
    assert [b.label for b in page.buttons if b.filled] == [filled]


def test_looking_writes_nothing(cast):
    dashboard.week(cast.lead, THURSDAY)
    assert not dashboard.Batch.objects.exists()


def test_a_week_without_a_batch_says_what_to_do(cast, client_of):
    html = client_of(cast.lead).get(reverse("admin:index")).content.decode()
    assert "本周的报错还没导入。收到省里的表后点“导入报错”。" in html


def test_the_page_works_out_the_week_once(cast, week, client_of, monkeypatch):
    asked = []
    real = dashboard.current
    monkeypatch.setattr(dashboard, "current", lambda now: asked.append(now) or real(now))
    client_of(cast.lead).get(reverse("admin:index"))
    assert len(asked) == 1


def test_a_finished_week_says_so(cast, week, client_of):
    for ticket in week.tickets.all():
        ticket.answer(by=cast.lead, cause=casting.cause(), result="已补办。")
    html = client_of(cast.lead).get(reverse("admin:index")).content.decode()
    assert "本周 12 条都有结果了。" in html


def test_leads_begin_with_the_unassigned_and_clerks_with_their_own(cast, week):
    tickets = week.tickets.order_by("number")
    mine = tickets.filter(office=cast.office["yixian"]).first()
    mine.assign(cast.yixian, by=cast.lead)
    assert dashboard.week(cast.yixian, THURSDAY).first[0].assignee == cast.yixian
    lead = dashboard.week(cast.lead, THURSDAY)
    if any(t.status == "new" for t in lead.first):
        assert lead.first[0].status == "new"


# The others ------------------------------------------------------------------------------------


def test_the_directory_is_told_what_nobody_has_checked_for_90_days(cast, client_of):
    casting.institution("从没核对过的医院")
    old = casting.institution("很久没核对的医院")
    old.checked_on = date(2026, 8, 20)
    new = casting.institution("刚核对过的医院")
    new.checked_on = date(2026, 8, 22)
    for row in (old, new):
        row.save()
    html = client_of(cast.directory).get(reverse("admin:index")).content.decode()
    assert html.index("从没核对过的医院") < html.index("很久没核对的医院")
    assert "91 天前核对" in html
    assert "刚核对过的医院" not in html


def test_a_year_without_holidays_is_told_to_whoever_may_type_it_in(cast, client_of):
    told = {
        who
        for who in CASE + OTHERS
        if "国务院办公厅公布后" in client_of(getattr(cast, who)).get("/admin/").content.decode()
    }
    assert told == {"lead", "directory", "root"}
    assert "2027年" in client_of(cast.operator).get(reverse("admin:index")).content.decode()


def test_the_auditor_sees_who_did_something_and_no_contents(cast, week, client_of):
    casting.ticket(cast, "yixian", number="2026W47-900").assign(cast.yixian, by=cast.lead)
    html = client_of(cast.auditor).get(reverse("admin:index")).content.decode()
    assert "工单 2026W47-900" in html
    assert casting.canary("yixian") not in html


def test_an_account_without_a_role_is_told_whom_to_ask(cast, client_of):
    html = client_of(cast.nobody).get(reverse("admin:index")).content.decode()
    assert "这个账号还没有岗位" in html


# The door --------------------------------------------------------------------------------------


def test_a_one_time_password_must_be_changed_first(cast, client_of):
    cast.yixian.must_change_password = True
    cast.yixian.save()
    browser = client_of(cast.yixian)
    for address in (reverse("admin:index"), reverse("admin:errors_ticket_changelist")):
        assert browser.get(address).url == reverse("admin:password_change")
    fresh = "Another-Horse-77"
    browser.post(
        reverse("admin:password_change"),
        {"old_password": casting.PASSWORD, "new_password1": fresh, "new_password2": fresh},
    )
    cast.yixian.refresh_from_db()
    assert not cast.yixian.must_change_password
    assert browser.get(reverse("admin:index")).status_code == 200


def test_the_menu_offers_only_what_opens(cast, client_of):
    for who in CASE + OTHERS:
        browser = client_of(getattr(cast, who))
        for item in browser.get(reverse("admin:index")).context_data["menu"]:
            assert browser.get(item["url"]).status_code == 200, (who, item)


def test_case_work_is_not_in_the_menu_of_other_roles(cast, client_of):
    for who in ("directory", "operator", "auditor", "nobody"):
        menu = client_of(getattr(cast, who)).get(reverse("admin:index")).context_data["menu"]
        assert not {"报错工单", "周批次", "备案登记"} & {item["label"] for item in menu}


# Every page ------------------------------------------------------------------------------------


def pages(week):
    ticket = week.tickets.first()
    upload = dashboard.Ticket.objects.get(pk=ticket.pk).lines.get().staged.upload
    return [
        reverse("admin:index"),
        reverse("admin:app_list", args=["offices"]),
        reverse("admin:password_change"),
        reverse("admin:errors_ticket_changelist"),
        reverse("admin:errors_ticket_changelist") + "?tab=all",
        reverse("admin:errors_ticket_change", args=[ticket.pk]),
        reverse("admin:errors_batch_changelist"),
        reverse("admin:errors_batch_change", args=[week.pk]),
        reverse("admin:errors_batch_receive"),
        reverse("admin:errors_batch_preview", args=[upload.pk]),
        reverse("admin:errors_batch_send_back", args=[week.pk]),
        reverse("admin:errors_causecode_changelist"),
    ]


ENGLISH = re.compile(r"[A-Za-z]{4,}")
KNOWN = re.compile(r"Excel|xlsx|Ctrl|SQLite|PostgreSQL|[A-Z0-9-]{5,}", re.ASCII)


def words_of(html):
    """What a person reads: no mark-up, no addresses."""
    html = re.sub(r"(?s)<(script|style|svg).*?</\1>|<!--.*?-->", "", html)
    spoken = re.findall(r'(?:placeholder|aria-label|title|alt)="([^"]*)"', html)
    return unescape(" ".join([*spoken, re.sub(r"<[^>]+>", " ", html)]))


def leaks(html):
    return ENGLISH.findall(KNOWN.sub(" ", words_of(html)))


def inline(html):
    html = re.sub(r'<script[^>]+src="[^"]+"[^>]*></script>', "", html)
    return re.findall(r"<script|<style|\sstyle=|\son[a-z]+=", html)


def test_no_page_has_inline_script_style_or_english(cast, week, client_of):
    browser = client_of(cast.lead)
    for address in pages(week):
        answer = browser.get(address)
        html = answer.content.decode()
        assert answer["Content-Security-Policy"] == CSP, address
        assert answer["Cache-Control"] == "no-store" or "no-store" in answer["Cache-Control"]
        assert inline(html) == [], address
        assert leaks(html) == [], address
        assert html.count("<h1") == 1, address
        assert 'lang="zh-' in html


def test_the_checks_above_do_find_something():
    assert leaks("<p>Save changes</p>") == ["Save", "changes"]
    assert inline('<p style="x"><script>1</script>') == [" style=", "<script"]


def test_half_width_punctuation_stands_nowhere_beside_chinese(cast, week, client_of):
    beside = re.compile(r"[\u4e00-\u9fff][,;:!?()]|[,;!?()][\u4e00-\u9fff]")
    browser = client_of(cast.lead)
    # The province's own words are shown as they came, so pages with rows of it are left out.
    for address in [a for a in pages(week) if not re.search("receive/|ticket/|admin/$", a)]:
        assert beside.findall(words_of(browser.get(address).content.decode())) == [], address


# Outside ---------------------------------------------------------------------------------------


def test_health_answers_without_a_login_and_tells_nothing(db):
    answer = Client().get("/healthz")
    assert answer.json() == {"status": "ok", "database": "ok"}


def test_a_missing_page_speaks_chinese(db):
    answer = Client().get("/nothing")
    assert answer.status_code == 404
    assert "没有这个页面" in answer.content.decode()


def test_the_trouble_page_needs_no_database(rf):
    from ydjy.public_site import views

    answer = views.server_error(rf.get("/admin/"))
    assert answer.status_code == 500
    assert "错误编号" in answer.content.decode()


def test_a_page_left_open_too_long_says_so(cast):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(cast.lead)
    answer = browser.post(reverse("admin:errors_ticket_find"), {"q": "x"})
    assert answer.status_code == 403
    assert "这一页放得太久了" in answer.content.decode()


def test_the_login_page_is_ours(db):
    html = Client().get(reverse("admin:login")).content.decode()
    assert "<h1>登录</h1>" in html
    assert leaks(html) == []
