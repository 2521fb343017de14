"""Everybody can use it: axe on every page in every size, 400 % zoom, targets, lines, dark."""

from typing import Any

import pytest

PAGES = (
    *("/", "/search/?q=%E8%BD%AC%E8%AF%8A", "/guide/?go=1", "/guide/c/with-family/"),
    *(
        "/guide/c/with-family/with-child/",
        "/guide/c/emergency/",
        "/referral/?area=210727&group=儿科",
    ),
    *("/institutions/", "/institutions/5/", "/offices/", "/offices/1/", "/settlement/"),
    *("/card-failed/", "/progress/", "/print/check/with-family/with-child/", "/topics/e-voucher/"),
    *("/print/phones/", "/print/filing/", "/print/promise/"),
    *("/workdays/?days=20", "/data/", "/sitemap/"),
)
MODES = ("", "large", "xl")
# Every page in these; in the other five combinations every third, for axe takes its time.
WHOLE = {("", 390), ("", 1280), ("large", 390), ("xl", 360)}
LARGE = {"": 44, "large": 60, "xl": 60}
# Elements that are a block of their own and can be pressed; links inside a sentence are not meant.
SMALL_TARGETS = """least => [...document.querySelectorAll('a,button,select,[type=search]')]
  .filter(e => !e.closest('.skip') && getComputedStyle(e).display !== 'inline')
  .map(e => [e.innerText || e.id, e.getBoundingClientRect().height])
  .filter(([, height]) => height > 1 && height < least - 0.5)"""
TIGHT_LINES = """() => [...document.querySelectorAll('main p, main li, main dd')]
  .filter(e => e.innerText.trim())
  .map(e => [e.innerText, getComputedStyle(e)])
  .filter(([, s]) => parseFloat(s.lineHeight) / parseFloat(s.fontSize) < 1.5)
  .map(([text]) => text)"""


@pytest.mark.parametrize("width", [360, 390, 1280])
@pytest.mark.parametrize("mode", MODES)
def test_axe_finds_nothing_on_any_page(visit: Any, width: int, mode: str):
    from axe_playwright_python.sync_playwright import Axe

    page = visit(width, mode)
    whole = (mode, width) in WHOLE
    for address in PAGES if whole else PAGES[1::3]:
        page.goto(address)
        found = Axe().run(page)
        assert found.violations_count == 0, f"{address}\n{found.generate_report()}"


def test_axe_finds_nothing_in_the_dark(visit: Any):
    from axe_playwright_python.sync_playwright import Axe

    page = visit(390, color_scheme="dark")
    for address in PAGES[:8]:
        page.goto(address)
        found = Axe().run(page)
        assert found.violations_count == 0, f"{address}\n{found.generate_report()}"


def test_axe_would_find_something(visit: Any):
    from axe_playwright_python.sync_playwright import Axe

    page = visit(390)
    page.goto("/")
    page.evaluate("document.querySelector('label').remove()")
    page.evaluate("document.querySelector('#q').removeAttribute('placeholder')")
    assert Axe().run(page).violations_count > 0


@pytest.mark.parametrize("mode", MODES)
def test_at_four_hundred_percent_nothing_is_cut_or_scrolls_sideways(visit: Any, mode: str):
    page = visit(320, mode)  # 1280 pixels at 400 %
    for address in PAGES:
        page.goto(address)
        assert page.evaluate("document.documentElement.scrollWidth") <= 320, address


@pytest.mark.parametrize("mode", MODES)
def test_targets_are_large_and_lines_are_open(visit: Any, mode: str):
    page = visit(390, mode)
    for address in PAGES:
        page.goto(address)
        assert page.evaluate(SMALL_TARGETS, LARGE[mode]) == [], address
        if mode:
            assert page.evaluate(TIGHT_LINES) == [], address


def test_the_elder_version_is_one_column_of_full_ink(visit: Any):
    page = visit(1280, "large")
    page.goto("/")
    lefts = page.evaluate(
        "[...document.querySelectorAll('.tasks a')].map(e => e.getBoundingClientRect().left)"
    )
    assert len(set(lefts)) == 1
    assert page.evaluate("getComputedStyle(document.documentElement).fontSize") == "24px"
    ink = page.evaluate("getComputedStyle(document.body).color")
    small = page.evaluate(
        "[...document.querySelectorAll('.tasks small')].map(e => getComputedStyle(e).color)"
    )
    assert set(small) == {ink}
