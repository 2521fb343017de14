"""What is past its day and what becomes of it, if a person says so: proposed, never done by itself.

补正 that never came ends the application, as its notice said (补正告知书); a promise that was not
kept is 失信, and staff decide on 撤销 (domain 4.5); 容缺 papers that never came are a request for
撤销, which another person decides.
"""

from datetime import date
from typing import Any, NamedTuple

from django.db.models import Q

from apps.filings.models import Filing
from apps.filings.models.transitions import Commitment, Status
from apps.filings.rules.judge import in_words
from ydjy.desk.exceptions import Refused


class Proposal(NamedTuple):
    """One filing past its day: since when, what was owed, and what is proposed."""

    due: date
    owed: str
    then: str


def condition(today: date) -> Q:
    """Filings for which :func:`proposed` has something to say."""
    approved = Q(status=Status.APPROVED)
    return (
        Q(status=Status.SUPPLEMENT, supplement_due_on__lt=today)
        | approved & Q(commitment_status=Commitment.PENDING, commitment_due_on__lt=today)
        | approved & Q(lacking_due_on__lt=today, revoke_asked_by=None)
    )


def proposed(filing: Filing, today: date) -> Proposal | None:
    """What is proposed for the filing on that day; None where nothing is past its day."""
    due, owed = filing.supplement_due_on, "、".join(filing.supplement_items)
    if filing.status == Status.SUPPLEMENT and due and due < today:
        return Proposal(due, f"补正：{owed}", "按撤回处理，材料备齐后可以重新申请")
    if filing.status != Status.APPROVED:
        return None
    due, owed = filing.commitment_due_on, "、".join(filing.lacking)
    if filing.commitment_status == Commitment.PENDING and due and due < today:
        return Proposal(due, f"承诺：{owed}", "承诺记为失信，要不要撤销另行决定")
    due = filing.lacking_due_on
    if due and due < today and filing.revoke_asked_by_id is None:
        return Proposal(due, f"容缺：{owed}", "申请撤销，由另一个人决定")
    return None


def settle(filing: Filing, *, by: Any, today: date, expected: int | None) -> str:
    """Does what is proposed; ``Refused`` where the papers have come meanwhile."""
    found = proposed(filing, today)
    if found is None:
        raise Refused("现在没有超过期限的材料，不用处理。")
    words = f"{in_words(found.due)}到期没有补齐，{found.owed}"[:300]
    if filing.status == Status.SUPPLEMENT:
        filing.withdraw(by=by, reason=words, expected=expected)
    elif found.owed.startswith("承诺"):
        filing.settle_commitment(by=by, kept=False, words=words, expected=expected)
    else:
        filing.ask_revoke(by=by, reason=words, expected=expected)
    return found.then
