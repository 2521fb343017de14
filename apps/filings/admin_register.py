"""Registering a filing: the page, what it shows beside the form, and what its buttons do."""

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from apps.filings import admin_attachments, attachments, policybook, printing, requirements
from apps.filings.beside import PrintOut
from apps.filings.catalogue import Variant
from apps.filings.models import Filing
from apps.filings.query import CERT_INDEX
from apps.filings.registering import AGENT, OWED, PERSON, STAY, RegisterForm
from apps.filings.rulebook import Rules
from apps.institutions import asking
from apps.institutions.models import Institution, ReferralRight
from apps.offices.models import Channel
from ydjy.desk import reading
from ydjy.desk.adminkit import admin_verb
from ydjy.desk.people import PREFIX
from ydjy.desk.secrets import Sealed, blind_index
from ydjy.desk.verbs import Refused, Stale
from ydjy.lib.wholenumbers import whole_number

EARLIER = 8
SAVING = ("draft", "submit")
PLAIN = (
    *("cert_type", "cert_no", "name", "insutype", "person_status", "insured_area", "phone"),
    *("psn_no", "variant", "channel", "office", "destination", "residence", "start_on", "end_on"),
    *("open_ended", *STAY, "posting_months", "relation", "relative", "relative_document"),
    *("guardian_insured_there", "diagnosis", "issuer_confirmed", "certificate_no"),
    *("certificate_on", *OWED),
)
SECTIONS = (
    ("随谁居住", ("relation", "relative", "relative_document")),
    ("监护人", ("guardian_number", "guardian_insured_there")),
    ("工作", ("posting_months",)),
    (
        "就医地和期限",
        ("place", "destination", "residence", "start_on", "end_on", "open_ended", *STAY),
    ),
    ("病情", ("groups", "diagnosis")),
)


@admin_verb("filings.add_filing", methods=("GET", "POST"), row=False)
def enter(self: Any, request: HttpRequest) -> HttpResponse:
    """A new filing. ``?kind=`` opens the form of one kind; nothing of a person is in an address."""
    return _screen(self, request, None)


@admin_verb(
    "filings.change_filing",
    methods=("GET", "POST"),
    when=lambda filing: filing.status == Filing.Status.DRAFT,
)
def amend(self: Any, request: HttpRequest, obj: Filing) -> HttpResponse:
    """A draft filled in further, such as that of a 变更."""
    if obj.status != Filing.Status.DRAFT:
        raise Refused("已经提交的备案不能直接改，请用页面上的按钮。")
    return _screen(self, request, obj)


def _screen(self: Any, request: HttpRequest, draft: Filing | None) -> HttpResponse:
    staff, do = request.user, request.POST.get("do", "look")
    rules = _rules(request, draft)
    if request.method != "POST":
        form = RegisterForm(initial=_initial(request, draft, rules), staff=staff, rules=rules)
        return _page(self, request, form, draft)
    typed = _with_defaults(request, draft, rules)
    form = RegisterForm(typed, staff=staff, rules=rules)
    good = form.is_valid()
    if number := form.cleaned_data.get("cert_no"):
        typed["cert_no"] = number
    if do not in SAVING or not rules or not good:
        return _page(self, request, form, draft, complain=do in SAVING)
    try:
        with transaction.atomic():
            filing = _save(request, form, draft, submit=do == "submit")
    except Stale as stale:  # what was typed stays; the next press goes over the newer version
        typed["version"] = stale.row.version
        theirs = differs(form, stale.row)
        return _page(self, request, form, draft, error=str(stale), theirs=theirs)
    except Refused as refused:
        return _page(self, request, form, draft, error=str(refused))
    if do == "draft":
        messages.success(request, f"备案 {filing.number} 存为草稿，还没有提交。")
        return redirect("admin:filings_filing_change", filing.pk)
    printing.copy(filing, PrintOut.Form.RECEIPT, by=staff)
    messages.success(request, f"备案 {filing.number} 已提交，等另一个人审核。")
    return redirect(reverse("admin:filings_filing_paper", args=[filing.pk]) + "?form=receipt")


def _with_defaults(request: HttpRequest, draft: Filing | None, rules: Rules | None) -> QueryDict:
    """What was posted; fields that the chosen kind has just brought begin with their defaults."""
    typed = request.POST.copy()
    for name, value in _initial(request, draft, rules).items():
        unticked = isinstance(value, bool | list)  # a box left open is an answer too
        if name not in typed and not unticked and value not in (None, "") and name != "version":
            typed[name] = str(getattr(value, "pk", value))
    return typed


