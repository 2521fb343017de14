"""The week at the desk: the list of tickets, the weeks, the causes."""

import re
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.contrib.admin.widgets import AdminTextareaWidget
from django.db.models import Count, Max, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone

from apps.errors import resources
from apps.errors.intake import admin as intake_admin
from apps.errors.intake import admin_review
from apps.errors.models import Batch, CauseCode, Ticket
from apps.errors.reports import admin as reports_admin
from apps.errors.reports import admin_due, admin_settings, admin_waiting, admin_weeks, statistics
from apps.errors.returns import admin as returns_admin
from apps.errors.returns import admin_filenames as _naming  # noqa: F401 - registers its page
from apps.errors.tickets import admin as tickets_admin
from apps.errors.tickets import admin_bulk, admin_manual, filters
from apps.errors.tickets.display import EXPORT_COLUMNS, queue_url, shown
from apps.errors.tickets.forms import colleagues
from ydjy.desk.admin import tabs
from ydjy.desk.admin import uploads as _receipts  # noqa: F401
from ydjy.desk.admin.modeladmin import DeskAdmin, OfficeScopedAdmin
from ydjy.desk.admin.person_search import PersonSearchMixin
from ydjy.desk.distinct import values_of
from ydjy.desk.exports.admin_mixin import ExportMixin
from ydjy.desk.imports.admin import SmallListMixin
from ydjy.desk.null_characters import asked_again
from ydjy.lib import text

_NUMBER = re.compile(r"\d{4}W\d{2}-\d{3,5}", re.IGNORECASE)
HOSPITALS = 5_000  # names of hospitals that are looked through
PASTED = 300  # numbers that one paste may hold


@admin.register(Ticket)
class TicketAdmin(ExportMixin, PersonSearchMixin, OfficeScopedAdmin):
    about = "省里每周下发的报错，一行一个工单；周五期限前都要有结果。"
    person_model = "errors.ticket"
    search_help_text = "编号、姓名、医院、错误码；可粘贴一列编号"
    search_also = ("province_no", "err_code")
    export_columns = EXPORT_COLUMNS
    list_display = ("number",)
    list_display_links = None
    list_select_related = ("batch", "assignee")
    list_filter = (
        filters.TabFilter,
        filters.NumbersFilter,
        filters.CodeFilter,
        filters.CauseFilter,
        filters.PlaceFilter,
        filters.WorkerFilter,
        filters.WeekFilter,
    )
    actions = None  # what is done to many are the verbs of ``bulk``
    change_view = tickets_admin.ticket_page
    work = tickets_admin.work
    escalated = reports_admin.escalated
    report = admin_manual.report
    bulk_page = admin_bulk.bulk_page
    bulk_state = admin_bulk.bulk_state

    def narrowed(self, request: HttpRequest, query: str) -> QuerySet[Any]:
        """Exactly the rows of the list with that query string, on all its pages."""
        asked, request.GET = request.GET, asked_again(query)  # type: ignore[assignment]
        try:
            return self.get_changelist_instance(request).get_queryset(request)
        finally:
            request.GET = asked  # type: ignore[assignment]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never as a form: what can be done with a ticket are its verbs."""
        return False

    def has_assign_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("errors.assign_ticket")

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        closed = request.GET.get("tab") in ("done", "all") or request.GET.get("q")
        return ("-number",) if closed else ("number",)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[Any, bool]:
        """As for every person, and by a part of the hospital's name."""
        term = search_term.strip()[:30]
        if _NUMBER.fullmatch(term):
            return queryset.numbered([term.upper()]), False
        return super().get_search_results(request, queryset, search_term)

    def asked(self, term: str) -> Q:
        found, key = super().asked(term), text.name_key(term)
        if len(key) < 2 or term.isascii():
            return found
        seen = values_of(Ticket, "inst_name", most=HOSPITALS)
        return found | Q(inst_name__in=[name for name in seen if key in text.name_key(name)])

    def _to_list(self, request: HttpRequest, typed: str) -> HttpResponse:
        """A pasted column of ticket numbers is exactly these tickets, wherever they stand."""
        numbers = list(dict.fromkeys(n.upper() for n in _NUMBER.findall(typed)))[:PASTED]
        if len(numbers) > 1:
            return redirect(queue_url(tab="all", n=",".join(numbers)))
        return super()._to_list(request, typed)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        now = timezone.now()
        response = super().changelist_view(request, {"title": "报错工单"} | (extra_context or {}))
        context = getattr(response, "context_data", None)
        if not context or "cl" not in context:
            return response
        cl = context["cl"]
        counts = filters.tab_counts(self.get_queryset(request), request.user, now)
        context |= tabs.above(cl, counts) | {
            "rows": [shown(ticket, now) for ticket in cl.result_list],
            "pages": _pages(cl),
            "unassigned": counts["new"],
            "narrowed": set(request.GET) - {"tab", "p"},
            "cl_query": request.GET.urlencode(),
            "from_query": f"?{urlencode({'from': request.GET.urlencode()})}" if request.GET else "",
            "current_batch": Batch.objects.filter(received_at__isnull=False).first(),
        }
        if self.has_assign_permission(request):
            context["colleagues"] = colleagues(request.user)
        return response


