"""A cut-off set by a person: with its reason wherever it shows, the calendar leaves it alone."""

import re
from datetime import datetime, time, timedelta
from time import monotonic

import pytest
from django.urls import reverse

from apps.errors import tasks
from apps.errors.diagnosis.cause_codes import sync_causes
from apps.errors.models import Batch, DueEvent, Heartbeat, heartbeat
from apps.errors.tickets.display import working_left
from apps.offices.models.calendar import WeekRule, official_calendar
from apps.offices.sync import sync_calendar
from tests.errors import weeks
from ydjy.desk.exceptions import Refused
from ydjy.lib.workdays import SHANGHAI

pytestmark = pytest.mark.django_db
LATER = datetime(2026, 11, 20, 18, 0, tzinfo=SHANGHAI)


@pytest.fixture
def batch(cast):
    sync_calendar()
    sync_causes()
    with weeks.at(weeks.FRIDAY):
        yield weeks.received(cast)


def test_the_reason_stands_beside_the_cut_off_wherever_it_is_shown(batch, cast, client_of):
    browser = client_of(cast.lead)
    url = reverse("admin:errors_batch_due", args=[batch.pk])
    browser.post(url, {"due_at": "2026-11-20T18:00", "reason": "省里电话通知"})
    batch.refresh_from_db()
    assert (batch.due_at, batch.due_overridden) == (LATER, "省里电话通知")

    note = "期限由刘敏从11月20日（周五）16:00改为11月20日（周五）18:00，原因：省里电话通知"
    ticket = batch.tickets.first()
    for page in (
        reverse("admin:index"),
        reverse("admin:errors_batch_change", args=[batch.pk]),
        reverse("admin:errors_batch_send_back", args=[batch.pk]),
        reverse("admin:errors_batch_week_figures", args=[batch.pk]),
        reverse("admin:errors_ticket_change", args=[ticket.pk]),
    ):
        assert note in browser.get(page).content.decode(), page
    listed = browser.get(reverse("admin:errors_batch_changelist")).content.decode()
    assert "11月20日 18:00（改过）" in listed
    assert "原因" in browser.get(url).content.decode()


def test_without_a_hand_there_is_no_second_line(batch, cast, client_of):
    html = client_of(cast.lead).get(reverse("admin:index")).content.decode()
    assert "期限由" not in html
    assert batch.due_note == ""


def test_it_can_be_given_back_to_the_calendar_and_both_steps_are_kept(batch, cast, client_of):
    batch.move_due(LATER, by=cast.lead, reason="省里电话通知")
    browser, url = client_of(cast.lead), reverse("admin:errors_batch_due", args=[batch.pk])
    browser.post(url, {"restore": "1"})
    batch.refresh_from_db()
    assert (batch.due_at.astimezone(SHANGHAI).hour, batch.due_overridden) == (16, "")
    assert [str(change)[:10] for change in DueEvent.objects.order_by("pk")] == [
        "期限由刘敏从11月2",
        "刘敏按日历恢复为11",
    ]
    with pytest.raises(Refused, match="没有改过"):
        batch.restore_due(by=cast.lead)


@pytest.mark.parametrize(
    ("to", "reason", "words"),
    [
        (LATER, " ", "为什么改期限"),
        (datetime(2026, 11, 20, 14, 0, tzinfo=SHANGHAI), "错", "已经过了"),
        (datetime(2026, 11, 15, 14, 0, tzinfo=SHANGHAI), "错", "接收日"),
        (datetime(2027, 11, 20, 14, 0, tzinfo=SHANGHAI), "错", "30 天"),
    ],
)
def test_a_cut_off_that_makes_no_sense_is_refused(batch, cast, to, reason, words):
    with pytest.raises(Refused, match=words):
        batch.move_due(to, by=cast.lead, reason=reason)
    assert not DueEvent.objects.exists()


def test_a_week_that_is_back_keeps_its_cut_off(batch, cast):
    Batch.objects.filter(pk=batch.pk).update(returned_at=weeks.FRIDAY)
    with pytest.raises(Refused, match="已经返回省里"):
        batch.move_due(LATER, by=cast.lead, reason="晚了")


def test_the_calendar_does_not_move_what_a_person_set(cast):
    """A provisional week follows the calendar, and one with a cut-off by hand does not."""
    with weeks.at(datetime(2027, 3, 1, 9, tzinfo=SHANGHAI)):
        sync_calendar()
        batch = tasks.open_week()
        assert batch.provisional
        to = batch.due_at + timedelta(hours=2)
        Batch.objects.filter(pk=batch.pk).update(reason="旧")
        batch.move_due(to, by=cast.lead, reason="电话")
        assert tasks.open_week().due_at == to
        batch.restore_due(by=cast.lead)
        assert tasks.open_week().due_at == to - timedelta(hours=2)


