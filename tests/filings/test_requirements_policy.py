"""Every row of domain.md 4.8 against the policy as it is loaded."""

from dataclasses import replace
from datetime import date

import pytest
from django.core.management import call_command

from apps.filings.models.catalogue import FormTemplate, Topic, Variant
from apps.filings.rules import loader as rules_loader
from apps.filings.rules.judge import Application, Guardian, decide, judge
from apps.filings.rules.ruleset import Rules
from ydjy.lib import divisions

pytestmark = pytest.mark.django_db

DAY = date(2026, 11, 20)
OLD, YOUNG, CHILD = date(1960, 1, 1), date(1990, 1, 1), date(2015, 1, 1)
ANY = {"insutype": "310", "person_status": "employed", "born": YOUNG}
THREE_PAGES = "首页、户主页、本人页"
APP, MINI, WINDOW, PHONE = "jinzhou-app", "national-mini-program", "window", "telephone"
LONG = {APP, MINI, WINDOW}
SOCIAL = ["社会保障卡"]
BOOK = f"户口簿（{THREE_PAGES}）"
ID = ["社会保障卡", "居民身份证"]
KINSHIP = ["独生子女证", "所在单位档案内履历表"]
FULL_RECORD = "完整住院病历复印件（近期三级以上医疗机构的复印件，加盖医院病案室原始公章）"

# variant: (who may, who may not, material groups, channels, validity in months or None, facts)
JINZHOU = {
    "settled-retiree": (
        {"insutype": "310", "person_status": "retired"},
        {"insutype": "390", "person_status": "resident"},
        [SOCIAL, [BOOK]], LONG, None,
    ),
    "long-term-resident": (
        {"insutype": "390", "born": OLD}, {"insutype": "390", "born": YOUNG},
        [SOCIAL, ["房产证", "居住证"]], LONG, None,
    ),
    "with-spouse": (
        ANY, None, [SOCIAL, [f"配偶的{BOOK}", "配偶的房产证"], ["结婚证"]], LONG, None,
    ),
    "with-child": (
        ANY, None, [SOCIAL, [f"子女的{BOOK}", "子女的房产证"], KINSHIP], LONG, None,
    ),
    "with-child-spouse": (
        ANY, None,
        [["社会保障卡（二代）"], ["子女的居民身份证"], KINSHIP, ["子女配偶的居民身份证"],
         [f"子女配偶的{BOOK}", "子女配偶的房产证"], ["子女的结婚证"]],
        LONG, None,
    ),
    "minor": (
        {"insutype": "390", "born": CHILD, "guardian": Guardian(insured_there=True)},
        {"insutype": "390", "born": YOUNG, "guardian": Guardian(insured_there=True)},
        [SOCIAL, ["父母一方的居民身份证"],
         ["父母一方的异地就医备案表", "父母一方的就医地职工医保参保材料"],
         ["子女的居民身份证", "子女的户口簿"], ["子女的医学出生证明"]],
        LONG, None,
    ),
    "veteran": (
        {"person_status": "veteran"}, {"person_status": "employed"},
        [SOCIAL, ["房产证", "居住证", "异地工作相关材料"]], LONG, None,
    ),
    "posted-worker": (
        {"insutype": "310", "person_status": "employed", "posting_months": 6},
        {"insutype": "310", "person_status": "employed", "posting_months": 5},
        [SOCIAL, ["用人单位的单位派驻证明", "用人单位的调令"], ["劳动合同"],
         ["用人单位的派驻项目情况说明"]],
        LONG, None,
    ),
    "migrant-worker": (
        {"insutype": "310", "person_status": "flexible"},
        {"insutype": "310", "person_status": "retired"},
        [SOCIAL, ["居住证", "务工就业创业相关材料"]], LONG, None,
    ),
    "temporary": (ANY, None, [], {APP, PHONE, WINDOW}, 6),
    "referral-listed": (
        ANY, None, [ID, [FULL_RECORD], ["相关检查化验报告单"], ["诊断书"]], LONG, 6,
    ),
    "referral-unlisted": (
        ANY | {"issuer": "yes"}, ANY, [ID, ["转诊证明"]], {"referral-hospital"}, 6,
    ),
    "emergency-listed": (
        ANY | {"admission_on": DAY}, ANY,
        [ID, ["病历首页"], ["相关检查化验报告单"], ["诊断书"]],
        {PHONE, WINDOW}, "stay",
    ),
    "emergency-unlisted": (
        ANY | {"admission_on": DAY}, ANY,
        [ID, ["完整住院病历复印件（复印件，加盖医院病案室原始公章）"]],
        {PHONE, WINDOW}, "stay",
    ),
    "emergency-cross-province": (ANY, None, [], {PHONE, WINDOW}, "stay"),
}  # fmt: skip


