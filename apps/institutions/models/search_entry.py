"""The search index of institutions: one row each, its bigrams where the engine finds them fast."""

from collections.abc import Mapping, Sequence
from typing import Any, Self

from django.db import models, transaction
from django.db.models import F, Lookup

from apps.institutions.search import index_keys
from apps.offices.models import PublicVersion
from ydjy.lib import pinyin, text

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


def next_turn() -> int:
    """The number under which the caller's transaction writes search entries.

    Taking it locks the count of public changes until the transaction ends, so turns become
    visible in their order and none is overlooked.
    """
    PublicVersion.objects.update(number=F("number") + 1)
    return PublicVersion.objects.values_list("number", flat=True).first() or 0


class SearchEntryQuerySet(models.QuerySet["SearchEntry"]):
    def renew(self, names: Mapping[int, Sequence[str]]) -> None:
        """The rows of these institutions, written from what each is called now."""
        with transaction.atomic():
            turn = next_turn()
            self.bulk_create(
                [self.model.of(pk, told, turn) for pk, told in names.items()],
                update_conflicts=True,
                unique_fields=["institution"],
                update_fields=["grams", "told", "spelled", "turn"],
                batch_size=500,
            )


class SearchEntry(models.Model):
    """Under which bigrams an institution is found: of its name, aliases and initials.

    Derived data, rebuilt by ``Institution.objects.index()``; so it is not part of the change log.
    """

    audited = False

    institution = models.OneToOneField(
        "institutions.Institution",
        models.CASCADE,
        primary_key=True,
        related_name="entry",
        verbose_name="机构",
    )
    grams = GramsField(editable=False)
    told = models.TextField(editable=False)  # every key and its first letters, parted by blanks
    spelled = models.CharField(max_length=400, editable=False)
    turn = models.BigIntegerField(default=0, editable=False, db_index=True)  # see next_turn

    objects = SearchEntryQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "检索索引"

    @classmethod
    def of(cls, pk: int, names: Sequence[str], turn: int = 0) -> Self:
        """The row of an institution with these names."""
        name_keys, letters = [*map(text.name_key, names)], [*map(pinyin.initials, names)]
        grams = index_keys.all_grams(name_keys, letters)
        spelled = " ".join(map(pinyin.spelled, names))[: index_keys.SPELLED_LIMIT]
        told = " ".join([*name_keys, *letters])
        return cls(institution_id=pk, grams=grams, told=told, spelled=spelled, turn=turn)
