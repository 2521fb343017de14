"""Pinyin of names, so that a clerk may type jzykdx for 锦州医科大学.

The dictionaries are those of pypinyin, which read most words right; the tables below hold what
they get wrong (libraries.md section 10) and are put into them, so there is one reading for all.
They are loaded on first use: that costs 0.2 s and 60 MB, and most processes never spell anything.
"""

import re
from collections.abc import Mapping
from functools import cache

from ydjy.lib.text import clean

# Places and words whose reading differs from the usual one.
_WORDS = {
    "单县": "shan xian",
    "大夫": "dai fu",
    "长子县": "zhang zi xian",
    "绥棱": "sui ling",
    "浚县": "xun xian",
    "漯河": "luo he",
    "伽师": "jia shi",
    "太行": "tai hang",
    "闵行": "min hang",
    "厦门": "xia men",
    "六安": "lu an",
    "六合": "lu he",
    "乐清": "yue qing",
    "乐亭": "lao ting",
    "乐陵": "lao ling",
    "大埔": "da bu",
    "大城县": "dai cheng xian",
    "大栅栏": "da shi lan",
    "铅山": "yan shan",
    "尉犁": "yu li",
    "蔚县": "yu xian",
    "北碚": "bei bei",
    "朝阳": "chao yang",
    "重庆": "chong qing",
    "东莞": "dong guan",
    "台州": "tai zhou",
    "涡阳": "guo yang",
    "郫都": "pi du",
    "珲春": "hun chun",
    "荥经": "ying jing",
    "洪洞": "hong tong",
    "繁峙": "fan shi",
    "筠连": "jun lian",
    "浒墅关": "xu shu guan",
    "甪直": "lu zhi",
    "穆棱": "mu ling",
    "桦甸": "hua dian",
    "瓦房店": "wa fang dian",
    "医科大学": "yi ke da xue",
    "重症": "zhong zheng",
    "血液": "xue ye",
    "银行": "yin hang",
}
# Characters whose usual reading in names of places, people and hospitals is another one.
_CHARACTERS = {
    "长": "chang",
    "都": "du",
    "什": "shi",
    "漯": "luo",
    "阚": "kan",
    "晟": "sheng",
    "珩": "heng",
    "郇": "xun",
    "靓": "liang",
}
# Family names read differently from the same character elsewhere; only at the head of a person.
_SURNAMES = {
    "单于": "chan yu",
    "澹台": "tan tai",
    "尉迟": "yu chi",
    "万俟": "mo qi",
    "长孙": "zhang sun",
    "令狐": "ling hu",
    "曾": "zeng",
    "单": "shan",
    "解": "xie",
    "查": "zha",
    "朴": "piao",
    "盖": "ge",
    "区": "ou",
    "缪": "miao",
    "乜": "nie",
    "员": "yun",
    "种": "chong",
    "秘": "bi",
    "繁": "po",
    "黑": "he",
    "洗": "xian",
    "翟": "zhai",
    "召": "shao",
    "折": "she",
    "重": "chong",
    "乐": "yue",
    "覃": "qin",
    "么": "yao",
    "能": "nai",
    "祭": "zhai",
    "郇": "xun",
    "卜": "bu",
    "阚": "kan",
    "逄": "pang",
    "仇": "qiu",
    "牟": "mu",
    "薄": "bo",
    "谌": "chen",
    "句": "gou",
    "訾": "zi",
    "尉": "wei",
    "隗": "wei",
    "车": "che",
    "任": "ren",
    "华": "hua",
}


_SURNAME = re.compile("|".join(sorted(_SURNAMES, key=len, reverse=True)))
_LONGEST = 5  # characters of a phrase; the few longer ones are proverbs
_TYPED = re.compile("[a-z0-9]+")
_TONES = str.maketrans("āáǎàēéěèīíǐìōóǒòūúǔùǖǘǚǜüńňǹḿêếề", "aaaaeeeeiiiioooouuuuvvvvvnnnmeee")
Said = tuple[str, ...]


def _toneless(syllable: str) -> str:
    return "".join(_TYPED.findall(syllable.split(",")[0].translate(_TONES)))


class _Reader:
    """Reads a text from left to right, the longest known phrase first."""

    def __init__(self) -> None:
        from pypinyin import load_phrases_dict, load_single_dict
        from pypinyin.constants import PHRASES_DICT, PINYIN_DICT

        load_single_dict({ord(ch): said for ch, said in _CHARACTERS.items()})
        load_phrases_dict({w: [[part] for part in said.split()] for w, said in _WORDS.items()})
        self._phrases: Mapping[str, list[list[str]]] = PHRASES_DICT
        self._singles: Mapping[int, str] = PINYIN_DICT
        self._heads = {phrase[:2] for phrase in PHRASES_DICT}
        self._known: dict[str, Said] = {}

    def syllables(self, text: str) -> list[str]:
        """Those of a text without Latin letters."""
        said: list[str] = []
        at = 0
        while at < len(text):
            size = self._phrase_at(text, at) if text[at : at + 2] in self._heads else 1
            said += self._said(text[at : at + size])
            at += size
        return said

    def _phrase_at(self, text: str, at: int) -> int:
        for size in range(_LONGEST, 1, -1):
            if text[at : at + size] in self._phrases and at + size <= len(text):
                return size
        return 1

    def _said(self, piece: str) -> Said:
        if (said := self._known.get(piece)) is None:
            parts = (
                [one[0] for one in self._phrases[piece]]
                if len(piece) > 1
                else [self._singles.get(ord(piece), "")]
            )
            said = self._known[piece] = tuple(filter(None, map(_toneless, parts)))
        return said

    def all_syllables(self) -> set[str]:
        readings = (one for said in self._singles.values() for one in said.split(","))
        return set(map(_toneless, readings))


@cache
def _reader() -> _Reader:
    return _Reader()


def every_syllable() -> set[str]:
    """Every syllable that any character is read as, without tones."""
    return _reader().all_syllables()


def read(text: str, *, person: bool = False) -> tuple[str, str]:
    """First letters, and the whole reading: 单县医院 to sxyy and shanxianyiyuan.

    Lower case, no tones, no blanks; ü is v, as it is typed. ``person`` reads the head as a family
    name (仇, 曾, 单 …). Latin letters and digits stay whole; what has no reading is left out.
    """
    first: list[str] = []
    whole: list[str] = []
    text = clean(text).casefold()
    surname = _SURNAME.match(text) if person else None
    if surname:
        whole += _SURNAMES[surname.group()].split()
        first += [syllable[0] for syllable in whole]
        text = text[surname.end() :]
    for piece in re.split("([a-z0-9]+)", text):
        if _TYPED.fullmatch(piece):
            first.append(piece)
            whole.append(piece)
        elif piece:
            said = _reader().syllables(piece)
            first += [syllable[0] for syllable in said]
            whole += said
    return "".join(first), "".join(whole)


def spelled(text: str, *, person: bool = False) -> str:
    """The whole reading."""
    return read(text, person=person)[1]


def initials(text: str, *, person: bool = False) -> str:
    """The first letters; digits and Latin stay whole (d968yy)."""
    return read(text, person=person)[0]
