"""The page of a week: what came, how far it is, what went back."""

from typing import Any

from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone

from apps.errors.intake import receive as intake_receive
from apps.errors.models import Batch, ReturnFile
from apps.errors.models.transitions import OPEN, Status
from apps.errors.reports import statistics
from apps.errors.tickets.display import working_left
from apps.offices.models import official_calendar
from ydjy.desk.admin.modeladmin import admin_verb
from ydjy.desk.models import Upload
from ydjy.lib import workdays

IMPORT, EXPORT = "errors.import_batch", "errors.export_batch"


# The week itself -------------------------------------------------------------------------------


def batch_page(
    self: Any, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
) -> HttpResponse:
    """What came, how far it is, what went back."""
    batch = self.get_object(request, unquote(object_id))
    if batch is None:
        raise Http404
    if not self.has_view_permission(request, batch):
        raise PermissionDenied
    staff, now = request.user, timezone.now()
    tickets = batch.tickets.filter(office__path__startswith=staff.case_path or "-")
    counts = tickets.aggregate(
        total=Count("pk"),
        done=Count("pk", filter=~Q(status__in=OPEN)),
        working=Count("pk", filter=Q(status=Status.WORKING)),
        waiting=Count("pk", filter=Q(status=Status.WAITING)),
        new=Count("pk", filter=Q(status=Status.NEW)),
        carried=Count("pk", filter=~Q(number__startswith=batch.prefix)),
    )
    rows = statistics.bridge(statistics.rows_of(batch, staff))
    context = self.admin_site.each_context(request) | {
        "title": f"{batch.week} 周批次",
        "opts": self.opts,
        "batch": batch,
        "counts": counts,
        "put_away": batch.archive_events.select_related("by").first(),
        "bridge": statistics.in_words(rows, counts["total"], counts["carried"]),
        "state": Batch.State(
            batch.state_with(counts["total"] - counts["done"], counts["done"])
        ).label,
        "late": batch.on_time() is False or (not batch.returned_at and now >= batch.due_at),
        "left": workdays.remaining(now, batch.due_at),
        "work": working_left(now, batch.due_at, official_calendar(batch.monday, batch.monday)),
        "uploads": Upload.objects.visible_to(staff)
        .of(intake_receive.KIND, batch.week)
        .select_related("received_by"),
        "returns": batch.returns.all()
        & ReturnFile.objects.visible_to(staff).select_related("made_by"),
    }
    return TemplateResponse(request, "admin/errors/batch/change_form.html", context)


@admin_verb(IMPORT)
def archive(self: Any, request: HttpRequest, batch: Batch) -> str:
    """归档 by hand: for a week to which the province sends no answer."""
    batch.archive(by=request.user)
    return f"{batch.week} 已归档。"
