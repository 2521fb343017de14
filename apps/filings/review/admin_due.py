"""Whom to call and what is past its day: the lists of 到期提醒, the call sheet, 延期, 逾期处理."""

from datetime import date, timedelta
from typing import Any, NamedTuple

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone

from apps.filings.models import Filing
from apps.filings.models.transitions import Status
from apps.filings.review import extend as review_extend
from apps.filings.review import overdue
from apps.filings.review.admin_list import SOON, chosen, reason_of, shown, tab_condition, told
from apps.filings.review.admin_steps import day
from ydjy.desk.admin.modeladmin import admin_verb
from ydjy.desk.audit import access_log

CHANGE, DECIDE = "filings.change_filing", "filings.decide_filing"
VERY_SOON, ROWS = 7, 200


class Watched(NamedTuple):
    """One list of the page: which rows, how many there are in all, and whether they are ending."""

    title: str
    rows: list[Any]
    total: int
    ending: bool


def lists(filings: Any, today: date) -> list[Watched]:
    """Papers owed this week, what runs out in 7 and in 30 days, wards left behind."""
    soon = today + timedelta(days=VERY_SOON)
    wards = filings.approved().filter(guardian_filing__isnull=False)
    wards = wards.exclude(
        Q(guardian_filing__status=Status.APPROVED)
        & (Q(guardian_filing__end_on__isnull=True) | Q(guardian_filing__end_on__gte=today))
    )
    month = filings.ending(soon + timedelta(days=1), today + timedelta(days=SOON))
    found = [
        ("本周到期的审核、补正、容缺和承诺", filings.filter(tab_condition("due", today)), False),
        ("7 天内到期的备案", filings.ending(today, soon).order_by("end_on", "pk"), True),
        ("30 天内到期的备案", month.order_by("end_on", "pk"), True),
        ("监护人的备案已经失效，要重新核对", wards, False),
    ]
    return [
        Watched(title, shown(rows[:ROWS], today), rows.count(), ending)
        for title, rows, ending in found
    ]


def _context(self: Any, request: HttpRequest, title: str, **more: Any) -> dict[str, Any]:
    rows = self.get_queryset(request).select_related("variant__category", "office")
    today = timezone.localdate()
    return self.admin_site.each_context(request) | {
        "title": title,
        "opts": self.opts,
        "today": today,
        "filings": rows,
        **more,
    }


@admin_verb((CHANGE, DECIDE), methods=("GET",), row=False)
def watch(self: Any, request: HttpRequest) -> HttpResponse:
    """Whom to call; their telephones stand beside them, so that it was opened is written down."""
    context = _context(self, request, "到期提醒")
    rows, today = context["filings"], context["today"]
    found = lists(rows, today)
    context |= {
        "lists": found,
        "extendable": any(row.exclusive for one in found if one.ending for row in one.rows),
        "overdue": rows.filter(overdue.condition(today)).count(),
    }
    if any(one.rows for one in found):
        access_log.record_export(request.user, Filing, "查看到期提醒的电话", "")
    return TemplateResponse(request, "admin/filings/filing/watch.html", context)


@admin_verb((CHANGE, DECIDE), methods=("GET",), row=False)
def call_sheet(self: Any, request: HttpRequest) -> HttpResponse:
    """The same people on paper with their telephones; that it was opened is written down."""
    context = _context(self, request, "到期电话单")
    context["lists"] = [one for one in lists(context["filings"], context["today"]) if one.rows]
    access_log.record_export(request.user, Filing, "打印到期电话单", "")
    return TemplateResponse(request, "admin/filings/print/calls.html", context)


@admin_verb(CHANGE, row=False)
def extend(self: Any, request: HttpRequest) -> HttpResponse:
    """What was ticked, each with its reason and one new end; then each is handed in on its own."""
    picked = list(chosen(self, request))
    if not picked:
        messages.error(request, "没有选备案，请在前面打勾。")
        return redirect("admin:filings_filing_watch")
    if request.POST.get("do") == "extend" and _extended(request, picked):
        return redirect("admin:filings_filing_watch")
    today = timezone.localdate()
    rows = shown([filing for filing, _, _ in picked], today)
    for row in rows:
        row.said = reason_of(request, row)
    until = request.POST.get("until", "")
    context = _context(self, request, "批量延期", rows=rows, until=until)
    return TemplateResponse(request, "admin/filings/filing/extend.html", context)


def _extended(request: HttpRequest, picked: list[tuple[Filing, int | None, str]]) -> bool:
    """Whether at least one went to the reviewers; the others have said why not."""
    until, made = day(request, "until"), []
    endless = request.POST.get("endless") == "on"
    if until is None and not endless:
        messages.error(request, "请写延到哪一天，或者勾“长期有效”。")
        return False
    for filing, version, _ in picked:
        with told(request, filing):
            made.append(
                review_extend.extend(
                    filing, until=None if endless else until, by=request.user,
                    reason=reason_of(request, filing), expected=version,
                )
            )  # fmt: skip
    if made:
        numbers = "、".join(str(one) for one in made)
        messages.success(request, f"已提交 {len(made)} 条延期，等另一个人审核：{numbers}。")
    return bool(made)


@admin_verb(DECIDE, methods=("GET", "POST"), row=False)
def close_overdue(self: Any, request: HttpRequest) -> HttpResponse:
    """Everything past its day, with what would become of it; only what is ticked is done."""
    today = timezone.localdate()
    if request.method == "POST":
        done = []
        for filing, version, _ in chosen(self, request):
            with told(request, filing):
                then = overdue.settle(filing, by=request.user, today=today, expected=version)
                done.append(f"{filing.number} {then}")
        if done:
            messages.success(request, f"已处理 {len(done)} 条：{'；'.join(done)}。")
        return redirect("admin:filings_filing_close_overdue")
    context = _context(self, request, "逾期处理")
    late = context["filings"].filter(overdue.condition(today)).order_by("touched_at", "pk")
    context |= {
        "rows": [(row, overdue.proposed(row, today)) for row in shown(late[:ROWS], today)],
        "total": late.count(),
    }
    return TemplateResponse(request, "admin/filings/filing/overdue.html", context)
