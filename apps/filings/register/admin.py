"""Registering a filing: the page, what it shows beside the form, and what its buttons do."""

import re
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import DataError, IntegrityError, transaction
from django.db.models import Count
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from apps.filings.models import Filing, attachment
from apps.filings.models.catalogue import Variant
from apps.filings.models.querysets import CERT_INDEX
from apps.filings.models.related import PrintOut
from apps.filings.models.transitions import EDITABLE
from apps.filings.paper import printing
from apps.filings.register import admin_attachments, issuers
from apps.filings.register.forms import AGENT, OWED, PERSON, RegisterForm, blank_of, propose_start
from apps.filings.rules import judge as rules_judge
from apps.filings.rules import loader as rules_loader
from apps.filings.rules.application import COPY, LATER
from apps.filings.rules.ruleset import STAY, Rules
from apps.offices.models import Channel, Office
from ydjy.desk.admin.modeladmin import admin_verb
from ydjy.desk.admin.person_search import PREFIX
from ydjy.desk.audit import access_log
from ydjy.desk.crypto.fields import Sealed, blind_index
from ydjy.desk.exceptions import Refused, Stale
from ydjy.lib.whole_numbers import whole_number

EARLIER = 8
EXCUSES = ("eligibility", "channel", "plausible")
SAVING = ("draft", "submit")
_AT_ODDS = "这些内容互相矛盾，没有保存。请逐项核对日期、类别和材料，改好后再保存。"
PLAIN = (
    *("cert_type", "cert_no", "name", "insutype", "person_status", "insured_area", "phone"),
    *("psn_no", "variant", "channel", "office", "destination", "residence", "start_on", "end_on"),
    *("open_ended", *STAY, "posting_months", "relation", "relative", "relative_document"),
    *("guardian_insured_there", "diagnosis", "issuer_confirmed", "certificate_no"),
    *("certificate_on", *OWED),
)
_KIND = re.compile("[-\\w]{1,60}", re.ASCII)
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
    when=lambda filing: filing.status in EDITABLE,
)
def amend(self: Any, request: HttpRequest, obj: Filing) -> HttpResponse:
    """A draft filled in further, such as that of a 变更; or what was sent back for 补正."""
    if obj.status not in EDITABLE:
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
    form.is_valid()
    if number := form.cleaned_data.get("cert_no"):
        typed["cert_no"] = number
    photos = [key for key, _ in admin_attachments.chosen(request)]
    error = _judged(form, draft, photos, do == "submit") if do in SAVING and rules else ""
    if do not in SAVING or not rules or error or form.errors:
        return _page(self, request, form, draft, complain=do in SAVING, error=error)
    try:
        with transaction.atomic():
            filing = _save(request, form, draft, submit=do == "submit")
    except Stale as stale:  # what was typed stays; the next press goes over the newer version
        typed["version"] = stale.row.version
        theirs = differs(form, stale.row)
        return _page(self, request, form, draft, error=str(stale), theirs=theirs)
    except Refused as refused:
        return _page(self, request, form, draft, error=str(refused))
    except (IntegrityError, DataError):  # the words of the engine hold the row: not for a page
        return _page(self, request, form, draft, error=_AT_ODDS)
    return _saved(request, filing, submitted=do == "submit")


def _saved(request: HttpRequest, filing: Filing, *, submitted: bool) -> HttpResponse:
    if not submitted:
        kept = "存为草稿" if filing.status == Filing.Status.DRAFT else "已保存"
        messages.success(request, f"备案 {filing.number} {kept}，还没有提交。")
        return redirect("admin:filings_filing_change", filing.pk)
    printing.copy(filing, PrintOut.Form.RECEIPT, by=request.user)
    messages.success(request, f"备案 {filing.number} 已提交，等另一个人审核。")
    return redirect(reverse("admin:filings_filing_paper", args=[filing.pk]) + "?form=receipt")


def _judged(form: RegisterForm, draft: Filing | None, photos: list[str], submit: bool) -> str:
    """Judged before it is written: by the constraints of the table, and for handing in by the
    rules. What has a field is told there; the rest is returned as a sentence. A photograph is a
    copy of its paper."""
    if form.errors:
        return ""
    filing = _unsaved(form, draft)
    seen = [key for key in photos if filing.handed.get(key, LATER) == LATER]
    filing.handed = {**filing.handed, **dict.fromkeys(seen, COPY)}
    try:
        filing.validate_constraints()
    except ValidationError as problem:
        form.refuse(problem)
    verdict = filing.verdict() if submit and not form.errors else None
    if verdict is None:
        return ""
    for one in verdict.refusals:
        if one.field in form.fields:
            form.add_error(one.field, one.words)
    return "".join(one.words for one in verdict.refusals if one.field not in form.fields)


def _unsaved(form: RegisterForm, draft: Filing | None) -> Filing:
    """The filing as it would be, for looking at."""
    values = values_of(form) | issuers.chosen(form, issuers.offered(form)).columns
    filing = Filing(**values, created_by_id=0, origin=Filing.Origin.DESK)
    filing.cert_index = blind_index(CERT_INDEX, filing.clear("cert_no"))
    filing.born = form.identity.birth_date if form.identity else values["born"]
    if draft is not None:
        filing.pk, filing.previous_id = draft.pk, draft.previous_id
        filing.submitted_at = draft.submitted_at
        filing.rules = draft.rules if draft.variant_id == filing.variant_id else {}
    return filing


