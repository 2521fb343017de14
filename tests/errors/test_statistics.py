"""The week's figures are those of the file that went back, and a county's are its own."""

from collections import Counter
from io import BytesIO

import openpyxl
import pytest

from apps.errors.diagnosis.cause_codes import sync_causes
from apps.errors.exchange import outbox
from apps.errors.models import CauseCode, Ticket
from apps.errors.reports import statistics
from apps.errors.returns import build as returns_build
from apps.errors.tickets import split
from tests.errors import weeks
from ydjy.staff_site import dashboard

pytestmark = pytest.mark.django_db


@pytest.fixture
def returned(cast):
    sync_causes()
    batch = weeks.received(cast, 6)
    with weeks.at(weeks.FRIDAY):
        codes = ["card", "card", "not_open", "not_filed", "card"]
        for ticket, code in zip(batch.tickets.order_by("number"), codes, strict=False):
            cause = CauseCode.objects.get(code=code)
            ticket.answer(by=cast.yixian, cause=cause, result="已核实。")
        [file] = returns_build.prepare(batch, by=cast.lead, unfinished_as="等医院补传")
        file = returns_build.sign(file, by=cast.reviewer)
        outbox.hand_in(file, by=cast.lead)
    batch.refresh_from_db()
    return batch, file


def test_the_figures_equal_the_returned_file_cell_for_cell(returned, cast):
    batch, file = returned
    sheet = openpyxl.load_workbook(BytesIO(returns_build.content(file))).active
    rows = list(sheet.iter_rows(values_only=True))
    header = next(row for row in rows if "处理状态" in row)
    state, cause = header.index("处理状态"), header.index("原因分类")
    data = [row for row in rows[rows.index(header) + 1 :] if row[state]]

    figures = statistics.of_week(batch, cast.lead)

    states = Counter(row[state] for row in data)
    assert (figures.rows, figures.done, figures.unfinished) == (
        len(data),
        states["已办结"],
        states["未办结"],
    )
    assert figures.by_cause == Counter(row[cause] or row[state] for row in data)
    assert figures.late is False


def test_later_work_does_not_change_the_figures_of_a_returned_week(returned, cast):
    batch, _ = returned
    before = statistics.of_week(batch, cast.lead)
    with weeks.at(weeks.NEXT_MONDAY):
        weeks.answer(batch.tickets.open().get(), cast.yixian)
    assert statistics.of_week(batch, cast.lead) == before


def test_a_county_counts_its_own_rows_only(returned, cast):
    batch, _ = returned
    assert statistics.of_week(batch, cast.yixian).rows == 6
    assert statistics.of_week(batch, cast.heishan).rows == 0


def test_what_came_in_is_counted_by_the_rows_of_the_files(returned, cast):
    batch, _ = returned
    with weeks.at(weeks.FRIDAY):
        ticket = batch.tickets.open().first()
        split.divide(ticket, what="查医院", by=cast.yixian)
        manual = Ticket.objects.get(pk=ticket.pk)
        manual.pk, manual.number, manual.source = None, "2026W47-099", "phone"
        manual.source_key = ""
        manual.save()
    assert batch.tickets.count() == 8  # six lines, a part, a telephone call
    for staff in (cast.lead, cast.yixian):
        assert statistics.received([batch], staff) == {batch.week: 6}
        assert statistics.of_week(batch, staff).rows == 6
    assert statistics.received([batch], cast.heishan) == {batch.week: 0}
    with weeks.at(weeks.FRIDAY):
        page = dashboard.week(cast.lead, weeks.FRIDAY)
    assert page.days[0].words == "收到 6 行"
    assert [row["received"] for row in page.recent] == [6]


def test_twelve_weeks_become_rows_whose_sums_are_those_of_the_weeks(returned, cast):
    figures = statistics.last_weeks(cast.lead)
    for by in ("cause", "county", "hospital"):
        table = statistics.trend(figures, by)
        assert sum(row.total for row in table) == sum(f.rows for f in figures)
    assert statistics.trend(figures, "cause")[0].numbers == (3,)


def test_the_hit_rate_compares_the_proposal_with_the_decision(returned, cast):
    batch, _ = returned
    card, opened = (CauseCode.objects.get(code=c) for c in ("card", "not_open"))
    batch.tickets.update(proposed_cause=card)
    batch.tickets.filter(cause=opened).update(proposed_cause=opened)

    rates = {rate.cause: (rate.proposed, rate.hit, rate.share) for rate in
             statistics.hit_rates(cast.lead)}  # fmt: skip

    assert rates == {card.label: (4, 3, "75%"), opened.label: (1, 1, "100%")}
    assert statistics.hit_rates(cast.heishan) == []
