"""与平台核对: the platform's download against the filings in force, no row of it lost."""

from collections.abc import Callable
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from apps.filings.imports import columns as imports_columns
from apps.filings.models import Filing
from tests import cast as casting
from tests.cast import Cast
from tests.filings.posted import sheet
from ydjy.desk.models import Upload

pytestmark = pytest.mark.django_db

THERE = ["姓名", "certno", "rloc_admdvs", "begndate", "rchk_flag"]


def test_the_download_is_compared_row_by_row(jinzhou: Any, policy: Cast, client_of: Any):
    made = []
    for order in (61, 62, 63):
        filing = jinzhou(cert_no=casting.number(order), name=f"测试{order}")
        filing.submit(by=policy.yixian)
        filing.approve(by=policy.reviewer)
        made.append(filing)
    today = str(timezone.localdate())
    rows = [
        ["测试61", casting.number(61), "310000", today, "1"],
        ["测试62", casting.number(62), "310000", "2026-01-01", "1"],
        ["测试64", casting.number(64), "110000", today, "1"],
    ]
    upload = imports_columns.receive(
        sheet(rows, THERE), "平台.xlsx", by=policy.yixian, variant=0, platform=True
    )
    found = imports_columns.compare(upload, policy.yixian, timezone.localdate())
    assert found.same == [made[0]]
    assert [(f.pk, "开始日期平台是 2026-01-01" in why) for f, _, why in found.differs] == [
        (made[1].pk, True)
    ]
    assert found.only_here == [made[2]]
    assert [values["name"] for _, values in found.only_there] == ["测试64"]
    page = reverse("admin:filings_filing_compared", args=[upload.pk])
    answer = client_of(policy.yixian).post(page, follow=True)
    assert "一致的 1 条记为已上报" in answer.content.decode()
    assert [Filing.objects.get(pk=f.pk).uploaded for f in made] == [True, False, False]


@pytest.fixture
def approved(jinzhou: Any, policy: Cast) -> Callable[..., Filing]:
    def approve(order: int = 61, **more: Any) -> Filing:
        filing = jinzhou(cert_no=casting.number(order), name=f"测试{order}", **more)
        filing.submit(by=policy.yixian)
        filing.approve(by=policy.reviewer)
        return filing

    return approve


def compared(cast: Cast, rows: list[list[str]], *more: str) -> tuple[Upload, Any]:
    data = sheet(rows, [*THERE, *more])
    upload = imports_columns.receive(data, "平台.xlsx", by=cast.yixian, variant=0, platform=True)
    return upload, imports_columns.compare(upload, cast.yixian, timezone.localdate())


@pytest.mark.parametrize("day", ["2099-12-31", "99991231", "长期", ""])
def test_the_platforms_word_for_no_end_is_no_difference(policy: Cast, approved: Any, day: str):
    filing, today = approved(), str(timezone.localdate())
    rows = [["测试61", casting.number(61), "310000", today, "1", day]]
    _, found = compared(policy, rows, "enddate")
    assert (found.same, found.differs) == ([filing], [])


def test_a_row_whose_day_nobody_can_read_is_not_the_same(policy: Cast, approved: Any):
    filing = approved()
    _, found = compared(policy, [["测试61", casting.number(61), "310000", "9-11-26", "1"]])
    ((mine, _, why),) = found.differs
    assert (found.same, mine) == ([], filing)
    assert "分不清哪个是月、哪个是日" in why


def test_a_past_filing_beside_the_one_in_force_is_no_difference(policy: Cast, approved: Any):
    filing, today = approved(), str(timezone.localdate())
    row = ["测试61", casting.number(61), "310000"]
    upload, found = compared(policy, [[*row, "2024-01-01", "1"], [*row, today, "1"]])
    assert (upload.accepted, found.same, found.differs) == (2, [filing], [])


def test_a_filing_of_the_other_insurance_is_not_the_same(policy: Cast, approved: Any):
    approved()
    row = ["测试61", casting.number(61), "310000", str(timezone.localdate()), "1", "职工"]
    _, found = compared(policy, [row], "insutype")
    assert [why for _, _, why in found.differs] == ["险种平台是 职工医保，这里是 城乡居民医保"]


def test_rows_that_nobody_can_read_are_named_and_can_be_downloaded(policy: Cast, client_of: Any):
    rows = [
        ["测试1", "210727196001010071", "上海市", "", ""],
        ["测试2", casting.number(2), "上海市", "", ""],
        ["测试2", casting.number(2), "上海市", "", ""],
    ]
    upload, _ = compared(policy, rows)
    page = reverse("admin:filings_filing_compared", args=[upload.pk])
    answer = client_of(policy.yixian).get(page)
    text = answer.content.decode()
    assert "名单第 2 行：“certno”校验位对不上" in text
    assert dict(answer.context_data["counters"])["重复"] == 1
    address = reverse("admin:filings_filing_compared_problems", args=[upload.pk])
    assert address in text
    assert client_of(policy.yixian).get(address).content.startswith(b"PK")
    assert client_of(policy.heishan).get(address).status_code == 404


def test_a_row_without_a_place_says_why_and_not_none(policy: Cast, client_of: Any):
    upload, _ = compared(policy, [["测试1", casting.number(1), "火星", "", ""]])
    page = reverse("admin:filings_filing_compared", args=[upload.pk])
    text = client_of(policy.yixian).get(page).content.decode()
    assert "None" not in text
    assert "“rloc_admdvs”认不出是哪里" in text
