"""A whole number that came with an address or a form: a key, a year, a version.

``str.isdigit`` says yes to ``²``, which ``int`` refuses, and no column of a database holds
twenty-five nines. What is no such number is none, and asks for nothing.
"""

LARGEST = 2**63 - 1  # of a BIGINT, and of SQLite's INTEGER


def whole_number(typed: str | None, *, most: int = LARGEST) -> int | None:
    """0 to ``most`` in ASCII digits; ``None`` for everything else."""
    digits = (typed or "").strip()
    if not (digits.isascii() and digits.isdecimal() and len(digits) <= len(str(most))):
        return None
    number = int(digits)
    return number if number <= most else None
