"""What a cell of a received list means: one reader per kind of column.

A reader takes the cell as the workbook gave it and returns canonical text, ``None`` for a blank,
or raises: ``Bad`` (cannot be read: the row is rejected) or ``Unsure`` (readable in two ways, or
doubtful: the row waits for a person). Both carry one Chinese clause that says how to mend it and
never the value itself. Nothing is guessed, nothing damaged is repaired silently.
"""

import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal

from ydjy.lib import days, divisions, idnumbers, masking, phones
from ydjy.lib.text import clean, has_lost_characters, unwrapped
from ydjy.lib.workbook import BoolText, DateText, NumberFrom1904, NumberText, cell_problem

Reader = Callable[[str], str | None]


class Bad(ValueError):
    """The cell cannot be read; the row is rejected."""


class Unsure(ValueError):
    """The cell is doubtful. ``value`` is what it says if a person accepts it (may be ``None``)."""

    def __init__(self, sentence: str, value: str | None = None):
        super().__init__(sentence)
        self.value = value


LOST = "有认不出的字（显示成“?”或“□”），请对照原表补上"
NOTHING = frozenset({"", "/", "-", "—", "--", "无", "NULL", "null", "None", "NaN", "nan", "N/A"})


class Noted(str):
    """A value that was put right, with ``note``: the clause that says so."""

    note: str

    def __new__(cls, text: str, note: str) -> "Noted":
        noted = super().__new__(cls, text)
        noted.note = note
        return noted


def plain(cell: str) -> str | None:
    """Any text, cleaned; blank stands for «nothing said»."""
    if problem := cell_problem(cell):
        raise Bad(problem)
    return unwrapped(clean(cell)) or None


def words(cell: str, *, limit: int = 500) -> str | None:
    """Foreign free text: kept as it is, its identity numbers masked, lost characters told."""
    text = plain(cell)
    if text is None:
        return None
    if len(text) > limit:
        raise Bad(f"有 {len(text)} 个字，最多 {limit} 个，请删短")
    text = masking.mask_in_text(text)
    if has_lost_characters(cell):
        raise Unsure(LOST, text)
    return text


# Also a character that was lost on the way, which is told by itself.
_HAS_LETTER = re.compile(r"[^\W\d_]|[?□\ufffd\ue000-\uf8ff]")


def person_name(cell: str) -> str | None:
    text = plain(cell)
    if text is None or text in NOTHING:
        return None
    if isinstance(cell, NumberText) or text.isdigit():
        raise Bad("是一串数字，不是姓名，请核对是不是串列了")
    if isinstance(cell, DateText | BoolText) or not _HAS_LETTER.search(text):
        raise Bad("不像姓名，请核对是不是串列了")
    if len(text) > 50:
        raise Bad("超过 50 个字，不像姓名，请核对是不是串列了")
    if has_lost_characters(cell, name=True):
        raise Unsure("姓名里有认不出的字（显示成“?”或“□”），请对照证件补上", text)
    return text


# As Excel shows a number of more than eleven digits, and as other programs write one.
_SCIENTIFIC = re.compile(r"[0-9](?:\.[0-9]+)?[Ee]\+[0-9]{2,3}|[0-9]\.[0-9]+[Ee][0-9]{1,3}")
_WHOLE = re.compile(r"([0-9]+)\.0+")
_QUOTED = re.compile(r"\"([^\"]*)\"|“([^”]*)”")
_NO_CODE = frozenset({"", "/", "-", "—", "--", "无"})


def code(cell: str, *, limit: int = 60) -> str | None:
    """A code is text: 0012 keeps its zeros, 1E10 is not ten milliards, NaN and null are codes, too.
    Only what programs put around or behind one is taken away: quotes, and the ``.0`` of 310.0."""
    text = plain(cell)
    if text is not None and (quoted := _QUOTED.fullmatch(text)):
        text = (quoted[1] or quoted[2] or "").strip()
    if text is None or text in _NO_CODE:
        return None
    if isinstance(cell, NumberText) and len(re.sub(r"\D", "", text)) > EXCEL_DIGITS:
        raise Bad("单元格是数字，超过 15 位的部分已被 Excel 抹成 0。请把该列设为“文本”后重填")
    if isinstance(cell, DateText):
        raise Bad("单元格是日期，原编号多半被 Excel 改成了日期。请把该列设为“文本”后重填")
    if _SCIENTIFIC.fullmatch(text):
        raise Bad("编号已变成科学计数法，后面几位已丢失。请把该列设为“文本”后重填")
    if whole := _WHOLE.fullmatch(text):
        text = whole[1]
        if len(text) > EXCEL_DIGITS:
            raise Bad("编号带小数点，曾按数字存放，后面几位已丢失。请把该列设为“文本”后重填")
    if len(text) > limit:
        raise Bad(f"有 {len(text)} 个字符，最多 {limit} 个，请核对是不是串列了")
    if not text.isascii() and has_lost_characters(cell):
        raise Unsure(LOST, text)
    return text


