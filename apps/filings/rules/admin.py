"""The rules that filings are judged by, and the guide content, on the staff site."""

from django import forms
from django.contrib import admin
from django.db import models

from apps.filings.models.catalogue import (
    Category,
    ChannelRule,
    Eligibility,
    FormTemplate,
    FundingStandard,
    Material,
    MaterialRule,
    OfficeService,
    PersonStatus,
    RegionClass,
    SettlementRule,
    Topic,
    Variant,
)
from apps.filings.models.field_rule import FieldRule
from apps.filings.public.guide import INSURANCE
from apps.filings.rules import admin_matrix
from ydjy.desk.admin.formfields import WordsField
from ydjy.desk.admin.modeladmin import DeskAdmin, DeskForm, DeskInline

SOURCE = ("source", "checked_on")
PERIOD = ("valid_from", "valid_to")


class RuleAdmin(DeskAdmin):
    """Rules are rows: lists inside them are written with 顿号."""

    formfield_overrides = {models.JSONField: {"form_class": WordsField}}


class RuleInline(DeskInline):
    formfield_overrides = {models.JSONField: {"form_class": WordsField}}
    removable = True


class Variants(RuleInline):
    model = Variant
    fields = ("code", "name", "validity_months", "settlement", *PERIOD)
    show_change_link = True
    removable = False


class Places(RuleInline):
    model = OfficeService
    fields = ("office", "note", *PERIOD, *SOURCE)


class EligibilityForm(DeskForm):
    """Insurances and statuses are ticked by name; their codes are nobody's to type."""

    insutypes = forms.MultipleChoiceField(
        label="险种", choices=INSURANCE.items(), required=False, widget=forms.CheckboxSelectMultiple
    )
    statuses = forms.MultipleChoiceField(
        label="人员状态", choices=PersonStatus, required=False, widget=forms.CheckboxSelectMultiple
    )


class Eligibilities(RuleInline):
    model = Eligibility
    form = EligibilityForm
    labels = {"insutypes": INSURANCE, "statuses": dict(PersonStatus.choices)}
    fields = (
        *("insutypes", "statuses", "min_age", "below_age", "min_posting_months", "condition"),
        *SOURCE,
    )


class Materials(RuleInline):
    model = MaterialRule
    fields = (
        *("group_no", "material", "whose", "pages", "form", "auto_generated", "waivable"),
        *SOURCE,
    )


class Channels(RuleInline):
    model = ChannelRule
    fields = ("channel", "cross_province_only", *SOURCE)


@admin.register(Category)
class CategoryAdmin(RuleAdmin):
    about = "备案的类别，例如异地长期居住人员。每个类别下有一种或几种情形。"
    list_display = ("name", "group", "people", "order", "active")
    list_filter = ("group", "active")
    inlines = (Variants, Places)


@admin.register(Variant)
class VariantAdmin(RuleAdmin):
    about = "每种情形的有效期、材料和渠道。材料里同一组的任选一样，不同组的都要。"
    list_display = ("__str__", "validity_months", "settlement", "unsettled", *PERIOD)
    list_filter = ("category", "settlement", "unsettled")
    list_select_related = ("category",)
    inlines = (Eligibilities, Materials, Channels)


@admin.register(Material)
class MaterialAdmin(RuleAdmin):
    about = "材料的名称和要求。哪种情形要哪些材料，在备案情形里设。"
    list_display = ("name", "note")
    search_fields = ("name", "code")
    search_help_text = "名称或代号"


@admin.register(RegionClass)
class RegionClassAdmin(RuleAdmin):
    about = "结算规则里的地区。写了区划的先看区划，没写的按省内、省外判断。"
    list_display = ("name", "relation", "priority")


@admin.register(SettlementRule)
class SettlementRuleAdmin(RuleAdmin):
    about = "什么人在哪里看病怎么结算。没有依据的写“待核实”，不要猜。"
    list_display = ("direction", "region", "venue", "mode", "filing_needed", *PERIOD)
    list_filter = ("direction", "region", "venue", "mode")
    list_select_related = ("region",)

    matrix = admin_matrix.matrix


@admin.register(Topic)
class TopicAdmin(RuleAdmin):
    about = "给参保人看的办事知识。核对过的才公开。"
    list_display = ("title", "working_days", "published", "checked_on", "order")
    list_filter = ("published",)
    search_fields = ("title", "body")
    search_help_text = "标题或内容"


@admin.register(FundingStandard)
class FundingStandardAdmin(RuleAdmin):
    about = "各类人群的筹资标准。"
    list_display = ("group", "tier", "begins", "ends", "amount")
    list_filter = ("group",)


@admin.register(FieldRule)
class FieldRuleAdmin(RuleAdmin):
    about = "登记备案时哪些必须填，日期和数字到哪里为止。只拦明显的笔误；可以例外的要写理由。"
    list_display = ("__str__", "needed", "days_before", "days_after", "at_most", *PERIOD)
    list_filter = ("group",)


@admin.register(FormTemplate)
class FormTemplateAdmin(RuleAdmin):
    about = "省里规定的附件目录。"
    list_display = ("number", "title", "source")
