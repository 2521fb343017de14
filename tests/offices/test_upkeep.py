"""The directory's keeper: what to ring up after 90 days, the calendar that is missing, duty."""

from datetime import date, time, timedelta

import pytest
import time_machine
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from apps.offices.models import (
    CalendarDay,
    Channel,
    Duty,
    Hotline,
    Notice,
    Office,
    PolicyDocument,
    SpecialHours,
    calendar_gap,
    unchecked,
)
from apps.offices.public.opening_hours import Timetable
from tests import publicsite
from tests.cast import Cast

pytestmark = pytest.mark.django_db
TODAY = date(2026, 11, 22)


@pytest.fixture
def keeper(cast: Cast, client: Client) -> Client:
    client.force_login(cast.directory)
    return client


def text_of(client: Client, name: str, **asked: str) -> str:
    response = client.get(reverse(f"admin:{name}"), asked)
    assert response.status_code == 200
    return response.content.decode()


def day(offset: int) -> date:
    return timezone.localdate() + timedelta(days=offset)


# 90 days (I8) --------------------------------------------------------------------------------


def test_after_ninety_days_a_row_is_to_be_checked_the_never_checked_first(cast: Cast):
    for name, checked in (("甲", -90), ("乙", -91), ("丙", None), ("丁", 0)):
        Hotline.objects.create(
            name=name, display=name, checked_on=None if checked is None else day(checked)
        )
    rows = unchecked(Hotline.objects.all(), timezone.localdate())
    assert [row.name for row in rows] == ["丙", "乙"]


def test_one_press_and_the_public_page_shows_the_new_day(keeper: Client):
    source = PolicyDocument.objects.create(code="list", title="电话表")
    line = Hotline.objects.create(
        name="甲", display="0416-1234567", source=source, checked_on=day(-200)
    )
    page = text_of(keeper, "offices_hotline_unchecked")
    assert f'aria-label="{line}已电话核对"' in page
    keeper.post(reverse("admin:offices_hotline_checked", args=[line.pk]), {"back": "unchecked"})
    line.refresh_from_db()
    assert line.checked_on == timezone.localdate()
    assert f'aria-label="{line}已电话核对"' not in text_of(keeper, "offices_hotline_unchecked")
    said = f"最后核对：{timezone.localdate():%Y年%-m月%-d日}"
    assert said in Client().get("/offices/").content.decode()


def test_offices_and_channels_are_checked_off_too_and_hidden_rows_are_not_asked(keeper: Client):
    office = Office.objects.create(code="hall", name="大厅", level="point")
    channel = Channel.objects.create(code="app", name="某通APP", kind="app")
    Office.objects.create(code="gone", name="撤掉的网点", level="point", published=False)
    page = text_of(keeper, "offices_hotline_unchecked")
    assert "大厅" in page and "某通APP" in page
    assert "撤掉的网点" not in page
    for row in (office, channel):
        name = f"admin:offices_{row._meta.model_name}_checked"
        keeper.post(reverse(name, args=[row.pk]))
        row.refresh_from_db()
        assert row.checked_on == timezone.localdate()


def test_a_clerk_does_not_check_off_telephones(cast: Cast, client: Client):
    line = Hotline.objects.create(name="甲", display="0416-1234567")
    client.force_login(cast.yixian)
    answer = client.post(reverse("admin:offices_hotline_checked", args=[line.pk]))
    assert answer.status_code == 403
    assert Hotline.objects.get().checked_on is None


# The calendar (O5) -----------------------------------------------------------------------------


def known(*years: int) -> None:
    for year in years:
        CalendarDay.objects.create(day=date(year, 1, 1), works=False, name="元旦", source="通知")


@pytest.mark.parametrize(
    ("today", "years", "said"),
    [
        (date(2026, 10, 31), (2026,), ""),
        (date(2026, 11, 1), (2026,), "2027年的放假安排还没有录入"),
        (date(2026, 12, 31), (2026,), "2027年的放假安排还没有录入"),
        (date(2026, 11, 1), (2026, 2027), ""),
        (date(2027, 1, 1), (2026,), "2027年的放假安排还没有录入"),
    ],
)
def test_from_november_on_next_years_calendar_is_missed(
    today: date, years: tuple[int, ...], said: str
):
    known(*years)
    assert calendar_gap(today).partition("，")[0] == said


