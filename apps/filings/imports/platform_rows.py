"""What the national platform's downloads prove: that on the day of one a person had a filing, or
had none. A list proves nothing about other days, nor about people of other offices."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Literal

from apps.filings.imports.columns import PLATFORM
from ydjy.desk.admin.person_search import CERT_INDEX
from ydjy.desk.crypto.fields import blind_index, opened
from ydjy.desk.imports import kinds as imports_kinds
from ydjy.desk.imports.row_errors import Values
from ydjy.desk.models import Upload
from ydjy.lib import divisions

Answer = Literal["yes", "no", "unknown"]


@dataclass(frozen=True)
class PlatformList:
    """A download of the day: whose people it lists, whether every row of it could be read, and its
    rows by person."""

    office_path: str
    whole: bool
    people: dict[str, list[Values]]

    def says(self, person: str, office_path: str, area: str, day: date) -> Answer:
        """Whether the person had a filing for the place that day."""
        rows = self.people.get(person, [])
        if any(_covers(row, area, str(day)) for row in rows):
            return "yes"
        all_there = self.whole and office_path.startswith(self.office_path or "-")
        return "no" if all_there else "unknown"


def _covers(row: Values, area: str, day: str) -> bool:
    end = row.get("end_on") or ""
    begun = (row.get("start_on") or day) <= day
    return begun and (not end[:1].isdecimal() or day <= end) and _contains(row.get("place"), area)


def _contains(place: str | None, area: str) -> bool:
    return not area or not place or divisions.contains(place, area)


def lists_of(days: Iterable[date]) -> dict[date, list[PlatformList]]:
    """The downloads of these days that were read and not given up."""
    found: dict[date, list[PlatformList]] = defaultdict(list)
    wanted = {str(day): day for day in days}
    read = Upload.objects.filter(kind=PLATFORM, period__in=wanted, state=Upload.State.STAGED)
    for upload in read:
        people: dict[str, list[Values]] = defaultdict(list)
        for row in upload.rows.filter(
            status__in=[imports_kinds.ACCEPTED, imports_kinds.HELD, imports_kinds.DUPLICATE]
        ):
            values = opened(row.values) or {}
            people[blind_index(CERT_INDEX, values.get("cert_no") or "")].append(values)
        one = PlatformList(upload.office_path, not upload.rejected, people)
        found[wanted[upload.period]].append(one)
    return found
