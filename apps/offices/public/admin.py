"""The public site's own rows on the staff site: settings, notices, odd days, words; and duty."""

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest

from apps.offices import resources
from apps.offices.models import Duty, Notice, SiteSettings, SpecialHours, Synonym
from apps.offices.public.page import code_of
from ydjy.desk.admin.modeladmin import DeskAdmin, OfficeScopedAdmin
from ydjy.desk.imports.admin import SmallListMixin

DAYS = ("valid_from", "valid_to")


class PaperCodeMixin:
    """A list whose print carries the code of the public page that shows the same, as it is today
    (P11): whoever holds the sheet can see what has changed since."""

    public_page = ""

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        extra = {"qr": code_of(self.public_page)} | (extra_context or {})
        return super().changelist_view(request, extra)  # type: ignore[misc]


@admin.register(SiteSettings)
class SiteSettingsAdmin(DeskAdmin):
    about = "查询网站页脚上的内容。空着的不显示；上线前要填齐主办单位、电话、标识码和备案号。"
    list_display = ("site_name", "organiser", "phone", "still_missing")
    fields = (
        *("site_name", "organiser", "phone", "site_code", "icp", "police_record"),
        *("address", "report_url", "party_mark_url"),
    )

    @admin.display(description="还没填")
    def still_missing(self, obj: SiteSettings) -> str:
        return "、".join(obj.missing) or "都填了"

    def has_add_permission(self, request: HttpRequest) -> bool:
        """There is one site, so one row."""
        return super().has_add_permission(request) and not SiteSettings.objects.exists()

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        if missing := SiteSettings.objects.current().missing:
            messages.warning(request, f"查询网站还没有填：{'、'.join(missing)}。")
        return super().changelist_view(request, extra_context)


@admin.register(Notice)
class NoticeAdmin(DeskAdmin):
    about = "每一页最上面的通知，有起止日期。给公众的和给工作人员的分开。"
    list_display = ("text", "level", "audience", *DAYS, "published")
    list_filter = ("audience", "level", "published")
    fields = ("text", "level", "audience", *DAYS, "published")


@admin.register(SpecialHours)
class SpecialHoursAdmin(DeskAdmin):
    about = "某几天暂停办公或者延时服务。不选机构就是全市都这样，查询网站会提前两周写出来。"
    list_display = ("kind", "office", *DAYS, "opens", "closes", "reason", "published")
    list_filter = ("kind", "published")
    list_select_related = ("office",)
    fields = ("office", "kind", *DAYS, "opens", "closes", "reason", "published")


@admin.register(Synonym)
class SynonymAdmin(SmallListMixin, DeskAdmin):
    small_list = resources.SYNONYMS
    export_code = import_code = "change_synonym"
    about = "查询网站的同义词：百姓怎么说，我们怎么叫。程序自带的一批不用再登记。"
    list_display = ("word", "means")
    search_fields = ("word", "means")
    search_help_text = "任意一个词"
    fields = ("word", "means")


@admin.register(Duty)
class DutyAdmin(OfficeScopedAdmin):
    about = "值班表，和不在岗时由谁代办（B角）。"
    list_display = ("office", "kind", "person", "deputy", *DAYS)
    list_filter = ("kind",)
    list_select_related = ("office", "person", "deputy")
    fields = ("office", "kind", "person", "deputy", *DAYS, "note")
