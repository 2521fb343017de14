"""Which row of the settlement matrix holds for a place, and the matrix of one day (domain 4.7)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from apps.filings.models.catalogue import RegionClass, SettlementRule
from ydjy.lib import divisions


def classes_of(area: str, home: str, regions: Iterable[RegionClass]) -> list[RegionClass]:
    """Every class that ``area`` is in, first the one that decides.

    Named places come before 省内 and 省外 by their priority: from Zhangjiagang 上海 is a class of
    its own although it is another province (trap 28). 省内 is the province of ``home``: of the
    insured place for people going out, of our own city for people coming in. A place within the
    home city is 异地 for nobody, so it is in no class that is told by relation.
    """
    relation = divisions.relation(home, area) if area and home else ""
    return [
        region
        for region in sorted(regions, key=lambda one: one.priority)
        if any(divisions.contains(named, area) for named in region.areas)
        or (region.relation and region.relation == relation)
    ]


def region_of(area: str, home: str, regions: Iterable[RegionClass]) -> RegionClass | None:
    """The class that decides how a bill from ``area`` is settled for ``home``."""
    return next(iter(classes_of(area, home, regions)), None)


@dataclass(frozen=True)
class Matrix:
    """One direction on one day: a row per region, a cell per kind of venue, ``None`` if no rule."""

    label: str
    venues: list[str]
    rows: list[tuple[RegionClass, list[SettlementRule | None]]]

    @property
    def unverified(self) -> int:
        cells = [rule for _, rules in self.rows for rule in rules]
        return sum(rule is None or rule.mode == rule.Mode.UNVERIFIED for rule in cells)


def matrices(day: date) -> list[Matrix]:
    """Both directions as they are on that day; a cell that is not known is an honest 待核实."""
    rules = list(SettlementRule.objects.on(day).select_related("region"))
    return [
        _matrix(str(label), [rule for rule in rules if rule.direction == direction])
        for direction, label in SettlementRule.Direction.choices
    ]


def _matrix(label: str, rules: list[SettlementRule]) -> Matrix:
    cells = {(rule.region_id, rule.venue): rule for rule in rules}
    used = {rule.venue for rule in rules}
    venues = [venue for venue in SettlementRule.Venue if venue in used]
    regions = sorted({rule.region for rule in rules}, key=lambda one: (one.priority, one.pk))
    rows = [(one, [cells.get((one.pk, venue)) for venue in venues]) for one in regions]
    return Matrix(label, [str(venue.label) for venue in venues], rows)
