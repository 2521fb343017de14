"""Weeks at random: any command in any order, kills between, against a small model in memory.

The model knows only what people were told: which lines came, what each was answered, what was
signed. After every step the invariants INV1–INV8 are read from the database and the folder. A few
hundred steps run with every test, 10,000 with ``make faults`` (on both engines).
"""

import logging
import os
import shutil
import sys
import tempfile
import time
from collections import Counter
from datetime import datetime, timedelta
from functools import wraps
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.db import connection, transaction
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

from apps.errors import tasks
from apps.errors.diagnosis.cause_codes import sync_causes
from apps.errors.exchange import feedback, outbox
from apps.errors.intake import receive as intake_receive
from apps.errors.models import (
    Batch,
    CauseCode,
    ExchangeSettings,
    ReturnFile,
    SourceLine,
    Ticket,
)
from apps.errors.models.transitions import OPEN
from apps.errors.reports import reminders
from apps.errors.returns import build as returns_build
from apps.errors.tickets import bulk
from apps.errors.tickets import split as tickets_split
from apps.offices.sync import sync_calendar
from tests import cast as casting
from tests import workbooks
from tests.faults import promises
from ydjy.desk import crashpoints
from ydjy.desk.audit import change_log
from ydjy.desk.crypto.fields import opened
from ydjy.desk.exceptions import Refused
from ydjy.desk.imports import uploads
from ydjy.desk.models import Upload
from ydjy.lib import workbook
from ydjy.lib.workdays import SHANGHAI

STEPS = int(os.environ.get("FAULT_STEPS", 10_000 if os.environ.get("FAULTS") == "all" else 150))
EACH = 50
POINTS = [f"CI{n}" for n in range(1, 10)] + [f"CR{n}" for n in range(1, 12)]
HEADER = workbooks.WEEKLY_HEADERS[1]
NUMBER, AREA, MESSAGE = (HEADER.index(name) for name in ("省问题编号", "参保地区划", "报错信息"))


RAN: Counter[str] = Counter()  # the commands of this run
HAPPENED: Counter[str] = Counter()  # what they led to
COMMANDS: set[str] = set()


def command(**words: Any) -> Any:
    """A rule whose every run is counted."""

    def counted(method: Any) -> Any:
        @wraps(method)
        def run(*args: Any, **more: Any) -> None:
            RAN[method.__name__] += 1
            method(*args, **more)

        COMMANDS.add(method.__name__)
        return rule(**words)(run)

    return counted


class Killed(BaseException):
    """The plug was pulled: what was not committed is gone."""


