"""The policy of Jinzhou, row by row: domain.md 4.8 and the facts behind it."""

from datetime import date, time
from decimal import Decimal

import pytest

from apps.filings.models.catalogue import FundingStandard, MaterialRule, Topic, Variant
from apps.institutions.models import Institution, ReferralRight
from apps.offices.models import Channel, Hotline, Office, PolicyDocument, WeekRule
from tests.policyrows import remove_everything
from ydjy.management.commands import load_policy

pytestmark = pytest.mark.django_db

# Whose paper, which pages: groups in order, alternatives parted by |. domain 4.8.
JINZHOU_MATERIALS = {
    "settled-retiree": ["社会保障卡", "户口簿（首页、户主页、本人页）"],
    "long-term-resident": ["社会保障卡", "房产证|居住证"],
    "with-spouse": [
        "社会保障卡",
        "配偶户口簿（首页、户主页、本人页）|配偶房产证",
        "结婚证",
    ],
    "with-child": [
        "社会保障卡",
        "子女户口簿（首页、户主页、本人页）|子女房产证",
        "独生子女证|所在单位档案内履历表",
    ],
    "with-child-spouse": [
        "社会保障卡[二代]",
        "子女居民身份证",
        "独生子女证|所在单位档案内履历表",
        "子女配偶居民身份证",
        "子女配偶户口簿（首页、户主页、本人页）|子女配偶房产证",
        "子女结婚证",
    ],
    "minor": [
        "社会保障卡",
        "父母一方居民身份证",
        "父母一方异地就医备案表|父母一方就医地职工医保参保材料",
        "子女居民身份证|子女户口簿",
        "子女医学出生证明",
    ],
    "veteran": ["社会保障卡", "房产证|居住证|异地工作相关材料"],
    "posted-worker": [
        "社会保障卡",
        "用人单位单位派驻证明|用人单位调令",
        "劳动合同",
        "用人单位派驻项目情况说明",
    ],
    "migrant-worker": ["社会保障卡", "居住证|务工就业创业相关材料"],
    "temporary": [],
    "referral-listed": [
        "社会保障卡|居民身份证",
        "医院完整住院病历复印件[近期三级以上医疗机构的复印件，加盖医院病案室原始公章]",
        "医院相关检查化验报告单",
        "医院诊断书",
    ],
    "referral-unlisted": ["社会保障卡|居民身份证", "医院转诊证明"],
    "emergency-listed": [
        "社会保障卡|居民身份证",
        "医院病历首页",
        "医院相关检查化验报告单",
        "医院诊断书",
    ],
    "emergency-unlisted": [
        "社会保障卡|居民身份证",
        "医院完整住院病历复印件[复印件，加盖医院病案室原始公章]",
    ],
    "emergency-cross-province": [],
}
JINZHOU_CHANNELS = {
    **{
        code: ["jinzhou-app", "national-mini-program（仅跨省）", "window"]
        for code in (
            "settled-retiree", "long-term-resident", "with-spouse", "with-child",
            "with-child-spouse", "minor", "veteran", "posted-worker", "migrant-worker",
            "referral-listed",
        )
    },
    "temporary": ["jinzhou-app", "telephone", "window"],
    "referral-unlisted": ["referral-hospital"],
    "emergency-listed": ["telephone", "window"],
    "emergency-unlisted": ["telephone", "window"],
    "emergency-cross-province": ["telephone", "window"],
}  # fmt: skip


def in_words(rule: MaterialRule) -> str:
    whose = "" if rule.whose == MaterialRule.Whose.INSURED else rule.get_whose_display()
    return f"{whose}{rule}{f'[{rule.form}]' if rule.form else ''}"


