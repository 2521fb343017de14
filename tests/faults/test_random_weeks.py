"""Weeks at random: any command in any order, kills between, against a small model in memory.

The model knows only what people were told: which lines came, what each was answered, what was
signed. After every step the invariants INV1–INV8 are read from the database and the folder. A few
hundred steps run with every test, 10,000 with ``make faults`` (on both engines).
"""

import os
import tempfile
from datetime import datetime, timedelta
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.db import transaction
from django.db.models import Count
from hypothesis import HealthCheck
from hypothesis import settings as limits
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from apps.errors import bulk, feedback, intake, reminders, returns, sending, splitting, tasks
from apps.errors.models import (
    Batch,
    CauseCode,
    Dispatch,
    ExchangeSettings,
    Notice,
    ReturnFile,
    SourceLine,
    Ticket,
)
from apps.errors.reference import sync_causes
from apps.errors.ticket import OPEN
from apps.offices.reference import sync_calendar
from tests import cast as casting
from tests import workbooks
from ydjy.desk import crashpoints, sheets, uploads
from ydjy.desk.models import Upload
from ydjy.desk.secrets import opened
from ydjy.desk.verbs import Refused
from ydjy.lib import workbook
from ydjy.lib.workdays import SHANGHAI

STEPS = int(os.environ.get("FAULT_STEPS", 10_000 if os.environ.get("FAULTS") == "all" else 150))
EACH = 50
POINTS = [f"CI{n}" for n in range(1, 10)] + [f"CR{n}" for n in range(1, 12)]
HEADER = workbooks.WEEKLY_HEADERS[1]
NUMBER, AREA, MESSAGE = (HEADER.index(name) for name in ("省问题编号", "参保地区划", "报错信息"))


class Killed(BaseException):
    """The plug was pulled: what was not committed is gone."""


def _kill(pid: int, signal: int) -> None:
    raise Killed


