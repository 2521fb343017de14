"""Our own list as a workbook that can be corrected and received again: without changes it says
nothing new (X19)."""

from collections.abc import Iterable, Iterator
from datetime import date
from io import BytesIO

from apps.institutions import listing
from apps.institutions import scope as scopes
from apps.institutions.models import DiseaseGroup, Institution
from ydjy.lib import workbook

COLUMNS = tuple(
    "name code county grade kind ownership scope phone address status valid_from remark".split()
)
HEADER = [listing.COLUMNS[key][0] for key in COLUMNS]


def as_workbook(institutions: Iterable[Institution], day: date) -> bytes:
    """The institutions as they stand on ``day``; a blank cell is «nothing known»."""
    target = BytesIO()
    rows = _rows(institutions, day)
    workbook.write(target, [workbook.SheetOut(name="定点机构", header=HEADER, rows=rows)])
    return target.getvalue()


def _rows(institutions: Iterable[Institution], day: date) -> Iterator[list[str]]:
    vocabulary = DiseaseGroup.objects.vocabulary()
    for one in institutions:
        rights = [r for r in one.referral_rights.all() if r.holds_on(day)]
        state = one.state_on(day)
        said = {
            "name": one.name,
            "code": one.national_code or "",
            "county": one.county,
            "grade": one.level,
            "kind": one.get_kind_display(),
            "ownership": one.ownership,
            "scope": scopes.describe(rights[0].scope, vocabulary) if len(rights) == 1 else "",
            "phone": one.phone,
            "address": one.address,
            "status": state if state in (listing.SUSPENDED, listing.ENDED) else "",
            "valid_from": one.valid_from.isoformat() if one.valid_from else "",
            "remark": one.remark,
        }
        yield [said[key] for key in COLUMNS]
