"""The pages of Friday: prepare, sign, send, hand in; the province's answer; nil; urge."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from apps.errors.diagnosis.cause_codes import sync_causes
from apps.errors.models import Batch, ExchangeSettings, Notice, ReturnFile, Ticket
from apps.errors.returns import admin as returns_admin
from apps.offices.models import Role, Staff
from tests.errors import weeks
from tests.errors.test_carrying import answer_file

pytestmark = pytest.mark.django_db


@pytest.fixture
def batch(cast) -> Batch:
    sync_causes()
    made = weeks.received(cast)
    with weeks.at(weeks.FRIDAY):
        weeks.answer_all(made, cast.yixian)
    return made


@pytest.fixture
def second(cast) -> Staff:
    return Staff.objects.create_user(
        "second", name="周强", role=Role.REVIEWER, office=cast.office["city"], is_staff=True
    )


def page(name: str, *args) -> str:
    return reverse(f"admin:errors_batch_{name}", args=args)


@pytest.fixture
def draft(batch, cast, client_of) -> ReturnFile:
    with weeks.at(weeks.FRIDAY):
        client_of(cast.lead).post(page("send_back", batch.pk))
    return ReturnFile.objects.get()


@pytest.fixture
def signed(draft, second, client_of) -> ReturnFile:
    with weeks.at(weeks.FRIDAY):
        client_of(second).post(page("review", draft.pk), {"sign": "1"})
    return ReturnFile.objects.signed().get()


def test_the_one_who_prepared_is_told_to_find_another(draft, cast, client_of):
    with weeks.at(weeks.FRIDAY):
        html = client_of(cast.lead).get(page("review", draft.pk)).content.decode()
    assert "要由另一个人复核" in html
    assert "已办结" in html


def test_the_reviewer_sends_it_back_with_a_reason(draft, second, client_of):
    with weeks.at(weeks.FRIDAY):
        client_of(second).post(page("review", draft.pk), {"refuse": "1", "reason": "第 2 行"})
    draft.refresh_from_db()
    assert (draft.state, draft.dropped_because) == ("refused", "周强：第 2 行")


def test_handing_in_asks_how_and_is_shown_with_name_and_time(signed, cast, client_of):
    browser = client_of(cast.lead)
    with weeks.at(weeks.FRIDAY):
        browser.post(page("hand_in", signed.pk), {"words": ""})
        assert signed.sent is None
        html = browser.post(
            page("hand_in", signed.pk), {"words": "内网邮箱"}, follow=True
        ).content.decode()
    assert "内网邮箱，刘敏" in html
    assert Batch.objects.get(pk=signed.batch_id).returned_at == weeks.FRIDAY


def test_what_could_not_be_sent_says_what_to_do_and_offers_the_file(
    signed, cast, client_of, tmp_path
):
    (tmp_path / "file").write_text("")
    ExchangeSettings.objects.create(channel="folder", folder=str(tmp_path / "file"))
    with weeks.at(weeks.FRIDAY.replace(minute=55)):
        html = client_of(cast.lead).post(page("send_now", signed.pk), follow=True).content.decode()
    assert "没有送到省里" in html
    assert "还有 5 分钟" in html
    assert page("download", signed.pk) in html
    assert signed.dispatches.get().attempts == 1, "the try stays written down"


def test_a_county_sees_no_return_file_and_cannot_sign_send_or_hand_in(signed, cast, client_of):
    browser = client_of(cast.reviewer)  # may sign, but in 义县
    assert browser.get(page("review", signed.pk)).status_code == 404
    for name in ("send_now", "hand_in"):
        assert browser.post(page(name, signed.pk)).status_code == 403


def test_the_provinces_answer_is_imported_on_its_page(signed, cast, client_of):
    browser = client_of(cast.lead)
    with weeks.at(weeks.FRIDAY):
        browser.post(page("hand_in", signed.pk), {"words": "邮箱"})
    with weeks.at(weeks.NEXT_MONDAY):
        browser, url = client_of(cast.lead), page("hear", signed.batch_id)
        for _ in range(2):
            file = SimpleUploadedFile("审核.xlsx", answer_file([0]))
            html = browser.post(url, {"file": file}, follow=True).content.decode()
    assert "errornote" in html
    assert Ticket.objects.filter(times=2).count() == 1


def test_a_week_without_errors_is_confirmed_by_a_person(cast, client_of):
    batch = Batch.objects.of_week(2026, 47)
    with weeks.at(weeks.FRIDAY):
        html = client_of(cast.lead).post(page("declare_nothing", batch.pk), follow=True)
    batch.refresh_from_db()
    assert (batch.nil, batch.state) == (True, "returned")
    assert "已确认没有报错" in html.content.decode()


def test_a_week_with_errors_cannot_be_confirmed_as_empty(batch, cast, client_of):
    with weeks.at(weeks.FRIDAY):
        client_of(cast.lead).post(page("declare_nothing", batch.pk))
    batch.refresh_from_db()
    assert not batch.nil


def test_pressing_urge_twice_sends_one_message(batch, cast, client_of):
    with weeks.at(weeks.FRIDAY):
        Ticket.objects.first().reopen(by=cast.yixian, reason="再查")
        browser = client_of(cast.lead)
        browser.post(page("urge", batch.pk))
        html = browser.post(page("urge", batch.pk), follow=True).content.decode()
    assert Notice.objects.count() == 1
    assert "今天都提醒过了" in html


def test_a_long_list_of_what_is_open_has_pages(cast, client_of, monkeypatch):
    sync_causes()
    batch = weeks.received(cast)
    monkeypatch.setattr(returns_admin, "PAGE", 2)
    browser = client_of(cast.lead)
    with weeks.at(weeks.FRIDAY):
        first = browser.get(page("send_back", batch.pk))
        rows = first.context["open_rows"]
        assert len(rows) > 2, "a control"
        last = browser.get(page("send_back", batch.pk), {"open": "9999"})
    shown = [
        [row.row_number for row in answer.context["pages"]["open"]] for answer in (first, last)
    ]
    assert shown[0] == [row.row_number for row in rows[:2]]
    assert shown[1][-1] == rows[-1].row_number
    assert f"没有结果的 {len(rows)} 条" in first.content.decode(), "the number is of all"
