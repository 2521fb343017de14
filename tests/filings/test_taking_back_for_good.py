"""撤销这次导入 where no test's transaction lies round it: its steps commit by themselves."""

import pytest
from django.core.management import call_command
from django.test import Client

from apps.offices.models import Office
from tests.cast import Cast
from tests.filings.test_taking_back import UNDO, filings
from ydjy.desk.models import Upload

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]


@pytest.fixture
def rules(transactional_db: None) -> None:
    call_command("sync_reference", verbosity=0)
    call_command("load_policy", "jinzhou", verbosity=0)
    Office.objects.update(handles_cases=False)


def test_a_batch_is_taken_back_by_its_page(rules: None, cast: Cast, client: Client):
    upload, address = filings(cast)
    client.force_login(cast.lead)
    assert client.post(address, UNDO).status_code == 302
    upload.refresh_from_db()
    assert upload.state == Upload.State.UNDONE