def number(cell: str, *, limit: int = 60) -> str | None:
    """A code by which a thing is known: nothing is called NaN."""
    text = code(cell, limit=limit)
    return None if text in NOTHING else text


def identity(
    cert_type: str, cell: str, today: date, say: Callable[[str], None] = lambda note: None
) -> str | None:
    """A document number in canonical form; ``cert_type`` is the row's 证件类型 (may be blank).

    ``say`` is told what was put right (full-width digits, 15 to 18) and what looks odd.
    """
    if problem := cell_problem(cell):
        raise Bad(problem)
    if clean(cell) in NOTHING:
        return None
    try:
        document = idnumbers.parse_document(
            cert_type, cell, from_number_cell=isinstance(cell, NumberText), today=today
        )
    except idnumbers.DoubtfulDocument as doubtful:
        raise Unsure(str(doubtful).rstrip("。"), doubtful.number) from doubtful
    except idnumbers.IdNumberError as refused:
        raise Bad(str(refused).rstrip("。")) from refused
    for note in document.identity.warnings if document.identity else ():
        say(note.rstrip("。"))
    return document.number


_NO_YEAR = re.compile(r"\d{1,2}\s?[月/.-]\s?\d{1,2}[日号]?")
_YEAR_LAST = re.compile(r"\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}(\s.*)?")
DAYS_FROM_1900_TO_1904, EXCEL_DIGITS = 1462, 15
_EXCEL_EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001 - a wall clock, as in the sheet


def moment(cell: str, today: date) -> str | None:
    """``YYYY-MM-DD`` or ``YYYY-MM-DD HH:MM:SS``, not later than tomorrow; never a guess."""
    text = plain(cell)
    if text is None or text in NOTHING:
        return None
    at = _when(cell, text)
    written = at.date()
    stamp = at.isoformat(" ") if at.hour or at.minute or at.second else written.isoformat()
    if written > today + timedelta(days=1):
        raise Unsure(f"日期 {written} 在今天之后，请核对", stamp)
    if written < today - timedelta(days=3 * 365):
        raise Unsure(f"日期 {written} 是三年以前，请核对", stamp)
    return stamp


def day(cell: str, today: date) -> str | None:
    """Like :func:`moment` without the clock, and the future is allowed: a rule may begin later."""
    text = plain(cell)
    if text is None or text in NOTHING:
        return None
    at = _when(cell, text)
    if not 1990 <= at.year <= today.year + 20:
        raise Unsure(f"日期 {at:%Y-%m-%d} 不像是对的，请核对", f"{at:%Y-%m-%d}")
    return f"{at:%Y-%m-%d}"


def _when(cell: str, text: str) -> datetime:
    number_of_days = isinstance(cell, NumberText) and len(text.split(".")[0]) < 8
    if number_of_days:
        return _serial(text, from_1904=isinstance(cell, NumberFrom1904))
    return _written(text)


def _serial(text: str, *, from_1904: bool) -> datetime:
    """A date that Excel shows as a number because the column is not formatted as one."""
    number = Decimal(text) + (DAYS_FROM_1900_TO_1904 if from_1904 else 0)
    if not 32874 <= number <= 73050:  # 1990 to 2099
        raise Bad("是一个数字，认不出是哪一天，请写成 2026-11-09 这样")
    return _EXCEL_EPOCH + timedelta(days=int(number), seconds=round(float(number % 1) * 86400))


def _written(text: str) -> datetime:
    try:
        found = days.read(text)
        if found is not None and found.year < _EXCEL_EPOCH.year:
            raise ValueError(text)
    except (ValueError, OverflowError) as wrong:
        raise Bad("没有这一天或这个时间，请核对") from wrong
    if found is None:
        raise _unreadable(text)
    return found