def test_the_same_sentence_stands_on_the_first_pages_the_calendar_and_in_the_check(
    cast: Cast, client: Client, capsys: pytest.CaptureFixture[str]
):
    known(2026)
    with time_machine.travel("2026-11-22 02:00Z", tick=False):
        said = calendar_gap(TODAY)
        for who, name in (
            (cast.lead, "index"),
            (cast.directory, "index"),
            (cast.lead, "offices_calendarday_changelist"),
        ):
            client.force_login(who)
            assert said in text_of(client, name), (who, name)
        client.force_login(cast.yixian)  # who can do nothing about it
        assert said not in text_of(client, "index")
        call_command("check", databases=["default"])
        assert said in capsys.readouterr().err
        known(2027)
        client.force_login(cast.lead)
        assert said not in text_of(client, "index")
        assert said not in text_of(client, "offices_calendarday_changelist")


def test_working_days_are_counted_out_for_the_staff(cast: Cast, client: Client):
    call_command("sync_reference", verbosity=0)
    client.force_login(cast.yixian)
    asked = {"from": "2026-09-28", "days": "5"}
    page = text_of(client, "offices_calendarday_workdays", **asked)
    assert "从 2026年9月28日 起第 5 个工作日" in page
    assert "10月1日国庆节放假" in page
    wrong = text_of(client, "offices_calendarday_workdays", days="0")
    assert "1 到 250" in wrong


# Odd days and duty (O7, O9) ----------------------------------------------------------------------


def test_an_afternoon_off_leaves_the_morning():
    publicsite.load("jinzhou")
    line = next(row for row in Hotline.objects.all() if row.hours.exists())
    known_day = date(2026, 11, 18)
    SpecialHours.objects.create(
        kind="closed", valid_from=known_day, valid_to=known_day,
        opens=time(15), closes=time(23), reason="停电",
    )  # fmt: skip

    def said(hour: int) -> str:
        now = timezone.make_aware(timezone.datetime(2026, 11, 18, hour))
        opening = Timetable(now).of_hotline(line)
        return opening.state + opening.rest

    assert said(10) == "现在是上班时间到 11:30"
    assert said(14) == "现在是上班时间到 15:00"
    assert said(16).startswith("今天已下班")


def test_who_is_on_duty_and_who_stands_in_is_on_the_first_page(cast: Cast, client: Client):
    days = {"valid_from": timezone.localdate(), "valid_to": timezone.localdate()}
    office = cast.office["yixian"]
    Duty.objects.create(office=office, kind="duty", person=cast.county_lead, **days)
    Duty.objects.create(
        office=office, kind="away", person=cast.yixian, deputy=cast.reviewer, **days
    )
    client.force_login(cast.county_lead)
    page = text_of(client, "index")
    assert "周涛值班（义县医保中心）" in page
    assert "王芳不在岗，找孙伟（义县医保中心）" in page
    client.force_login(cast.heishan)
    assert "值班（" not in text_of(client, "index")


# Notices (P17) -----------------------------------------------------------------------------------


def test_a_notice_for_the_staff_stands_on_every_page_of_theirs_between_its_days(
    cast: Cast, client: Client
):
    days = {"valid_from": date(2026, 11, 20), "valid_to": date(2026, 11, 22), "published": True}
    Notice.objects.create(text="周五系统升级。", audience="staff", level="warn", **days)
    Notice.objects.create(text="给公众的话。", audience="public", **days)
    client.force_login(cast.yixian)
    with time_machine.travel("2026-11-22 02:00Z", tick=False):
        for name in ("index", "filings_filing_changelist"):
            page = text_of(client, name)
            assert "周五系统升级。" in page
            assert "给公众的话。" not in page
        assert "周五系统升级。" not in Client().get(reverse("admin:login")).content.decode()
    with time_machine.travel("2026-11-23 02:00Z", tick=False):
        client.force_login(cast.yixian)  # the session of the day before has ended
        assert "周五系统升级。" not in text_of(client, "index")
