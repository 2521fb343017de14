"""Designated institutions, what they are open for, and what they may refer."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from apps.institutions import admin_pages, resources
from apps.institutions import exports as institutions_exports
from apps.institutions.imports import admin as imports_admin
from apps.institutions.models import (
    DiseaseGroup,
    Institution,
    InstitutionAlias,
    InternalContact,
    ListImport,
    NetworkOpening,
    ReferralRight,
    Suspension,
)
from apps.institutions.referral import scope as scopes
from apps.institutions.search import query as search_query
from apps.offices.public.admin import PaperCodeMixin
from ydjy.desk.admin.formfields import WordsField
from ydjy.desk.admin.modeladmin import DeskAdmin, DeskForm, DeskInline, short
from ydjy.desk.distinct import values_of
from ydjy.desk.exports.admin_mixin import Column, ExportMixin
from ydjy.desk.imports.admin import SmallListMixin

SHOWN = 60  # counties of a drop-down
DATED = ("valid_from", "valid_to", "source", "checked_on")


def _must_not_overlap(form: DeskForm, *names: str) -> None:
    """The database refuses overlapping intervals; here it is said before, in words."""
    values = {name: form.cleaned_data.get(name) for name in (*names, "valid_from", "valid_to")}
    row = form._meta.model(
        pk=form.instance.pk, institution_id=form.instance.institution_id, **values
    )
    if row.institution_id and (other := row.overlapping()):
        raise forms.ValidationError(f"和已有的“{other}”日期重叠，请先改好那一条的失效日期。")


class RightForm(DeskForm):
    """The chosen scope and the document's wording must say the same (domain 4.4)."""

    def clean(self) -> Any:
        cleaned = super().clean()
        if not self.errors:
            _must_not_overlap(self, "serves")
        mode, wording = cleaned.get("mode"), cleaned.get("wording", "")
        if not mode or mode == ReferralRight.Mode.UNPARSED:
            return cleaned
        lists = [
            filter(None, (cleaned.get(name) or "").split("、")) for name in ("include", "exclude")
        ]
        scope = scopes.from_record(mode, *lists, wording)
        if scope.problem:
            raise forms.ValidationError(f"{scope.problem}。")
        if wording and not scopes.agrees(scope, wording, DiseaseGroup.objects.vocabulary()):
            raise forms.ValidationError(
                f"选的是“{scopes.describe(scope)}”，和文件原文“{wording}”意思不一样，请改成一致。"
            )
        return cleaned


class OpeningForm(DeskForm):
    def clean(self) -> Any:
        cleaned = super().clean()
        if not self.errors and cleaned.get("business"):
            _must_not_overlap(self, "reach", "business")
        return cleaned


class Aliases(DeskInline):
    model = InstitutionAlias
    fields = ("name", "former")
    removable = True


class Openings(DeskInline):
    model = NetworkOpening
    form = OpeningForm
    fields = ("reach", "business", *DATED)


class Rights(DeskInline):
    model = ReferralRight
    form = RightForm
    fields = ("mode", "include", "exclude", "wording", "serves", *DATED)


class Suspensions(DeskInline):
    model = Suspension
    fields = ("kind", "reason", *DATED)


class Contacts(DeskInline):
    model = InternalContact
    fields = ("duty", "name", "phone", "note")
    removable = True


class CountyFilter(admin.SimpleListFilter):
    """The counties of the bureau's own list; the national list has three thousand."""

    title = "县区"
    parameter_name = "county"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        lists = ["", *values_of(Institution, "listed", most=SHOWN)]
        own = [
            values_of(Institution, "county", most=SHOWN, listed=listed)
            for listed in lists
            if listed != "national"
        ]
        return [(name, name) for name in sorted({name for names in own for name in names})[:SHOWN]]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(county=self.value()) if self.value() else queryset


