"""The buttons of a filing's page: each is one verb of the filing, and a sentence when done."""

import re
from datetime import date
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from apps.filings.models import Filing
from apps.filings.models.related import PrintOut
from apps.filings.models.transitions import TRANSITIONS, Commitment, Status
from apps.filings.paper import pdf, printing
from ydjy.desk.admin.modeladmin import admin_verb
from ydjy.desk.exceptions import Refused
from ydjy.lib.whole_numbers import whole_number

CHANGE, DECIDE = "filings.change_filing", "filings.decide_filing"
REASON = {"reason": "原因"}
_COMMAS = re.compile(r"[、，,；;\n]+")


def may(verb: str) -> Any:
    return lambda filing: filing.status in TRANSITIONS[verb]


def said(request: HttpRequest, name: str = "reason") -> str:
    return request.POST.get(name, "").strip()[:300]


def version(request: HttpRequest) -> int | None:
    """The version the page was opened with, where the page posts it."""
    return whole_number(request.POST.get("version"))


def day(request: HttpRequest, name: str) -> date | None:
    typed = said(request, name)
    if not typed:
        return None
    try:
        return date.fromisoformat(typed.replace("/", "-").replace(".", "-"))
    except ValueError as wrong:
        raise Refused(f"“{typed}”认不出是哪一天，请写成 2026-11-09 这样。") from wrong


@admin_verb(CHANGE, label="提交审核", when=may("submit"))
def submit(self: Any, request: HttpRequest, obj: Filing) -> str:
    obj.submit(by=request.user)
    return f"备案 {obj.number} 已提交，等另一个人审核。"


@admin_verb(DECIDE, label="审核通过", when=may("approve"))
def approve(self: Any, request: HttpRequest, obj: Filing) -> str:
    obj.approve(by=request.user, expected=version(request))
    return f"备案 {obj.number} 已通过。"


@admin_verb(DECIDE, label="不予备案", asks=REASON, when=may("reject"))
def reject(self: Any, request: HttpRequest, obj: Filing) -> str:
    obj.reject(by=request.user, reason=said(request), expected=version(request))
    return f"备案 {obj.number} 不予备案，原因已记下，请告诉参保人。"


@admin_verb(
    DECIDE,
    label="要求补正",
    asks={"items": "缺什么（用顿号隔开，一次说全）", "due_on": "哪天前补齐"},
    when=may("request_supplement"),
)
def request_supplement(self: Any, request: HttpRequest, obj: Filing) -> str:
    items = [item for item in _COMMAS.split(said(request, "items")) if item.strip()]
    obj.request_supplement(by=request.user, items=items, due_on=day(request, "due_on"))
    return f"备案 {obj.number} 等补正，请打印补正告知书。"


def _handed(request: HttpRequest, obj: Filing) -> dict[str, str]:
    """The papers ticked on the page: ``m-<key>`` is how each was handed in."""
    known = {row.key for row in obj.rulebook.materials}
    return {
        name[2:]: how
        for name, how in request.POST.items()
        if name.startswith("m-") and name[2:] in known and how in ("original", "copy")
    }


@admin_verb(
    DECIDE,
    label="提交专家合议",
    when=lambda f: may("refer_to_panel")(f) and f.variant.category.group == "emergency",
)
def refer_to_panel(self: Any, request: HttpRequest, obj: Filing) -> str:
    obj.refer_to_panel(by=request.user)
    return f"备案 {obj.number} 等专家合议。"


@admin_verb(DECIDE, label="合议符合", asks={"words": "合议结论"}, when=may("panel_decide"))
def panel_met(self: Any, request: HttpRequest, obj: Filing) -> str:
    return _concluded(request, obj, met=True)


@admin_verb(DECIDE, label="合议不符合", asks={"words": "合议结论"}, when=may("panel_decide"))
def panel_not_met(self: Any, request: HttpRequest, obj: Filing) -> str:
    return _concluded(request, obj, met=False)


def _concluded(request: HttpRequest, obj: Filing, *, met: bool) -> str:
    obj.panel_decide(by=request.user, met=met, words=said(request, "words"))
    found = "合议符合，按手工报销办理" if met else "合议不符合"
    return f"备案 {obj.number} {found}，请打印结果通知。"


@admin_verb(CHANGE, label="撤回", asks=REASON, when=may("withdraw"))
def withdraw(self: Any, request: HttpRequest, obj: Filing) -> str:
    obj.withdraw(by=request.user, reason=said(request))
    return f"备案 {obj.number} 已撤回。"


@admin_verb(
    CHANGE,
    label="变更",
    asks={"reason": "变更什么、为什么", "excuse": "还在变更限制期内的，特殊理由"},
    when=may("change"),
)
def begin_change(self: Any, request: HttpRequest, obj: Filing) -> HttpResponse:
    """The draft that will take this one's place, opened to be filled in."""
    draft = obj.change(
        by=request.user, reason=said(request), excuse=said(request, "excuse"),
        expected=version(request),
    )  # fmt: skip
    return redirect("admin:filings_filing_amend", draft.pk)


@admin_verb(CHANGE, label="照抄成新草稿", when=may("copy"))
def copy(self: Any, request: HttpRequest, obj: Filing) -> HttpResponse:
    """One that was refused or taken back, opened as a draft with all that was typed."""
    draft = obj.copy(by=request.user, expected=version(request))
    return redirect("admin:filings_filing_amend", draft.pk)


