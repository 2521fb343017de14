"""What is printed of a filing: a sheet frozen at the first print, so that a reprint is the same.

:func:`contents` gathers what a form says from the filing as it stands; :func:`copy` keeps the
sheet, values and wording alike, with the filing's version and counts the copies. The wordings are
``templates/admin/filings/print``, each in one place; ``sheet.html`` is the page around them,
on the screen, on paper and in the PDF (``pdf.py``). The wording of the promise is ours until the
province's annex 2 is at hand.
"""

from collections.abc import Callable
from datetime import date
from typing import Any

from django.db import transaction
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import mark_safe

from apps.filings.models import Filing
from apps.filings.models.catalogue import Category
from apps.filings.models.related import Agent, PrintOut
from apps.filings.models.transitions import Status
from apps.filings.paper.blank import WORDING
from apps.filings.rules import judge as rules_judge
from apps.filings.rules.ruleset import MaterialRow
from apps.offices.models import Hotline
from ydjy.desk.audit import access_log
from ydjy.desk.crypto.fields import opened
from ydjy.desk.exceptions import Refused, must
from ydjy.lib import divisions, idnumbers

SHEET = "admin/filings/print/sheet.html"
Form = PrintOut.Form
DECIDED = (Status.APPROVED, Status.REJECTED, Status.REVOKED, Status.CHANGED, Status.SUSPENDED)
OWED = {rules_judge.LATER: "可以后补", rules_judge.PROMISE: "已签承诺书"}
_PROMISED = "还没有签承诺书，也没有用承诺代替的材料，不用打印个人承诺书。"


@transaction.atomic
def copy(filing: Filing, form: str, *, by: Any) -> PrintOut:
    """One more copy on paper: the first of an edition freezes what it says."""
    kind = Form(form)
    possible(filing, kind)
    out = PrintOut.objects.select_for_update().filter(
        filing=filing, form=kind, edition=filing.version
    )
    paper = out.first() or PrintOut(
        filing=filing,
        form=kind,
        edition=filing.version,
        wording=WORDING,
        made_by=by,
        contents=_sheet(filing, kind),
    )
    paper.copies += 1
    paper.save()
    filing.events.create(
        at=timezone.now(),
        by=by,
        verb="print",
        before=filing.status,
        after=filing.status,
        words=f"{kind.label}，第 {paper.copies} 份",
    )
    access_log.record(by, filing, f"打印{kind.label}")
    return paper


def latest(filing: Filing, form: str) -> PrintOut | None:
    return filing.printouts.filter(form=form).first()


def possible(filing: Filing, form: PrintOut.Form) -> None:
    """``Refused`` where there is nothing yet that the form could say."""
    if form == Form.RECEIPT:
        must(filing.status not in (Status.DRAFT,), "还没有提交，不能打印受理回执。")
    if form == Form.SUPPLEMENT:
        must(filing.status == Status.SUPPLEMENT, "没有要补正的材料，不用打印补正告知书。")
    if form == Form.RESULT:
        must(filing.status in DECIDED, "还没有审核，不能打印结果通知。")
    if form == Form.PROMISE:
        promised = rules_judge.PROMISE in filing.handed.values()
        must(promised or filing.commitment_signed_on, _PROMISED)


def offered(filing: Filing) -> list[PrintOut.Form]:
    """The forms that can be printed of it now."""
    found = []
    for form in Form:
        try:
            possible(filing, form)
        except Refused:
            continue
        found.append(form)
    return found


def _sheet(filing: Filing, form: PrintOut.Form) -> dict[str, Any]:
    """The form as it will lie on the table: every word of it, whatever the wording becomes."""
    said = contents(filing, form)
    words = render_to_string(f"admin/filings/print/{form}.html", {"c": said})
    return {"title": said["title"], "number": said["number"], "sheet": words}


# What the forms say ------------------------------------------------------------------------------


