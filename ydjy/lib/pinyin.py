"""Pinyin of names, so that a clerk may type jzykdx for 锦州医科大学.

pypinyin reads most words right by its phrase table; the tables below hold what it gets wrong
(libraries.md section 10). It is imported on first use: it costs 0.2 s and 60 MB, and most
processes never spell anything.
"""

import re
from functools import lru_cache

from ydjy.lib.text import clean

# Places and words whose reading differs from the usual one.
_WORDS = {
    "单县": "shan xian",
    "大夫": "dai fu",
    "长春": "chang chun",
    "长沙": "chang sha",
    "长治": "chang zhi",
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
# Family names read differently from the same character elsewhere; only at the head of a person.
_SURNAMES = {
    "单于": "chan yu",
    "澹台": "tan tai",
    "尉迟": "yu chi",
    "万俟": "mo qi",
    "长孙": "zhang sun",
    "令狐": "ling hu",
    "仇": "qiu",
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
    "晟": "cheng",
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


def _longest_first(table: dict[str, str]) -> str:
    return "|".join(sorted(map(re.escape, table), key=len, reverse=True))


_WORD = re.compile(f"({_longest_first(_WORDS)})")
_WORD_STARTS = frozenset(word[0] for word in _WORDS)
_SURNAME = re.compile(_longest_first(_SURNAMES))
_TYPED = re.compile("[a-z0-9]+")


@lru_cache(maxsize=4096)
def _read(piece: str) -> tuple[str, ...]:
    """Syllables of a piece of text without words of our table."""
    from pypinyin import lazy_pinyin

    return tuple(
        typed for syllable in lazy_pinyin(piece) for typed in _TYPED.findall(syllable.lower())
    )


def _syllables(text: str, *, person: bool) -> list[str]:
    """Syllables in order; a run of Latin letters or digits counts as one."""
    text = clean(text).casefold()
    syllables: list[str] = []
    surname = _SURNAME.match(text) if person else None
    if surname:
        syllables += _SURNAMES[surname.group()].split()
        text = text[surname.end() :]
    pieces = [text] if _WORD_STARTS.isdisjoint(text) else _WORD.split(text)
    for piece in pieces:
        syllables += _WORDS[piece].split() if piece in _WORDS else _read(piece)
    return syllables


def spelled(text: str, *, person: bool = False) -> str:
    """The whole reading in lower case, no tones, no blanks: 单县医院 to shanxianyiyuan.

    ``person`` reads the first character as a family name (仇, 曾, 单 …). ü is v, as it is typed.
    Latin letters and digits stay; everything without a reading is left out.
    """
    return "".join(_syllables(text, person=person))


def initials(text: str, *, person: bool = False) -> str:
    """First letters in lower case: 锦州医科大学 to jzykdx; digits and Latin stay whole (d968yy)."""
    out: list[str] = []
    text = clean(text).casefold()
    for piece in re.split("([a-z0-9]+)", text):
        if _TYPED.fullmatch(piece):
            out.append(piece)
        elif piece:
            out += [syllable[0] for syllable in _syllables(piece, person=person and not out)]
    return "".join(out)
