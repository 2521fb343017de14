"""What a clerk has typed survives the end of the session, an error and a look at the number."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests import migrated
from tests.browser import desk as desks
from tests.browser.desk import Desk
from tests.cast import PASSWORD, number
from tests.test_house import STAFF_PAGES, concrete
from ydjy.desk.crypto.fields import sealed_names

MOMENT = "2026-11-17T01:00:00+00:00"
SETUP = """
from tests import cast
from apps.offices.models import Office, Staff
people = cast.Cast({"yixian": Office.objects.get(code="yixian")})
clerk = Staff.objects.get(username="yixian")
cast.ticket(people, "yixian", assignee=clerk, phone="13900000000")
"""
EVERYTHING = """
from django.contrib.auth.models import Permission
from apps.filings.models import Filing
from apps.errors.models import ReturnFile, Ticket
from ydjy.desk.crypto import vault
from ydjy.desk.models import Upload
from apps.offices.models import Office, Staff
from tests import cast
from tests.test_scoping import MAKE
people = cast.Cast({"yixian": Office.objects.get(code="yixian")})
people.staff = {key: Staff.objects.get(username=key) for key in ("yixian", "lead")}
for model, make in MAKE.items():
    if model._meta.label not in ("desk.Upload", "errors.Ticket", "offices.Staff"):
        make(people, "yixian")
