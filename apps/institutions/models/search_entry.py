"""The search index of institutions: one row each, its bigrams where the engine finds them fast."""

from collections.abc import Sequence
from typing import Any

from django.db import models
from django.db.models import Lookup

from apps.institutions.models.institution import Institution

FTS = "institutions_grams"  # the SQLite side, made by migration 0002


class GramsField(models.Field):
    """A set of short tokens: ``text[]`` on PostgreSQL, one text with blanks on SQLite."""

    def db_type(self, connection: Any) -> str:
        return "text[]" if connection.vendor == "postgresql" else "text"

    def get_prep_value(self, value: Any) -> Any:
        return sorted(value)

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        value = value if prepared else self.get_prep_value(value)
        return value if connection.vendor == "postgresql" else " ".join(value)


@GramsField.register_lookup
class Holds(Lookup):
    """Rows that hold every one of the tokens; always through the index."""

    lookup_name = "holds"

    def get_prep_lookup(self) -> Sequence[str]:
        return sorted(self.rhs)

    def get_db_prep_lookup(self, value: Sequence[str], connection: Any) -> Any:
        if connection.vendor == "postgresql":
            return "%s", [list(value)]
        return "%s", [" ".join(f'"{gram}"' for gram in value)]

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        column, params = self.process_lhs(compiler, connection)
        value, asked = self.process_rhs(compiler, connection)
        if connection.vendor == "postgresql":
            return f"{column} @> {value}::text[]", [*params, *asked]
        key = column.rsplit(".", 1)[0] + '."institution_id"'
        return (
            f"{key} IN (SELECT rowid FROM {FTS} WHERE {FTS} MATCH {value})",  # noqa: S608
            [*params, *asked],
        )


class SearchEntry(models.Model):
    """Under which bigrams an institution is found: of its name, aliases and initials.

    Derived data, rebuilt by ``search.index``; so it is not part of the change log.
    """

    audited = False

    institution = models.OneToOneField(
        Institution, models.CASCADE, primary_key=True, related_name="entry", verbose_name="机构"
    )
    grams = GramsField(editable=False)
    told = models.TextField(editable=False)  # every key and its first letters, parted by blanks
    spelled = models.CharField(max_length=400, editable=False)
    turn = models.BigIntegerField(default=0, editable=False, db_index=True)  # see roll.next_turn

    class Meta:
        verbose_name = verbose_name_plural = "检索索引"
