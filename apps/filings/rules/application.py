"""What is asked of a filing and what was found, as plain values (see :mod:`requirements`)."""

from __future__ import annotations

from calendar import isleap, monthrange
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

Level = Literal["ok", "warn", "refuse"]
Issuer = Literal["", "yes", "ask", "no"]
ORIGINAL, COPY, PROMISE, LATER = "original", "copy", "promise", "later"
HANDED = {ORIGINAL: "原件", COPY: "复印件", PROMISE: "承诺", LATER: "容缺"}
STATUS_WORDS = {
    "employed": "在职",
    "retired": "退休",
    "flexible": "灵活就业",
    "resident": "城乡居民",
    "minor": "未成年人",
    "veteran": "自主择业军转",
}
INSURANCE_WORDS = {"310": "职工医保", "390": "城乡居民医保"}


@dataclass(frozen=True)
class Guardian:
    """The guardian of a minor: insured where they live, or with a filing of their own (D-F09)."""

    insured_there: bool = False
    filing_number: str = ""
    filing_group: str = ""
    filing_destination: str = ""
    filing_in_force: bool = False


@dataclass(frozen=True)
class Period:
    """Another filing of the same person and insurance, both days included."""

    number: str
    long_term: bool
    start_on: date
    end_on: date | None
    label: str = ""
    waiting: bool = False  # handed in and not decided yet


@dataclass(frozen=True)
class Application:
    """What is asked for. Days are of Asia/Shanghai; ``handed`` maps a material's key to how.

    ``excused`` holds the reasons by which a person with the right overrode a finding (by its
    rule); ``issuer`` is what the referral scope says of the hospital that wrote the certificate.
    ``given`` is what stands in the fields that have rules of their own, never shown; ``others`` are
    the person's long-term filings that are in force.
    """

    applied_on: date
    start_on: date
    insured_area: str
    destination: str
    channel: str = ""
    insutype: str = ""
    person_status: str = ""
    born: date | None = None
    end_on: date | None = None
    open_ended: bool = False
    admission_on: date | None = None
    discharge_on: date | None = None
    settled: bool = False
    posting_months: int | None = None
    guardian: Guardian | None = None
    handed: Mapping[str, str] = field(default_factory=dict)
    commitment_signed: bool = False
    lacking_due_on: date | None = None
    certificate_no: str = ""
    issuer: Issuer = ""
    issuer_reason: str = ""
    issuer_confirmed: str = ""
    excused: Mapping[str, str] = field(default_factory=dict)
    given: Mapping[str, Any] = field(default_factory=dict, repr=False)
    others: tuple[Period, ...] = ()


@dataclass(frozen=True)
class Finding:
    """One point: the rule it belongs to, what was found in words, where the rule stands, and which
    field of the form has to be mended."""

    rule: str
    level: Level
    words: str
    basis: str = ""
    field: str = ""


@dataclass(frozen=True)
class Verdict:
    """``allowed`` is so when no point refuses. ``missing`` is what the person still must bring."""

    findings: tuple[Finding, ...]
    missing: tuple[str, ...] = ()
    end_on: date | None = None
    settlement: str = "direct"
    is_backfill: bool = False

    @property
    def refusals(self) -> tuple[Finding, ...]:
        return tuple(one for one in self.findings if one.level == "refuse")

    @property
    def allowed(self) -> bool:
        return not self.refusals

    @property
    def sentence(self) -> str:
        """All that stands in the way, one sentence after the other."""
        return "".join(one.words for one in self.refusals)


def add_months(day: date, months: int) -> date:
    """The same day ``months`` later, or the last day of a shorter month (trap 5)."""
    total = day.year * 12 + day.month - 1 + months
    year, month = divmod(total, 12)
    if year > date.max.year:
        return date.max
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def age_on(born: date, day: date) -> int:
    """Full years on that day; who was born on 29 February ages on the 28th in a common year."""
    turns = (born.month, born.day)
    if turns == (2, 29) and not isleap(day.year):
        turns = (2, 28)
    return day.year - born.year - ((day.month, day.day) < turns)


def in_words(day: date) -> str:
    """2026年11月21日: with the year, for papers."""
    return f"{day.year}年{day.month}月{day.day}日"