def _kill(pid: int, signal: int) -> None:
    HAPPENED["kills"] += 1
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
        self.was = settings.DATA, tempfile.tempdir
        self.folder = Path(tempfile.mkdtemp(prefix="weeks-"))
        self.data, self.temp = self.folder / "data", self.folder / "temp"
        self.data.mkdir()
        self.temp.mkdir()
        settings.DATA, tempfile.tempdir = self.data, str(self.temp)
        self.reminded: list[str] = []
        self.ear = logging.Handler()
        self.ear.emit = lambda line: self.reminded.append(line.getMessage())  # type: ignore[method-assign]
        reminders.log.addHandler(self.ear)
        self.cast = casting.hire()
        sync_causes()
        sync_calendar()
        reminders.sync_ladder()
        ExchangeSettings.objects.create(channel="folder")
        self.arm("")

    def teardown(self) -> None:
        HAPPENED["reminders"] += len(self.reminded)
        HAPPENED["files back"] += len(self.signed)
        try:
            promises.inv6_the_chain_is_whole()
        finally:
            self.clock.stop()
            reminders.log.removeHandler(self.ear)
            settings.DATA, tempfile.tempdir = self.was
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
        except Refused:
            return None
        except Killed:  # the plug waits for the first command that passes its point
            self.arm("")

    @property
    def now(self) -> datetime:
        return datetime.now(SHANGHAI)

    # Commands ----------------------------------------------------------------------------------

    @initialize(count=st.integers(2, 4))
    def first_file(self, count: int) -> None:
        self.receive(count, repeat=0)
        self.confirm()

    @command(count=st.integers(0, 3), repeat=st.integers(0, 2))
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
            upload = self.do(intake_receive.receive, data, f"{self.serial}.csv", by=self.cast.lead)
            if upload:
                self.staged.append(upload.pk)

    @precondition(lambda self: self.staged)
    @command()
    def confirm(self) -> None:
        upload = Upload.objects.filter(pk=self.staged[0]).first()
        if upload is None or self.do(intake_receive.confirm, upload, by=self.cast.lead):
            self.staged.pop(0)
        for line in SourceLine.objects.select_related("ticket"):
            self.lines.setdefault(line.ticket.province_no, None)

    def some(self, tickets: Any, pick: int) -> Ticket | None:
        keys = list(tickets.order_by("pk").values_list("pk", flat=True))
        return Ticket.objects.get(pk=keys[pick % len(keys)]) if keys else None

    @command(pick=st.integers(0, 50), words=st.sampled_from(["请换卡。", "已冲正。", "已上报。"]))
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

    @command()
    def answer_everything(self) -> None:
        for ticket in Ticket.objects.open().order_by("-number"):  # the parts before the whole
            self.answered(ticket, "请换卡。")

    @command()
    def answer_in_bulk(self) -> None:
        card = CauseCode.objects.get(code="card").pk
        action = bulk.begin(
            Ticket.objects.all(), "answer", by=self.cast.lead, cause=card, result="成批换卡。"
        )
        for ticket in Ticket.objects.filter(pk__in=action.keys).exclude(lines=None):
            self.lines[ticket.province_no] = "成批换卡。"

    @command(pick=st.integers(0, 50), into=st.integers(0, 50))
    def merge(self, pick: int, into: int) -> None:
        ticket = self.some(Ticket.objects.filter(status__in=[*OPEN, "answered"]), pick)
        target = self.some(Ticket.objects.open(), into)
        if ticket and target:
            self.told(ticket.merge, target, by=self.cast.lead)

    @command(pick=st.integers(0, 50))
    def unmerge(self, pick: int) -> None:
        ticket = self.some(Ticket.objects.filter(status="merged"), pick)
        if ticket and self.told(ticket.unmerge, by=self.cast.lead) and ticket.lines.exists():
            self.lines[ticket.province_no] = None

    @command(pick=st.integers(0, 50), first=st.integers(0, 3), count=st.integers(1, 3))
    def split(self, pick: int, first: int, count: int) -> None:
        several = SourceLine.objects.values("ticket").annotate(n=Count("pk")).filter(n__gt=1)
        ticket = self.some(Ticket.objects.open().filter(pk__in=several.values("ticket")), pick)
        if ticket is None:
            return
        keys = list(ticket.lines.order_by("pk").values_list("pk", flat=True))
        with transaction.atomic():
            try:
                out = tickets_split.split(ticket, keys[first : first + count], by=self.cast.lead)
            except Refused:
                return
        for one in out:
            self.lines[one.province_no] = None

    @command(pick=st.integers(0, 50))
    def divide(self, pick: int) -> None:
        ticket = self.some(Ticket.objects.open(), pick)
        if ticket:
            self.told(tickets_split.divide, ticket, what="查医院", by=self.cast.lead)

    @command(pick=st.integers(0, 50), accepted=st.booleans())
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

    @command(pick=st.integers(0, 50))
    def correct(self, pick: int) -> None:
        ticket = self.some(Ticket.objects.filter(status__in=["answered", "returned"]), pick)
        if ticket:
            ticket.reopen(by=self.cast.yixian, reason="更正")
            if not ticket.is_part:
                self.lines[ticket.province_no] = None

    @command(pick=st.integers(0, 50))
    def postpone(self, pick: int) -> None:
        ticket = self.some(Ticket.objects.open(), pick)
        if ticket:
            day = self.now.date() + timedelta(days=7)
            ticket.postpone(by=self.cast.yixian, reason="等医院", expected_on=day)

    @command(week=st.integers(0, 3))
    def give_back(self, week: int) -> None:
        batch = Batch.objects.order_by("-pk")[week : week + 1].first()
        if batch is None:
            return
        files = self.do(
            returns_build.prepare,
            batch,
            by=self.cast.lead,
            unfinished_as="在查",
            late_reason="演练",
        )
        for file in files or []:
            done = self.do(returns_build.sign, file, by=self.cast.reviewer)
            if done:
                self.signed.add(done.sha256)
                self.do(outbox.plan, done)

    @command(wrong=st.booleans())
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

    @command(point=st.sampled_from(POINTS), nth=st.integers(1, 2))
    def pull_the_plug_soon(self, point: str, nth: int) -> None:
        self.arm(f"{point}:{nth}")

    @command(times=st.integers(1, 3))
    def tick(self, times: int) -> None:
        for _ in range(times):
            self.do(tasks.run, self.now)

    @command()
    def restart(self) -> None:
        """The machine comes up again: nobody holds a lease, and what was begun is gone on with."""
        self.arm("")
        self.frozen.shift(max(uploads.LEASE, outbox.LEASE) + timedelta(minutes=1))
        self.do(tasks.run, self.now)
        self.do(change_log.seal_changes)
        assert not Upload.objects.filter(state__in=["received", "confirming"]).exists()

    @command(hours=st.sampled_from([1, 5, 24 * 7]))
    def time_goes_by(self, hours: int) -> None:
        self.frozen.shift(timedelta(hours=hours))

    @command(days=st.integers(1, 3))
    def morning_comes(self, days: int) -> None:
        """Half past ten, when people are reminded; the job runs as it does each minute."""
        self.frozen.move_to((self.now + timedelta(days=days)).replace(hour=10, minute=30))
        self.do(tasks.run, self.now)

    # What must hold ----------------------------------------------------------------------------

    @invariant()
    def the_eight_promises(self) -> None:
        promises.inv1_rows_add_up()
        promises.inv2_one_ticket_for_each_problem_of_a_week()
        promises.inv3_every_line_is_in_exactly_one_effective_return()
        promises.inv4_no_final_name_with_other_bytes(self.data / "exchange" / "out")
        promises.inv5_what_was_acknowledged_is_there(self.lines, self.signed)
        promises.inv6_every_change_of_state_has_its_entry()
        promises.inv7_nobody_is_reminded_twice(self.reminded)
        promises.inv8_nothing_is_left_in_the_open(self.data, self.temp)


