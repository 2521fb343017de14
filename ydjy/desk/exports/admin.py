"""The exports that wait, for a second person or for a job, and the rule about them."""

from typing import Any

from django.apps import apps
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html

from ydjy.desk import tasks
from ydjy.desk.admin.modeladmin import DeskAdmin, OfficeScopedAdmin, admin_verb
from ydjy.desk.exceptions import must
from ydjy.desk.exports import files as exports_files
from ydjy.desk.models.export import Export, ExportRule
from ydjy.desk.models.storage_rule import StorageRule
from ydjy.desk.responses import as_file

State = Export.State
APPROVE, VIEW = "desk.approve_export", "desk.view_export"


@admin.register(ExportRule)
class ExportRuleAdmin(DeskAdmin):
    about = "导出多少行要另一个人批准，文件保留多久。改规定时新增一行，从写明的日期起生效。"
    fields = list_display = ("valid_from", "alone", "most", "a_day", "kept_hours", "basis")


@admin.register(StorageRule)
class StorageRuleAdmin(DeskAdmin):
    about = "没有导入的来件保留多久，全部文件最多占多大。已经导入的来件和返回表不会因此删除。"
    fields = list_display = ("valid_from", "kept_days", "most_gb", "basis")


@admin.register(Export)
class ExportAdmin(OfficeScopedAdmin):
    about = "行数多的导出在后台生成；行数多又要完整号码的，先由另一个人批准。文件到时自动删除。"
    list_display = ("asked_at", "list_name", "rows", "full", "asked_by", "state", "expires_at")
    list_filter = ("state", "full")
    list_select_related = ("asked_by", "decided_by")
    fields = (
        *("state", "words", "list_name", "rows", "full", "reason", "asked_by", "asked_at"),
        *("look", "decided_by", "decided_at", "expires_at"),
    )
    readonly_fields = ("list_name", "look")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never as a form: a second person's word is a step of its own."""
        return False

    @admin.display(description="列表")
    def list_name(self, obj: Export) -> str:
        return str(self._page(obj).opts.verbose_name)

    @admin.display(description="是哪些行")
    def look(self, obj: Export) -> str:
        """The same list, as the reader of this page may see it."""
        name = obj.table.replace(".", "_")
        address = reverse(f"admin:{name}_changelist") + f"?{obj.query.reveal()}"
        return format_html('<a href="{}">打开列表看</a>', address)

    def _page(self, obj: Export) -> Any:
        return self.admin_site.get_model_admin(apps.get_model(obj.table))

    def render_change_form(self, request: HttpRequest, context: Any, **kwargs: Any) -> Any:
        response = super().render_change_form(request, context, **kwargs)
        obj = kwargs.get("obj")
        if obj is not None and obj.state == State.MAKING:
            response["Refresh"] = "3"
        return response

    def buttons(self, request: HttpRequest, obj: Any) -> Any:
        """The file only to its asker, the decision only to another."""
        own = obj.asked_by_id == request.user.pk
        mine = ("download", "noted")
        return [b for b in super().buttons(request, obj) if (b.name in mine) == own]

    @admin_verb(APPROVE, label="批准", when=lambda e: e.state == State.WAITING)
    def approve(self, request: HttpRequest, obj: Export) -> str:
        exports_files.decide(obj, by=request.user, allow=True)
        tasks.wake_export(obj.pk)
        return "已批准，文件生成后由申请的人下载。"

    @admin_verb(
        APPROVE,
        label="不批准",
        asks={"words": "为什么不批准"},
        when=lambda e: e.state == State.WAITING,
    )
    def decline(self, request: HttpRequest, obj: Export) -> str:
        exports_files.decide(obj, by=request.user, allow=False, words=request.POST.get("words", ""))
        return "没有批准，申请的人会看到原因。"

    @admin_verb(VIEW, label="下载", when=lambda e: e.state == State.READY)
    def download(self, request: HttpRequest, obj: Export) -> HttpResponse:
        return as_file(*exports_files.hand_out(obj, by=request.user))

    @admin_verb(
        VIEW,
        label="知道了",
        when=lambda e: e.state in (State.DECLINED, State.STOPPED) and not e.noted_at,
    )
    def noted(self, request: HttpRequest, obj: Export) -> str:
        """The asker has read why there is no file: it leaves 等我办."""
        must(obj.asked_by_id == request.user.pk, "这张导出单不是你申请的。")
        exports_files.note(obj)
        return ""
