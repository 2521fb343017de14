"""The guide 办备案要带什么: from the rule catalogue to the eight elements of an answer (八要素).

事项名称、申请条件、办理材料、办理地点、办理流程、办理时间、联系电话、设定依据. Reads the
catalogue and nothing of a person; an import contract keeps ``filings.models`` out.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any

from apps.filings.models.catalogue import (
    Category,
    ChannelRule,
    Eligibility,
    MaterialRule,
    OfficeService,
    PersonStatus,
    Variant,
)
from apps.offices.models import Hotline, Office
from apps.offices.public.opening_hours import Opening, Timetable
from apps.offices.public.page import shown

Group = Category.Group
INSURANCE = {"310": "职工医保", "390": "城乡居民医保"}


@dataclass(frozen=True)
class Situation:
    """An answer to the first question, in people's words, and the groups behind it."""

    code: str
    words: str
    hint: str
    groups: tuple[str, ...]


SITUATIONS = (
    Situation("long-term", "长期住在外地", "退休、随家人居住、孩子随父母", (Group.LONG_TERM,)),
    Situation("work", "在外地工作", "单位派去、外出打工创业", (Group.WORK,)),
    Situation(
        "hospital", "要到外地医院住院", "转诊，或者自己去", (Group.TEMPORARY, Group.REFERRAL)
    ),
    Situation("emergency", "人在外地，突然生了急病", "急诊抢救、急诊住院", (Group.EMERGENCY,)),
    Situation("maternity", "要到外地生孩子", "生育住院", (Group.MATERNITY,)),
)


def situation(code: str) -> Situation | None:
    return next((one for one in SITUATIONS if one.code == code), None)


def situation_of(category: Category) -> Situation:
    return next(one for one in SITUATIONS if category.group in one.groups)


def categories(today: date) -> list[Category]:
    """Reviewed categories in use that have at least one variant today, official order."""
    rows = shown(Category.objects.filter(active=True).select_related("source"), today)
    with_variant = set(variants_of(None, today).values_list("category_id", flat=True))
    return [row for row in rows if row.pk in with_variant]


def variants_of(category: Category | None, today: date) -> Any:
    rows = shown(Variant.objects.select_related("category", "source"), today)
    return rows.filter(category=category) if category else rows


def asks(category: Category, variants: Sequence[Variant]) -> bool:
    """Whether a further question is needed. In an emergency nobody is asked twice: all is shown."""
    return len(variants) > 1 and category.group != Group.EMERGENCY


@dataclass(frozen=True)
class Material:
    """One alternative of a group: its name with whose it is, and what is asked of it."""

    name: str
    hint: str


@dataclass(frozen=True)
class Answer:
    """What a person of one variant must know."""

    variant: Variant
    who: tuple[str, ...]
    materials: tuple[tuple[Material, ...], ...]
    channels: tuple[ChannelRule, ...]

    @property
    def validity(self) -> str:
        if self.variant.this_stay_only:
            return "只管这一次住院"
        if self.variant.validity_months:
            return f"{self.variant.validity_months} 个月内有效"
        if self.variant.unsettled:
            return "还没有核实，请打电话问"
        return "长期有效，到变更或者撤销为止"


def answer(variant: Variant) -> Answer:
    groups = groupby(
        variant.materials.select_related("material").order_by("group_no", "pk"),
        key=lambda rule: rule.group_no,
    )
    return Answer(
        variant=variant,
        who=tuple(dict.fromkeys(in_words(row) for row in variant.eligibility.all())),
        materials=tuple(tuple(_material(rule) for rule in rules) for _, rules in groups),
        channels=tuple(variant.channels.select_related("channel").filter(channel__available=True)),
    )


def _material(rule: MaterialRule) -> Material:
    whose = "" if rule.whose == MaterialRule.Whose.INSURED else rule.get_whose_display()
    if rule.whose in (MaterialRule.Whose.HOSPITAL, MaterialRule.Whose.EMPLOYER):
        hint, name = [f"由{whose}出具"], rule.material.name
    else:
        hint, name = [], f"{whose}的{rule.material.name}" if whose else rule.material.name
    hint += [rule.pages and f"要{rule.pages}", rule.form, rule.material.note]
    hint += ["系统会生成，不用带"] * rule.auto_generated + ["可以用承诺书代替"] * rule.waivable
    return Material(name, "；".join(filter(None, hint)))


def in_words(row: Eligibility) -> str:
    """One way of belonging: 职工医保，退休，年满 60 周岁；在异地定居."""
    labels = dict(PersonStatus.choices)
    parts = ["或".join(INSURANCE.get(i, i) for i in row.insutypes)]
    parts.append("或".join(str(labels.get(s, s)) for s in row.statuses))
    parts.append(f"年满 {row.min_age} 周岁" if row.min_age else "")
    parts.append(f"不满 {row.below_age} 周岁" if row.below_age else "")
    if row.min_posting_months:
        parts.append(f"派驻 {row.min_posting_months} 个月以上")
    first = "，".join(filter(None, parts))
    return "；".join(filter(None, (first, row.condition)))


@dataclass(frozen=True)
class Place:
    """An office that takes a category, with its telephone and hours."""

    office: Office
    line: Hotline | None
    opening: Opening
    note: str = ""


def places(category: Category | None, timetable: Timetable) -> list[Place]:
    """Where the category can be handed in (O2): its own rows, else every office with a window."""
    today = timetable.today
    rows = shown(OfficeService.objects.filter(category=category), today) if category else ()
    named = {row.office_id: row.note for row in rows}
    offices = shown(Office.objects.all(), today)
    if named:
        found: Iterable[Office] = offices.filter(pk__in=named)
    else:
        found = [o for o in offices if o.handles_cases or o.address]
    lines: dict[int | None, Hotline] = {}
    for line in shown(Hotline.objects.all(), today):
        lines.setdefault(line.office_id, line)
    made = []
    for office in found:
        line = lines.get(office.pk)
        opening = timetable.of_office(office.pk)
        if not opening and line:
            opening = timetable.of_hotline(line)
        made.append(Place(office, line, opening, named.get(office.pk, "")))
    return made


def referral_rule(today: date) -> dict[str, Any]:
    """What the page 哪家医院能开转诊 says of certificates: where none is needed, who gives one."""
    rows = [v for v in variants_of(None, today) if v.category.group == Group.REFERRAL]
    free = next((v for v in rows if not v.certificate_needed and len(rows) > 1), None)
    other = next((v for v in rows if v.certificate_needed), None)
    url = f"/guide/c/{rows[0].category.code}/" if rows else ""
    said = " ".join(row.condition for row in free.eligibility.all()) if free else ""
    title = re.search("《(.+?)》", said)
    return {
        "listed_in": title[1] if title else "",
        "listed_url": f"{url}{free.code}/" if free else "",
        "url": f"{url}{other.code}/" if other and len(rows) > 1 else url,
        "issuers": other.certificate_issuers.split("（")[0] if other else "",
    }
