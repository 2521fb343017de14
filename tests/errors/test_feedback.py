"""What the province says to a row is never lost: whatever number it shares with another, in
whatever order the answers come."""

from itertools import product

import pytest

from apps.errors.diagnosis.cause_codes import sync_causes
from apps.errors.exchange import feedback, outbox
from apps.errors.intake import receive as intake_receive
from apps.errors.intake import review as intake_review
from apps.errors.models import Batch, Feedback, Ticket
from apps.errors.returns import build as returns_build
from tests import workbooks
from tests.errors import weeks
from ydjy.desk.models import Upload
from ydjy.staff_site import list_kinds

pytestmark = pytest.mark.django_db
HEADER = workbooks.WEEKLY_HEADERS[1]
NO, MESSAGE = HEADER.index("省问题编号"), HEADER.index("报错信息")
YES, NOT = "认可", "退回"
VERDICTS = list(product((YES, NOT), repeat=3))
AGAIN = list(product(VERDICTS[:4], VERDICTS[3:]))  # the second and third row say it all


def lines() -> list[list[workbooks.Cell]]:
    """Three lines; the second has the number of the first and says something else."""
    rows = workbooks.weekly_rows(3)
    rows[1] = [2, *rows[0][1:]]
    rows[1][MESSAGE] = "就医地不是备案登记的地区"
    return rows


@pytest.fixture
def returned(cast) -> Batch:
    sync_causes()
    with weeks.at(weeks.MONDAY):
        upload = intake_receive.receive(
            workbooks.weekly_workbook(lines()), "报错.xlsx", by=cast.lead
        )
        batch = intake_receive.confirm(upload, by=cast.lead)
        intake_review.keep(upload.rows.get(status="held"), by=cast.lead)
    with weeks.at(weeks.FRIDAY):
        weeks.answer_all(batch, cast.yixian)
        [file] = returns_build.prepare(batch, by=cast.lead)
        outbox.hand_in(returns_build.sign(file, by=cast.reviewer), by=cast.lead)
    batch.refresh_from_db()
    return batch


def answer(verdicts, name="审核") -> bytes:
    rows = [
        [*row, verdict, f"{name}：说明不清"]
        for row, verdict in zip(lines(), verdicts, strict=False)
    ]
    return workbooks.xlsx({"审核": [[*HEADER, "审核结果", "退回原因"], *rows]})


def hear(batch, cast, verdicts, name="审核"):
    with weeks.at(weeks.NEXT_MONDAY):
        data = answer(verdicts, name)
        return feedback.receive(data, f"{name}.xlsx", by=cast.lead, batch=batch)


def counted(outcome) -> int:
    told = len(outcome.at_odds) + len(outcome.unmatched)
    return outcome.accepted + outcome.rejected + outcome.known + told


@pytest.mark.parametrize("verdicts", VERDICTS, ids="".join)
def test_each_row_of_one_number_has_its_own_verdict(returned, cast, verdicts):
    outcome = hear(returned, cast, verdicts)

    assert (outcome.accepted, outcome.rejected) == (verdicts.count(YES), verdicts.count(NOT))
    assert (outcome.known, counted(outcome)) == (0, 3)
    stored = dict(Feedback.objects.values_list("staged__row", "verdict"))
    assert stored == {
        n: "accepted" if verdict == YES else "rejected" for n, verdict in enumerate(verdicts, 2)
    }
    again = {n for n, ticket in ((1, verdicts[:2]), (2, verdicts[2:])) if NOT in ticket}
    numbers = Ticket.objects.filter(times=2).values_list("number", flat=True)
    assert {int(number[-3:]) for number in numbers} == again


@pytest.mark.parametrize(("first", "then"), AGAIN)
def test_a_later_answer_never_loses_a_rejection(returned, cast, first, then):
    hear(returned, cast, first, "一")
    outcome = hear(returned, cast, then, "二")

    pairs = list(zip(first, then, strict=True))
    assert outcome.rejected == pairs.count((YES, NOT))
    assert len(outcome.at_odds) == pairs.count((NOT, YES))
    assert outcome.known == sum(a == b for a, b in pairs)
    assert (outcome.accepted, counted(outcome)) == (0, 3)
    stored = dict(Feedback.objects.values_list("staged__row", "verdict"))
    assert stored == {
        n: "rejected" if NOT in pair else "accepted" for n, pair in enumerate(pairs, 2)
    }
    returned.refresh_from_db()
    assert (returned.confirmed_at is not None) == (NOT not in (*first, *then))


def test_an_answer_whose_worker_died_is_applied_by_the_tick_once(returned, cast, monkeypatch):
    def dies(*args, **more):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(feedback, "apply", dies)
        with pytest.raises(KeyboardInterrupt):
            hear(returned, cast, (YES, NOT, YES))
    upload = Upload.objects.get(kind=feedback.KIND)
    assert (upload.state, Feedback.objects.count()) == ("confirming", 0)

    for _ in range(2):
        list_kinds.tend(upload.lease_until.replace(minute=30, hour=23))

    upload.refresh_from_db()
    assert (upload.state, Feedback.objects.count()) == ("confirmed", 3)
    assert Ticket.objects.filter(times=2).count() == 1
