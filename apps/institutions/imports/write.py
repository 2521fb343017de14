"""Writing many institutions at once: COPY on PostgreSQL, executemany on SQLite, one transaction.

The change log's triggers record every row as they do for any other write; on PostgreSQL the
statement itself says who (a comment that the trigger reads).
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from itertools import islice
from typing import Any

from django.db import connection

from apps.institutions.imports.diff import Differing, Packed
from apps.institutions.models import Institution, InstitutionAlias, SearchEntry
from apps.institutions.models.search_entry import next_turn
from apps.institutions.search import index_keys
from ydjy.desk import bulk_insert
from ydjy.desk.audit import change_log
from ydjy.lib import pinyin
from ydjy.lib.text import name_key

_MANY = 50_000  # so many new rows load faster into a table whose bigram index is made afterwards
_GIN = "institutions_searchentry_grams"
_STEP = 5_000  # rows that are prepared and sent at once
_ENTRY = ("institution_id", "grams", "told", "spelled", "turn")


class Stamp:
    """What every written row gets besides what the list says."""

    def __init__(self, *, number: int, listed: str, by: Any, day: date):
        self.number, self.listed, self.by, self.day = number, listed, by, day

    @property
    def who(self) -> str:
        return f"staff:{self.by.pk}" if self.by is not None else "command:import_institutions"

    def checked(self) -> dict[str, Any]:
        """A published row was checked by the list and by the person who let it in (I8)."""
        return {
            "checked_on": self.day,
            "checked_how": Institution.How.LIST,
            "checked_by_id": self.by and self.by.pk,
        }


def insert(rows: Packed, stamp: Stamp) -> list[Differing]:
    """Make the new institutions and their search entries. Returns those of the rows that say more
    than an institution's own columns hold, with their ``pk``."""
    if not len(rows):
        return []
    number = _keys_for(len(rows))
    lines = _Lines(stamp, next_turn())
    more: list[Differing] = []
    with _index_afterwards(len(rows)), change_log.as_actor(stamp.who):
        waiting = iter(rows)
        while part := list(islice(waiting, _STEP)):
            for row in part:
                row.pk, number = number, number + 1
            more += [row for row in part if {"scope", "status"} & row.after.keys()]
            # Each line is made while the database is busy with those before it.
            bulk_insert.write(
                Institution._meta.db_table, lines.columns, map(lines.institution, part)
            )
            bulk_insert.write(SearchEntry._meta.db_table, _ENTRY, lines.entries)
            lines.entries.clear()
    return more


class _Lines:
    """New rows as their tables take them; the search entry is made along with the institution."""

    def __init__(self, stamp: Stamp, turn: int):
        fields = list(Institution._meta.concrete_fields)
        always = {field.attname: field.get_default() for field in fields} | stamp.checked()
        always |= {"listed": stamp.listed, "published": True, "brought_by": stamp.number}
        self.columns = [field.column for field in fields]
        self._blank = _plain(tuple(always.values()))
        self._at = {name: at for at, name in enumerate(always)}
        self._turn = turn
        self.entries: list[tuple[Any, ...]] = []

    def institution(self, row: Differing) -> list[Any]:
        (initials, spelled), key = pinyin.read(row.name), name_key(row.name)
        line, at = list(self._blank), self._at
        for name, value in _columns(row, initials, key):
            line[at[name]] = value
        tokens = _tokens(index_keys.all_grams([key], [initials]))
        told, spelled = f"{key} {initials}", spelled[: index_keys.SPELLED_LIMIT]
        self.entries.append((row.pk, tokens, told, spelled, self._turn))
        return line


@contextmanager
def _index_afterwards(number: int) -> Iterator[None]:
    """The bigram index of a long list is made when its rows are there."""
    if connection.vendor != "postgresql" or number < _MANY:
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute(f"DROP INDEX {_GIN}")
        yield
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # an index waits for no open checks
        cursor.execute("SET LOCAL maintenance_work_mem = '256MB'")
        cursor.execute(f"CREATE INDEX {_GIN} ON {SearchEntry._meta.db_table} USING gin (grams)")


