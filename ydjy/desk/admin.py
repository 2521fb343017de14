"""The logs, for the auditor: who changed what, who looked at whom. Nothing can be altered here.

Auditors see no cases (三员分立): of a case they are told that it was changed, when, by whom and in
which fields, and not what stands in them.
"""

from typing import Any

from django.apps import apps
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.db.models import CharField, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Cast, Concat
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join

from ydjy.desk import (
    admin_exports,  # noqa: F401 - registers the exports
    audit,
)
from ydjy.desk.adminkit import DeskAdmin
from ydjy.desk.models import Change, Reading
from ydjy.desk.scoping import OfficeScopedQuerySet

OPERATIONS = {"insert": "新增", "update": "修改", "delete": "删除"}
WITHHELD = "（内容属于案件，不在这里显示）"


def _models() -> dict[str, Any]:
    return {model._meta.db_table: model for model in apps.get_models(include_auto_created=True)}


def table_words(table: str) -> str:
    model = _models().get(table)
    if model is None:
        return table
    owner = model._meta.auto_created  # of a table between two: the groups and permissions of staff
    return f"{owner._meta.verbose_name}的权限" if owner else str(model._meta.verbose_name)


class TableFilter(admin.SimpleListFilter):
    title = "表"
    parameter_name = "table"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(m._meta.db_table, table_words(m._meta.db_table)) for m in audit.audited()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(table=self.value()) if self.value() else queryset


class OperationFilter(admin.SimpleListFilter):
    title = "动作"
    parameter_name = "operation"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return list(OPERATIONS.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(operation=self.value()) if self.value() else queryset


class LogAdmin(DeskAdmin):
    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.display(description="表")
    def table_name(self, obj: Any) -> str:
        return table_words(obj.table)


@admin.register(Change)
class ChangeAdmin(LogAdmin):
    about = "谁在什么时候改了什么。记录由数据库自己写下，每分钟封存一次，谁也改不了。"
    list_display = ("at", "who", "operation_name", "table_name", "row")
    list_filter = (OperationFilter, TableFilter)
    search_fields = ("=row",)
    search_help_text = "行号"
    fields = ("at", "who", "operation_name", "table_name", "row", "chain")
    readonly_fields = ("who", "operation_name", "table_name", "difference")
    ordering = ("-pk",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        person = get_user_model().objects.annotate(
            word=Concat(Value("staff:"), Cast("pk", CharField()))
        )
        name = person.filter(word=OuterRef("actor")).values("name")[:1]
        return super().get_queryset(request).annotate(person=Subquery(name))

    @admin.display(description="谁")
    def who(self, obj: Any) -> str:
        return audit.who_words(obj.actor, obj.person or "")

    @admin.display(description="动作")
    def operation_name(self, obj: Any) -> str:
        return OPERATIONS.get(obj.operation, obj.operation)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        obj.readable = may_read(request.user, obj)
        return [*self.fields, "difference"]

    @admin.display(description="改了什么")
    def difference(self, obj: Any) -> str:
        rows = [
            (label, *((before, after) if obj.readable else (WITHHELD, WITHHELD)))
            for label, before, after in audit.in_words(obj)
        ]
        body = format_html_join("", "<tr><th>{}</th><td>{}</td><td>{}</td></tr>", rows)
        return format_html(
            "<table><tr><th>项目</th><th>改前</th><th>改后</th></tr>{}</table>", body
        )


def may_read(staff: Any, change: Change) -> bool:
    """Contents of a case row only for those who may see the row itself."""
    model = _models().get(change.table)
    rows = model._default_manager.all() if model else None
    if not isinstance(rows, OfficeScopedQuerySet):
        return True
    return rows.visible_to(staff).filter(pk=change.row).exists()


@admin.register(Reading)
class ReadingAdmin(LogAdmin):
    about = "谁看过谁的证件号码，谁按证件号码找过人。"
    list_display = ("at", "by", "what", "table_name", "row", "reason")
    list_filter = ("what", "by")
    list_select_related = ("by",)
    search_fields = ("=row",)
    search_help_text = "行号"
    fields = ("at", "by", "what", "table_name", "row", "reason")
    readonly_fields = ("table_name",)
