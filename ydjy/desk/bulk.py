"""Writing many new rows at once: what ``bulk_create`` does, without building a statement of them.

For a received file of thousands of rows, most of ``bulk_create``'s time is spent in composing SQL;
one prepared INSERT (or COPY on PostgreSQL) takes the same rows in a fraction of it. Triggers and
constraints see every row as always.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from django.db import connection, models, transaction

# Fields whose Python value is what the driver takes; all others prepare it.
_AS_IS = (
    models.CharField,
    models.TextField,
    models.IntegerField,
    models.BooleanField,
    models.ForeignKey,
    models.AutoField,
)


def insert(rows: Sequence[models.Model]) -> None:
    """Insert new rows of one model and give them their keys. Call it inside a transaction."""
    if not rows:
        return
    model = type(rows[0])
    with transaction.atomic(), connection.cursor() as cursor:
        for row, key in zip(rows, _keys(cursor, model, len(rows)), strict=True):
            row.pk = key
        fields = model._meta.concrete_fields
        takers = [(field.attname, _taker(field)) for field in fields]
        values = ([take(getattr(row, name)) for name, take in takers] for row in rows)
        columns = ", ".join(connection.ops.quote_name(field.column) for field in fields)
        _write(cursor, connection.ops.quote_name(model._meta.db_table), columns, values)
    for row in rows:
        row._state.adding, row._state.db = False, connection.alias


def _keys(cursor: Any, model: type[models.Model], count: int) -> list[int]:
    """So many new keys; on SQLite the writing transaction is alone, so counting on is safe."""
    table, column = model._meta.db_table, model._meta.pk.column
    if connection.vendor == "postgresql":
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence(%s, %s)) FROM generate_series(1, %s)",
            [f'"{table}"', column, count],
        )
        return [key for (key,) in cursor.fetchall()]
    cursor.execute("SELECT COALESCE(MAX(seq), 0) FROM sqlite_sequence WHERE name = %s", [table])
    last = cursor.fetchone()[0]
    return list(range(last + 1, last + count + 1))


def _taker(field: Any) -> Callable[[Any], Any]:
    if isinstance(field, _AS_IS) and not field.choices:
        return lambda value: value
    if isinstance(field, models.CharField):
        return str  # a choice is a subclass of str, which no driver knows
    return lambda value: field.get_db_prep_save(value, connection)


def _write(cursor: Any, table: str, columns: str, values: Iterator[list[Any]]) -> None:
    if connection.vendor == "postgresql":
        statement = f"COPY {table} ({columns}) FROM STDIN"
        with connection.wrap_database_errors, cursor.copy(statement) as copy:
            for row in values:
                copy.write_row(row)
        return
    marks = ", ".join(["%s"] * (columns.count(",") + 1))
    cursor.executemany(f"INSERT INTO {table} ({columns}) VALUES ({marks})", values)  # noqa: S608
