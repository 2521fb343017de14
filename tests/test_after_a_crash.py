"""Everything was killed at once: what the next start finds and goes on with."""

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from django.apps import apps
from django.utils import timezone

from apps.errors.intake import receive as intake_receive
from apps.errors.models import Dispatch, Ticket
from apps.institutions.models import ListImport
from tests import cast as casting
from tests import workbooks
from tests.processes import ROOT, environ
from ydjy.desk import leases
from ydjy.desk.imports import progress
from ydjy.desk.models import Upload
from ydjy.desk.models.export import Export
from ydjy.staff_site import list_kinds

pytestmark = pytest.mark.django_db


def die() -> None:
    """This process as if it were killed: the kernel opens its lock, and another takes its place."""
    os.close(leases.holder._handle)
    leases.holder = leases.Holder()


@pytest.fixture
def importing(cast) -> Upload:
    """A file whose import was under way a second ago."""
    data = workbooks.weekly_workbook(workbooks.weekly_rows(3))
    upload = intake_receive.receive(data, "a.xlsx", by=cast.lead, batch=casting.batch())
    intake_receive.begin(upload, by=cast.lead, assign="none")
    progress.note(f"upload-{upload.pk}", 2, 3)
    return upload


def test_the_next_minute_goes_on_with_an_import_whose_process_is_gone(importing):
    now = timezone.now()
    list_kinds.tend(now)
    assert Ticket.objects.count() == 0, "the control: this process lives, and may be at it"
    die()
    list_kinds.tend(now + timedelta(seconds=1))
    importing.refresh_from_db()
    assert importing.state == Upload.State.CONFIRMED
    assert Ticket.objects.count() == 3
    assert list(leases._folder().glob("*")) != [], "this one took a lease of its own"


def test_what_is_over_is_not_touched(importing):
    intake_receive.confirm(importing, by=None)
    before = Upload.objects.values().get()
    die()
    assert leases.free_the_dead(timezone.now()) == 0
    assert Upload.objects.values().get() == before


TAKING = """
import sys, time
from datetime import datetime
import django; django.setup()
from ydjy.desk import leases
leases.holder.take(datetime.fromisoformat(sys.argv[1]))
print("taken", flush=True)
time.sleep(60)
"""


@pytest.fixture
def other(settings, tmp_path, until) -> Iterator[subprocess.Popen[str]]:
    """Another process on the same data folder, which took what ends at ``until``."""
    settings.DATA = tmp_path
    process = subprocess.Popen(
        [sys.executable, "-c", TAKING, until.isoformat()],
        env=environ(tmp_path, DJANGO_SETTINGS_MODULE="ydjy.settings"),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "taken\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


@pytest.fixture
def until() -> datetime:
    return timezone.now() + timedelta(seconds=110)


def test_every_kind_of_lease_of_a_killed_process_is_free_and_no_other(cast, until, other):
    mine = until + timedelta(seconds=1)
    upload = casting.upload(cast, lease_until=until)
    file = casting.return_file(cast, "yixian")
    export = Export.objects.create(
        asked_by=cast.lead, asked_at=until, expires_at=until, rows=1, lease_until=until
    )
    rows = [
        (upload, "lease_until", until),
        (casting.upload(cast, "heishan", lease_until=mine), "lease_until", mine),
        (ListImport.objects.create(upload=upload, job_until=until), "job_until", until),
        (export, "lease_until", until),
        (
            Dispatch.objects.create(file=file, planned_at=until, lease_until=until),
            "lease_until",
            until,
        ),
    ]
    assert {(type(row), name) for row, name, _ in rows} == set(leases.fields())
    now = timezone.now()
    assert leases.free_the_dead(now) == 0, "it lives"
    other.kill()
    other.wait()
    assert leases.free_the_dead(now) == 4
    for row, name, end in rows:
        row.refresh_from_db()
        assert (getattr(row, name) < now) == (end == until)
    assert list(leases._folder().glob("*")) == []


def test_every_lease_of_the_house_is_let_go():
    """A lease under a name of its own would not be found."""
    looks_like_one = {
        (model, field.name)
        for model in apps.get_models()
        for field in model._meta.fields
        if field.name.endswith("_until") and field.name.split("_")[0] in ("lease", "job")
    }
    assert set(leases.fields()) == looks_like_one
    assert len(looks_like_one) == 4
