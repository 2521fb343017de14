"""Run in a process of its own: plays Friday's return up to a kill, or restarts and looks.

``python -m tests.faults answered``   a week of four lines, all answered; the folder is the partner
``python -m tests.faults friday``     prepare, sign, send, read the province's answer
``python -m tests.faults restart``    the tick, the clerks again; prints the invariants
"""

import json
import os
import sys
import tempfile
from collections import Counter
from contextlib import suppress
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

from django.conf import settings
from django.db import connection
from django.utils import timezone

from apps.errors import tasks
from apps.errors.diagnosis.cause_codes import sync_causes
from apps.errors.exchange import feedback, outbox
from apps.errors.intake import receive as intake_receive
from apps.errors.models import Batch, CauseCode, Dispatch, ExchangeSettings, ReturnFile, Ticket
from apps.errors.returns import build as returns_build
from apps.offices.models import Staff
from tests import workbooks
from tests.faults.actor import saw
from ydjy.desk.audit import change_log
from ydjy.desk.crypto.fields import opened
from ydjy.desk.exceptions import Refused
from ydjy.desk.imports import uploads
from ydjy.staff_site import list_kinds

OUT = Path(settings.DATA) / "exchange" / "out"
SEEN = Path(settings.DATA) / "saw.txt"


def _staff(name: str) -> Staff:
    return Staff.objects.get(username=name)


def answered() -> None:
    sync_causes()
    ExchangeSettings.objects.create(channel="folder")
    rows = workbooks.weekly_rows(4)
    upload = intake_receive.receive(workbooks.weekly_workbook(rows), "week.xlsx", by=_staff("lead"))
    batch = intake_receive.confirm(upload, by=_staff("lead"))
    for ticket in batch.tickets.all():
        ticket.answer(
            by=_staff("lead"), cause=CauseCode.objects.get(code="card"), result="请换卡。"
        )


def friday() -> None:
    batch = Batch.objects.get()
    [file] = returns_build.prepare(batch, by=_staff("lead"), late_reason="演练")
    saw("prepared x")
    file = returns_build.sign(file, by=_staff("reviewer"))
    saw("signed x")
    outbox.plan(file)
    saw("planned x")
    outbox.sweep()
    saw("sent x")
    _hear(batch)
    saw("heard x")


def _hear(batch: Batch) -> None:
    header = [*workbooks.WEEKLY_HEADERS[1], "审核结果", "退回原因"]
    rows = [
        [*row, *(("退回", "说明不清") if n == 1 else ("认可", ""))]
        for n, row in enumerate(workbooks.weekly_rows(4))
    ]
    data = workbooks.csv_bytes([header, *rows])
    with suppress(uploads.AlreadyReceived):  # heard and applied before the kill
        feedback.receive(data, "审核.csv", by=_staff("lead"), batch=batch)


def restart() -> None:
    """First what the client saw must be true; then everything is done again, from the start."""
    word = _kept_word()
    now = timezone.now() + timedelta(minutes=3)  # the lease of the dead has run out
    tasks.run(now)
    list_kinds.tend(now)
    outbox.sweep(now)
    batch = Batch.objects.get(iso_week=Batch.objects.order_by("pk").first().iso_week)
    if Ticket.objects.filter(times=2).exists():  # the province has answered: all is done
        sys.stdout.write(json.dumps({"kept_word": word, **invariants()}) + "\n")
        return
    try:
        [file] = returns_build.prepare(batch, by=_staff("lead"), late_reason="演练")
        file = returns_build.sign(file, by=_staff("reviewer"))
        outbox.plan(file)
        outbox.sweep(now + timedelta(minutes=3))
        _hear(batch)
    except Refused as refused:
        sys.exit(str(refused))
    sys.stdout.write(json.dumps({"kept_word": word, **invariants()}) + "\n")


def _kept_word() -> bool:
    claims = SEEN.read_text(encoding="utf-8").split()[::2] if SEEN.exists() else []
    truths = {
        "prepared": ReturnFile.objects.exists(),
        "signed": ReturnFile.objects.signed().exists(),
        "planned": Dispatch.objects.exists(),
        "sent": Dispatch.objects.filter(sent_at__isnull=False).exists(),
        "heard": Ticket.objects.filter(times=2).exists(),
    }
    return all(truths[claim] for claim in claims)


def invariants() -> dict[str, object]:
    files = {file.filename: file.sha256 for file in ReturnFile.objects.signed()}
    there = {path.name: path for path in OUT.iterdir()} if OUT.exists() else {}
    events = Counter((e.ticket_id, e.verb) for t in Ticket.objects.all() for e in t.events.all())
    while change_log.seal_changes():
        pass
    effective = ReturnFile.objects.effective()
    return {
        "engine": connection.vendor,
        "files": sorted(there),
        "whole": all(
            sha256(path.read_bytes()).hexdigest() == files.get(name)
            for name, path in there.items()
            if not name.endswith(".part")
        ),
        "effective": effective.count(),
        "answers": [len(opened(file.answers) or {}) for file in effective],
        "sent": Dispatch.objects.filter(sent_at__isnull=False).count(),
        "returned": next(bool(b.returned_at) for b in Batch.objects.order_by("pk")),
        "return_events": sorted(n for (_, verb), n in events.items() if verb == "return"),
        "reopened": Ticket.objects.filter(times=2).count(),
        "chain": change_log.verify(),
        "temp": os.listdir(tempfile.gettempdir()),
    }
