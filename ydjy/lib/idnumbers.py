"""Identity numbers: reading them from a cell or a form. In free text: ``intext.py``.

Source: GB 11643 (居民身份证, 港澳台居民居住证), the 2023 rules of the National Immigration
Administration (外国人永久居留身份证); domain.md 2.2, 2.7 and traps 1 and 13; reliability.md 3.2.
Ready-made validators refuse most people born before 1980 (they compare the county's founding
year with the birth year), hence our own. No message here ever contains a number.
"""

import re
from calendar import isleap
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from functools import lru_cache, partial
from operator import mul
from typing import Literal
from zoneinfo import ZoneInfo

from ydjy.lib.text import clean

Sex = Literal["男", "女"]


class Kind(StrEnum):
    """What document a number belongs to."""

    RESIDENT = "resident"
    HMT_RESIDENT = "hmt_resident"
    FOREIGNER = "foreigner"
    PASSPORT = "passport"
    MILITARY = "military"
    POLICE = "police"
    HK_MACAU_PERMIT = "hk_macau_permit"
    TAIWAN_PERMIT = "taiwan_permit"
    DISABILITY = "disability"
    SOCIAL_CARD = "social_card"
    OTHER = "other"


class IdNumberError(ValueError):
    """A number that cannot be taken; the message is one Chinese sentence without the number."""


class DoubtfulDocument(IdNumberError):
    """A number that may be right, of a document that a person should look at; ``number`` is what
    it says if that person accepts it."""

    def __init__(self, sentence: str, number: str):
        self.number = number
        super().__init__(sentence)


@dataclass(frozen=True, slots=True)
class IdNumber:
    """A checked identity number; ``number`` is its one canonical form (the form to index by).

    ``warnings`` are Chinese sentences: what was normalised, and what a person should look at.
    ``repr`` and ``str`` show the masked number only.
    """

    kind: Kind
    number: str = field(repr=False)
    birth_date: date = field(repr=False)
    sex: Sex
    masked: str
    warnings: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.masked

    def age_on(self, day: date) -> int:
        """Full years (周岁) on that day. Who was born on 29 February ages on 28 February in a
        common year (民法典第二百零二条: no such day, then the last day of the month)."""
        month_day = (self.birth_date.month, self.birth_date.day)
        if month_day == (2, 29) and not isleap(day.year):
            month_day = (2, 28)
        return day.year - self.birth_date.year - ((day.month, day.day) < month_day)


@dataclass(frozen=True, slots=True)
class Document:
    """Any document of a filing or ticket; ``identity`` where the number is an identity number."""

    kind: Kind
    number: str = field(repr=False)
    masked: str
    identity: IdNumber | None = None

    def __str__(self) -> str:
        return self.masked


EARLIEST_YEAR = 1880
_SHANGHAI = ZoneInfo("Asia/Shanghai")
PROVINCES = frozenset(
    f"{region}{place}"
    for region, places in enumerate(("12345", "123", "1234567", "123456", "01234", "12345"), 1)
    for place in places
) | {"71", "81", "82", "83"}
_WEIGHTS = tuple(2 ** (17 - place) % 11 for place in range(17))
_CHECK_DIGITS = "10X98765432"

_QUOTES = dict.fromkeys(map(ord, "'’‘‛′＇`｀´\"“”＂"))
_GAPS = dict.fromkeys(map(ord, " -‐‑‒–—―−_"))
LOOK_ALIKE = "×✕✖╳ХхΧχⅩⅹ"
_FULL_WIDTH = re.compile("[０-９Ａ-Ｚａ-ｚ]")
_EXPONENT = re.compile(r"[0-9](?:\.[0-9]+)?E\+?[0-9]{1,3}")
_DECIMAL = re.compile(r"([0-9]+)\.(0+)")
_RESIDENT = re.compile("[0-9]{17}[0-9X]|[0-9]{15}")
_OLD_FOREIGNER = re.compile("[A-Z]{3}[0-9]{12}")

