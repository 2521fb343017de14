"""The pages of offices, telephones, hours and working days, as a citizen meets them."""

from datetime import UTC, date, datetime, time

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.test import Client

from apps.offices.models import (
    Duty,
    Hotline,
    Office,
    ServiceHours,
    SpecialHours,
    Synonym,
)
from apps.offices.public.opening_hours import Timetable, in_short
from apps.offices.public.search import Entry, asked, find, pieces
from tests import publicsite
from tests.cast import Cast

pytestmark = pytest.mark.django_db
WEDNESDAY = date(2026, 11, 18)


@pytest.fixture
def jinzhou() -> Hotline:
    publicsite.load("jinzhou")
    return Hotline.objects.get(display="0416-8904567")


def at(day: date, hour: int, minute: int = 0) -> datetime:
    """A moment on Shanghai's clock."""
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC).replace(
        tzinfo=Timetable(datetime.now(UTC)).now.tzinfo
    )


def said(line: Hotline, day: date, hour: int, minute: int = 0) -> str:
    opening = Timetable(at(day, hour, minute)).of_hotline(line)
    return "，".join(filter(None, (opening.state, opening.rest)))


@pytest.mark.parametrize(
    ("day", "hour", "minute", "words"),
    [
        (WEDNESDAY, 14, 20, "现在是上班时间，到 17:00"),
        (WEDNESDAY, 12, 10, "现在休息，13:30 上班"),
        (WEDNESDAY, 8, 0, "现在休息，8:30 上班"),
        (WEDNESDAY, 17, 0, "今天已下班，11月19日（周四）8:30 上班"),
        (date(2026, 11, 21), 10, 0, "今天休息，11月23日（周一）8:30 上班"),
        (date(2026, 10, 1), 10, 0, "今天休息，10月8日（周四）8:30 上班"),
        (date(2026, 10, 10), 10, 0, "现在是上班时间，到 11:30"),  # a make-up Saturday
    ],
)
def test_open_now_comes_from_hours_and_calendar(
    jinzhou: Hotline, day: date, hour: int, minute: int, words: str
):
    assert said(jinzhou, day, hour, minute) == words


def test_a_year_without_a_calendar_shows_the_hours_only(jinzhou: Hotline):
    opening = Timetable(at(date(2027, 3, 3), 10)).of_hotline(jinzhou)
    assert (opening.state, opening.hours) == ("", "工作日 8:30—11:30，13:30—17:00")
    last = Timetable(at(date(2026, 12, 31), 18)).of_hotline(jinzhou)
    assert (last.state, last.rest) == ("今天已下班", "")  # when it opens next nobody has announced


def test_an_extra_closing_and_longer_hours_count_and_are_announced(jinzhou: Hotline):
    SpecialHours.objects.create(
        kind="closed", valid_from=WEDNESDAY, valid_to=WEDNESDAY, reason="系统升级"
    )
    SpecialHours.objects.create(
        kind="extra", valid_from=date(2026, 11, 21), valid_to=date(2026, 11, 21),
        opens=time(9), closes=time(12), office=jinzhou.office,
    )  # fmt: skip
    assert said(jinzhou, WEDNESDAY, 10) == "今天休息，11月19日（周四）8:30 上班"
    assert said(jinzhou, date(2026, 11, 21), 10) == "现在是上班时间，到 12:00"
    other = Hotline.objects.get(display="0416-7787016")
    ServiceHours.objects.create(hotline=other, opens=time(8), closes=time(17))
    assert said(other, date(2026, 11, 21), 10).startswith("今天休息")
    assert Timetable(at(WEDNESDAY, 10)).of_hotline(jinzhou).soon == (
        "11月18日（周三）暂停办公（系统升级）",
        "11月21日（周六）延时服务 9:00—12:00",
    )


def test_hours_change_with_the_season(jinzhou: Hotline):
    ServiceHours.objects.filter(hotline=jinzhou).update(valid_to=date(2026, 11, 30))
    ServiceHours.objects.create(
        hotline=jinzhou, opens=time(9), closes=time(16), valid_from=date(2026, 12, 1)
    )
    assert Timetable(at(date(2026, 12, 2), 9)).of_hotline(jinzhou).hours == "工作日 9:00—16:00"
    assert said(jinzhou, date(2026, 12, 2), 16, 30).startswith("今天已下班")


def test_hours_are_written_as_on_a_door_plate():
    def row(weekday: int | None, opens: int, closes: int) -> ServiceHours:
        return ServiceHours(weekday=weekday, opens=time(opens), closes=time(closes))

    week = [row(day, 8, 17) for day in range(4)] + [row(4, 8, 12), row(5, 9, 11)]
    assert in_short(week) == "周一到周四 8:00—17:00；周五 8:00—12:00；周六 9:00—11:00"