class OpeningFilter(admin.SimpleListFilter):
    """What they settle today, per business and reach (I4)."""

    title = "今天联网开通"
    parameter_name = "opening"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [
            (f"{reach}.{business}", f"{where}{what}")
            for reach, where in NetworkOpening.Reach.choices
            for business, what in NetworkOpening.Business.choices
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        asked = tuple((self.value() or "").split("."))
        known = [tuple(key.split(".")) for key, _ in self.lookup_choices]
        if asked not in known:
            return queryset
        return search_query.narrowed(queryset, opening=asked)  # type: ignore[arg-type]


@admin.register(Institution)
class InstitutionAdmin(PaperCodeMixin, ExportMixin, DeskAdmin):
    public_page = "/institutions/"
    about = "定点医药机构：开通了什么、能转诊什么。停用写在“停用”里，从那天起生效，不要删。"
    list_display = (
        *("name", "national_code", "kind", "level", "county", "now"),
        *("in_province", "cross_province", "checked_on"),
    )
    list_filter = ("kind", CountyFilter, OpeningFilter, "published")
    search_fields = ("name_key",)  # any: the search itself is apps/institutions/search/query.py
    search_help_text = "名称里的几个字、曾用名、拼音首字母或国家编码"
    fields = (
        *("national_code", "name", "kind", "level", "ownership", "area", "county", "address"),
        *("phone", "order", "published", "remark", *DATED, "checked_how", "who_checked"),
    )
    readonly_fields = ("who_checked",)
    inlines = (Aliases, Openings, Rights, Suspensions, Contacts)

    who_refers = admin_pages.who_refers
    timeline = admin_pages.timeline
    unchecked = admin_pages.unchecked
    checked = admin_pages.checked
    alike = admin_pages.alike

    export_prefetch = institutions_exports.PREFETCH

    def get_export_columns(self, request: HttpRequest) -> tuple[Column, ...]:
        return institutions_exports.columns(timezone.localdate())

    def get_queryset(self, request: HttpRequest) -> QuerySet[Institution]:
        return super().get_queryset(request).prefetch_related("suspensions", "openings")

    def get_search_results(
        self, request: HttpRequest, queryset: Any, search_term: str
    ) -> tuple[Any, bool]:
        return search_query.filtered(queryset, short(search_term)), False

    @admin.display(description="现在")
    def now(self, obj: Institution) -> str:
        return obj.state_on(timezone.localdate())

    @admin.display(description="省内异地")
    def in_province(self, obj: Institution) -> str:
        return obj.opened_for(NetworkOpening.Reach.IN_PROVINCE, timezone.localdate())

    @admin.display(description="跨省异地")
    def cross_province(self, obj: Institution) -> str:
        return obj.opened_for(NetworkOpening.Reach.CROSS_PROVINCE, timezone.localdate())

    @admin.display(description="谁核对的")
    def who_checked(self, obj: Institution) -> str:
        return str(obj.checked_by or "—")

    def render_change_form(self, request: HttpRequest, context: Any, **kwargs: Any) -> Any:
        """Warnings about what disagrees, and what the site above knows (errors of 12 weeks)."""
        obj = kwargs.get("obj")
        if obj is not None:
            rights = obj.referral_rights.all()
            context["warnings"] = [said for right in rights if (said := right.inconsistent())]
            panels = getattr(self.admin_site, "panels", None)
            context["panels"] = panels(request, obj) if panels else []
        return super().render_change_form(request, context, **kwargs)


class GroupForm(DeskForm):
    aliases = WordsField(label="别名", required=False)


@admin.register(DiseaseGroup)
class DiseaseGroupAdmin(SmallListMixin, DeskAdmin):
    small_list = resources.GROUPS
    export_code = import_code = "change_diseasegroup"
    about = "转诊范围里用到的病种。别名要和病种完全是一回事，例如“精神病”和“精神疾病”。"
    form = GroupForm
    list_display = ("name", "parent", "order")
    list_select_related = ("parent",)


@admin.register(ListImport)
class ListImportAdmin(DeskAdmin):
    about = "收到的机构名单。一个人核对提交，另一个人发布，发布以后才公开。"
    list_display = ("__str__", "stands", "new", "changed", "missing", "drafted_by", "published_by")
    list_filter = ("state", "listed")
    list_select_related = ("upload", "drafted_by", "published_by")

    receive = imports_admin.receive
    list_blank = imports_admin.list_blank
    look = imports_admin.look
    columns = imports_admin.columns
    list_problems = imports_admin.list_problems
    change_view = imports_admin.change_view

    @admin.display(description="状态", ordering="state")
    def stands(self, obj: ListImport) -> str:
        return str((obj.upload if obj.asks_columns else obj).get_state_display())

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
