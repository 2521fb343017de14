"""Lists of filings: registered by the same rules, and compared with the platform's download."""

from datetime import date, timedelta
from io import BytesIO
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from apps.filings.imports import columns as imports_columns
from apps.filings.imports import register as imports_register
from apps.filings.models import Brought, Filing
from apps.filings.models.catalogue import Variant
from tests import cast as casting
from tests.cast import Cast
from tests.filings.posted import (
    HEADER,
    Killed,
    confirmed,
    die_at,
    made,
    received,
    row,
    sheet,
)
from tests.undone import undone
from ydjy.desk import bulk_insert
from ydjy.desk.exceptions import Refused
from ydjy.desk.imports import cleanup
from ydjy.desk.models import Upload
from ydjy.lib import workbook

pytestmark = pytest.mark.django_db


def test_every_row_is_told_what_is_wrong_with_it_by_its_column(policy: Cast):
    upload = received(
        policy,
        [row(1), row(2, number="210727196001010071"), row(3, place="火星"), row(4, months="半年")],
    )
    said = {r.row: (r.status, r.message) for r in upload.rows.all()}
    assert said[2][0] == "accepted"
    assert "“身份证号”校验位对不上" in said[3][1]
    assert "“安置地”" in said[4][1]
    assert "“派驻月数”应为几个月" in said[5][1]


@pytest.mark.parametrize(
    ("title", "cell", "said"),
    [
        ("派驻月数", "1200", "“派驻月数”月数太大，请核对。"),
        ("派驻月数", "9" * 5000, "“派驻月数”月数太大，请核对。"),
        ("派驻月数", "²½", "“派驻月数”应为几个月，请只写数字。"),
        ("结束日期", "2026-11-19", "“结束日期”早于开始日期，请核对。"),
        (
            "险种类型",
            "",
            "“险种类型”空着，必须填。",
        ),
        (
            "险种类型",
            "3100",
            "“险种类型”险种看不懂，可以写的是：职工、居民、310、390、320。",
        ),
        (
            "人员类别",
            "不在职",
            "“人员类别”人员状态看不懂，可以写的是：在职、退休、灵活就业、城乡居民、未成年人、"
            "自主择业军转。",
        ),
        (
            "险种类型",
            "居民（原职工）",
            "“险种类型”险种看不懂，可以写的是：职工、居民、310、390、320。",
        ),
        ("险种类型", "非职工", "“险种类型”险种看不懂，可以写的是：职工、居民、310、390、320。"),
    ],
)
def test_what_the_columns_or_the_rules_could_not_take_is_told_before_registering(
    policy: Cast, title: str, cell: str, said: str
):
    header, bad, good = [*HEADER, "结束日期"], [*row(1), ""], [*row(2), ""]
    bad[header.index(title)] = cell
    data, variant = sheet([bad, good], header), Variant.objects.get(code="posted-worker")
    upload = imports_columns.receive(data, "派驻.xlsx", by=policy.yixian, variant=variant.pk)
    assert [r.message for r in upload.rows.all()] == [said, ""]
    assert [filing.name for filing in made(confirmed(policy, upload))] == ["测试2"]


@pytest.mark.parametrize("word", ["示例", "例", "例：", "样例"])
def test_a_sample_that_was_left_in_the_list_is_nobody(policy: Cast, word: str):
    sample = [word, *row(9, number="11010519491231002X")[1:]]
    upload = received(policy, [sample, row(1)])
    assert [r.status for r in upload.rows.all()] == ["skipped", "accepted"]


def test_two_rows_of_which_nobody_knows_the_place_are_not_taken_for_one(policy: Cast):
    number = casting.number(1)
    places = ["朝阳", "火星", "火星"]
    upload = received(policy, [row(1, place=place, number=number) for place in places])
    assert [r.status for r in upload.rows.all()] == ["held", "held", "held"]
    same = received(policy, [row(1, place="朝阳"), row(1, place="朝阳")])
    assert [r.status for r in same.rows.all()] == ["held", "duplicate"]


def test_a_person_who_stands_twice_with_another_period_is_asked_about_in_his_own_words(
    policy: Cast,
):
    upload = received(policy, [row(1, months="12"), row(1, months="24")])
    second = upload.rows.all()[1]
    assert second.status == "held"
    assert second.message == "与第 2 行是同一个人、同一个就医地，内容不同，请核对留哪一行。"


def test_a_needed_column_that_the_list_has_not_is_named(policy: Cast):
    data, variant = sheet([["测试1", casting.number(1)]], ["姓名", "身份证号"]), 0
    upload = imports_columns.receive(data, "表.xlsx", by=policy.yixian, variant=variant)
    assert (
        upload.rows.get().message
        == "；".join(f"表里没有“{title}”这一列，必须填" for title in ("险种", "就医地", "开始日期"))
        + "。"
    )


