"""Journeys J5 to J9 in a real browser: the window, referral, emergency, a list, change and revoke.

Every person has a window of their own; the script of the pages is on, but no journey needs it.
"""

import os
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from apps.filings.models import Filing
from apps.filings.models.catalogue import Variant
from apps.offices.models import Channel, Office, Role, Staff
from tests import cast as casting
from ydjy.lib import workbook

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
# The browser's loop runs in this thread for the whole session, the emptying of the tables included.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
PASSWORD = "Correct-Horse-9"
LIST, ENTER = "/admin/filings/filing/", "/admin/filings/filing/enter/"
PEOPLE = {
    "clerk": ("王芳", Role.CLERK, "yixian"),
    "second": ("张静", Role.CLERK, "yixian"),
    "reviewer": ("孙伟", Role.REVIEWER, "yixian"),
    "foreign": ("李强", Role.CLERK, "heishan"),
}


@pytest.fixture
def bureau(transactional_db: None) -> dict[str, Staff]:
    call_command("sync_reference", verbosity=0)
    call_command("load_policy", "jinzhou", verbosity=0)
    return {
        key: Staff.objects.create_user(
            key, password=PASSWORD, name=name, role=role, is_staff=True,
            office=Office.objects.get(code=office),
        )
        for key, (name, role, office) in PEOPLE.items()
    }  # fmt: skip


@pytest.fixture
def log_in(chromium: Any, live_server: Any, bureau: Any) -> Iterator[Callable[..., Any]]:
    """A window per person; no console error and no foreign address is forgiven."""
    trouble: list[str] = []
    opened = []

    def window(person: str) -> Any:
        context = chromium.new_context(
            viewport={"width": 1366, "height": 768}, base_url=live_server.url, locale="zh-CN"
        )
        opened.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("console", lambda m: m.type == "error" and trouble.append(m.text))
        page.on("request", lambda r: r.url.startswith(live_server.url) or trouble.append(r.url))
        page.goto("/admin/login/")
        page.fill("[name=username]", person)
        page.fill("[name=password]", PASSWORD)
        page.press("[name=password]", "Enter")
        page.wait_for_url("**/admin/")
        return page

    yield window
    for context in opened:
        context.close()
    assert [line for line in trouble if "favicon" not in line and "404" not in line] == []


def press(page: Any, do: str) -> None:
    """Any of the form's buttons, by what it does; the page that answers is there afterwards."""
    with page.expect_navigation():
        page.click(f".register button[name=do][value={do}]:not(.unseen)")


def person(page: Any, order: int, kind: str, name: str = "测试甲", insutype: str = "390") -> str:
    number = casting.number(order)
    page.goto(f"{ENTER}?kind={kind}")
    page.fill("#id_cert_no", "".join(chr(ord(ch) + 0xFEE0) for ch in number))
    page.fill("#id_name", name)
    page.select_option("#id_insutype", insutype)
    return number


def tick(page: Any, key: str, how: str = "copy") -> None:
    page.check(f"input[name='m-{key}'][value={how}]")


def long_term(page: Any, order: int, place: str = "bj") -> Filing:
    person(page, order, "long-term-resident")
    with page.expect_navigation():
        page.press("#id_cert_no", "Enter")
    page.fill("#id_place", place)
    page.fill("#id_residence", "朝阳区某路 1 号")
    press(page, "check")
    if page.query_selector("#id_destination"):
        page.select_option("#id_destination", "110000")
    tick(page, "1-social-card-insured", "original")
    tick(page, "2-residence-permit-insured")
    press(page, "submit")
    return Filing.objects.latest("pk")


def test_j5_from_the_window_to_the_reviewer_and_the_persons_file(log_in: Any, bureau: Any):
    clerk, reviewer = log_in("clerk"), log_in("reviewer")
    person(clerk, 1, "long-term-resident")
    with clerk.expect_navigation():
        clerk.press("#id_cert_no", "Enter")
    assert clerk.input_value("#id_cert_no") == casting.number(1)
    assert "66 周岁" in clerk.inner_text(".about-person")
    clerk.fill("#id_place", "bj")
    clerk.fill("#id_residence", "朝阳区某路 1 号")
    press(clerk, "check")
    clerk.select_option("#id_destination", "110000")
    press(clerk, "check")
    assert "还要带：社会保障卡；房产证、居住证（任选其一）" in clerk.inner_text(".doing")
    tick(clerk, "1-social-card-insured", "original")
    tick(clerk, "2-residence-permit-insured")
    clerk.click("text=别人来代办")
    clerk.fill("#id_agent_person", "代办乙")
    clerk.fill("#id_agent_relation", "女儿")
    press(clerk, "submit")
    assert "/paper/" in clerk.url
    assert casting.number(1) not in clerk.url
    assert "受理回执" in clerk.inner_text("h1")
    one = Filing.objects.get()
    others = [long_term(clerk, order) for order in range(2, 6)]
    reviewer.goto("/admin/filings/filing/review/")
    for filing in (one, *others[:3]):
        reviewer.check(f"input[name='d-{filing.pk}-{filing.version}'][value=pass]")
    last = others[3]
    reviewer.check(f"input[name='d-{last.pk}-{last.version}'][value=reject]")
    reviewer.fill(f"#r-{last.pk}", "居住证过期")
    with reviewer.expect_navigation():
        reviewer.click("text=按选的审核")
    assert "通过 4 条" in reviewer.inner_text(".messagelist")
    assert Filing.objects.get(pk=last.pk).reason == "居住证过期"
    clerk.goto(f"{LIST}{one.pk}/change/")
    assert "有效" in clerk.inner_text(".one-filing h2")
    clerk.click("text=一人一档")
    clerk.wait_for_load_state()
    assert "备案审核通过" in clerk.inner_text(".log")
    assert log_in("foreign").goto(f"{LIST}{one.pk}/change/").status == 404


