"""What a received list of institutions would change: read, fingerprinted, compared. Writes nothing.

Each row has a fingerprint of its cells (blake2b, 8 bytes); one that the store already holds says
nothing new and is not looked at further. Only the others are judged and compared field by field.
A blank cell or a missing column says nothing. A scope may become narrower by a list; wider, taken
up again, or no longer listed waits for a person (reliability.md 1.4, 3.2).
"""

from collections.abc import Callable, Iterable
from datetime import date
from functools import cached_property
from hashlib import blake2b
from typing import Any

from apps.institutions import listing
from apps.institutions import scope as scopes
from apps.institutions.models import (
    DiseaseGroup,
    Institution,
    InstitutionAlias,
    ReferralRight,
    Suspension,
)
from apps.institutions.plan import Differing, Kept, Outcome, Plan
from ydjy.desk import sheets
from ydjy.lib import workbook
from ydjy.lib.text import clean, name_key

#: Column of a list → field of an institution.
FIELDS = {
    "code": "national_code",
    "name": "name",
    "county": "county",
    "grade": "level",
    "kind": "kind",
    "ownership": "ownership",
    "phone": "phone",
    "address": "address",
    "remark": "remark",
    "valid_from": "valid_from",
}
STEP = 5000  # rows between two reports of progress
_CHUNK = 500


def outdated(kept: Kept, listed: str, day: date) -> bool:
    """Whether the store has changed under these rows since they were compared; else the stored
    fields are read into the changed ones."""
    store, known = Store(listed), kept.changed()
    if any(store.find(row.after.get("national_code"), row.name) for row in kept.new):
        return True
    vocabulary = DiseaseGroup.objects.vocabulary() if known else scopes.SOURCE_GROUPS
    for start in range(0, len(known), _CHUNK):
        chunk = known[start : start + _CHUNK]
        stored = _stored([row.pk for row in chunk], day)
        if len(stored) < len(chunk) or any(
            _is_other(row, stored[row.pk], vocabulary) for row in chunk if row.pk
        ):
            return True
    return False


def _is_other(row: Differing, stored: dict[str, Any], vocabulary: scopes.Vocabulary) -> bool:
    row.stored = stored
    rights = "；".join(scopes.describe(r.scope, vocabulary) for r in stored["rights"])
    return any(
        said != (rights if name == "scope" else stored[name] or "")
        for name, said in row.before.items()
    )


def digest(cells: Iterable[tuple[str, str]]) -> int:
    """The fingerprint of a row: of its filled cells by key, wherever their columns stand."""
    said = "\x1f".join(f"{key}\x1e{text}" for key, text in cells if text)
    return int.from_bytes(blake2b(said.encode(), digest_size=8).digest(), "big", signed=True)


class Store:
    """What is stored, in the dictionaries that a comparison needs, each loaded when first asked."""

    def __init__(self, listed: str):
        self.listed = listed
        ours = self.ours().filter(digest__isnull=False).order_by()
        self.by_digest = dict(ours.values_list("digest", "pk").iterator(20_000))

    def ours(self) -> Any:
        """The institutions that stand in this list."""
        return Institution.objects.filter(listed=self.listed)

    @cached_property
    def by_code(self) -> dict[str, int]:
        coded = Institution.objects.filter(national_code__isnull=False).order_by()
        return dict(coded.values_list("national_code", "pk").iterator(20_000))

    @cached_property
    def without_code(self) -> dict[str, list[int]]:
        return self._named(Institution.objects.filter(national_code__isnull=True))

    @cached_property
    def by_name(self) -> dict[str, list[int]]:
        return self._named(Institution.objects.all())

    def _named(self, rows: Any) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        for key, pk in rows.order_by().values_list("name_key", "pk").iterator(20_000):
            found.setdefault(key, []).append(pk)
        aliases = InstitutionAlias.objects.filter(institution__in=rows).order_by()
        for key, pk in aliases.values_list("key", "institution_id").iterator(20_000):
            if pk not in found.setdefault(key, []):
                found[key].append(pk)
        return found

    def find(self, code: str | None, name: str) -> list[int]:
        """The institutions that a row may mean: by code; else by exactly its name or alias."""
        if code:
            if found := self.by_code.get(code):
                return [found]
            return self.without_code.get(name_key(name), []) if self.without_code else []
        return self.by_name.get(name_key(name), [])


