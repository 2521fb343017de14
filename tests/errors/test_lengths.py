"""What goes into the province's column is counted while one writes, refused when too long, never
cut: no field of it stops a paste at its last letter."""

import re

import pytest
from django.urls import reverse

from apps.errors.diagnosis.cause_codes import sync_causes
from apps.errors.models import CauseCode, Snippet, Ticket
from apps.errors.models.transitions import RESULT_LIMIT
from tests import cast as casting

pytestmark = pytest.mark.django_db
LONG = "字" * (RESULT_LIMIT + 1)


@pytest.fixture
def ticket(cast) -> Ticket:
    sync_causes()
    return casting.ticket(cast, "yixian", assignee=cast.yixian, status="working")


def field(html: str, name: str) -> str:
    return re.search(rf'<textarea[^>]*name="{name}"[^>]*>', html)[0]


def counted(html: str, name: str) -> None:
    assert f'data-limit="{RESULT_LIMIT}"' in field(html, name)
    assert "maxlength" not in field(html, name)


def test_the_answer_of_a_ticket(ticket, cast, client_of):
    browser, url = client_of(cast.yixian), reverse("admin:errors_ticket_change", args=[ticket.pk])
    counted(browser.get(url).content.decode(), "result")
    card = CauseCode.objects.get(code="card").pk
    typed = {"version": 1, "cause": card, "result": LONG, "note": "", "do": "save"}
    html = browser.post(url, typed).content.decode()
    assert f"处理结果有 {len(LONG)} 个字" in html
    assert LONG in html
    fits = "字" * (RESULT_LIMIT - 1) + "\r\n" + "。"  # a new line counts as one sign
    assert len(fits.replace("\r\n", "\n")) == RESULT_LIMIT + 1
    browser.post(url, typed | {"result": fits[1:]})
    ticket.refresh_from_db()
    assert len(ticket.result) == RESULT_LIMIT


def test_the_answer_for_many(ticket, cast, client_of):
    browser, url = client_of(cast.yixian), reverse("admin:errors_ticket_bulk_page")
    chosen = {"_selected_action": ticket.pk}
    counted(browser.post(url, chosen).content.decode(), "result")
    card = CauseCode.objects.get(code="card").pk
    typed = {"verb": "answer", "cause": card, "result": LONG, "confirm": "1", **chosen}
    assert f"处理结果有 {len(LONG)} 个字" in browser.post(url, typed).content.decode()
    assert not Ticket.objects.filter(status="answered").exists()


def test_the_texts_that_are_kept_for_a_cause(ticket, cast, client_of):
    card = CauseCode.objects.get(code="card")
    browser, url = client_of(cast.lead), reverse("admin:errors_causecode_change", args=[card.pk])
    html = browser.get(url).content.decode()
    counted(html, "template")
    counted(html, "snippets-0-words")
    typed = {
        "label": card.label, "template": LONG, "note": "", "active": "on",
        "snippets-TOTAL_FORMS": "1", "snippets-INITIAL_FORMS": "0",
        "snippets-0-words": LONG, "snippets-0-order": "0", "snippets-0-cause": card.pk,
    }  # fmt: skip
    html = browser.post(url, typed).content.decode()
    assert html.count(f"有 {len(LONG)} 个字，最多 {RESULT_LIMIT} 个字") == 2
    assert not Snippet.objects.filter(words__startswith="字字").exists()


def test_the_how_to_of_the_chosen_cause_stands_under_it(ticket, cast, client_of):
    card, other = CauseCode.objects.get(code="card"), CauseCode.objects.get(code="timeout")
    ticket.edit_note(by=cast.yixian, note="", cause=card)
    url = reverse("admin:errors_ticket_change", args=[ticket.pk])
    html = client_of(cast.yixian).get(url).content.decode()
    assert f'data-value="{card.pk}">{card.note}' in html
    assert f'data-value="{other.pk}" hidden>{other.note}' in html
