# ruff: noqa: S608 - names of our own tables and columns, never a value
"""The SQL of the change log: what the triggers of SQLite and PostgreSQL look like.

Triggers and not save() methods: bulk_create, update() and plain SQL leave a record too (measured in
the design: the ready-made packages miss all three). Ciphertext columns go in as hex ciphertext; of
a password hash only the fact that it changed.
"""

from collections.abc import Iterator
from typing import Any

from django.db import models

_HIDDEN = "●●●●"
# A statement of PostgreSQL that makes more rows than this leaves one record: their number, keys and
# a fingerprint of all they hold. Only in tables of models that say ``made_by_lists``: their list is
# kept sealed with every cell, and 600,000 records would repeat it.
MADE_ONE_BY_ONE = 1000
_CHUNK = 40  # pairs in one json_object: SQLite takes 100 arguments at least, 127 usually
CHANGES_KEPT = "修改记录只能封存，不能改，也不能删。"
EVENTS_KEPT = "经过和查看记录只能添加，不能改，也不能删。"


def sqlite_change(model: type[models.Model]) -> Iterator[tuple[str, str]]:
    """(name, statement) of the three triggers that record a table's changes."""
    table, pk = model._meta.db_table, model._meta.pk.column
    differs = " OR ".join(f'OLD."{c}" IS NOT NEW."{c}"' for c in _columns(model))
    for operation, when, row, before, after in (
        ("INSERT", "", "NEW", "NULL", _sqlite_row(model, "NEW")),
        ("UPDATE", f"WHEN {differs} ", "NEW", *_sqlite_difference(model)),
        ("DELETE", "", "OLD", _sqlite_row(model, "OLD"), "NULL"),
    ):
        name = f"ydjy_change_{table}_{operation.lower()}"
        yield (
            name,
            f'CREATE TRIGGER "{name}" AFTER {operation} ON "{table}" FOR EACH ROW {when}BEGIN '
            'INSERT INTO desk_change (at, actor, "table", "row", operation, before, after, sealed,'
            f" chain) VALUES (strftime('%Y-%m-%d %H:%M:%f', 'now'), ydjy_actor(), '{table}',"
            f" {row}.\"{pk}\", '{operation.lower()}', {before}, {after}, x'', ''); END",
        )


def sqlite_keep(table: str, sentence: str, *, but: str = "0") -> Iterator[tuple[str, str]]:
    """Triggers that refuse every update and delete; an update for which ``but`` holds may pass."""
    for operation, when in (("UPDATE", f"WHEN NOT ({but}) "), ("DELETE", "")):
        name = f"ydjy_keep_{table}_{operation.lower()}"
        yield (
            name,
            f'CREATE TRIGGER "{name}" BEFORE {operation} ON "{table}" FOR EACH ROW {when}'
            f"BEGIN SELECT RAISE(ABORT, '{sentence}'); END",
        )


def _columns(model: type[models.Model]) -> list[str]:
    return [field.column for field in model._meta.concrete_fields]


def _value(field: Any, row: str) -> str:
    if field.column == "password":
        return f"'{_HIDDEN}'"
    value = f'{row}."{field.column}"'
    return f"lower(hex({value}))" if isinstance(field, models.BinaryField) else value


def _sqlite_row(model: type[models.Model], row: str) -> str:
    fields = list(model._meta.concrete_fields)
    parts = []
    for start in range(0, len(fields), _CHUNK):
        pairs = (f"'{f.column}', {_value(f, row)}" for f in fields[start : start + _CHUNK])
        parts.append(f"json_object({', '.join(pairs)})")
    whole = parts[0]
    for part in parts[1:]:
        whole = f"rtrim({whole}, '}}') || ',' || ltrim({part}, '{{')"
    return whole


def _sqlite_difference(model: type[models.Model]) -> tuple[str, str]:
    """Before and after of an update: the columns that differ, and no others."""

    def of(row: str) -> str:
        changed = " UNION ALL ".join(
            f"SELECT '{f.column}' AS k, {_value(f, row)} AS v"
            f' WHERE OLD."{f.column}" IS NOT NEW."{f.column}"'
            for f in model._meta.concrete_fields
        )
        return f"(SELECT json_group_object(k, v) FROM ({changed}))"

    return of("OLD"), of("NEW")


# What the seal may do: from unsealed to sealed, and nothing about who, when and where.
SQLITE_SEALING = (
    "OLD.chain = '' AND NEW.chain <> '' AND NEW.before IS NULL AND NEW.after IS NULL"
    " AND length(NEW.sealed) > 0"
    + "".join(
        f' AND NEW."{column}" IS OLD."{column}"'
        for column in ("id", "at", "actor", "table", "row", "operation")
    )
)

_WHO = """coalesce(
    substring(left(current_query(), 120) from '^/\\*ydjy:([^*]*)\\*/'),
    nullif(current_setting('ydjy.actor', true), ''), 'db:' || session_user)"""

