"""Journeys J6 (which hospital refers) and J10 (keeping the directory) in a real browser."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
import time_machine
from django.core.management import call_command
from django.utils import timezone

from apps.filings.models import Filing
from apps.institutions.models import Institution, ReferralRight
from apps.offices.models import Office, Role, Staff
from tests import cast as casting
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
    people = {"keeper": Role.DIRECTORY, "lead": Role.CITY_LEAD, "clerk": Role.CLERK}
    return {
        name: Staff.objects.create_user(
            name, password=PASSWORD, name=name, role=role, office=office, is_staff=True
        )
        for name, role in people.items()
    }


@pytest.fixture
def log_in(live_server: Any, bureau: Any, chromium: Any) -> Iterator[Callable[..., Any]]:
    """A window per person, "" for a citizen; every page must be without console errors and
    foreign addresses."""
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
        if not person:
            return page
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
    clerk = log_in("clerk")
    assert offered(clerk, 1, today) == ["锦州市康宁医院"]
    file_it(clerk)
    older = Filing.objects.get()
    before = (older.referral_institution_id, older.issuer, older.issuer_reason)

    right.valid_to = monday - timedelta(days=1)
    right.save()
    later = ReferralRight(institution=right.institution, valid_from=monday, source=right.source)
    later.mode, later.exclude, later.wording = "except", "精神疾病", "不含精神疾病"
    later.save()
    other = ReferralRight.objects.get(institution__name="锦州市中心医院")
    other.mode, other.include, other.exclude = "only", "精神疾病", ""
    other.wording = "仅限精神疾病"
    other.pk, other.valid_from = None, monday
    ReferralRight.objects.filter(institution=other.institution).update(
        valid_to=monday - timedelta(days=1)
    )
    other.save()

    page = log_in("lead")
    for day, expected in ((today, False), (monday, True)):
        asked(page, "古塔区", "一般疾病", day=day.isoformat())
        assert ("锦州市康宁医院" in names(page, "yes")) == expected
    assert offered(clerk, 2, today) == ["锦州市康宁医院"]
    assert offered(clerk, 3, monday) == ["锦州市中心医院"]
    older.refresh_from_db()
    assert (older.referral_institution_id, older.issuer, older.issuer_reason) == before


def offered(clerk: Any, order: int, start: date) -> list[str]:
    """The hospitals that the registration of a referral outside the catalogue offers."""
    clerk.goto("/admin/filings/filing/enter/?kind=referral-unlisted")
    clerk.fill("#id_cert_no", casting.number(order))
    clerk.fill("#id_name", "测试甲")
    clerk.select_option("#id_insutype", "390")
    clerk.select_option("#id_insured_area", label="古塔区")
    clerk.fill("#id_start_on", start.isoformat())
    clerk.check("input[name=groups][value=精神疾病]")
    with clerk.expect_navigation():
        clerk.click("text=列出能开证明的医院")
    found = clerk.locator(".choice.stacked label:has(input[name=institution])").all_inner_texts()
    return [text.strip() for text in found]


def file_it(clerk: Any) -> None:
    """Outside the catalogue the hospital's own certificate is asked for."""
    clerk.check("input[name=institution]")
    clerk.fill("#id_place", "沈阳")
    for key, how in (("1-id-card-insured", "copy"), ("", "")):
        if key:
            clerk.check(f"input[name=m-{key}][value={how}]")
        with clerk.expect_navigation():
            clerk.click(".register button[name=do][value=submit]:not(.unseen)")
        if key:
            assert "还缺转诊证明" in clerk.inner_text(".errornote")
            clerk.check("input[name=m-2-referral-certificate-hospital][value=original]")


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

    # 3 The public reads the new telephone and today's check at once; the old name is still found.
    one = Institution.objects.get(national_code="H21071100001")
    assert one.checked_on == timezone.localdate()
    public = log_in("")
    public.goto("/search/?q=康宁医院")
    hit = public.locator("li", has_text="锦州市安康医院").first
    assert "曾用名" in hit.inner_text()
    hit.locator("a").first.click()
    assert public.inner_text("h1") == "锦州市安康医院"
    assert public.url.endswith(f"/institutions/{one.pk}/")
    assert public.locator("a[href='tel:04162345678']").count() == 1
    today = timezone.localdate()
    assert (
        f"{today.month}月{today.day}日" in public.locator("main").inner_text().split("最后核对")[1]
    )
    keeper.goto("/admin/institutions/institution/?q=康宁")
    assert "锦州市安康医院" in keeper.inner_text("#result_list")
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
    for days, words in ((6, "起暂停定点资格"), (7, "现在的定点资格是“暂停”")):
        noon = datetime.combine(today + timedelta(days=days), time(4), tzinfo=UTC)
        with time_machine.travel(noon):  # no job runs
            public.goto(f"/institutions/{one.pk}/")
            assert words in public.inner_text(".note.warn")


