"""Django's own words: those that reach a page of ours are Chinese, by its catalogue or by ours."""

import re
from pathlib import Path
from typing import Any

import pytest
from django.contrib import admin
from django.urls import reverse
from django.utils.translation import gettext

from tests.cast import Cast

TEMPLATES = sorted((Path(admin.__file__).parent / "templates").rglob("*.html"))
SAID = re.compile(r"""\{% (?:translate|trans) (["'])(.+?)\1""")
NEVER_SHOWN = {"In case you’ve forgotten, you are:"}  # nobody is sent a new password by mail


def english(words: str) -> bool:
    return bool(re.search("[A-Za-z]{3}", gettext(words))) and not re.search(
        "[一-龥]", gettext(words)
    )


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_a_template_of_the_admin_says_nothing_in_english(path: Path):
    words = {found[1] for found in SAID.findall(path.read_text(encoding="utf-8"))}
    assert {one for one in words - NEVER_SHOWN if english(one)} == set()


def test_words_that_nobody_has_translated_would_be_found():
    assert english("Nobody has translated this.")
    assert SAID.findall("{% translate 'Error:' %}") == [("'", "Error:")]


@pytest.mark.django_db
def test_the_title_of_a_form_with_mistakes_is_chinese(cast: Cast, client_of: Any):
    page = client_of(cast.yixian).post(reverse("admin:filings_inbound_add"), {"name": ""})
    title = re.search(r"<title>(.*?)</title>", page.content.decode(), re.DOTALL)
    assert title
    assert title[1].strip().startswith("有误：")
    assert "Error" not in title[1]
