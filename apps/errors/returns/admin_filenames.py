"""How the files that go back are named: the dated rule, and a page that tries one before saving."""

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone

from apps.errors.intake import receive as intake_receive
from apps.errors.models import FilenameRule, filename_pattern
from apps.errors.models.filename_rule import returned_name
from ydjy.desk.admin.modeladmin import DeskAdmin, admin_verb
from ydjy.desk.models import Upload

SHOWN = 10


@admin.register(FilenameRule)
class FilenameRuleAdmin(DeskAdmin):
    about = "返回省里的文件叫什么名字，按生效日期。没有登记时是“来件名-处理结果”。"
    list_display = ("pattern", "valid_from", "valid_to", "example", "source", "checked_on")
    fields = ("pattern", "valid_from", "valid_to", "source", "checked_on")
    change_list_template = "admin/errors/try_list.html"

    @admin.display(description="例子")
    def example(self, rule: FilenameRule) -> str:
        found = examples(rule.pattern, 1)
        return found[0][1] if found else "—"

    @admin_verb("errors.view_filenamerule", methods=("GET",), row=False)
    def try_out(self, request: HttpRequest) -> HttpResponse:
        """The names that the last received files would get; nothing is renamed."""
        today = timezone.localdate()
        pattern = request.GET.get("pattern", "")[:80] or FilenameRule.objects.pattern_on(today)
        wrong = filename_pattern.complaint(pattern)
        context = self.admin_site.each_context(request) | {
            "title": "试一试文件名",
            "opts": self.opts,
            "pattern": pattern,
            "parts": filename_pattern.PARTS,
            "wrong": wrong,
            "examples": [] if wrong else examples(pattern, SHOWN),
        }
        return TemplateResponse(request, "admin/errors/filenamerule/try_out.html", context)


def examples(pattern: str, count: int) -> list[tuple[str, str, str]]:
    """(received, first version, second version) of the last files."""
    now = timezone.now()
    uploads = Upload.objects.filter(kind=intake_receive.KIND, state=Upload.State.CONFIRMED)
    return [
        (
            upload.filename,
            *(returned_name(batch, upload, version, now, pattern) for version in (1, 2)),
        )
        for upload in uploads.order_by("-received_at", "-pk")[:count]
        for batch in [intake_receive.batch_of(upload)]
    ]