def contents(filing: Filing, form: PrintOut.Form) -> dict[str, Any]:
    """Plain values, all of them text: nothing of the page is looked up again later."""
    now = timezone.localtime()
    whole = {
        "title": str(form.label),
        "wording": WORDING,
        "number": filing.number,
        "office": str(filing.office),
        "hotline": hotline(filing),
        "printed_on": _day(now.date()),
        "printed_at": f"{now:%Y-%m-%d %H:%M}",
        "clerk": str(filing.created_by),
        "reviewer": str(filing.decided_by or ""),
        "kind": str(filing.variant),
        "place": filing.destination_name,
        "start_on": _day(filing.start_on),
        "end_on": _until(filing),
        "period": f"{_day(filing.start_on)}起，{_ends(filing)}",
        **_person(filing),
    }
    return whole | MORE[form](filing)


def _person(filing: Filing) -> dict[str, Any]:
    number = filing.clear("cert_no")
    return {
        "name": filing.name,
        "sex": _sex(number),
        "insurance": rules_judge.INSURANCE_WORDS.get(filing.insutype, filing.insutype),
        "cert_type": filing.cert_type or "证件",
        "boxes": list(number.ljust(18)) if len(number) <= 18 else [number],
        "cert_no": number,
        "phone": filing.clear("phone"),
        "insured": divisions.full_name(filing.insured_division),
        "residence": filing.clear("residence"),
    }


def _sex(number: str) -> str:
    try:
        return idnumbers.parse(number).sex
    except idnumbers.IdNumberError:
        return ""


def _filing(filing: Filing) -> dict[str, Any]:
    category = filing.variant.category_id
    kinds = Category.objects.filter(active=True) | Category.objects.filter(pk=category)
    agent = filing.agents.first()
    return {
        "kinds": [(one.name, one.pk == category) for one in kinds.distinct().order_by("order")],
        "variant": filing.variant.name,
        "papers": _papers(filing),
        "beside_what": "监护人" if filing.rulebook.guardian_needed else "随同人",
        "beside": _beside(filing),
        "referral": _referral(filing),
        "agent": _agent(agent) if agent else "",
        "agent_phone": agent.phone.reveal() if agent and agent.phone else "",
        "admission_on": _day(filing.admission_on),
        "settlement": str(filing.get_settlement_mode_display()),
    }


def _agent(agent: Agent) -> str:
    relation = f"（{agent.relation}）" if agent.relation else ""
    return f"{agent.person.reveal()}{relation}"


def _beside(filing: Filing) -> str:
    """With whom the person lives there, or by whose filing a minor goes (D-F05, D-F09)."""
    if filing.guardian_filing:
        return f"备案编号 {filing.guardian_filing.number}"
    if filing.guardian_insured_there:
        return "在就医地参加职工医保"
    name, number = filing.clear("relative"), filing.clear("relative_document")
    return "，".join(part for part in (name, filing.relation, number) if part)


def _referral(filing: Filing) -> str:
    parts = (
        str(filing.referral_institution or ""),
        f"编号 {filing.certificate_no}" if filing.certificate_no else "",
        _day(filing.certificate_on),
    )
    return "，".join(part for part in parts if part)


def _papers(filing: Filing) -> list[tuple[str, bool]]:
    """Every paper the kind asks for, ticked when it was handed in; ours are ticked already."""
    done = (rules_judge.ORIGINAL, rules_judge.COPY)
    rows = filing.rulebook.materials
    papers = [(r.words, r.auto_generated or filing.handed.get(r.key) in done) for r in rows]
    if rules_judge.PROMISE in filing.handed.values():
        papers.append(("个人承诺书", True))
    return papers


def _promise(filing: Filing) -> dict[str, Any]:
    rows = filing.rulebook.materials
    owed = [row.words for row in rows if filing.handed.get(row.key) == rules_judge.PROMISE]
    return {"owed": "、".join(owed), "due_on": _day(filing.commitment_due_on)}


def _receipt(filing: Filing) -> dict[str, Any]:
    at = timezone.localtime(filing.submitted_at or filing.created_at)
    return {
        "accepted": f"{at:%Y年%-m月%-d日 %H:%M}",
        "papers": [words for words, there in _papers(filing) if there],
        "asked": bool(filing.rulebook.groups),
        "owed": _owed(filing),
        "review_due_on": _day(filing.review_due_on),
        "channel": str(filing.channel),
        "manual": filing.settlement_mode == Filing.SettlementMode.MANUAL,
    }


