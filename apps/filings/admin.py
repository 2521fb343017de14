"""Filings on the staff site: the list, the page of one, and where their steps and pages are."""

import re
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone

from apps.filings import exports as filings_exports
from apps.filings.forms import FilingForm
from apps.filings.imports import admin as imports_admin
from apps.filings.imports import admin_reconcile
from apps.filings.imports import admin_register as imports_admin_register
from apps.filings.models import Filing, FilingEvent
from apps.filings.models.querysets import phone_index, tail_index
from apps.filings.models.transitions import EDITABLE
from apps.filings.paper import printing
from apps.filings.register import admin as register_admin
from apps.filings.register import (
    admin_attachments,
    admin_inbound,  # noqa: F401 - registers the 转入
)
from apps.filings.review import admin_due, admin_list, admin_person, admin_steps
from apps.filings.rules import admin as rules_admin  # noqa: F401 - registers the rules
from apps.filings.rules import deadlines
from apps.filings.rules.application import HANDED
from apps.offices.models import official_calendar
from ydjy.desk.admin import tabs
from ydjy.desk.admin.modeladmin import OfficeScopedAdmin, ReadOnlyInline, masked, short
from ydjy.desk.admin.person_search import PersonSearchMixin, looks_like_number, spellings
from ydjy.desk.audit import access_log
from ydjy.desk.exports.admin_mixin import ExportMixin
from ydjy.lib import text

_TAIL = re.compile(r"\d{3}[\dXx]|\d{5}[\dXx]")
_PHONE = re.compile(r"1\d{10}|0\d{2,3}-?\d{7,8}")
_KEYED = re.compile(r"(tail|phone)-([0-9a-f]{32})")


class Events(ReadOnlyInline):
    model = FilingEvent
    fields = ("at", "by", "verb", "code", "before", "after", "words")
    readonly_fields = ("code",)

    @admin.display(description="事件类型")
    def code(self, obj: FilingEvent) -> str:
        return obj.national_code or "—"


