"""Stored cell values as the text a person sees: numbers, dates, escaped characters."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation

# Excel keeps 15 significant digits and shows zeros for the rest.
EXCEL_DIGITS = 15
# Beyond this many places a number is shown with its exponent.
LONGEST_PLAIN_NUMBER = 40
LAST_SERIAL = 2_958_466
LOST = "\ufffd"  # in the place of a NUL, which no database holds
_DAYS_BETWEEN_1900_AND_1904 = 1462
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_MUST_ESCAPE = re.compile("[\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")
_QUOTED_IN_FORMAT = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?!h+\]|m+\]|s+\])[^\]]*\]', re.IGNORECASE)
_ELAPSED = re.compile(r"\[[hms]+\]", re.IGNORECASE)
_DATE_LETTERS = re.compile(r"[ymdhs]", re.IGNORECASE)
_DATE_WORDS, _DIGIT_PLACE = re.compile("[年月日时分秒]"), re.compile("[0#?]")
# Built-in formats of dates and times; 27–36 and 50–58 are those of Chinese Excel
# (ECMA-376 18.8.30).
_BUILT_IN_DATES = frozenset((*range(14, 23), *range(27, 37), 45, 47, *range(50, 59)))


def number_text(raw: str) -> str:
    """The digits Excel would show for a stored number, never with ``.0`` or an exponent.

    ``1234.5`` → ``1234.5``, ``1.0`` → ``1``, ``2.10702190501010001E+17`` → 18 digits of which the
    last three are zeros. Raises ValueError for what is no finite number.
    """
    if raw.isdigit() and raw.isascii() and len(raw) <= EXCEL_DIGITS:
        return str(int(raw))
    try:
        shown = Decimal(f"{Decimal(raw.strip()):.{EXCEL_DIGITS - 1}e}").normalize()
    except (InvalidOperation, OverflowError) as error:
        raise ValueError(raw) from error
    if not shown.is_finite():
        raise ValueError(raw)
    if abs(shown.adjusted()) > LONGEST_PLAIN_NUMBER:
        return str(shown)
    text = f"{shown:f}"
    return "0" if text == "-0" else text


def date_text(serial: float, *, from_1904: bool = False) -> str | None:
    """A date serial as ISO text to the second; None where Excel shows no date.

    Excel's 1900 has a 29 February that never was (serial 60).
    """
    if 0 <= serial < 1:
        return f"{datetime(1900, 1, 1) + timedelta(seconds=round(serial * 86400)):%H:%M:%S}"  # noqa: DTZ001
    if from_1904:
        serial += _DAYS_BETWEEN_1900_AND_1904
    if not 1 <= serial < LAST_SERIAL or 60 <= serial < 61:
        return None
    start = datetime(1899, 12, 30 if serial >= 61 else 31)  # noqa: DTZ001
    return moment_text(start + timedelta(seconds=round(serial * 86400)))


def moment_text(moment: datetime) -> str:
    """ISO text of a moment; the time is left out at midnight."""
    if (moment.hour, moment.minute, moment.second) == (0, 0, 0):
        return f"{moment:%Y-%m-%d}" if moment.year >= 1000 else moment.date().isoformat()
    return moment.isoformat(" ", "seconds")


def iso_text(raw: str) -> str | None:
    """The text of a date stored as ISO 8601 (Strict workbooks, ``t="d"``), as the cell shows it."""
    try:
        shown = datetime.fromisoformat(raw.strip().rstrip("Zz"))
        return moment_text(shown.replace(tzinfo=None))
    except ValueError:
        return None


def is_date_format(number: int, code: str) -> bool:
    """Whether a cell format shows a date; elapsed times such as ``[h]:mm`` stay numbers. What the
    file itself says of a number goes before what the number usually means."""
    if not code:
        return number in _BUILT_IN_DATES
    bare = _QUOTED_IN_FORMAT.sub("", code)
    first = bare.split(";")[0]
    if _ELAPSED.search(bare) or first.strip().lower() == "general":
        return False
    # 0年 counts years: Chinese words alone make no date where digits are asked for.
    return bool(_DATE_LETTERS.search(first)) or (
        bool(_DATE_WORDS.search(first)) and not _DIGIT_PLACE.search(first)
    )


def unescape(text: str) -> str:
    """Characters that XML cannot hold are stored as ``_x000D_`` (ECMA-376 22.9.2.19)."""
    if "_x" not in text:
        return text
    return _ESCAPED.sub(_character, text)


def _character(found: re.Match[str]) -> str:
    point = int(found[1], 16)
    if point == 0:
        return LOST
    return found[0] if 0xD800 <= point <= 0xDFFF else chr(point)


def escape(text: str) -> str:
    """The inverse of ``unescape``: text that any cell of an xlsx can hold."""
    return _MUST_ESCAPE.sub(lambda found: f"_x{ord(found[0]):04X}_", text)
