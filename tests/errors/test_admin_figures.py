"""Statistics, the year's shifted weeks, what lies one level up, and the try-out of the routing."""

from io import BytesIO

import openpyxl
import pytest
from django.urls import reverse

from apps.errors.diagnosis.cause_codes import sync_causes
from apps.errors.models import Batch, RouteRule, Ticket
from apps.offices.sync import sync_calendar
from tests import cast as casting
from tests.errors import weeks
from ydjy.desk.models import Reading

pytestmark = pytest.mark.django_db


def get(browser, name: str, *args, **query):
    return browser.get(reverse(f"admin:errors_{name}", args=args), query)


def test_the_figures_of_a_week_and_of_twelve_open_for_each_case_role(cast, client_of):
    sync_causes()
    batch = weeks.received(cast)
    for person in (cast.lead, cast.yixian, cast.head):
        browser = client_of(person)
        assert "最近 1 周" in get(browser, "batch_figures").content.decode()
        assert get(browser, "batch_week_figures", batch.pk).context_data["week"].rows == 4
    theirs = get(client_of(cast.heishan), "batch_week_figures", batch.pk)
    assert theirs.context_data["week"].rows == 0


def test_the_year_lists_exactly_the_shifted_weeks_of_the_golden_table(cast, client_of):
    sync_calendar()
    page = get(client_of(cast.lead), "batch_year", year="2026")
    mondays = [str(row["week"].monday) for row in page.context_data["shifted"]]
    assert mondays == [
        "2025-12-29", "2026-02-16", "2026-02-23", "2026-04-06", "2026-04-27", "2026-05-04",
        "2026-06-15", "2026-09-21", "2026-09-28", "2026-10-05",
        "2026-12-28",  # provisional: the notice of 2027 is not out
    ]  # fmt: skip
    assert "并入2026年第9周" in page.content.decode()


def test_the_year_shows_a_cut_off_that_a_person_has_set_with_its_reason(cast, client_of):
    sync_calendar()
    batch = Batch.objects.of_week(2026, 47)
    with weeks.at(weeks.MONDAY):
        plain = get(client_of(cast.lead), "batch_year", year="2026").content.decode()
        assert "第 47 周" not in plain
        batch.move_due(weeks.FRIDAY.replace(hour=18), by=cast.lead, reason="省里电话通知")
        html = get(client_of(cast.lead), "batch_year", year="2026").content.decode()
    assert "第 47 周" in html
    assert "11月20日 18:00</a>（改过）" in html
    assert "改为11月20日（周五）18:00，原因：省里电话通知。" in html


def test_a_year_without_official_days_says_it_is_provisional(cast, client_of):
    sync_calendar()
    assert "暂定" in get(client_of(cast.lead), "batch_year", year="2027").content.decode()
    assert get(client_of(cast.lead), "batch_year", year="9999").status_code == 200


def test_what_lies_one_level_up_is_listed_for_the_own_office_only(cast, client_of):
    casting.ticket(cast, "yixian").refer_up(by=cast.yixian, words="单边账", number="函12号")
    assert "函12号" in get(client_of(cast.yixian), "ticket_escalated").content.decode()
    assert "函12号" not in get(client_of(cast.heishan), "ticket_escalated").content.decode()


def test_a_routing_rule_is_tried_on_the_last_week_without_moving_anything(cast, client_of):
    sync_causes()
    batch = weeks.received(cast)
    RouteRule.objects.create(area="2107", office=cast.office["city"], reason="统一由市里办")
    html = get(client_of(cast.lead), "routerule_try_out").content.decode()
    assert "统一由市里办" in html
    assert "4 条分给别的机构" in html
    assert set(Ticket.objects.filter(batch=batch).values_list("office__code", flat=True)) == {
        "yixian"
    }
    assert get(client_of(cast.yixian), "routerule_try_out").status_code == 403


@pytest.mark.parametrize("form", ["xlsx", "csv"])
def test_the_twelve_weeks_go_out_as_one_table_that_equals_the_page(cast, client_of, form):
    batch = weeks.received(cast)
    browser, url = client_of(cast.lead), reverse("admin:errors_batch_figures")
    hospital = batch.tickets.first().inst_name

    answer = browser.get(url, {"as": form})

    assert f".{form}" in answer["Content-Disposition"]
    if form == "csv":
        rows = [line.split(",") for line in answer.content.decode("utf-8-sig").splitlines()]
    else:
        rows = [list(row) for row in openpyxl.load_workbook(BytesIO(answer.content)).active.values]
    assert "刘敏" in str(rows[0][0])
    assert rows[1] == ["分类", "名称", "2026-W47", "合计"]
    counted = {(row[0], row[1]): int(row[3]) for row in rows[2:]}
    assert counted["按县区", "义县医保中心"] == 4
    assert counted["按医院", hospital] == batch.tickets.filter(inst_name=hospital).count()
    assert f'href="?as={form}"' in browser.get(url).content.decode()
    assert Reading.objects.filter(by=cast.lead, what__contains="报错统计").count() == 1


def test_a_rule_is_tried_on_last_weeks_tickets_before_it_is_saved(cast, client_of):
    weeks.received(cast)
    browser = client_of(cast.lead)
    url = reverse("admin:errors_routerule_try_out")
    assert url in browser.get(reverse("admin:errors_routerule_changelist")).content.decode()
    assert "和原来一样" in browser.get(url).content.decode()
    asked = {"area": "210727", "office": cast.office["heishan"].pk}
    html = browser.get(url, asked).content.decode()
    assert "下面 4 条分给别的机构" in html
    assert not RouteRule.objects.exists()
    assert "请写参保区划" in browser.get(url, {"office": asked["office"]}).content.decode()