def _with_defaults(request: HttpRequest, draft: Filing | None, rules: Rules | None) -> QueryDict:
    """What was posted; fields that the chosen kind has just brought begin with their defaults."""
    typed = request.POST.copy()
    for name, value in _initial(request, draft, rules).items():
        unticked = isinstance(value, bool | list)  # a box left open is an answer too
        if name not in typed and not unticked and value not in (None, "") and name != "version":
            typed[name] = str(getattr(value, "pk", value))
    propose_start(typed)
    return typed


def _rules(request: HttpRequest, draft: Filing | None) -> Rules | None:
    """Those of the chosen kind as they stand on the day of admission, else today."""
    chosen = request.POST.get("variant") or request.GET.get("kind", "")
    number = whole_number(chosen)
    key = {"code": chosen} if number is None else {"pk": number}
    rows = rules_loader.variants()
    found = rows.filter(**key).first() if _KIND.fullmatch(chosen) else None  # type: ignore[attr-defined]
    if draft is not None and found in (None, draft.variant):
        return draft.rulebook
    return rules_loader.rules_of(found) if found else None


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
        **{f"excuse_{rule}": draft.excused.get(rule, "") for rule in EXCUSES},
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
    values |= issuers.chosen(form, issuers.offered(form)).columns
    if draft is None:
        filing = Filing.register(by=by, agents=_agents(form), **values)
    else:
        filing = draft
        filing.edited(by=by, expected=form.cleaned_data.get("version"), **values)
        for agent in _agents(form):
            filing.agents.create(**agent)
    for material, file in admin_attachments.chosen(request):
        attachment.attach(filing, material, file.read(), by=by)
    if submit and filing.status == Filing.Status.SUPPLEMENT:
        filing.resubmit(by=by)
    elif submit:
        filing.submit(by=by)
    return filing


def values_of(form: RegisterForm) -> dict[str, Any]:
    """The columns that the form fills in; what the kind does not ask for is blank."""
    data = form.cleaned_data
    values = {name: data.get(name, blank_of(name)) for name in PLAIN if name != "version"}
    excused = {rule: said for rule in EXCUSES if (said := data.get(f"excuse_{rule}"))}
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
    if request.FILES:
        messages.warning(request, "照片要在按“保存”或“存为草稿”时才收，请那时再选一次。")
    context = self.admin_site.each_context(request) | _known(request, form)
    context |= {
        "title": _title(draft),
        "supplement": draft is not None and draft.status == Filing.Status.SUPPLEMENT,
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
        "verdict": _verdict(form, draft) if bound and rules else None,
        "choice": _choice(form),
        "kinds": _kinds(form),
        "photo_types": ",".join(kind.media for kind in attachment.KINDS),
    }
    form.set_focus()
    return TemplateResponse(request, "admin/filings/filing/register.html", context)


def _known(request: HttpRequest, form: RegisterForm) -> dict[str, Any]:
    """What is known of the person whose number was typed, and of the hospitals for the case."""
    if not form.is_bound:
        return {"hospitals": {}, "named": issuers.Issuer()}
    found = issuers.offered(form)
    return {
        "hospitals": found,
        "named": issuers.chosen(form, found),
        "about": form.age_words(timezone.localdate()),
        "earlier": _earlier(request, form),
        "elsewhere": _elsewhere(form, request.user),
    }


def _title(draft: Filing | None) -> str:
    if draft is None:
        return "登记备案"
    return f"{'补正' if draft.status == Filing.Status.SUPPLEMENT else '改草稿'} {draft.number}"


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
        access_log.record_search(request.user, Filing, PREFIX + index)
    rows = Filing.objects.of_person(index).visible_to(request.user)
    found = list(rows.select_related("variant__category").order_by("-created_at")[:EARLIER])
    today = timezone.localdate()
    for row in found:
        row.now = row.condition_on(today) or row.get_status_display()  # type: ignore[attr-defined]
    return found


def _elsewhere(form: RegisterForm, staff: Any) -> list[tuple[str, int]]:
    """(office, how many) of filings that the person's own county may know to exist: no more is
    seen of another office's filings than that (decisions 5)."""
    number, office = form.cleaned_data.get("cert_no"), staff.office
    if not number or office is None:
        return []
    rows = Filing.objects.of_person(blind_index(CERT_INDEX, number))
    rows = rows.filter(insured_area=office.area).exclude(pk__in=rows.visible_to(staff))
    counted = rows.order_by().values("office").annotate(n=Count("pk"))
    names = Office.objects.in_bulk([row["office"] for row in counted])
    return [(str(names[row["office"]]), row["n"]) for row in counted]


def _verdict(form: RegisterForm, draft: Filing | None) -> rules_judge.Verdict | None:
    """What the rules say so far, before anything is saved."""
    needed = ("start_on", "destination", "insured_area", "channel", "cert_no", "office", "insutype")
    if any(not form.cleaned_data.get(name) for name in needed):
        return None
    return _unsaved(form, draft).verdict()


def _choice(form: RegisterForm) -> rules_judge.Choice | None:
    """Two rules of one category that disagree: both, and which decides (trap 24)."""
    data = getattr(form, "cleaned_data", {})
    place, area = data.get("destination"), data.get("insured_area")
    variant = data.get("variant")
    if not (place and area and variant):
        return None
    day = data.get("admission_on") or timezone.localdate()
    choice = rules_loader.choice(variant.category, day, area, place)
    return choice if choice.passed_over else None
