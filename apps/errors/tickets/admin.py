"""The page of one ticket: what is known on the left, what is to be done on the right."""

from typing import Any

from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import NoReverseMatch, reverse
from django.utils import timezone

from apps.errors.diagnosis import engine as diagnosis_engine
from apps.errors.diagnosis import facts as diagnosis_facts
from apps.errors.diagnosis import rejudge
from apps.errors.intake.receive import list_kind
from apps.errors.models import CauseCode, Snippet, Ticket
from apps.errors.models.transitions import OPEN, Status
from apps.errors.tickets import admin_queue, presence
from apps.errors.tickets.admin_steps import STEPS
from apps.errors.tickets.display import in_words, shown
from apps.errors.tickets.forms import WorkForm
from apps.errors.weeks.carry_over import age_in_weeks
from apps.filings.models import Filing
from apps.offices.models.duty import Duty
from ydjy.desk.admin.modeladmin import admin_verb, masked
from ydjy.desk.crypto.fields import opened
from ydjy.desk.exceptions import Refused, Stale
from ydjy.desk.imports import row_places
from ydjy.desk.transactions import write_unless_busy
from ydjy.lib import idnumbers, masking
from ydjy.lib.text import for_reading
from ydjy.lib.whole_numbers import whole_number

ALIKE = 5
DONE = "你手上没有待办了。"
_BESIDE = (
    "batch office assignee institution proposed_cause carried_from offered_to merged_into "
    "split_from"
).split()
MORE = "wait refer_up hear_back postpone hand_over merge assign reopen split divide".split()


def ticket_page(
    self: Any, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
) -> HttpResponse:
    """The admin's own page of a row, with everything about it; steps are posted to :func:`work`."""
    ticket = self.get_object(request, unquote(object_id))
    if ticket is None:
        raise Http404
    if not self.has_view_permission(request, ticket):
        raise PermissionDenied
    if request.method == "POST":
        return self.work(request, object_id=object_id)
    return _page(self, request, ticket, WorkForm(ticket, request.user))


@admin_verb("errors.work_ticket")
def work(self: Any, request: HttpRequest, ticket: Ticket) -> HttpResponse:
    """One press of a button of the form: fill in, or take a step. Nothing typed is ever lost."""
    form = WorkForm(ticket, request.user, request.POST)
    if copy := request.POST.get("copy"):
        return _page(self, request, ticket, form.again(**_copied(ticket, copy, request.user)))
    if request.POST.get("do") == "diagnose":
        return _diagnosed(self, request, ticket, form)
    if not form.is_valid():
        return _page(self, request, ticket, form)
    do = request.POST.get("do", "save")
    step = STEPS.get(do)
    if step is None:
        raise Http404
    following = admin_queue.following(self, request, ticket) if do == "answer_next" else None
    try:
        if form.cleaned_data["version"] != ticket.version:
            raise Stale(ticket)
        said = step(ticket, form, by=request.user)  # looks at the version again, under its lock
    except Stale as stale:
        theirs = form.differs_from(stale.row)
        form = form.again(version=stale.row.version)
        more = {"theirs": theirs, "whose": stale.who, "error": str(stale)}
        return _page(self, request, stale.row, form, **more)
    except Refused as refused:
        return _page(self, request, ticket, form, error=str(refused))
    messages.success(request, f"{ticket.number} {said}")
    presence.leave(ticket, request.user)  # who stays on the page is seen again by opening it
    if do != "answer_next":
        return redirect(admin_queue.page_url(ticket.pk, request))
    if following is None:
        messages.info(request, "这个列表办完了。" if admin_queue.came_from(request) else DONE)
        return redirect(admin_queue.list_url(request))
    return redirect(admin_queue.page_url(following, request))


def _diagnosed(self: Any, request: HttpRequest, ticket: Ticket, form: WorkForm) -> HttpResponse:
    """重新判断: the evidence as it is now, beside everything that was typed."""
    if ticket.status not in OPEN:
        refused = "已有结果的工单不再判断。要重新查，请点“重新办理”。"
        return _page(self, request, ticket, form, error=refused)
    rejudge.rejudge([ticket.pk], by=request.user)
    messages.success(request, f"{ticket.number} 已重新判断。")
    return _page(self, request, ticket, form)


