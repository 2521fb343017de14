"""Everything was killed at once: what the next start finds and goes on with."""

from datetime import timedelta

import pytest
from django.apps import apps
from django.utils import timezone

from apps.errors import intake
from apps.errors.models import Ticket
from tests import cast as casting
from tests import workbooks
from ydjy.desk import leftovers, progress
from ydjy.desk.models import Upload
from ydjy.leases import fields, let_go

pytestmark = pytest.mark.django_db


@pytest.fixture
def importing(cast) -> Upload:
    """A file whose import was under way a second ago."""
    data = workbooks.weekly_workbook(workbooks.weekly_rows(3))
    upload = intake.receive(data, "a.xlsx", by=cast.lead, batch=casting.batch())
    intake.begin(upload, by=cast.lead, assign="none")
    progress.note(f"upload-{upload.pk}", 2, 3)
    return upload


def test_the_first_tick_after_a_start_goes_on_with_an_import(importing):
    now = timezone.now()
    assert leftovers.go_on(intake.KEPT, now) == 0  # the control: somebody may still be at it
    let_go(now)
    assert leftovers.go_on(intake.KEPT, now + timedelta(seconds=1)) == 1
    importing.refresh_from_db()
    assert importing.state == Upload.State.CONFIRMED
    assert Ticket.objects.count() == 3


def test_a_start_touches_nothing_that_is_over(importing):
    intake.confirm(importing, by=None)
    before = Upload.objects.values().get()
    let_go(timezone.now())
    assert Upload.objects.values().get() == before


def test_every_lease_of_the_house_is_let_go():
    """A lease under a name of its own would not be found."""
    looks_like_one = {
        (model, field.name)
        for model in apps.get_models()
        for field in model._meta.fields
        if field.name.endswith("_until") and field.name.split("_")[0] in ("lease", "job")
    }
    assert set(fields()) == looks_like_one
    assert len(looks_like_one) == 4
