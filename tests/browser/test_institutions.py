"""Journeys J6 (which hospital refers) and J10 (keeping the directory) in a real browser."""

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from apps.institutions.models import Institution, ReferralRight
from apps.offices.models import Office, Role, Staff
from tests.institutions.lists import table

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PASSWORD = "Correct-Horse-9"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


@pytest.fixture(autouse=True)
def _django_beside_the_browsers_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")


@pytest.fixture
def bureau(transactional_db: None) -> dict[str, Staff]:
    """Jinzhou as its policy says it is, with a keeper of the directory and a city lead."""
    call_command("sync_reference", verbosity=0)
    call_command("load_policy", "jinzhou", verbosity=0)
    office = Office.objects.get(parent=None, handles_cases=True)
    people = {"keeper": Role.DIRECTORY, "lead": Role.CITY_LEAD}
    return {
        name: Staff.objects.create_user(
            name, password=PASSWORD, name=name, role=role, office=office, is_staff=True
        )
        for name, role in people.items()
    }


@pytest.fixture
def log_in(live_server: Any, bureau: Any, chromium: Any) -> Iterator[Callable[..., Any]]:
    """A window per person; every page must be without console errors and foreign addresses."""
    trouble: list[str] = []
    opened: list[Any] = []

    def window(person: str, width: int = 1366) -> Any:
        context = chromium.new_context(
            viewport={"width": width, "height": 768}, base_url=live_server.url, locale="zh-CN"
        )
        opened.append(context)
        page = context.new_page()
        page.on("console", lambda m: m.type == "error" and trouble.append(m.text))
        page.on("request", lambda r: _foreign(r.url, live_server.url) and trouble.append(r.url))
        page.goto("/admin/login/")
        page.fill("[name=username]", person)
        page.fill("[name=password]", PASSWORD)
        page.press("[name=password]", "Enter")
        page.wait_for_url("**/admin/")
        return page

    yield window
    for context in opened:
        context.close()
    assert trouble == []


def _foreign(address: str, home: str) -> bool:
    return not address.startswith((home, "data:", "about:"))


def names(page: Any, part: str) -> list[str]:
    return [text.strip() for text in page.locator(f"dl.{part} dt").all_inner_texts()]


def asked(page: Any, area: str, *groups: str, **more: str) -> None:
    page.goto("/admin/institutions/institution/who_refers/")
    page.select_option("[name=area]", label=area)
    for group in groups:
        page.check(f"label:has-text('{group}') >> input[name=group]")
    for field, value in more.items():
        if value == "on":
            page.check(f"[name={field}]")
        else:
            page.fill(f"[name={field}]", value)
    with page.expect_navigation():  # the form and its answer share one address
        page.click("button:has-text('查')")


def test_j6_which_hospital_may_refer(log_in: Any):
    page = log_in("lead")
    asked(page, "古塔区", "精神疾病", q="附属第一医院")
    assert names(page, "yes") == ["锦州市康宁医院"]
    explained = page.locator("section", has_text="你问的医院").inner_text()
    assert "锦州医科大学附属第一医院" in explained
    assert "不含精神疾病" in explained

    asked(page, "古塔区", "传染病")
    assert names(page, "yes") == ["锦州市传染病医院"]

    asked(page, "义县")
    assert names(page, "yes") == ["义县人民医院"]
    asked(page, "义县", "精神疾病")
    assert names(page, "yes") == ["锦州市康宁医院"]
    assert "请先打电话问清楚" in page.inner_text("dl.yes")
    assert "行政区内办理" in page.inner_text(".note")

    asked(page, "古塔区", "结核病", "儿科")
    assert names(page, "yes") == []
    assert set(names(page, "ask")) == {"锦州市传染病医院", "锦州市妇婴医院"}

    asked(page, "义县", "传染病", listed="on")
    assert "不用医院开转诊证明" in page.inner_text(".note")
    assert page.locator("dl.yes").count() == 0


def test_j6_a_scope_that_changes_next_monday(log_in: Any):
    today = timezone.localdate()
    monday = today + timedelta(days=7 - today.weekday())
    right = ReferralRight.objects.get(institution__name="锦州市康宁医院")
    right.valid_to = monday - timedelta(days=1)
    right.save()
    later = ReferralRight(institution=right.institution, valid_from=monday, source=right.source)
    later.mode, later.wording = "all", "不限"
    later.save()
    page = log_in("lead")
    for day, expected in ((today, False), (monday, True)):
        asked(page, "古塔区", "一般疾病", day=day.isoformat())
        assert ("锦州市康宁医院" in names(page, "yes")) == expected


def test_j10_the_directory_is_kept_by_two_people(log_in: Any, tmp_path: Any):
    keeper, lead = log_in("keeper"), log_in("lead")
    file = tmp_path / "名单.csv"
    name = "锦州市康宁医院"
    Institution.objects.filter(name=name).update(national_code="H21071100001", checked_on=None)
    file.write_bytes(
        table(机构名称=["锦州市安康医院"], 机构编码=["H21071100001"], 联系电话=["0416-2345678"])
    )

    # 1 Import: the difference field by field, then a draft.
    keeper.goto("/admin/institutions/listimport/receive/")
    keeper.set_input_files("[name=file]", file)
    keeper.click("button:has-text('核对这份名单')")
    row = keeper.locator("tr", has_text="锦州市安康医院").inner_text()
    assert "锦州市康宁医院 → 锦州市安康医院" in row
    assert "0416-2345678" in row
    keeper.click("button:has-text('提交：新增 0，改动 1')")
    assert "请另一位同事核对后发布" in keeper.inner_text("#content")
    assert keeper.locator("button:has-text('发布')").count() == 0
    address = keeper.url

    # 2 The second person publishes.
    lead.goto(address)
    lead.click("button:has-text('发布')")
    assert "已发布" in lead.inner_text("#content")

    # 3 The old name is still found; the day of the check is today's.
    keeper.goto("/admin/institutions/institution/?q=康宁")
    assert "锦州市安康医院" in keeper.inner_text("#result_list")
    one = Institution.objects.get(national_code="H21071100001")
    assert one.checked_on == timezone.localdate()
    assert one.phone == "0416-2345678"

    # 4 The 90-day list, one click.
    Institution.objects.filter(name="锦州市妇婴医院").update(checked_on=date(2026, 1, 1))
    keeper.goto("/admin/institutions/institution/unchecked/")
    keeper.click("button[aria-label='锦州市妇婴医院已电话核对']")
    assert "已登记核对" in keeper.inner_text(".messagelist")
    assert "锦州市妇婴医院" not in keeper.inner_text("#content")

    # 5 Suspended from next week: its page says so for that day, and not for today.
    begins = timezone.localdate() + timedelta(days=7)
    one.suspensions.create(valid_from=begins, kind="suspended", reason="整改")
    for day, state in ((timezone.localdate(), "正常"), (begins, "暂停")):
        keeper.goto(f"/admin/institutions/institution/{one.pk}/timeline/?day={day}")
        assert state in keeper.inner_text("h2 .tag")


@pytest.mark.parametrize("width", [390, 1440])
def test_no_page_is_wider_than_the_window(log_in: Any, width: int):
    page = log_in("keeper", width)
    one = Institution.objects.get(name="锦州市康宁医院")
    for path in (
        "institution/", "institution/who_refers/?area=210727&group=精神疾病",
        "institution/unchecked/", "institution/alike/", f"institution/{one.pk}/timeline/",
        "listimport/", "listimport/receive/",
    ):  # fmt: skip
        page.goto(f"/admin/institutions/{path}")
        wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0, path