@pytest.fixture(autouse=True, scope="module")
def jinzhou(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock():
        load_policy.load_city("jinzhou")
    yield
    with django_db_blocker.unblock():
        remove_everything()


def test_the_material_groups_of_every_variant():
    found = {}
    for variant in Variant.objects.all():
        groups: dict[int, list[str]] = {}
        for rule in variant.materials.select_related("material"):
            groups.setdefault(rule.group_no, []).append(in_words(rule))
        found[variant.code] = ["|".join(groups[n]) for n in sorted(groups)]
    assert found == JINZHOU_MATERIALS


def test_the_channels_of_every_variant():
    found = {
        variant.code: [
            rule.channel.code + ("（仅跨省）" if rule.cross_province_only else "")
            for rule in variant.channels.select_related("channel")
        ]
        for variant in Variant.objects.all()
    }
    assert found == JINZHOU_CHANNELS


def test_who_may_file():
    found = {
        variant.code: [
            (e.insutypes, e.statuses, e.min_age, e.below_age, e.min_posting_months)
            for e in variant.eligibility.all()
        ]
        for variant in Variant.objects.all()
    }
    anybody = ([], [], None, None, None)
    assert found == {
        "settled-retiree": [(["310"], ["retired"], None, None, None)],
        "long-term-resident": [
            (["310"], ["retired"], None, None, None),
            (["390"], [], 60, None, None),
        ],
        "with-spouse": [anybody],
        "with-child": [anybody],
        "with-child-spouse": [anybody],
        "minor": [(["390"], [], None, 18, None)],
        "veteran": [([], ["veteran"], None, None, None)],
        "posted-worker": [(["310"], ["employed"], None, None, 6)],
        "migrant-worker": [
            (["310"], ["flexible"], None, None, None),
            (["390"], [], None, None, None),
        ],
        "temporary": [],
        "referral-listed": [anybody],
        "referral-unlisted": [anybody],
        "emergency-listed": [anybody],
        "emergency-unlisted": [anybody],
        "emergency-cross-province": [anybody],
    }


def test_no_certificate_is_asked_for_a_listed_disease():
    listed = Variant.objects.get(code="referral-listed")
    assert not listed.certificate_needed
    assert not listed.materials.filter(material__code="referral-certificate").exists()
    assert Variant.objects.get(code="referral-unlisted").certificate_needed


def test_six_months_are_marked_as_unverified():
    six = Variant.objects.filter(validity_months=6)
    assert {v.code for v in six} == {"temporary", "referral-listed", "referral-unlisted"}
    assert all(v.unsettled and "待核实" in v.note for v in six)


def test_an_emergency_is_filed_before_discharge_and_an_unlisted_one_goes_to_the_panel():
    listed = Variant.objects.get(code="emergency-listed")
    unlisted = Variant.objects.get(code="emergency-unlisted")
    assert listed.window == unlisted.window == Variant.Window.IN_HOSPITAL
    assert (listed.panel_needed, listed.settlement) == (False, "direct")
    assert (unlisted.panel_needed, unlisted.settlement) == (True, "manual")


@pytest.mark.parametrize(
    ("admission", "national"), [(date(2022, 12, 31), False), (date(2023, 1, 1), True)]
)
def test_the_national_emergency_rule_stands_beside_the_citys_from_its_day(admission, national):
    rules = Variant.objects.filter(category__code="emergency").on(admission)
    found = {v.code: v.cross_province_only for v in rules}
    municipal = {"emergency-listed": False, "emergency-unlisted": False}
    assert found == municipal | ({"emergency-cross-province": True} if national else {})


def test_one_number_has_several_uses():
    hotline = Hotline.objects.get(display="0416-8904567")
    assert hotline.uses == ["enquiry", "cross_region", "filing"]
    assert [(h.opens, h.closes, h.weekday) for h in hotline.hours.all()] == [
        (time(8, 30), time(11, 30), None),
        (time(13, 30), time(17), None),
    ]


def test_every_telephone_with_its_area_code():
    assert {h.display: h.tel for h in Hotline.objects.all()} == {
        number: number.replace("-", "")
        for number in (
            "0416-8904567", "0416-7787016", "0416-5539960", "0416-6066602", "0416-8188209",
            "0416-3583010", "0416-5055586",
        )
    }  # fmt: skip


@pytest.mark.parametrize(
    ("area", "office"),
    [
        ("210702", "jinzhou"),
        ("210703", "jinzhou"),
        ("210711", "jinzhou"),
        ("210799", "jinzhou"),
        ("210726", "heishan"),
        ("210727", "yixian"),
        ("210781", "linghai"),
        ("210782", "beizhen"),
        ("binhai", "binhai"),
    ],
)
def test_which_office_answers_for_an_area(area, office):
    assert Office.objects.for_area(area).code == office


def test_county_offices_stand_below_the_city():
    city = Office.objects.get(code="jinzhou")
    assert Office.objects.exclude(code="jinzhou").filter(path__startswith=city.path).count() == 5


def test_the_scopes_of_the_hospitals():
    rights = {r.institution.name: (str(r.mode), r.serves) for r in ReferralRight.objects.all()}
    assert rights["锦州市康宁医院"] == ("only", "")
    assert rights["锦州市妇婴医院"] == ("only", "")
    assert rights["锦州医科大学附属第一医院"] == ("except", "")
    assert rights["黑山县人民医院"] == ("except", "210726")
    only = ReferralRight.objects.get(institution__name="锦州市传染病医院").scope
    assert only.include == {"传染病", "结核病"}


@pytest.mark.parametrize("name", ["联勤保障部队第九六八医院", "解放军第968医院", "锦医附一"])
def test_a_hospital_is_found_under_its_other_spellings(name):
    assert Institution.objects.named(name) is not None


def test_the_web_hall_is_listed_as_not_open():
    assert not Channel.objects.get(code="web-hall").available


def test_the_funding_of_four_possible_periods_only():
    rows = {(f.group, f.tier, f.begins): (f.ends, f.amount) for f in FundingStandard.objects.all()}
    assert rows == {
        ("城乡居民医保", "", date(2020, 1, 1)): (date(2020, 12, 31), Decimal("280.00")),
        ("城乡居民医保", "", date(2021, 1, 1)): (date(2021, 12, 31), Decimal("295.00")),
        ("灵活就业", "高档", date(2020, 7, 1)): (date(2021, 6, 30), Decimal("3833.76")),
        ("灵活就业", "低档", date(2020, 7, 1)): (date(2021, 6, 30), Decimal("2828.40")),
    }
    assert "待核实" in PolicyDocument.objects.get(code="jinzhou-guide").note


def test_manual_reimbursement_takes_twenty_working_days():
    assert Topic.objects.get(code="manual-reimbursement").working_days == 20


def test_the_week_is_due_on_friday_at_sixteen():
    rule = WeekRule.objects.get()
    assert (rule.intake_time, rule.due_weekday, rule.due_time, rule.shift) == (
        time(12), 4, time(16), "PREV_WORKDAY",
    )  # fmt: skip