@pytest.mark.parametrize("word", ["长期", "长期有效", "永久", "2099-12-31", "9999-12-31"])
def test_a_filing_that_ends_never_may_say_so(policy: Cast, word: str):
    header = [*HEADER, "结束日期"]
    variant = Variant.objects.get(code="posted-worker")
    data = sheet([[*row(1), word]], header)
    upload = imports_columns.receive(data, "派驻.xlsx", by=policy.yixian, variant=variant.pk)
    (filing,) = made(confirmed(policy, upload))
    assert (filing.end_on, filing.open_ended) == (None, True)


def test_a_kind_that_ends_by_itself_is_not_registered_from_a_row_that_says_for_ever(policy: Cast):
    Variant.objects.filter(code="posted-worker").update(validity_months=6)
    data = sheet([[*row(1), "长期"]], [*HEADER, "结束日期"])
    variant = Variant.objects.get(code="posted-worker")
    upload = imports_columns.receive(data, "派驻.xlsx", by=policy.yixian, variant=variant.pk)
    ((_, why),) = confirmed(policy, upload).refused
    assert why.startswith("表里写的是长期，这类备案只能到 2027-05-20。")


def test_a_twin_on_another_sheet_is_told_by_its_sheet(policy: Cast):
    target, rows = BytesIO(), {"甲": [row(1)], "乙": [row(1), row(1, months="24")]}
    workbook.write(
        target, [workbook.SheetOut(name=n, header=HEADER, rows=r) for n, r in rows.items()]
    )
    variant = Variant.objects.get(code="posted-worker")
    upload = imports_columns.receive(
        target.getvalue(), "x.xlsx", by=policy.yixian, variant=variant.pk
    )
    said = [r.message for r in upload.rows.all()]
    assert said[1] == "与工作表“甲”第 2 行重复。"
    assert said[2].startswith("与工作表“甲”第 2 行是同一个人")


def test_good_rows_are_registered_and_one_that_the_rules_refuse_says_why(policy: Cast):
    upload = received(policy, [row(1), row(2, months="5"), row(3)])
    outcome = confirmed(policy, upload)
    assert [filing.name for filing in made(outcome)] == ["测试1", "测试3"]
    assert outcome.refused[0][0] == 3
    assert "派驻要满6个月" in outcome.refused[0][1]
    upload.refresh_from_db()
    assert (upload.accepted, upload.rejected) == (2, 1)
    assert upload.message == "共 3 行：可以导入 2 行，有问题 1 行。"
    assert {f.status for f in Filing.objects.all()} == {Filing.Status.PENDING}
    assert {f.origin for f in Filing.objects.all()} == {Filing.Origin.WORKBOOK}


