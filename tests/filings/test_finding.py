"""Every way of looking for a person goes by an index: as quick among a million as among ten."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from apps.filings.models import Filing
from apps.filings.models.querysets import NEWEST, FilingQuerySet, phone_index, tail_index
from apps.filings.review import admin_list
from tests import cast as casting
from tests.cast import Cast

pytestmark = pytest.mark.django_db
Way = Callable[[FilingQuerySet], Any]
WAYS: dict[str, Way] = {
    "whole number": lambda q: q.of_person("0" * 32),
    "tail": lambda q: q.with_tail(tail_index("001X")),
    "telephone": lambda q: q.with_phone(phone_index("13800000000")),
    "filing number": lambda q: q.beginning("number", "2107-20261121"),
    "name": lambda q: q.called("name", "司马"),
    "initials": lambda q: q.called("name_initials", "smy"),
    "next number": lambda q: q.filter(number__gte="2107-00000", number__lte="2107-99999"),
}
READ_IN_ORDER = {name: WAYS[name] for name in ("name", "initials")}
READ_IN_ORDER["newest"] = lambda q: q.order_by(*NEWEST)
COUNTED = [tab for tab in admin_list.TABS if tab not in admin_list.UNCOUNTED]


def plan(rows: Any) -> str:
    """How the engine would find them if there were many: PostgreSQL reads a short table whole."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            for way in ("seqscan", "sort"):
                cursor.execute(f"SET LOCAL enable_{way} = off")
    return str(rows.explain())


def reads_all(said: str) -> bool:
    return "SCAN filings_filing\n" in f"{said}\n" or "Seq Scan on filings_filing" in said


@pytest.mark.parametrize("way", WAYS)
def test_a_search_goes_by_an_index(way: str):
    said = plan(WAYS[way](Filing.objects.order_by()))
    assert not reads_all(said), said
    assert "Index" in said or "USING" in said


@pytest.mark.parametrize("way", READ_IN_ORDER)
def test_a_page_is_read_in_the_order_of_its_index_and_nothing_is_sorted(way: str):
    said = plan(READ_IN_ORDER[way](Filing.objects.order_by())[:50])
    assert "Sort" not in said, said
    assert "TEMP B-TREE" not in said, said


@pytest.mark.parametrize("tab", COUNTED)
def test_every_counter_of_the_list_goes_by_an_index(tab: str):
    condition = admin_list.tab_condition(tab, timezone.localdate())
    said = plan(Filing.objects.filter(condition).order_by()[:1000])
    assert not reads_all(said), said


def test_a_search_in_the_middle_of_a_name_would_be_noticed():
    rows = Filing.objects.order_by().filter(name__contains="马")
    assert reads_all(plan(rows))
    said = plan(rows.order_by("residence")[:50])
    assert "Sort" in said or "TEMP B-TREE" in said


def test_who_sees_every_office_asks_for_no_office_and_who_does_not_by_its_key(cast: Cast):
    assert "WHERE" not in str(Filing.objects.visible_to(cast.lead).order_by().query)
    said = str(Filing.objects.visible_to(cast.yixian).order_by().query)
    assert "JOIN" not in said
    assert 'office_id" IN' in said


def test_exactly_so_called_stands_first_and_of_each_the_newest(cast: Cast):
    now = timezone.now()
    days = {"王丽": 3, "王丽华": 1, "王": 9, "李王": 0}
    for name, ago in days.items():
        for more in (0, 1):
            casting.filing(cast, name=name, created_at=now - timedelta(days=ago + more))
    found = [(row.name, (now - row.created_at).days) for row in Filing.objects.called("name", "王")]
    assert found == [("王", 9), ("王", 10), ("王丽", 3), ("王丽", 4), ("王丽华", 1), ("王丽华", 2)]
