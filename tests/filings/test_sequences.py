"""Every sequence of steps, and every step that there is not."""

from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise
from os import urandom
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.filings.models import Filing, attachment, triggers
from apps.filings.models.transitions import KEEPS, STEPS, Status
from tests import cast as casting
from tests.cast import Cast
from ydjy.desk.exceptions import Refused

pytestmark = pytest.mark.django_db
TODAY = timezone.localdate
PHOTO = b"\xff\xd8\xff\xe0 a photograph"

# ----------------------------------------------------------------------------------

WHO = ["yixian", "reviewer", "lead"]
CALLS: dict[str, Callable[[Filing, Cast, Any], Any]] = {
    "submit": lambda f, c, by: f.submit(by=by),
    "withdraw": lambda f, c, by: f.withdraw(by=by, reason="错"),
    "request_supplement": lambda f, c, by: f.request_supplement(
        by=by, items=["居住证"], due_on=TODAY() + timedelta(days=5)
    ),
    "resubmit": lambda f, c, by: f.resubmit(by=by),
    "approve": lambda f, c, by: f.approve(by=by),
    "refer_to_panel": lambda f, c, by: f.refer_to_panel(by=by),
    "panel_decide": lambda f, c, by: f.panel_decide(by=by, met=True, words="符合"),
    "reject": lambda f, c, by: f.reject(by=by, reason="不符"),
    "mark_uploaded": lambda f, c, by: f.mark_uploaded(by=by),
    "change": lambda f, c, by: f.change(by=by, reason="搬家"),
    "copy": lambda f, c, by: f.copy(by=by),
    "ask_revoke": lambda f, c, by: f.ask_revoke(by=by, reason="回来"),
    "revoke": lambda f, c, by: f.revoke(by=by, reason="回来"),
    "restore": lambda f, c, by: f.restore(by=by, reason="错"),
    "suspend": lambda f, c, by: f.suspend(by=by, reason="停保"),
    "resume": lambda f, c, by: f.resume(by=by),
    "reverse": lambda f, c, by: f.reverse(by=by, reason="审错"),
    "settle_commitment": lambda f, c, by: f.settle_commitment(by=by, kept=True, words=""),
    "settle_lacking": lambda f, c, by: f.settle_lacking(by=by, handed={}),
    "discharge": lambda f, c, by: f.discharge(by=by, on=TODAY()),
    "check_benefits": lambda f, c, by: f.check_benefits(by=by),
    "attach": lambda f, c, by: attachment.attach(f, "other", PHOTO + urandom(8), by=by),
    "void_attachment": lambda f, c, by: attachment.void(some_picture(f), by=by, reason="错"),
}


def some_picture(filing: Filing) -> Any:
    """One to be marked 作废; kept past the verb, so that it is the verb that is tried."""
    return filing.attachments.create(
        material="other", words="其他材料", ending="jpg", size=1, sha256=urandom(16).hex(),
        stored="papers/0", added_by=filing.created_by,
    )  # fmt: skip


def test_every_verb_of_the_table_is_tried_below_but_the_one_that_no_person_calls():
    assert set(CALLS) == set(STEPS) - {"replace"}


@settings(
    deadline=None, max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 1),
            st.sampled_from(sorted(CALLS)),
            st.sampled_from(WHO),
        ),
        min_size=4,
        max_size=16,
    )
)
def test_no_sequence_of_verbs_reaches_an_illegal_state(cast: Cast, steps: list[Any]):
    with transaction.atomic():
        rows = [casting.filing(cast, created_by=cast.yixian) for _ in range(2)]
        for which, verb, who in steps:
            filing = Filing.objects.get(pk=rows[which].pk)
            before = filing.status
            try:
                with transaction.atomic():
                    CALLS[verb](filing, cast, cast.staff[who])
            except Refused:
                assert Filing.objects.get(pk=filing.pk).status == before
                continue
            starts, ends = STEPS[verb]
            assert before in starts
            after = Filing.objects.get(pk=filing.pk).status
            assert after in ends or (KEEPS in ends and after == before)
            nothing_illegal()
        transaction.set_rollback(True)


def nothing_illegal() -> None:
    for filing in Filing.objects.all():
        if filing.status in (Status.APPROVED, Status.REJECTED):
            assert filing.decided_by_id not in (None, filing.created_by_id)
        chain = list(filing.events.exclude(verb__in=["register", "edit"]).order_by("pk"))
        assert not chain or chain[-1].after == filing.status
        for one, two in pairwise(chain):
            assert one.after == two.before
    running = list(Filing.objects.approved().filter(exclusive=True))
    for one in running:
        for two in running:
            if one.pk != two.pk and one.cert_index == two.cert_index:
                assert (one.end_on and one.end_on < two.start_on) or (
                    two.end_on and two.end_on < one.start_on
                )


ILLEGAL = sorted(
    {(str(a), str(b)) for a in Status for b in Status if a != b} - set(triggers.allowed())
)


@pytest.mark.parametrize(("start", "to"), ILLEGAL)
def test_the_database_refuses_every_step_that_no_verb_takes(start: str, to: str, cast: Cast):
    decided = {"decided_at": timezone.now(), "decided_by": cast.reviewer}
    filing = casting.filing(cast, created_by=cast.yixian, status=start, **decided)
    with pytest.raises(IntegrityError, match="请用页面上的按钮"), transaction.atomic():
        Filing.objects.filter(pk=filing.pk).update(status=to)
