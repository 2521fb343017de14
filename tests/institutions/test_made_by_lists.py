"""The change log of a long list: one record that vouches for every row, on PostgreSQL."""

import json
from hashlib import sha256
from typing import Any

import pytest
from django.db import connection

from apps.institutions.models import Institution
from ydjy.desk.audit import change_log
from ydjy.desk.audit.triggers import MADE_ONE_BY_ONE
from ydjy.desk.models import Change

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite records every row"),
]


def make(number: int) -> list[int]:
    rows = [Institution(name=f"第{n}卫生室", name_key=f"{n}卫生室") for n in range(number)]
    with change_log.as_actor("command:list"):
        return [row.pk for row in Institution.objects.bulk_create(rows)]


def records() -> list[Any]:
    return list(Change.objects.filter(table="institutions_institution").order_by("pk"))


def test_a_short_statement_is_recorded_row_by_row():
    keys = make(MADE_ONE_BY_ONE)
    assert [int(one.row) for one in records()] == keys
    assert change_log.contents(records()[0])[1]["name"] == "第0卫生室"


def test_a_long_one_leaves_one_record_that_vouches_for_every_row():
    keys = make(MADE_ONE_BY_ONE + 1)
    (one,) = records()
    assert (one.row, one.operation, one.actor) == (
        f"{keys[0]}-{keys[-1]}",
        "insert",
        "command:list",
    )
    _, told = change_log.contents(one)
    assert told == json.loads(json.dumps(told)) | {
        "行数": len(keys),
        "第一行": keys[0],
        "最后一行": keys[-1],
        "内容指纹": fingerprint(),
    }
    assert not any(label.isascii() for label, _, _ in change_log.in_words(one))


def fingerprint() -> str:
    """A digest over the digest of each row as the database writes it, in the order of keys."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT i::text FROM institutions_institution AS i ORDER BY id")
        rows = [sha256(row.encode()).digest() for (row,) in cursor.fetchall()]
    return sha256(b"".join(rows)).hexdigest()


def test_a_changed_row_would_not_fit_the_record():
    make(MADE_ONE_BY_ONE + 1)
    Institution.objects.order_by("pk")[:1].get().check_off(by=None, how="phone", day=None)
    made, *others = records()
    assert change_log.contents(made)[1]["内容指纹"] != fingerprint()
    assert [one.operation for one in others] == ["update"]
