"""QR codes of addresses, for paper: ISO/IEC 18004, bytes, correction level M, versions 1 to 6.

That is an address of up to 106 bytes, the only thing we print. The tests compare the modules with
those of another encoder.
"""

from collections.abc import Callable
from functools import lru_cache
from itertools import pairwise, product

# Version: (correction words per block, blocks, data words per block), level M.
_BLOCKS = {
    1: (10, 1, 16), 2: (16, 1, 28), 3: (26, 1, 44), 4: (18, 2, 32), 5: (24, 2, 43), 6: (16, 4, 27),
}  # fmt: skip
_MASKS: tuple[Callable[[int, int], bool], ...] = (
    lambda r, c: (r + c) % 2 == 0,
    lambda r, c: r % 2 == 0,
    lambda r, c: c % 3 == 0,
    lambda r, c: (r + c) % 3 == 0,
    lambda r, c: (r // 2 + c // 3) % 2 == 0,
    lambda r, c: r * c % 2 + r * c % 3 == 0,
    lambda r, c: (r * c % 2 + r * c % 3) % 2 == 0,
    lambda r, c: ((r + c) % 2 + r * c % 3) % 2 == 0,
)
_FINDER_LIKE = ([1, 0, 1, 1, 1, 0, 1, 0, 0, 0, 0], [0, 0, 0, 0, 1, 0, 1, 1, 1, 0, 1])
QUIET = 4  # modules of white around the code

Grid = list[list[int]]


class TooLong(ValueError):
    """More than a code of version 6 can say."""


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


def modules(text: str) -> Grid:
    """The rows of the code, 1 for dark, with the mask that reads best."""
    data = text.encode()
    version = next((v for v, (_, n, k) in _BLOCKS.items() if len(data) + 2 <= n * k), None)
    if version is None:
        raise TooLong(f"这个网址有 {len(data)} 个字节，二维码放不下，请换一个短一点的。")
    grid, fixed = _patterns(version)
    _lay(grid, fixed, _words(data, version))
    masked = [_masked(grid, fixed, number) for number in range(8)]
    return min(masked, key=_penalty)


# Words -----------------------------------------------------------------------------------------


def _words(data: bytes, version: int) -> list[int]:
    """Data with their correction words, the blocks interleaved."""
    correction, blocks, size = _BLOCKS[version]
    bits = f"0100{len(data):08b}" + "".join(f"{byte:08b}" for byte in data)
    bits += "0" * min(4, blocks * size * 8 - len(bits))
    bits += "0" * (-len(bits) % 8)
    words = [int(bits[at : at + 8], 2) for at in range(0, len(bits), 8)]
    words += [(0xEC, 0x11)[n % 2] for n in range(blocks * size - len(words))]
    parts = [words[at : at + size] for at in range(0, len(words), size)]
    checks = [_remainder(part, _generator(correction)) for part in parts]
    return [word for row in zip(*parts, strict=True) for word in row] + [
        word for row in zip(*checks, strict=True) for word in row
    ]


def _times(a: int, b: int) -> int:
    """In the field of 256 elements with x⁸+x⁴+x³+x²+1."""
    product_, step = 0, a
    for bit in range(8):
        if b >> bit & 1:
            product_ ^= step
        step = step << 1 ^ (0x11D if step & 0x80 else 0)
    return product_


def _generator(degree: int) -> list[int]:
    found, root = [1], 1
    for _ in range(degree):
        found = [a ^ _times(b, root) for a, b in zip([*found, 0], [0, *found], strict=True)]
        root = _times(root, 2)
    return found[1:]


def _remainder(words: list[int], generator: list[int]) -> list[int]:
    rest = [0] * len(generator)
    for word in words:
        factor = word ^ rest[0]
        rest = [a ^ _times(b, factor) for a, b in zip([*rest[1:], 0], generator, strict=True)]
    return rest


# The grid ----------------------------------------------------------------------------------------


def _patterns(version: int) -> tuple[Grid, Grid]:
    """The grid with its finders, timing lines and alignment; and which modules they occupy."""
    size = 17 + 4 * version
    grid, fixed = ([[0] * size for _ in range(size)] for _ in range(2))

    def put(row: int, column: int, dark: int) -> None:
        if 0 <= row < size and 0 <= column < size:
            grid[row][column], fixed[row][column] = dark, 1

    for n in range(size):
        put(6, n, 1 - n % 2)
        put(n, 6, 1 - n % 2)
    for top, left in ((0, 0), (0, size - 7), (size - 7, 0)):
        for dr, dc in product(range(-1, 8), repeat=2):
            ring = max(abs(dr - 3), abs(dc - 3))
            put(top + dr, left + dc, int(ring not in (2, 4)))
    if version > 1:
        for dr, dc in product(range(-2, 3), repeat=2):
            put(size - 7 + dr, size - 7 + dc, int(max(abs(dr), abs(dc)) != 1))
    for place in _format_places(size):
        for row, column in place:
            put(row, column, 0)
    put(size - 8, 8, 1)
    return grid, fixed


def _format_places(size: int) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """Where each of the fifteen format bits stands, twice, from the lowest bit up."""
    beside = [(n if n < 6 else n + 1, 8) for n in range(8)]
    beside += [(8, 7), *((8, 14 - n) for n in range(9, 15))]
    far = [(8, size - 1 - n) for n in range(8)] + [(size - 15 + n, 8) for n in range(8, 15)]
    return list(zip(beside, far, strict=True))


def _lay(grid: Grid, fixed: Grid, words: list[int]) -> None:
    """The bits in pairs of columns from the right, up and down in turn."""
    size = len(grid)
    bits = iter([word >> n & 1 for word in words for n in range(7, -1, -1)])
    upward = True
    for right in (*range(size - 1, 6, -2), 5, 3, 1):
        for n in range(size):
            row = size - 1 - n if upward else n
            for column in (right, right - 1):
                if not fixed[row][column]:
                    grid[row][column] = next(bits, 0)
        upward = not upward


def _masked(grid: Grid, fixed: Grid, number: int) -> Grid:
    size, mask = len(grid), _MASKS[number]
    made = [
        [v ^ (not fixed[r][c] and mask(r, c)) for c, v in enumerate(row)]
        for r, row in enumerate(grid)
    ]
    rest = number << 10  # level M is 00
    for bit in range(14, 9, -1):
        rest ^= 0x537 << bit - 10 if rest >> bit & 1 else 0
    code = (number << 10 | rest) ^ 0x5412
    for n, places in enumerate(_format_places(size)):
        for row, column in places:
            made[row][column] = code >> n & 1
    return made


def _penalty(grid: Grid) -> int:
    """The standard's four reasons why a mask reads badly."""
    size = len(grid)
    columns = [list(column) for column in zip(*grid, strict=True)]
    total = sum(_line(line) for line in (*grid, *columns))
    for row, below in pairwise(grid):
        for c in range(size - 1):
            total += 3 * (row[c] == row[c + 1] == below[c] == below[c + 1])
    dark = sum(map(sum, grid))
    return total + 10 * (abs(dark * 20 - size * size * 10) // (size * size))


def _line(line: list[int]) -> int:
    found, run = 0, 1
    for before, here in zip(line, [*line[1:], -1], strict=True):
        if here == before:
            run += 1
            continue
        found += run - 2 if run >= 5 else 0
        run = 1
    return found + 40 * sum(line[at : at + 11] in _FINDER_LIKE for at in range(len(line) - 10))
