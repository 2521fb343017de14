"""The second person is another person: who wrote in a filing since it was last approved decides
nothing about it, neither by its verbs nor past them."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.urls import reverse
from django.utils import timezone

from apps.filings.models import Filing, attachment, triggers
from apps.filings.models.catalogue import Category, Variant
from apps.filings.models.transitions import DECISIONS, REVIEWING, STEPS, TRANSITIONS, Status
from tests import cast as casting
from tests.cast import Cast
from tests.rotating import part_of
from ydjy.desk.exceptions import Refused

pytestmark = pytest.mark.django_db
PHOTO = b"\xff\xd8\xff\xe0 a photograph"

# A way to each state that some decision starts from; the row is written in by nobody but its clerk.
TO: dict[str, Callable[[Filing, Cast], None]] = {
    Status.PENDING: lambda f, c: None,
    Status.PANEL: lambda f, c: f.refer_to_panel(by=c.lead),
    Status.APPROVED: lambda f, c: f.approve(by=c.lead),
    Status.SUSPENDED: lambda f, c: (f.approve(by=c.lead), f.suspend(by=c.lead, reason="停保")),
    Status.REVOKED: lambda f, c: (f.approve(by=c.lead), f.revoke(by=c.head, reason="回来")),
}
# What a person may write in a filing: all verbs but the decisions and what the review notes.
WRITES: dict[str, Callable[[Filing, Any, Cast], Any]] = {
    "edit": lambda f, by, c: f.edited(by=by, expected=f.version, name="改名"),
    "submit": lambda f, by, c: f.submit(by=by),
    "resubmit": lambda f, by, c: f.resubmit(by=by),
    "reverse": lambda f, by, c: f.reverse(by=by, reason="审错"),
    "suspend": lambda f, by, c: f.suspend(by=by, reason="停保"),
    "ask_revoke": lambda f, by, c: f.ask_revoke(by=by, reason="回来"),
    "revoke": lambda f, by, c: f.revoke(by=by, reason="回来"),
    "settle_commitment": lambda f, by, c: f.settle_commitment(by=by, kept=True, words=""),
    "settle_lacking": lambda f, by, c: f.settle_lacking(by=by, handed={}),
    "discharge": lambda f, by, c: f.discharge(by=by, on=timezone.localdate()),
    "attach": lambda f, by, c: attachment.attach(f, "other", PHOTO, by=by),
    "void_attachment": lambda f, by, c: attachment.void(picture(f, c), by=by, reason="错"),
}
DECIDE: dict[str, Callable[[Filing, Any], Any]] = {
    "approve": lambda f, by: f.approve(by=by),
    "panel_decide": lambda f, by: f.panel_decide(by=by, met=True, words="符合"),
    "reject": lambda f, by: f.reject(by=by, reason="不符"),
    "revoke": lambda f, by: f.revoke(by=by, reason="回来"),
    "restore": lambda f, by: f.restore(by=by, reason="撤错"),
    "resume": lambda f, by: f.resume(by=by),
}
NOT_WRITTEN = {"withdraw", "replace", "approve", "panel_decide", "reject", "restore", "resume"}


def picture(filing: Filing, cast: Cast) -> Any:
    return attachment.attach(filing, "other", PHOTO, by=cast.lead)


def written(filing: Filing, write: str, by: Any, cast: Cast) -> None:
    """The filing brought to where that can be written in it, and written in by ``by``."""
    if write not in ("edit", "submit"):
        filing.submit(by=cast.yixian)
    if write == "resubmit":
        filing.request_supplement(by=cast.lead, items=["居住证"], due_on=timezone.localdate())
    if write in ("reverse", "suspend", "ask_revoke", "revoke", "settle_commitment", "discharge"):
        filing.approve(by=cast.lead)
    WRITES[write](filing, by, cast)
    if write == "edit":
        filing.submit(by=cast.yixian)


def _ways() -> list[tuple[str, str]]:
    """(what is written, what is then decided): every pair that some path of the table joins."""
    after = {"submit": Status.PENDING, "edit": Status.PENDING, "settle_lacking": Status.PENDING}
    found = []
    for write in WRITES:
        state = after.get(write) or next(iter(STEPS[write][1])) or Status.APPROVED
        if write in ("attach", "void_attachment"):
            state = Status.PENDING
        found += [(write, verb) for verb in sorted(DECISIONS) if state in TRANSITIONS[verb]]
        if write not in ("discharge", "reverse", "revoke", "suspend") and state == Status.PENDING:
            found.append((write, "panel_decide"))
    return found


def filing_of(cast: Cast, *, stay: bool) -> Filing:
    group = Category.Group.EMERGENCY if stay else Category.Group.LONG_TERM
    category = Category.objects.create(code="k", name="一类", group=group)
    variant = Variant.objects.create(category=category, code="k", this_stay_only=stay)
    return casting.filing(
        cast, created_by=cast.yixian, variant=variant, commitment_status="pending",
        start_on=timezone.localdate(),
    )  # fmt: skip


def test_every_verb_is_a_decision_a_writing_or_a_note():
    assert set(STEPS) | {"edit"} == set(WRITES) | DECISIONS | NOT_WRITTEN | (REVIEWING & set(STEPS))
    assert set(DECIDE) == DECISIONS
    assert len(_ways()) > 25


@pytest.mark.parametrize(("write", "verb"), part_of(_ways()))
def test_who_wrote_does_not_decide_and_another_does(write: str, verb: str, cast: Cast):
    filing = filing_of(cast, stay=write == "discharge" or verb == "panel_decide")
    written(filing, write, cast.reviewer, cast)
    if verb == "panel_decide":
        filing.refer_to_panel(by=cast.lead)
    with pytest.raises(Refused, match="由另一个人办"):
        DECIDE[verb](filing, cast.reviewer)
    with pytest.raises(Refused, match="自己登记的备案要由另一个人审核"):
        DECIDE[verb](filing, cast.yixian)
    rows, to = Filing.objects.filter(pk=filing.pk), next(iter(STEPS[verb][1]))
    now = timezone.now()
    with pytest.raises(IntegrityError, match="由另一个人审核"), transaction.atomic():
        rows.update(status=to, decided_by=cast.reviewer, decided_at=now)
    DECIDE[verb](filing, cast.county_lead)
    assert Filing.objects.get(pk=filing.pk).decided_by == cast.county_lead


@pytest.mark.parametrize("state", TO)
def test_who_only_reviewed_goes_on_to_decide(state: str, cast: Cast):
    filing = filing_of(cast, stay=True)
    filing.submit(by=cast.yixian)
    filing.check_benefits(by=cast.reviewer)
    TO[state](filing, cast)
    filing.check_benefits(by=cast.reviewer)
    verb = next(verb for verb in sorted(DECISIONS) if state in TRANSITIONS[verb])
    DECIDE[verb](filing, cast.reviewer)


def test_what_was_written_before_an_approval_counts_no_more(cast: Cast):
    filing = filing_of(cast, stay=False)
    written(filing, "edit", cast.reviewer, cast)
    filing.approve(by=cast.lead)
    filing.revoke(by=cast.reviewer, reason="回来")
    with pytest.raises(Refused, match="办过“撤销”，这一步要由另一个人办"):
        filing.restore(by=cast.reviewer, reason="撤错")


def test_without_the_trigger_the_writer_would_pass(cast: Cast):
    filing = filing_of(cast, stay=False)
    written(filing, "edit", cast.reviewer, cast)
    with connection.cursor() as cursor:
        name = {"sqlite": "second", "postgresql": "guard"}[connection.vendor]
        on = f' ON "{triggers.TABLE}"' if connection.vendor == "postgresql" else ""
        cursor.execute(f'DROP TRIGGER "ydjy_filing_{name}_{triggers.TABLE}"{on}')
    rows = Filing.objects.filter(pk=filing.pk)
    assert rows.update(status="approved", decided_by=cast.reviewer, decided_at=timezone.now())


def test_the_page_of_many_does_not_offer_what_the_person_wrote(cast: Cast, client_of: Any):
    filing = filing_of(cast, stay=False)
    written(filing, "edit", cast.reviewer, cast)
    asked = client_of(cast.reviewer).get(reverse("admin:filings_filing_review")).context
    assert (asked["rows"], asked["own"]) == ([], 1)
    asked = client_of(cast.county_lead).get(reverse("admin:filings_filing_review")).context
    assert asked["rows"] == [filing]


def test_the_plain_form_writes_down_who_filled_it_in(cast: Cast, client_of: Any):
    filing = filing_of(cast, stay=False)
    page = reverse("admin:filings_filing_change", args=[filing.pk])
    browser = client_of(cast.reviewer)
    form = browser.get(page).context["adminform"].form
    typed = {name: form[name].value() for name in form.fields}
    typed = {name: "" if value is None else value for name, value in typed.items()}
    typed |= {"name": "改过名", "events-TOTAL_FORMS": 0, "events-INITIAL_FORMS": 0}
    assert browser.post(page, typed).status_code == 302
    assert [event.by for event in filing.events.filter(verb="edit")] == [cast.reviewer]
