"""The forms of a filing without a filing: for a citizen to print at home and fill in by hand.

The same templates and words as the staff's prints (``printing.py``), with nothing about a person.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

WORDING = "2026-1"  # of the texts in the templates; a new text is a new version
LINES_FOR_PAPERS = 4


@dataclass(frozen=True)
class Blank:
    """What the templates ask of a paper, for one that belongs to nobody."""

    form: str
    title: str
    wording: str = WORDING


FORMS = {
    "filing": Blank("filing", "异地就医登记备案表"),
    "promise": Blank("promise", "异地就医备案个人承诺书"),
}


def contents(
    paper: Blank, kinds: Iterable[tuple[str, bool]], hotline: str, today: date
) -> dict[str, Any]:
    """The values of the template: rules where there is something to write, else empty."""
    return {
        "title": paper.title,
        "wording": paper.wording,
        "beside_what": "随同人或监护人",
        "beside": "　" * 8,
        "referral": "　" * 8,
        "office": "　" * 12,
        "number": "　" * 6,
        "cert_type": "证件",
        "boxes": [""] * 18,
        "kinds": list(kinds),
        "papers": [("　" * 8, False)] * LINES_FOR_PAPERS,
        "phone": "　" * 8,
        "clerk": "　" * 4,
        "reviewer": "　" * 4,
        "hotline": hotline or "经办机构的电话",
        "printed_at": f"{today:%Y-%m-%d}",
    }
