"""INV1–INV8 of the weekly exchange, read from the database and the folders: each holds or raises.

``tests/faults/test_promises.py`` breaks every one of them once, so that none can pass by itself.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from hashlib import sha256
from itertools import pairwise
from pathlib import Path

from django.db.models import Count

from apps.errors.models import Batch, Dispatch, ReturnFile, SourceLine, Ticket
from apps.errors.models.transitions import OPEN
from apps.errors.returns.build import owed, uploads_of
from ydjy.desk.audit import change_log
from ydjy.desk.crypto.fields import opened
from ydjy.desk.imports import kinds as imports_kinds
from ydjy.desk.models import Upload

UNREAD = ["received", "refused", "same", "columns"]
COUNTED = ("accepted", "held", "rejected", "duplicate", "skipped")
KEPT = {
    "living",  # which process holds which lease (desk/leases.py)
    "files",
    "exchange",
    "keys",
    "progress",
}


def inv1_rows_add_up() -> None:
    """Every row of a receipt is accepted, held, rejected, a duplicate or skipped, and counted."""
    for upload in Upload.objects.exclude(state__in=UNREAD):
        found = Counter(upload.rows.values_list("status", flat=True))
        told = {name: getattr(upload, name) for name in COUNTED if getattr(upload, name)}
        assert found == told, (upload.pk, found, told)


def inv2_one_ticket_for_each_problem_of_a_week() -> None:
    keys = Ticket.objects.exclude(source_key="").values("source_key")
    assert not keys.annotate(n=Count("pk")).filter(n__gt=1).exists()
    bare = Ticket.objects.filter(lines=None).exclude(status="merged")
    assert not bare.filter(split_from=None).exists()
    for line in SourceLine.objects.exclude(home=None).select_related("home", "ticket"):
        assert line.home.merged_into_id == line.ticket_id, line.home
    for line in SourceLine.objects.select_related("ticket__merged_into"):
        assert line.answering.status != "merged", line.ticket


def inv3_every_line_is_in_exactly_one_effective_return() -> None:
    effective = list(ReturnFile.objects.effective())
    sent = {file.upload_id for file in effective}
    assert len(sent) == len(effective)
    for file in effective:
        rows = file.upload.rows.exclude(status=imports_kinds.SKIPPED)
        answers = opened(file.answers) or {}
        assert set(answers) == {str(row) for row in rows.values_list("position", flat=True)}
    later = _owed()
    for batch in Batch.objects.filter(returned_at__isnull=False):
        own = {up.pk for up in uploads_of(batch) if up.period == batch.week}
        assert own - sent <= later, batch  # imported since: the first page names it
    for ticket in Ticket.objects.filter(status="returned"):
        assert ticket.lines.filter(staged__upload__in=sent).exists(), ticket


def _owed() -> set[int]:
    """Files that came into a week after it had gone back: the first page names them, or the week
    to which their tickets were carried answers them."""
    answered = [up.pk for week in Batch.objects.filter(returned_at=None) for up in uploads_of(week)]
    return {upload.pk for upload in owed(Upload.objects.all())} | set(answered)


def inv4_no_final_name_with_other_bytes(out: Path) -> None:
    """Each final name in the partner's folder is one signed file's, with its very bytes."""
    known = dict(ReturnFile.objects.signed().values_list("filename", "sha256"))
    for path in out.glob("*"):
        if path.suffix != ".part":
            assert sha256(path.read_bytes()).hexdigest() == known.get(path.name), path.name


def inv5_what_was_acknowledged_is_there(
    lines: Mapping[str, str | None], signed: Iterable[str]
) -> None:
    """``lines``: number of the province → the answer that was acknowledged, or ``None``."""
    assert set(signed) <= set(ReturnFile.objects.signed().values_list("sha256", flat=True))
    known = set(Ticket.objects.values_list("province_no", flat=True))
    assert set(lines) <= known
    plain = Ticket.objects.filter(carried_from=None, split_from=None).exclude(status="merged")
    for ticket in plain:
        told = lines.get(ticket.province_no)
        if ticket.pk == _latest(ticket):
            assert (ticket.status in OPEN) == (told is None), ticket.number
            assert told is None or ticket.result == told, ticket.number


def _latest(ticket: Ticket) -> int:
    same = Ticket.objects.filter(province_no=ticket.province_no).exclude(lines=None)
    return same.order_by("-pk").values_list("pk", flat=True)[0]


def inv6_every_change_of_state_has_its_entry() -> None:
    for ticket in Ticket.objects.prefetch_related("events"):
        events = sorted(ticket.events.all(), key=lambda event: event.pk)
        assert events[0].before == "", ticket.number
        assert events[-1].after == ticket.status, ticket.number
        for one, two in pairwise(events):
            assert two.before == one.after, ticket.number


def inv6_the_chain_is_whole() -> None:
    while change_log.seal_changes():
        pass
    assert change_log.verify() == []


def inv7_nobody_is_reminded_twice(sent: Iterable[str]) -> None:
    """``sent``: the log lines of the reminders, one for each that went out (E10)."""
    twice = [line for line, n in Counter(sent).items() if n > 1]
    assert not twice, twice
    assert not Dispatch.objects.filter(sent_at__isnull=False, lease__gt="").exists()


def inv8_nothing_is_left_in_the_open(data: Path, temp: Path) -> None:
    assert {path.name for path in data.iterdir()} <= KEPT
    assert list(temp.iterdir()) == []
    for path in (data / "progress").glob("*"):
        assert all(word.isdigit() for word in path.read_text().split())  # how far, and no name
