"""One invented identity number is driven through everything that stores; then all is searched.

It may be found as ciphertext only: not in a table, not in a change record sealed or not, not in the
admin's own log, not in a session, not in a file of the data folder.
"""

import json
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.urls import reverse

from apps.errors.models import SourceLine
from apps.filings.models import Filing
from tests import cast as casting
from tests.cast import Cast
from ydjy.desk.audit import change_log
from ydjy.desk.crypto import vault
from ydjy.desk.models import Change, StagedRow

NUMBER = casting.number(123)
pytestmark = pytest.mark.django_db


def tables() -> dict[str, str]:
    """Every table as text, byte columns as they are and as hex."""
    found = {}
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names():
            cursor.execute(f'SELECT * FROM "{table}"')
            found[table] = "\n".join(as_text(value) for row in cursor.fetchall() for value in row)
    return found


def as_text(value: Any) -> str:
    if isinstance(value, bytes | memoryview):
        return bytes(value).decode("latin-1") + bytes(value).hex()
    return json.dumps(value, ensure_ascii=False, default=str)


def leaks() -> list[str]:
    spoken = (NUMBER, NUMBER.encode().hex(), NUMBER[6:])
    inside = [t for t, text in tables().items() if any(word in text for word in spoken)]
    files = [
        str(path)
        for path in Path(settings.DATA).rglob("*")
        if path.is_file() and NUMBER.encode() in path.read_bytes()
    ]
    return inside + files


def drive(cast: Cast, browser: Any) -> None:
    row = casting.filing(cast, cert_no=NUMBER)
    ticket = casting.ticket(cast, cert_no=NUMBER)
    name = vault.put("weekly", f"证件号码,{NUMBER}".encode())
    received = casting.upload(cast, "yixian", stored=name)
    staged = StagedRow.objects.create(
        upload=received, position=1, sheet="Sheet1", row=2, status="accepted",
        cells=["1", NUMBER], values={"cert_no": NUMBER}, message="可以导入",
    )  # fmt: skip
    SourceLine.objects.create(ticket=ticket, staged=staged)
    returned = casting.return_file(cast)
    returned.answers = {"1": f"{NUMBER} 已补办"}
    returned.save()
    through_the_pages(browser, row)


def through_the_pages(browser: Any, row: Filing) -> None:
    lists = reverse("admin:filings_filing_changelist")
    page = reverse("admin:filings_filing_change", args=[row.pk])
    browser.post(reverse("admin:filings_filing_find"), {"q": NUMBER}, follow=True)
    browser.get(lists, {"q": NUMBER}, follow=True)
    answer = browser.post(
        reverse("admin:filings_filing_reveal", args=[row.pk]), {"reason": "打电话核对"}
    )
    assert NUMBER in answer.content.decode()
    form = browser.get(page).context["adminform"].form
    typed = {
        name: form.get_initial_for_field(field, name) or "" for name, field in form.fields.items()
    }
    events = {"events-TOTAL_FORMS": 0, "events-INITIAL_FORMS": 0}
    typed |= {"cert_no": NUMBER, "insutype": "390", "settled": "", **events}
    assert browser.post(page, typed).status_code == 302
    assert Filing.objects.get(pk=row.pk).insutype == "390"


def test_a_number_is_stored_as_ciphertext_only(cast: Cast, client_of: Any):
    drive(cast, client_of(cast.yixian))
    assert Change.objects.filter(table="filings_filing").count() >= 2
    assert leaks() == []
    while change_log.seal_changes():
        pass
    assert leaks() == []


def test_a_number_in_the_clear_would_be_found(cast: Cast):
    casting.filing(cast, reason=f"证件 {NUMBER}")
    assert set(leaks()) == {"filings_filing", "desk_change"}
    while change_log.seal_changes():
        pass
    assert leaks() == ["filings_filing"]
