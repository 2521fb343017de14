"""What a received list of institutions would change: read, fingerprinted, compared. Writes nothing.

Each row has a fingerprint of its cells (blake2b, 8 bytes); one that the store already holds says
nothing new and is not looked at further. Only the others are judged and compared field by field.
A blank cell or a missing column says nothing. A scope may become narrower by a list; wider, taken
up again, or no longer listed waits for a person (reliability.md 1.4, 3.2).
"""

from array import array
from collections.abc import Callable
from datetime import date
from itertools import islice
from typing import Any

from apps.institutions.imports import columns as imports_columns
from apps.institutions.imports.diff import Differing, Kept, Outcome, Plan
from apps.institutions.imports.stored import Store, namesakes
from apps.institutions.models import (
    DiseaseGroup,
    Institution,
    ListImport,
    ReferralRight,
    Suspension,
)
from apps.institutions.referral import scope as scopes
from ydjy.desk.imports import kinds as imports_kinds
from ydjy.desk.imports import measures, problem_workbook
from ydjy.lib import workbook
from ydjy.lib.text import clean, name_key
from ydjy.lib.workbook import known_rows

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
_SAYS = FIELDS | {"scope": "scope", "status": "status"}
APART = ("seq",)  # columns that do not count when two rows are compared
STEP = 2_000  # rows that are looked up at once
_CHUNK = 500
NAMESAKES = (ListImport.Listed.NATIONAL,)  # lists in which many are called the same
_ONE_OR_TWO = "是同一家的请只留一行、用现在的编码，是两家的请在名称里写明区别。"


def outdated(kept: Kept, listed: str, day: date) -> bool:
    """Whether the store has changed under these rows since they were compared; else the stored
    fields are read into the changed ones."""
    store, known, new = Store(listed), kept.changed(), iter(kept.new)
    while part := [(row.after.get("national_code"), row.name) for row in islice(new, STEP)]:
        store.look_up(part)
        if any(store.find(code, name) for code, name in part):
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


class NeedsCells(Exception):
    """A known row that came without cells is not the only one about its institution: the file is
    to be read with every cell, and compared row after row."""


def compare(
    opened: imports_kinds.Opened,
    listed: str,
    day: date,
    progress: Callable[[int], None] = lambda done: None,
    store: Store | None = None,
) -> Plan:
    """The plan of a list that was opened, against what is stored now. ``store``: what its known
    rows were told by."""
    comparison = _Comparison(opened.kind, store or Store(listed), day)
    for sheet in opened.table.sheets:
        for part in known_rows.parts(sheet, APART, comparison.store.places):
            comparison.take(sheet, part)
            progress(comparison.plan.total)
    comparison.differ()
    if not problem_workbook.mended(opened.layout):  # a part of a list says nothing of the others
        comparison.miss()
    return comparison.plan


class _Firsts:
    """Of each thing that a list is about its first row, and what that says: two numbers each,
    since a list may have 600,000 of them."""

    def __init__(self) -> None:
        self._places: dict[int, int] = {}
        self._rows, self._said = array("q"), array("q")

    def get(self, key: Any) -> tuple[int, int] | None:
        place = self._places.get(hash(key))
        return None if place is None else (self._rows[place], self._said[place])

    def add(self, key: Any, row: int, said: int) -> None:
        self._places[hash(key)] = len(self._rows)
        self._rows.append(row)
        self._said.append(said)