def test_j5_the_forms_print_on_one_page_each(log_in: Any, bureau: Any, tmp_path: Path):
    clerk = log_in("clerk")
    filing = long_term(clerk, 1)
    for form in ("filing", "receipt", "checklist"):
        clerk.goto(f"{LIST}{filing.pk}/change/")
        with clerk.expect_navigation():
            clerk.click(f"button[name=form][value={form}]")
        made = clerk.pdf(path=str(tmp_path / f"{form}.pdf"), prefer_css_page_size=True)
        assert len(re.findall(rb"/Type\s*/Page\b", made)) == 1


def test_no_list_of_cases_is_wider_than_a_phone(log_in: Any, bureau: Any):
    page = log_in("clerk")
    page.set_viewport_size({"width": 390, "height": 800})
    for path in (
        "",
        "errors/ticket/",
        "filings/filing/",
        "filings/filing/watch/",
        "filings/filing/add/",
    ):
        page.goto(f"/admin/{path}")
        assert page.locator("h1").count() == 1, path
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, path
        page.evaluate(
            "document.querySelectorAll('#changelist-search .quiet')"
            ".forEach(one => one.textContent = '10000 条以上')"
        )
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, path


def test_j6_only_the_hospitals_that_may_are_offered(log_in: Any, bureau: Any):
    clerk = log_in("clerk")
    person(clerk, 1, "referral-unlisted")
    clerk.check("input[name=groups][value=精神疾病]")
    clerk.fill("#id_institution_name", "锦州医科大学附属第一医院")
    with clerk.expect_navigation():
        clerk.click("text=列出能开证明的医院")
    assert clerk.locator("input[name=institution]").count() == 1
    assert "锦州市康宁医院" in clerk.inner_text(".choice.stacked")
    assert "锦州医科大学附属第一医院不能开：不含精神疾病" in clerk.inner_text(".facts")
    clerk.fill("#id_institution_name", "")
    clerk.check("input[name=institution]")
    clerk.fill("#id_place", "沈阳")
    tick(clerk, "1-id-card-insured")
    press(clerk, "submit")
    assert "还缺转诊证明" in clerk.inner_text(".errornote")
    tick(clerk, "2-referral-certificate-hospital", "original")
    press(clerk, "submit")
    assert Filing.objects.get().issuer == "yes"


def test_j7_an_emergency_by_telephone_then_the_papers_then_the_experts(log_in: Any, bureau: Any):
    clerk, reviewer = log_in("clerk"), log_in("reviewer")
    person(clerk, 1, "emergency-unlisted")
    clerk.select_option("#id_channel", str(Channel.objects.get(code="telephone").pk))
    today = timezone.localdate()
    clerk.fill("#id_place", "沈阳")
    clerk.fill("#id_start_on", str(today))
    clerk.fill("#id_admission_on", str(today))
    tick(clerk, "1-id-card-insured", "later")
    tick(clerk, "2-full-record-hospital", "later")
    clerk.fill("#id_lacking_due_on", str(today + timedelta(days=5)))
    press(clerk, "submit")
    filing = Filing.objects.get()
    assert len(filing.lacking) == 2
    reviewer.goto(f"{LIST}{filing.pk}/change/")
    reviewer.fill(".verb input[name=items]", "完整住院病历")
    reviewer.fill(".verb input[name=due_on]", str(today + timedelta(days=4)))
    with reviewer.expect_navigation():
        reviewer.click("text=要求补正")
    with reviewer.expect_navigation():
        reviewer.click("button[name=form][value=supplement]")
    assert "完整住院病历" in reviewer.inner_text(".needs")
    clerk.goto(f"{LIST}?tab=supplement")
    assert filing.number in clerk.inner_text(".rows")
    clerk.goto(f"{LIST}{filing.pk}/change/")
    clerk.get_by_role("link", name="打开登记表补正").click()
    assert "完整住院病历" in clerk.inner_text("main")
    tick(clerk, "1-id-card-insured", "original")
    tick(clerk, "2-full-record-hospital", "original")
    press(clerk, "submit")
    for words, button in (("", "提交专家合议"), ("不符合危急重病标准", "合议不符合")):
        reviewer.goto(f"{LIST}{filing.pk}/change/")
        form = reviewer.locator(".verb", has_text=button).filter(
            has=reviewer.get_by_role("button", name=button, exact=True)
        )
        if words:
            form.locator("input[name=words]").fill(words)
        with reviewer.expect_navigation():
            form.get_by_role("button", name=button, exact=True).click()
    assert Filing.objects.get().status == Filing.Status.REJECTED
    with reviewer.expect_navigation():
        reviewer.click("button[name=form][value=result]")
    assert "手工报销" in reviewer.inner_text("main")


