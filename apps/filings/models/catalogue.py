"""The rules of filing as dated rows: who, what to bring, by which way (domain 4.5, 4.8).

Public pages may read this module; it holds no person. The bureau edits every row in the admin.
"""

from typing import Self

from django.db import models

from apps.offices.models import Channel, Office, Sourced
from apps.offices.models.policy import Dated, DatedQuerySet


class PersonStatus(models.TextChoices):
    """What an eligibility row may ask of a person besides the insurance (domain 4.5)."""

    EMPLOYED = "employed", "在职"
    RETIRED = "retired", "退休"
    FLEXIBLE = "flexible", "灵活就业"
    RESIDENT = "resident", "城乡居民"
    MINOR = "minor", "未成年人"
    VETERAN = "veteran", "自主择业军转"


class Category(Sourced):
    """A filing category 备案类别, such as 异地长期居住人员."""

    class Group(models.TextChoices):
        LONG_TERM = "long_term", "长期"
        WORK = "work", "在外地工作"
        TEMPORARY = "temporary", "临时外出"
        REFERRAL = "referral", "转诊转院"
        EMERGENCY = "emergency", "急诊"
        MATERNITY = "maternity", "生育"

    code = models.SlugField("代号", unique=True)
    name = models.CharField("名称", max_length=40)
    group = models.CharField("分组", max_length=10, choices=Group)
    people = models.CharField("人员范围", max_length=300, blank=True)
    order = models.PositiveSmallIntegerField("次序", default=0)
    active = models.BooleanField("在用", default=True)

    class Meta:
        verbose_name = verbose_name_plural = "备案类别"
        ordering = ["order", "pk"]

    def __str__(self) -> str:
        return self.name


class VariantQuerySet(DatedQuerySet):
    def for_filing(self, day) -> Self:  # type: ignore[no-untyped-def]
        return self.on(day).filter(category__active=True).select_related("category", "source")


class Variant(Sourced, Dated):
    """One case of a category with its own rules: 配偶／子女／子女配偶, 目录内／目录外.

    A category without such cases has exactly one, with a blank name.
    """

    class Window(models.TextChoices):
        ANY = "any", "随时"
        IN_HOSPITAL = "in_hospital", "入院后出院前"

    class Settlement(models.TextChoices):
        DIRECT = "direct", "直接结算"
        MANUAL = "manual", "手工报销"

    category = models.ForeignKey(
        Category, models.PROTECT, related_name="variants", verbose_name="备案类别"
    )
    code = models.SlugField("代号", unique=True, max_length=60)
    name = models.CharField("情形", max_length=40, blank=True)
    validity_months = models.PositiveSmallIntegerField(
        "有效月数", null=True, blank=True, help_text="空着是长期有效，到变更或撤销为止"
    )
    this_stay_only = models.BooleanField("仅本次住院", default=False)
    cross_province_only = models.BooleanField("仅限跨省", default=False)
    change_lock_months = models.PositiveSmallIntegerField("几个月内不得变更", default=0)
    window = models.CharField("办理时间", max_length=12, choices=Window, default=Window.ANY)
    settlement = models.CharField(
        "结算方式", max_length=10, choices=Settlement, default=Settlement.DIRECT
    )
    commitment_allowed = models.BooleanField("可以承诺", default=False)
    commitment_days = models.PositiveSmallIntegerField(
        "承诺几个工作日内补齐", null=True, blank=True, help_text="空着是没有依据，办理时填日期"
    )
    supplement_days = models.PositiveSmallIntegerField(
        "补正期限（工作日）", null=True, blank=True, help_text="空着是没有依据，办理时填日期"
    )
    review_days = models.PositiveSmallIntegerField(
        "几个工作日办结", null=True, blank=True, help_text="空着是当场办结"
    )
    channel_override = models.BooleanField("渠道可以例外", default=False)
    panel_needed = models.BooleanField("须专家合议", default=False)
    certificate_needed = models.BooleanField("须转诊证明", default=False)
    certificate_issuers = models.CharField("证明由谁出具", max_length=120, blank=True)
    unsettled = models.BooleanField("待核实", default=False, help_text="有效期等内容还没有依据")
    note = models.CharField("说明", max_length=300, blank=True)

    objects = VariantQuerySet.as_manager()

    class Meta(Dated.Meta):
        abstract = False
        verbose_name = verbose_name_plural = "备案情形"
        ordering = ["category__order", "pk"]

    def __str__(self) -> str:
        return f"{self.category}·{self.name}" if self.name else str(self.category)