def test_a_row_that_only_the_database_refuses_does_not_stop_the_others(
    policy: Cast, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    upload = received(policy, [row(1), row(2), row(3)])
    columns = imports_register._columns

    def backwards(values: Any) -> Any:
        """As if a check of the row before this one had been forgotten."""
        end = date(2000, 1, 1) if values["name"] == "测试2" else None
        return columns(values) | {"end_on": end}

    monkeypatch.setattr(imports_register, "_columns", backwards)
    outcome = confirmed(policy, upload)
    assert [filing.name for filing in made(outcome)] == ["测试1", "测试3"]
    assert outcome.refused == [(3, imports_register._NOT_STORED)]
    upload.refresh_from_db()
    assert (upload.state, upload.rejected) == (Upload.State.CONFIRMED, 1)
    assert "测试2" not in caplog.text
    assert "IntegrityError" in caplog.text


def test_confirming_twice_registers_once_and_the_same_file_again_is_known(policy: Cast):
    upload = received(policy, [row(1)])
    confirmed(policy, upload)
    assert confirmed(policy, upload).made == []
    with pytest.raises(Refused, match="已经导入过"):
        received(policy, [row(1)])
    assert Filing.objects.count() == 1


def test_somebody_whose_filing_waits_already_is_not_registered_twice(policy: Cast):
    confirmed(policy, received(policy, [row(1)]))
    again = received(policy, [row(1), row(1, place="北京市"), row(2)])
    assert (again.duplicate, again.accepted) == (1, 2)
    outcome = confirmed(policy, again)
    assert [filing.name for filing in made(outcome)] == ["测试2"]
    assert "已经有同类的备案在办" in outcome.refused[0][1]


def test_somebody_with_a_long_term_filing_elsewhere_is_not_registered(policy: Cast):
    for filing in made(confirmed(policy, received(policy, [row(1)]))):
        filing.approve(by=policy.reviewer)
    outcome = confirmed(policy, received(policy, [row(1, place="北京市")]))
    assert "同一时间只能有一个长期备案" in outcome.refused[0][1]


# Long lists ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("part", [1, 2])
def test_a_list_that_was_killed_half_way_goes_on_and_no_row_is_registered_twice(
    policy: Cast, monkeypatch: pytest.MonkeyPatch, part: int
):
    upload = received(policy, [row(n, months="5" if n == 2 else "12") for n in range(1, 6)])
    die_at(monkeypatch, part)
    with pytest.raises(Killed):
        confirmed(policy, upload)
    upload.refresh_from_db()
    assert upload.state == Upload.State.CONFIRMING
    assert Filing.objects.count() == 2 * part - 1  # the second row is refused by the rules
    now = timezone.now()
    assert cleanup.go_on(imports_register.KEPT, now) == 0  # somebody may still be at it
    assert cleanup.go_on(imports_register.KEPT, now + timedelta(minutes=5)) == 1
    upload.refresh_from_db()
    assert upload.state == Upload.State.CONFIRMED
    assert upload.confirmed_by == policy.yixian
    assert (upload.accepted, upload.rejected) == (4, 1)
    assert [f.name for f in Filing.objects.order_by("pk")] == ["测试1", "测试3", "测试4", "测试5"]
    assert cleanup.go_on(imports_register.KEPT, now + timedelta(minutes=10)) == 0


def test_whoever_lost_the_list_to_somebody_else_stops(
    policy: Cast, monkeypatch: pytest.MonkeyPatch
):
    upload = received(policy, [row(n) for n in range(1, 6)])
    monkeypatch.setattr(imports_register, "AT_A_TIME", 2)
    point = imports_register.crashpoint

    def slow(name: str) -> None:
        monkeypatch.setattr(imports_register, "crashpoint", point)
        cleanup.go_on(imports_register.KEPT, timezone.now() + timedelta(minutes=5))

    monkeypatch.setattr(imports_register, "crashpoint", slow)
    with pytest.raises(Refused, match="由别的窗口登记"):
        confirmed(policy, upload)
    assert Filing.objects.count() == 5
    assert Upload.objects.get(pk=upload.pk).state == Upload.State.CONFIRMED


def test_others_can_write_between_two_parts(policy: Cast, monkeypatch: pytest.MonkeyPatch):
    turns: list[int] = []
    monkeypatch.setattr(imports_register, "AT_A_TIME", 2)
    monkeypatch.setattr(bulk_insert, "give_way", lambda: turns.append(Filing.objects.count()))
    upload = received(policy, [row(n) for n in range(1, 6)])
    confirmed(policy, upload)
    assert turns == [2, 4, 5]
    undone(upload, by=policy.yixian)
    assert len(turns) == 6


def test_the_database_gives_a_row_one_filing(policy: Cast):
    made(confirmed(policy, received(policy, [row(1), row(2)])))
    first, second = Brought.objects.order_by("position")
    with pytest.raises(IntegrityError), transaction.atomic():
        Brought.objects.filter(pk=second.pk).update(position=first.position)


def test_a_list_is_taken_back_but_for_what_somebody_has_touched_since(
    policy: Cast, client_of: Any, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(imports_register, "AT_A_TIME", 2)
    upload = received(policy, [row(n) for n in range(1, 6)])
    approved, checked, *others = made(confirmed(policy, upload))
    approved.approve(by=policy.reviewer)
    checked.check_benefits(by=policy.yixian)
    page = reverse("admin:filings_filing_batch", args=[upload.pk])
    text = client_of(policy.yixian).post(page, {"do": "undo"}, follow=True).content.decode()
    assert "请写明为什么撤销。" in text
    answer = client_of(policy.yixian).post(page, {"do": "undo", "reason": "发错了"}, follow=True)
    text = answer.content.decode()
    assert "收回了 3 条。" in text
    assert f"2 条后来有人办过、改过或者在用，没有收回：{approved.number}、{checked.number}" in text
    assert [Filing.objects.get(pk=f.pk).status for f in (approved, checked)] == [
        "approved",
        "pending",
    ]
    assert {Filing.objects.get(pk=f.pk).status for f in others} == {"withdrawn"}
    with pytest.raises(Refused, match="已撤销，没有什么可以撤销的"):
        undone(upload, by=policy.yixian)
    again = received(policy, [row(n) for n in range(1, 6)])  # and may be sent once more
    assert (again.duplicate, again.accepted) == (2, 3)


def test_a_list_asks_as_little_for_each_row_as_it_must(
    policy: Cast, django_assert_max_num_queries: Any
):
    """The rules, the office and the calendar are the same for all rows and are read once."""
    upload = received(policy, [row(n) for n in range(1, 11)])
    with django_assert_max_num_queries(10 * 18 + 50):
        confirmed(policy, upload)
