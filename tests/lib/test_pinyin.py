"""Readings of names for typing: places and family names that phrase tables get wrong."""

import subprocess
import sys

import pytest

from ydjy.lib.pinyin import initials, spelled

PLACES = """单县 shanxian|长春 changchun|长沙 changsha|长治 changzhi|厦门 xiamen|六安 luan|
乐清 yueqing|乐亭 laoting|乐陵 laoling|大埔 dabu|铅山 yanshan|尉犁 yuli|北碚 beibei|朝阳 chaoyang|
重庆 chongqing|台州 taizhou|涡阳 guoyang|郫都 pidu|珲春 hunchun|荥经 yingjing|洪洞 hongtong|
锦州 jinzhou|古塔 guta|凌河 linghe|义县 yixian|黑山 heishan|北镇 beizhen|凌海 linghai|
张家港 zhangjiagang|宣城 xuancheng|歙县 shexian|亳州 bozhou|蚌埠 bengbu|番禺 panyu|大夫 daifu"""
SURNAMES = """仇 qiu|曾 zeng|单 shan|解 xie|查 zha|朴 piao|盖 ge|区 ou|缪 miao|翟 zhai|覃 qin|
任 ren|令狐 linghu|尉迟 yuchi|万俟 moqi|单于 chanyu"""


MORE = """漯河 luohe|什邡 shifang|乌什 wushi|喀什 kashi|浚县 xunxian|都匀 duyun|于都 yudu|
盐都 yandu|
成都 chengdu|太行 taihang|闵行 minhang|绥棱 suiling|伽师 jiashi|长子县 zhangzixian|渑池 mianchi|
莘县 shenxian|莘庄 xinzhuang|泌阳 biyang|柘城 zhecheng|荥阳 xingyang|东阿 donge|兖州 yanzhou|
宕昌 dangchang|黄陂 huangpi|犍为 qianwei|盱眙 xuyi|邳州 pizhou|莎车 shache|库车 kuche|丽水 lishui|
天台 tiantai|将乐 jiangle|会昌 huichang|监利 jianli|蕲春 qichun|鄠邑 huyi|吴堡 wubu|柞水 zhashui"""
LONG = "春沙治岭葛垣宁顺武泰岛海白阳丰清洲兴乐汀寿安"


def rows(table: str) -> list[list[str]]:
    return [row.split() for row in table.replace("\n", "").split("|")]


@pytest.mark.parametrize(("place", "reading"), rows(PLACES))
def test_places_are_read_as_people_there_say_them(place: str, reading: str) -> None:
    assert spelled(place) == reading


@pytest.mark.parametrize(("place", "reading"), rows(MORE))
def test_so_are_those_that_phrase_tables_do_not_know(place: str, reading: str) -> None:
    assert spelled(place) == reading


@pytest.mark.parametrize("second", LONG)
def test_a_place_that_begins_with_long_is_chang(second: str) -> None:
    assert spelled(f"长{second}县人民医院") == f"chang{spelled(second)}xianrenminyiyuan"
    assert initials(f"弓长{second}") == f"gc{spelled(second)[0]}"


def test_who_grows_and_who_leads_is_zhang() -> None:
    assert [spelled(word) for word in ("成长", "院长", "家长", "长子县")] == [
        "chengzhang",
        "yuanzhang",
        "jiazhang",
        "zhangzixian",
    ]


def test_names_of_people_hold_characters_that_few_tables_know() -> None:
    assert spelled("阚晟珩", person=True) == "kanshengheng"
    assert spelled("卜靓", person=True) == "buliang"
    assert spelled("郇晟", person=True) == "xunsheng"


def test_pypinyin_reads_what_we_read_as_there_is_one_dictionary() -> None:
    spelled("锦")  # loads it
    from pypinyin import lazy_pinyin

    for text in [*(row[0] for row in rows(PLACES) + rows(MORE)), "锦州市康宁医院", "阚晟", "清单"]:
        assert "".join(lazy_pinyin(text)) == spelled(text), text


@pytest.mark.parametrize(("surname", "reading"), rows(SURNAMES))
def test_family_names_have_their_own_reading_at_the_head_of_a_person(
    surname: str, reading: str
) -> None:
    assert spelled(f"{surname}明", person=True) == f"{reading}ming"
    assert initials(f"{surname}明", person=True)[0] == reading[0]


def test_the_family_name_reading_is_not_used_for_words() -> None:
    assert spelled("查询") == "chaxun"
    assert spelled("张曾", person=True).startswith("zhang")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("锦州医科大学附属第一医院", "jzykdxfsdyyy"),
        ("山东省单县中心医院", "sdssxzxyy"),
        ("第９６８医院", "d968yy"),
        ("CT室（3号）", "cts3h"),
        ("阿布都·热合曼", "abdrhm"),
        ("", ""),
        ("（）", ""),
    ],
)
def test_initials_keep_latin_and_digits_and_drop_the_rest(text: str, expected: str) -> None:
    assert initials(text) == expected


def test_u_umlaut_is_v_as_it_is_typed() -> None:
    assert spelled("吕梁") == "lvliang"


def test_importing_the_module_does_not_load_the_dictionary() -> None:
    probe = "import sys, ydjy.lib.pinyin; sys.exit('pypinyin' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", probe], check=False).returncode == 0
