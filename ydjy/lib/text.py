"""Text as people paste it into a cell: cleaning it, telling whether characters were lost,
and the key by which two spellings of one name are the same.

Sources: domain.md 2.6 (dirt seen in real lists), traps 20 and 22; reliability.md 3.2.
"""

import re
import unicodedata

# Blanks that Unicode does not call white space: Hangul fillers and the empty Braille cell.
_EMPTY_LETTERS = frozenset("\u115f\u1160\u3164\uffa0\u2800")
_BLANKS = frozenset("\t\n\v\f\r\x85\u2028\u2029") | _EMPTY_LETTERS
_JOINER = "\u034f"  # combining grapheme joiner: drawn as nothing, but a letter to a comparison

_HAN = "\u3007\u3400-\u9fff\uf900-\ufaff\U00020000-\U000323af"
_PRIVATE = "\ue000-\uf8ff\U000f0000-\U000ffffd\U00100000-\U0010fffd"
_LOST = re.compile(f"[\ufffd{_PRIVATE}]|锟斤拷|(?<=[{_HAN}])(?:[?？]{{2,}}|□+)(?=[{_HAN}])")
_LOST_IN_NAME = re.compile("[?？□]")

_NUMERALS = {ch: str(value) for value, ch in enumerate("零一二三四五六七八九")} | {
    "〇": "0",
    "○": "0",
}
_NUMERAL_RUN = re.compile("[〇○零一二三四五六七八九十百千0-9]+")
_COUNTED = re.compile("(?:([1-9])千)?(?:0?([1-9])百)?(?:0?([1-9])?(十))?(?:0?([1-9]))?")
_ORDINAL = re.compile("第+(?=[0-9])")
_HANGUL_DOT = "\u119e"  # NFKC form of ㆍ, a letter by category, a middle dot by use


def _kept(ch: str) -> str:
    """What is left of one character that cannot be printed."""
    if ch in _BLANKS or unicodedata.category(ch)[0] == "Z":
        return " "
    category = unicodedata.category(ch)
    if category in ("Cc", "Cf"):
        return ""
    if category == "Cs" or ord(ch) & 0xFFFE == 0xFFFE:
        return "\ufffd"  # half a character or none: no database and no workbook can hold it
    return ch


def clean(text: str) -> str:
    """The text in canonical form: NFKC, no zero-width or control characters, every run of
    blanks (NBSP, ideographic space, line ends too) one space, no blanks at the ends.

    Idempotent. Private-use and U+FFFD characters stay: see ``has_lost_characters``.
    """
    if text.isascii() and text.isprintable():
        return " ".join(text.split())
    if not text.isprintable() or _JOINER in text or not _EMPTY_LETTERS.isdisjoint(text):
        text = "".join(
            ch if ch.isprintable() and ch not in _BLANKS else _kept(ch)
            for ch in text
            if ch != _JOINER
        )
    return " ".join(unicodedata.normalize("NFKC", text).split())


_FORMULA = re.compile(r"=\s*\"(.*)\"", re.DOTALL)
# The quotes lost on the way; a cell like A1 is none.
_BARE = re.compile(r"=(?![A-Za-z]{1,3}[0-9]{1,7}$)([0-9A-Za-z]+)")
_LEADS = "'`‘’′"


def unwrapped(text: str) -> str:
    """Cleaned text without what programs put around it so that a spreadsheet keeps it as text:
    ``="0012"``, an apostrophe or a back quote before it. One that has a partner is a quotation."""
    if text[:1] == "=" and (found := _FORMULA.fullmatch(text)):
        text = found[1].replace('""', '"').strip()
    elif found := _BARE.fullmatch(text):
        text = found[1]
    if text[:1] and text[0] in _LEADS and sum(map(text.count, _LEADS)) == 1:
        text = text[1:].strip()
    return text


_HALF = {",": "，", ":": "：", ";": "；", "!": "！", "?": "？"}
_AFTER_CHINESE = re.compile(r"(?<=[\u4e00-\u9fff])\s?([,:;!?])\s?(?!\d)")
# Around Chinese, or right after it.
_BRACKETS = re.compile(
    r"(?:(?<=[\u4e00-\u9fff])\((?=[^()]*\))|\((?=[^()]*[\u4e00-\u9fff][^()]*\)))([^()]*)\)"
)


def for_reading(text: str) -> str:
    """The text with the punctuation that Chinese is printed with: NFKC made it half-width."""
    marked = _AFTER_CHINESE.sub(lambda found: _HALF[found[1]], text)
    return _BRACKETS.sub(r"（\1）", marked)


def has_lost_characters(text: str, *, name: bool = False) -> bool:
    """Whether some program on the way replaced characters it did not know.

    U+FFFD, private use, 锟斤拷, and runs of ``??`` or □ between Chinese characters. One ``?``
    is a question in a sentence but a lost character in the name of a person or a place:
    say ``name=True`` for those.
    """
    return bool(_LOST.search(text) or (name and _LOST_IN_NAME.search(text)))


def _digits(run: str) -> str:
    """One run of numerals in digits, or as it was if it counts nothing (千山, 百姓, 一二十)."""
    plain = "".join(_NUMERALS.get(ch, ch) for ch in run)
    if plain.isdigit():
        return plain
    counted = _COUNTED.fullmatch(plain)
    if counted is None or plain in ("百", "千"):
        return run
    thousands, hundreds, tens, ten, units = counted.groups()
    tens = tens or ("1" if ten else None)
    return str(int("".join(digit or "0" for digit in (thousands, hundreds, tens, units))))


def digits_of_numerals(text: str) -> str:
    """Chinese numerals as digits: 第九六八医院 and 第二百零五医院 to 第968医院, 第205医院.

    Only for keys: it also turns 三门峡 into 3门峡, the same on both sides of a comparison.
    """
    return _NUMERAL_RUN.sub(lambda found: _digits(found.group()), text)


def name_key(text: str) -> str:
    """The key under which spelling variants of one name meet exactly (trap 20: no fuzz).

    Canonical form, no case, no blanks, no punctuation of any width (so every kind of middle
    dot, and none, is one spelling), numerals as digits, 第 before a number dropped.
    Empty for a text without letters and digits: such a key matches nothing, not everything.
    """
    letters = clean(text).replace("○", "〇").replace(_HANGUL_DOT, "").casefold()
    digits = digits_of_numerals("".join(ch for ch in letters if ch.isalnum()))
    return _ORDINAL.sub("", digits)
