"""The rules of one kind of filing as plain values: what :mod:`requirements` judges by.

A :class:`Rules` is one variant of a category with everything that hangs on it (domain 4.5, 4.8),
every row with its 依据. It turns into JSON and back, so that a filing keeps the very rows it was
judged by, whatever the bureau changes later. Plain values, no Django.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

LONG = frozenset({"long_term", "work"})  # of these a person has one at a time
SICK = frozenset({"referral", "emergency"})
EMERGENCY = "emergency"
TEMPORARY = "temporary"
FAMILY = frozenset({"spouse", "child", "child_spouse"})
STAY = ("admission_on", "discharge_on", "settled")
CERTIFICATE = (
    *("institution", "institution_name", "issuer_confirmed"),
    *("certificate_no", "certificate_on"),
)
WHOSE = {
    "insured": "",
    "spouse": "配偶的",
    "child": "子女的",
    "child_spouse": "子女配偶的",
    "parent": "父母一方的",
    "guardian": "监护人的",
    "agent": "代办人的",
    "hospital": "",
    "employer": "用人单位的",
}


@dataclass(frozen=True)
class EligibilityRow:
    """One way of belonging; blank sets ask nothing. ``condition`` is for a person to look at."""

    insutypes: frozenset[str] = frozenset()
    statuses: frozenset[str] = frozenset()
    min_age: int | None = None
    below_age: int | None = None
    min_posting_months: int | None = None
    condition: str = ""
    basis: str = ""


@dataclass(frozen=True)
class MaterialRow:
    """A paper of one person. Rows of one ``group`` are alternatives; all groups are needed."""

    group: int
    code: str
    name: str
    whose: str = "insured"
    pages: str = ""
    form: str = ""
    note: str = ""
    auto_generated: bool = False
    waivable: bool = False
    basis: str = ""

    @property
    def key(self) -> str:
        """Stable inside one variant: ``2-household-book-spouse``."""
        return f"{self.group}-{self.code}-{self.whose}"

    @property
    def words(self) -> str:
        """In the citizen's words: 配偶的户口簿（首页、户主页、本人页）."""
        more = "；".join(part for part in (self.pages, self.form) if part)
        return f"{WHOSE.get(self.whose, '')}{self.name}" + (f"（{more}）" if more else "")


@dataclass(frozen=True)
class ChannelRow:
    code: str
    name: str
    cross_province_only: bool = False
    basis: str = ""


@dataclass(frozen=True)
class FieldRow:
    """What one field must hold; ``group`` blank is every group. Days count from application."""

    field: str
    group: str = ""
    needed: bool = False
    days_before: int | None = None
    days_after: int | None = None
    at_most: int | None = None
    excusable: bool = False
    valid_from: date | None = None
    valid_to: date | None = None

    def holds_on(self, day: date) -> bool:
        return (self.valid_from or day) <= day <= (self.valid_to or day)


