"""Taking a published list back: what it did goes, what people did since stays; and lost workers."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.utils import timezone

from apps.institutions import tasks
from apps.institutions.imports import read as imports_read
from apps.institutions.imports import workflow
from apps.institutions.models import (
    Institution,
    InternalContact,
    ListImport,
    NetworkOpening,
    ReferralRight,
    Suspension,
)
from apps.institutions.referral import scope
from tests import cast as casting
from tests.cast import Cast
from tests.institutions.lists import csv_list, generated, published, received, table
from ydjy import celery

pytestmark = pytest.mark.django_db
State = ListImport.State
DAY = date(2026, 11, 20)


@pytest.fixture
def publish(cast: Cast) -> Callable[..., ListImport]:
    def go(data: bytes, **how: Any) -> ListImport:
        return published(data, by=cast.directory, second=cast.lead, **how)

    return go


def take_back(one: ListImport) -> ListImport:
    workflow.ask_undo(one, by=None, reason="发错了")
    return workflow.run(one.pk)


def publish_allowed(cast: Cast, data: bytes) -> ListImport:
    """Published with every question answered «yes»."""
    one = received(data, by=cast.directory)
    workflow.allow(one, one.rows.values_list("pk", flat=True))
    workflow.draft(one, by=cast.directory)
    workflow.ask_publish(one, by=cast.lead)
    return workflow.run(one.pk)


def with_right(wording: str, **more: Any) -> Institution:
    one = Institution.objects.create(name="康宁医院", **more)
    right = ReferralRight(institution=one)
    right.scope = scope.parse(wording)
    right.save()
    return one


def rights() -> list[tuple[Any, ...]]:
    return list(
        ReferralRight.objects.order_by("pk").values_list("wording", "valid_from", "valid_to")
    )


@pytest.mark.parametrize("began", [None, DAY])
def test_a_scope_goes_back_to_what_it_was(cast: Cast, began: date | None):
    with_right("不含传染病")
    ReferralRight.objects.update(valid_from=began)
    before = rights()
    one = publish_allowed(
        cast, table(机构名称=["康宁医院"], 转诊范围=["仅限精神疾病"], 生效日期=["2026-11-20"])
    )
    assert rights() != before
    assert take_back(one).state == State.UNDONE
    assert rights() == before


def test_a_right_that_the_list_gave_goes(cast: Cast):
    Institution.objects.create(name="康宁医院")
    one = publish_allowed(cast, table(机构名称=["康宁医院"], 转诊范围=["仅限精神疾病"]))
    assert ReferralRight.objects.count() == 1
    take_back(one)
    assert not ReferralRight.objects.exists()


def test_a_right_that_somebody_changed_since_stays(cast: Cast):
    with_right("不含传染病")
    one = publish_allowed(cast, table(机构名称=["康宁医院"], 转诊范围=["仅限精神疾病"]))
    ReferralRight.objects.filter(mode="only").update(valid_to=timezone.localdate())
    after = rights()
    one = take_back(one)
    assert rights() == after
    assert "1 家后来有人改过" in one.message


def test_taking_up_again_is_taken_back(cast: Cast):
    one = Institution.objects.create(name="康宁医院", status="suspended")
    Suspension.objects.create(institution=one, valid_from=DAY)
    took = publish_allowed(cast, table(机构名称=["康宁医院"], 状态=["正常"]))
    one.refresh_from_db()
    assert (one.status, Suspension.objects.get().valid_to is None) == ("normal", False)
    take_back(took)
    one.refresh_from_db()
    assert (one.status, Suspension.objects.get().valid_to) == ("suspended", None)


def test_new_ones_that_people_added_to_or_that_a_case_names_stay(publish: Any, cast: Cast):
    one = publish(csv_list(generated(4)))
    opened, rung, named, idle = Institution.objects.order_by("pk")
    NetworkOpening.objects.create(institution=opened, reach="in_province", business="inpatient")
    InternalContact.objects.create(institution=rung, phone="0416-2345678")
    casting.ticket(cast, institution=named)
    one = take_back(one)
    assert set(Institution.objects.all()) == {opened, rung, named}
    assert one.message == "撤回了 1 家机构的改动，3 家后来有人改过，没有动。"
    assert not Institution.objects.filter(pk=idle.pk).exists()


def test_a_right_that_begins_later_ends_the_one_before_it(cast: Cast):
    one = Institution.objects.create(name="康宁医院")
    later = ReferralRight(institution=one, valid_from=date(2030, 1, 1))
    later.scope = scope.parse("不含传染病")
    later.save()
    publish_allowed(cast, table(机构名称=["康宁医院"], 转诊范围=["仅限精神疾病"]))
    assert ReferralRight.objects.get(mode="only").valid_to == date(2029, 12, 31)


# A worker that died ------------------------------------------------------------------------------


def test_a_list_whose_worker_died_is_gone_on_with_once(cast: Cast, monkeypatch: pytest.MonkeyPatch):
    one = workflow.take(csv_list(generated(3)), "名单.csv", listed="city", by=cast.directory)

    def dies(*what: Any) -> None:
        raise MemoryError

    with monkeypatch.context() as broken:
        broken.setattr(imports_read, "_stage", dies)
        with pytest.raises(MemoryError):
            tasks.sweep()
    assert tasks.sweep() == 0  # the lease still holds: somebody may be at work
    late = timezone.now() + workflow.LEASE + timedelta(seconds=1)
    monkeypatch.setattr(timezone, "now", lambda: late)
    assert (tasks.sweep(), tasks.sweep()) == (1, 0)
    one.refresh_from_db()
    assert (one.state, one.new, one.rows.count(), one.job_until) == (State.STAGED, 3, 3, None)


def test_a_job_in_other_hands_is_left_alone(cast: Cast):
    one = workflow.take(csv_list(generated(3)), "名单.csv", listed="city", by=cast.directory)
    ListImport.objects.update(job_until=timezone.now() + workflow.LEASE)
    assert workflow.run(one.pk).state == State.READING


def test_the_minute_asks_for_it():
    tasks_asked = {entry["task"] for entry in celery.app.conf.beat_schedule.values()}
    assert tasks.sweep.name in tasks_asked
