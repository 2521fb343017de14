"""Days and times as programs and people write them, where nobody would doubt what is meant.

``read`` knows one meaning or none: two-digit years and days before months are not for it.
"""

import re
from datetime import datetime, timedelta

from ydjy.lib.text import digits_of_numerals

_DASHES = str.maketrans(dict.fromkeys("—–―−‐‑‒", "-"))
_WEEKDAY = re.compile(
    r"[(\[]?(?:星期|周|礼拜)[一二三四五六日天][)\]]?"
    r"|\b(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*\.?,?(?![a-z])",
    re.IGNORECASE,
)
_HALF = r"(?P<{0}>上午|下午|凌晨|清晨|早上|早晨|中午|傍晚|晚上|[ap]\.?m\.?)"
_ZONE = r"(?P<zone>z|utc|gmt|cst|北京时间|(?:utc|gmt)?[+-]\d{1,2}(?::?\d{2})?)"
_YMD = (
    r"(?P<year>\d{4})\s?[-/.年]\s?(?P<month>\d{1,2})\s?[-/.月]\s?(?P<day>\d{1,2})\s?[日号]?"
    r"|(?P<year8>\d{4})(?P<month8>\d{2})(?P<day8>\d{2})"
)
_CLOCK = (
    r"(?P<hour>\d{1,2})\s?[:时点]\s?(?P<minute>\d{1,2})?\s?[:分]?\s?(?P<second>\d{1,2})?\s?秒?"
    r"|(?P<hour6>\d{2})(?P<minute6>\d{2})(?P<second6>\d{2})?"
)
_WRITTEN = re.compile(
    rf"(?:{_YMD})[\st,-]*(?:{_HALF.format('before')}?\s*(?:{_CLOCK})(?:[.,:]\d+)?"
    rf"\s*{_HALF.format('after')}?\s*{_ZONE}?|{_HALF.format('alone')})?",
    re.IGNORECASE,
)
_MONTHS = {name: at for at, name in enumerate(
    "jan feb mar apr may jun jul aug sep oct nov dec".split(), 1
)}  # fmt: skip
_MONTH = rf"(?P<month>{'|'.join(_MONTHS)})[a-z]*\.?"
_TIME = r"(?P<time>\d{1,2}:\d{2}(?::\d{2})?(?:[.,]\d+)?(?:\s?[ap]m)?)"
# Java's Date.toString, mail headers, Oracle: a month in letters can be no day.
_LETTERS = tuple(
    re.compile(shape, re.IGNORECASE)
    for shape in (
        rf"{_MONTH}\s(?P<day>\d{{1,2}})\s{_TIME}(?:\s{_ZONE})?\s(?P<year>\d{{4}})",
        rf"{_MONTH}\s(?P<day>\d{{1,2}}),?\s(?P<year>\d{{4}})(?:,?\s{_TIME}(?:\s{_ZONE})?)?",
        rf"(?P<day>\d{{1,2}})[\s-]{_MONTH}[\s,-]+(?P<year>\d{{4}})(?:,?\s{_TIME}(?:\s{_ZONE})?)?",
    )
)
_CHINESE_YEAR = re.compile(r"([〇零○◯oо0-9一二三四五六七八九]{4})年", re.IGNORECASE)
_FIGURES = {ch: str(at % 10) for at, ch in enumerate("零一二三四五六七八九")} | dict.fromkeys(
    "〇○◯oOоО", "0"
)
_CHINA = timedelta(hours=8)
_AFTERNOON = ("下午", "中午", "傍晚", "晚上", "pm", "p.m.", "p.m")


def read(text: str) -> datetime | None:
    """The moment, in Chinese time; None where it is not clear or not written like one, ValueError
    for a day or time that does not exist."""
    text = _tidy(text)
    if found := _WRITTEN.fullmatch(text):
        if (found["zone"] or "").startswith("-") and "T" not in text.upper():
            return None  # 09:30-10:30 is no time zone
        return _shifted(_moment(found), found["zone"])
    for shape in _LETTERS:
        if found := shape.fullmatch(text):
            month = _MONTHS[found["month"].lower()]
            day = f"{found['year']}-{month}-{found['day']} {found['time'] or ''}".strip()
            again = _WRITTEN.fullmatch(day)
            return _shifted(_moment(again), found["zone"]) if again else None
    return None


def _tidy(text: str) -> str:
    text = _WEEKDAY.sub(" ", text.translate(_DASHES))
    if year := _CHINESE_YEAR.match(text):
        digits = "".join(_FIGURES.get(ch, ch) for ch in year[1])
        text = f"{digits}年{digits_of_numerals(text[year.end() :])}"
    return " ".join(text.split()).strip(" ,")


def _moment(found: re.Match[str]) -> datetime:
    def number(name: str) -> int:
        said = found.groupdict()
        return int(said[name] or said.get(f"{name}{8 if name in _DAY else 6}") or 0)

    hour = number("hour")
    half = (found["before"] or found["after"] or "").lower()
    if half in _AFTERNOON:
        hour += 12 if hour < (11 if half == "中午" else 12) else 0
        if half == "晚上" and number("hour") == 12:
            raise ValueError(half)  # of which day?
    elif half:
        if hour > 12:
            raise ValueError(half)
        hour %= 12
    year, month, day = map(number, _DAY)
    written = f"{year:04}-{month:02}-{day:02} {hour:02}:{number('minute'):02}"
    return datetime.fromisoformat(f"{written}:{number('second'):02}")  # a wall clock


_DAY = ("year", "month", "day")


def _shifted(at: datetime, zone: str | None) -> datetime:
    """In Chinese time: Z and UTC are eight hours behind, CST is ours."""
    said = (zone or "").lower()
    if said in ("", "cst", "北京时间"):
        return at
    if said in ("z", "utc", "gmt"):
        return at + _CHINA
    sign, digits = (-1 if "-" in said else 1), re.sub(r"[^\d:]", "", said)
    hours, _, minutes = digits.partition(":") if ":" in digits else (digits[:2], "", digits[2:])
    return at - sign * timedelta(hours=int(hours), minutes=int(minutes or 0)) + _CHINA
