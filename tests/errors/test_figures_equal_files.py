"""Weeks at random: the figures are those of the files that go back, cell for cell, whatever came.

Each week has a first file with good, doubtful, bad and repeated rows; its mended problem workbook;
a corrected sheet of some rows with others changed and new ones; rows judged in every way; tickets
merged, split and carried on.
"""

import random
from collections import Counter
from io import BytesIO
from typing import Any

import openpyxl
import pytest
from django.urls import reverse

from apps.errors.diagnosis.cause_codes import sync_causes
from apps.errors.exchange import outbox
from apps.errors.intake import receive as intake_receive
from apps.errors.intake import review as intake_review
from apps.errors.models import Batch, Ticket
from apps.errors.reports import statistics
from apps.errors.returns import build as returns_build
from apps.errors.tickets import split
from apps.errors.weeks import carry_over
from tests import workbooks
from tests.errors import weeks
from ydjy.desk.imports import problem_workbook
from ydjy.desk.models import Upload
from ydjy.staff_site import dashboard

pytestmark = pytest.mark.django_db
HEADER = workbooks.WEEKLY_HEADERS[1]
NO, NAME, CERT, MESSAGE = (HEADER.index(t) for t in ("省问题编号", "姓名", "证件号码", "报错信息"))
SEEDS = range(8)


def first_file(luck: random.Random) -> list[list[Any]]:
    rows = workbooks.weekly_rows(10)
    for row in rows[2:]:
        kind = luck.choice(["good", "good", "doubtful", "bad", "twice", "at odds"])
        if kind == "doubtful":
            row[NAME] = "王□"
        elif kind == "bad":
            row[CERT] = row[CERT][:17]
        elif kind == "twice":
            row[1:] = rows[luck.randrange(2)][1:]
        elif kind == "at odds":
            row[NO] = rows[0][NO]
    return rows


def mended(upload: Upload, luck: random.Random) -> bytes:
    """The problem workbook, some of whose rows are put right."""
    _, data = problem_workbook.problem_workbook(upload)
    book = openpyxl.load_workbook(BytesIO(data))
    for row in book.active.iter_rows(min_row=2):
        if luck.random() < 0.7:
            n = int(row[0].value)
            row[NAME].value, row[CERT].value = f"测试{n}", workbooks.weekly_rows(n)[n - 1][CERT]
    out = BytesIO()
    book.save(out)
    return out.getvalue()


def corrected(luck: random.Random) -> list[list[Any]]:
    """Some rows as they were, some that say something else, one that is new."""
    rows = luck.sample(workbooks.weekly_rows(11), 5)
    rows[0][MESSAGE] = "就医地不是备案登记的地区"
    return rows


def take(data: bytes, name: str, by: Any) -> Upload:
    upload = intake_receive.receive(data, name, by=by)
    intake_receive.confirm(upload, by=by)
    upload.refresh_from_db()
    return upload


def judge(luck: random.Random, by: Any, share: float) -> None:
    rows = [
        row
        for up in Upload.objects.filter(state="confirmed")
        for row in problem_workbook.undecided(up)
    ]
    for row in rows:
        if (
            luck.random() > share
            or not problem_workbook.undecided(row.upload).filter(pk=row.pk).exists()
        ):
            continue
        if intake_review.ticket_of(row):
            luck.choice([intake_review.keep, intake_review.take_over])(row, by=by)
        else:
            intake_review.decline(row, by=by, reason="查无此人")


def shuffle(luck: random.Random, batch: Batch, by: Any) -> None:
    """One merge, one split, one part, one ticket by telephone."""
    one, two = luck.sample(list(batch.tickets.open()), 2)
    one.merge(two, by=by)
    two.refresh_from_db()
    if two.lines.filter(home=None).exists() and luck.random() < 0.5:
        line = two.lines.filter(home__isnull=False).first()
        split.split(two, [line.pk], by=by)
    split.divide(batch.tickets.open().filter(lines__isnull=False).first(), what="查", by=by)


@pytest.fixture(params=SEEDS)
def week(request, cast) -> tuple[Batch, random.Random]:
    luck = random.Random(request.param)
    sync_causes()
    with weeks.at(weeks.MONDAY):
        first = take(workbooks.weekly_workbook(first_file(luck)), "首件.xlsx", cast.lead)
        if problem_workbook.undecided(first).exists():
            take(mended(first, luck), "改好.xlsx", cast.lead)
        take(workbooks.weekly_workbook(corrected(luck)), "更正.xlsx", cast.lead)
        judge(luck, cast.lead, 0.5)
        batch = Batch.objects.get()
        shuffle(luck, batch, cast.lead)
        yield batch, luck