_DAMAGED = "单元格是数字，末三位已被 Excel 抹成 0，原号码无法恢复。请把该列设为“文本”后重填。"
_SCIENTIFIC = "号码已变成科学计数法，原号码无法恢复。请把该列设为“文本”后对照证件重填。"
_FROM_NUMBER = "号码带小数点，曾按数字存放，可能已被改动。请把该列设为“文本”后对照证件重填。"
_BLANK = "没有填证件号码，请对照证件补填。"
_MASKED = "号码里有 *，是打过码的。请填完整号码。"
_WORDS = "号码里夹有文字。请只留证件号码。"
_WRONG_CHECK = "校验位对不上，号码里至少有一位写错。请对照证件改正。"
_WIPED = "校验位对不上，末三位是 000，多半被表格软件抹成了 0。请把该列设为“文本”后对照证件重填。"

_SAID_WIDTH = "已把全角字符换成半角"
_SAID_DIRT = "已去掉号码里的空格、横线、撇号或看不见的字符"
_SAID_FIFTEEN = "原为15位，已换算为18位"
_SAID_NUMBER_CELL = "单元格是数字，15位号码未受损；请把该列设为“文本”"
_ASK_COUNTY = "前六位不在行政区划表里，可能是已撤销的县区，请核对"
_ASK_WIPED = "末三位是 000，请核对是否被表格软件抹成了 0"
_ASK_CENTURY = "号码里年份只有两位，出生年份是推算的，请核对"
_ASK_OLD_CHECK = "旧版永久居留证的校验位对不上，请对照证件核对"
_ASK_INTAKE_PLACE = "第二、三位不是省级代码，请对照证件核对"


def check_digit(first17: str) -> str:
    """ISO 7064 MOD 11-2 over the first 17 digits: ``0``–``9`` or ``X``."""
    total = sum(map(mul, map(int, first17), _WEIGHTS))
    return _CHECK_DIGITS[total % 11]


def upgrade15(number: str) -> str:
    """The 18 digits of a 15-digit number: all of those were born in the 1900s."""
    first17 = f"{number[:6]}19{number[6:]}"
    return first17 + check_digit(first17)


