"""What citizens print fits on one sheet of A4."""

import re
from typing import Any

import pytest

PAPERS = (
    *("/print/phones/", "/print/filing/with-family/", "/print/promise/"),
    *("/print/check/with-family/with-child/", "/print/check/settled-retiree/"),
)


def sheets(page: Any) -> int:
    return len(re.findall(rb"/Type\s*/Page\b(?!s)", page.pdf(prefer_css_page_size=True)))


@pytest.mark.parametrize("mode", ["", "xl"])
def test_each_paper_is_one_sheet_in_every_size_of_type(visit: Any, mode: str):
    page = visit(1280, mode)
    for address in PAPERS:
        page.goto(address)
        assert sheets(page) == 1, address


def test_a_long_page_would_be_more_than_one_sheet(visit: Any):
    page = visit(1280)
    page.goto("/print/filing/")
    page.evaluate("document.querySelector('main').append(document.body.cloneNode(true))")
    assert sheets(page) > 1
