"""Writing many new rows at once: what ``bulk_create`` does, without building a statement of them.

For a received file of thousands of rows, most of ``bulk_create``'s time is spent in composing SQL;
a few INSERTs (or COPY on PostgreSQL) take the same rows in a fraction of it. Triggers and
constraints see every row as always.
"""

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from operator import itemgetter
from typing import Any

from django.db import connection, connections, models, transaction
from django.db.models.base import ModelState

from ydjy.desk.audit import change_log
from ydjy.desk.crypto.fields import SealedTextField

# Fields whose Python value is what the driver takes; all others prepare it.
_AS_IS = (
    models.CharField,
    models.TextField,
    models.IntegerField,
    models.BooleanField,
    models.ForeignKey,
    models.AutoField,
)
# Rows of one statement on SQLite: it copies every page that a statement with triggers changes.
_AT_ONCE = 50
_TURN = 0.15  # seconds, more than SQLite's longest sleep between two attempts
Maker = Callable[[Mapping[str, Any]], Any]


def give_way() -> None:
    """Between two parts of long work: let others write. Who waits for SQLite's lock asks again
    every tenth of a second, and would never meet the moment between two transactions."""
    if connection.vendor == "sqlite":
        time.sleep(_TURN)


def maker(model: type[models.Model], **always: Any) -> Maker:
    """Makes instances as ``model(**always, **values)`` does, where the values are named as they
    are stored (``batch_id``); ten times as fast for a model of fifty columns."""
    fields = model._meta.concrete_fields
    blank = {field.attname: field.get_default() for field in fields} | always
    made_anew = [f for f in fields if f.has_default() and callable(f.default)]
    fresh = [(f.attname, f.get_default) for f in made_anew if f.attname not in always]

    def make(values: Mapping[str, Any]) -> Any:
        row: Any = model.__new__(model)
        row._state = ModelState()
        row.__dict__.update(blank, **{name: default() for name, default in fresh})
        row.__dict__.update(values)
        return row

    return make


def insert(rows: Sequence[models.Model]) -> None:
    """Insert new rows of one model and give them their keys. Call it inside a transaction."""
    if not rows:
        return
    model = type(rows[0])
    names = [field.attname for field in model._meta.concrete_fields]
    for row, key in zip(rows, keys(model, len(rows)), strict=True):
        row.pk = key
    stored = itemgetter(*names)
    insert_values(model, names, (stored(row.__dict__) for row in rows))
    alias = connection.alias
    for row in rows:
        row._state.adding, row._state.db = False, alias


def insert_values(
    model: type[models.Model], names: Sequence[str], rows: Iterable[Sequence[Any]]
) -> None:
    """Insert rows that are tuples of the columns ``names``, without making instances of them.
    Without a key among them, the database gives it."""
    fields = [model._meta.get_field(name) for name in names]
    backend = connections[connection.alias]
    takers = [(n, take) for n, field in enumerate(fields) if (take := _taker(field, backend))]
    columns = [field.column for field in fields]
    write(model._meta.db_table, columns, _prepared(rows, takers))


def _prepared(
    rows: Iterable[Sequence[Any]], takers: Sequence[tuple[int, Callable[[Any], Any]]]
) -> Iterator[list[Any]]:
    for row in rows:
        values = list(row)
        for n, take in takers:
            if values[n] is not None:
                values[n] = take(values[n])
        yield values


def keys(model: type[models.Model], count: int) -> list[int]:
    """So many new keys; on SQLite the writing transaction is alone, so counting on is safe."""
    table, column = model._meta.db_table, model._meta.pk.column
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT nextval(pg_get_serial_sequence(%s, %s)) FROM generate_series(1, %s)",
                [f'"{table}"', column, count],
            )
            return [key for (key,) in cursor.fetchall()]
        cursor.execute("SELECT COALESCE(MAX(seq), 0) FROM sqlite_sequence WHERE name = %s", [table])
        last = cursor.fetchone()[0]
        return list(range(last + 1, last + count + 1))


def _taker(field: Any, backend: Any) -> Callable[[Any], Any] | None:
    """How a value of this field is given to the driver, if not as it is."""
    if isinstance(field, _AS_IS):
        # A choice is a subclass of str, which no driver knows.
        return str if field.choices else None
    if isinstance(field, SealedTextField):
        return field.sealer()  # bytes, which every driver takes
    if isinstance(field, models.JSONField) and field.encoder is None:
        return _once_each(json.dumps)
    if isinstance(field, models.DateField):  # a file has few days, and one moment of import
        return _once(lambda value: field.get_db_prep_save(value, backend))
    return lambda value: field.get_db_prep_save(value, backend)


def _once(prepare: Callable[[Any], Any]) -> Callable[[Any], Any]:
    known: dict[Any, Any] = {}

    def prepared(value: Any) -> Any:
        if value not in known:
            known[value] = prepare(value)
        return known[value]

    return prepared


def _once_each(prepare: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """For values that cannot be looked up by what they say: the very same one is prepared once."""
    known: dict[int, tuple[Any, Any]] = {}

    def prepared(value: Any) -> Any:
        if id(value) not in known:
            known[id(value)] = value, prepare(value)  # held, so that its id stays its own
        return known[id(value)][1]

    return prepared


def write(table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Insert rows of values as the driver takes them."""
    # Not through the proxy: it looks the connection up anew at every touch.
    backend, rows = connections[connection.alias], iter(rows)
    quote = backend.ops.quote_name
    into = f"{quote(table)} ({', '.join(map(quote, columns))})"
    with transaction.atomic(), backend.cursor() as cursor:
        if backend.vendor == "postgresql":
            statement = change_log.signed(f"COPY {into} FROM STDIN")
            with backend.wrap_database_errors, cursor.copy(statement) as copy:
                for row in rows:
                    copy.write_row(row)
            return
        marks, rest = f"({', '.join(['%s'] * len(columns))})", []

        def full() -> Iterator[list[Any]]:
            while len(part := list(islice(rows, _AT_ONCE))) == _AT_ONCE:
                yield list(chain.from_iterable(part))
            rest.extend(part)

        start = f"INSERT INTO {into} VALUES "  # noqa: S608
        cursor.executemany(start + ", ".join([marks] * _AT_ONCE), full())
        if rest:
            every = list(chain.from_iterable(rest))
            cursor.execute(start + ", ".join([marks] * len(rest)), every)
