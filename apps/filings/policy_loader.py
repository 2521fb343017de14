"""Loading a city's filing rules and guide content (domain 4.5, 4.7, 4.8).

A variant is loaded with all that hangs on it or not at all: once staff own it, they own its
materials and channels too.
"""

from pathlib import Path
from typing import Any

from apps.filings.models.catalogue import (
    Category,
    ChannelRule,
    Eligibility,
    FormTemplate,
    FundingStandard,
    Material,
    MaterialRule,
    PersonStatus,
    RegionClass,
    SettlementRule,
    Topic,
    Variant,
)
from apps.filings.models.field_rule import FieldRule
from apps.offices.models import Channel, City
from apps.offices.policy_loader import SOURCED, Counts, Loader
from ydjy.lib.policyfile import Row, Tables, read

TABLES = ("material", "category", "region", "settlement", "topic", "funding", "form")
PLAUSIBLE = Path(__file__).parent / "data" / "plausible.toml"  # of every city
INSURANCES = ("310", "390")


def load(city: str, tables: Tables) -> Counts:
    """Load ``filings/data/<city>.toml``. Raises PolicyError with a sentence."""
    loader = Loader(tables, TABLES)
    _materials(loader)
    _categories(loader)
    _regions(loader)
    _settlements(loader)
    _guide(loader)
    return loader.counts + _field_rules()


def sync_field_rules() -> int:
    """Bring them to a desk whose policy was loaded by a program that had none; how many there are.

    A desk that has any keeps its own: staff tend them."""
    if City.objects.exists() and not FieldRule.objects.exists():
        _field_rules()
    return FieldRule.objects.count()


def remove() -> None:
    """Take the city's rows away again; ProtectedError where a filing names one."""
    for model in (Variant, Category, Material, SettlementRule, RegionClass):
        model.objects.all().delete()  # eligibility, materials and channels go with their variant
    for model in (Topic, FundingStandard, FormTemplate, FieldRule):
        model.objects.all().delete()


def _materials(loader: Loader) -> None:
    own = "code name note"
    for row in loader.new("material", Material, "materials", "code name", own):
        loader.save(row, Material(**row.pick(own)), "materials")


def _categories(loader: Loader) -> None:
    own = "code name group people order active"
    needed = f"{SOURCED} name group variant"
    for kind in ("variants", "eligibility", "material_rules", "channel_rules"):
        loader.counts.loaded[kind] += 0
    for row in loader.new("category", Category, "categories", needed, own):
        category = loader.save(row, Category(**row.pick(own), **loader.sourced(row)), "categories")
        for below in row.below("variant"):
            _variant(loader, row, below, category)


def _variant(loader: Loader, row: Row, below: Row, category: Category) -> None:
    own = (
        "code name validity_months this_stay_only cross_province_only change_lock_months window"
        " settlement commitment_allowed commitment_days supplement_days review_days"
        " channel_override panel_needed certificate_needed certificate_issuers"
        " unsettled note valid_from valid_to"
    )
    parts = "eligibility materials materials_facts channels channels_facts source facts"
    below.check("code", f"{own} {parts}")
    inherited = _inherited(loader, row, below)
    variant = Variant(category=category, **below.pick(own), **inherited, origin=below["code"])
    loader.save(below, variant, "variants")
    for one in below.below("eligibility"):
        _eligibility(loader, one, variant, inherited)
    _material_rules(loader, below, variant, inherited)
    _channel_rules(loader, below, variant, inherited)


def _inherited(loader: Loader, row: Row, below: Row) -> dict[str, Any]:
    """依据 and 最后核对 of the category, unless the variant has its own 依据 or facts."""
    own = below.pick("source facts")
    sourced = loader.sourced(Row(below.file, below.table, below.number, {**row.values, **own}))
    del sourced["origin"]
    return sourced


def _eligibility(loader: Loader, row: Row, variant: Variant, inherited: dict[str, Any]) -> None:
    own = "insutypes statuses min_age below_age min_posting_months condition"
    row.check("", own)
    for key, allowed in (("insutypes", INSURANCES), ("statuses", PersonStatus.values)):
        if wrong := [word for word in row.get(key, []) if word not in allowed]:
            raise row.error(f"“{wrong[0]}”不对，可以写的是：{'、'.join(allowed)}。")
    loader.save(row, Eligibility(variant=variant, **row.pick(own), **inherited), "eligibility")


def _material_rules(loader: Loader, row: Row, variant: Variant, inherited: dict[str, Any]) -> None:
    """``materials`` is a list of groups; a group is a list of alternatives."""
    own = "whose pages form auto_generated waivable"
    facts = row.facts("materials_facts") or inherited["facts"]
    for group_no, group in enumerate(row.get("materials", []), start=1):
        for values in group:
            one = Row(row.file, f"{row.table}.materials", group_no, values)
            one.check("material", own)
            rule = MaterialRule(
                variant=variant,
                group_no=group_no,
                material=loader.find(one, Material, "material"),
                **one.pick(own),
                **inherited | {"facts": facts},
            )
            loader.save(one, rule, "material_rules")


def _channel_rules(loader: Loader, row: Row, variant: Variant, inherited: dict[str, Any]) -> None:
    facts = row.facts("channels_facts") or inherited["facts"]
    for code in row.get("channels", []):
        channel = loader.find(row, Channel, "channels", code)
        rule = ChannelRule(
            variant=variant,
            channel=channel,
            cross_province_only=channel.cross_province_only,
            **inherited | {"facts": facts},
        )
        loader.save(row, rule, "channel_rules")


def _field_rules() -> Counts:
    """What is plausible in the fields of a registration: no city's document says it."""
    loader = Loader(read(PLAUSIBLE, "apps/filings/data/plausible.toml"), ("field_rule",))
    own = "code group field needed days_before days_after at_most excusable valid_from valid_to"
    for row in loader.new("field_rule", FieldRule, "field_rules", "code field", own):
        loader.save(row, FieldRule(**row.pick(own)), "field_rules")
    return loader.counts


def _regions(loader: Loader) -> None:
    own = "code name areas relation priority"
    for row in loader.new("region", RegionClass, "regions", "code name", own):
        loader.save(row, RegionClass(**row.pick(own)), "regions")


def _settlements(loader: Loader) -> None:
    """A row of the file names several ``venues``; each becomes a rule of its own."""
    own = "direction mode filing_needed catalogue policy note valid_from valid_to"
    needed = f"{SOURCED} direction region venues mode"
    kind = "settlements"
    loader.counts.loaded[kind] += 0
    for row in loader.tables.of("settlement"):
        row.check(needed, own)
        for venue in row["venues"]:
            origin = f"{row['code']}-{venue}"
            if SettlementRule.objects.filter(origin=origin).exists():
                loader.counts.unchanged += 1
                continue
            rule = SettlementRule(
                venue=venue,
                region=loader.find(row, RegionClass, "region"),
                **row.pick(own),
                **loader.sourced(row, origin=origin),
            )
            loader.save(row, rule, kind)


def _guide(loader: Loader) -> None:
    """Guide content, amounts to pay, and the catalogue of forms: rows with nothing below them."""
    tables = (
        ("topic", Topic, "topics", "title body",
         "code title body working_days order published valid_from valid_to"),
        ("funding", FundingStandard, "funding", "group begins ends amount",
         "group tier begins ends amount"),
        ("form", FormTemplate, "forms", "number title", "number title order"),
    )  # fmt: skip
    for table, model, kind, needed, own in tables:
        for row in loader.new(table, model, kind, f"{SOURCED} {needed}", own):
            loader.save(row, model(**row.pick(own), **loader.sourced(row)), kind)
