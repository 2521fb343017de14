"""Journeys J11 to J13 in a real browser: an old citizen, a family member, a hospital desk."""

import csv
import io
import re
from typing import Any

import pytest

WIDTHS = (360, 390, 1280)
MODES = ("", "large", "xl")


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_j11_an_old_citizen_finds_the_hospital_and_the_telephone(visit: Any, script: bool):
    page = visit(360, script=script)
    page.goto("/")
    page.click("text=长辈版")
    assert page.locator("html").get_attribute("class") == "large"
    assert page.url.endswith("/")
    assert "现在休息，13:30 上班" in page.inner_text(".hotline").replace("\n", "")
    page.fill("#q", "精神病 转诊")
    page.click("button:has-text('搜索')")
    hit = page.locator("li", has_text="锦州市康宁医院")
    assert "只接精神疾病的转诊" in hit.inner_text()
    assert "“精神病”就是“精神疾病”" in hit.inner_text()
    hit.locator("a").click()
    assert page.inner_text("h1") == "锦州市康宁医院"
    assert page.locator("a[href^='tel:']").first.get_attribute("href") == "tel:04168904567"
    page.click("text=标准版")
    assert page.locator("html").get_attribute("class") is None
    assert page.inner_text("h1") == "锦州市康宁医院"  # the same address


def test_j11_with_the_keyboard_alone(visit: Any):
    page = visit(360, "large")
    page.goto("/")
    page.keyboard.press("Tab")
    assert focused(page) == "跳到正文"
    assert page.locator(".skip").bounding_box()["width"] > 60  # it shows itself
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.type("康宁")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search/**")
    for _ in range(20):
        page.keyboard.press("Tab")
        if focused(page) == "锦州市康宁医院":
            break
        assert outlined(page)
    assert outlined(page)
    page.keyboard.press("Enter")
    page.wait_for_url("**/institutions/**")
    assert page.inner_text("h1") == "锦州市康宁医院"


def focused(page: Any) -> str:
    return str(page.evaluate("document.activeElement.innerText")).strip()


def outlined(page: Any) -> bool:
    style = "getComputedStyle(document.activeElement)"
    return float(page.evaluate(f"parseFloat({style}.outlineWidth)")) >= 2


def test_j11_a_screen_reader_hears_headings_fields_and_links(visit: Any):
    page = visit(390)
    page.goto("/")
    tree = page.locator("body").aria_snapshot()
    for part in ("banner", "main", "contentinfo", 'heading "到外地看病，先在这里查" [level=1]',
                 'searchbox "搜索医院、材料、电话、病种"', 'button "搜索"', 'link "办备案要带什么',
                 'navigation "字号"', 'link "0416-8904567"'):  # fmt: skip
        assert part in tree, part


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_j12_a_family_member_gets_the_list_and_prints_it(visit: Any, script: bool):
    page = visit(390, script=script)
    page.goto("/")
    page.click("text=办备案要带什么")
    page.check("text=长期住在外地")
    page.click("text=继续")
    page.check("text=随配偶或子女异地居住")
    page.click("text=继续")
    page.check("label:has-text('子女异地居住') >> nth=0")
    page.click("text=继续")
    assert page.inner_text("h1") == "随配偶或子女异地居住"
    assert "您的情况：长期住在外地，子女异地居住" in page.inner_text("main")
    lists = page.locator("ul.check li")
    assert lists.count() == 3
    assert "或" in lists.nth(1).inner_text()
    places = page.locator("ul.rows > li")
    assert places.count() == 3
    assert "13:30 上班" in places.first.inner_text()
    address = page.url
    page.click("text=打印材料清单")
    assert page.inner_text("h1").endswith("备案材料清单")
    page.go_back()
    assert page.url == address
    page.go_back()
    if script:  # the browser itself remembers the ticked answer
        assert page.locator("input:checked").get_attribute("value") == "with-child"
    page.click("text=上一题")
    assert page.locator("input:checked").get_attribute("value") == "with-family"
    cookies = page.context.cookies()
    assert cookies == []


def test_j12_the_printed_list_fits_one_sheet(visit: Any):
    page = visit(1280)
    for address in ("/print/check/with-family/with-child-spouse/", "/print/phones/"):
        page.goto(address)
        sheets = re.findall(rb"/Type\s*/Page\b", page.pdf(format="A4", prefer_css_page_size=True))
        assert len(sheets) == 1, address


def test_j13_a_hospital_desk_checks_a_failed_card(visit: Any):
    page = visit(1280)
    page.goto("/")
    page.click("text=刷卡没成功怎么办")
    assert page.locator("ol.steps > li").count() == 4
    box = page.inner_text(".note.warn")
    for told in ("把这些告诉经办人", "身份证号", "报错提示", "就医地"):
        assert told in box
    assert page.locator("a[href='tel:04167787016']").count() == 1  # the insured place's agency
    page.goto("/search/?q=chuanranbing")
    assert "锦州市传染病医院" in page.inner_text("main")
    assert "拼音里有“chuanranbing”" in page.inner_text("main")
    page.goto("/data/")
    with page.expect_download() as waiting:
        page.locator("a[href='/data/referral.csv']").click()
    text = waiting.value.path().read_text(encoding="utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert len(rows) == 11
    assert {"institution", "wording", "source", "checked_on"} <= set(rows[0])


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("mode", MODES)
def test_the_way_to_the_referral_hospital_in_every_size(visit: Any, width: int, mode: str):
    page = visit(width, mode, script=False)
    page.goto("/referral/")
    page.select_option("#area", label="义县")
    page.select_option("#group", label="精神疾病")
    page.click("text=查医院")
    assert "请先打电话问清楚" in page.inner_text("main")
    assert page.locator("a[href='tel:04167787016']").is_visible()
    assert "仅限精神疾病" in page.inner_text(".tag.warn")
