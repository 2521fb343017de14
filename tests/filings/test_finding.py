"""Every way of looking for a person goes by an index: as quick among a million as among ten."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from apps.filings.models import Filing
from apps.filings.query import FilingQuerySet, phone_index, tail_index

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(connection.vendor != "sqlite", reason="reads SQLite's plans"),
]
WAYS: dict[str, Callable[[FilingQuerySet], Any]] = {
    "whole number": lambda q: q.of_person("0" * 32),
    "tail": lambda q: q.with_tail(tail_index("001X")),
    "telephone": lambda q: q.with_phone(phone_index("13800000000")),
    "filing number": lambda q: q.beginning("number", "2107-20261121"),
    "name": lambda q: q.beginning("name", "司马"),
    "initials": lambda q: q.beginning("name_initials", "smy"),
    "next number": lambda q: q.filter(number__gte="2107-00000", number__lte="2107-99999"),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_search_goes_by_an_index(way: str):
    plan = WAYS[way](Filing.objects.order_by()).explain()
    assert "SCAN filings_filing" not in plan, plan
    assert "USING" in plan


def test_a_search_in_the_middle_of_a_name_would_be_noticed():
    assert "SCAN filings_filing" in Filing.objects.order_by().filter(name__contains="马").explain()