cast.institution()
sheet = {"sheet": "来表", "headers": ["证件号码", "姓名"], "columns": {"cert_no": 0}}
stored = vault.put("weekly", "证件号码,姓名".encode())
Upload.objects.update(stored=stored, layout=[sheet])
ReturnFile.objects.update(stored=stored)
Staff.objects.get(username="yixian").user_permissions.set(Permission.objects.all())
"""
TICKET = "/admin/errors/ticket/1/change/"
OVER = "from django.contrib.sessions.models import Session; Session.objects.all().delete()"


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, chromium: Any) -> Iterator[Desk]:
    folder = tmp_path_factory.mktemp("typed") / "data"
    folder.mkdir(mode=0o700)
    migrated.lend(folder)
    desk = Desk(desks.prepare(folder), chromium)
    desk.run(SETUP)
    with desk.at(MOMENT):
        yield desk
    assert desk.trouble == []


def log_in(page: Any, username: str) -> None:
    page.fill("#id_username", username)
    page.fill("#id_password", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "/login/" not in url)


def kept(page: Any) -> str:
    return str(page.evaluate("JSON.stringify(sessionStorage)"))


def test_a_session_that_ends_in_the_middle_of_a_ticket_costs_no_word(desk: Desk):
    with desk.person("yixian", path=TICKET) as page:
        page.fill("#id_result", "医院没有上传急诊标志")
        page.fill("#id_note", f"家属说 {number(1)} 是他的号")
        desk.run(OVER)
        page.keyboard.press("Control+Enter")  # 保存，办下一条
        page.wait_for_url("**/login/**")
        assert "没有保存的字还在这个窗口里" in page.inner_text("body")
        assert number(1) not in kept(page)
        log_in(page, "yixian")
        assert page.url.endswith(TICKET)
        assert page.input_value("#id_result") == "医院没有上传急诊标志"
        assert "还没有保存，已经放回下面" in page.inner_text(".kept-draft")

        page.click(".kept-draft button")
        assert page.input_value("#id_result") == ""
        assert json.loads(kept(page)) == {}

        page.fill("#id_result", "已补办备案")
        page.click("[data-key=save]")
        assert "已保存" in page.inner_text("body")
        assert "已补办备案" not in kept(page)
        page.fill("#id_result", "")
        page.click("[data-key=save]")


def test_the_number_is_shown_in_its_place_and_what_was_typed_stays(desk: Desk):
    with desk.person("yixian", path=TICKET) as page:
        page.fill("#id_result", "查平台")
        page.click(".show-number button")
        assert number(1) not in page.inner_text("body"), "not without a reason"
        page.select_option("#show-number-reason", "在平台上查")
        page.click(".show-number button")
        page.wait_for_selector(".show-number output:not(:empty)")
        assert page.inner_text(".show-number output") == number(1)
        assert page.input_value("#id_result") == "查平台"
        assert number(1) not in kept(page)
    said = "from ydjy.desk.models import Reading; print([r.reason for r in Reading.objects.all()])"
    assert desk.run(said) == "['在平台上查']"


def test_no_other_account_finds_what_was_typed_and_logging_out_wipes_it(desk: Desk):
    with desk.person("yixian", path=TICKET) as page:
        page.fill("#id_result", "只有我知道")
        desk.run(OVER)
        page.once("dialog", lambda dialog: dialog.accept())
        page.goto("/admin/login/")
        log_in(page, "lead")
        page.goto(TICKET)
        assert page.input_value("#id_result") == ""
        assert "只有我知道" not in kept(page)

        page.fill("#id_result", "又写了")
        assert "又写了" in kept(page)
        page.click("#logout-form button")
        assert json.loads(kept(page)) == {}


def test_who_is_about_to_be_logged_out_is_warned_and_can_stay(desk: Desk):
    with desk.person("yixian") as page:
        page.clock.install()
        page.goto(TICKET)
        page.fill("#id_note", "写到一半")
        page.clock.fast_forward("28:30")
        assert "还有不到两分钟就自动退出" in page.inner_text(".session-end")
        with page.expect_response("**/admin/stay/") as stayed:
            page.click(".session-end button")
        assert stayed.value.json()["left"] > 1700
        page.wait_for_selector(".session-end", state="detached")
        page.clock.fast_forward("31:00")
        assert "已经自动退出" in page.inner_text(".session-end")
        assert page.input_value("#id_note") == "写到一半"


def test_leaving_a_changed_form_is_asked_about_and_an_unchanged_one_is_not(desk: Desk):
    asked: list[str] = []
    with desk.person("yixian", path=TICKET) as page:
        page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
        page.click("a.brand")
        assert asked == []
        page.goto(TICKET)
        page.type("#id_note", "写到一半")
        page.click("a.brand")
        assert asked == ["beforeunload"]
        page.goto(TICKET)
        assert page.input_value("#id_note") == "写到一半"


def test_the_next_citizens_form_is_not_filled_with_the_one_before(desk: Desk):
    enter = "/admin/filings/filing/enter/"
    with desk.person("yixian", path=enter) as page:
        page.on("dialog", lambda dialog: dialog.accept())
        page.fill("#id_name", "前一个人")
        page.select_option("#id_insutype", "310")
        page.reload()
        assert page.input_value("#id_name") == "前一个人", "a reload goes on with the same citizen"

        page.goto(enter)
        assert page.input_value("#id_name") == page.input_value("#id_insutype") == ""
        page.click(".kept-draft button >> text=放回来")
        assert page.input_value("#id_insutype") == "310"
        page.click(".kept-draft button >> text=不要了")
        assert page.input_value("#id_name") == ""
        assert "前一个人" not in kept(page)


# Text is typed into every box of every form of the page; told by the number of form and box.
BOXES = """(typed) => {
  const found = {};
  const ours = "form[method=post]:not(#logout-form):not(.show-number)";
  document.querySelectorAll(ours).forEach((form, n) => {
    Array.from(form.elements).forEach((box, i) => {
      if (!box.matches("textarea, input[type=text]") || box.readOnly || box.disabled) return;
      if (typed) {
        box.value = `${typed}${i}`;
        box.dispatchEvent(new Event("input", { bubbles: true }));
      }
      const secret = "sealed" in box.dataset || box.autocomplete === "one-time-code";
      found[`${n}.${i}`] = [box.name, box.value, secret];
    });
  });
  return found;
}"""
PAGES = [
    concrete(where)
    for where, entry in STAFF_PAGES
    if not (verb := getattr(entry.callback, "admin_verb", None)) or "GET" in verb.methods
]


def test_in_every_form_of_every_page_what_was_typed_is_there_after_a_reload(desk: Desk):
    """Only what is stored sealed is not: no such box leaves anything in the browser."""
    desk.run(EVERYTHING)
    pages, boxes, wrong = 0, 0, []
    with desk.person("yixian") as page:
        page.on("download", lambda download: download.cancel())
        for address in PAGES:
            if "log" in address or "jsi18n" in address:
                continue
            try:
                answer = page.goto(address)
            except Exception as stopped:
                if "ownload" not in str(stopped):  # a file, not a page
                    raise
                continue
            if answer.status != 200 or not page.evaluate(BOXES, ""):
                continue
            page.evaluate(BOXES, "草稿")
            page.reload()
            pages += 1
            for name, value, sealed in page.evaluate(BOXES, "").values():
                if name in ("q", "action"):
                    continue
                boxes += 1
                never = sealed or name.rpartition("-")[2] in sealed_names()
                if value.startswith("草稿") == never:
                    wrong.append((address, name, value))
            page.evaluate("sessionStorage.clear()")
    desk.trouble[:] = [said for said in desk.trouble if "status of 4" not in said]
    assert not wrong, wrong
    assert (pages > 40, boxes > 150) == (True, True), (pages, boxes)
