"""A list of institutions from its bytes to the directory and back."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.institutions.imports import workflow
from apps.institutions.models import (
    Institution,
    InstitutionAlias,
    ListImport,
    ListRow,
    ReferralRight,
    Suspension,
)
from apps.institutions.referral import scope
from apps.institutions.search import query as search_query
from tests import workbooks
from tests.cast import Cast
from tests.institutions.lists import HEADER, csv_list, generated, published, received, table
from ydjy.desk.exceptions import Refused
from ydjy.desk.imports import uploads
from ydjy.desk.models import Change, Upload
from ydjy.lib import pinyin

pytestmark = pytest.mark.django_db
State = ListImport.State


@pytest.fixture
def publish(cast: Cast) -> Callable[..., ListImport]:
    def go(data: bytes, **how: Any) -> ListImport:
        return published(data, by=cast.directory, second=cast.lead, **how)

    return go


def adds_up(one: ListImport) -> None:
    upload = one.upload
    assert upload.rows_in == one.total
    assert upload.accepted == one.new + one.changed + one.unchanged


def writes(action: Callable[[], Any]) -> list[str]:
    """The statements about institutions that were written while ``action`` ran."""
    with CaptureQueriesContext(connection) as caught:
        before = list(Institution.objects.order_by("pk").values())
        action()
        assert list(Institution.objects.order_by("pk").values()) == before
    tables = ("institutions_institution ", '"institutions_institution"', "searchentry", "alias")
    return [
        q["sql"]
        for q in caught
        if q["sql"].split()[0].rsplit("*/", 1)[-1] in ("INSERT", "UPDATE", "DELETE", "COPY")
        and any(name in q["sql"] for name in tables)
    ]


# In ------------------------------------------------------------------------------------------


def test_a_new_list_goes_in_after_two_people_said_so(publish: Any, cast: Cast):
    one = publish(csv_list(generated(60)))
    assert (one.state, one.new, one.changed) == (State.PUBLISHED, 60, 0)
    adds_up(one)
    row = Institution.objects.get(national_code="H21070000000")
    assert (row.name, row.county) == ("古塔区仁仁仁医院0号店", "古塔区")
    assert (row.kind, row.phone, row.area) == ("hospital", "0416-2000000", "210700")
    assert row.published
    assert (row.checked_by, row.checked_how) == (cast.lead, "list")
    assert one.upload.state == Upload.State.CONFIRMED
    changes = Change.objects.filter(table="institutions_institution", operation="insert")
    assert changes.count() == 60
    assert {change.actor for change in changes} <= {f"staff:{cast.lead.pk}", ""}


def test_nothing_is_written_before_the_second_person(cast: Cast):
    one = received(csv_list(generated(5)), by=cast.directory)
    workflow.draft(one, by=cast.directory)
    assert not Institution.objects.exists()


def test_nobody_publishes_his_own_import(cast: Cast):
    one = received(csv_list(generated(5)), by=cast.directory)
    workflow.draft(one, by=cast.directory)
    with pytest.raises(Refused, match="另一位同事"):
        workflow.ask_publish(one, by=cast.directory)
    assert not Institution.objects.exists()


def test_whoever_brought_the_file_does_not_publish_it_either(cast: Cast):
    one = received(csv_list(generated(5)), by=cast.lead)
    workflow.draft(one, by=cast.directory)
    with pytest.raises(Refused, match="另一位同事"):
        workflow.ask_publish(one, by=cast.lead)


def test_the_same_bytes_are_answered_at_once(publish: Any, cast: Cast):
    data = csv_list(generated(5))
    publish(data)
    with pytest.raises(uploads.AlreadyReceived):
        received(data, by=cast.directory)


def test_the_same_list_saved_again_writes_nothing(publish: Any, cast: Cast):
    rows = generated(40)
    publish(csv_list(rows))
    turned = [row[::-1] for row in reversed(rows)]

    def again() -> None:
        one = received(csv_list(turned, HEADER[::-1]), by=cast.directory)
        assert (one.new, one.changed, one.unchanged, one.missing) == (0, 0, 40, 0)
        adds_up(one)
        with pytest.raises(Refused, match="完全一样"):
            workflow.draft(one, by=cast.directory)

    assert writes(again) == []


def test_only_what_changed_is_written(publish: Any):
    publish(csv_list(generated(100)))
    before = {row["pk"]: row for row in Institution.objects.values("pk", "phone", "digest")}
    one = publish(csv_list(generated(100, changed=4)))
    assert (one.new, one.changed, one.unchanged) == (0, 4, 96)
    after = {row["pk"]: row for row in Institution.objects.values("pk", "phone", "digest")}
    assert sum(before[pk] != after[pk] for pk in before) == 4
    told = Change.objects.filter(table="institutions_institution", operation="update")
    assert told.count() == 4


def test_a_new_telephone_leaves_the_search_keys_and_needs_no_dictionary(
    publish: Any, monkeypatch: pytest.MonkeyPatch
):
    publish(csv_list(generated(3)))
    before = list(Institution.objects.order_by("pk").values("name_key", "initials", "weight"))
    monkeypatch.setattr(pinyin, "read", lambda name: pytest.fail("no name has changed"))
    publish(csv_list(generated(3, changed=3)))
    after = list(Institution.objects.order_by("pk").values("name_key", "initials", "weight"))
    assert after == before
    assert Institution.objects.filter(phone__startswith="0416-8").count() == 3


def test_the_difference_names_the_field_old_and_new(publish: Any, cast: Cast):
    publish(table(机构名称=["甲医院"], 联系电话=["0416-2000001"], 地址=["一号"]))
    one = received(
        table(机构名称=["甲医院"], 联系电话=["0416-2000002"], 地址=["一号"]), by=cast.directory
    )
    (row,) = one.rows.all()
    assert row.outcome == ListRow.Outcome.CHANGED
    assert (row.before, row.after) == ({"phone": "0416-2000001"}, {"phone": "0416-2000002"})


# What a list does not say ----------------------------------------------------------------------


def test_a_blank_cell_erases_nothing(publish: Any, cast: Cast):
    publish(table(机构名称=["甲医院"], 联系电话=["0416-2000001"], 地址=["一号"]))
    one = received(table(机构名称=["甲医院"], 联系电话=[""], 地址=["/"]), by=cast.directory)
    assert one.rows.filter(outcome="changed", after__has_key="phone").count() == 0


def test_a_missing_column_clears_nothing(publish: Any, cast: Cast):
    publish(table(机构名称=["甲医院", "乙医院"], 联系电话=["0416-2000001", "0416-2000002"]))
    one = publish(table(机构名称=["甲医院", "乙医院"], 等级=["二级甲等", ""]))
    assert (one.changed, one.unchanged) == (1, 1)
    assert Institution.objects.get(name="甲医院").phone == "0416-2000001"


def test_what_the_list_no_longer_has_is_proposed_and_never_deleted(publish: Any, cast: Cast):
    publish(table(机构名称=["甲医院", "乙医院"], 等级=["二级", "二级"]))
    one = received(table(机构名称=["甲医院"], 等级=["三级"]), by=cast.directory)
    (gone,) = one.rows.filter(outcome="missing")
    assert gone.name == "乙医院"
    workflow.draft(one, by=cast.directory)
    workflow.ask_publish(one, by=cast.lead)
    workflow.run(one.pk)
    assert Institution.objects.get(name="乙医院").working_on(date(2027, 1, 1))


def test_a_missing_one_is_stopped_only_where_a_person_allowed_it(publish: Any, cast: Cast):
    publish(table(机构名称=["甲医院", "乙医院"], 等级=["二级", "二级"]))
    one = received(table(机构名称=["甲医院"], 等级=["二级"]), by=cast.directory)
    (gone,) = one.rows.filter(outcome="missing")
    workflow.allow(one, [gone.pk])
    workflow.draft(one, by=cast.directory)
    workflow.ask_publish(one, by=cast.lead)
    one = workflow.run(one.pk)
    stopped = Institution.objects.get(name="乙医院")
    assert stopped.state_on(date(2099, 1, 1)) == "已解除"
    workflow.ask_undo(one, by=None, reason="发错了")
    workflow.run(one.pk)
    assert stopped.state_on(date(2099, 1, 1)) == "正常"


def test_one_list_does_not_miss_the_institutions_of_another(publish: Any, cast: Cast):
    publish(csv_list(generated(30)), listed="national")
    one = received(table(机构名称=["甲医院"], 等级=["二级"]), by=cast.directory)
    assert one.missing == 0


# Scopes ----------------------------------------------------------------------------------------


def right_of(name: str) -> str:
    rights = ReferralRight.objects.on(date(2099, 1, 1)).filter(institution__name=name)
    return "；".join(scope.describe(right.scope) for right in rights)


def with_right(wording: str) -> Institution:
    institution = Institution.objects.create(name="康宁医院")
    right = ReferralRight(institution=institution)
    right.scope = scope.parse(wording)
    right.save()
    return institution


@pytest.mark.parametrize("cell", ["", " ", "　"])
def test_a_blank_scope_never_widens(publish: Any, cell: str):
    with_right("仅限精神疾病")
    publish(table(机构名称=["康宁医院"], 转诊范围=[cell], 等级=["三级"]))
    assert right_of("康宁医院") == "仅限精神疾病"


def test_a_wider_scope_waits_for_a_person(publish: Any, cast: Cast):
    with_right("仅限精神疾病")
    one = publish(table(机构名称=["康宁医院"], 转诊范围=["不限"], 等级=["三级"]))
    assert right_of("康宁医院") == "仅限精神疾病"
    assert Institution.objects.get().level == "三级"
    again = received(table(机构名称=["康宁医院"], 转诊范围=["不限"], 等级=["三级"]) + b"\n")
    (row,) = again.rows.all()
    assert row.decide == "scope"
    workflow.allow(again, [row.pk])
    workflow.draft(again, by=cast.directory)
    workflow.ask_publish(again, by=cast.lead)
    workflow.run(again.pk)
    assert right_of("康宁医院") == "不限"
    assert one.pk != again.pk


def test_a_narrower_scope_goes_in_and_the_history_stays(publish: Any):
    institution = with_right("不含传染病")
    publish(table(机构名称=["康宁医院"], 转诊范围=["仅限精神疾病"], 生效日期=["2027-01-04"]))
    then = institution.referral_rights.on(date(2027, 1, 3)).get()
    later = institution.referral_rights.on(date(2027, 1, 4)).get()
    assert (then.wording, later.wording) == ("不含传染病", "仅限精神疾病")
    assert institution.valid_from is None


def test_a_scope_nobody_understands_is_held(cast: Cast):
    with_right("仅限精神疾病")
    one = received(table(机构名称=["康宁医院"], 转诊范围=["看情况"]), by=cast.directory)
    assert one.upload.held == 1
    assert "转诊范围" in one.rows.get().message


def test_a_stop_in_the_list_becomes_a_dated_suspension(publish: Any):
    Institution.objects.create(name="甲医院")
    publish(table(机构名称=["甲医院"], 状态=["停用"], 生效日期=["2027-01-04"]))
    stop = Suspension.objects.get()
    assert (stop.valid_from, stop.kind) == (date(2027, 1, 4), "suspended")
    institution = Institution.objects.get()
    assert institution.state_on(date(2027, 1, 3)) == "正常"
    assert institution.state_on(date(2027, 1, 4)) == "暂停"


# Rows that cannot go in ------------------------------------------------------------------------


def test_all_or_none_unless_a_person_says_otherwise(cast: Cast):
    data = table(
        机构名称=["甲医院", "", "乙医院", "乙医院", "合计"],
        机构编码=["H21070200001", "H21070200002", "乱写", "H21070200004", ""],
        等级=["二级", "二级", "二级", "二级", "4"],
    )
    one = received(data, by=cast.directory)
    adds_up(one)
    assert (one.upload.rejected, one.upload.skipped, one.new) == (2, 1, 2)
    with pytest.raises(Refused, match="有 2 行有问题"):
        workflow.draft(one, by=cast.directory)
    workflow.draft(one, by=cast.directory, only_good=True)
    workflow.ask_publish(one, by=cast.lead)
    workflow.run(one.pk)
    assert set(Institution.objects.values_list("name", flat=True)) == {"甲医院", "乙医院"}


def test_two_rows_about_one_institution_are_told(publish: Any, cast: Cast):
    data = table(
        机构名称=["甲医院", "甲医院", "甲医院"],
        机构编码=["H21070200001"] * 3,
        等级=["二级", "二级", "三级"],
    )
    one = received(data, by=cast.directory)
    adds_up(one)
    assert (one.new, one.upload.duplicate, one.upload.held) == (1, 1, 1)


def test_a_repeated_row_shows_its_cells_though_the_store_knows_it(publish: Any, cast: Cast):
    rows = generated(60)
    publish(csv_list(rows))
    one = received(csv_list([*rows, rows[50]]), by=cast.directory)
    assert (one.unchanged, one.upload.duplicate) == (60, 1)
    row = one.rows.get(outcome=ListRow.Outcome.DUPLICATE)
    assert (row.row, row.message, row.cells) == (62, "与第 52 行重复。", rows[50])


@pytest.mark.parametrize("first", ["changed", "known"])
def test_of_a_changed_and_a_known_row_about_one_institution_the_earlier_counts(
    publish: Any, cast: Cast, first: str
):
    rows = generated(60)
    publish(csv_list(rows))
    changed = [*rows[50][:5], "0416-2999999", rows[50][6]]
    there = [rows[50], changed] if first == "known" else [changed, rows[50]]
    one = received(csv_list([*rows[:50], there[0], *rows[51:], there[1]]), by=cast.directory)
    later = one.rows.exclude(outcome=ListRow.Outcome.CHANGED).get()
    assert (later.row, later.cells) == (62, there[1])
    if first == "known":
        assert (one.unchanged, one.changed, later.outcome) == (60, 0, ListRow.Outcome.HELD)
        assert later.message == "与第 52 行是同一家机构，内容不同，请判断。"
    else:
        assert (one.unchanged, one.changed, later.outcome) == (59, 1, ListRow.Outcome.DUPLICATE)
        assert later.message == "与第 52 行重复。"


def test_a_changed_row_on_a_later_sheet_is_held_against_the_known_one_before(
    publish: Any, cast: Cast
):
    rows = generated(60)
    publish(csv_list(rows))
    changed = [*rows[50][:5], "0416-2999999", rows[50][6]]
    data = workbooks.xlsx({"一": [list(HEADER), *rows], "二": [list(HEADER), changed]})
    one = received(data, by=cast.directory)
    assert (one.unchanged, one.upload.held) == (60, 1)
    row = one.rows.get(outcome=ListRow.Outcome.HELD)
    assert (row.sheet, row.row) == ("二", 2)
    assert row.message == "与第 52 行是同一家机构，内容不同，请判断。"


def test_what_is_merged_over_several_known_rows_counts_for_each(publish: Any, cast: Cast):
    rows = [[row[1], row[0], "古塔区"] for row in generated(60)]
    header = ["编码", "名称", "所属县区"]
    publish(workbooks.xlsx([["机构编码", *header[1:]], *rows]))
    merged = [[*row[:2], "" if 40 < n < 50 else "古塔区"] for n, row in enumerate(rows)]
    data = workbooks.xlsx(
        {"名单": [["机构编码", *header[1:]], *merged]}, merged={"名单": ["C42:C51"]}
    )
    assert received(data, by=cast.directory).unchanged == 60


def test_two_institutions_of_one_name_need_a_code(cast: Cast):
    Institution.objects.create(name="仁和大药房", county="义县")
    Institution.objects.create(name="仁和大药房", county="黑山县")
    one = received(table(机构名称=["仁和大药房"], 等级=["未定级"]), by=cast.directory)
    assert one.upload.held == 1
    assert "国家编码" in one.rows.get().message


def test_a_file_that_is_no_list_is_refused_in_words(cast: Cast):
    one = received("甲,乙\n1,2\n".encode(), by=cast.directory)
    assert one.state == State.REFUSED
    assert "机构名称" in one.message


# Names -------------------------------------------------------------------------------------------


def test_the_code_is_for_life_and_the_old_name_is_still_found(publish: Any):
    publish(table(机构名称=["铁路医院"], 机构编码=["H21070200001"]))
    publish(table(机构名称=["第五医院"], 机构编码=["H21070200001"]))
    institution = Institution.objects.get()
    assert institution.name == "第五医院"
    alias = InstitutionAlias.objects.get()
    assert (alias.name, alias.former) == ("铁路医院", True)
    (hit,) = search_query.find(Institution.objects.all(), "铁路").hits
    assert (hit.institution, hit.reason) == (institution, "former")
    assert Institution.objects.named("铁路医院") == institution


def test_a_list_gives_the_code_to_an_institution_that_had_none(publish: Any):
    known = Institution.objects.create(name="第九六八医院")
    publish(table(机构名称=["968医院"], 机构编码=["H21070200001"]))
    known.refresh_from_db()
    assert known.national_code == "H21070200001"


# Safety ------------------------------------------------------------------------------------------


def test_a_store_that_changed_since_the_draft_is_looked_at_again(cast: Cast):
    Institution.objects.create(name="甲医院", level="一级")
    one = received(table(机构名称=["甲医院"], 等级=["二级"]), by=cast.directory)
    workflow.draft(one, by=cast.directory)
    workflow.ask_publish(one, by=cast.lead)
    Institution.objects.update(level="三级")
    one = workflow.run(one.pk)
    assert one.state == State.STAGED
    assert "再看一遍" in one.message
    assert Institution.objects.get().level == "三级"


def test_publishing_twice_is_publishing_once(publish: Any):
    one = publish(csv_list(generated(5)))
    one.job = ListImport.Job.PUBLISH
    one.save()
    workflow.run(one.pk)
    assert Institution.objects.count() == 5


def test_undo_takes_back_what_nobody_touched_since(publish: Any):
    publish(csv_list(generated(6)))
    phones = dict(Institution.objects.values_list("pk", "phone"))
    one = publish(csv_list(generated(8, changed=8)))
    touched = Institution.objects.filter(brought_by=None) | Institution.objects.all()
    first, second = touched.order_by("pk")[:2]
    first.phone = "0416-1111111"
    first.save()
    workflow.ask_undo(one, by=None, reason="发错了")
    one = workflow.run(one.pk)
    assert one.state == State.UNDONE
    assert Institution.objects.count() == 6
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.phone, second.phone) == ("0416-1111111", phones[second.pk])
    assert one.rows.filter(outcome_note__contains="有人改过").count() == 1


def test_an_undone_list_may_come_again(publish: Any):
    data = csv_list(generated(3))
    one = publish(data)
    workflow.ask_undo(one, by=None, reason="发错了")
    workflow.run(one.pk)
    assert publish(data).new == 3


def test_an_abandoned_list_writes_nothing_and_may_come_again(cast: Cast):
    data = csv_list(generated(3))
    workflow.abandon(received(data, by=cast.directory))
    assert received(data, by=cast.directory).new == 3
    assert not Institution.objects.exists()


@pytest.mark.parametrize("mark", ["示例", "样例", "例"])
def test_a_row_that_only_shows_how_to_fill_in_is_no_institution(cast: Cast, mark: str):
    header = ["序号", "机构名称", "国家码"]
    rows = [[mark, "某某医院", "H21070200009"], ["1", "真医院", "H21070200001"]]
    one = received(csv_list(rows, header), by=cast.directory)
    assert (one.new, one.upload.skipped) == (1, 1)