def _columns(row: Differing, initials: str, key: str) -> Iterator[tuple[str, Any]]:
    """What the row says, by field, and what follows from it."""
    said = row.after
    code, kind = said.get("national_code"), said.get("kind")
    if kind is None:
        kind = "pharmacy" if code and code.startswith("P") else "hospital"
    for name, value in said.items():
        if name not in ("scope", "status", "from"):
            yield name, value
    yield "kind", kind
    yield "id", row.pk
    yield "name_key", key
    yield "initials", initials[:80]
    yield "area", code[1:7] if code else ""
    yield "weight", index_keys.weight(0, said.get("level", ""), kind)
    yield "digest", row.digest


def _keys_for(number: int) -> int:
    """The first of ``number`` keys that nobody else will get."""
    table = Institution._meta.db_table
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(f"LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE")
            cursor.execute(
                "SELECT setval(pg_get_serial_sequence(%s, 'id'),"
                " nextval(pg_get_serial_sequence(%s, 'id')) + %s)",
                [table, table, number - 1],
            )
            return int(cursor.fetchone()[0]) - number + 1
        cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [table])
        last = cursor.fetchone()
        return int(last[0]) + 1 if last else 1


def _tokens(tokens: set[str]) -> str:
    """As the column takes them: letters and digits only, so nothing needs quoting."""
    joined = sorted(tokens)
    return "{" + ",".join(joined) + "}" if connection.vendor == "postgresql" else " ".join(joined)


def _plain(line: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(v.isoformat() if isinstance(v, date) else v for v in line)


# Changed rows ----------------------------------------------------------------------------------

_WRITTEN = (
    *("national_code", "name", "name_key", "initials", "kind", "level", "ownership", "county"),
    *("address", "phone", "remark", "valid_from", "weight", "digest", "listed"),
    *("checked_on", "checked_how", "checked_by_id"),
)


def update(rows: Sequence[Differing], stamp: Stamp) -> None:
    """Write the changed fields of known institutions; a name that is given up stays findable."""
    if not rows:
        return
    lines = [_changed(row, stamp) for row in rows]
    table = Institution._meta.db_table
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            _update_from_copy(cursor, table, lines, stamp)
        else:
            pairs = ", ".join(f'"{column}" = ?' for column in _WRITTEN)
            raw = connection.connection.cursor()
            raw.executemany(
                f"UPDATE {table} SET {pairs} WHERE id = ?",  # noqa: S608
                (_plain((*line[1:], line[0])) for line in lines),
            )
    renamed = [row for row in rows if "name" in row.before]
    InstitutionAlias.objects.bulk_create(
        [
            InstitutionAlias(
                institution_id=row.pk,
                name=row.before["name"],
                key=name_key(row.before["name"]),
                former=True,
            )
            for row in renamed
        ],
        batch_size=500,
    )


def _changed(row: Differing, stamp: Stamp) -> tuple[Any, ...]:
    values = {**(row.stored or {}), **row.after, **stamp.checked()}
    if "name" in row.after:  # else the dictionaries, 60 MB, need not be loaded
        values["name_key"] = name_key(values["name"])
        values["initials"] = pinyin.read(values["name"])[0][:80]
    values |= {
        "weight": index_keys.weight(values["order"], values["level"], values["kind"]),
        "digest": None if row.decide else row.digest,
        "listed": stamp.listed,
    }
    return (row.pk, *(values[name] for name in _WRITTEN))


def _update_from_copy(cursor: Any, table: str, lines: list[Any], stamp: Stamp) -> None:
    columns = ", ".join(("id", *_WRITTEN))
    made = "CREATE TEMPORARY TABLE changed_institution ON COMMIT DROP AS"
    cursor.execute(f"{made} SELECT {columns} FROM {table} WITH NO DATA")  # noqa: S608
    with cursor.copy(f"COPY changed_institution ({columns}) FROM STDIN") as copy:
        for line in lines:
            copy.write_row(line)
    pairs = ", ".join(f"{name} = c.{name}" for name in _WRITTEN)
    cursor.cursor.execute(
        f"/*ydjy:{stamp.who}*/UPDATE {table} AS i SET {pairs}"  # noqa: S608
        " FROM changed_institution AS c WHERE i.id = c.id"
    )
    cursor.execute("DROP TABLE changed_institution")
