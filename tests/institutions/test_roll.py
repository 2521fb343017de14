"""The names in memory: the same answers as the database gives, sooner, and never older ones."""

import random
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.institutions.models import Institution, InstitutionAlias
from apps.institutions.search import name_cache
from apps.institutions.search import query as search_query
from apps.offices.models import PublicVersion

pytestmark = pytest.mark.django_db
_ENDS = ("医院", "中心医院", "药店", "第2药店", "卫生院", "CT诊所", "B2诊所")
WORDS = "医院,药店,仁,康,店,yy,yd,ct,2,b2,2y,心医,仁 医院,康 yy,仁仁医院".split(",")


def make(chosen: random.Random) -> Institution:
    name = "".join(chosen.choices("仁康安", k=chosen.randint(1, 3))) + chosen.choice(_ENDS)
    return Institution.objects.create(
        name=name,
        level=chosen.choice(["", "", "二级甲等", "三级甲等"]),
        county=chosen.choice(["义县", "黑山县"]),
        published=chosen.random() < 0.9,
    )


@pytest.fixture
def chosen(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A hundred and thirty institutions; more than a page of them are «many»."""
    monkeypatch.setattr(search_query, "RANKED", search_query.PAGE + 1)
    monkeypatch.setattr(name_cache, "SMALL", 0)
    monkeypatch.setattr(name_cache, "_SAMPLE", 1)
    chosen = random.Random(20261123)
    for _ in range(130):
        make(chosen)
    name_cache.make()
    yield chosen
    name_cache.forget()


def answer(words: str, **asked: Any) -> tuple[Any, ...]:
    found = search_query.find(Institution.objects.filter(published=True), words, **asked)
    return found.total, found.more, [(h.institution.pk, h.reason, h.words) for h in found.hits]


def both(monkeypatch: pytest.MonkeyPatch, words: str, **asked: Any) -> tuple[Any, Any]:
    """The answer with the roll, and the slow one without."""
    quick = answer(words, **asked)
    with monkeypatch.context() as without:
        without.setattr(name_cache, "current", lambda: None)
        return quick, answer(words, **asked)


ASKED = [{}, {"offset": 3, "limit": 4}, {"county": "义县"}, {"level": "三级甲等"}, {"limit": 2}]


def test_the_roll_answers_as_the_database_does(chosen: Any, monkeypatch: pytest.MonkeyPatch):
    for words in WORDS:
        for asked in ASKED:
            quick, slow = both(monkeypatch, words, **asked)
            assert quick == slow, (words, asked)


def test_what_was_written_since_is_in_the_answer(chosen: Any, monkeypatch: pytest.MonkeyPatch):
    for step in range(25):
        rows = list(Institution.objects.all())
        one = chosen.choice(rows)
        if step % 5 == 0:
            one.delete()
        elif step % 5 == 1:
            make(chosen)
        elif step % 5 == 2:
            InstitutionAlias.objects.create(institution=one, name="仁安药店")
        else:
            one.name, one.order = chosen.choice(rows).name + "仁", chosen.choice([0, 1, 2])
            one.save()
        words = chosen.choice(WORDS)
        quick, slow = both(monkeypatch, words)
        assert quick == slow, (step, words)


def test_without_reading_what_was_written_the_answer_would_be_old(
    chosen: Any, monkeypatch: pytest.MonkeyPatch
):
    nothing = name_cache._lines().none()
    monkeypatch.setattr(name_cache, "_lines", lambda turn=-1: nothing)
    Institution.objects.create(name="康康药店", order=1)
    quick, slow = both(monkeypatch, "药店")
    assert quick != slow


def test_a_common_fragment_asks_no_index_and_reads_no_more_rows_than_it_counts(chosen: Any):
    with CaptureQueriesContext(connection) as asked:
        assert answer("医院")[0] == search_query.RANKED + 1
    said = " ".join(query["sql"] for query in asked)
    assert "grams" not in said
    assert "LIKE" not in said


def test_what_the_sample_did_not_expect_is_found_on_the_roll_all_the_same(
    chosen: Any, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(name_cache.Roll, "expects_many", lambda *asked: False)
    for words in WORDS:
        with CaptureQueriesContext(connection) as asked:
            quick = answer(words)
        if quick[0] > search_query.RANKED and all(len(word) > 1 for word in words.split()):
            whole = [q["sql"] for q in asked if "LIKE" in q["sql"] and "grams" not in q["sql"]]
            assert whole == [], words  # the stored order is not read to its end
        with monkeypatch.context() as without:
            without.setattr(name_cache, "current", lambda: None)
            assert quick == answer(words)


def test_a_rare_fragment_is_left_to_the_index(chosen: Any):
    with CaptureQueriesContext(connection) as asked:
        answer("仁康安 心医")
    assert any("grams" in query["sql"] for query in asked)


def test_a_small_store_keeps_no_roll(chosen: Any, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(name_cache, "SMALL", 1000)
    name_cache.forget()
    assert name_cache.current() is None
    assert name_cache._kept is None


def test_a_store_that_was_put_back_is_read_anew(chosen: Any, monkeypatch: pytest.MonkeyPatch):
    made: list[int] = []
    monkeypatch.setattr(name_cache, "_make_beside", made.append)
    PublicVersion.objects.update(number=0)
    assert name_cache.current() is None
    assert made == [0]


def test_too_many_changes_are_not_laid_over_but_read_anew(
    chosen: Any, monkeypatch: pytest.MonkeyPatch
):
    made: list[int] = []
    monkeypatch.setattr(name_cache, "_make_beside", made.append)
    monkeypatch.setattr(name_cache, "FRESH", 2)
    for _ in range(3):
        make(chosen)
    assert name_cache.current() is None
    assert len(made) == 1


def test_turns_only_grow(chosen: Any):
    first = make(chosen).entry.turn
    second = make(chosen).entry.turn
    assert 0 < first < second
