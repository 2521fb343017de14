"""Loading a city's institutions and their rights to refer (domain 4.2, 4.4)."""

from apps.institutions.models import Institution, InstitutionAlias, ReferralRight
from apps.institutions.referral.scope import Scope, parse
from apps.offices.policy_loader import SOURCED, Counts, Loader
from ydjy.lib.policyfile import Row, Tables

TABLES = ("institution", "right")


def load(city: str, tables: Tables) -> Counts:
    """Load ``institutions/data/<city>.toml``. Raises PolicyError with a sentence."""
    loader = Loader(tables, TABLES)
    _institutions(loader)
    _rights(loader)
    return loader.counts


def remove() -> None:
    """Take the city's rows away again; ProtectedError where a filing or ticket names one."""
    ReferralRight.objects.all().delete()
    Institution.objects.all().delete()


def _institutions(loader: Loader) -> None:
    own = (
        "national_code name kind level ownership area county address phone status order published"
        " remark valid_from valid_to"
    )
    loader.counts.loaded["aliases"] += 0
    for row in loader.new(
        "institution", Institution, "institutions", f"{SOURCED} name kind", f"{own} aliases"
    ):
        institution = Institution(**row.pick(own), **loader.sourced(row))
        loader.save(row, institution, "institutions")
        for name in row.get("aliases", []):
            loader.save(row, InstitutionAlias(institution=institution, name=name), "aliases")


def _rights(loader: Loader) -> None:
    needed = f"{SOURCED} institution wording"
    for row in loader.new("right", ReferralRight, "rights", needed, "serves valid_from valid_to"):
        right = ReferralRight(
            institution=loader.find(row, Institution, "institution"),
            **row.pick("serves valid_from valid_to"),
            **loader.sourced(row),
        )
        right.scope = _scope(row)
        loader.save(row, right, "rights")


def _scope(row: Row) -> Scope:
    """The scope of the wording. A policy file must be understood; received lists need not be."""
    scope = parse(row["wording"])
    if scope.mode == "unparsed":
        raise row.error(f"{scope.problem}。")
    return scope