@admin.register(Filing)
class FilingAdmin(ExportMixin, PersonSearchMixin, OfficeScopedAdmin):
    about = "登记的人提交，另一个人审核；提交以后只能用页面上的按钮办理。"
    form = FilingForm
    export_columns = filings_exports.COLUMNS
    export_prefetch = ("channel",)
    search_help_text = "编号、姓名、首字母、证件号码（全部或后 4、6 位）、电话"
    list_display = ("number", "name", "identity", "variant", "destination_name", "period", "status")
    list_filter = (
        admin_list.TabFilter,
        "status",
        "upload_status",
        ("variant__category", admin_list.CategoryFilter),
        ("office", admin_list.OfficeFilter),
    )
    list_select_related = ("variant__category", "office")
    autocomplete_fields = ("referral_institution",)
    inlines = (Events,)
    person = ("name", "cert_no", "psn_no", "insutype", "person_status", "phone", "insured_area")
    place = (
        *("variant", "channel", "office", "destination", "residence", "start_on", "end_on"),
        *("admission_on", "settled", "referral_institution"),
    )
    course = (
        *("status", "reason", "upload_status", "created_by", "created_at", "decided_by"),
        "decided_at",
    )
    shown = {"cert_no": "identity", "psn_no": "psn", "phone": "telephone", "residence": "home"}
    # Pages and steps: one module each for registering, the lists, and the steps of one filing
    enter, amend = register_admin.enter, register_admin.amend
    review = admin_list.review
    watch, call_sheet = admin_due.watch, admin_due.call_sheet
    extend, close_overdue = admin_due.extend, admin_due.close_overdue
    person_page, note_call = admin_person.person_page, admin_person.note_call
    receive, columns = imports_admin_register.receive, imports_admin.columns
    batch = imports_admin_register.batch
    batch_problems, batch_blank = (
        imports_admin_register.batch_problems,
        imports_admin_register.batch_blank,
    )
    reconcile, compared = admin_reconcile.reconcile, admin_reconcile.compared
    compared_problems = admin_reconcile.compared_problems
    attach, attachment = admin_attachments.attach, admin_attachments.attachment
    void_attachment = admin_attachments.void_attachment
    print_copy, paper = admin_steps.print_copy, admin_steps.paper
    submit, approve, reject = admin_steps.submit, admin_steps.approve, admin_steps.reject
    request_supplement = admin_steps.request_supplement
    refer_to_panel = admin_steps.refer_to_panel
    panel_met, panel_not_met = admin_steps.panel_met, admin_steps.panel_not_met
    withdraw, begin_change = admin_steps.withdraw, admin_steps.begin_change
    copy = admin_steps.copy
    ask_revoke, revoke, restore = admin_steps.ask_revoke, admin_steps.revoke, admin_steps.restore
    suspend, resume = admin_steps.suspend, admin_steps.resume
    reverse_decision = admin_steps.reverse_decision
    mark_uploaded = admin_steps.mark_uploaded
    commitment_kept = admin_steps.commitment_kept
    commitment_broken = admin_steps.commitment_broken
    lacking_settled, discharge = admin_steps.lacking_settled, admin_steps.discharge
    check_benefits = admin_steps.check_benefits

    # The page of one ---------------------------------------------------------------------------

    def get_fieldsets(self, request: HttpRequest, obj: Filing | None = None) -> Any:
        person, place = self.person, self.place
        if not self._editable(request, obj):
            person, place = (
                self.in_words(self.shown.get(name, name) for name in names)
                for names in (person, place)
            )
        folded = {} if self._editable(request, obj) else {"classes": ["collapse"]}
        sets = [
            ("参保人", {"fields": person, **folded}),
            ("去哪里、多久", {"fields": place, **folded}),
        ]
        course = {"fields": self.in_words(("number", *self.course)), **folded}
        return [*sets, ("办理", course)] if obj else sets

    def get_readonly_fields(self, request: HttpRequest, obj: Filing | None = None) -> Any:
        return self.in_words(("number", *self.course, *self.shown.values())) if obj else ()

    def _editable(self, request: HttpRequest, obj: Filing | None) -> bool:
        return obj is None or self.has_change_permission(request, obj)

    def has_change_permission(self, request: HttpRequest, obj: Filing | None = None) -> bool:
        """Only a draft is edited; what has been handed in changes by its verbs."""
        allowed = super().has_change_permission(request, obj)
        return allowed and (obj is None or obj.status == Filing.Status.DRAFT)

    def get_autocomplete_fields(self, request: HttpRequest) -> tuple[str, ...]:
        return self.autocomplete_fields

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Registering has its own screen; the plain form only takes what is posted to it."""
        if request.method == "GET" and self.has_add_permission(request):
            return self.enter(request)
        return super().add_view(request, form_url, extra_context)

    def save_model(self, request: HttpRequest, obj: Filing, form: Any, change: bool) -> None:
        """Who writes in a filing is written down, by whatever form (``must_be_of_another``)."""
        if not change:
            obj.created_by, obj.origin = request.user, Filing.Origin.DESK
        super().save_model(request, obj, form, change)
        verb = FilingEvent.Verb.EDIT if change else FilingEvent.Verb.REGISTER
        before = obj.status if change else ""
        now = timezone.now()
        obj.events.create(at=now, by=request.user, verb=verb, before=before, after=obj.status)

    def render_change_form(self, request: HttpRequest, context: Any, **kwargs: Any) -> Any:
        if obj := kwargs.get("obj"):
            context |= about(obj)
        return super().render_change_form(request, context, **kwargs)

    # The list ----------------------------------------------------------------------------------

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        response = super().changelist_view(request, {"title": "备案登记"} | (extra_context or {}))
        context = getattr(response, "context_data", None)
        if not context or "cl" not in context:
            return response
        cl, today = context["cl"], timezone.localdate()
        counts = admin_list.tab_counts(self.get_queryset(request), today)
        context |= tabs.above(cl, counts) | {
            "rows": admin_list.shown(cl.result_list, today),
            "narrowed": set(request.GET) - {"tab", "p"},
            "searched_person": bool(_KEYED.fullmatch(cl.query)) or context["searched_person"],
            "shown_query": cl.query,
            "previous_page": cl.get_query_string({"p": cl.page_num - 1}),
            "next_page": cl.get_query_string({"p": cl.page_num + 1}),
        }
        return response

    def _to_list(self, request: HttpRequest, typed: str) -> HttpResponse:
        """The tail of a number and a telephone are looked for by key, like the whole number."""
        bare = typed.strip()
        key = ""
        if _TAIL.fullmatch(bare):
            key = f"tail-{tail_index(bare)}"
        elif _PHONE.fullmatch(bare):
            key = f"phone-{phone_index(bare)}"
        if not key:
            return super()._to_list(request, typed)
        access_log.record_search(request.user, self.model, key)
        return redirect(f"{reverse('admin:filings_filing_changelist')}?tab=all&q={key}")

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> Any:
        """As for every person, by the indexes of either engine."""
        term = text.clean(short(search_term))
        if keyed := _KEYED.fullmatch(term):
            by = queryset.with_tail if keyed[1] == "tail" else queryset.with_phone
            return by(keyed[2]), False
        if not term or term.startswith("person-") or looks_like_number(term):
            return super().get_search_results(request, queryset, search_term)
        if term[0].isdecimal():
            return queryset.beginning("number", term), False
        if term.isascii():
            return queryset.called("name_initials", term.lower()), False
        return queryset.called("name", *spellings(term)), False

    # What one sees

    @admin.display(description="人员编号")
    def psn(self, obj: Filing) -> str:
        return masked(obj.psn_no)

    @admin.display(description="联系电话")
    def telephone(self, obj: Filing) -> str:
        return obj.phone.reveal() if obj.phone else "—"

    @admin.display(description="居外地址")
    def home(self, obj: Filing) -> str:
        return obj.residence.reveal() if obj.residence else "—"

    @admin.display(description="期限", ordering="start_on")
    def period(self, obj: Filing) -> str:
        return f"{obj.start_on}{obj.until_words}"


def about(filing: Filing) -> dict[str, Any]:
    """What the page of a filing says above its columns."""
    rules, today = filing.rulebook, timezone.localdate()
    verdict = filing.verdict() if not filing.findings else None
    findings = filing.findings or (
        [{"level": f.level, "words": f.words, "basis": f.basis} for f in verdict.findings]
        if verdict
        else []
    )
    wards = filing.wards.filter(status=Filing.Status.APPROVED)
    return admin_attachments.shown(filing) | {
        "editable": filing.status in EDITABLE,
        "filing": admin_list.shown([filing], today)[0],
        "why_due": _why_due(filing),
        "rules": rules,
        "findings": findings,
        "groups": [
            [(row, HANDED.get(filing.handed.get(row.key, ""), "没交")) for row in group]
            for group in rules.groups.values()
        ],
        "owed": filing.lacking,
        "agents": list(filing.agents.all()),
        "forms": printing.offered(filing),
        "printouts": list(filing.printouts.select_related("made_by")[:10]),
        "newer": filing.next.first(),
        "wards": list(wards) if filing.condition_on(today) != "有效" else [],
    }


def _why_due(filing: Filing) -> str:
    """How the day of the review came about, in working days."""
    days, due = filing.rulebook.review_days, filing.review_due_on
    if filing.status != Filing.Status.PENDING or days is None or due is None:
        return ""
    begun = filing.applied_on()
    return deadlines.explained(begun, days, due, official_calendar(begun, due))