def test_j8_a_list_of_posted_workers(log_in: Any, bureau: Any, tmp_path: Path):
    header = "姓名 身份证号 险种 人员状态 派驻月数 就医地 开始日期 参保地".split()
    rest = ["上海", "2026-11-20", "义县"]
    rows = [
        [f"测试{n}", casting.number(n), "职工", "在职", "5" if n == 3 else "12", *rest]
        for n in range(1, 4)
    ]
    rows.append(["坏行", "123", "职工", "在职", "12", *rest])
    out = BytesIO()
    workbook.write(out, [workbook.SheetOut(name="名单", header=header, rows=rows)])
    file = tmp_path / "派驻.xlsx"
    file.write_bytes(out.getvalue())
    clerk = log_in("clerk")
    clerk.goto("/admin/filings/filing/receive/")
    clerk.select_option("#id_variant", str(Variant.objects.get(code="posted-worker").pk))
    clerk.set_input_files("#id_file", str(file))
    with clerk.expect_navigation():
        clerk.click("text=核对这个文件")
    assert "证件号码应为 18 位" in clerk.inner_text(".sheet")
    for key in ("1-social-card-insured", "2-transfer-order-employer",
                "3-labour-contract-insured", "4-project-statement-employer"):  # fmt: skip
        clerk.check(f"input[name=handed][value='{key}']")
    with clerk.expect_navigation():
        clerk.click("text=登记 3 条")
    assert "已登记 2 条" in clerk.inner_text(".messagelist")
    assert "派驻要满6个月" in clerk.inner_text(".sheet")
    with clerk.expect_download() as got:
        clerk.click("text=下载有问题的 2 行")
    assert got.value.suggested_filename.startswith("有问题的行")


def test_j9_two_windows_on_one_draft_and_a_revocation_by_another(log_in: Any, bureau: Any):
    clerk, second, reviewer = log_in("clerk"), log_in("second"), log_in("reviewer")
    filing = long_term(clerk, 1)
    filing.approve(by=bureau["reviewer"])
    clerk.goto(f"{LIST}{filing.pk}/change/")
    form = clerk.locator(".verb", has=clerk.get_by_role("button", name="变更", exact=True))
    form.locator("input[name=reason]").fill("搬到上海")
    with clerk.expect_navigation():
        form.get_by_role("button", name="变更", exact=True).click()
    second.goto(clerk.url)
    clerk.fill("#id_place", "上海")
    press(clerk, "draft")
    second.fill("#id_place", "北京")
    second.fill("#id_residence", "我的地址")
    press(second, "draft")
    assert "王芳" in second.inner_text(".errornote")
    assert "上海市" in second.inner_text(".theirs") or "310000" in second.inner_text(".theirs")
    assert second.input_value("#id_residence") == "我的地址"
    assert Filing.objects.get(pk=filing.pk).status == Filing.Status.APPROVED
    draft = Filing.objects.latest("pk")
    draft.submit(by=bureau["clerk"])
    draft.approve(by=bureau["reviewer"])
    assert Filing.objects.get(pk=filing.pk).status == Filing.Status.CHANGED
    clerk.goto(f"{LIST}{draft.pk}/change/")
    ask = clerk.locator(".verb", has=clerk.get_by_role("button", name="申请撤销", exact=True))
    ask.locator("input[name=reason]").fill("回来住了")
    with clerk.expect_navigation():
        ask.get_by_role("button", name="申请撤销", exact=True).click()
    reviewer.goto(f"{LIST}{draft.pk}/change/")
    revoke = reviewer.locator(".verb", has=reviewer.get_by_role("button", name="撤销", exact=True))
    with reviewer.expect_navigation():
        revoke.get_by_role("button", name="撤销", exact=True).click()
    draft.refresh_from_db()
    assert draft.status == Filing.Status.REVOKED
    codes = [e.national_code for e in draft.events.order_by("pk") if e.national_code]
    assert codes == ["01", "05"]
