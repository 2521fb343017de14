"""Run in a process of its own by the fault tests: makes a city, plays Monday, or checks after it.

``python -m tests.faults make``          an empty city in YDJY_DATA
``python -m tests.faults monday FILE``   receive and confirm FILE; what the client saw → saw.txt
``python -m tests.faults after FILE``    restart: the tick, the clerk again; prints invariants
"""

import json
import os
import sys
import tempfile
from collections import Counter
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from apps.errors.intake import receive as intake_receive
from apps.errors.models import SourceLine, Ticket
from apps.offices.models import Staff
from ydjy.desk.crypto import vault
from ydjy.desk.exceptions import Refused
from ydjy.desk.imports import cleanup, uploads
from ydjy.desk.models import StagedRow, Upload

SAW = Path(settings.DATA) / "saw.txt"


def make() -> None:
    from tests import cast as casting

    call_command("migrate", verbosity=0)
    casting.hire()


def saw(words: str) -> None:
    with SAW.open("a", encoding="utf-8") as out:
        out.write(words + "\n")
        out.flush()
        os.fsync(out.fileno())


def monday(file: str) -> None:
    """As a clerk does it in the browser: choose, look, confirm, look again."""
    browser = Client(headers={"host": "127.0.0.1"})
    browser.force_login(Staff.objects.get(username="lead"))
    with Path(file).open("rb") as sheet:
        answer = browser.post(reverse("admin:errors_batch_receive"), {"file": sheet})
    assert answer.status_code == 302, answer.content.decode()
    saw(f"received {Path(file).name}")
    upload = Upload.objects.get(filename=Path(file).name)
    answer = browser.post(
        reverse("admin:errors_batch_preview", args=[upload.pk]), {"assign": "county"}
    )
    assert answer.status_code == 302, answer.content.decode()
    saw(f"confirmed {Path(file).name}")
    uploads.report_of(upload, intake_receive.list_kind())


def after(file: str) -> None:
    lead = Staff.objects.get(username="lead")
    cleanup.go_on(intake_receive.KEPT, timezone.now() + timedelta(hours=1))
    found = list(Upload.objects.values_list("filename", "state"))
    claims = SAW.read_text(encoding="utf-8").split() if SAW.exists() else []
    kept_word = all(
        any(
            name == wanted and (verb == "received" or state == "confirmed") for name, state in found
        )
        for verb, wanted in zip(claims[::2], claims[1::2], strict=True)
    )
    try:  # the clerk does not know what became of it and does it all again
        upload = intake_receive.receive(Path(file).read_bytes(), Path(file).name, by=lead)
    except uploads.AlreadyReceived as twin:
        upload = twin.upload
    except Refused as refused:
        sys.exit(str(refused))
    intake_receive.confirm(upload, by=lead)
    cleanup.sweep(intake_receive.KEPT, older_than=-1)
    vault.sweep(older_than=-1)
    sys.stdout.write(json.dumps({"states": found, "kept_word": kept_word, **invariants()}) + "\n")


def invariants() -> dict[str, object]:
    stored = set(Upload.objects.values_list("stored", flat=True))
    keys = Counter(Ticket.everything.exclude(source_key="").values_list("source_key", flat=True))
    return {
        "uploads": Upload.objects.count(),
        "rows": StagedRow.objects.count(),
        "adds_up": all(up.rows.count() == up.rows_in for up in Upload.objects.all()),
        "tickets": Ticket.everything.count(),
        "lines": SourceLine.objects.count(),
        "once": max(keys.values(), default=0) <= 1,
        "events": sum(t.events.filter(verb="receive").count() for t in Ticket.objects.all()),
        "left_behind": sorted(set(vault.names("weekly", older_than=-1)) - stored),
        "temp": os.listdir(tempfile.gettempdir()),
    }
