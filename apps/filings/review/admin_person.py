"""The page of a person: filings, tickets and calls on one line of time, to be read and printed."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone

from apps.filings.models import CallNote, Filing
from apps.filings.review import timeline
from ydjy.desk.admin.modeladmin import admin_verb, masked
from ydjy.desk.audit import access_log
from ydjy.desk.exceptions import must
from ydjy.lib import masking


@admin_verb(("filings.view_filing", "filings.change_filing"), methods=("GET",))
def person_page(self: Any, request: HttpRequest, obj: Filing) -> HttpResponse:
    """Opened from one of the person's filings, so that no number stands in the address."""
    today = timezone.localdate()
    rows = Filing.objects.of_person(obj.cert_index).visible_to(request.user)
    filings = list(rows.select_related("variant__category", "office"))
    for row in filings:
        row.now = row.condition_on(today) or row.get_status_display()  # type: ignore[attr-defined]
    access_log.record(request.user, obj, "一人一档")
    context = self.admin_site.each_context(request) | {
        "title": f"{obj.name} 的档案",
        "opts": self.opts,
        "filing": obj,
        "identity": masked(obj.cert_no),
        "filings": filings,
        "moments": timeline.of(obj.cert_index, request.user),
        "limit": 500,
    }
    return TemplateResponse(request, "admin/filings/filing/person.html", context)


@admin_verb("filings.change_filing")
def note_call(self: Any, request: HttpRequest, obj: Filing) -> HttpResponse | str:
    """What was said on the telephone or at the window, kept with the person."""
    words = CallNote.limit(request.POST.get("words", ""))
    must(words, "请写明说了什么。")
    must(
        not masking.contains_number(words),
        "记录里写了证件号码，请删去：这一页本来就是这个人的。",
    )
    office = request.user.office or obj.office
    CallNote.objects.create(office=office, cert_index=obj.cert_index, by=request.user, words=words)
    return "已记下。"