class _Comparison:
    def __init__(self, kind: imports_kinds.ListKind, store: Store, day: date):
        self.kind, self.store, self.day = kind, store, day
        self.plan = Plan()
        self.unchanged = array("q", bytes(8 * len(store.digests)))  # place → row of the list
        self.ahead = 0  # the last known row of this part, all of which are taken before the others
        self.seen: dict[int, int] = {}  # institution that a row describes anew → that row
        self.firsts = _Firsts()
        self.names = _Firsts()  # of each name the first row; not kept of a list with namesakes
        self.doubtful: set[int] = set()  # institutions of rows that cannot be used as they are
        self.nobody = 0  # rows of which nobody can tell which institution they are about
        self.known: list[Differing] = []

    def take(self, sheet: workbook.TableSheet, part: known_rows.Part) -> None:
        self.plan.total += len(part.numbers) + len(part.rows)
        self.ahead = max(part.numbers, default=0)
        for number, place in zip(part.numbers, part.places, strict=True):
            if self._again(place, number):
                raise NeedsCells
        unusable: list[tuple[str, str]] = []
        judged = [
            (row, self._judged(sheet, row, unusable) if row.known is None else None)
            for row in part.rows
        ]
        self._look_for(unusable)
        asked = [v for _, v in judged if v]
        self.store.look_up([(v.get("code"), v["name"]) for v in asked])
        self.called = namesakes(name_key(v["name"]) for v in asked) if self.apart else {}
        for row, values in judged:
            if values:
                self._resolve(sheet, row, values)
            elif row.known is not None and (earlier := self._again(row.known, row.number)):
                self._put(Outcome.DUPLICATE, sheet, row, f"与第 {earlier} 行重复。")

    @property
    def apart(self) -> bool:
        """Whether a name says which institution is meant. In the national list it does not: a
        chemist's shop of one name is in every county, and the code tells them apart."""
        return self.store.listed not in NAMESAKES

    def _look_for(self, unusable: list[tuple[str, str]]) -> None:
        """Which institutions the rows are about that wait for a person: they are in the list."""
        self.store.look_up([*unusable, *((None, name) for _, name in unusable)])
        for code, name in unusable:
            found = {*self.store.find(code, name), *self.store.find(None, name)}
            self.doubtful |= found
            self.nobody += not found

    def _again(self, place: int, number: int) -> int:
        """A row that says what is stored; an earlier row about the same is returned."""
        earlier = self.unchanged[place]
        if not earlier and self.seen:
            earlier = self.seen.get(self.store.pks[place], 0)
        if not earlier:
            self.unchanged[place] = number
            self.plan.unchanged += 1
        return earlier

    def _judged(
        self, sheet: workbook.TableSheet, row: known_rows.SiftedRow, unusable: list[tuple[str, str]]
    ) -> Any:
        """What a row says, if it can be used; else its code and name as they stand in it."""
        what = _row_kind(sheet, row)
        if what != "data":
            self._put(Outcome.SKIPPED, sheet, row, imports_kinds.SKIP_REASONS[what])
            return None
        cells, width = row.cells, len(row.cells)
        said = {key: cells[at] if at < width else "" for key, at in sheet.columns.items()}
        values, doubts = measures.judged(self.kind.judge, self.kind.measures, sheet, said)
        if doubts.status != imports_kinds.ACCEPTED:
            self._put(doubts.status, sheet, row, _told(sheet, doubts), values)
            unusable.append((clean(said.get("code", "")).upper(), clean(said.get("name", ""))))
            return None
        return values

    def _resolve(self, sheet: workbook.TableSheet, row: known_rows.SiftedRow, values: Any) -> None:
        """Which institution a good row is about; two rows about one are told."""
        found = self.store.find(values.get("code"), values["name"])
        if len(found) > 1:
            told = "有几家机构叫这个名字，请补上国家编码。"
            self._put(Outcome.HELD, sheet, row, told, values)
            self.doubtful |= set(found)
            return
        pk = found[0] if found else None
        key = pk if pk is not None else imports_columns.same(values)
        values.pop("seq", None)
        said = hash(tuple(values.items()))
        twin = self.firsts.get(key) or self._unchanged(pk, row.number)
        if twin is not None:
            same = twin[1] == said
            told = f"与第 {twin[0]} 行" + ("重复。" if same else "是同一家机构，内容不同，请判断。")
            self._put(Outcome.DUPLICATE if same else Outcome.HELD, sheet, row, told, values)
            return
        if pk is None and (told := self._namesake(values["name"], row.number)):
            self._put(Outcome.HELD, sheet, row, told, values)
            return
        self.firsts.add(key, row.number, said)
        if self.apart and self.names.get(name_key(values["name"])) is None:
            self.names.add(name_key(values["name"]), row.number, 0)
        mark, after = row.fingerprint, told_fields(values) if pk is None else values
        one = Differing(Outcome.NEW, sheet.sheet, row.number, mark, pk, values["name"], after=after)
        if pk is None:
            self.plan.put(one)
        else:
            self.seen[pk] = row.number
            one.cells = row.cells
            self.known.append(one)

    def _namesake(self, name: str, row: int, pk: int | None = None) -> str:
        """The other of exactly this name, in a sentence: later nobody could tell which is meant."""
        if not self.apart:
            return ""
        key = name_key(name)
        stored = [one for one in self.called.get(key, []) if one[0] != pk]
        if stored:
            other, code = stored[0][1:]
            self.doubtful |= {one[0] for one in stored}
            return f"已有的机构“{other}”（{code or '没有国家编码'}）也叫这个名字，{_ONE_OR_TWO}"
        first = self.names.get(key)
        return f"与第 {first[0]} 行同名，{_ONE_OR_TWO}" if first and first[0] != row else ""

    def _unchanged(self, pk: int | None, row: int) -> tuple[int, None] | None:
        """The row that says what is stored of this institution."""
        place = self.store.place_of(pk) if pk is not None else None
        earlier = self.unchanged[place] if place is not None else 0
        if row < earlier <= self.ahead:
            raise NeedsCells
        return (earlier, None) if earlier else None

    def _put(
        self,
        outcome: str,
        sheet: workbook.TableSheet,
        row: known_rows.SiftedRow,
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
            new = [name_key(one.after["name"]) for one in chunk if "name" in one.after]
            self.called = namesakes(new) if self.apart and new else {}
            for one in chunk:
                self._put_known(one)

    def _put_known(self, one: Differing) -> None:
        if not one.after:
            self.plan.unchanged += 1
            return
        renamed = one.after.get("name")
        told = self._namesake(renamed, one.row, one.pk) if renamed else ""
        if told:
            one.outcome, one.message, one.decide = Outcome.HELD, told, ""
            one.before, one.after = {}, {}
        else:
            one.outcome, one.cells = Outcome.CHANGED, ()
        self.plan.put(one)

    def miss(self) -> None:
        """Institutions of this list that it no longer has: proposed, never deleted."""
        rows = zip(self.store.pks, self.unchanged, strict=True)
        there = self.seen.keys() | self.doubtful
        gone = [pk for pk, row in rows if not row and pk not in there]
        gone += [pk for pk in self.store.without_digest() if pk not in there]
        gone.sort()
        for start in range(0, len(gone), _CHUNK):
            rows = Institution.objects.filter(pk__in=gone[start : start + _CHUNK])
            for row in rows.working(self.day).order_by("pk"):
                self.plan.put(
                    Differing(
                        Outcome.MISSING,
                        pk=row.pk,
                        name=row.name,
                        before={"status": imports_columns.NORMAL},
                        after={"status": imports_columns.ENDED},
                        message=f"这份名单以前有这家机构，现在没有了。{self._unclear()}",
                        decide="missing",
                    )
                )

    def _unclear(self) -> str:
        """Some rows may be about this institution, and nobody can tell."""
        if not self.nobody:
            return ""
        return f"名单里有 {self.nobody} 行看不出是哪家机构，请先核对是不是它。"


def told_fields(values: Any) -> dict[str, Any]:
    """What a row says, by field of the institution; what it leaves blank is not in it."""
    said = {_SAYS[key]: value for key, value in values.items() if value and key in _SAYS}
    if "kind" in said:
        if kind := imports_columns.kind_of(said["kind"], said.get("national_code")):
            said["kind"] = kind
        else:
            del said["kind"]
    return said


def _stored(pks: list[Any], day: date) -> dict[int, dict[str, Any]]:
    columns = (*FIELDS.values(), "name_key", "initials", "order", "status")
    found = {
        row["pk"]: row for row in Institution.objects.filter(pk__in=pks).values("pk", *columns)
    }
    for row in found.values():
        row["valid_from"] = row["valid_from"] and row["valid_from"].isoformat()
        row["rights"] = []
        row["status"] = {
            "normal": imports_columns.NORMAL,
            "suspended": imports_columns.SUSPENDED,
        }.get(row["status"], imports_columns.ENDED)
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
    if one.after.get("status") == imports_columns.NORMAL:
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


def _row_kind(sheet: workbook.TableSheet, row: Any) -> str:
    """A row with a national code is data; a total may stand where the name should."""
    if row.cells[0].strip() in workbook.SAMPLES:
        return "sample"
    if imports_columns.CODE.fullmatch(sheet.value(row, "code")):
        return "data"
    if workbook.header_key(sheet.value(row, "name")) in ("合计", "小计", "总计", "共计"):
        return "total"
    return workbook.row_kind(row, sheet)


def _told(sheet: workbook.TableSheet, doubts: imports_kinds.Doubts) -> str:
    """One sentence with every complaint, by the header that stands in the file."""
    found = {**doubts.unsure, **doubts.bad}
    titles = {k: sheet.headers[i] for k, i in sheet.columns.items()}
    return "；".join(f"“{titles[k]}”{v}" if k in titles else v for k, v in found.items()) + "。"