def mask(number: str) -> str:
    """The number with its middle hidden: 6 + stars + 4, of short documents a quarter each end."""
    head, tail = (6, 4) if len(number) >= 15 else (len(number) // 4,) * 2
    return number[:head] + "*" * (len(number) - head - tail) + number[len(number) - tail :]


def _canonical(text: str) -> tuple[str, list[str]]:
    """Upper-case number without dirt, and what was done to it, in Chinese."""
    if text.isascii() and text.isalnum():
        return text.upper(), []  # nearly all of them
    bare = clean(text.translate(_QUOTES).strip().removeprefix("=")).translate(_GAPS)
    said = [_SAID_WIDTH] if _FULL_WIDTH.search(text) else []
    if len(bare) < len(text.strip()):
        said.append(_SAID_DIRT)
    if bare and bare[-1] in LOOK_ALIKE:
        said.append(f"已把{bare[-1]}换成X")
        bare = bare[:-1] + "X"
    return bare.upper(), said


def _refuse_spreadsheet_damage(number: str, *, from_number_cell: bool) -> str:
    """The number, unless a spreadsheet held it as a float and lost digits (trap 13)."""
    decimal = _DECIMAL.fullmatch(number)
    whole = decimal.group(1) if decimal else number
    if from_number_cell:
        digits = sum(ch.isdigit() for ch in whole)
        if digits > 15 or _EXPONENT.fullmatch(number):
            # A check digit that fits proves nothing: one damaged number in eleven passes,
            # and may then be another person's.
            raise IdNumberError(_DAMAGED)
        return whole
    if _EXPONENT.fullmatch(number):
        raise IdNumberError(_SCIENTIFIC)
    if decimal:
        raise IdNumberError(_FROM_NUMBER)
    return number


def _shape_complaint(number: str) -> str:
    """Why this is no 18 or 15 characters of the right sort."""
    if not number:
        return _BLANK
    if "*" in number:
        return _MASKED
    if any(ch.isalpha() and not ch.isascii() for ch in number):
        return _WORDS
    if len(number) not in (15, 18):
        hint = "这里像是有两个号码，请分开填写" if len(number) >= 30 else "请对照证件改正"
        return f"证件号码应为 18 位（老号码 15 位），这里是 {len(number)} 位。{hint}。"
    digits = len(number) - (len(number) == 18)
    place = next((i for i, ch in enumerate(number[:digits], 1) if ch not in "0123456789"), 18)
    if place == 18:
        return "末位应为数字或 X。请对照证件改正。"
    return f"第 {place} 位不是数字（0 和 1 常被误打成字母 O 和 l）。请对照证件改正。"


def _birth_date(year: int, month_day: str, today: date) -> date:
    try:
        born = date(year, int(month_day[:2]), int(month_day[2:]))
    except ValueError:
        raise IdNumberError("号码里的出生日期不存在。请对照证件改正。") from None
    if born > today:
        raise IdNumberError("号码里的出生日期在今天之后。请对照证件改正。")
    if born.year < EARLIEST_YEAR:
        raise IdNumberError(f"号码里的出生年份早于 {EARLIEST_YEAR} 年。请对照证件改正。")
    return born


def _sex(digit: str) -> Sex:
    return "男" if int(digit) % 2 else "女"


def _old_foreigner(number: str, said: list[str], today: date) -> IdNumber:
    """The 15 characters of cards before December 2023: 3 letters of the country, 4 digits of
    the place of application, 6 of the birth date, 1 serial (odd for men), 1 check digit.

    The check digit is that of passports (7-3-1, mod 10); this is known from practice, not from
    a published rule, so a mismatch is only a warning.
    """
    year, month_day = int(number[7:9]), number[9:13]
    try:
        born = _birth_date(2000 + year, month_day, today)
        said.append(_ASK_CENTURY)
    except IdNumberError:
        born = _birth_date(1900 + year, month_day, today)
    values = (int(ch, 36) for ch in number[:14])
    total = sum(value * (7, 3, 1)[place % 3] for place, value in enumerate(values))
    if str(total % 10) != number[14]:
        said.append(_ASK_OLD_CHECK)
    return IdNumber(Kind.FOREIGNER, number, born, _sex(number[13]), mask(number), tuple(said))


def _kind(number: str) -> Kind:
    if number[0] == "9" and len(number) == 18:
        return Kind.FOREIGNER
    if number[:2] not in PROVINCES:
        raise IdNumberError("前两位不是省级代码。请对照证件改正。")
    return Kind.HMT_RESIDENT if number[:2] in ("81", "82", "83") else Kind.RESIDENT


def _questions(number: str, kind: Kind, known_county: Callable[[str], bool] | None) -> list[str]:
    """What a person should look at in a number that is formally right."""
    ask = []
    if number.endswith("000"):
        ask.append(_ASK_WIPED)
    if kind is Kind.FOREIGNER and number[1:3] not in PROVINCES:
        ask.append(_ASK_INTAKE_PLACE)
    if kind is Kind.RESIDENT and known_county and not known_county(number[:6]):
        ask.append(_ASK_COUNTY)
    return ask


def parse(
    text: str,
    *,
    from_number_cell: bool = False,
    today: date | None = None,
    known_county: Callable[[str], bool] | None = None,
) -> IdNumber:
    """Reads 18 or 15 digits, however dirty, or the old 15-character foreigner's number.

    ``from_number_cell``: the workbook cell was a number, so more than 15 digits are refused
    even if the check digit fits. ``known_county`` tells whether a six-digit code exists; an
    unknown one is a warning only. Raises ``IdNumberError``.
    """
    today = today or datetime.now(_SHANGHAI).date()
    number, said = _canonical(text)
    number = _refuse_spreadsheet_damage(number, from_number_cell=from_number_cell)
    if _OLD_FOREIGNER.fullmatch(number):
        return _old_foreigner(number, said, today)
    if not _RESIDENT.fullmatch(number):
        raise IdNumberError(_shape_complaint(number))
    kind = _kind(number)
    if len(number) == 15:
        said.append(_SAID_FIFTEEN)
        if from_number_cell:
            said.append(_SAID_NUMBER_CELL)
        number = upgrade15(number)
    born = _birth_date(int(number[6:10]), number[10:14], today)
    if check_digit(number[:17]) != number[17]:
        raise IdNumberError(_WIPED if number.endswith("000") else _WRONG_CHECK)
    said += _questions(number, kind, known_county)
    return IdNumber(kind, number, born, _sex(number[16]), mask(number), tuple(said))


# -- other documents -------------------------------------------------------------------------

# 证件类型 in words or as psn_cert_type of the national platform (domain.md 2.2); the first that
# occurs decides. A place with another code table maps its codes to words before it calls us.
_TYPES = (
    # 99 其他身份证件 and its sisters, 10 to 15 of the table: no identity card, whatever they hold.
    ("其[他它]|以外|[非无]居?民?身份证|就业证|专家证|记者证|烈属|^1[0-5]$|^99$", Kind.OTHER),
    ("永久居|^0?7$", Kind.FOREIGNER),
    ("居住证|^17$", Kind.HMT_RESIDENT),
    ("台湾|台胞|^0?6$", Kind.TAIWAN_PERMIT),
    ("港澳|香港|澳门|回乡|^0?[45]$", Kind.HK_MACAU_PERMIT),
    ("护照|^0?8$|^16$", Kind.PASSPORT),
    ("警官|^0?3$", Kind.POLICE),
    ("军|士兵|士官|^0?2$", Kind.MILITARY),
    ("残疾|^0?9$", Kind.DISABILITY),
    ("社保卡|社会保障卡|^90$", Kind.SOCIAL_CARD),
    ("身份证|户口|^0?1$", Kind.RESIDENT),
)
_PLAIN = re.compile("[A-Z0-9]{5,20}")
_IN_SERVICE = re.compile("[一-龥]{0,4}[A-Z0-9]{4,16}号?")  # 军字第1234567号
_SHAPES = {
    Kind.MILITARY: _IN_SERVICE,
    Kind.POLICE: _IN_SERVICE,
    # 18 of the person, 类别 and 等级, B1 for a second copy
    Kind.DISABILITY: re.compile("[0-9]{17}[0-9X][0-9A-Z]{0,4}"),
}


_BRACKETS = str.maketrans("", "", "()[]")
_LIKE_A_CARD = re.compile("[0-9]{17}[0-9X]")
_ASK_OTHER_CARD = (
    "是 18 位，像身份证号，校验位却对不上，证件类型又不是身份证。请核对证件类型和号码。"
)
_ASK_TYPE = "证件类型认不出来，号码也不像身份证号。请核对证件类型和号码。"


def _looks_like(number: str) -> Kind:
    """The kind of a document whose 证件类型 is blank, or a word that nobody knows: an unknown word
    never means less checking than none."""
    return Kind.OTHER if number[:1].isalpha() and len(number) < 15 else Kind.RESIDENT


@lru_cache(maxsize=64)
def _named_kind(cert_type: str) -> Kind | None:
    words = clean(cert_type)
    return next((kind for pattern, kind in _TYPES if re.search(pattern, words)), None)


def parse_document(
    cert_type: str,
    text: str,
    *,
    from_number_cell: bool = False,
    today: date | None = None,
    known_county: Callable[[str], bool] | None = None,
) -> Document:
    """Reads a number by its 证件类型 (a name, or a code of the national table, or blank).

    Identity numbers go through ``parse``; then ``kind`` is what the number says. Most others
    are 5 to 20 letters or digits. Raises ``IdNumberError``, for a person to look
    ``DoubtfulDocument``.
    """
    number, _ = _canonical(text)
    named = _named_kind(cert_type)
    kind = named or _looks_like(number)
    card = partial(
        parse, text, from_number_cell=from_number_cell, today=today, known_county=known_county
    )
    if kind in (Kind.RESIDENT, Kind.HMT_RESIDENT, Kind.FOREIGNER):
        unknown = named is None and clean(cert_type)
        if unknown and not _RESIDENT.fullmatch(number) and _PLAIN.fullmatch(number):
            raise DoubtfulDocument(_ASK_TYPE, number)
        identity = card()
        return Document(identity.kind, identity.number, identity.masked, identity)
    number = _refuse_spreadsheet_damage(number, from_number_cell=from_number_cell)
    number = number.translate(_BRACKETS)
    if not _SHAPES.get(kind, _PLAIN).fullmatch(number):
        raise IdNumberError("证件号码的位数或写法与证件类型对不上。请对照证件改正。")
    if _LIKE_A_CARD.fullmatch(number):
        try:
            card()
        except IdNumberError:
            raise DoubtfulDocument(_ASK_OTHER_CARD, number) from None
    return Document(kind, number, mask(number))
