"""Missing from a list is what no row of it is about; and one name is one institution."""

from collections.abc import Callable
from typing import Any

import pytest

from apps.institutions.models import Institution, ListImport
from tests.cast import Cast
from tests.institutions.lists import csv_list, published, received

pytestmark = pytest.mark.django_db
HEADER = ("机构名称", "定点医药机构编码", "联系电话", "转诊资格")
FIRST = ("甲医院", "H21070000001", "0416-2000001", "")
OTHER = ("乙医院", "H21070000002", "0416-2000002", "")
# What a row of 甲医院 may look like without being one that can be used: name → cells
UNUSABLE = {
    "telephone": ("甲医院", "H21070000001", "12", ""),
    "code": ("甲医院", "H2107", "0416-2000001", ""),
    "no name": ("", "H21070000001", "0416-2000001", ""),
    "name with lost letters": ("甲医院??", "H21070000001", "0416-2000001", ""),
    "scope": ("甲医院", "H21070000001", "0416-2000001", "除了"),
}


@pytest.fixture
def publish(cast: Cast) -> Callable[..., ListImport]:
    def go(*rows: tuple[str, ...], **how: Any) -> ListImport:
        return published(csv_list(rows, HEADER), by=cast.directory, second=cast.lead, **how)

    return go


def outcomes(one: ListImport) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for row in one.rows.order_by("row", "pk"):
        found.setdefault(row.outcome, []).append(row.name)
    assert one.upload.rows_in == one.total
    return found


@pytest.mark.parametrize("how", UNUSABLE)
def test_whose_row_cannot_be_used_is_not_missing(publish: Any, cast: Cast, how: str):
    publish(FIRST, OTHER)
    one = received(csv_list([UNUSABLE[how], OTHER], HEADER), by=cast.directory)
    if one.problems:
        assert one.missing == 0, outcomes(one)
    gone = received(csv_list([OTHER], HEADER), by=cast.directory)
    assert outcomes(gone)["missing"] == ["甲医院"], "a control"


def test_the_walk_has_rows_that_are_held_or_rejected(publish: Any, cast: Cast):
    publish(FIRST, OTHER)
    wrong = [
        how
        for how, cells in UNUSABLE.items()
        if received(csv_list([cells, OTHER], HEADER), by=cast.directory).problems
    ]
    assert len(wrong) >= 3, wrong


def test_a_row_of_nobody_makes_what_is_missing_doubtful(publish: Any, cast: Cast):
    publish(FIRST, OTHER)
    one = received(csv_list([("丙??", "H2107", "12", ""), OTHER], HEADER), by=cast.directory)
    (gone,) = one.rows.filter(outcome="missing")
    assert "有 1 行看不出是哪家机构" in gone.message


def test_two_of_one_name_in_a_list_wait_for_a_person(cast: Cast):
    twin = ("甲 医院", "H21070000009", "0416-2000009", "")
    one = received(csv_list([FIRST, twin], HEADER), by=cast.directory)
    (held,) = one.rows.filter(outcome="held")
    assert "与第 2 行同名" in held.message
    assert one.new == 1


def test_a_new_one_with_the_name_of_a_stored_one_names_it(publish: Any, cast: Cast):
    publish(FIRST, OTHER)
    again = (FIRST[0], "H21070000009", *FIRST[2:])
    one = received(csv_list([again, OTHER], HEADER), by=cast.directory)
    (held,) = one.rows.filter(outcome="held")
    assert "甲医院”（H21070000001）也叫这个名字" in held.message
    assert (one.new, one.missing) == (0, 0), "the other is in the list, by its name"


@pytest.mark.parametrize("both", [False, True])
def test_a_rename_to_the_name_of_another_waits_for_a_person(publish: Any, cast: Cast, both: bool):
    publish(FIRST, OTHER)
    renamed = ("乙医院", *FIRST[1:])
    rows = [renamed, OTHER] if both else [renamed]
    one = received(csv_list(rows, HEADER), by=cast.directory)
    (held,) = one.rows.filter(outcome="held")
    assert "乙医院”（H21070000002）也叫这个名字" in held.message
    assert held.cells[0] == "乙医院", "the row can be downloaded and mended"
    assert one.changed == 0


def test_two_renamed_to_one_new_name_wait_for_a_person(publish: Any, cast: Cast):
    publish(FIRST, OTHER)
    rows = [("丙医院", *FIRST[1:]), ("丙医院", *OTHER[1:])]
    one = received(csv_list(rows, HEADER), by=cast.directory)
    assert one.rows.filter(outcome="held", message__contains="同名").count() == 1
    assert one.changed == 1


def test_the_national_list_has_many_of_one_name(cast: Cast):
    rows = [("大药房", "P11010000001", "", ""), ("大药房", "P31010000001", "", "")]
    one = received(csv_list(rows, HEADER), by=cast.directory, listed="national")
    assert (one.new, one.problems) == (2, 0)


def test_those_stored_with_one_name_before_are_left_in_peace(publish: Any, cast: Cast):
    publish(FIRST, OTHER)
    Institution.objects.filter(name="乙医院").update(name="甲医院", name_key="甲医院")
    rows = [(*FIRST[:2], "0416-2000007", ""), ("甲医院", OTHER[1], "0416-2000008", "")]
    one = received(csv_list(rows, HEADER), by=cast.directory)
    assert (one.changed, one.problems) == (2, 0)
