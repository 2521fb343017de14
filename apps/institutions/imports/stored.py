"""What is stored already, in the form that comparing a list of hundreds of thousands of rows needs.

The fingerprints of the rows that the store holds go to the reading child as one block of numbers;
codes and names are asked for some thousand at a time, for the rows that say something new.
"""

import json
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any

from django.db import connection
from django.db.models.expressions import RawSQL

from apps.institutions.models import Institution, InstitutionAlias
from ydjy.lib.text import name_key


class Store:
    """The institutions, as a received list of one kind is compared with them."""

    def __init__(self, listed: str):
        self.listed = listed
        self._by_code: dict[str, int] = {}
        self._by_name: dict[str, list[int]] = {}

    # Known rows ------------------------------------------------------------------------------

    @cached_property
    def _marked(self) -> tuple["array[int]", "array[int]"]:
        digests, pks = array("q"), array("q")
        rows = Institution.objects.filter(listed=self.listed, digest__isnull=False).order_by("pk")
        for digest, pk in rows.values_list("digest", "pk").iterator(20_000):
            digests.append(digest)
            pks.append(pk)
        return digests, pks

    @property
    def digests(self) -> "array[int]":
        """The fingerprints of the rows that last described the institutions of this list."""
        return self._marked[0]

    @property
    def pks(self) -> "array[int]":
        """The institution of each of the fingerprints, in rising order."""
        return self._marked[1]

    def places(self) -> dict[int, int]:
        """Fingerprint → its place among them."""
        return {digest: place for place, digest in enumerate(self.digests)}

    def place_of(self, pk: int) -> int | None:
        """The place of an institution's fingerprint."""
        place = bisect_left(self.pks, pk)
        return place if place < len(self.pks) and self.pks[place] == pk else None

    def without_digest(self) -> Iterable[int]:
        """The institutions of this list of which no row is known, such as those last undone."""
        ours = Institution.objects.filter(listed=self.listed, digest__isnull=True).order_by()
        return ours.values_list("pk", flat=True).iterator(20_000)

    # Whom a row means ------------------------------------------------------------------------

    @cached_property
    def _is_empty(self) -> bool:
        return not Institution.objects.exists()

    @cached_property
    def _without_code(self) -> dict[str, list[int]]:
        rows = Institution.objects.filter(national_code__isnull=True)
        return _named(rows, InstitutionAlias.objects.filter(institution__in=rows))

    def look_up(self, asked: Sequence[tuple[str | None, str]]) -> None:
        """Fetch what :meth:`find` is going to be asked, (code, name) of some thousand rows."""
        if self._is_empty or not asked:
            return
        codes = {code for code, _ in asked if code}
        coded = Institution.objects.filter(national_code__in=_listed(codes)).order_by()
        self._by_code = dict(coded.values_list("national_code", "pk"))
        names = {name_key(name) for code, name in asked if not code}
        self._by_name = {}
        if names:
            rows = Institution.objects.filter(name_key__in=_listed(names))
            self._by_name = _named(rows, InstitutionAlias.objects.filter(key__in=_listed(names)))

    def find(self, code: str | None, name: str) -> list[int]:
        """The institutions that a row may mean: by code; else by exactly its name or alias."""
        if self._is_empty:
            return []
        if code:
            if found := self._by_code.get(code):
                return [found]
            return self._without_code.get(name_key(name), []) if self._without_code else []
        return self._by_name.get(name_key(name), [])


def namesakes(names: Iterable[str]) -> dict[str, list[tuple[int, str, str]]]:
    """(key, name, code) of the institutions that are called so now, by the key of the name."""
    found: dict[str, list[tuple[int, str, str]]] = {}
    rows = Institution.objects.filter(name_key__in=_listed(set(names))).order_by("pk")
    for key, *one in rows.values_list("name_key", "pk", "name", "national_code"):
        found.setdefault(key, []).append((one[0], one[1], one[2] or ""))
    return found


def _named(rows: Any, aliases: Any) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for key, pk in rows.order_by().values_list("name_key", "pk").iterator(20_000):
        found.setdefault(key, []).append(pk)
    for key, pk in aliases.order_by().values_list("key", "institution_id").iterator(20_000):
        if pk not in found.setdefault(key, []):
            found[key].append(pk)
    return found


def _listed(texts: Iterable[str]) -> RawSQL:
    """Many texts as one parameter."""
    if connection.vendor == "postgresql":
        return RawSQL("SELECT unnest(%s::text[])", [list(texts)])
    return RawSQL("SELECT value FROM json_each(%s)", [json.dumps(list(texts))])