def compare(
    opened: sheets.Opened,
    listed: str,
    day: date,
    progress: Callable[[int], None] = lambda done: None,
) -> Plan:
    """The plan of a list that was opened, against what is stored now."""
    comparison = _Comparison(opened.kind, Store(listed), day)
    for sheet in opened.table.sheets:
        for row in sheet.rows:
            comparison.take(sheet, row)
            if comparison.plan.total % STEP == 0:
                progress(comparison.plan.total)
    comparison.differ()
    comparison.miss()
    return comparison.plan


class _Comparison:
    def __init__(self, kind: sheets.ListKind, store: Store, day: date):
        self.kind, self.store, self.day = kind, store, day
        self.plan = Plan()
        self.seen: dict[int, int] = {}  # institution → row of the list
        self.fresh: dict[str, tuple[int, int]] = {}  # new thing → its row, what it says
        self.known: list[Differing] = []
        self.places: dict[str, list[tuple[str, int]]] = {}

    def take(self, sheet: workbook.TableSheet, row: workbook.Row) -> None:
        self.plan.total += 1
        at = self.places.get(sheet.sheet)
        if at is None:
            at = sorted((k, i) for k, i in sheet.columns.items() if k != "seq")
            self.places[sheet.sheet] = at
        cells, width = row.cells, len(row.cells)
        fingerprint = digest((k, cells[i]) for k, i in at if i < width)
        pk = self.store.by_digest.get(fingerprint)
        if pk is not None:
            if pk in self.seen:
                self._put(Outcome.DUPLICATE, sheet, row, f"与第 {self.seen[pk]} 行重复。")
            else:
                self.seen[pk] = row.number
                self.plan.unchanged += 1
            return
        what = _row_kind(sheet, row)
        if what != "data":
            self._put(Outcome.SKIPPED, sheet, row, sheets.SKIP_REASONS[what])
            return
        values, doubts = self.kind.judge({k: row.at(i) for k, i in sheet.columns.items()})
        if doubts.status != sheets.ACCEPTED:
            self._put(doubts.status, sheet, row, _told(sheet, doubts), values)
            return
        self._resolve(sheet, row, fingerprint, values)

    def _resolve(
        self, sheet: workbook.TableSheet, row: workbook.Row, fingerprint: int, values: Any
    ) -> None:
        """Which institution a good row is about; two rows about one are told."""
        found = self.store.find(values.get("code"), values["name"])
        if len(found) > 1:
            told = "有几家机构叫这个名字，请补上国家编码。"
            self._put(Outcome.HELD, sheet, row, told, values)
            return
        pk = found[0] if found else None
        key = pk if pk is not None else listing.same(values)
        after = {k: v for k, v in values.items() if k != "seq"}
        said = hash(tuple(after.items()))
        twin = self.fresh.get(str(key)) or ((self.seen[pk], None) if pk in self.seen else None)
        if twin is not None:
            same = twin[1] == said
            told = f"与第 {twin[0]} 行" + ("重复。" if same else "是同一家机构，内容不同，请判断。")
            self._put(Outcome.DUPLICATE if same else Outcome.HELD, sheet, row, told, values)
            return
        self.fresh[str(key)] = (row.number, said)
        one = Differing(
            Outcome.NEW, sheet.sheet, row.number, fingerprint, pk, values["name"], after=after
        )
        if pk is None:
            one.after = told_fields(values)
            self.plan.put(one)
        else:
            self.seen[pk] = row.number
            self.known.append(one)

    def _put(
        self,
        outcome: str,
        sheet: workbook.TableSheet,
        row: workbook.Row,
        said: str,
        values: Any = None,
    ) -> None:
        name = ((values or {}).get("name") or "")[:120]
        one = Differing(outcome, sheet.sheet, row.number, name=name, message=said[:400])
        one.cells = row.cells
        self.plan.put(one)

    def differ(self) -> None:
        """Compare the rows about known institutions field by field."""
        vocabulary = DiseaseGroup.objects.vocabulary() if self.known else scopes.SOURCE_GROUPS
        for start in range(0, len(self.known), _CHUNK):
            chunk = self.known[start : start + _CHUNK]
            stored = _stored([one.pk for one in chunk], self.day)
            for one in chunk:
                _compare_fields(one, stored[one.pk], vocabulary)
                if one.after:
                    one.outcome = Outcome.CHANGED
                    self.plan.put(one)
                else:
                    self.plan.unchanged += 1

    def miss(self) -> None:
        """Institutions of this list that it no longer has: proposed, never deleted."""
        ours = self.store.ours().order_by().values_list("pk", flat=True)
        gone = sorted(pk for pk in ours.iterator(20_000) if pk not in self.seen)
        for start in range(0, len(gone), _CHUNK):
            rows = Institution.objects.filter(pk__in=gone[start : start + _CHUNK])
            for row in rows.working(self.day).order_by("pk"):
                self.plan.put(
                    Differing(
                        Outcome.MISSING,
                        pk=row.pk,
                        name=row.name,
                        before={"status": listing.NORMAL},
                        after={"status": listing.ENDED},
                        message="这份名单以前有这家机构，现在没有了。",
                        decide="missing",
                    )
                )


