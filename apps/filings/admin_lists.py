"""The list of filings: its tabs and counters, what runs out, and the review of many at once."""

from datetime import date, timedelta
from typing import Any

from django.contrib import messages
from django.contrib.admin import SimpleListFilter
from django.db import transaction
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone

from apps.filings.models import Filing
from apps.filings.steps import Commitment, Status
from ydjy.desk.adminkit import admin_verb, masked
from ydjy.desk.verbs import Refused

SOON, VERY_SOON = 30, 7  # days before the end at which the person is called
REVIEWED = 20  # rows of one review page
TABS = {
    "today": "今天受理",
    "draft": "草稿",
    "pending": "待审核",
    "supplement": "待补正",
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
    """All counters in one query."""
    counted = [tab for tab in TABS if tab not in UNCOUNTED]
    return filings.order_by().aggregate(
        **{tab: Count("pk", filter=tab_condition(tab, today)) for tab in counted}
    )


class TabFilter(SimpleListFilter):
    """Which tab; drawn as tabs by the template, so it never shows among the drop-downs."""

    title = "分类"
    parameter_name = "tab"
    is_tabs = is_hidden = True

    def __init__(self, request: Any, params: Any, model: Any, model_admin: Any):
        self.searching = bool(request.GET.get("q"))
        self.reviews = request.user.has_perm("filings.decide_filing")
        super().__init__(request, params, model, model_admin)

    def lookups(self, request: Any, model_admin: Any) -> list[tuple[str, str]]:
        return list(TABS.items())

    def value(self) -> str:
        """What is asked for; a search looks everywhere, a reviewer begins with what waits."""
        chosen = super().value()
        if chosen in TABS:
            return str(chosen)
        if self.searching:
            return "all"
        return "pending" if self.reviews else "today"

    def queryset(self, request: Any, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(tab_condition(self.value(), timezone.localdate()))


def shown(filing: Any, today: date) -> Any:
    """The row with what the list says of it besides its columns."""
    filing.now = filing.condition_on(today) or filing.get_status_display()
    days = {
        Status.SUPPLEMENT: filing.supplement_due_on,
        Status.PENDING: filing.review_due_on,
        Status.APPROVED: filing.lacking_due_on or filing.commitment_due_on,
    }
    due = days.get(filing.status)
    if filing.status == Status.APPROVED and filing.commitment_status != Commitment.PENDING:
        due = filing.lacking_due_on
    filing.due, filing.late = due, bool(due and due < today)
    filing.masked = masked(filing.cert_no)
    return filing


# 本周到期, 快到期 ---------------------------------------------------------------------------------


@admin_verb(("filings.change_filing", "filings.decide_filing"), methods=("GET",), row=False)
def watch(self: Any, request: HttpRequest) -> HttpResponse:
    """Whom to call: papers owed, filings that run out in 7 and in 30 days, wards left behind."""
    today = timezone.localdate()
    rows = self.get_queryset(request).select_related("variant__category", "office")
    soon = today + timedelta(days=VERY_SOON)
    wards = rows.approved().filter(guardian_filing__isnull=False)
    wards = wards.exclude(
        Q(guardian_filing__status=Status.APPROVED)
        & (Q(guardian_filing__end_on__isnull=True) | Q(guardian_filing__end_on__gte=today))
    )
    lists = [
        ("本周到期的补正、容缺和承诺", rows.filter(tab_condition("due", today))),
        ("7 天内到期的备案", rows.ending(today, soon).order_by("end_on")),
        (
            "30 天内到期的备案",
            rows.ending(soon + timedelta(days=1), today + timedelta(days=SOON)).order_by("end_on"),
        ),
        ("监护人的备案已经失效，要重新核对", wards),
    ]
    context = self.admin_site.each_context(request) | {
        "title": "到期提醒",
        "opts": self.opts,
        "today": today,
        "lists": [(title, [shown(row, today) for row in found[:200]]) for title, found in lists],
    }
    return TemplateResponse(request, "admin/filings/filing/watch.html", context)


# Review of many -----------------------------------------------------------------------------------


@admin_verb("filings.decide_filing", methods=("GET", "POST"), row=False)
def review(self: Any, request: HttpRequest) -> HttpResponse:
    """Those of others that wait: each gets its own yes or no, a no its own reason."""
    if request.method == "POST":
        _decide(self, request)
        return redirect("admin:filings_filing_review")
    waiting = (
        self.get_queryset(request)
        .filter(status=Status.PENDING)
        .exclude(created_by=request.user)
        .select_related("variant__category", "office", "created_by")
        .order_by("created_at")
    )
    context = self.admin_site.each_context(request) | {
        "title": "批量审核",
        "opts": self.opts,
        "rows": list(waiting[:REVIEWED]),
        "total": waiting.count(),
        "own": self.get_queryset(request)
        .filter(status=Status.PENDING, created_by=request.user)
        .count(),
    }
    return TemplateResponse(request, "admin/filings/filing/review.html", context)


def _decide(self: Any, request: HttpRequest) -> None:
    """Each row on its own: one that is refused says why and leaves the others as they went."""
    passed, turned = [], []
    for key, said in request.POST.items():
        if not key.startswith("d-") or said not in ("pass", "reject"):
            continue
        pk, _, version = key[2:].partition("-")
        filing = self.get_queryset(request).filter(pk=pk if pk.isdigit() else None).first()
        if filing is None:
            continue
        try:
            with transaction.atomic():
                _one(request, filing, said, int(version) if version.isdigit() else None)
        except Refused as refused:
            messages.error(request, f"{filing.number}：{refused}")
        else:
            (passed if said == "pass" else turned).append(filing.number)
    if passed:
        messages.success(request, f"通过 {len(passed)} 条：{'、'.join(passed)}。")
    if turned:
        messages.success(request, f"不予备案 {len(turned)} 条：{'、'.join(turned)}。")


def _one(request: HttpRequest, filing: Filing, said: str, version: int | None) -> None:
    if said == "pass":
        filing.approve(by=request.user, expected=version)
    else:
        reason = request.POST.get(f"r-{filing.pk}", "").strip()[:300]
        filing.reject(by=request.user, reason=reason, expected=version)
