"""Finding an institution by what people type, and saying why it was found."""

import random
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.institutions.models import (
    Institution,
    InstitutionAlias,
    NetworkOpening,
    ReferralRight,
    SearchEntry,
    Suspension,
)
from apps.institutions.referral import scope
from apps.institutions.search import index_keys
from apps.institutions.search import query as search_query
from tests.institutions.lists import csv_list, generated, published
from ydjy.lib import pinyin, text

pytestmark = pytest.mark.django_db
DAY = date(2026, 11, 23)


def make(name: str, *also: str, former: bool = False, **more: Any) -> Institution:
    institution = Institution.objects.create(name=name, **more)
    for other in also:
        InstitutionAlias.objects.create(institution=institution, name=other, former=former)
    return institution


def names(words: str, **asked: Any) -> list[str]:
    return [
        hit.institution.name
        for hit in search_query.find(Institution.objects.all(), words, **asked).hits
    ]


def reason(words: str) -> tuple[str, str]:
    (hit,) = search_query.find(Institution.objects.all(), words).hits
    return hit.reason, hit.words


@pytest.fixture
def hospitals(db: None) -> None:
    make("锦州市康宁医院", "精神病院", county="太和区")
    make("锦州市中心医院", "铁路医院", former=True, level="三级甲等", county="凌河区")
    make("义县人民医院", county="义县", national_code="H21072700001")
    make("中国人民解放军联勤保障部队第968医院")
    make("黑山县人民医院", county="黑山县")


@pytest.mark.usefixtures("hospitals")
@pytest.mark.parametrize(
    ("words", "found", "why"),
    [
        ("康宁", "锦州市康宁医院", ("name", "")),
        ("锦州市康宁医院", "锦州市康宁医院", ("name", "")),
        ("铁路", "锦州市中心医院", ("former", "曾用名：铁路医院")),
        ("精神病院", "锦州市康宁医院", ("alias", "别名：精神病院")),
        ("knyy", "锦州市康宁医院", ("initials", "首字母 knyy")),
        ("KNYY", "锦州市康宁医院", ("initials", "首字母 knyy")),
        ("kangning", "锦州市康宁医院", ("pinyin", "拼音 kangning")),
        ("tlyy", "锦州市中心医院", ("initials", "首字母 tlyy（铁路医院）")),
        ("H21072700001", "义县人民医院", ("code", "")),
        ("h210727", "义县人民医院", ("code", "")),
        ("968", "中国人民解放军联勤保障部队第968医院", ("name", "")),
        ("九六八医院", "中国人民解放军联勤保障部队第968医院", ("name", "")),
        ("96", "中国人民解放军联勤保障部队第968医院", ("name", "")),
    ],
)
def test_it_is_found_and_says_why(words: str, found: str, why: tuple[str, str]):
    assert names(words) == [found]
    assert reason(words) == why


@pytest.mark.usefixtures("hospitals")
@pytest.mark.parametrize(
    "words", ["康宇", "宁康", "%", "_", "' OR 1=1", '"', "康 黑山", "zzz", "*"]
)
def test_what_is_not_there_is_not_found(words: str):
    assert names(words) == []


@pytest.mark.usefixtures("hospitals")
def test_all_words_must_fit_and_one_may_be_the_county():
    assert names("人民医院 义县") == ["义县人民医院"]
    assert set(names("人民 医院")) > {"义县人民医院", "黑山县人民医院"}
    assert names("人民医院", county="黑山县") == ["黑山县人民医院"]


@pytest.mark.usefixtures("hospitals")
def test_nothing_typed_is_everything_in_the_stored_order():
    found = search_query.find(Institution.objects.all(), "")
    assert (found.total, found.more, len(found.hits)) == (5, False, 5)
    assert found.hits[0].institution.name == "锦州市中心医院"


