"""What people type into the one box, and where it takes them at once."""

from datetime import date

import pytest
from django.test import Client

from ydjy.public_site.search import search

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("jinzhou_policy")]
TODAY = date(2026, 11, 18)


def first(query: str) -> tuple[str, str]:
    entry = search(query, TODAY)[0].hits[0].entry
    return entry.title, entry.url


def test_a_disease_and_a_county_are_the_question_of_who_may_refer(client: Client):
    title, url = first("义县 精神病")
    assert title == "义县参保，精神疾病：哪家医院能开转诊"
    assert "锦州市康宁医院" in client.get(url).content.decode()
    assert first("儿科")[0] == "儿科：哪家医院能开转诊"


def test_words_around_the_one_we_know_do_no_harm():
    assert first("妈妈精神病")[0] == "精神疾病：哪家医院能开转诊"
    assert first("刷卡失败")[1] == "/card-failed/"
    assert search("完全不知道", TODAY) == []


def test_a_place_outside_leads_to_the_guide_and_our_own_does_not():
    assert first("上海") == ("到上海市看病，备案要带什么", "/guide/")
    assert "直接去看" not in [section.name for section in search("义县", TODAY)]


def test_forms_and_hours_are_found_by_plain_words():
    assert first("备案表")[1] == "/print/filing/"
    assert first("承诺书")[1] == "/print/promise/"
    assert first("几点上班")[1] == "/offices/"
