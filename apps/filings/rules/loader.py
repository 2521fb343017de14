"""The catalogue's rows as the plain ``ruleset.Rules`` that filings are judged by."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date
from typing import Any

from apps.filings.models.catalogue import Category, Variant
from apps.filings.models.field_rule import FieldRule
from apps.filings.rules.ruleset import (
    ChannelRow,
    Choice,
    EligibilityRow,
    FieldRow,
    MaterialRow,
    Rules,
    decide,
)
from apps.offices.models import Sourced
from ydjy.lib import divisions

READ = ("category", "source")
BELOW = ("eligibility__source", "materials__source", "materials__material", "channels__source")


# columns of a variant that the plain rules have under the same name
SAME = (
    "code name validity_months this_stay_only cross_province_only change_lock_months"
    " commitment_allowed commitment_days supplement_days review_days panel_needed"
    " certificate_needed certificate_issuers channel_override unsettled note valid_from valid_to"
).split()


_known: ContextVar[dict[Any, Any] | None] = ContextVar("rules read before", default=None)


@contextmanager
def read_once() -> Iterator[None]:
    """Inside, every rule is read once: a list of thousands is judged by the rules of one moment."""
    token = _known.set({})
    try:
        yield
    finally:
        _known.reset(token)


def rules_of(variant: Variant) -> Rules:
    """One variant with all that hangs on it."""
    known = _known.get()
    if known is None:
        return _rules_of(variant)
    if variant.pk not in known:
        known[variant.pk] = _rules_of(variant)
    return known[variant.pk]  # type: ignore[no-any-return]


def _rules_of(variant: Variant) -> Rules:
    return Rules(
        **{name: getattr(variant, name) for name in SAME},
        category=variant.category.code,
        category_name=variant.category.name,
        group=variant.category.group,
        in_hospital_only=variant.window == Variant.Window.IN_HOSPITAL,
        manual=variant.settlement == Variant.Settlement.MANUAL,
        basis=basis(variant),
        eligibility=tuple(
            EligibilityRow(
                insutypes=frozenset(row.insutypes),
                statuses=frozenset(row.statuses),
                min_age=row.min_age,
                below_age=row.below_age,
                min_posting_months=row.min_posting_months,
                condition=row.condition,
                basis=basis(row),
            )
            for row in variant.eligibility.all()
        ),
        materials=_materials(variant),
        channels=tuple(
            ChannelRow(row.channel.code, row.channel.name, row.cross_province_only, basis(row))
            for row in variant.channels.select_related("channel", "source")
        ),
        fields=tuple(
            FieldRow(**{name: getattr(row, name) for name in FieldRow.__dataclass_fields__})
            for row in FieldRule.objects.all()
        ),
    )


def _materials(variant: Variant) -> tuple[MaterialRow, ...]:
    return tuple(
        MaterialRow(
            group=row.group_no,
            code=row.material.code,
            name=row.material.name,
            whose=row.whose,
            pages=row.pages,
            form=row.form,
            note=row.material.note,
            auto_generated=row.auto_generated,
            waivable=row.waivable,
            basis=basis(row),
        )
        for row in variant.materials.all()
    )


def basis(row: Sourced) -> str:
    """《锦州市异地就医经办指南》 of a row; blank where nobody has written it down."""
    if row.source is None:
        return ""
    return f"{row.source.quoted}{row.source.number}"


def variants() -> Iterable[Variant]:
    """Every variant of the categories in use, with what hangs on it, in the order of the form."""
    return (
        Variant.objects.filter(category__active=True)
        .select_related(*READ)
        .prefetch_related(*BELOW)
        .order_by("category__order", "pk")
    )


def choice(category: Category, day: date, insured_area: str, destination: str) -> Choice:
    """Which variants of the category decide on that day for that place, and why not the others."""
    try:
        cross = divisions.relation(insured_area, destination) == "cross_province"
    except ValueError:
        cross = False
    return decide(_candidates(category), day, cross_province=cross)


def _candidates(category: Category) -> list[Rules]:
    known, asked = _known.get(), ("category", category.pk)
    if known is not None and asked in known:
        return known[asked]  # type: ignore[no-any-return]
    rows = variants().filter(category=category)  # type: ignore[attr-defined]
    found = [rules_of(variant) for variant in rows]
    if known is not None:
        known[asked] = found
    return found