def _copied(ticket: Ticket, what: str, staff: Any) -> dict[str, object]:
    """照抄: the machine's proposal, or the words of an earlier ticket."""
    said = ticket.diagnosis or {}
    if what == "proposal":
        return {"cause": ticket.proposed_cause_id, "result": said.get("proposal", "")}
    if what == "second" and (second := said.get("second")):
        cause = CauseCode.objects.filter(code=second["cause"]).first()
        return {"cause": cause and cause.pk, "result": second["proposal"]}
    if what.startswith("snippet-"):
        snippet = Snippet.objects.filter(pk=whole_number(what[8:]), active=True).first()
        case = diagnosis_facts.Knowledge([ticket]).case(ticket)
        words = diagnosis_engine.fill_in(snippet.words, case) if snippet else ""
        words = words.replace("{姓名}", ticket.name)
        return {"cause": snippet.cause_id, "result": words} if snippet else {}
    earlier = Ticket.objects.visible_to(staff).filter(pk=whole_number(what)).first()
    return {"cause": earlier.cause_id, "result": earlier.result} if earlier else {}


# The page --------------------------------------------------------------------------------------


def _page(
    self: Any,
    request: HttpRequest,
    ticket: Ticket,
    form: WorkForm,
    **more: Any,
) -> HttpResponse:
    staff = request.user
    row = Ticket.objects.select_related(*_BESIDE).get(pk=ticket.pk)
    working = staff.has_perm("errors.work_ticket")
    context = self.admin_site.each_context(request) | {
        "title": f"工单 {row.number}",
        "opts": self.opts,
        "original": row,
        "t": shown(row, timezone.now()),
        "facts": _facts(row),
        "sources": _sources(row),
        "evidence": _evidence(self, request, row.diagnosis),
        "second": _second(self, request, row),
        "filings": _filings(row, staff),
        "alike": list(_visible(staff).answered_alike(row)[:ALIKE]),
        "events": list(row.events.select_related("by")),
        "queue": admin_queue.place(self, request, row),
        "form": form if working else None,
        "show_number": self.show_number(request, row),
        "is_open": row.status in OPEN,
        "is_returned": row.status == Status.RETURNED,
        "more_open": request.POST.get("do") in MORE or row.status == Status.WAITING,
        "causes": _cause_notes() if working else [],
        "snippets": Snippet.objects.filter(active=True).select_related("cause"),
    }
    context |= _together(row, staff, working) | more
    return TemplateResponse(request, "admin/errors/ticket/change_form.html", context)


def _together(row: Ticket, staff: Any, working: bool) -> dict[str, Any]:
    """Who else is at it, what it waits for, and which others are about the same."""
    now = timezone.now()
    if working:
        write_unless_busy(lambda: presence.touch(row, staff, now))
    escalations = list(row.escalations.select_related("by"))
    hands = Duty.objects.acting_for(staff, timezone.localdate(now))
    return {
        "mine": row.assignee_id == staff.pk,
        "stands_in": row.status in OPEN and row.assignee_id in hands[1:],
        "others": presence.others(row, staff, now),
        "offered": row.offered_to_id in hands,
        "parts": list(row.parts().select_related("assignee", "offered_to")),
        "escalations": escalations,
        "waits_above": any(not one.answered_at for one in escalations),
        "group": row.group().visible_to(staff).count() if working else 0,
        "age": age_in_weeks(row, now) if row.status in OPEN else 0,
        "past_due": now >= row.batch.due_at,
    }


def _visible(staff: Any) -> Any:
    return Ticket.objects.visible_to(staff)