def _rules(request: HttpRequest, draft: Filing | None) -> Rules | None:
    """Those of the chosen kind as they stand on the day of admission, else today."""
    chosen = request.POST.get("variant") or request.GET.get("kind", "")
    rows = policybook.variants()
    if (key := whole_number(chosen)) is not None:
        found = rows.filter(pk=key).first()  # type: ignore[attr-defined]
    else:
        found = rows.filter(code=chosen).first() if chosen else None  # type: ignore[attr-defined]
    if found is None and draft is not None:
        found = rows.get(pk=draft.variant_id)  # type: ignore[attr-defined]
    return policybook.rules_of(found) if found else None


def _initial(request: HttpRequest, draft: Filing | None, rules: Rules | None) -> dict[str, Any]:
    today = timezone.localdate()
    if draft is None:
        office = request.user.office
        area = office.area if office and not office.municipal else None
        kind = Variant.objects.filter(code=rules.code).first() if rules else None
        ways = [row.code for row in rules.channels] if rules else []
        way = "window" if not ways or "window" in ways else ways[0]
        return {
            "start_on": today,
            "office": office,
            "insured_area": area,
            "variant": kind,
            "channel": Channel.objects.filter(code=way).first(),
        }
    values: dict[str, Any] = {name: getattr(draft, name) for name in PLAIN if name != "version"}
    for name in ("cert_no", "phone", "psn_no", "residence", "relative", "relative_document"):
        values[name] = draft.clear(name)
    values |= {f"m-{key}": how for key, how in draft.handed.items()}
    return values | {
        "diagnosis": draft.clear("diagnosis"),
        "place": draft.destination_name,
        "groups": draft.disease_groups,
        "institution": draft.referral_institution_id,
        "guardian_number": draft.guardian_filing.number if draft.guardian_filing else "",
        "version": draft.version,
        "excuse_eligibility": draft.excused.get("eligibility", ""),
        "excuse_channel": draft.excused.get("channel", ""),
    }


def differs(form: RegisterForm, row: Filing) -> list[tuple[str, str]]:
    """Where the newer row says something else than what was typed: (label, what it says)."""
    found = []
    for name in PLAIN:
        if name not in form.cleaned_data or name in ("cert_no", "version"):
            continue
        theirs = getattr(row, name)
        shown = theirs.reveal() if isinstance(theirs, Sealed) and theirs else theirs or ""
        if str(shown) != str(form.cleaned_data[name] or ""):
            found.append((str(form.fields[name].label), str(shown)))
    return found


# Saving ------------------------------------------------------------------------------------------


def _save(
    request: HttpRequest, form: RegisterForm, draft: Filing | None, *, submit: bool
) -> Filing:
    values, by = values_of(form), request.user
    values |= _issuer(form)
    if draft is None:
        filing = Filing.register(by=by, agents=_agents(form), **values)
    else:
        filing = draft
        filing.edited(by=by, expected=form.cleaned_data.get("version"), **values)
        for agent in _agents(form):
            filing.agents.create(**agent)
    for material, file in admin_attachments.chosen(request):
        attachments.attach(filing, material, file.read(), by=by)
    if submit:
        filing.submit(by=by)
    return filing


def values_of(form: RegisterForm) -> dict[str, Any]:
    """The columns that the form fills in; what the kind does not ask for is blank."""
    data = form.cleaned_data
    values = {name: data[name] for name in PLAIN if name in data}
    excused = {
        rule: data[f"excuse_{rule}"]
        for rule in ("eligibility", "channel")
        if data.get(f"excuse_{rule}")
    }
    return values | {
        "born": data.get("born"),
        "handed": form.handed,
        "excused": excused,
        "disease_groups": data.get("groups", []),
        "guardian_filing": data.get("guardian_number"),
        "settlement_mode": "manual" if data.get("settled") else "pending",
        "in_catalogue": None
        if form.rules is None or form.rules.group != "referral"
        else not form.rules.certificate_needed,
    }


def _agents(form: RegisterForm) -> list[dict[str, str]]:
    data = form.cleaned_data
    if not data.get("agent_person"):
        return []
    return [{name.removeprefix("agent_"): data[name] for name in AGENT}]


# 转诊: who may write the certificate --------------------------------------------------------------


def hospitals(form: RegisterForm) -> dict[str, Any]:
    """The hospitals for the groups ticked: yes, to be asked, and no with the reason (J6)."""
    rules, data = form.rules, getattr(form, "cleaned_data", {})
    if rules is None or not rules.certificate_needed or not ReferralRight.objects.exists():
        return {}
    day = data.get("start_on") or timezone.localdate()
    area = data.get("insured_area") or ""
    try:
        _, answer = asking.ask(area, data.get("groups") or [], day)
    except Refused as refused:
        return {"note": str(refused)}
    return {"yes": answer.yes, "ask": answer.ask, "no": answer.no, "note": answer.note}


def _issuer(form: RegisterForm) -> dict[str, Any]:
    """What the scope says of the hospital that was chosen, by mark or by name."""
    found = hospitals(form)
    if "yes" not in found:
        return {}
    hospital, verdict, reason = chosen_hospital(form, found)
    return {"referral_institution": hospital, "issuer": verdict, "issuer_reason": reason[:200]}