class Weeks(RuleBasedStateMachine):
    """``lines``: number of the province → the answer that was acknowledged, or None."""

    def __init__(self) -> None:
        super().__init__()
        self.outer = transaction.atomic()
        self.outer.__enter__()
        self.clock = time_machine.travel(datetime(2026, 11, 16, 9, tzinfo=SHANGHAI), tick=False)
        self.frozen = self.clock.start()
        self.lines: dict[str, str | None] = {}
        self.signed: set[str] = set()
        self.staged: list[int] = []
        self.serial = 0
        self.was = settings.DATA
        self.folder = tempfile.mkdtemp(prefix="weeks-")
        settings.DATA = Path(self.folder)
        self.cast = casting.hire()
        sync_causes()
        sync_calendar()
        reminders.sync_ladder()
        ExchangeSettings.objects.create(channel="folder")
        self.arm("")

    def teardown(self) -> None:
        import shutil

        self.clock.stop()
        settings.DATA = self.was
        shutil.rmtree(self.folder, ignore_errors=True)
        transaction.set_rollback(True)
        self.outer.__exit__(None, None, None)

    def arm(self, point: str) -> None:
        settings.CRASHPOINT = point
        crashpoints._passed.clear()

    def do(self, command: Any, *words: Any, **more: Any) -> Any:
        """The command's result; ``None`` when it refused or the plug was pulled in it."""
        try:
            with transaction.atomic():
                return command(*words, **more)
        except (Refused, Killed):
            return None
        finally:
            self.arm("")

    @property
    def now(self) -> datetime:
        return datetime.now(SHANGHAI)

    # Commands ----------------------------------------------------------------------------------

    @initialize(count=st.integers(2, 4))
    def first_file(self, count: int) -> None:
        self.receive(count, repeat=0)
        self.confirm()

    @rule(count=st.integers(0, 3), repeat=st.integers(0, 2))
    def receive(self, count: int, repeat: int) -> None:
        known = sorted(self.lines)[:repeat]
        fresh = [f"LN-{self.serial + n:04d}" for n in range(count)]
        self.serial += count
        rows = []
        for number in [*known, *fresh]:
            [row] = workbooks.weekly_rows(1)
            row[NUMBER], row[AREA], row[MESSAGE] = number, "210727", f"问题{number}"
            rows.append(row)
        if rows:
            data = workbooks.csv_bytes([HEADER, *rows])
            upload = self.do(intake.receive, data, f"{self.serial}.csv", by=self.cast.lead)
            if upload:
                self.staged.append(upload.pk)

    @precondition(lambda self: self.staged)
    @rule()
    def confirm(self) -> None:
        upload = Upload.objects.filter(pk=self.staged[0]).first()
        if upload is None or self.do(intake.confirm, upload, by=self.cast.lead):
            self.staged.pop(0)
        for line in SourceLine.objects.select_related("ticket"):
            self.lines.setdefault(line.ticket.province_no, None)

    def some(self, tickets: Any, pick: int) -> Ticket | None:
        keys = list(tickets.order_by("pk").values_list("pk", flat=True))
        return Ticket.objects.get(pk=keys[pick % len(keys)]) if keys else None

    @rule(pick=st.integers(0, 50), words=st.sampled_from(["请换卡。", "已冲正。", "已上报。"]))
    def answer(self, pick: int, words: str) -> None:
        ticket = self.some(Ticket.objects.open(), pick)
        if ticket:
            self.answered(ticket, words)

    def answered(self, ticket: Ticket, words: str) -> None:
        """Acknowledged; or refused while a part of it is open, and then nothing happened."""
        waits = ticket.parts().open().exists()
        cause = CauseCode.objects.get(code="card")
        done = self.told(ticket.answer, by=self.cast.yixian, cause=cause, result=words)
        assert done != waits
        if done and not ticket.is_part:
            self.lines[ticket.province_no] = words

    @rule()
    def answer_everything(self) -> None:
        for ticket in Ticket.objects.open().order_by("-number"):  # the parts before the whole
            self.answered(ticket, "请换卡。")

    @rule()
    def answer_in_bulk(self) -> None:
        card = CauseCode.objects.get(code="card").pk
        action = bulk.begin(
            Ticket.objects.all(), "answer", by=self.cast.lead, cause=card, result="成批换卡。"
        )
        for ticket in Ticket.objects.filter(pk__in=action.keys).exclude(lines=None):
            self.lines[ticket.province_no] = "成批换卡。"

    @rule(pick=st.integers(0, 50), into=st.integers(0, 50))
    def merge(self, pick: int, into: int) -> None:
        ticket = self.some(Ticket.objects.filter(status__in=[*OPEN, "answered"]), pick)
        target = self.some(Ticket.objects.open(), into)
        if ticket and target:
            self.told(ticket.merge, target, by=self.cast.lead)

    @rule(pick=st.integers(0, 50))
    def unmerge(self, pick: int) -> None:
        ticket = self.some(Ticket.objects.filter(status="merged"), pick)
        if ticket:
            ticket.unmerge(by=self.cast.lead)
            self.lines[ticket.province_no] = None

    @rule(pick=st.integers(0, 50), first=st.integers(0, 3), count=st.integers(1, 3))
    def split(self, pick: int, first: int, count: int) -> None:
        several = SourceLine.objects.values("ticket").annotate(n=Count("pk")).filter(n__gt=1)
        ticket = self.some(Ticket.objects.open().filter(pk__in=several.values("ticket")), pick)
        if ticket is None:
            return
        keys = list(ticket.lines.order_by("pk").values_list("pk", flat=True))
        with transaction.atomic():
            try:
                out = splitting.split(ticket, keys[first : first + count], by=self.cast.lead)
            except Refused:
                return
        for one in out:
            self.lines[one.province_no] = None

    @rule(pick=st.integers(0, 50))
    def divide(self, pick: int) -> None:
        ticket = self.some(Ticket.objects.open(), pick)
        if ticket:
            self.told(splitting.divide, ticket, what="查医院", by=self.cast.lead)

    @rule(pick=st.integers(0, 50), accepted=st.booleans())
    def hand_over(self, pick: int, accepted: bool) -> None:
        ticket = self.some(Ticket.objects.open(), pick)
        if ticket is None or not self.told(
            ticket.hand_over, self.cast.lead, by=ticket.assignee or self.cast.yixian
        ):
            return
        if accepted:
            ticket.accept(by=self.cast.lead)
        else:
            ticket.decline(by=self.cast.lead, reason="县里办")

    def told(self, command: Any, *words: Any, **more: Any) -> bool:
        try:
            command(*words, **more)
        except Refused:
            return False
        return True

    @rule(pick=st.integers(0, 50))
    def correct(self, pick: int) -> None:
        ticket = self.some(Ticket.objects.filter(status__in=["answered", "returned"]), pick)
        if ticket:
            ticket.reopen(by=self.cast.yixian, reason="更正")
            if not ticket.is_part:
                self.lines[ticket.province_no] = None

    @rule(pick=st.integers(0, 50))
    def postpone(self, pick: int) -> None:
        ticket = self.some(Ticket.objects.open(), pick)
        if ticket:
            day = self.now.date() + timedelta(days=7)
            ticket.postpone(by=self.cast.yixian, reason="等医院", expected_on=day)

    @rule(week=st.integers(0, 3))
    def give_back(self, week: int) -> None:
        batch = Batch.objects.order_by("-pk")[week : week + 1].first()
        if batch is None:
            return
        files = self.do(
            returns.prepare, batch, by=self.cast.lead, unfinished_as="在查", late_reason="演练"
        )
        for file in files or []:
            done = self.do(returns.sign, file, by=self.cast.reviewer)
            if done:
                self.signed.add(done.sha256)
                self.do(sending.plan, done)

    @rule(wrong=st.booleans())
    def hear_the_province(self, wrong: bool) -> None:
        file = ReturnFile.objects.effective().order_by("-pk").first()
        if file is None:
            return
        rows = [opened(row.cells) or [] for row in file.upload.rows.all()]
        verdicts = ["退回" if wrong and n == 0 else "认可" for n in range(len(rows))]
        data = workbooks.csv_bytes(
            [[*HEADER, "审核结果"]]
            + [
                [*row, *[""] * (len(HEADER) - len(row)), v]
                for row, v in zip(rows, verdicts, strict=True)
            ]
        )
        before = set(Ticket.objects.open().values_list("pk", flat=True))
        self.do(
            feedback.receive, data, "审核.csv", by=self.cast.lead, batch=file.batch, now=self.now
        )
        for ticket in Ticket.objects.open().exclude(pk__in=before):
            self.lines[ticket.province_no] = None

    @rule(point=st.sampled_from(POINTS), nth=st.integers(1, 2))
    def pull_the_plug_soon(self, point: str, nth: int) -> None:
        self.arm(f"{point}:{nth}")

    @rule(times=st.integers(1, 3))
    def tick(self, times: int) -> None:
        for _ in range(times):
            self.do(tasks.run, self.now)

    @rule(hours=st.sampled_from([1, 5, 24, 24 * 7]))
    def time_goes_by(self, hours: int) -> None:
        self.frozen.shift(timedelta(hours=hours))

    # What must hold ----------------------------------------------------------------------------

    @invariant()
    def inv1_rows_add_up(self) -> None:
        for upload in Upload.objects.exclude(state__in=["received", "refused", "same", "columns"]):
            assert upload.rows.count() == upload.rows_in

    @invariant()
    def inv2_one_ticket_for_each_problem_of_a_week(self) -> None:
        twice = (
            Ticket.objects.exclude(source_key="")
            .values("source_key")
            .annotate(n=Count("pk"))
            .filter(n__gt=1)
        )
        assert not twice.exists()
        bare = Ticket.objects.filter(lines=None).exclude(status="merged")
        assert not bare.filter(split_from=None).exists()
        for line in SourceLine.objects.exclude(home=None).select_related("home", "ticket"):
            assert line.home.merged_into_id == line.ticket_id, line.home
        for line in SourceLine.objects.select_related("ticket__merged_into"):
            assert line.answering.status != "merged", line.ticket

    @invariant()
    def inv3_every_line_is_in_exactly_one_effective_return(self) -> None:
        effective = list(ReturnFile.objects.effective())
        assert len({file.upload_id for file in effective}) == len(effective)
        for file in effective:
            rows = file.upload.rows.exclude(status=sheets.SKIPPED)
            assert len(opened(file.answers) or {}) == rows.count()
        for ticket in Ticket.objects.filter(status="returned"):
            assert ticket.lines.filter(
                staged__upload__in=[file.upload_id for file in effective]
            ).exists()

    @invariant()
    def inv4_no_final_name_with_other_bytes(self) -> None:
        known = set(ReturnFile.objects.signed().values_list("sha256", flat=True))
        for path in (Path(self.folder) / "exchange" / "out").glob("*.csv"):
            assert sha256(path.read_bytes()).hexdigest() in known

    @invariant()
    def inv5_what_was_acknowledged_is_there(self) -> None:
        assert self.signed <= set(ReturnFile.objects.signed().values_list("sha256", flat=True))
        plain = Ticket.objects.filter(carried_from=None, split_from=None)
        for ticket in plain.exclude(status="merged"):
            told = self.lines.get(ticket.province_no)
            if ticket.pk == self._latest(ticket):
                assert (ticket.status in OPEN) == (told is None), ticket.number
                assert told is None or ticket.result == told

    def _latest(self, ticket: Ticket) -> int:
        same = Ticket.objects.filter(province_no=ticket.province_no).exclude(lines=None)
        return same.order_by("-pk").values_list("pk", flat=True)[0]

    @invariant()
    def inv6_the_last_entry_is_the_state(self) -> None:
        for ticket in Ticket.objects.prefetch_related("events"):
            events = sorted(ticket.events.all(), key=lambda event: event.pk)
            assert events[0].before == "", ticket.number
            assert events[-1].after == ticket.status, ticket.number
            for one, two in pairwise(events):
                assert two.before == one.after, ticket.number

    @invariant()
    def inv7_nobody_is_reminded_twice(self) -> None:
        keys = list(Notice.objects.values_list("to", "key"))
        assert len(keys) == len(set(keys))
        assert Dispatch.objects.filter(sent_at__isnull=False, lease__gt="").count() == 0

    @invariant()
    def inv8_nothing_is_left_in_the_open(self) -> None:
        kept = {"files", "exchange", "keys", "progress"}
        assert {path.name for path in Path(self.folder).iterdir()} <= kept
        for path in (Path(self.folder) / "progress").glob("*"):
            assert all(word.isdigit() for word in path.read_text().split())  # how far, and no name


@pytest.mark.django_db
def test_weeks_at_random_hold_the_eight_invariants(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crashpoints, "os", SimpleNamespace(getpid=os.getpid, kill=_kill))
    monkeypatch.setattr(workbook, "read_guarded", workbook.read)
    monkeypatch.setattr(settings, "CRASHPOINT", "", raising=False)
    run_state_machine_as_test(
        Weeks,
        settings=limits(
            max_examples=max(STEPS // EACH, 1),
            stateful_step_count=EACH,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            print_blob=True,
        ),
    )


def test_the_uploads_module_is_where_the_kill_is_felt() -> None:
    """The control: with a point armed, the very same command is interrupted."""
    assert uploads.crashpoint is crashpoints.crashpoint