@dataclass(frozen=True)
class Rules:
    """One variant, complete. ``valid_from``/``valid_to`` are both included; None is open."""

    code: str
    category: str
    category_name: str
    group: str
    name: str = ""
    validity_months: int | None = None
    this_stay_only: bool = False
    cross_province_only: bool = False
    change_lock_months: int = 0
    in_hospital_only: bool = False
    manual: bool = False
    commitment_allowed: bool = False
    commitment_days: int | None = None
    supplement_days: int | None = None
    review_days: int | None = None
    panel_needed: bool = False
    certificate_needed: bool = False
    certificate_issuers: str = ""
    channel_override: bool = False
    unsettled: bool = False
    note: str = ""
    basis: str = ""
    valid_from: date | None = None
    valid_to: date | None = None
    eligibility: tuple[EligibilityRow, ...] = ()
    materials: tuple[MaterialRow, ...] = ()
    channels: tuple[ChannelRow, ...] = ()
    fields: tuple[FieldRow, ...] = ()

    @property
    def label(self) -> str:
        return f"{self.category_name}·{self.name}" if self.name else self.category_name

    @property
    def long_term(self) -> bool:
        return self.group in LONG

    @property
    def period(self) -> str:
        """When the rule holds, in words: 2023年1月1日起."""
        since = f"{_day(self.valid_from)}起" if self.valid_from else ""
        until = f"{_day(self.valid_to)}止" if self.valid_to else ""
        return "，".join(part for part in (since, until) if part) or "没有写起止日期"

    def holds_on(self, day: date) -> bool:
        return (self.valid_from is None or self.valid_from <= day) and (
            self.valid_to is None or day <= self.valid_to
        )

    @property
    def groups(self) -> dict[int, tuple[MaterialRow, ...]]:
        """Material groups that a person brings; what we print ourselves is not asked for."""
        asked = [row for row in self.materials if not row.auto_generated]
        numbers = dict.fromkeys(row.group for row in asked)
        return {n: tuple(row for row in asked if row.group == n) for n in numbers}

    @property
    def generated(self) -> tuple[MaterialRow, ...]:
        return tuple(row for row in self.materials if row.auto_generated)

    @property
    def guardian_needed(self) -> bool:
        """A minor's filing hangs on the guardian's (D-F09, trap 26)."""
        return any(row.below_age for row in self.eligibility)

    @property
    def posting_asked(self) -> bool:
        return any(row.min_posting_months for row in self.eligibility)

    @property
    def family(self) -> frozenset[str]:
        """Whose papers are asked for, where a person goes to live with somebody (D-F05); a minor
        goes by the guardian's filing instead."""
        if self.guardian_needed:
            return frozenset()
        return frozenset(row.whose for row in self.materials) & FAMILY

    @property
    def asked(self) -> frozenset[str]:
        """The fields that this kind asks for beside the person, the place and the office."""
        asked: tuple[tuple[object, tuple[str, ...]], ...] = (
            (True, ("phone", "channel", "start_on", *STAY)),
            (not self.this_stay_only, ("end_on",)),
            (self.long_term, ("residence",)),
            (self.long_term and self.unsettled, ("open_ended",)),
            (self.posting_asked, ("posting_months",)),
            (self.family, ("relation", "relative", "relative_document")),
            (self.guardian_needed, ("guardian_number", "guardian_insured_there")),
            (self.group in SICK, ("groups", "diagnosis")),
            (self.certificate_needed, CERTIFICATE),
            (self.groups, ("lacking_due_on",)),
            (self.commitment_allowed, ("commitment_signed_on", "commitment_due_on")),
        )
        return frozenset(name for wanted, names in asked if wanted for name in names)

    def material(self, key: str) -> MaterialRow | None:
        return next((row for row in self.materials if row.key == key), None)

    def as_json(self) -> dict[str, Any]:
        return {name: _plain(value) for name, value in asdict(self).items()}


def from_json(stored: Mapping[str, Any]) -> Rules:
    """The rules of a snapshot; keys of a later version are left out."""
    known = _dated({name: stored[name] for name in Rules.__dataclass_fields__ if name in stored})
    known["eligibility"] = tuple(
        EligibilityRow(
            **row
            | {
                "insutypes": frozenset(row["insutypes"]),
                "statuses": frozenset(row["statuses"]),
            }
        )
        for row in known.get("eligibility", ())
    )
    known["materials"] = tuple(MaterialRow(**row) for row in known.get("materials", ()))
    known["channels"] = tuple(ChannelRow(**row) for row in known.get("channels", ()))
    known["fields"] = tuple(FieldRow(**_dated(row)) for row in known.get("fields", ()))
    return Rules(**known)


def _dated(row: Mapping[str, Any]) -> dict[str, Any]:
    days = {name: row[name] for name in ("valid_from", "valid_to") if row.get(name)}
    return {**row, **{name: date.fromisoformat(day) for name, day in days.items()}}


def _plain(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, tuple | list):
        return [_plain(one) for one in value]
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    return value


def _day(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"


@dataclass(frozen=True)
class Choice:
    """Which of several rules of one category decide a case: ``taken``, and why not the others.

    Both are shown to the clerk, always (trap 24).
    """

    taken: tuple[Rules, ...]
    passed_over: tuple[tuple[Rules, str], ...] = ()


def decide(candidates: Iterable[Rules], day: date, *, cross_province: bool) -> Choice:
    """The rules of ``candidates`` that hold on ``day`` (of admission, else of application).

    Where a national row for cross-province care stands beside the city's own rows of the same
    category, the national one decides across provinces and the city's own inside the province.
    """
    candidates = tuple(candidates)
    passed = [
        (rules, f"在{_day(day)}不适用（{rules.period}）")
        for rules in candidates
        if not rules.holds_on(day)
    ]
    holding = [rules for rules in candidates if rules.holds_on(day)]
    mixed = {
        category
        for category in {rules.category for rules in holding}
        if len({r.cross_province_only for r in holding if r.category == category}) == 2
    }
    taken = []
    for rules in holding:
        if rules.cross_province_only and not cross_province:
            passed.append((rules, "只管跨省就医"))
        elif cross_province and rules.category in mixed and not rules.cross_province_only:
            passed.append((rules, f"{_day(day)}的跨省就医按全国规定办"))
        else:
            taken.append(rules)
    return Choice(tuple(taken), tuple(passed))