def _checklist(filing: Filing) -> dict[str, Any]:
    """一次性告知书: everything the kind asks for, in groups, ticked where a paper has come. The
    note of the rules is for the clerk and is not printed."""
    rules = filing.rulebook
    return {
        "people": filing.variant.category.people,
        "groups": [_group(filing, group) for group in rules.groups.values()],
        "owed": _owed(filing),
        "ways": [row.name for row in rules.channels],
        "basis": rules.basis,
    }


def _group(filing: Filing, group: tuple[MaterialRow, ...]) -> dict[str, Any]:
    how = [filing.handed.get(row.key, "") for row in group]
    later = next((OWED[one] for one in how if one in OWED), "")
    came = bool({*how} & {rules_judge.ORIGINAL, rules_judge.COPY})
    words = [row.words for row in group]
    return {"any": len(group) > 1, "rows": words, "came": came, "how": later}


def _owed(filing: Filing) -> list[dict[str, Any]]:
    """容缺 and 承诺, each with its own day."""
    found = []
    days = {rules_judge.LATER: filing.lacking_due_on}
    days[rules_judge.PROMISE] = filing.commitment_due_on
    for how, due_on in days.items():
        rows = [row for row in filing.rulebook.materials if filing.handed.get(row.key) == how]
        if rows:
            what = [row.words for row in rows]
            found.append({"what": what, "how": OWED[how], "due_on": _day(due_on)})
    return found


def _supplement(filing: Filing) -> dict[str, Any]:
    return {"items": filing.supplement_items, "due_on": _day(filing.supplement_due_on)}


def _result(filing: Filing) -> dict[str, Any]:
    good = filing.status == Status.APPROVED
    return {
        "good": good,
        "status": str(filing.get_status_display()),
        "reason": filing.reason.rstrip("。"),
        "settlement": str(filing.get_settlement_mode_display()),
        "manual": filing.settlement_mode == Filing.SettlementMode.MANUAL,
        "panel": filing.panel_words.rstrip("。"),
        "emergency": filing.variant.category.group == Category.Group.EMERGENCY,
        "backfill": filing.is_backfill,
        "discharged": filing.discharge_on is not None,
        "decided_on": _day(_done_on(filing)),
    }


def _done_on(filing: Filing) -> date | None:
    """The day of what the notice tells: of the review, or of what ended the filing since."""
    ended = filing.status not in (Status.APPROVED, Status.REJECTED)
    last = filing.events.filter(after=filing.status).exclude(before=filing.status).first()
    at = last.at if ended and last else filing.decided_at
    return timezone.localdate(at) if at else None


MORE: dict[PrintOut.Form, Callable[[Filing], dict[str, Any]]] = {
    Form.FILING: _filing,
    Form.PROMISE: _promise,
    Form.RECEIPT: _receipt,
    Form.CHECKLIST: _checklist,
    Form.SUPPLEMENT: _supplement,
    Form.RESULT: _result,
}


def context(paper: PrintOut) -> dict[str, Any]:
    """What :data:`SHEET` is given. The kept words are our own template's, escaped when written,
    and sealed since: nobody can have put a tag into them."""
    kept = opened(paper.contents)
    return {"c": kept | {"sheet": mark_safe(kept["sheet"])}, "paper": paper}  # noqa: S308


def hotline(filing: Filing) -> str:
    """The number under which the person asks: the office's own, else the city's."""
    rows = Hotline.objects.filter(published=True)
    own = rows.filter(office=filing.office).first()
    found = own or rows.filter(office__parent=None).first() or rows.first()
    return found.display if found else ""


def _day(day: date | None) -> str:
    return rules_judge.in_words(day) if day else ""


def _ends(filing: Filing) -> str:
    """The end as it stands behind 起: 至2027年5月10日止."""
    return f"至{_day(filing.end_on)}止" if filing.end_on else _until(filing)


def _until(filing: Filing) -> str:
    if filing.end_on:
        return _day(filing.end_on)
    return "本次住院出院为止" if filing.variant.this_stay_only else "长期"