def test_the_exact_name_is_first_then_beginnings_then_the_rest():
    make("锦州市人民医院", level="三级甲等")
    make("人民医院分院")
    make("人民医院")
    assert names("人民医院") == ["人民医院", "人民医院分院", "锦州市人民医院"]


def test_pages_hold_what_they_say_and_tell_whether_there_is_more():
    for n in range(25):
        make(f"仁和{n}店")
    first = search_query.find(Institution.objects.all(), "仁和")
    assert (len(first.hits), first.total, first.more) == (21, 25, True)
    second = search_query.find(Institution.objects.all(), "仁和", offset=21)
    assert (len(second.hits), second.more) == (4, False)
    both = [hit.institution.pk for hit in (*first.hits, *second.hits)]
    assert len(set(both)) == 25


def test_the_filters_narrow_by_day(hospitals: None):
    one = Institution.objects.get(name="锦州市康宁医院")
    right = ReferralRight(institution=one, valid_to=DAY)
    right.scope = scope.parse("仅限精神疾病")
    right.save()
    NetworkOpening.objects.create(
        institution=one, reach="cross_province", business="inpatient", valid_from=DAY
    )
    asked = partial(search_query.find, Institution.objects.all())
    assert [h.institution for h in asked("", scope="精神疾病", on=DAY).hits] == [one]
    assert asked("", scope="精神疾病", on=date(2026, 11, 24)).total == 0
    assert asked("", scope="传染病", on=DAY).total == 0
    assert asked("康宁", opening="inpatient", on=DAY).total == 1
    assert asked("康宁", opening=("in_province", "inpatient"), on=DAY).total == 0
    assert asked("康宁", opening="inpatient", on=date(2026, 11, 22)).total == 0


def test_the_public_does_not_find_what_is_stopped_that_day():
    one = make("康宁医院")
    Suspension.objects.create(institution=one, valid_from=DAY)
    before, after = date(2026, 11, 22), DAY
    assert search_query.find(Institution.objects.published(before), "康宁").total == 1
    assert search_query.find(Institution.objects.published(after), "康宁").total == 0


def test_a_new_name_and_a_removed_alias_are_known_at_once():
    one = make("康宁医院", "老康宁")
    one.name = "安康医院"
    one.save()
    assert names("安康") == ["安康医院"]
    assert reason("康宁医院") == ("former", "曾用名：康宁医院")
    one.aliases.get(name="老康宁").delete()
    assert names("老康宁") == []


def test_a_deleted_institution_leaves_no_entry():
    one = make("康宁医院")
    one.delete()
    assert names("康宁") == []
    assert not SearchEntry.objects.exists()


# More than can be ranked -------------------------------------------------------------------------


@pytest.fixture
def many(cast: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search_query, "RANKED", 30)
    published(csv_list(generated(120)), by=cast.directory, second=cast.lead)


@pytest.mark.usefixtures("many")
def test_a_fragment_that_too_many_have_is_answered_page_by_page():
    Institution.objects.create(name="号店")
    first = search_query.find(Institution.objects.all(), "号店")
    assert (len(first.hits), first.total, first.capped, first.more) == (21, 31, True, True)
    assert first.hits[0].institution.name == "号店"
    seen = [h.institution.pk for n in range(6) for h in _page("号店", n)]
    assert len(seen) == len(set(seen)) == 121


def _page(words: str, number: int) -> list[search_query.Hit]:
    return search_query.find(Institution.objects.all(), words, offset=number * 21).hits


@pytest.mark.usefixtures("many")
def test_the_staff_list_finds_the_same_rows():
    for words in ("号店", "仁仁", "义县", "rr", "99号"):
        listed = search_query.filtered(Institution.objects.all(), words)
        everything = {
            h.institution.pk
            for n in range(7)
            for h in search_query.find(Institution.objects.all(), words, offset=21 * n).hits
        }
        assert {row.pk for row in listed} == everything


# The index ---------------------------------------------------------------------------------------