def chosen_hospital(
    form: RegisterForm, found: dict[str, Any]
) -> tuple[Institution | None, str, str]:
    """(hospital, yes/ask/no or blank, reason) of what is ticked or typed."""
    typed = form.cleaned_data.get("institution_name", "")
    marked = form.data.get("institution", "")
    hospital = Institution.objects.named(typed) if typed else None
    if hospital is None and not typed:
        hospital = Institution.objects.filter(pk=whole_number(marked)).first()
    if hospital is None:
        return None, "no" if typed else "", f"“{typed}”不在转诊医院名单里" if typed else ""
    if hospital in found["yes"]:
        return hospital, "yes", ""
    for verdict in ("ask", "no"):
        for other, reason in found[verdict]:
            if other == hospital:
                return hospital, verdict, reason
    return hospital, "no", f"{hospital}没有转诊资格"


# The page ----------------------------------------------------------------------------------------


def _page(
    self: Any,
    request: HttpRequest,
    form: RegisterForm,
    draft: Filing | None,
    *,
    complain: bool = False,
    error: str = "",
    theirs: list[tuple[str, str]] | None = None,
) -> HttpResponse:
    bound, rules = form.is_bound, form.rules
    if bound and not complain:
        _forgive_blanks(form)
    found = hospitals(form) if bound else {}
    named = chosen_hospital(form, found) if "yes" in found else (None, "", "")
    if request.FILES:
        messages.warning(request, "照片要在按“保存”或“存为草稿”时才收，请那时再选一次。")
    context = self.admin_site.each_context(request) | {
        "title": f"改草稿 {draft.number}" if draft else "登记备案",
        "opts": self.opts,
        "form": form,
        "draft": draft,
        "rules": rules,
        "error": error,
        "theirs": theirs or [],
        "person": [form[name] for name in PERSON],
        "sections": _sections(form),
        "agent": [form[name] for name in AGENT if name in form.fields],
        "owed": [form[name] for name in OWED if name in form.fields],
        "excuses": [form[n] for n in form.fields if n.startswith("excuse_")],
        "about": form.age_words(timezone.localdate()) if bound else "",
        "earlier": _earlier(request, form) if bound else [],
        "verdict": _verdict(form) if bound and rules else None,
        "choice": _choice(form),
        "hospitals": found,
        "named": named,
        "kinds": _kinds(form),
        "photo_types": ",".join(kind.media for kind in attachments.KINDS),
    }
    return TemplateResponse(request, "admin/filings/filing/register.html", context)


def _forgive_blanks(form: RegisterForm) -> None:
    """Not asked to save yet: what is blank is no mistake."""
    for name in [n for n in form.errors if not form.data.get(n)]:
        del form.errors[name]


def _sections(form: RegisterForm) -> list[tuple[str, list[Any]]]:
    found = []
    for title, names in SECTIONS:
        if fields := [form[name] for name in names if name in form.fields]:
            found.append((title, fields))
    return found


def _kinds(form: RegisterForm) -> list[Variant]:
    return list(form.fields["variant"].queryset) if form.rules is None else []


def _earlier(request: HttpRequest, form: RegisterForm) -> list[Filing]:
    """The person's filings in the own offices, newest first; looking is written down."""
    number = form.cleaned_data.get("cert_no")
    if not number:
        return []
    index = blind_index(CERT_INDEX, number)
    if request.POST.get("do", "look") == "look":
        reading.record_search(request.user, Filing, PREFIX + index)
    rows = Filing.objects.of_person(index).visible_to(request.user)
    found = list(rows.select_related("variant__category").order_by("-created_at")[:EARLIER])
    today = timezone.localdate()
    for row in found:
        row.now = row.condition_on(today) or row.get_status_display()  # type: ignore[attr-defined]
    return found


def _verdict(form: RegisterForm) -> requirements.Verdict | None:
    """What the rules say so far, before anything is saved."""
    needed = ("start_on", "destination", "insured_area", "channel", "cert_no", "office")
    if any(not form.cleaned_data.get(name) for name in needed):
        return None
    filing = Filing(
        **{**values_of(form), **_issuer(form), "created_by_id": 0, "origin": Filing.Origin.DESK}
    )
    filing.born = form.identity.birth_date if form.identity else form.cleaned_data.get("born")
    return filing.verdict()


def _choice(form: RegisterForm) -> requirements.Choice | None:
    """Two rules of one category that disagree: both, and which decides (trap 24)."""
    data = getattr(form, "cleaned_data", {})
    place, area = data.get("destination"), data.get("insured_area")
    variant = data.get("variant")
    if not (place and area and variant):
        return None
    day = data.get("admission_on") or timezone.localdate()
    choice = policybook.choice(variant.category, day, area, place)
    return choice if choice.passed_over else None
