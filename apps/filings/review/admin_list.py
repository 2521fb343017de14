"""The list of filings: its tabs and counters, what is due when, and the review of many at once."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any

from django.contrib import messages
from django.contrib.admin import RelatedFieldListFilter
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone

from apps.filings.models import Filing
from apps.filings.models.catalogue import Category
from apps.filings.models.transitions import Commitment, Status
from apps.filings.rules import deadlines
from apps.offices.models import Office, official_calendar
from ydjy.desk.admin.modeladmin import admin_verb, masked
from ydjy.desk.admin.tabs import Tabs, counts
from ydjy.desk.exceptions import Refused
from ydjy.lib.whole_numbers import whole_number

SOON = 30  # days before the end at which the person is called
REVIEWED = 20  # rows of one review page
TABS = {
    "today": "今天受理",
    "draft": "草稿",
    "pending": "待审核",
    "supplement": "待补正",
    "asked": "申请撤销中",
    "due": "本周到期",
    "ending": "快到期",
    "upload": "待上报",
    "force": "已生效",
    "revoked": "已撤销",
    "all": "全部",
}
UNCOUNTED = ("force", "revoked", "all")  # they grow for ever; their list counts itself


def tab_condition(tab: str, today: date) -> Q:
    """The one definition of each tab: its list and its counter cannot differ."""
    sunday = today + timedelta(days=6 - today.weekday())
    approved = Q(status=Status.APPROVED)
    return {
        "today": Q(created_at__gte=_midnight(today)),
        "draft": Q(status=Status.DRAFT),
        "pending": Q(status__in=[Status.PENDING, Status.PANEL]),
        "supplement": Q(status=Status.SUPPLEMENT),
        "asked": Q(revoke_asked_by__isnull=False, status__in=[Status.APPROVED, Status.SUSPENDED]),
        "due": Q(status=Status.SUPPLEMENT, supplement_due_on__lte=sunday)
        | Q(status=Status.PENDING, review_due_on__lte=sunday)
        | approved & Q(lacking_due_on__lte=sunday)
        | approved & Q(commitment_status=Commitment.PENDING, commitment_due_on__lte=sunday),
        "ending": approved & Q(end_on__gte=today, end_on__lte=today + timedelta(days=SOON)),
        "upload": Q(upload_status=Filing.UploadStatus.NOT_YET)
        & (
            approved
            | Q(
                status__in=[Status.SUSPENDED, Status.REVOKED, Status.CHANGED],
                uploaded_at__isnull=False,
            )
        ),
        "force": approved,
        "revoked": Q(status__in=[Status.REVOKED, Status.CHANGED, Status.WITHDRAWN]),
        "all": Q(pk__isnull=False),
    }[tab]


def _midnight(day: date) -> Any:
    return timezone.localtime().replace(
        year=day.year, month=day.month, day=day.day, hour=0, minute=0, second=0, microsecond=0
    )


def tab_counts(filings: QuerySet[Any], today: date) -> dict[str, int]:
    asked = {tab: tab_condition(tab, today) for tab in TABS if tab not in UNCOUNTED}
    return counts(filings, asked)


class CategoryFilter(RelatedFieldListFilter):
    """All categories: looking which of them occur would read every filing there is."""

    def field_choices(self, field: Any, request: Any, model_admin: Any) -> list[tuple[Any, str]]:
        return [(row.pk, str(row)) for row in Category.objects.order_by("order", "pk")]


class OfficeFilter(RelatedFieldListFilter):
    """The offices whose filings the person may see."""

    def field_choices(self, field: Any, request: Any, model_admin: Any) -> list[tuple[Any, str]]:
        rows = Office.objects.filter(
            handles_cases=True, path__startswith=request.user.case_path or "-"
        )
        return [(row.pk, str(row)) for row in rows.order_by("path")]


class TabFilter(Tabs):
    tabs = TABS
    seldom = frozenset({"asked"})

    def first(self) -> str:
        """A reviewer begins with what waits."""
        return "pending" if self.person.has_perm("filings.decide_filing") else "today"

    def queryset(self, request: Any, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(tab_condition(self.value(), timezone.localdate()))


def due_of(filing: Any) -> date | None:
    """The next day by which somebody owes something: the reviewer, or the person."""
    if filing.status == Status.SUPPLEMENT:
        return filing.supplement_due_on
    if filing.status == Status.PENDING:
        return filing.review_due_on
    if filing.status != Status.APPROVED:
        return None
    promised = filing.commitment_status == Commitment.PENDING
    days = [filing.lacking_due_on, filing.commitment_due_on if promised else None]
    return min((day for day in days if day), default=None)


def shown(filings: Iterable[Any], today: date) -> list[Any]:
    """The rows with what the list says of them besides their columns."""
    calendar, rows = official_calendar(today, today), list(filings)
    for filing in rows:
        filing.now = filing.condition_on(today) or filing.get_status_display()
        filing.due = due_of(filing)
        filing.late = bool(filing.due and filing.due < today)
        filing.left = deadlines.left(filing.due, today, calendar) if filing.due else ""
        filing.masked = masked(filing.cert_no)
    return rows


# Review of many -----------------------------------------------------------------------------------


@admin_verb("filings.decide_filing", methods=("GET", "POST"), row=False)
def review(self: Any, request: HttpRequest) -> HttpResponse:
    """Those of others that wait: each gets its own yes or no, a no its own reason."""
    if request.method == "POST":
        _decide(self, request)
        return redirect("admin:filings_filing_review")
    mine = self.get_queryset(request)
    waiting = (
        mine.for_review_by(request.user)
        .select_related("variant__category", "office", "created_by")
        .order_by("created_at")
    )
    total = waiting.count()
    context = self.admin_site.each_context(request) | {
        "title": "批量审核",
        "opts": self.opts,
        "rows": list(waiting[:REVIEWED]),
        "total": total,
        "own": mine.filter(status=Status.PENDING).count() - total,
    }
    return TemplateResponse(request, "admin/filings/filing/review.html", context)


def _decide(self: Any, request: HttpRequest) -> None:
    """Each row on its own: one that is refused says why and leaves the others as they went."""
    said = {"pass": "通过", "reject": "不予备案"}
    done: dict[str, list[str]] = {}
    for filing, version, answer in chosen(self, request):
        if answer not in said:
            continue
        with told(request, filing):
            _one(request, filing, answer, version)
            done.setdefault(said[answer], []).append(filing.number)
    for words, numbers in done.items():
        messages.success(request, f"{words} {len(numbers)} 条：{'、'.join(numbers)}。")


def _one(request: HttpRequest, filing: Filing, said: str, version: int | None) -> None:
    if said == "pass":
        filing.approve(by=request.user, expected=version)
    else:
        filing.reject(by=request.user, reason=reason_of(request, filing), expected=version)


# Rows of a page on which many are chosen, each with the version that was looked at ----------------


def chosen(self: Any, request: HttpRequest) -> Iterator[tuple[Filing, int | None, str]]:
    """``d-<row>-<version>`` of what was posted, and the answer; rows of the person's own scope."""
    for key, answer in request.POST.items():
        pk, _, version = key.removeprefix("d-").partition("-")
        if not key.startswith("d-") or not answer:
            continue
        if filing := self.get_queryset(request).filter(pk=whole_number(pk)).first():
            yield filing, whole_number(version), answer


def reason_of(request: HttpRequest, filing: Filing) -> str:
    return request.POST.get(f"r-{filing.pk}", "").strip()[:300]


@contextmanager
def told(request: HttpRequest, filing: Filing) -> Iterator[None]:
    """A row that is refused says why by its number, and changes nothing."""
    try:
        with transaction.atomic():
            yield
    except Refused as refused:
        messages.error(request, f"{filing.number}：{refused}")
