"""A list imported by two in the same moment, or by a worker and the page that looks: once."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import models
from django.utils import timezone

from apps.offices.models import Synonym
from apps.offices.resources import SYNONYMS
from tests import cast as casting
from tests import workbooks
from tests.cast import Cast
from tests.faults.racing import RACE, both
from ydjy.desk.imports import cleanup, reference_list
from ydjy.desk.models import Upload

pytestmark = RACE
RUNS, ROWS = 20, 3


@pytest.fixture
def people(db: Any, transactional_db: Any) -> Cast:
    return casting.hire()


def staged(people: Cast, run: int) -> Upload:
    rows = [["百姓的说法", "对应的词"], *([f"说法{run}之{n}", "转诊"] for n in range(ROWS))]
    upload = SYNONYMS.receive(workbooks.xlsx(rows), f"{run}.xlsx", by=people.directory)
    SYNONYMS.read(upload)
    return upload


def confirming(upload: Upload, people: Cast) -> Any:
    return lambda: SYNONYMS.confirm(Upload.objects.get(pk=upload.pk), by=people.directory)


def test_two_presses_in_one_moment_write_a_list_once(people: Cast):
    for run in range(RUNS):
        upload = staged(people, run)
        results = both(*[confirming(upload, people)] * 2)
        assert [type(one) for one in results] == [Upload, Upload]
        assert Synonym.objects.count() == (run + 1) * ROWS
        assert Upload.objects.get(pk=upload.pk).state == Upload.State.CONFIRMED


def test_a_worker_and_the_page_that_looks_write_a_list_once(people: Cast):
    for run in range(RUNS):
        upload = staged(people, run)
        assert SYNONYMS.begin(upload, by=people.directory)
        later = timezone.now() + timedelta(minutes=5)

        def take_up(upload: Upload = upload, later: Any = later) -> bool:
            mine = Upload.objects.get(pk=upload.pk)
            if taken := cleanup.take(mine, later):
                SYNONYMS.go_on(mine)
            return taken

        results = both(take_up, take_up)
        assert sorted(results) == [False, True]
        assert Synonym.objects.count() == (run + 1) * ROWS


def test_without_the_lock_both_would_have_begun(people: Cast, monkeypatch: pytest.MonkeyPatch):
    upload, meeting = staged(people, 0), threading.Barrier(2)
    must = reference_list.must

    def together(condition: object, words: str) -> None:
        must(condition, words)
        if "完全一样" in words:  # the last thing that is looked at
            meeting.wait(10)

    monkeypatch.setattr(models.QuerySet, "select_for_update", lambda self, **more: self.all())
    monkeypatch.setattr(reference_list, "must", together)

    def begin() -> bool:
        return SYNONYMS.begin(Upload.objects.get(pk=upload.pk), by=people.directory)

    assert both(begin, begin) == [True, True]
