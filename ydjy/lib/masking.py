"""Identity numbers inside free text: finding them, and hiding them."""

import re
from collections.abc import Iterator

from ydjy.lib import idnumbers

_GAP = r"[\s\-‐-―−\u200b-\u200f\u2060\ufeff]{0,2}"
_X = "xXｘＸ" + idnumbers.LOOK_ALIKE
_START = re.compile(r"(?<!\d)\d")
_EIGHTEEN = re.compile(rf"\d(?:{_GAP}\d){{16}}{_GAP}[\d{_X}](?!\d)")
_FIFTEEN = re.compile(rf"\d(?:{_GAP}\d){{14}}(?!\d)")
_OLD_IN_TEXT = re.compile(r"(?<![A-Za-z])[A-Za-z]{3}\d{12}(?!\d)")


def _plausible(number: str) -> bool:
    """Whether 15 or 18 characters look like an identity number. Not the check digit: a number
    with a slip of the pen is still somebody's."""
    if number[0].isalpha():
        century, month_day = "19", number[9:13]
    elif number[:2] not in idnumbers.PROVINCES and not (number[0] == "9" and len(number) == 18):
        return False
    elif len(number) == 18:
        century, month_day = number[6:8], number[10:14]
    else:
        century, month_day = "19", number[8:12]
    possible = 1 <= int(month_day[:2]) <= 12 and 1 <= int(month_day[2:]) <= 31
    return possible and century in ("18", "19", "20")


def _ascii(found: str) -> str:
    """Digits of any script as 0-9, a closing X of any sort as X, gaps left out."""
    digits = (str(int(ch)) if ch.isdecimal() else "X" if ch in _X else "" for ch in found)
    return "".join(digits)


def _found(text: str) -> Iterator[tuple[int, int, str]]:
    """(start, end, canonical number) of every plausible identity number, left to right."""
    for letters in _OLD_IN_TEXT.finditer(text):
        number = letters.group()[:3].upper() + _ascii(letters.group()[3:])
        if _plausible(number):
            yield letters.start(), letters.end(), number
    end = 0
    for start in (first.start() for first in _START.finditer(text)):
        if start < end:
            continue
        for shape in (_EIGHTEEN, _FIFTEEN):
            match = shape.match(text, start)
            if match and _plausible(_ascii(match.group())):
                end = match.end()
                yield start, end, _ascii(match.group())
                break


def contains_number(text: str) -> bool:
    """Whether an identity number stands in the text, in full-width or grouped digits too.

    Longer runs of digits (person numbers of 30, message ids) are none.
    """
    return next(_found(text), None) is not None


def mask_in_text(text: str) -> str:
    """The text with every identity number in it masked; all else stays as it was."""
    out, end = [], 0
    for start, stop, number in sorted(_found(text)):
        if start >= end:
            out += [text[end:start], idnumbers.mask(number)]
            end = stop
    return "".join(out) + text[end:]