@pytest.fixture
def jinzhou(jinzhou_policy: None) -> dict[str, Rules]:
    return {variant.code: rules_loader.rules_of(variant) for variant in rules_loader.variants()}


GIVEN = {
    "residence": "浦东新区", "relation": "配偶", "relative": "测试乙",
    "relative_document": "11010519491231002X",
}  # fmt: skip


def asked(rules: Rules, who: dict, **more: object) -> Application:
    """A person with every paper, by the first way that the rules name."""
    handed = {row.key: "original" for group in rules.groups.values() for row in group[:1]}
    whole = Application(
        applied_on=DAY, start_on=DAY, insured_area="210727", destination="310000",
        channel=rules.channels[0].code if rules.channels else "", handed=handed, given=GIVEN,
    )  # fmt: skip
    return replace(whole, **who, **more)


def test_the_table_names_every_variant_of_jinzhou(jinzhou: dict[str, Rules]):
    assert set(jinzhou) == set(JINZHOU)


@pytest.mark.parametrize("code", JINZHOU)
def test_a_row_of_the_table_says_who_what_how_and_how_long(code: str, jinzhou: dict[str, Rules]):
    may, may_not, groups, channels, validity = JINZHOU[code]
    rules = jinzhou[code]
    assert judge(rules, asked(rules, may)).sentence == ""
    if may_not is not None:
        assert not judge(rules, asked(rules, may_not)).allowed
    assert [[row.words for row in group] for group in rules.groups.values()] == groups
    assert {row.code for row in rules.channels} == channels
    assert rules.this_stay_only is (validity == "stay")
    assert rules.validity_months == (None if validity == "stay" else validity)
    assert rules.basis
    assert all(row.basis for row in (*rules.eligibility, *rules.materials, *rules.channels))


@pytest.mark.parametrize("code", JINZHOU)
def test_without_any_one_group_the_filing_waits(code: str, jinzhou: dict[str, Rules]):
    rules = jinzhou[code]
    may = JINZHOU[code][0]
    for group in rules.groups.values():
        handed = asked(rules, may).handed
        less = {key: how for key, how in handed.items() if key not in {row.key for row in group}}
        verdict = judge(rules, asked(rules, may, handed=less))
        assert not verdict.allowed
        assert len(verdict.missing) == 1


@pytest.mark.parametrize("code", [code for code, row in JINZHOU.items() if MINI in row[3]])
def test_the_mini_program_files_across_provinces_only(code: str, jinzhou: dict[str, Rules]):
    rules, may = jinzhou[code], JINZHOU[code][0]
    assert judge(rules, asked(rules, may, channel=MINI)).allowed
    inside = judge(rules, asked(rules, may, channel=MINI, destination="210100"))
    assert "只办跨省的" in inside.sentence


def test_a_listed_disease_is_never_asked_for_a_certificate(jinzhou: dict[str, Rules]):
    listed = jinzhou["referral-listed"]
    assert "referral-certificate" not in {row.code for row in listed.materials}
    assert not listed.certificate_needed


@pytest.mark.parametrize(
    ("day", "destination", "taken"),
    [
        (date(2022, 6, 1), "310000", ["emergency-listed", "emergency-unlisted"]),
        (date(2026, 11, 1), "310000", ["emergency-cross-province"]),
        (date(2026, 11, 1), "210100", ["emergency-listed", "emergency-unlisted"]),
    ],
)
def test_an_emergency_is_decided_by_the_day_of_admission_and_the_place(
    day: date, destination: str, taken: list[str], jinzhou: dict[str, Rules]
):
    category = Variant.objects.get(code="emergency-listed").category
    choice = rules_loader.choice(category, day, "210727", destination)
    assert sorted(rules.code for rules in choice.taken) == taken
    assert len(choice.taken) + len(choice.passed_over) == 3


EVIDENCE = ["医保电子凭证", "有效身份证件", "社会保障卡"]
OTHERS = {
    "changchun": {
        "long-term": (
            [EVIDENCE, ["异地安置认定材料（户口簿首页、本人常住人口登记卡）", "长期居住认定材料",
                        "异地工作证明材料"]], None, True,
        ),
        "maternity": ([EVIDENCE, ["母子健康手册"]], None, False),
        "referral": ([EVIDENCE, ["转诊转院证明材料"]], 6, False),
    },
    "zhangjiagang": {
        "settled-retiree": ([ID, ["居住证明"], ["户籍迁入居住地证明"]], None, False),
        "long-term-resident": ([ID, ["居住证明"]], None, False),
        "posted-worker": ([ID, ["用人单位的用人单位派驻异地工作证明"]], None, False),
        "referral": (
            [ID, ["转外就医证明（转院证明）（二级及以上医院开具）"]], None, False,
        ),
    },
}  # fmt: skip


