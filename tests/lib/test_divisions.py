"""Places: what lies in what, where a filing is registered, and what a clerk's words can mean."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ydjy.lib import divisions

JINZHOU = {
    "210702": "古塔区",
    "210703": "凌河区",
    "210711": "太和区",
    "210726": "黑山县",
    "210727": "义县",
    "210781": "凌海市",
    "210782": "北镇市",
}
CODES = sorted(divisions._rows())


def codes_found(text: str, within: str | None = None) -> list[str]:
    return [division.code for division in divisions.find(text, within=within)]


def test_jinzhou_is_complete():
    rows = divisions._rows().values()
    assert {d.code: d.name for d in rows if d.parent == "210700"} == JINZHOU


def test_every_row_has_its_parent_one_level_up_or_directly_in_the_province():
    for code in CODES:
        row = divisions.get(code)
        assert row is not None
        assert (row.parent is None) == (row.level == 1)
        above = divisions.parents(code)
        assert (above[-1].code if above else None) == row.parent
        assert divisions.province_of(code) is not None


def test_full_names_start_at_the_province():
    assert divisions.full_name("210727") == "辽宁省锦州市义县"
    assert divisions.full_name("110108") == "北京市海淀区"
    assert divisions.full_name("429004") == "湖北省仙桃市"
    assert divisions.full_name("210799") == "辽宁省锦州市本级"
    assert divisions.full_name("210788") == "辽宁省锦州市（210788）"
    assert divisions.full_name("999999") == "999999"


def test_an_unknown_code_is_shown_as_it_is_and_never_breaks_a_page():
    assert divisions.get("210788") is None
    assert divisions.name("210788") == "210788"
    assert divisions.name("") == ""


def test_a_code_no_longer_in_force_is_still_known():
    old = divisions.get("500105")
    assert old is not None
    assert (old.name, old.in_force) == ("江北区", False)
    assert divisions.filing_level("500105").name == "重庆市"


@pytest.mark.parametrize(
    ("code", "city"),
    [
        ("210727", "锦州市"),
        ("210799", "锦州市"),  # 市本级
        ("320371", "徐州市"),  # a zone
        ("320388", "徐州市"),  # digits that no data know
        ("429004", "仙桃市"),  # directly under the province
        ("110108", "北京市"),
        ("500229", "重庆市"),
        ("439900", "湖南省本级"),
        ("660100", "新疆生产建设兵团"),
        ("659001", "石河子市"),
    ],
)
def test_the_city_is_read_from_the_digits(code: str, city: str):
    found = divisions.prefecture_of(code)
    assert found is not None
    assert found.name == city


@pytest.mark.parametrize("code", ["210000", "210099", "660000", "999999", "abc", ""])
def test_a_bare_province_or_unknown_digits_have_no_city(code: str):
    assert divisions.prefecture_of(code) is None


def test_containment_goes_by_level():
    assert divisions.contains("210700", "210727")
    assert divisions.contains("210700", "210799")
    assert divisions.contains("210000", "210727")
    assert divisions.contains("110000", "110108")
    assert divisions.contains("660000", "659001")
    assert divisions.contains("210727", "210727")
    assert not divisions.contains("210727", "210700")
    assert not divisions.contains("210727", "210726")
    assert not divisions.contains("650000", "659001")
    assert not divisions.contains("0000", "x")


@pytest.mark.parametrize(
    ("insured", "care", "expected"),
    [
        ("210727", "210702", "local"),
        ("210799", "210702", "local"),
        ("210700", "210100", "in_province"),
        ("210700", "210000", "in_province"),
        ("210700", "110108", "cross_province"),
        ("110108", "110105", "local"),
        ("500101", "500229", "local"),
        ("429004", "429005", "in_province"),
        ("439900", "430100", "in_province"),
        ("650100", "659001", "cross_province"),
        ("660100", "659001", "in_province"),
    ],
)
def test_local_in_province_or_across(insured: str, care: str, expected: str):
    assert divisions.relation(insured, care) == expected


def test_the_relation_to_an_unknown_province_is_refused_in_words():
    with pytest.raises(ValueError, match="没有找到区划代码“999999”"):
        divisions.relation("210700", "999999")


def test_what_is_no_code_is_in_no_city_and_no_province():
    assert not divisions.same_city("abc", "abc")
    assert not divisions.same_province("", "")
    assert not divisions.same_city("210000", "210000")


@pytest.mark.parametrize(
    ("code", "place"),
    [
        ("110108", "110000"),
        ("120116", "120000"),
        ("310115", "310000"),
        ("500229", "500000"),
        ("460105", "460000"),
        ("469001", "460000"),
        ("540102", "540000"),
        ("659001", "660000"),
        ("660100", "660000"),
        ("210727", "210700"),
        ("210799", "210700"),
        ("429004", "429004"),
        ("441900", "441900"),
    ],
)
def test_a_filing_names_a_city_or_one_of_seven_provinces(code: str, place: str):
    assert divisions.filing_level(code).code == place


def test_no_filing_is_ever_at_county_level():
    for code in CODES:
        if code in divisions.WITHOUT_FILING or divisions._is_whole_province(code):
            continue
        place = divisions.filing_level(code)
        assert place.level < 3 or place.code[2:4] == "90"
        assert divisions.filing_level(place.code) == place


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("210000", "范围太大，请选择具体的市"),
        ("710000", "台湾省没有异地就医备案"),
        ("218800", "没有找到区划代码“218800”所在的市"),
        ("海淀区", "没有找到区划代码“海淀区”"),
    ],
)
def test_a_place_that_takes_no_filing_is_refused_in_words(code: str, words: str):
    with pytest.raises(ValueError, match=words):
        divisions.filing_level(code)


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("义县", ["210727"]),
        ("锦州", ["210700"]),
        ("锦州市义县", ["210727"]),
        ("辽宁锦州北镇", ["210782"]),
        ("辽宁省 / 锦州市 / 义县", ["210727"]),
        ("２１０７２７", ["210727"]),
        ("210799", ["210799"]),
        ("北京", ["110000"]),
        ("海淀区", ["110108"]),
        ("北京市北京市海淀区", ["110108"]),
        ("北京市市辖区海淀区", ["110108"]),
        ("湖北省省直辖县级行政区划仙桃市", ["429004"]),
        ("新疆石河子市", ["659001"]),
        ("兵团", ["660000"]),
        ("延边州", ["222400"]),
        ("阜新县", ["210921"]),
        ("碑林", ["610103"]),
        ("浦东", ["310115"]),
        ("滨海新区", ["120116"]),
        ("河南", ["410000"]),
        ("内蒙古", ["150000"]),
        ("重庆江北", ["500105"]),
        ("嘉峪关市", ["620200"]),
    ],
)
def test_a_clerks_words_are_understood(text: str, codes: list[str]):
    assert codes_found(text) == codes


def test_several_meanings_are_all_given_widest_first():
    assert codes_found("朝阳") == ["211300", "110105", "211321", "220104"]
    assert codes_found("朝阳区") == ["110105", "220104"]
    assert codes_found("吉林") == ["220000", "220200"]
    assert codes_found("江北区") == ["330205", "500105"]  # the second is out of force


def test_a_home_city_decides_between_equal_names():
    assert len(codes_found("太和")) == 2
    assert codes_found("太和", within="210700") == ["210711"]
    assert codes_found("海淀区", within="210700") == ["110108"]


@pytest.mark.parametrize(
    "text",
    ["", "义", "县", "凌海县", "锦洲", "义县人民医院", "锦州市海淀区", "锦州滨海新区", "999999"],
)
def test_nothing_is_guessed(text: str):
    assert codes_found(text) == []


@settings(deadline=None, max_examples=60)
@given(st.sampled_from(CODES))
def test_every_full_name_finds_its_place_again(code: str):
    assert code in codes_found(divisions.full_name(code))


@settings(deadline=None, max_examples=60)
@given(st.sampled_from(CODES), st.sampled_from(CODES))
def test_places_are_related_the_same_both_ways(a: str, b: str):
    assert divisions.relation(a, b) == divisions.relation(b, a)
    assert divisions.same_province(a, b) or not divisions.same_city(a, b)


def test_the_picker_finds_by_name_and_code():
    assert divisions.search("锦州")[0].code == "210700"
    assert [d.code for d in divisions.search("锦州义县")] == ["210727"]
    assert [d.code for d in divisions.search("2107")][:2] == ["210700", "210702"]
    assert divisions.search("  ") == []
    assert len(divisions.search("2", limit=5)) == 5


def test_the_picker_for_filings_shows_no_county():
    found = divisions.search("北", filing_only=True)
    assert "110000" in {d.code for d in found}
    assert not divisions.search("海淀", filing_only=True)
    assert divisions.search("石河子", filing_only=True) == []
    assert divisions.search("仙桃", filing_only=True)[0].code == "429004"


def test_the_picker_leaves_out_codes_no_longer_in_force():
    assert "500105" not in {d.code for d in divisions.search("江北区")}


def test_the_picker_finds_by_initials():
    assert "210700" in {d.code for d in divisions.search("jz", filing_only=True)}
    assert "110000" in {d.code for d in divisions.search("BJ", filing_only=True)}