def test_a_saturday_of_its_own_is_open_but_never_on_a_holiday(jinzhou: Hotline):
    ServiceHours.objects.create(hotline=jinzhou, weekday=5, opens=time(9), closes=time(11))
    assert said(jinzhou, date(2026, 11, 21), 10) == "现在是上班时间，到 11:00"
    assert said(jinzhou, date(2026, 10, 3), 10).startswith("今天休息")


# Pages -------------------------------------------------------------------------------------------


def test_the_list_of_telephones_can_show_only_those_open_now(jinzhou: Hotline, client: Client):
    with time_machine.travel(at(WEDNESDAY, 10), tick=False):
        assert "现在上班的（1）" in client.get("/offices/").content.decode()
        html = client.get("/offices/?now=open").content.decode()
    assert 'href="tel:04168904567"' in html
    assert "0416-7787016" not in html


def test_an_office_page_says_where_when_whom_and_when_checked(client: Client):
    publicsite.load("changchun")
    office = Office.objects.get(code="chaoyang")
    Office.objects.filter(pk=office.pk).update(step_free="门口有坡道")
    html = client.get(f"/offices/{office.pk}/").content.decode()
    for words in ("朝阳区延安大街1149号", "全省通办", "门口有坡道", "最后核对：2026年11月21日"):
        assert words in html
    assert "18686626826" not in html  # a blogger's mobile in the source (D-O34)


def test_progress_is_asked_elsewhere_and_no_person_is_looked_up(jinzhou: Hotline, client: Client):
    html = client.get("/progress/").content.decode()
    assert "本站不能查某个人的备案" in html
    assert "锦州通APP" in html
    assert "网上服务大厅" not in html  # not open (D-O32)
    assert "<form" not in html


def test_working_days_are_counted_out_and_explained(jinzhou: Hotline, client: Client):
    html = client.get("/workdays/?from=2026-09-28&days=5").content.decode()
    assert "到 2026年10月10日" in html
    assert "10月1日国庆节放假" in html
    assert "调休上班" in html
    late = client.get("/workdays/?from=2026-12-28&days=20").content.decode()
    assert "2027 年的放假安排还没有公布" in late
    for wrong in ("?from=2026-13-40&days=5", "?days=x", "?days=9999", "?from=1900-01-01&days=2"):
        assert "还差一点" in client.get(f"/workdays/{wrong}").content.decode()


# Search --------------------------------------------------------------------------------------


def test_people_words_pinyin_and_initials_are_understood():
    entries = [
        Entry("康宁医院", "/1/", (("名称", "锦州市康宁医院"), ("转诊范围", "仅限精神疾病"))),
        Entry("妇婴医院", "/2/", (("名称", "锦州市妇婴医院"), ("转诊范围", "仅限妇产科、儿科"))),
    ]

    def found(query: str) -> list[str]:
        return [f"{hit.entry.title}：{hit.why}" for hit in find(entries, asked(query))]

    assert found("精神病") == ["康宁医院：转诊范围“仅限精神疾病”（“精神病”就是“精神疾病”）"]
    assert found("kangning") == ["康宁医院：名称的拼音里有“kangning”"]
    assert found("jzsfy") == ["妇婴医院：名称的拼音首字母里有“jzsfy”"]
    assert found("妇婴 儿科") == ["妇婴医院：名称里有“妇婴”；转诊范围“仅限妇产科、儿科”"]
    assert found("锦州 没有这个") == []
    assert found("") == []
    Synonym.objects.create(word="疯病", means="精神疾病")
    assert len(found("疯病")) == 1


def test_a_query_is_cut_and_words_without_blanks_are_taken_apart():
    assert len(asked("一 二 三 四 五 六 七")) == 5
    assert sum(len(word.typed) for word in asked("长" * 10_000)) == 64
    assert [w.typed for w in pieces(asked("精神病转诊"), ["转诊"])] == ["精神病", "转诊"]
    assert find([Entry("a", "/", (("名称", "100%"),))], asked("%%%%")) == []


# Duty (O9) -----------------------------------------------------------------------------------


def test_the_deputy_stands_in_only_on_the_days_written_down(cast: Cast):
    office = cast.office["yixian"]
    days = {"valid_from": date(2026, 11, 16), "valid_to": date(2026, 11, 20)}
    row = Duty(office=office, kind="away", person=cast.yixian, deputy=cast.reviewer, **days)
    row.full_clean()
    row.save()
    assert Duty.objects.deputy_of(cast.yixian, WEDNESDAY) == cast.reviewer
    assert Duty.objects.deputy_of(cast.yixian, date(2026, 11, 21)) is None
    both = Duty(office=office, kind="away", person=cast.reviewer, deputy=cast.yixian, **days)
    with pytest.raises(ValidationError, match="也不在岗"):
        both.full_clean()
    alone = Duty(office=office, kind="away", person=cast.yixian, **days)
    with pytest.raises(ValidationError, match="B角是谁"):
        alone.full_clean()
    assert not Duty.objects.visible_to(cast.heishan).exists()
    assert Duty.objects.visible_to(cast.lead).exists()
