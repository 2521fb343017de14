"""一人一档: everything about one person on one line of time, newest first (F21).

Filings and calls are ours; what stands above us in the house adds its own rows by
:func:`also` (tickets do, in ``ydjy/staff_site/person_timeline.py``). The person is known by the
keyed index alone.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse

from apps.filings.models import CallNote, Filing, FilingEvent

SHOWN = 200


@dataclass(frozen=True)
class Moment:
    """One row of the timeline: when, what, in words, and where it can be opened."""

    at: datetime
    what: str
    words: str
    url: str = ""
    who: str = ""


Source = Callable[[str, Any], Iterator[Moment]]
_more: list[Source] = []


def also(source: Source) -> Source:
    """Adds the rows of another part of the house: ``source(cert_index, staff)``."""
    if source not in _more:
        _more.append(source)
    return source


def of(cert_index: str, staff: Any) -> list[Moment]:
    """The person's rows that ``staff`` may see."""
    found = [*_filings(cert_index, staff), *_calls(cert_index, staff)]
    for source in _more:
        found += source(cert_index, staff)
    return sorted(found, key=lambda moment: moment.at, reverse=True)[:SHOWN]


def _filings(cert_index: str, staff: Any) -> Iterator[Moment]:
    if not staff.has_perm("filings.view_filing"):
        return
    mine = Filing.objects.of_person(cert_index).visible_to(staff)
    events = FilingEvent.objects.filter(filing__in=mine).select_related(
        "by", "filing__variant__category"
    )
    for event in events.order_by("-at")[:SHOWN]:
        filing = event.filing
        words = f"{filing.number} {filing.variant}，{filing.destination_name}"
        if event.words:
            words += f"。{event.words}"
        yield Moment(
            event.at,
            f"备案{event.get_verb_display()}",
            words,
            reverse("admin:filings_filing_change", args=[filing.pk]),
            str(event.by or "系统"),
        )


def _calls(cert_index: str, staff: Any) -> Iterator[Moment]:
    notes = CallNote.objects.of_person(cert_index).visible_to(staff).select_related("by")
    for note in notes[:SHOWN]:
        yield Moment(note.at, "来电来访", note.words.reveal(), who=str(note.by))