def _pages(cl: Any) -> list[dict[str, Any]]:
    """The page numbers to offer: the ends, and those around the one that is shown."""
    last = cl.paginator.num_pages
    near = {1, 2, last - 1, last, *range(cl.page_num - 2, cl.page_num + 3)}
    return [
        {"number": n, "here": n == cl.page_num, "url": cl.get_query_string({"p": n})}
        for n in sorted(near)
        if 1 <= n <= last
    ]


def _number(rows: QuerySet[Any]) -> Coalesce:
    """How many, as a subquery: counted for the weeks on the page and no others."""
    counted = rows.values("batch").annotate(number=Count("pk")).values("number")
    return Coalesce(Subquery(counted), 0)


@admin.register(Batch)
class BatchAdmin(DeskAdmin):
    """The weeks. Every case worker sees them; their numbers are those of the own office."""

    about = "每周一收省里的报错表，周五 16:00 前返回处理结果。遇放假，期限会提前。"
    list_display = ("week", "dates", "received", "done_share", "due", "returned")
    list_display_links = ("week",)
    list_per_page = 20
    ordering = ("-iso_year", "-iso_week")
    change_view = admin_weeks.batch_page
    archive = admin_weeks.archive
    receive = intake_admin.receive
    preview = intake_admin.preview
    problems = intake_admin.problems
    columns = intake_admin.columns
    undo = intake_admin.undo
    blank = intake_admin.blank
    files = admin_waiting.files
    waiting = admin_waiting.waiting
    send_back = returns_admin.send_back
    review = returns_admin.review
    send_now = returns_admin.send_now
    hand_in = returns_admin.hand_in
    urge = returns_admin.urge
    declare_nothing = returns_admin.declare_nothing
    hear = returns_admin.hear
    figures = reports_admin.figures
    week_figures = reports_admin.week_figures
    year = reports_admin.year
    decide = admin_review.decide
    show_row_number = admin_review.show_row_number
    download = returns_admin.download
    due_page = admin_due.due

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        mine = Ticket.objects.visible_to(request.user).filter(batch=OuterRef("pk")).order_by()
        return (
            super()
            .get_queryset(request)
            .visible_to(request.user)
            .annotate(total=_number(mine), done=_number(mine.done()))
        )

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        response = super().changelist_view(request, extra_context)
        if cl := (getattr(response, "context_data", None) or {}).get("cl"):
            rows = statistics.received(cl.result_list, request.user)
            for batch in cl.result_list:
                batch.rows_received = rows[batch.week]
        return response

    @admin.display(description="周次")
    def week(self, batch: Any) -> str:
        return batch.week

    @admin.display(description="周一")
    def dates(self, batch: Any) -> str:
        return f"{batch.monday.month}月{batch.monday.day}日"

    @admin.display(description="收到")
    def received(self, batch: Any) -> str:
        return f"{batch.rows_received} 行" if batch.received_at else "待接收"

    @admin.display(description="已有结果")
    def done_share(self, batch: Any) -> str:
        return f"{batch.done} 条（{batch.done * 100 // batch.total}%）" if batch.total else "—"

    @admin.display(description="返回期限")
    def due(self, batch: Any) -> str:
        at = timezone.localtime(batch.due_at)
        marks = ("（暂定）" if batch.provisional else "") + (
            "（改过）" if batch.due_overridden else ""
        )
        return f"{at.month}月{at.day}日 {at:%H:%M}{marks}"

    @admin.display(description="返回")
    def returned(self, batch: Any) -> str:
        if not batch.returned_at:
            return "晚了，还没返回" if timezone.now() >= batch.due_at else "—"
        at = timezone.localtime(batch.returned_at)
        late = "" if batch.on_time() else "，晚了"
        return f"{at.month}月{at.day}日 {at:%H:%M}{late}"


@admin.register(CauseCode)
class CauseCodeAdmin(SmallListMixin, DeskAdmin):
    small_list = resources.CAUSES
    export_code = import_code = "change_causecode"
    about = "为什么没刷成卡。可以增加；停用后不再出现在办理页，旧工单不受影响，所以不用删。"
    list_display = ("label", "template", "active")
    list_filter = ("active",)
    fields = ("label", "parent", "template", "note", "active")
    inlines = (admin_settings.SnippetInline,)

    def formfield_for_dbfield(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        if db_field.name in ("template", "note"):
            kwargs["widget"] = AdminTextareaWidget(attrs={"rows": 3})
        return admin_settings.counted(super().formfield_for_dbfield(db_field, request, **kwargs))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Where a cause stands is settled when it is made: the figures of past weeks rely on it."""
        return ("parent",) if obj else ()

    def get_field_queryset(self, db: Any, db_field: Any, request: HttpRequest) -> QuerySet[Any]:
        """Two levels: a cause stands below a heading, a heading below nothing."""
        rows = super().get_field_queryset(db, db_field, request)
        return rows.filter(parent=None) if db_field.name == "parent" else rows

    def save_model(self, request: HttpRequest, obj: CauseCode, form: Any, change: bool) -> None:
        if not change:
            obj.order = (CauseCode.objects.aggregate(last=Max("order"))["last"] or 0) + 10
        super().save_model(request, obj, form, change)
