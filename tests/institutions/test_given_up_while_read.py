"""What people do to a list while its job reads it stands: the job looks before it writes."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, connections, models, transaction
from django.utils import timezone

from apps.institutions.imports import read as imports_read
from apps.institutions.imports import workflow
from apps.institutions.models import ListImport
from tests import cast as casting
from tests.cast import Cast
from tests.institutions.lists import csv_list, generated
from ydjy.desk.crypto import vault
from ydjy.desk.imports import cleanup
from ydjy.desk.models import Upload

LIST, NO_LIST = csv_list(generated(3)), "甲,乙\n1,2\n".encode()
State = ListImport.State


def taken(by: Any, data: bytes = LIST) -> ListImport:
    return workflow.take(data, "名单.csv", listed="city", by=by)


def files() -> set[str]:
    return set(vault.names(workflow.KIND, older_than=-1))


def meanwhile(monkeypatch: pytest.MonkeyPatch, act: Callable[[], Any]) -> None:
    """``act`` is done once, when the next reading has compared all and written nothing yet."""
    compared = imports_read._compared

    def then(one: ListImport) -> Any:
        monkeypatch.setattr(imports_read, "_compared", compared)
        try:
            return compared(one)
        finally:
            act()

    monkeypatch.setattr(imports_read, "_compared", then)


@pytest.mark.django_db
@pytest.mark.parametrize("data", [LIST, NO_LIST], ids=["a list", "no list"])
def test_a_list_given_up_while_it_is_read_stays_given_up(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, data: bytes
):
    one = taken(cast.directory, data)
    kept = files()
    meanwhile(monkeypatch, lambda: workflow.abandon(one))
    assert workflow.run(one.pk).state == State.ABANDONED
    one = ListImport.objects.get()
    assert (one.state, one.upload.state) == (State.ABANDONED, Upload.State.ABANDONED)
    assert (one.job, one.job_until, one.rows.count(), files()) == ("", None, 0, kept)


@pytest.mark.django_db
def test_a_late_worker_leaves_what_another_has_read_and_a_person_submitted(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
):
    one = taken(cast.directory)

    def others() -> None:
        ListImport.objects.update(job_until=None)  # his lease has run out
        workflow.draft(workflow.run(one.pk), by=cast.directory)

    meanwhile(monkeypatch, others)
    seen = workflow.run(one.pk)
    assert (seen.state, seen.drafted_by) == (State.DRAFT, cast.directory)
    assert {seen.packed, seen.upload.stored} <= files()


@pytest.mark.django_db
def test_a_late_worker_leaves_what_is_to_be_read_by_another_encoding(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
):
    one = taken(cast.directory, LIST.decode("utf-8-sig").encode("gb18030"))

    def others() -> None:
        ListImport.objects.update(job_until=None)
        workflow.use_encoding(workflow.run(one.pk), "gb18030")

    meanwhile(monkeypatch, others)
    seen = workflow.run(one.pk)
    assert (seen.state, seen.job, seen.job_until) == (State.READING, "read", None)
    assert workflow.run(one.pk).state == State.STAGED


@pytest.mark.django_db
def test_that_somebody_looks_at_a_list_while_it_is_read_is_not_forgotten(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
):
    one = taken(cast.directory)
    meanwhile(monkeypatch, lambda: cleanup.touch(Upload.objects.get()))
    workflow.run(one.pk)
    assert Upload.objects.get().touched_on == timezone.localdate()


# In the very moment ------------------------------------------------------------------------------


@pytest.mark.postgres
@pytest.mark.skipif(
    connection.vendor != "postgresql",
    reason="the in-memory SQLite of the tests has one writer: nothing would race",
)
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("locked", [True, False], ids=["as it is", "without the lock"])
def test_the_job_waits_for_whoever_is_just_giving_it_up(
    monkeypatch: pytest.MonkeyPatch, locked: bool
):
    one = taken(casting.hire().directory)
    begun, thread = threading.Event(), threading.Thread(target=lambda: give_up())

    def give_up() -> None:
        try:
            with transaction.atomic():
                workflow.abandon(one)
                begun.set()
                assert waiting_for_a_lock(), "the job did not come"
        finally:
            connections.close_all()

    def and_then() -> None:
        thread.start()
        assert begun.wait(10)
        if not locked:
            monkeypatch.setattr(models.QuerySet, "select_for_update", lambda self, **how: self)

    meanwhile(monkeypatch, and_then)
    workflow.run(one.pk)
    thread.join(10)
    now = ListImport.objects.get()
    assert now.state == (State.ABANDONED if locked else State.STAGED)


def waiting_for_a_lock() -> bool:
    """Until another connection waits for what this one holds."""
    until = timezone.now() + timedelta(seconds=10)
    with connection.cursor() as cursor:
        while timezone.now() < until:
            cursor.execute(
                "SELECT pg_sleep(0.02), count(*) FROM pg_stat_activity"
                " WHERE pg_backend_pid() = ANY (pg_blocking_pids(pid))"
            )
            if cursor.fetchone()[1]:
                return True
    return False