def told_fields(values: Any) -> dict[str, Any]:
    """What a row says, by field of the institution; what it leaves blank is not in it."""
    said = {name: values[key] for key, name in FIELDS.items() if values.get(key)}
    kind = listing.kind_of(values.get("kind"), values.get("code"))
    if kind and values.get("kind"):
        said["kind"] = kind
    else:
        said.pop("kind", None)
    return said | {k: values[k] for k in ("scope", "status") if values.get(k)}


def _stored(pks: list[Any], day: date) -> dict[int, dict[str, Any]]:
    columns = (*FIELDS.values(), "order", "status")
    found = {
        row["pk"]: row for row in Institution.objects.filter(pk__in=pks).values("pk", *columns)
    }
    for row in found.values():
        row["valid_from"] = row["valid_from"] and row["valid_from"].isoformat()
        row["rights"] = []
        row["status"] = {"normal": listing.NORMAL, "suspended": listing.SUSPENDED}.get(
            row["status"], listing.ENDED
        )
    for right in ReferralRight.objects.on(day).filter(institution__in=pks):
        found[right.institution_id]["rights"].append(right)
    for stop in Suspension.objects.filter(institution__in=pks).exclude(valid_to__lt=day):
        found[stop.institution_id]["status"] = str(stop.get_kind_display())
    return found


def _compare_fields(one: Differing, stored: dict[str, Any], vocabulary: scopes.Vocabulary) -> None:
    said = told_fields(one.after)
    one.before, one.after, one.stored = {}, {}, stored
    for name, value in said.items():
        if name == "scope":
            _compare_scope(one, value, stored["rights"], vocabulary)
        elif value != clean(stored[name] or ""):  # what was typed in full width means the same
            one.before[name], one.after[name] = stored[name] or "", value
    if one.after.get("status") == listing.NORMAL:
        one.decide = ",".join(filter(None, [one.decide, "resume"]))
    if {"scope", "status"} & one.after.keys() and "valid_from" in said:
        # The day on this row is the day of that change, not of the agreement.
        one.before.pop("valid_from", None)
        one.after["from"] = said["valid_from"]
        one.after.pop("valid_from", None)


def _compare_scope(
    one: Differing, said: str, rights: list[ReferralRight], vocabulary: scopes.Vocabulary
) -> None:
    new = scopes.parse(said, vocabulary)
    if any(right.scope.rule == new.rule for right in rights):
        return
    one.before["scope"] = "；".join(scopes.describe(r.scope, vocabulary) for r in rights)
    one.after["scope"] = said
    if len(rights) != 1 or not scopes.narrows(new, rights[0].scope, vocabulary):
        one.decide = "scope"
        one.message = "转诊范围比现在的宽，或者现在没有转诊资格，要有人同意才改。"


def _row_kind(sheet: workbook.TableSheet, row: workbook.Row) -> str:
    """A row with a national code is data; a total may stand where the name should."""
    if row.cells[0] == workbook.SAMPLE:
        return "sample"
    if listing.CODE.fullmatch(sheet.value(row, "code")):
        return "data"
    if workbook.header_key(sheet.value(row, "name")) in ("合计", "小计", "总计", "共计"):
        return "total"
    return workbook.row_kind(row, sheet)


def _told(sheet: workbook.TableSheet, doubts: sheets.Doubts) -> str:
    """One sentence with every complaint, by the header that stands in the file."""
    found = {**doubts.unsure, **doubts.bad}
    titles = {k: sheet.headers[i] for k, i in sheet.columns.items()}
    return "；".join(f"“{titles[k]}”{v}" if k in titles else v for k, v in found.items()) + "。"
