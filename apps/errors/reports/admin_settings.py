"""What the bureau sets for the weekly exchange: how files travel, who gets what, when to remind."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.widgets import AdminTextareaWidget
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone

from apps.errors import resources
from apps.errors.models import (
    ArchiveRule,
    ExchangeSettings,
    Notice,
    ReminderStep,
    RouteRule,
    Snippet,
)
from apps.errors.reports import admin as reports_admin
from ydjy.desk.admin.modeladmin import DeskAdmin, DeskInline, admin_verb
from ydjy.desk.imports.admin import SmallListMixin


@admin.register(ExchangeSettings)
class ExchangeSettingsAdmin(DeskAdmin):
    about = "返回表怎么送到省里，来件从哪里收。不论怎么设置，都可以下载文件人工报送。"
    list_display = ("channel", "watching", "folder", "host")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """One row is all there is."""
        return super().has_add_permission(request) and not ExchangeSettings.objects.exists()


@admin.register(RouteRule)
class RouteRuleAdmin(DeskAdmin):
    about = "报错先按这里的规则分，没有合适的再按参保区划分给承办机构。改规则不影响已分派的工单。"
    list_display = ("order", "area", "place", "office", "reason", "valid_from", "valid_to")
    list_display_links = ("area", "place")
    change_list_template = "admin/errors/try_list.html"
    try_out = reports_admin.try_out


@admin.register(ReminderStep)
class ReminderStepAdmin(DeskAdmin):
    about = "返回期限前几个工作日、几点提醒谁。只在上班时间提醒，每一级只提醒一次。"
    list_display = ("days_before", "at", "audience", "valid_from", "valid_to")


@admin.register(ArchiveRule)
class ArchiveRuleAdmin(DeskAdmin):
    about = (
        "省里全部认可以后几天自动归档。改规定时新增一行，从写明的日期起生效。归档不删除任何东西。"
    )
    fields = list_display = ("valid_from", "days", "basis")


@admin.register(Notice)
class NoticeAdmin(DeskAdmin):
    about = "给你的提醒。"
    list_display = ("at", "words")
    list_display_links = None

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).visible_to(request.user)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin_verb("errors.view_notice")
    def seen(self, request: HttpRequest, notice: Notice) -> HttpResponse:
        """知道了: it leaves the front page."""
        Notice.objects.filter(pk=notice.pk, read_at=None).update(read_at=timezone.now())
        return redirect("admin:index")


@admin.register(Snippet)
class SnippetAdmin(SmallListMixin, DeskAdmin):
    small_list = resources.SNIPPETS
    export_code = import_code = "change_snippet"
    about = "处理结果的范文，按原因分。办理时点一下就填进去，可以整张表导出来改。"
    list_display = ("words", "cause", "order", "active")
    list_filter = ("cause", "active")
    list_select_related = ("cause",)


class SnippetInline(DeskInline):
    model = Snippet
    fields = ("words", "order", "active")
    extra = 1

    def formfield_for_dbfield(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        if db_field.name == "words":
            kwargs["widget"] = AdminTextareaWidget(attrs={"rows": 2})
        return counted(super().formfield_for_dbfield(db_field, request, **kwargs))


def counted(field: Any) -> Any:
    """A text whose length is counted while one writes, and refused on saving when it is too long;
    a browser that stops at the last letter would cut what is pasted without a word."""
    limit = getattr(field, "max_length", None)
    if limit and isinstance(field.widget, AdminTextareaWidget):
        field.widget.attrs.pop("maxlength", None)
        field.widget.attrs["data-limit"] = limit
        field.error_messages["max_length"] = (
            "有 %(show_value)d 个字，最多 %(limit_value)d 个字，请删短。"
        )
    return field