LISTS = (
    *("institutions/institution/", "institutions/listimport/", "institutions/diseasegroup/"),
    *("offices/office/", "offices/hotline/", "offices/calendarday/", "offices/channel/"),
    *("offices/policydocument/", "offices/synonym/", "offices/notice/", "filings/category/"),
    *("filings/variant/", "filings/settlementrule/", "filings/regionclass/", "filings/topic/"),
)
FIRST_COLUMN = """() => { const one = document.querySelector('#result_list tbody th');
  return one ? one.getBoundingClientRect().width : 999 }"""
SMALL = """() => [...document.querySelectorAll('#content a.btn, #content button, .object-tools a,'
    + 'select, #content summary, [type=submit], [type=search], .menu a, #user-tools button')]
  .filter(e => e.offsetParent && e.getBoundingClientRect().height < 43.5)
  .map(e => e.innerText || e.name)"""


@pytest.mark.parametrize("width", [390, 1440])
def test_j10_a_list_with_an_unknown_name_column_is_read_once_its_columns_are_said(
    log_in: Any, tmp_path: Any, width: int
):
    keeper, file = log_in("keeper", width), tmp_path / "名单.csv"
    file.write_bytes(
        table(机构的叫法=["测试医院"], 机构编码=["H21071100009"], 等级=["二级甲等"],
              联系电话=["0416-2345678"], 地址=["人民路1号"], 值班室=["0416-2345679"])
    )  # fmt: skip
    keeper.goto("/admin/institutions/listimport/receive/")
    keeper.set_input_files("[name=file]", file)
    keeper.click("button:has-text('核对这份名单')")
    assert "没有找到“机构名称”这一列" in keeper.inner_text(".errornote")
    _fits(keeper, width)
    keeper.select_option("label:has-text('机构的叫法') >> xpath=../..//select", "name")
    keeper.click("button:has-text('记住，并核对这份名单')")
    assert "没有用到的列：值班室" in keeper.inner_text("#content")
    _fits(keeper, width)
    keeper.click("a:has-text('改列的对应')")
    keeper.click("button:has-text('放弃，不导入')")
    assert "这份名单没有导入" in keeper.inner_text(".note")


def _fits(page: Any, width: int) -> None:
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, page.url
    if width == 390:
        assert page.evaluate(SMALL) == [], page.url


@pytest.mark.parametrize("width", [390, 1440])
def test_no_page_is_wider_than_the_window(log_in: Any, width: int):
    page = log_in("keeper", width)
    one = Institution.objects.get(name="锦州市康宁医院")
    for path in (
        *LISTS, "institutions/institution/who_refers/?area=210727&group=精神疾病",
        "institutions/institution/unchecked/", "institutions/institution/alike/",
        f"institutions/institution/{one.pk}/timeline/", "institutions/listimport/receive/",
    ):  # fmt: skip
        page.goto(f"/admin/{path}")
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, path
        assert page.evaluate(FIRST_COLUMN) >= 120, path  # eight characters beside each other
        if width == 390:
            assert page.evaluate(SMALL) == [], path
