"""Every fact of the sources is in the loaded policy of a city, and nothing of the traps is."""

import re
from collections import Counter

import pytest

from apps.offices.models import Sourced
from tests.policyrows import CITIES, POLICY_MODELS, Tables, contents, remove_everything
from ydjy.management.commands import load_policy

# Facts of domain.md 1.1 to 1.3 and 1.5 that must not become rows, and why.
NOT_LOADED = {
    "D-O34": "the mobile and WeChat of a web site's owner: no official telephone",
    "D-X20": "noise of the web pages: shells, gambling words, related articles",
}
LAST = {"F": 51, "I": 19, "O": 34, "X": 20}
FACTS = [f"D-{letter}{n:02d}" for letter, last in LAST.items() for n in range(1, last + 1)]


@pytest.fixture(scope="module")
def loaded(django_db_setup, django_db_blocker) -> dict[str, Tables]:
    """What each city's files make, taken once: city → model → rows."""
    found = {}
    with django_db_blocker.unblock():
        for city in CITIES:
            load_policy.load_city(city)
            found[city] = contents()
        remove_everything()
    return found


def facts_of(tables: Tables) -> Counter:
    return Counter(
        fact for rows in tables.values() for row in rows for fact in row.get("facts", "").split()
    )


def test_every_fact_of_the_sources_is_in_some_citys_rows(loaded):
    have = {fact for city in CITIES for fact in facts_of(loaded[city])}
    assert [fact for fact in FACTS if fact not in have and fact not in NOT_LOADED] == []
    assert have & set(NOT_LOADED) == set()


@pytest.mark.parametrize(
    ("city", "letter", "numbers"),
    [
        ("jinzhou", "F", {*range(1, 28), 38, 39, 40, 42, 50, 51}),
        ("jinzhou", "I", {*range(1, 15), 18}),
        ("jinzhou", "O", {*range(11, 20), 32, 33}),
        ("jinzhou", "X", {1, 8, 9, 10, 11, 12, 13, 17, 19}),
        ("changchun", "F", {*range(28, 38), 38, 39, 40, 42}),
        ("changchun", "I", {14, 15, 16}),
        ("changchun", "O", set(range(1, 11))),
        ("changchun", "X", {4, 5, 6, 7, 17, 18, 19}),
        ("zhangjiagang", "F", set(range(43, 50))),
        ("zhangjiagang", "I", {14, 17, 19}),
        ("zhangjiagang", "O", set(range(20, 31))),
        ("zhangjiagang", "X", {2, 3, 14, 15, 17}),
        ("xuancheng", "F", set(range(38, 43))),
        ("xuancheng", "I", {17}),
        ("xuancheng", "O", {31, 33}),
        ("xuancheng", "X", {16, 17, 19}),
    ],
)
def test_a_city_has_the_facts_of_its_own_sources_and_no_other(loaded, city, letter, numbers):
    have = {int(f[3:]) for f in facts_of(loaded[city]) if f.startswith(f"D-{letter}")}
    assert have == numbers


@pytest.mark.parametrize(
    ("city", "counts"),
    [
        (
            "jinzhou",
            {
                "Office": 6, "Hotline": 7, "ServiceHours": 2, "Channel": 6, "WeekRule": 1,
                "Institution": 11, "ReferralRight": 11, "Category": 10, "Variant": 15,
                "MaterialRule": 57, "SettlementRule": 8, "FundingStandard": 4, "FormTemplate": 0,
            },
        ),
        (
            "changchun",
            {
                "Office": 10, "Hotline": 0, "Channel": 7, "WeekRule": 0, "Institution": 0,
                "Category": 3, "Variant": 3, "SettlementRule": 0, "FormTemplate": 20,
            },
        ),
        (
            "zhangjiagang",
            {
                "Office": 11, "Hotline": 11, "Channel": 2, "WeekRule": 0, "Institution": 0,
                "Category": 4, "Variant": 4, "SettlementRule": 30, "FormTemplate": 0,
            },
        ),
        (
            "xuancheng",
            {
                "Office": 1, "Hotline": 0, "Channel": 1, "WeekRule": 0, "Institution": 0,
                "Category": 2, "Variant": 6, "SettlementRule": 0, "FormTemplate": 0,
            },
        ),
    ],
)  # fmt: skip
def test_the_number_of_rows_of_each_city(loaded, city, counts):
    assert {name: len(loaded[city][name]) for name in counts} == counts


def test_only_jinzhou_has_a_weekly_exchange(loaded):
    assert [c for c in CITIES if loaded[c]["City"][0]["weekly_exchange"]] == ["jinzhou"]


CHANGCHUN = {
    "长春市政务服务中心": "南关区华新街700号",
    "朝阳区政务服务中心": "朝阳区延安大街1149号",
    "南关区政务服务中心": "南关区家苑路399号",
    "宽城区政务服务中心": "宽城区富城路228号",
    "绿园区政务服务中心": "绿园区西安大路6665号",
    "二道区政务服务中心": "二道区惠工路799号",
    "净月高新区政务服务中心": "净月区红梅街1号",
    "长春新区政务服务中心": "宽城区中科大街2106号",
    "长春医保一汽业务经办服务大厅": "汽开区东风大街与兴顺路交汇北行100米,一汽服务贸易有限公司北侧",
    "长春医保人民大街服务大厅": "人民大街与金宇大路交汇,吉商大厦西门",
}


def test_the_addresses_of_changchun_are_the_documents_own_words(loaded):
    assert {o["name"]: o["address"] for o in loaded["changchun"]["Office"]} == CHANGCHUN


