"""Pages of figures: one week, twelve weeks, a year's shifted weeks, what lies one level up."""

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone

from apps.errors.intake import tickets as intake_tickets
from apps.errors.models import Batch, Escalation, RouteRule, Ticket
from apps.errors.reports import statistics
from apps.offices.models import Office
from apps.offices.models.calendar import weeks_of
from ydjy.desk.admin.modeladmin import admin_verb
from ydjy.desk.audit import access_log
from ydjy.desk.exports import files as exports_files
from ydjy.desk.responses import as_file
from ydjy.lib import workdays
from ydjy.lib.whole_numbers import whole_number

VIEW = "errors.view_batch"
TABLES = {"cause": "按原因", "county": "按县区", "hospital": "按医院"}
YEARS = range(2021, 2031)


@admin_verb(VIEW, methods=("GET",), row=False)
def figures(self: Any, request: HttpRequest) -> HttpResponse:
    """Twelve weeks by cause, county and hospital, and how often the machine was right."""
    weeks = statistics.last_weeks(request.user)
    tables = [(title, statistics.trend(weeks, by)) for by, title in TABLES.items()]
    if (form := request.GET.get("as")) in ("xlsx", "csv"):
        return _trend_file(request, weeks, form)
    context = self.admin_site.each_context(request) | {
        "title": "报错统计",
        "opts": self.opts,
        "weeks": weeks,
        "tables": tables,
        "width": len(weeks) * 8,
        "rates": statistics.hit_rates(request.user),
    }
    return TemplateResponse(request, "admin/errors/batch/figures.html", context)


def _trend_file(request: HttpRequest, weeks: list[statistics.Figures], form: str) -> HttpResponse:
    """The three tables in one, every name with its number in each week (E27)."""
    header = ["分类", "名称", *(week.batch.week for week in weeks), "合计"]
    rows = [
        [title, row.name, *map(str, row.numbers), str(row.total)]
        for by, title in TABLES.items()
        for row in statistics.trend(weeks, by, top=None)
    ]
    access_log.record_export(
        request.user, Batch, f"{exports_files.WHAT} 报错统计 {len(rows)} 行", ""
    )
    return as_file(*exports_files.table("报错统计", header, rows, form, request.user))


@admin_verb(VIEW, methods=("GET",))
def week_figures(self: Any, request: HttpRequest, batch: Batch) -> HttpResponse:
    """One printable page for a week, equal to the file that went back."""
    week = statistics.of_week(batch, request.user)
    context = self.admin_site.each_context(request) | {
        "title": f"{batch.week} 统计",
        "opts": self.opts,
        "batch": batch,
        "week": week,
        "tables": [
            (title, counter.most_common())
            for title, counter in (
                ("按原因", week.by_cause),
                ("按县区", week.by_county),
                ("按医院", week.by_hospital),
            )
        ],
    }
    return TemplateResponse(request, "admin/errors/batch/week_figures.html", context)


@admin_verb(VIEW, methods=("GET",), row=False)
def year(self: Any, request: HttpRequest) -> HttpResponse:
    """All weeks of a year that are not Monday to Friday 16:00, with the sentence why; also those
    whose cut-off a person has set."""
    asked = whole_number(request.GET.get("year"))
    today = timezone.localdate()
    chosen = asked if asked in YEARS else today.isocalendar().year
    weeks = weeks_of(chosen)
    by_hand = {
        batch.iso_week: batch
        for batch in Batch.objects.filter(iso_year=chosen).exclude(due_overridden="")
    }
    shifted = [
        {"week": week, "by_hand": by_hand.get(week.iso_week)}
        for week in weeks
        if week.iso_week in by_hand or not _ordinary(week)
    ]
    context = self.admin_site.each_context(request) | {
        "title": f"{chosen} 年每周期限",
        "opts": self.opts,
        "year": chosen,
        "years": YEARS,
        "shifted": shifted,
        "normal": len(weeks) - len(shifted),
        "provisional": any(week.provisional for week in weeks),
    }
    return TemplateResponse(request, "admin/errors/batch/year.html", context)


def _ordinary(week: workdays.Week) -> bool:
    """From Monday to Friday, as the calendar has it."""
    friday = week.monday + workdays.STANDARD.due_weekday * workdays.ONE_DAY
    return (
        week.due_at is not None
        and week.intake_on in (None, week.monday)
        and timezone.localdate(week.due_at) == friday
    )


@admin_verb("errors.view_ticket", methods=("GET",), row=False)
def escalated(self: Any, request: HttpRequest) -> HttpResponse:
    """What was sent one level up and has no answer yet, the oldest first."""
    waiting = Escalation.objects.visible_to(request.user).unanswered()
    context = self.admin_site.each_context(request) | {
        "title": "逐级上报",
        "opts": self.opts,
        "waiting": waiting.select_related("ticket__office", "by")[:500],
        "now": timezone.now(),
    }
    return TemplateResponse(request, "admin/errors/ticket/escalated.html", context)


class RouteForm(forms.Form):
    """A rule that is tried before it is saved."""

    area = forms.CharField(label="参保区划", required=False, max_length=12)
    place = forms.CharField(label="参保地写的字", required=False, max_length=40)
    office = forms.ModelChoiceField(
        Office.objects.filter(handles_cases=True), label="承办机构", empty_label="请选择"
    )

    def clean(self) -> Any:
        cleaned = super().clean() or {}
        if not (cleaned.get("area") or cleaned.get("place")):
            raise forms.ValidationError("请写参保区划，或写参保地的字。")
        return cleaned

    @property
    def rule(self) -> RouteRule:
        return RouteRule(**self.cleaned_data, reason="正在试的规则")


@admin_verb("errors.change_routerule", methods=("GET",), row=False)
def try_out(self: Any, request: HttpRequest) -> HttpResponse:
    """The rules as they are now, and one that is not saved yet before them, tried on the tickets of
    the last week: nothing is moved."""
    batch = Batch.objects.filter(received_at__isnull=False).first()
    routes = intake_tickets.Routes()
    form = RouteForm(request.GET or None, label_suffix="")
    if request.GET and form.is_valid():
        routes.rules.insert(0, form.rule)
    tickets = Ticket.objects.visible_to(request.user).filter(batch=batch).select_related("office")
    found = [(ticket, *routes.of(ticket)) for ticket in tickets.order_by("number")[:2000]]
    context = self.admin_site.each_context(request) | {
        "title": "试一试分派规则",
        "opts": self.opts,
        "batch": batch,
        "form": form,
        "moved": [row for row in found if row[1] != row[0].office],
        "total": len(found),
    }
    return TemplateResponse(request, "admin/errors/batch/try_out.html", context)
