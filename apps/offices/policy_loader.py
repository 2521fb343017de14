"""Loading a city's policy file: documents, the city, offices, telephones, channels, week rule.

``Loader`` is shared by the three apps that have policy files. A row that was loaded before is left
alone, so what staff have changed since is never overwritten (architecture 1.6).
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar

from django.core.exceptions import ValidationError
from django.db import models

from apps.offices.models import (
    Channel,
    City,
    Hotline,
    Office,
    PolicyDocument,
    ServiceHours,
    Sourced,
    WeekRule,
)
from ydjy.desk.exceptions import in_words
from ydjy.lib import phones
from ydjy.lib.policyfile import Row, Tables

TABLES = ("document", "city", "office", "hotline", "channel", "week_rule")
SOURCED = "code source checked_on facts"
Item = TypeVar("Item", bound=models.Model)


@dataclass
class Counts:
    """How many rows were loaded, by kind, and how many were there already."""

    loaded: Counter[str] = field(default_factory=Counter)
    unchanged: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        # Not Counter + Counter: that drops the zeros, and the shape of the answer would change.
        loaded = Counter(self.loaded)
        loaded.update(other.loaded)
        return Counts(loaded, self.unchanged + other.unchanged)


class Loader:
    """Goes through the tables of one file and makes the rows that do not exist yet."""

    def __init__(self, tables: Tables, allowed: tuple[str, ...]):
        tables.check(allowed)
        self.tables = tables
        self.counts = Counts()
        self._found: dict[tuple[type[models.Model], str], Any] = {}

    def new(
        self, table: str, model: type[models.Model], kind: str, needed: str, allowed: str = ""
    ) -> Iterator[Row]:
        """The rows of a table that were never loaded. Old rows are checked too, then passed over.

        A row is known by its code in the file: ``origin`` for what staff may rename, ``code``
        for the small lists without a source.
        """
        key = "origin" if issubclass(model, Sourced) else "code"
        self.counts.loaded[kind] += 0
        codes: set[str] = set()
        for row in self.tables.of(table):
            row.check(needed, allowed)
            if row["code"] in codes:
                raise row.error("这个 code 前面已经用过，请换一个。")
            codes.add(row["code"])
            if model._default_manager.filter(**{key: row["code"]}).exists():
                self.counts.unchanged += 1
            else:
                yield row

    def save(self, row: Row, item: Item, kind: str) -> Item:
        """Check the row as the admin would, then store it."""
        links = [f.name for f in item._meta.fields if f.many_to_one]  # found by us just now
        try:
            item.clean_fields(exclude=links)
            item.validate_unique()
            item.validate_constraints()
        except ValidationError as problem:
            raise row.error(in_words(item, problem)) from None
        item.save()
        self.counts.loaded[kind] += 1
        return item

    def find(self, row: Row, model: type[Item], key: str, code: str | None = None) -> Item:
        """The row that ``key`` points at, by its code."""
        code = code or row[key]
        if (model, code) not in self._found:
            column = "origin" if issubclass(model, Sourced) else "code"
            found = model._default_manager.filter(**{column: code}).first()
            if found is None:
                name = model._meta.verbose_name
                raise row.error(f"“{key}”写的是“{code}”，但没有这一个{name}。")
            self._found[model, code] = found
        return self._found[model, code]

    def sourced(self, row: Row, facts: str = "facts", origin: str = "") -> dict[str, Any]:
        """依据, 最后核对 and fact numbers, as every sourced row has them."""
        return {
            "source": self.find(row, PolicyDocument, "source"),
            "checked_on": row["checked_on"],
            "facts": row.facts(facts),
            "origin": origin or row["code"],
        }


def load(city: str, tables: Tables) -> Counts:
    """Load ``offices/data/<city>.toml``. Raises PolicyError with a sentence."""
    loader = Loader(tables, TABLES)
    _documents(loader)
    _city(loader, city)
    _offices(loader)
    _hotlines(loader)
    _channels(loader)
    _week_rules(loader)
    return loader.counts


def remove() -> None:
    """Take the city's rows away again; ProtectedError where something still hangs on one."""
    for model in (ServiceHours, Hotline, Channel, WeekRule):
        model.objects.all().delete()
    while leaves := list(Office.objects.filter(below=None).values_list("pk", flat=True)):
        Office.objects.filter(pk__in=leaves).delete()
    City.objects.all().delete()
    PolicyDocument.objects.all().delete()


def _documents(loader: Loader) -> None:
    own = "code title number issuer issued_on note"
    for row in loader.new("document", PolicyDocument, "documents", "code title", own + " facts"):
        loader.save(row, PolicyDocument(**row.pick(own), facts=row.facts()), "documents")


def _city(loader: Loader, city: str) -> None:
    own = "code name area area_code county_rule county_rule_words weekly_exchange"
    for row in loader.new("city", City, "cities", "code name area area_code", own):
        if row["code"] != city:
            raise row.error(f"这个文件应当是“{city}”的，请核对 code。")
        loader.save(row, City(**row.pick(own)), "cities")


def _offices(loader: Loader) -> None:
    own = "code name level area area_name address accepts handles_cases order published"
    for row in loader.new("office", Office, "offices", f"{SOURCED} name level", f"{own} parent"):
        parent = loader.find(row, Office, "parent") if row.get("parent") else None
        office = Office(**row.pick(own), parent=parent, **loader.sourced(row))
        loader.save(row, office, "offices")


def _hotlines(loader: Loader) -> None:
    needed, own = f"{SOURCED} name number uses", "name uses order published"
    area_code = City.objects.served().area_code
    loader.counts.loaded["hours"] += 0
    for row in loader.new("hotline", Hotline, "hotlines", needed, f"{own} office hours"):
        if wrong := [use for use in row["uses"] if use not in Hotline.Use.values]:
            raise row.error(f"用途“{wrong[0]}”不对，可以写的是：{'、'.join(Hotline.Use.values)}。")
        phone = _phone(row, area_code)
        hotline = Hotline(
            **row.pick(own),
            display=phone.display,
            tel=phone.tel,
            office=loader.find(row, Office, "office") if row.get("office") else None,
            **loader.sourced(row),
        )
        loader.save(row, hotline, "hotlines")
        _hours(loader, row, hotline)


def _phone(row: Row, area_code: str) -> phones.Phone:
    try:
        found = phones.parse(row["number"], area_code)
    except ValueError as problem:
        raise row.error(str(problem)) from None
    if len(found) != 1:
        raise row.error("“number”要写一个电话号码，几个号码请分成几行。")
    return found[0]


def _hours(loader: Loader, row: Row, hotline: Hotline) -> None:
    for frame in row.below("hours"):
        frame.check("opens closes", "weekday")
        sourced = loader.sourced(row) | {"origin": ""}
        hours = ServiceHours(hotline=hotline, **frame.pick("opens closes weekday"), **sourced)
        loader.save(frame, hours, "hours")


def _channels(loader: Loader) -> None:
    own = "code name kind available cross_province_only queries how order"
    for row in loader.new("channel", Channel, "channels", f"{SOURCED} name kind", own):
        loader.save(row, Channel(**row.pick(own), **loader.sourced(row)), "channels")


def _week_rules(loader: Loader) -> None:
    own = "intake_time due_weekday due_time shift valid_from valid_to"
    needed = f"{SOURCED} intake_time due_time"
    for row in loader.new("week_rule", WeekRule, "week_rules", needed, own):
        loader.save(row, WeekRule(**row.pick(own), **loader.sourced(row)), "week_rules")