@pytest.mark.django_db
def test_weeks_at_random_hold_the_eight_invariants(monkeypatch, capsys) -> None:
    monkeypatch.setattr(crashpoints, "os", SimpleNamespace(getpid=os.getpid, kill=_kill))
    monkeypatch.setattr(workbook, "read_guarded", workbook.read)
    monkeypatch.setattr(settings, "CRASHPOINT", "", raising=False)
    monkeypatch.setattr(tempfile, "tempdir", tempfile.gettempdir())
    monkeypatch.setattr(reminders.log, "level", logging.INFO)
    RAN.clear()
    HAPPENED.clear()
    begun = time.process_time()
    while RAN.total() < STEPS:
        run_state_machine_as_test(
            Weeks,
            settings=limits(
                max_examples=-((RAN.total() - STEPS) // EACH),
                stateful_step_count=EACH,
                deadline=None,
                suppress_health_check=list(HealthCheck),
                print_blob=True,
            ),
        )
    if STEPS >= 1000:
        assert set(RAN) == COMMANDS
        seldom = [what for what in ("kills", "reminders", "files back") if not HAPPENED[what]]
        assert STEPS < 10_000 or not seldom
        done = ", ".join(f"{name} {n}" for name, n in (RAN + HAPPENED).most_common())
        spent = f"{time.process_time() - begun:.0f} s of CPU"
        with capsys.disabled():
            sys.stdout.write(f"\n{RAN.total()} steps on {connection.vendor}, {spent}: {done}\n")


def test_the_uploads_module_is_where_the_kill_is_felt() -> None:
    """The control: with a point armed, the very same command is interrupted."""
    assert uploads.crashpoint is crashpoints.crashpoint