@pytest.mark.usefixtures("many")
def test_an_imported_name_has_the_entry_that_saving_it_would_make():
    for one in random.Random(1).sample(list(Institution.objects.all()), 10):
        stored = SearchEntry.objects.get(pk=one.pk)
        fresh = SearchEntry.of(one.pk, [one.name])
        assert set(_tokens(stored.grams)) == fresh.grams
        assert (stored.told, stored.spelled) == (fresh.told, fresh.spelled)
        assert one.initials == pinyin.initials(one.name)


def _tokens(stored: Any) -> list[str]:
    return stored.split() if isinstance(stored, str) else stored


PLAN = {
    "fragment": SearchEntry.objects.filter(grams__holds={"康宁"}).values("pk"),
    "beginning": Institution.objects.filter(name_key__startswith="康").values("pk"),
    "exact": Institution.objects.filter(name_key="康宁医院").values("pk"),
    "rank": Institution.objects.order_by("weight", "name_key").values("pk")[:21],
    "county": Institution.objects.filter(county="义县").order_by("weight").values("pk")[:21],
    "code": Institution.objects.filter(national_code__startswith="H2107").values("pk"),
}


@pytest.mark.usefixtures("many")
@pytest.mark.parametrize("question", PLAN)
def test_no_question_of_the_search_reads_the_whole_table(question: str):
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("ANALYZE institutions_institution, institutions_searchentry")
            cursor.execute("SET LOCAL enable_seqscan = off")
    plan = PLAN[question].all().explain()
    if connection.vendor == "postgresql":
        assert "Seq Scan" not in plan
        assert ("institutions_searchentry_grams" in plan) == (question == "fragment")
    elif question not in ("beginning", "code"):  # LIKE of SQLite needs no index at this size
        assert "SCAN institutions_institution" not in plan.replace("USING", "") or "INDEX" in plan


def test_a_scan_would_be_seen():
    plan = Institution.objects.filter(address__contains="路").explain()
    assert "Seq Scan" in plan or "SCAN institutions_institution" in plan


def test_nothing_in_the_search_asks_icontains():
    assert "icontains" not in Path(search_query.__file__).read_text(encoding="utf-8")


# Keys --------------------------------------------------------------------------------------------

HAN = st.text(st.sampled_from("锦州康宁中心医院第一二三968ABc县人民重庆长春乐清单"), max_size=14)


@given(HAN, st.data())
def test_a_name_holds_the_tokens_of_each_of_its_fragments(name: str, data: Any):
    key = text.name_key(name)
    start = data.draw(st.integers(0, len(key)))
    part = key[start : data.draw(st.integers(start, len(key)))]
    wanted = index_keys.asked_grams(part)
    if len(part) > 1:
        assert wanted <= index_keys.grams(key)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(HAN.filter(lambda name: len(text.name_key(name)) > 3))
def test_the_full_spelling_gives_the_first_letters_or_none(name: str):
    spelled = pinyin.spelled("".join(ch for ch in name if not ch.isascii()))
    letters = index_keys.initials_of_typed(spelled)
    assert letters == "" or len(letters) > 1


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL scans a table this small")
@pytest.mark.parametrize("asked", ["麤", "H21070100"])
def test_a_lone_character_and_a_code_are_looked_up_and_not_scanned_for(asked: str):
    with CaptureQueriesContext(connection) as caught:
        assert search_query.find(Institution.objects.all(), asked).hits == []
    with connection.cursor() as cursor:
        for query in caught:
            cursor.execute(f"EXPLAIN QUERY PLAN {query['sql']}")
            plan = " ".join(row[3] for row in cursor.fetchall())
            assert "SCAN institutions_institution" not in plan.replace('"', "")


def test_a_lone_character_finds_the_names_that_begin_with_it():
    made = [Institution.objects.create(name=name) for name in ("锦州医院", "义县锦绣药店", "锦")]
    found = search_query.find(Institution.objects.all(), "锦").hits
    assert {hit.institution.name for hit in found} == {made[0].name, made[2].name}