def test_a_rule_that_leaves_it_to_a_person_says_so_until_one_has_set_it(cast):
    sync_calendar()
    WeekRule.objects.create(intake_time=time(12), due_time=time(16), shift="MANUAL")
    with weeks.at(datetime(2026, 9, 28, 9, tzinfo=SHANGHAI)):
        batch = tasks.open_week()
        assert "须由专人确定" in batch.reason
        to = datetime(2026, 9, 30, 12, 0, tzinfo=SHANGHAI)
        batch.move_due(to, by=cast.lead, reason="局里定的")
        assert "局里定的" in tasks.open_week().due_note


def test_a_county_clerk_cannot_move_the_cut_off(batch, cast, client_of):
    url = reverse("admin:errors_batch_due", args=[batch.pk])
    assert client_of(cast.yixian).get(url).status_code == 403


# The tick ----------------------------------------------------------------------------------------


WORDS = "每分钟任务"
EVERYBODY = ("lead", "yixian", "reviewer", "county_lead", "head", "directory", "operator",
             "auditor", "root", "nobody")  # fmt: skip


@pytest.fixture
def long_since_started(monkeypatch):
    monkeypatch.setattr(heartbeat, "_BEGUN", monotonic() - 3600)


def told(browser, address):
    html = browser.get(address).content.decode()
    return [line for line in re.findall(r'<p class="note wrong">(.*?)</p>', html) if WORDS in line]


@pytest.mark.parametrize("who", EVERYBODY)
def test_a_tick_that_is_silent_for_ten_minutes_is_red_on_every_page_of_everybody(
    cast, client_of, long_since_started, who
):
    sync_calendar()
    with weeks.at(weeks.MONDAY):
        tasks.run(weeks.MONDAY)
        assert Heartbeat.last() == weeks.MONDAY
    pages = ["index", "password_change", "errors_ticket_changelist", "offices_office_changelist"]
    addresses = [reverse(f"admin:{name}") for name in pages]
    with weeks.at(weeks.MONDAY + timedelta(minutes=10)):
        browser = client_of(getattr(cast, who))
        assert not any(told(browser, address) for address in addresses)
    with weeks.at(weeks.MONDAY + timedelta(minutes=11)):
        browser = client_of(getattr(cast, who))
        for address in addresses:
            if browser.get(address).status_code == 200:
                [line] = told(browser, address)
                assert "已经 11 分钟没有运行" in line


def test_a_desk_that_was_just_started_is_not_told_of(cast, client_of, monkeypatch):
    monkeypatch.setattr(heartbeat, "_BEGUN", monotonic() - 60)
    home = reverse("admin:index")
    assert not told(client_of(cast.lead), home)
    assert "刚启动，还没有到第一分钟" in client_of(cast.operator).get(home).content.decode()
    monkeypatch.setattr(heartbeat, "_BEGUN", monotonic() - 200)
    assert "从来没有运行过" in told(client_of(cast.lead), home)[0]


# What is left ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("now", "words"),
    [
        ((19, 13, 0), "工作时间 11 小时"),  # Thursday afternoon 4:30, Friday 6:30
        ((20, 9, 0), "工作时间 6 小时"),
        ((20, 12, 30), "工作时间 3 小时"),
        ((20, 15, 45), "工作时间 15 分"),
        ((20, 16, 0), ""),
    ],
)
def test_the_countdown_says_how_much_working_time_is_left(db, now, words):
    sync_calendar()
    day, hour, minute = now
    moment = datetime(2026, 11, day, hour, minute, tzinfo=SHANGHAI)
    due = datetime(2026, 11, 20, 16, 0, tzinfo=SHANGHAI)
    assert working_left(moment, due, official_calendar(due.date(), due.date())) == words


def test_a_holiday_has_no_working_time(db):
    """From the last of September to the eighth of October: nothing but the day itself."""
    sync_calendar()
    due = datetime(2026, 10, 8, 9, 0, tzinfo=SHANGHAI)
    calendar = official_calendar(due.date(), due.date())
    assert working_left(datetime(2026, 9, 30, 18, 0, tzinfo=SHANGHAI), due, calendar) == (
        "工作时间 30 分"
    )


def test_the_first_page_and_the_weeks_own_say_it(batch, cast, client_of):
    with weeks.at(weeks.FRIDAY):
        browser = client_of(cast.lead)
        for page in (
            reverse("admin:index"),
            reverse("admin:errors_batch_change", args=[batch.pk]),
        ):
            assert "（工作时间 1 小时）" in browser.get(page).content.decode()