POSTGRES_FUNCTIONS = f"""
CREATE OR REPLACE FUNCTION ydjy_change() RETURNS trigger LANGUAGE plpgsql AS $ydjy$
DECLARE
  was jsonb := to_jsonb(OLD); became jsonb;
  pk text := was->>TG_ARGV[0];
  who text := {_WHO};
BEGIN
  IF TG_OP <> 'DELETE' THEN became := to_jsonb(NEW); pk := became->>TG_ARGV[0]; END IF;
  IF TG_OP = 'UPDATE' THEN
    IF was = became THEN RETURN NULL; END IF;
    SELECT jsonb_object_agg(n.key, was->n.key), jsonb_object_agg(n.key, n.value)
      INTO was, became FROM jsonb_each(became) AS n
      WHERE was->n.key IS DISTINCT FROM n.value;
  END IF;
  IF was ? 'password' THEN was := was || '{{"password": "{_HIDDEN}"}}'; END IF;
  IF became ? 'password' THEN became := became || '{{"password": "{_HIDDEN}"}}'; END IF;
  INSERT INTO desk_change (at, actor, "table", "row", operation, before, after, sealed, chain)
  VALUES (clock_timestamp(), who, TG_TABLE_NAME, pk, lower(TG_OP), was::text, became::text, '', '');
  RETURN NULL;
END $ydjy$;

CREATE OR REPLACE FUNCTION ydjy_keep() RETURNS trigger LANGUAGE plpgsql AS $ydjy$
BEGIN RAISE EXCEPTION '%', TG_ARGV[0]; END $ydjy$;

CREATE OR REPLACE FUNCTION ydjy_seal_only() RETURNS trigger LANGUAGE plpgsql AS $ydjy$
BEGIN
  IF OLD.chain = '' AND NEW.chain <> '' AND NEW.before IS NULL AND NEW.after IS NULL
     AND length(NEW.sealed) > 0
     AND (OLD.id, OLD.at, OLD.actor, OLD."table", OLD."row", OLD.operation)
         IS NOT DISTINCT FROM (NEW.id, NEW.at, NEW.actor, NEW."table", NEW."row", NEW.operation)
  THEN RETURN NEW; END IF;
  RAISE EXCEPTION '{CHANGES_KEPT}';
END $ydjy$;
"""


def postgres_change(model: type[models.Model]) -> Iterator[tuple[str, str]]:
    table, pk = model._meta.db_table, model._meta.pk.column
    name = f"ydjy_change_{table}"
    yield (
        name,
        f'CREATE OR REPLACE TRIGGER "{name}" AFTER UPDATE OR DELETE ON "{table}"'
        f" FOR EACH ROW EXECUTE FUNCTION ydjy_change('{pk}')",
    )
    yield (
        f"{name}_insert",
        f"{_postgres_inserted(model, f'{name}_insert')}"
        f'CREATE OR REPLACE TRIGGER "{name}_insert" AFTER INSERT ON "{table}" REFERENCING NEW TABLE'
        f' AS fresh FOR EACH STATEMENT EXECUTE FUNCTION "{name}_insert"()',
    )


def _postgres_inserted(model: type[models.Model], name: str) -> str:
    """The function that records new rows of one table: a record for every row all the same, but
    run once for the whole statement. One of its own for each table, because a statement that names
    its columns is planned once, and row_to_json writes the text in half the time of to_jsonb."""
    table, pk, row = model._meta.db_table, model._meta.pk.column, "row_to_json(fresh)::text"
    if "password" in _columns(model):
        row = f"""(to_jsonb(fresh) || '{{"password": "{_HIDDEN}"}}')::text"""
    record = (
        'INSERT INTO desk_change (at, actor, "table", "row", operation, before, after, sealed,'
        f" chain) SELECT clock_timestamp(), who, '{table}', %s, 'insert', NULL, %s, '', ''"
        " FROM fresh;"
    )
    one_by_one = record % (f'"{pk}"::text', row)
    if getattr(model, "made_by_lists", False):
        together = record % (
            f"""min("{pk}") || '-' || max("{pk}")""",
            _POSTGRES_TOGETHER % {"pk": pk},
        )
        one_by_one = (
            f"IF (SELECT count(*) FROM fresh) <= {MADE_ONE_BY_ONE} THEN {one_by_one}"
            f" ELSE {together} END IF;"
        )
    return (
        f'CREATE OR REPLACE FUNCTION "{name}"() RETURNS trigger LANGUAGE plpgsql AS $ydjy$'
        f" DECLARE who text := {_WHO}; BEGIN {one_by_one} RETURN NULL; END $ydjy$;\n"
    )


_POSTGRES_TOGETHER = """jsonb_build_object('行数', count(*), '第一行', min("%(pk)s"),
  '最后一行', max("%(pk)s"), '内容指纹', encode(sha256(string_agg(
    sha256(convert_to(fresh::text, 'UTF8')), ''::bytea ORDER BY "%(pk)s")), 'hex'))::text"""


def postgres_keep(table: str, sentence: str, *, sealing: bool = False) -> Iterator[tuple[str, str]]:
    name = f"ydjy_keep_{table}"
    rows = "DELETE" if sealing else "UPDATE OR DELETE"
    yield (
        name,
        f'CREATE OR REPLACE TRIGGER "{name}" BEFORE {rows} ON "{table}"'
        f" FOR EACH ROW EXECUTE FUNCTION ydjy_keep('{sentence}')",
    )
    yield (
        f"{name}_whole",
        f'CREATE OR REPLACE TRIGGER "{name}_whole" BEFORE TRUNCATE ON "{table}"'
        f" FOR EACH STATEMENT EXECUTE FUNCTION ydjy_keep('{sentence}')",
    )
    if sealing:
        yield (
            f"{name}_seal",
            f'CREATE OR REPLACE TRIGGER "{name}_seal" BEFORE UPDATE ON "{table}"'
            " FOR EACH ROW EXECUTE FUNCTION ydjy_seal_only()",
        )