def cells(files) -> list[tuple[str, str]]:
    """State and cause of every answered row of the files that go back."""
    found = []
    for file in files:
        rows = list(openpyxl.load_workbook(BytesIO(returns_build.content(file))).active.values)
        at = next(n for n, row in enumerate(rows) if "处理状态" in row)
        state, cause = rows[at].index("处理状态"), rows[at].index("原因分类")
        found += [(row[state], row[cause] or "") for row in rows[at + 1 :] if row[state]]
    return found


def test_the_figures_of_any_week_equal_its_files_and_the_bridge_sums(week, cast, client_of):
    batch, luck = week
    judge(luck, cast.lead, 1)
    with weeks.at(weeks.FRIDAY):
        for part in batch.tickets.open().filter(lines=None):
            weeks.answer(part, cast.lead)
        for ticket in batch.tickets.open():
            if luck.random() < 0.8:
                weeks.answer(ticket, cast.lead)
        files = returns_build.prepare(batch, by=cast.lead, unfinished_as="等医院")
        files = [returns_build.sign(file, by=cast.reviewer) for file in files]
        for file in files:
            outbox.hand_in(file, by=cast.lead)
        batch.refresh_from_db()
        told = cells(files)
        figures = statistics.of_week(batch, cast.lead)
        page = dashboard.week(cast.lead, weeks.FRIDAY)
        browser = client_of(cast.lead)
        shown = {
            name: browser.get(reverse(f"admin:errors_batch_{name}", args=[batch.pk]))
            for name in ("change", "send_back", "week_figures")
        }

    states = Counter(state for state, _ in told)
    assert figures.rows == len(told) == sum(file.rows for file in files)
    assert (figures.done, figures.unfinished, figures.not_accepted) == (
        states["已办结"],
        states["未办结"],
        states["未受理"],
    )
    assert figures.by_cause == Counter(cause or state for state, cause in told)
    bridge = figures.bridge
    assert (bridge.rows, bridge.held, bridge.wrong) == (len(told), 0, 0)
    assert bridge.not_accepted == states["未受理"]
    parts = batch.tickets.filter(split_from__isnull=False, lines=None).count()
    assert (bridge.tickets, parts) == (batch.tickets.count() - 1, 1)
    assert statistics.received([batch], cast.lead) == {batch.week: len(told)}
    assert page.bridge[0] == str(bridge)
    for name, response in shown.items():
        assert f"收到 {len(told)} 行 = " in response.content.decode(), name


def test_while_the_week_is_open_the_bridge_says_what_still_waits(week, cast):
    batch, _ = week
    rows = statistics.rows_of(batch, cast.lead)
    bridge = statistics.bridge(rows)

    checks = returns_build.check(batch)
    assert bridge.rows == sum(one.rows for one in checks) == len(rows)
    assert bridge.held == sum(len(one.blocked) for one in checks)
    figures = statistics.of_week(batch, cast.lead)
    assert figures.not_accepted == bridge.not_accepted + bridge.wrong
    assert figures.done + figures.unfinished + figures.not_accepted == figures.rows
    assert statistics.received([batch], cast.lead) == {batch.week: bridge.rows}


def test_what_an_import_says_is_the_sum_of_what_it_gave_to_each(week, cast, client_of):
    batch, _ = week
    Ticket.objects.filter(pk=batch.tickets.open().first().pk).update(assignee=None, status="new")
    for upload in Upload.objects.filter(state="confirmed"):
        upload.refresh_from_db()
        page = client_of(cast.lead).get(reverse("admin:errors_batch_preview", args=[upload.pk]))
        said = page.context_data
        assert sum(n for _, n in said["given"]) + said["not_given"] == upload.accepted


def test_a_week_counts_what_its_own_files_brought_where_it_is_listed_again(cast):
    """A ticket that was carried here and is listed here again is not one more."""
    sync_causes()
    batch = weeks.received(cast, 3, area=workbooks.weekly_rows(1)[0][3])
    with weeks.at(weeks.FRIDAY):
        _, *others = batch.tickets.order_by("number")
        for ticket in others:
            weeks.answer(ticket, cast.lead)
        [file] = returns_build.prepare(batch, by=cast.lead, unfinished_as="等医院")
        outbox.hand_in(returns_build.sign(file, by=cast.reviewer), by=cast.lead)
    with weeks.at(weeks.NEXT_MONDAY):
        dashboard_week = Batch.objects.at(weeks.NEXT_MONDAY)
        from_last = workbooks.weekly_rows(1)
        more = workbooks.weekly_rows(5)[3:]
        carry_over.carry_over(weeks.NEXT_MONDAY)
        take(workbooks.weekly_workbook([*from_last, *more]), "48.xlsx", cast.lead)
        bridge = statistics.bridge(statistics.rows_of(dashboard_week, cast.lead))
        page = dashboard.week(cast.lead, weeks.NEXT_MONDAY)

    assert str(bridge) == "收到 3 行 = 工单 2 + 重复 1。"
    assert page.bridge == [str(bridge), "工单 3 条 = 来件 2 + 转来 1。"]