@admin_verb(
    CHANGE,
    label="申请撤销",
    asks=REASON,
    when=lambda f: may("ask_revoke")(f) and f.revoke_asked_by_id is None,
)
def ask_revoke(self: Any, request: HttpRequest, obj: Filing) -> str:
    obj.ask_revoke(by=request.user, reason=said(request), expected=version(request))
    return f"备案 {obj.number} 已申请撤销，等另一个人办。"


@admin_verb(DECIDE, label="撤销", asks=REASON, when=may("revoke"))
def revoke(self: Any, request: HttpRequest, obj: Filing) -> str:
    obj.revoke(by=request.user, reason=said(request), expected=version(request))
    return f"备案 {obj.number} 已撤销。"


@admin_verb(DECIDE, label="恢复（冲撤销）", asks=REASON, when=may("restore"))
def restore(self: Any, request: HttpRequest, obj: Filing) -> str:
    obj.restore(by=request.user, reason=said(request))
    return f"备案 {obj.number} 已恢复。"


@admin_verb(DECIDE, label="停用", asks=REASON, when=may("suspend"))
def suspend(self: Any, request: HttpRequest, obj: Filing) -> str:
    obj.suspend(by=request.user, reason=said(request))
    return f"备案 {obj.number} 已停用。"


@admin_verb(DECIDE, label="启用", when=may("resume"))
def resume(self: Any, request: HttpRequest, obj: Filing) -> str:
    obj.resume(by=request.user)
    return f"备案 {obj.number} 已启用。"


@admin_verb(DECIDE, label="冲正（审错了）", asks=REASON, when=may("reverse"))
def reverse_decision(self: Any, request: HttpRequest, obj: Filing) -> str:
    obj.reverse(by=request.user, reason=said(request))
    return f"备案 {obj.number} 退回待审核。"


@admin_verb(
    CHANGE,
    label="已上报国家平台",
    when=lambda f: may("mark_uploaded")(f) and not f.uploaded,
)
def mark_uploaded(self: Any, request: HttpRequest, obj: Filing) -> str:
    obj.mark_uploaded(by=request.user)
    return f"备案 {obj.number} 记为已上报。"


def _promised(filing: Filing) -> bool:
    return may("settle_commitment")(filing) and filing.commitment_status == Commitment.PENDING


@admin_verb(CHANGE, label="承诺的材料已补齐", when=_promised)
def commitment_kept(self: Any, request: HttpRequest, obj: Filing) -> str:
    obj.settle_commitment(by=request.user, kept=True, words="")
    return f"备案 {obj.number} 的承诺已兑现。"


@admin_verb(DECIDE, label="记为失信", asks=REASON, when=_promised)
def commitment_broken(self: Any, request: HttpRequest, obj: Filing) -> str:
    obj.settle_commitment(by=request.user, kept=False, words=said(request))
    return f"备案 {obj.number} 的承诺记为失信，要不要撤销请另行决定。"


@admin_verb(
    CHANGE,
    label="容缺的材料已补齐",
    when=lambda f: may("settle_lacking")(f) and f.lacking_due_on is not None,
)
def lacking_settled(self: Any, request: HttpRequest, obj: Filing) -> str:
    later = {key: "copy" for key, how in obj.handed.items() if how == "later"}
    obj.settle_lacking(by=request.user, handed=_handed(request, obj) or later)
    return f"备案 {obj.number} 的容缺材料已记下。"


@admin_verb(
    CHANGE,
    label="登记出院",
    asks={"on": "出院日期"},
    when=lambda f: may("discharge")(f) and f.variant.this_stay_only and f.discharge_on is None,
)
def discharge(self: Any, request: HttpRequest, obj: Filing) -> str:
    obj.discharge(by=request.user, on=day(request, "on") or timezone.localdate())
    return f"备案 {obj.number} 已登记出院。"


@admin_verb(
    CHANGE,
    label="待遇正常，已核对",
    when=lambda f: f.status in (Status.PENDING, Status.APPROVED),
)
def check_benefits(self: Any, request: HttpRequest, obj: Filing) -> str:
    obj.check_benefits(by=request.user)
    return f"备案 {obj.number}：已记下今天核对过，正常享受待遇。"


# Paper -------------------------------------------------------------------------------------------


@admin_verb((CHANGE, DECIDE))
def print_copy(self: Any, request: HttpRequest, obj: Filing) -> HttpResponse:
    """One more copy: counted, written down, and shown as it will be on paper."""
    form = request.POST.get("form", "")
    if form not in PrintOut.Form.values:
        raise Http404
    printing.copy(obj, form, by=request.user)
    return redirect(reverse("admin:filings_filing_paper", args=[obj.pk]) + f"?form={form}")


@admin_verb((CHANGE, DECIDE), methods=("GET",))
def paper(self: Any, request: HttpRequest, obj: Filing) -> HttpResponse:
    """The last print of a form, to be printed from the browser or taken as a PDF."""
    last = printing.latest(obj, request.GET.get("form", ""))
    if last is None:
        raise Http404
    if request.GET.get("as") == "pdf":
        answer = HttpResponse(pdf.render(last), content_type="application/pdf")
        answer["Content-Disposition"] = f'attachment; filename="{obj.number}-{last.form}.pdf"'
        return answer
    context = printing.context(last) | {"filing": obj}
    return TemplateResponse(request, printing.SHEET, context)
