"""QR codes of addresses, for paper: ISO/IEC 18004 by segno, drawn as one path of an inline SVG."""

from functools import lru_cache

import segno

QUIET = 4  # modules of white around the code
_FINEST = 6  # the version beyond which a code two centimetres wide is hard to read for a phone


class TooLong(ValueError):
    """More than a code can say that is printed small."""


@lru_cache(maxsize=256)
def svg_path(text: str) -> tuple[int, str]:
    """(side in modules with the quiet zone, path of dark strokes one module high)."""
    grid = modules(text)
    strokes = []
    for y, row in enumerate(grid):
        x = 0
        while x < len(row):
            run = x
            while run < len(row) and row[run]:
                run += 1
            if run > x:
                strokes.append(f"M{x + QUIET} {y + QUIET}.5h{run - x}")
            x = run + 1
    return len(grid) + 2 * QUIET, "".join(strokes)


def modules(text: str) -> tuple[bytearray, ...]:
    """The rows of the code, 1 for dark; correction level M, which bears a crease in the paper."""
    try:
        code = segno.make_qr(text, error="m", mode="byte", boost_error=False)
    except segno.DataOverflowError as error:
        raise TooLong(_too_long(text)) from error
    if int(code.version) > _FINEST:
        raise TooLong(_too_long(text))
    return code.matrix


def _too_long(text: str) -> str:
    return f"这个网址有 {len(text.encode())} 个字节，二维码放不下，请换一个短一点的。"