@pytest.mark.parametrize(("city", "code"), [(c, v) for c, rows in OTHERS.items() for v in rows])
def test_the_rows_of_the_other_cities(city: str, code: str):
    call_command("load_policy", city, verbosity=0)
    groups, months, commitment = OTHERS[city][code]
    rules = rules_loader.rules_of(rules_loader.variants().get(code=code))
    assert [[row.words for row in group] for group in rules.groups.values()] == groups
    assert rules.validity_months == months
    assert rules.commitment_allowed is commitment
    assert not any(row.auto_generated for group in rules.groups.values() for row in group)


WAYS = {
    "changchun": {
        *(
            "window",
            "partner",
            "entrusted",
            "web-hall",
            "platform-app",
            "mini-program",
            "government-platform",
        ),
    },
    "zhangjiagang": {"window", "card-app"},
    "xuancheng": {"national-mini-program"},
}
XUANCHENG = {
    "settled-retiree": ([EVIDENCE, ["认定材料"]], None, True),
    "long-term-resident": ([EVIDENCE, ["认定材料"]], None, True),
    "posted-worker": ([EVIDENCE, ["认定材料"]], None, True),
    "referral": ([EVIDENCE, ["转诊转院证明材料"]], 6, False),
    "emergency": ([], "stay", False),
    "temporary": ([EVIDENCE], 6, False),
}


@pytest.mark.parametrize("city", WAYS)
def test_the_other_cities_file_by_their_own_ways(city: str):
    call_command("load_policy", city, verbosity=0)
    for variant in rules_loader.variants():
        rules = rules_loader.rules_of(variant)
        assert {row.code for row in rules.channels} == WAYS[city], rules.label
        assert all(row.cross_province_only is (city == "xuancheng") for row in rules.channels)


def test_the_two_groups_of_xuancheng_and_their_members():
    call_command("load_policy", "xuancheng", verbosity=0)
    found = {v.code: rules_loader.rules_of(v) for v in rules_loader.variants()}
    assert set(found) == set(XUANCHENG)
    for code, (groups, validity, commitment) in XUANCHENG.items():
        rules = found[code]
        assert [[row.words for row in group] for group in rules.groups.values()] == groups
        assert ("stay" if rules.this_stay_only else rules.validity_months) == validity
        assert rules.commitment_allowed is commitment
        assert rules.cross_province_only


def test_the_annexes_are_named_one_by_one_on_the_guide():
    call_command("load_policy", "changchun", verbosity=0)
    page, forms = Topic.objects.get(code="annexes"), FormTemplate.objects.all()
    assert len(forms) == 20
    assert page.published
    for form in forms:
        assert f"附件{form.number}：{form.title}。" in page.body


@pytest.mark.parametrize(
    ("place", "filed"),
    [("110108", "110000"), ("120101", "120000"), ("310115", "310000"), ("500103", "500000"),
     ("460105", "460000"), ("540102", "540000"), ("659001", "660000"), ("210102", "210100"),
     ("429004", "429004")],
)  # fmt: skip
def test_a_filing_is_made_for_the_city_or_for_seven_provinces(place: str, filed: str):
    assert divisions.filing_level(place).code == filed


@pytest.mark.parametrize("city", ["jinzhou", "changchun", "zhangjiagang", "xuancheng"])
def test_every_rule_that_is_not_settled_asks_for_an_end(city: str):
    call_command("load_policy", city, verbosity=0)
    for variant in rules_loader.variants():
        rules = rules_loader.rules_of(variant)
        if not rules.unsettled or rules.validity_months or rules.this_stay_only:
            continue
        found = judge(rules, asked(rules, ANY, issuer="yes"))
        assert "请写明结束日期" in found.sentence, rules.label


def test_every_cross_province_rule_of_xuancheng_refuses_the_own_province():
    call_command("load_policy", "xuancheng", verbosity=0)
    rules = [rules_loader.rules_of(variant) for variant in rules_loader.variants()]
    assert decide(rules, DAY, cross_province=True).taken
    assert not decide(rules, DAY, cross_province=False).taken
