"""Which row of the settlement matrix holds: 上海 before 省外, 苏州大市, 待核实 counted."""

from datetime import date
from typing import Any

import pytest
from django.core.management import call_command
from django.urls import reverse

from apps.filings.models.catalogue import RegionClass, SettlementRule
from apps.filings.rules.settlement import classes_of, matrices, region_of
from apps.offices.models import Staff

pytestmark = pytest.mark.django_db
DAY = date(2026, 11, 23)
ZHANGJIAGANG, JINZHOU = "320582", "210700"


@pytest.fixture
def regions(db: None) -> list[RegionClass]:
    call_command("load_policy", "zhangjiagang", verbosity=0)
    return list(RegionClass.objects.all())


@pytest.mark.parametrize(
    ("area", "expected"),
    [
        ("310000", "上海"),
        ("310101", "上海"),
        ("320100", "省内"),
        ("330100", "省外"),
        ("110000", "省外"),
    ],
)
def test_a_named_place_comes_before_its_province(
    regions: list[RegionClass], area: str, expected: str
):
    found = region_of(area, ZHANGJIAGANG, reversed(regions))
    assert found is not None
    assert found.name == expected


def test_a_place_may_be_in_several_classes_and_the_first_decides(regions: list[RegionClass]):
    names = [one.name for one in classes_of("310000", ZHANGJIAGANG, regions)]
    assert names == ["上海", "省外"]
    within = [one.name for one in classes_of("320505", ZHANGJIAGANG, regions)]
    assert "苏州大市" in within
    assert "省外" not in within


def test_the_province_is_that_of_the_insured_place(regions: list[RegionClass]):
    found = region_of("320100", JINZHOU, regions)
    assert found is not None
    assert found.name == "省外"


def test_a_cell_that_the_source_lost_is_unverified_and_counted(regions: list[RegionClass]):
    tables = matrices(DAY)
    assert sum(table.unverified for table in tables) > 0
    assert all(len(cells) == len(table.venues) for table in tables for _, cells in table.rows)
    SettlementRule.objects.update(mode="card")
    known = matrices(DAY)
    missing = [rule for table in known for _, cells in table.rows for rule in cells if not rule]
    assert sum(table.unverified for table in known) == len(missing)


def test_the_page_shows_the_matrix_and_the_class_of_a_place(client_of: Any, regions: Any):
    keeper = Staff.objects.create_superuser("keeper", password="x", is_staff=True)
    address = reverse("admin:filings_settlementrule_matrix")
    page = client_of(keeper).get(address, {"place": "上海市"}).content.decode()
    assert "上海市按“上海”这一行，也在“省外”里。" in page
    assert "待核实" in page