def _facts(row: Ticket) -> list[tuple[str, str]]:
    """What the province says, in its own words; blank ones are left out."""
    dash = " · "
    pairs = [
        ("报错时间", _when(row)),
        ("参保人", row.name + (f"（{masked(row.cert_no)}）" if row.cert_no else "")),
        ("参保地", row.insured_place or row.insured_area),
        ("就医", dash.join(filter(None, [row.care_place, row.inst_name]))),
        ("业务", dash.join(filter(None, _business(row)))),
        ("报错信息", " ".join(filter(None, [row.err_code, row.message]))),
        ("涉及金额", f"{row.amount} 元" if row.amount is not None else ""),
        ("在院", {True: "是，人还在医院", False: "否"}.get(row.in_hospital, "")),  # type: ignore[arg-type]
        ("联系", dash.join(filter(None, [row.contact, row.phone.reveal() if row.phone else ""]))),
        ("省里的备注", row.remark),
        ("承办机构", f"{row.office}（{row.routed}）" if row.routed else str(row.office)),
    ]
    return [(label, for_reading(text)) for label, text in pairs if text]


def _business(row: Ticket) -> list[str]:
    """What was tried: kind of care, transaction, insurance."""
    transaction = " ".join(filter(None, [row.txn_type, row.infno]))
    return [
        in_words("med_type", row.med_type),
        transaction,
        in_words("insutype", row.insutype),
    ]


def _when(row: Ticket) -> str:
    day = f"{row.reported_on.year}年{row.reported_on.month}月{row.reported_on.day}日"
    return f"{day} {timezone.localtime(row.reported_at):%H:%M}" if row.reported_at else day


def _sources(row: Ticket) -> list[dict[str, Any]]:
    """The lines as they came, numbers of persons masked."""
    secret = list_kind().secret
    found = []
    for line in row.lines.select_related("staged__upload", "home"):
        staged = line.staged
        sheet = next((s for s in staged.upload.layout if s["sheet"] == staged.sheet), {})
        place = row_places.of_row(staged.sheet, staged.row)
        hidden = {i for key, i in sheet.get("columns", {}).items() if key in secret}
        cells = opened(staged.cells) or []
        headers = sheet.get("headers", [])
        found.append(
            {
                "pk": line.pk,
                "home": line.home,
                "where": f"《{staged.upload.filename}》{place}",
                "cells": [
                    (headers[i] if i < len(headers) else "", hide(text, i in hidden))
                    for i, text in enumerate(cells)
                    if text
                ],
            }
        )
    return found


def hide(text: str, secret: bool) -> str:
    """A cell for the screen: a secret one masked, and a number that strayed into another, too."""
    return idnumbers.mask(text) if secret else masking.mask_in_text(text)


def _evidence(self: Any, request: HttpRequest, said: dict[str, Any] | None) -> list[dict[str, str]]:
    return [
        {"label": item.get("label", ""), "url": _evidence_url(self, request, item)}
        for item in (said or {}).get("evidence", [])
    ]


def _second(self: Any, request: HttpRequest, row: Ticket) -> dict[str, Any]:
    """The second best cause, as it is shown."""
    said = (row.diagnosis or {}).get("second") or {}
    cause = CauseCode.objects.filter(code=said["cause"]).first() if said else None
    if cause is None:
        return {}
    return {**said, "cause": cause, "evidence": _evidence(self, request, said)}


def _evidence_url(self: Any, request: HttpRequest, item: dict[str, Any]) -> str:
    """The evidence's own page, if this person may open such pages."""
    model, pk = item.get("model", ""), item.get("pk")
    if not model or pk is None or not request.user.has_perm("{}.view_{}".format(*model.split("."))):
        return ""
    try:
        return reverse(f"admin:{model.replace('.', '_')}_change", args=[pk])
    except NoReverseMatch:
        return ""


def _filings(row: Ticket, staff: Any) -> list[dict[str, Any]]:
    """The person's filings, and what each was on the day of the error."""
    if not staff.has_perm("filings.view_filing"):
        return []
    known: QuerySet[Any] = (
        Filing.objects.of_person(row.cert_index)
        .visible_to(staff)
        .select_related("variant__category")
    )
    return [
        {
            "filing": filing,
            "then": filing.condition_on(row.reported_on) or filing.get_status_display(),
            "until": filing.end_on,
        }
        for filing in known[:10]
    ]


def _cause_notes() -> list[CauseCode]:
    return [cause for cause in CauseCode.objects.filter(active=True) if cause.note]