def _unreadable(text: str) -> Bad | Unsure:
    if _NO_YEAR.fullmatch(text):
        return Bad("日期没有写年份，请写成 2026-11-09 这样")
    if _YEAR_LAST.fullmatch(text):
        return Unsure("分不清哪个是月、哪个是日，请写成 2026-11-09 这样")
    return Bad("日期认不出来，请写成 2026-11-09 这样")


# Commas stand between thousands, else they may be meant as decimal points.
_AMOUNT = re.compile(
    r"[-+]?(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)?(?<=[0-9])(?:\.[0-9]*)?(?:[eE][-+]?[0-9]{1,3})?"
    r"|[-+]?\.[0-9]+"
)
_LARGEST, _ROUNDING = Decimal("999999999999"), Decimal("0.0005")


def money(cell: str) -> str | None:
    """Decimal text with two places; ``1,234.50``, ``￥…`` and ``…元`` are how people write it."""
    text = plain(cell)
    if text is None or text in NOTHING:
        return None
    bare = re.sub(r"[\s¥￥元]", "", text)
    if not _AMOUNT.fullmatch(bare):
        raise Bad("金额认不出来，请只写数字，例如 1234.50")
    amount = Decimal(bare.replace(",", ""))
    if abs(amount) >= _LARGEST:
        raise Bad("金额太大或不是数字，请核对")
    cents = amount.quantize(Decimal("0.01")) + 0  # no -0.00
    if abs(amount - cents) > _ROUNDING and not isinstance(cell, NumberText):
        raise Bad("金额的小数多于两位，请核对")
    return str(cents)


def yes_no(cell: str) -> str | None:
    text = plain(cell)
    if text is None or text in NOTHING:
        return None
    if text in ("是", "在院", "Y", "y", "YES", "1", "TRUE", "√"):
        return "是"
    if text in ("否", "不在院", "已出院", "出院", "N", "n", "NO", "0", "FALSE", "×"):
        return "否"
    raise Unsure("看不出是“是”还是“否”，请核对")


def phone(cell: str, area_code: str | None = None) -> str | None:
    """Numbers as people read them, joined by 、; what is no number is told, not dropped."""
    text = plain(cell)
    if text is None or text in NOTHING:
        return None
    try:
        found = phones.parse(text, area_code)
    except phones.PhoneError as refused:
        raise Unsure(str(refused).rstrip("。"), text) from refused
    said = "、".join(one.display for one in found)
    if any(one.mended for one in found):
        return Noted(said, "已补上区号前面丢掉的 0，请核对")
    return said or None


NOWHERE = "认不出是哪里，请写行政区划的全称或 6 位代码"


def place(cell: str, *, home: str) -> tuple[str, str] | None:
    """(code, name) of a place written as a code or in words; the home city's own come first."""
    text = plain(cell)
    if text is None or text in NOTHING:
        return None
    if re.fullmatch(r"\d{6}", text):
        found = divisions.get(text)
        if found is None and divisions.prefecture_of(text) is None:
            raise Unsure("没有这个区划代码，请核对")
        return (text, found.name if found else text)  # zones have codes that no list knows
    return _named(text, home)


def _named(text: str, home: str) -> tuple[str, str]:
    if text.endswith("本级"):
        return _own_level(text.removesuffix("本级"), home)
    candidates = [d for d in divisions.find(text, within=home) if d.in_force]
    own = [d for d in candidates if divisions.contains(home, d.code)]
    if len(own or candidates) == 1:
        found = (own or candidates)[0]
        return found.code, found.name
    if candidates:
        raise Unsure("有几个同名的地方，请写全，例如“辽宁省锦州市义县”")
    raise Unsure(NOWHERE)


def _own_level(name: str, home: str) -> tuple[str, str]:
    """锦州市本级, 市本级: who is insured with the city itself (210799)."""
    known = divisions.find(name, within=home) if name.strip("市") else [divisions.get(home)]
    cities = {d.code[:4] for d in known if d is not None and d.level == 2}
    found = divisions.get(f"{cities.pop()}99") if len(cities) == 1 else None
    if found is None:
        raise Unsure(NOWHERE)
    return found.code, found.name