def test_the_filing_form_of_jilin_is_made_by_the_system_and_not_brought(loaded):
    tables = loaded["changchun"]
    form = next(m["id"] for m in tables["Material"] if m["code"] == "filing-form")
    rules = [r for r in tables["MaterialRule"] if r["material_id"] == form]
    assert len(rules) == 2
    assert all(r["auto_generated"] for r in rules)


def test_one_of_three_proofs_is_enough_in_jilin_and_a_promise_may_replace_it(loaded):
    tables = loaded["changchun"]
    codes = {m["id"]: m["code"] for m in tables["Material"]}
    variant = next(v for v in tables["Variant"] if v["code"] == "long-term")
    group = [
        r for r in tables["MaterialRule"] if r["variant_id"] == variant["id"] and r["group_no"] == 3
    ]
    assert [codes[r["material_id"]] for r in group] == [
        "settlement-proof", "residence-proof", "work-proof",
    ]  # fmt: skip
    assert variant["commitment_allowed"]
    assert all(r["waivable"] for r in group)


def test_the_forms_of_jilin_are_twenty(loaded):
    numbers = [form["number"] for form in loaded["changchun"]["FormTemplate"]]
    assert numbers == [*"12345", "6-1", "6-2", *map(str, range(7, 20))]


def test_the_town_numbers_of_zhangjiagang_carry_the_area_code(loaded):
    found = {
        h["name"].removesuffix("医疗保险咨询"): h["display"]
        for h in loaded["zhangjiagang"]["Hotline"]
    }
    assert found == {
        "张家港市医疗保障局咨询电话": "0512-12333",
        "杨舍": "0512-58261872", "乐余": "0512-58662127", "塘桥": "0512-56906016",
        "凤凰": "0512-58402883", "金港": "0512-58701107", "南丰": "0512-58901619",
        "锦丰": "0512-58554879", "大新": "0512-58760013", "农场": "0512-58639176",
        "双山": "0512-58305027",
    }  # fmt: skip


def test_the_lost_cells_of_zhangjiagang_stay_unverified(loaded):
    tables = loaded["zhangjiagang"]
    regions = {r["id"]: r["code"] for r in tables["RegionClass"]}
    cells = {
        (s["direction"], regions[s["region_id"]], s["venue"]) for s in tables["SettlementRule"]
    }
    assert len(cells) == len(tables["SettlementRule"]) == 2 * 3 * 5
    assert {s["mode"] for s in tables["SettlementRule"]} == {"unverified"}
    assert {
        (regions[s["region_id"]], s["catalogue"], s["policy"]) for s in tables["SettlementRule"]
    } == {
        ("in-province", "参保地", "参保地"),
        ("shanghai", "就医地", "参保地"),
        ("cross-province", "就医地", "参保地"),
    }


def test_shanghai_is_asked_before_other_provinces(loaded):
    order = {r["code"]: r["priority"] for r in loaded["zhangjiagang"]["RegionClass"]}
    assert order["shanghai"] < order["cross-province"]


def test_xuancheng_has_two_groups_of_people_with_three_members_each(loaded):
    tables = loaded["xuancheng"]
    names = {c["id"]: c["name"] for c in tables["Category"]}
    found: dict[str, list[str]] = {}
    for variant in tables["Variant"]:
        found.setdefault(names[variant["category_id"]], []).append(variant["name"])
    assert found == {
        "跨省异地长期居住人员": ["异地安置退休人员", "异地长期居住人员", "常驻异地工作人员"],
        "跨省临时外出就医人员": [
            "异地转诊就医人员",
            "异地急诊抢救人员",
            "其他跨省临时外出就医人员",
        ],
    }


def texts(tables: Tables) -> list[tuple[str, str]]:
    return [
        (f"{model}.{name}", text)
        for model, rows in tables.items()
        for row in rows
        for name, text in row.items()
        if isinstance(text, str)
    ]


TRAPS = re.compile(
    r"365|18686626826|微信客服|<[a-zA-Z/]|&[a-z]+;|bet|[\ue000-\uf8ff\ufffd]|2021\.07"
)
HALF_WIDTH = re.compile(r"[\u4e00-\u9fff][,;:!?()]|[,;:!?()][\u4e00-\u9fff]")


@pytest.mark.parametrize("city", CITIES)
def test_nothing_of_the_traps_is_loaded(loaded, city):
    assert [(where, text) for where, text in texts(loaded[city]) if TRAPS.search(text)] == []


@pytest.mark.parametrize("city", CITIES)
def test_chinese_is_written_with_full_width_punctuation(loaded, city):
    # An address is the document's own words and is never touched (D-O09).
    found = [t for where, t in texts(loaded[city]) if where != "Office.address"]
    assert [text for text in found if HALF_WIDTH.search(text)] == []


@pytest.mark.parametrize("trap", ["致电18686626826", "<p>正文</p>", "“365bet”", "2021.07-2021.06"])
def test_the_trap_patterns_do_catch_the_traps(trap):
    assert TRAPS.search(trap)


@pytest.mark.parametrize("text", ["首页,户主页", "(义县)", "备案:先办"])
def test_the_punctuation_pattern_does_catch_half_width_marks(text):
    assert HALF_WIDTH.search(text)


@pytest.mark.parametrize("city", CITIES)
def test_every_row_names_its_source_and_the_day_it_was_checked(loaded, city):
    sourced = [m.__name__ for m in POLICY_MODELS if issubclass(m, Sourced)]
    for model in sourced:
        for row in loaded[city][model]:
            assert row["source_id"], (model, row)
            assert row["checked_on"], (model, row)
            assert row["facts"], (model, row)
