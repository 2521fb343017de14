"""Filings that wait: for a second person's word, for the experts', for the papers that lack."""

from apps.filings.models import Filing
from apps.filings.models.transitions import Status
from apps.filings.review.hand_on import LEFT
from ydjy.desk.waiting_work import WaitingKind

DECIDE = ("filings.decide_filing",)
LIST = "filings_filing_changelist"
KINDS = (
    WaitingKind(
        "review_filing",
        "待审核的备案",
        DECIDE,
        Filing,
        lambda rows, staff, now: rows.for_review_by(staff),
        "filings_filing_review",
    ),
    WaitingKind(
        "panel_filing",
        "等专家合议的备案",
        DECIDE,
        Filing,
        lambda rows, staff, now: rows.filter(status=Status.PANEL).of_others(staff),
        LIST,
        "?tab=all&status__exact=panel",
    ),
    WaitingKind(
        "revoke_filing",
        "申请撤销的备案",
        DECIDE,
        Filing,
        lambda rows, staff, now: rows.revocation_asked().of_others(staff),
        LIST,
        "?tab=asked",
    ),
    WaitingKind(
        "left_filing",
        "没人接着办的备案草稿",
        ("filings.change_filing",),
        Filing,
        lambda rows, staff, now: rows.filter(LEFT, status=Status.DRAFT),
        LIST,
        "?tab=draft",
    ),
    WaitingKind(
        "supplement_filing",
        "待补正的备案",
        ("filings.change_filing",),
        Filing,
        lambda rows, staff, now: rows.filter(status=Status.SUPPLEMENT),
        LIST,
        "?tab=supplement",
    ),
)