class Eligibility(Sourced):
    """One way of belonging to a variant; a person who meets any of its rows may file.

    A variant without rows is open to every insured person.
    """

    variant = models.ForeignKey(
        Variant, models.CASCADE, related_name="eligibility", verbose_name="备案情形"
    )
    insutypes = models.JSONField("险种", default=list, blank=True)
    statuses = models.JSONField("人员状态", default=list, blank=True)
    min_age = models.PositiveSmallIntegerField("年满", null=True, blank=True)
    below_age = models.PositiveSmallIntegerField("未满", null=True, blank=True)
    min_posting_months = models.PositiveSmallIntegerField("派驻不少于几个月", null=True, blank=True)
    condition = models.CharField("还须", max_length=200, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "人员范围"
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.condition or "人员范围"


class Material(models.Model):
    """A paper to bring 材料."""

    code = models.SlugField("代号", unique=True)
    name = models.CharField("名称", max_length=60)
    note = models.CharField("要求", max_length=120, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "材料"
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class MaterialRule(Sourced):
    """A material that a variant asks for. Rows of one variant with the same ``group_no`` are
    alternatives (any one does); different groups are all needed."""

    class Whose(models.TextChoices):
        INSURED = "insured", "参保人"
        SPOUSE = "spouse", "配偶"
        CHILD = "child", "子女"
        CHILD_SPOUSE = "child_spouse", "子女配偶"
        PARENT = "parent", "父母一方"
        GUARDIAN = "guardian", "监护人"
        AGENT = "agent", "代办人"
        HOSPITAL = "hospital", "医院"
        EMPLOYER = "employer", "用人单位"

    variant = models.ForeignKey(
        Variant, models.CASCADE, related_name="materials", verbose_name="备案情形"
    )
    group_no = models.PositiveSmallIntegerField("组")
    material = models.ForeignKey(Material, models.PROTECT, related_name="+", verbose_name="材料")
    whose = models.CharField("谁的", max_length=12, choices=Whose, default=Whose.INSURED)
    pages = models.CharField("哪几页", max_length=60, blank=True)
    form = models.CharField("形式", max_length=60, blank=True)
    auto_generated = models.BooleanField("系统生成，不用带", default=False)
    waivable = models.BooleanField("可用承诺代替", default=False)

    class Meta:
        verbose_name = verbose_name_plural = "材料要求"
        ordering = ["variant", "group_no", "pk"]

    def __str__(self) -> str:
        pages = f"（{self.pages}）" if self.pages else ""
        return f"{self.material}{pages}"


class ChannelRule(Sourced):
    """A channel by which a variant may be handed in, or asked about."""

    variant = models.ForeignKey(
        Variant, models.CASCADE, related_name="channels", verbose_name="备案情形"
    )
    channel = models.ForeignKey(Channel, models.PROTECT, related_name="+", verbose_name="渠道")
    cross_province_only = models.BooleanField("仅限跨省", default=False)

    class Meta:
        verbose_name = verbose_name_plural = "办理渠道"
        ordering = ["variant", "channel__order"]
        constraints = [
            models.UniqueConstraint(fields=["variant", "channel"], name="channel_rule_once")
        ]

    def __str__(self) -> str:
        return f"{self.channel}{'（仅限跨省）' if self.cross_province_only else ''}"


class OfficeService(Sourced, Dated):
    """A category that an office or window takes (O2). Where a category has no row at all, every
    office with a window takes it."""

    category = models.ForeignKey(
        Category, models.CASCADE, related_name="places", verbose_name="备案类别"
    )
    office = models.ForeignKey(Office, models.CASCADE, related_name="+", verbose_name="机构")
    note = models.CharField("说明", max_length=100, blank=True)

    objects = DatedQuerySet.as_manager()

    class Meta(Dated.Meta):
        abstract = False
        verbose_name = verbose_name_plural = "哪里能办"
        ordering = ["category__order", "office__order"]

    def __str__(self) -> str:
        return "能办这一类的机构"


class RegionClass(models.Model):
    """A class of places in the settlement matrix. Named places come before 省内／省外: in
    Zhangjiagang 上海 is a class of its own although it is another province (domain 4.7)."""

    class Relation(models.TextChoices):
        """As ``divisions.relation`` says it."""

        LOCAL = "local", "本统筹区"
        IN_PROVINCE = "in_province", "省内"
        CROSS_PROVINCE = "cross_province", "省外"

    code = models.SlugField("代号", unique=True)
    name = models.CharField("名称", max_length=20)
    areas = models.JSONField("区划", default=list, blank=True, help_text="空着按省内省外判断")
    relation = models.CharField(
        "和参保地的关系",
        max_length=15,
        choices=Relation,
        blank=True,
        help_text="写了区划的不用选",
    )
    priority = models.PositiveSmallIntegerField("先后", default=0)

    class Meta:
        verbose_name = verbose_name_plural = "地区分类"
        ordering = ["priority"]

    def __str__(self) -> str:
        return self.name


class SettlementRule(Sourced, Dated):
    """One cell of the settlement matrix. 待核实 is an honest value: the source lost its cells."""

    class Direction(models.TextChoices):
        OUTBOUND = "outbound", "本市人到外地"
        INBOUND = "inbound", "外地人来本市"

    class Venue(models.TextChoices):
        PHARMACY = "pharmacy", "药店"
        COMMUNITY = "community", "社区医院"
        OUTPATIENT = "outpatient", "医院门诊"
        INPATIENT = "inpatient", "医院住院"
        UNOPENED = "unopened", "没开通的机构"
        CHRONIC = "chronic", "门诊慢特病"
        HIGH_VALUE_DRUG = "high_value_drug", "高值药品"

    class Mode(models.TextChoices):
        CARD = "card", "刷卡"
        PAY_FIRST = "pay_first", "先垫付"
        ACCOUNT = "account", "用个人账户"
        UNVERIFIED = "unverified", "待核实"

    direction = models.CharField("方向", max_length=10, choices=Direction)
    region = models.ForeignKey(RegionClass, models.PROTECT, related_name="+", verbose_name="地区")
    venue = models.CharField("在哪里看", max_length=16, choices=Venue)
    mode = models.CharField("怎么结算", max_length=12, choices=Mode)
    filing_needed = models.BooleanField("须先备案", null=True, blank=True)
    catalogue = models.CharField("用哪里的目录", max_length=10, blank=True)
    policy = models.CharField("用哪里的政策", max_length=10, blank=True)
    note = models.CharField("说明", max_length=200, blank=True)

    objects = DatedQuerySet.as_manager()

    class Meta(Dated.Meta):
        abstract = False
        verbose_name = verbose_name_plural = "结算规则"
        ordering = ["direction", "region__priority", "pk"]

    def __str__(self) -> str:
        return f"{self.get_direction_display()}，{self.get_venue_display()}"


class Topic(Sourced, Dated):
    """A piece of guide content 办事知识, written by us from the facts; public once reviewed."""

    code = models.SlugField("代号", unique=True, max_length=60)
    title = models.CharField("标题", max_length=60)
    body = models.TextField("内容")
    working_days = models.PositiveSmallIntegerField("几个工作日办结", null=True, blank=True)
    order = models.PositiveSmallIntegerField("次序", default=0)
    published = models.BooleanField("对外公开", default=False)

    objects = DatedQuerySet.as_manager()

    class Meta(Dated.Meta):
        abstract = False
        verbose_name = verbose_name_plural = "办事知识"
        ordering = ["order", "pk"]

    def __str__(self) -> str:
        return self.title


class FundingStandard(Sourced):
    """What a group pays in a period (D-X13). A period that ends before it begins is refused."""

    group = models.CharField("人群", max_length=30)
    tier = models.CharField("档次", max_length=10, blank=True)
    begins = models.DateField("从")
    ends = models.DateField("到")
    amount = models.DecimalField("金额（元／人年）", max_digits=9, decimal_places=2)

    class Meta:
        verbose_name = verbose_name_plural = "筹资标准"
        ordering = ["-begins", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(ends__gt=models.F("begins")),
                name="funding_period",
                violation_error_message="结束日期早于开始日期，请对照文件核对后再填。",
            )
        ]

    def __str__(self) -> str:
        return f"{self.group}{self.tier}，{self.begins:%Y}年"


class FormTemplate(Sourced):
    """A form of the province's catalogue 附件 (D-X18): number, title, and whether we print it."""

    number = models.CharField("附件号", max_length=6, unique=True)
    title = models.CharField("名称", max_length=80)
    order = models.PositiveSmallIntegerField("次序", default=0)

    class Meta:
        verbose_name = verbose_name_plural = "附件目录"
        ordering = ["order"]

    def __str__(self) -> str:
        return f"附件{self.number} {self.title}"
