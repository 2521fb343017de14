"""Offices, telephones, the calendar, policy documents and the staff on the staff site."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import AdminPasswordChangeForm, BaseUserCreationForm
from django.contrib.auth.models import Group
from django.http import HttpRequest
from django.utils import timezone

from apps.offices import admin_upkeep as upkeep
from apps.offices import resources
from apps.offices.admin_leaving import LeavingMixin
from apps.offices.models import (
    CalendarDay,
    Channel,
    City,
    Hotline,
    Office,
    PolicyDocument,
    ServiceHours,
    Staff,
    WeekRule,
    calendar_gap,
)
from apps.offices.public import admin as public_admin
from ydjy.desk.admin.modeladmin import DeskAdmin, DeskForm, DeskInline, OfficeScopedAdmin
from ydjy.desk.exports.admin_mixin import Column, ExportMixin
from ydjy.desk.imports.admin import SmallListMixin

admin.site.unregister(Group)  # groups are the roles, and the roles are code

SOURCE = ("source", "checked_on")
PERIOD = ("valid_from", "valid_to")


class OfficeHours(DeskInline):
    model = ServiceHours
    fk_name = "office"
    fields = ("weekday", "opens", "closes", *PERIOD, *SOURCE)
    removable = True


class HotlineHours(OfficeHours):
    fk_name = "hotline"


@admin.register(Office)
class OfficeAdmin(public_admin.PaperCodeMixin, SmallListMixin, DeskAdmin):
    public_page = "/offices/"
    small_list = resources.OFFICES
    about = "市、县（市、区）、乡镇（街道）的经办机构和服务网点。公开的会显示在查询网站上。"
    list_display = ("name", "level", "parent", "service_area", "handles_cases", "published")
    list_filter = ("level", "handles_cases", "published")
    list_select_related = ("parent",)
    search_fields = ("name", "code", "area_name")
    search_help_text = "名称或代号"
    fields = (
        *("name", "level", "parent", "area", "area_name", "address", "step_free", "accepts"),
        *("handles_cases", "order", "published", *PERIOD, *SOURCE),
    )
    inlines = (OfficeHours,)

    checked = upkeep.checked

    @admin.display(description="服务地区", ordering="area_name")
    def service_area(self, obj: Office) -> str:
        return obj.area_name or obj.area


class HotlineForm(DeskForm):
    uses = forms.MultipleChoiceField(
        label="用途", choices=Hotline.Use, widget=forms.CheckboxSelectMultiple
    )


@admin.register(Hotline)
class HotlineAdmin(public_admin.PaperCodeMixin, SmallListMixin, DeskAdmin):
    public_page = "/offices/"
    small_list = resources.HOTLINES
    about = "对外的电话。一个号码可以有几种用途。"
    form = HotlineForm
    labels = {"uses": dict(Hotline.Use.choices)}
    list_display = ("name", "display", "uses", "office", "published")
    list_filter = ("published",)
    list_select_related = ("office",)
    search_fields = ("name", "display", "tel")
    search_help_text = "名称或号码"
    fields = ("office", "name", "display", "uses", "order", "published", *PERIOD, *SOURCE)
    inlines = (HotlineHours,)

    unchecked = upkeep.unchecked
    checked = upkeep.checked

    def save_model(self, request: HttpRequest, obj: Hotline, form: Any, change: bool) -> None:
        resources.dial(obj, obj.display)
        super().save_model(request, obj, form, change)


class YearFilter(admin.SimpleListFilter):
    """The calendar opens at this year; an earlier one is asked for."""

    title = "年份"
    parameter_name = "year"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        years = sorted({day.year for day in CalendarDay.objects.dates("day", "year")}, reverse=True)
        return [("all", "全部"), *((str(year), f"{year}年") for year in years)]

    def choices(self, changelist: Any) -> Any:
        """Without the stock «all»: nothing asked is this year."""
        return list(super().choices(changelist))[1:]

    def value(self) -> str:
        known = [key for key, _ in self.lookup_choices]
        this_year, asked = str(timezone.localdate().year), super().value()
        return asked if asked in known else this_year if this_year in known else "all"

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        year = self.value()
        return queryset if year == "all" else queryset.filter(day__year=int(year))


@admin.register(CalendarDay)
class CalendarDayAdmin(SmallListMixin, DeskAdmin):
    small_list = resources.DAYS
    about = "国务院办公厅公布的放假和调休日。返回期限由它推算，改动以后请核对本周的期限。"
    list_display = ("day", "works", "name", "official", "source")
    list_filter = (YearFilter, "works", "official")

    workdays = upkeep.workdays

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        gap = calendar_gap(timezone.localdate()) if self.has_add_permission(request) else ""
        if gap:
            messages.error(request, gap)
        return super().changelist_view(request, extra_context)


@admin.register(WeekRule)
class WeekRuleAdmin(DeskAdmin):
    about = "每周一几点前收到省里的表，哪天几点前返回。改规定时新增一行，旧的写上失效日期。"
    list_display = ("valid_from", "valid_to", "intake_time", "due_weekday", "due_time", "shift")


@admin.register(Channel)
class ChannelAdmin(DeskAdmin):
    about = "参保人可以用哪些渠道办理备案、查进度。"
    list_display = ("name", "kind", "available", "queries", "cross_province_only", "order")
    list_filter = ("kind", "available")

    checked = upkeep.checked


@admin.register(PolicyDocument)
class PolicyDocumentAdmin(DeskAdmin):
    about = "政策文件。每一条规定、每一个电话都写明依据的是哪一份。"
    list_display = ("title", "number", "issuer", "issued_on")
    search_fields = ("title", "number")
    search_help_text = "标题或文号"


@admin.register(City)
class CityAdmin(DeskAdmin):
    about = "这套系统服务的统筹区，只有一个。"
    list_display = ("name", "area", "area_code", "county_rule", "weekly_exchange")
    readonly_fields = ("name", "area", "area_code")  # another city is another desk

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False


def _moment(at: Any) -> str:
    return timezone.localtime(at).strftime("%Y-%m-%d %H:%M") if at else ""


# Staff -----------------------------------------------------------------------------------------


class StaffForm(DeskForm):
    """``by`` is who fills it in: nobody gives themselves another office or role."""

    by: Staff

    def clean(self) -> Any:
        cleaned = super().clean()
        if self.instance.password_until and not cleaned.get("must_change_password", True):
            said = "一次性密码要由本人换掉，换好以后这里自己就去掉了。"
            self.add_error("must_change_password", said)
        moved = {"role", "office", "is_active"} & set(self.changed_data)
        if moved and self.instance.pk == self.by.pk:
            raise forms.ValidationError("自己的岗位、机构和账号状态，请由另一位管理人员来改。")
        return cleaned


class StaffAddForm(DeskForm, BaseUserCreationForm):
    class Meta(BaseUserCreationForm.Meta):
        model = Staff


class StaffPasswordForm(AdminPasswordChangeForm):
    """A password given by somebody else holds until the first login only."""

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **({"label_suffix": ""} | kwargs))
        self.fields.pop("usable_password", None)

    def save(self, commit: bool = True) -> Any:
        self.user.give_password(self.cleaned_data["password1"], timezone.now())
        if commit:
            self.user.save()
        return self.user


@admin.register(Staff)
class StaffAdmin(LeavingMixin, ExportMixin, OfficeScopedAdmin, UserAdmin):
    about = "谁能登录、在哪个机构、是什么岗位。能看什么、能做什么由岗位决定，不能单独给。"
    export_columns = (
        Column("姓名", "name"),
        Column("用户名", "username"),
        Column("机构", lambda person: person.office or ""),
        Column("岗位", lambda person: person.get_role_display()),
        Column("办公电话", "phone"),
        Column("能登录", lambda person: "是" if person.is_active else "否"),
        Column("动态码", lambda person: "已设" if person.has_second_factor else "没有"),
        Column("最后登录", lambda person: _moment(person.last_login)),
    )
    form = StaffForm
    add_form = StaffAddForm
    change_password_form = StaffPasswordForm
    list_display = ("name", "username", "office", "role", "is_active", "last_login")
    list_filter = ("role", "office", "is_active")
    list_select_related = ("office",)
    ordering = ("office__order", "username")
    search_fields = ("name", "username")
    search_help_text = "姓名或用户名"
    filter_horizontal = ()
    readonly_fields = ("last_login", "date_joined")
    fieldsets = (
        (None, {"fields": ("username", "name", "office", "role", "phone")}),
        ("账号", {"fields": ("is_active", "must_change_password", "last_login", "date_joined")}),
    )
    add_fieldsets = (
        (
            None,
            {"fields": ("username", "name", "office", "role", "phone", "password1", "password2")},
        ),
    )

    def get_queryset(self, request: HttpRequest) -> Any:
        """A superuser's account is opened by superusers only: else its password could be taken."""
        rows = super().get_queryset(request)
        return rows if request.user.is_superuser else rows.filter(is_superuser=False)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any):  # type: ignore[no-untyped-def]
        form = super().get_form(request, obj, change=change, **kwargs)
        form.by = request.user
        return form

    def save_model(self, request: HttpRequest, obj: Staff, form: Any, change: bool) -> None:
        if not change:
            obj.give_password(form.cleaned_data["password1"], timezone.now())
        obj.is_staff = obj.is_staff or bool(obj.role)
        super().save_model(request, obj, form, change)
