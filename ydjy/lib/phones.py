"""Telephone numbers as hand-made lists write them.

Four sorts: area and local number, short codes (12393, 0512-12333), mobiles, 400/800. Real lists
join several in one cell, with any separator or none at all (domain.md 2.6, trap 19; libraries.md
section 9 on why no package reads these). A text is cut into numbers in every possible way and the
most ordinary way wins; if two ways are equally ordinary, a person has to say. No message here
contains a number.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Literal

from ydjy.lib.text import clean

PhoneKind = Literal["landline", "short", "mobile", "service400"]


class PhoneError(ValueError):
    """A text that is no telephone number; the message is one Chinese sentence without it."""


@dataclass(frozen=True, slots=True)
class Phone:
    """One number: ``display`` for reading (0416-8904567转8001), ``tel`` for a tel: link
    (04168904567,8001: the comma is a pause), ``ext`` the extension or empty."""

    display: str = field(repr=False)
    tel: str = field(repr=False)
    kind: PhoneKind
    ext: str = ""
    # The 0 of its area was lost on the way, and put back.
    mended: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class _Piece:
    kind: PhoneKind
    area: str  # with its 0, or empty
    local: str  # digits
    ext: str = ""
    mended: bool = field(default=False, compare=False)


_UNREADABLE = (
    "看不懂这个电话。请写成“区号-号码”、手机号或短号（如 12393），分机写“转8001”，"
    "几个号码用“、”隔开。"
)
_UNCLEAR = "几个号码连在一起，分不清从哪里断开。请用“、”隔开。"
_RANGE = "像是一段号码，不知道用哪几个。请把要用的号码写全，用“、”隔开。"
_SCIENTIFIC = "电话已变成科学计数法，后面几位可能已丢失。请把该列设为“文本”后重填。"
_TOO_LONG = "电话这一格太长，像是填错了列。请只留电话号码。"

_LONGEST = 200
_NOTHING = frozenset(("nan", "none", "null", "n/a", "无", "暂无", "没有", "不详", "未知", "未填"))
_DASHES = str.maketrans(dict.fromkeys("‐‑‒–—―−_", "-") | dict.fromkeys("'’‘`\"“”=", ""))
_HAN = "一-龥"
_LABEL = re.compile(rf"[{_HAN}]{{1,10}}:|\([{_HAN}]{{1,10}}\)|(?:tel|phone|mobile|fax):?")
_WORDS = re.compile("(?:联系|咨询|办公|服务|值班)?(?:电话|手机|座机|热线|传真|号码)")
_BRACKETED_AREA = re.compile(r"(?<![0-9])\(?(0?[0-9]{2,3})\) ?-?")
_DOTTED_AREA = re.compile(r"(?<![0-9.])(0[0-9]{2,3})[.·/](?=[2-9][0-9]{2,3}[ -]?[0-9]{4}(?![0-9]))")
# What people write beside a number: when somebody is there, where, and who.
_DAY = "(?:周|星期|礼拜)[一二三四五六日天]"
_CLOCK = "(?:上午|下午|早上?|晚上?)?[0-9]{1,2}[:点时][0-9]{0,2}分?"
_BESIDE = re.compile(
    rf"{_DAY}(?:[-~至到、]{{1,2}}(?:{_DAY}|[一二三四五六日天]))?"
    rf"|{_CLOCK}(?: ?[-~至到]{{1,2}} ?{_CLOCK})"
    r"|(?:7 ?[x×*] ?)?24 ?小时|[0-9]{1,4}(?:号窗口|号楼|窗口|楼|层|室|科)"
)
_NAMES = re.compile(rf"[{_HAN}·]+")
# With these a number is not simply one: a person has to read it.
_NO_LONGER = re.compile("停用|停机|空号|作废|注销|旧|原|错|改为|换号|传呼")
_NUMBER_TO = r"(?<![0-9])((?:1[3-9][0-9]{9}|[2-9][0-9]{6,7}))"
_FROM_TO = re.compile(rf"{_NUMBER_TO} ?(?:-|~|至|到){{1,3}} ?{_NUMBER_TO}(?![0-9])")
_COUNTRY = re.compile(r"(?<![0-9])(?:(?:\+|00) ?86|86(?=-|1[3-9][0-9]{9}(?![0-9])))[- ]?")
_EXTENSION = re.compile(r"[ \-]{0,3}(?:转接?|分机号?|ext\.?|#|x)[ :\-]{0,3}(?=[0-9])")
_SEPARATOR = re.compile("[,;、/|&]|或者?|和|及|与")

# Every way one number may be written, with how far that is from ordinary. All are tried;
# the cheapest reading of the whole text wins.
_AREA = "(?P<area>010|02[0-9]|0[3-9][0-9]{2})[ -]?"
_BARE_AREA = "(?P<area>10|2[0-9]|[3-9][0-9]{2})"  # its 0 eaten by Excel
_SEVEN = "(?P<local>[2-9][0-9]{2}[ -]?[0-9]{4})"
_EIGHT = "(?P<local>[2-9][0-9]{3}[ -]?[0-9]{4})"
_SHORT = "(?P<local>1[0-9]{4}|9[56][0-9]{3,4}|1[0-9]{2})(?![0-9])"
_ALONE = "(?<![0-9])"  # never glued to the number before it
_SHAPES: tuple[tuple[str, PhoneKind, int], ...] = (
    ("(?P<area>)(?P<local>1[3-9][0-9][ -]?[0-9]{4}[ -]?[0-9]{4})", "mobile", 0),
    ("(?P<area>)(?P<local>[48]00[ -]?[0-9]{3}[ -]?[0-9]{4})", "service400", 0),
    ("(?P<area>)(?P<local>[48]00[0-9][ -]?[0-9]{3}[ -]?[0-9]{3})", "service400", 0),
    (_AREA + _SEVEN, "landline", 0),
    (_AREA + _EIGHT, "landline", 0),
    (_AREA + _SHORT, "short", 1),
    ("(?P<area>)" + _SEVEN, "landline", 2),
    ("(?P<area>)" + _EIGHT, "landline", 2),
    (_ALONE + "(?P<area>)" + _SHORT, "short", 3),
    (_BARE_AREA + "-" + _SEVEN, "landline", 3),
    (_BARE_AREA + "-" + _EIGHT, "landline", 3),
    (_ALONE + _BARE_AREA + " ?" + _SEVEN + "(?![0-9])", "landline", 6),
    (_ALONE + _BARE_AREA + " ?" + _EIGHT + "(?![0-9])", "landline", 6),
)
_COMPILED = tuple((re.compile(shape), kind, cost) for shape, kind, cost in _SHAPES)
_EXTENSIONS = (  # e: a word for extension stood here
    (re.compile("e(?P<ext>[0-9]{1,6})(?![0-9])"), 0),
    (re.compile("-(?P<ext>[0-9]{1,5})(?![0-9])"), 1),
    (re.compile(" (?P<ext>[0-9]{1,5})(?![0-9])"), 4),
)
_BETWEEN = re.compile("[ -]{0,3}")

_Reading = tuple[int, tuple[_Piece, ...]]


def _one(text: str, start: int) -> Iterator[tuple[int, int, _Piece]]:
    """Every (cost, end, piece) that may begin at ``start``."""
    for shape, kind, cost in _COMPILED:
        match = shape.match(text, start)
        if not match:
            continue
        area = match["area"] and f"0{match['area'].lstrip('0')}"
        mended = bool(area) and not match["area"].startswith("0")
        piece = _Piece(kind, area, re.sub("[ -]", "", match["local"]), mended=mended)
        yield cost, match.end(), piece
        for extension, extra in _EXTENSIONS if kind != "mobile" else ():
            if more := extension.match(text, match.end()):
                yield cost + extra, more.end(), replace(piece, ext=more["ext"])


def _together(one: _Piece, other: _Piece) -> bool:
    """Whether two numbers can stand in one run: local numbers of a place are equally long."""
    if not one.kind == other.kind == "landline" or len(one.local) == len(other.local):
        return True
    return bool(one.area and other.area) and one.area != other.area


def _readings(text: str) -> list[_Reading]:
    """The cheapest ways to cut the whole text into numbers; more than one if they tie."""

    @cache
    def best(start: int) -> tuple[_Reading, ...]:
        gap = _BETWEEN.match(text, start)
        start = gap.end() if gap else start
        if start == len(text):
            return ((0, ()),)
        found = {
            (cost + rest_cost, (piece, *rest))
            for cost, end, piece in _one(text, start)
            for rest_cost, rest in best(end)
            if all(_together(piece, other) for other in rest)
        }
        lowest = min((cost for cost, _ in found), default=0)
        # Two are enough to see a tie; all of them could be exponentially many.
        return tuple([reading for reading in found if reading[0] == lowest][:2])

    return list(best(0))


def _says_nothing(text: str) -> bool:
    bare = clean(text).translate(_DASHES).lower().strip()
    words = _WORDS.sub(",", _LABEL.sub(",", bare))
    return bare in _NOTHING or words in _NOTHING or not words.strip("-/\\. 、,;")


def _tidy(text: str) -> str:
    """The text in canonical form, without labels, country code and decoration."""
    text = clean(text).translate(_DASHES).lower().strip()
    if re.fullmatch(r"[0-9](?:\.[0-9]+)?e\+?[0-9]{1,3}", text):
        raise PhoneError(_SCIENTIFIC)
    text = re.sub(r"^([0-9]+)\.0$", r"\1", text)
    if _NO_LONGER.search(text):
        raise PhoneError(_UNREADABLE)
    if (ends := _FROM_TO.search(text)) and len(ends[1]) == len(ends[2]):
        raise PhoneError(_RANGE)
    text = _BESIDE.sub(",", text)
    text = _EXTENSION.sub("e", text)
    text = _BRACKETED_AREA.sub(r"\1-", _LABEL.sub(",", _DOTTED_AREA.sub(r"\1-", text)))
    text = _COUNTRY.sub("", _WORDS.sub(",", text))
    text = re.sub(r"\([ ,]*\)", ",", _NAMES.sub(",", text))
    return re.sub(" ?- ?", "-", text)


def _pieces(chunk: str, before: list[_Piece]) -> tuple[_Piece, ...]:
    """The numbers of one chunk; ``before``: those left of it in the same cell."""
    last = before[-1] if before else None
    if last and last.ext and re.fullmatch(f"e?[0-9]{{{len(last.ext)}}}", chunk):
        return (replace(last, ext=chunk.removeprefix("e")),)  # 8904567转8001、8002
    if last and last.kind == "landline" and not last.ext and re.fullmatch("[0-9]{1,2}", chunk):
        return (replace(last, local=last.local[: -len(chunk)] + chunk),)  # 8904567/68
    readings = _readings(chunk)
    if not readings:
        raise PhoneError(_UNREADABLE)
    if len(readings) > 1:
        raise PhoneError(_UNCLEAR)
    return readings[0][1]


def _phone(piece: _Piece, area: str) -> Phone:
    local, ext = piece.local, piece.ext
    area = piece.area or (area if piece.kind == "landline" else "")
    if piece.kind == "service400":
        display = f"{local[:3]}-{local[3:6]}-{local[6:]}"
    else:
        display = f"{area}-{local}" if area else local
    tel = area + local + (f",{ext}" if ext else "")
    return Phone(display + (f"转{ext}" if ext else ""), tel, piece.kind, ext, piece.mended)


def parse(text: str, area_code: str | None = None) -> list[Phone]:
    """Every number of a cell, in order; none for a blank or a word for nothing (无, NaN, -).

    A local number takes the area of the number before it in the cell, else ``area_code``
    (with or without its 0), else none. Raises ``PhoneError``.
    """
    if len(text) > _LONGEST:
        raise PhoneError(_TOO_LONG)
    if _says_nothing(text):
        return []
    tidy = _tidy(text)
    pieces: list[_Piece] = []
    for chunk in _SEPARATOR.split(tidy):
        chunk = chunk.strip(" -")
        if chunk:
            pieces += _pieces(chunk, pieces)
    if not pieces:
        raise PhoneError(_UNREADABLE)
    area = f"0{area_code.lstrip('0')}" if area_code else ""
    phones = []
    for piece in pieces:
        area = piece.area or area
        phones.append(_phone(piece, area))
    return phones


def mask(text: str) -> str:
    """A personal number for display: 139****0001, 0416-***4567, several joined by 、.

    Short codes and 400 numbers belong to nobody and stay. What cannot be read keeps its last
    two digits. Never raises.
    """
    try:
        phones = parse(text)
    except PhoneError:
        return re.sub(r"\d(?=(?:\D{0,9}\d){2})", "*", text)
    return "、".join(_masked(phone) for phone in phones)


def _masked(phone: Phone) -> str:
    number, ext, extension = phone.display.partition("转")
    if phone.kind == "mobile":
        return f"{number[:3]}****{number[7:]}"
    if phone.kind != "landline":
        return phone.display
    area, dash, local = number.rpartition("-")
    return f"{area}{dash}{'*' * (len(local) - 4)}{local[-4:]}{ext}{extension}"
