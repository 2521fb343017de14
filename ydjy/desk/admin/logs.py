"""The logs, for the auditor: who changed what, who looked at whom. Nothing can be altered here.

Auditors see no cases (三员分立): of a case they are told that it was changed, when, by whom and in
which fields, and not what stands in them.
"""

from datetime import date, datetime, time, timedelta
from typing import Any

from django.contrib import admin
from django.contrib.auth import get_user_model
from django.db.models import CharField, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Cast, Concat
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html, format_html_join

from ydjy.desk.admin.modeladmin import DeskAdmin
from ydjy.desk.audit import change_log
from ydjy.desk.audit.words import row_words, table_words, tables
from ydjy.desk.exports import admin as exports_admin  # noqa: F401 - registers the exports
from ydjy.desk.models import Change, Reading
from ydjy.desk.querysets import OfficeScopedQuerySet
from ydjy.lib.whole_numbers import whole_number
from ydjy.lib.workdays import in_words

OPERATIONS = {"insert": "新增", "update": "修改", "delete": "删除"}
OFFERED = 31  # days of the drop-down
WITHHELD = "（内容属于案件，不在这里显示）"


class TableFilter(admin.SimpleListFilter):
    title = "表"
    parameter_name = "table"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(m._meta.db_table, table_words(m._meta.db_table)) for m in change_log.audited()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(table=self.value()) if self.value() else queryset


class OperationFilter(admin.SimpleListFilter):
    title = "动作"
    parameter_name = "operation"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return list(OPERATIONS.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(operation=self.value()) if self.value() else queryset


class DayFilter(admin.SimpleListFilter):
    """A day of the last month; a link may ask for an older one."""

    title = "哪一天"
    parameter_name = "day"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        days = [timezone.localdate() - timedelta(days=back) for back in range(OFFERED)]
        return [(day.isoformat(), in_words(day, weekday=True)) for day in days]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        try:
            day = date.fromisoformat(self.value() or "")
        except ValueError:
            return queryset
        begins = timezone.make_aware(datetime.combine(day, time()))
        return queryset.filter(at__gte=begins, at__lt=begins + timedelta(days=1))


class PersonFilter(admin.SimpleListFilter):
    """Whose doing; the actor of a change is no key of another table."""

    title = "谁"
    parameter_name = "who"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(str(person.pk), str(person)) for person in get_user_model().objects.order_by("pk")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        key = whole_number(self.value())
        if key is None:
            return queryset
        by_actor = queryset.model is Change
        return queryset.filter(**{"actor": f"staff:{key}"} if by_actor else {"by": key})


class LogAdmin(DeskAdmin):
    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        cl = super().get_changelist_instance(request)
        rows = list(cl.result_list)
        called = row_words((row.table, row.row) for row in rows)
        for row in rows:
            row.called = called[row.table, row.row]
        cl.result_list = rows
        return cl

    @admin.display(description="什么")
    def thing(self, obj: Any) -> str:
        place = (obj.table, obj.row)
        called = getattr(obj, "called", None) or row_words([place])[place]
        return f"{table_words(obj.table)} {called}".strip()


@admin.register(Change)
class ChangeAdmin(LogAdmin):
    about = "谁在什么时候改了什么。记录由数据库自己写下，每分钟封存一次，谁也改不了。"
    list_display = ("at", "who", "operation_name", "thing")
    list_filter = (PersonFilter, DayFilter, OperationFilter, TableFilter)
    search_fields = ("=row",)
    search_help_text = "行号"
    fields = ("at", "who", "operation_name", "thing", "row", "chain")
    readonly_fields = ("who", "operation_name", "thing", "difference")
    ordering = ("-pk",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        person = get_user_model().objects.annotate(
            word=Concat(Value("staff:"), Cast("pk", CharField()))
        )
        name = person.filter(word=OuterRef("actor")).values("name")[:1]
        return super().get_queryset(request).annotate(person=Subquery(name))

    @admin.display(description="谁")
    def who(self, obj: Any) -> str:
        return change_log.who_words(obj.actor, obj.person or "")

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
            for label, before, after in change_log.in_words(obj)
        ]
        body = format_html_join("", "<tr><th>{}</th><td>{}</td><td>{}</td></tr>", rows)
        return format_html(
            "<table><tr><th>项目</th><th>改前</th><th>改后</th></tr>{}</table>", body
        )


def may_read(staff: Any, change: Change) -> bool:
    """Contents of a case row only for those who may see the row itself."""
    model = tables().get(change.table)
    rows = model._default_manager.all() if model else None
    if not isinstance(rows, OfficeScopedQuerySet):
        return True
    return rows.visible_to(staff).filter(pk=change.row).exists()


@admin.register(Reading)
class ReadingAdmin(LogAdmin):
    about = "谁看过谁的证件号码，谁按证件号码找过人。"
    list_display = ("at", "by", "what", "thing", "reason")
    list_filter = (PersonFilter, DayFilter, "what")
    list_select_related = ("by",)
    search_fields = ("=row",)
    search_help_text = "行号"
    fields = ("at", "by", "what", "thing", "row", "reason")
    readonly_fields = ("thing",)
