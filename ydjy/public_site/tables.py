# ruff: noqa: S608 - names of our own tables, never a value
"""The tables that the public may read, all of them named here, and the count of their changes.

Everything else is closed: a new model is closed until somebody adds it to this list. The guard,
the copied SQLite file and the PostgreSQL role are all made from it.
"""

from typing import Any

from django.apps import apps
from django.db import connections, models

PUBLIC_MODELS = {
    "offices": (
        *("PolicyDocument", "City", "Office", "Hotline", "ServiceHours", "SpecialHours"),
        *("Channel", "CalendarDay", "SiteSettings", "Notice", "Synonym", "PublicVersion"),
    ),
    "institutions": (
        *("DiseaseGroup", "Institution", "InstitutionAlias", "NetworkOpening", "ReferralRight"),
        *("Suspension", "SearchEntry"),
    ),
    "filings": (
        *("Category", "Variant", "Eligibility", "Material", "MaterialRule", "ChannelRule"),
        *("OfficeService", "RegionClass", "SettlementRule", "Topic"),
    ),
}
COUNTER = "offices_publicversion"
# Names of steps and nothing else; a public process tells by it whether the tables are its own.
MIGRATIONS = "django_migrations"
# What a public table holds for ourselves: remarks, who checked a row, which list brought it.
INTERNAL_COLUMNS = {"institutions_institution": ("brought_by", "checked_by_id", "remark")}
# Of which only these rows are public; the others are notices to staff and numbers kept back.
PUBLIC_ROWS = {
    "offices_hotline": "published",
    "offices_notice": "published AND audience = 'public'",
}


def public_models() -> list[type[models.Model]]:
    """In an order in which rows can be copied: what is pointed at comes first."""
    return [apps.get_model(app, name) for app, names in PUBLIC_MODELS.items() for name in names]


def public_tables() -> frozenset[str]:
    return frozenset(model._meta.db_table for model in public_models())


def public_columns(model: type[models.Model]) -> list[str]:
    internal = INTERNAL_COLUMNS.get(model._meta.db_table, ())
    return [f.column for f in model._meta.concrete_fields if f.column not in internal]


# The count of changes: a statement of a trigger, so bulk writes and plain SQL are counted too -----


def install_counter(using: str = "default", **kwargs: Any) -> None:
    """After every migration: one row, and triggers that add to it. Safe to repeat."""
    connection = connections[using]
    if COUNTER not in connection.introspection.table_names():
        return
    statements = _postgresql if connection.vendor == "postgresql" else _sqlite
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {COUNTER} (number) SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM {COUNTER})"
        )
        for statement in statements(sorted(public_tables() - {COUNTER})):
            cursor.execute(statement)


def _sqlite(tables: list[str]) -> list[str]:
    return [
        f'CREATE TRIGGER IF NOT EXISTS "ydjy_public_{table}_{verb}" AFTER {verb} ON "{table}" '
        f"BEGIN UPDATE {COUNTER} SET number = number + 1; END"
        for table in tables
        for verb in ("INSERT", "UPDATE", "DELETE")
    ]


def _postgresql(tables: list[str]) -> list[str]:
    function = (
        "CREATE OR REPLACE FUNCTION ydjy_public_changed() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN UPDATE {COUNTER} SET number = number + 1; RETURN NULL; END $$"
    )
    made = [function]
    for table in tables:
        made.append(f'DROP TRIGGER IF EXISTS "ydjy_public_{table}" ON "{table}"')
        made.append(
            f'CREATE TRIGGER "ydjy_public_{table}" AFTER INSERT OR UPDATE OR DELETE ON "{table}" '
            "FOR EACH STATEMENT EXECUTE FUNCTION ydjy_public_changed()"
        )
    return made
