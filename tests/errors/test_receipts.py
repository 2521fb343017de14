"""The received files as the operator and the offices see them: receipts, to look at."""

import pytest
from django.urls import reverse

from tests import cast as casting
from ydjy.desk.models import Upload

pytestmark = pytest.mark.django_db
LIST = reverse("admin:desk_upload_changelist")


@pytest.fixture
def uploads(cast):
    return [casting.upload(cast, place, accepted=7) for place in ("city", "heishan")]


def test_the_operator_sees_every_receipt_and_no_case(cast, uploads, client_of):
    browser = client_of(cast.operator)
    html = browser.get(LIST).content.decode()
    assert all(upload.filename in html for upload in uploads)
    page = browser.get(reverse("admin:desk_upload_change", args=[uploads[0].pk])).content.decode()
    assert uploads[0].sha256 in page
    assert browser.get(reverse("admin:errors_ticket_changelist")).status_code == 403


def test_an_office_sees_its_own_and_those_below(cast, uploads, client_of):
    assert uploads[1].filename in client_of(cast.lead).get(LIST).content.decode()
    assert client_of(cast.yixian).get(LIST).status_code == 403


def test_a_number_in_a_file_name_is_masked(cast, client_of):
    number = casting.number(5)
    casting.upload(cast, "city", filename=f"{number}.xlsx")
    assert number not in client_of(cast.operator).get(LIST).content.decode()


def test_nothing_can_be_changed(cast, uploads, client_of):
    browser = client_of(cast.operator)
    url = reverse("admin:desk_upload_change", args=[uploads[0].pk])
    assert browser.post(url, {"sender": "x"}).status_code == 403
    assert not Upload.objects.filter(sender="x").exists()
