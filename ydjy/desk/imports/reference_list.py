"""Small reference lists by workbook: offices, telephones, days off, causes, snippets.

One declaration of columns (:class:`SmallList`) is the received list, the exported one and the
blank one to fill in. Every row is tried inside a transaction that is taken back, so a row may
build on an earlier one of the same file; what it would change is kept and shown; a person's word
writes it, all or none; and it can be taken back while nobody has touched it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.db import IntegrityError, models, transaction
from django.db.models import ProtectedError
from django.utils import timezone

from ydjy.desk import leases
from ydjy.desk.crypto.fields import opened
from ydjy.desk.exceptions import Refused, must
from ydjy.desk.exports.files import Column
from ydjy.desk.imports import kinds as imports_kinds
from ydjy.desk.imports import progress, undo, uploads
from ydjy.desk.imports.cleanup import Kept
from ydjy.desk.imports.columns import ListColumn, saying
from ydjy.desk.imports.kinds import ListKind
from ydjy.desk.imports.resource import Beside, Difference, Rows
from ydjy.desk.imports.row_errors import Cells, Doubts, Values
from ydjy.desk.models import Change, RowChange, StagedRow, Upload
from ydjy.lib import cell_parsers, workbook
from ydjy.lib.text import clean
from ydjy.lib.whole_numbers import whole_number

LIMITS = replace(workbook.OTHER, rows=3_000)
SEQ = {"seq": ("序号", "行号")}
AT_ODDS = "是同一条，内容不同，请只留一行"
CHANGED_MEANWHILE = "核对以后资料又有人改过，已经重新核对，请把变化再看一遍。"
_TOLD_EVERY = 50  # rows between two notes of progress
State = Upload.State
Tell = Callable[[int], None]
Numbered = list[tuple[int, Values]]


@dataclass(frozen=True)
class SmallList:
    """A list of reference rows. ``find``: the stored rows that a row may mean, by default those
    with the same identity; ``moved``: those that it may mean although the rest of their identity
    is another, where no other row of the file has the same first column of it; ``same``: by what
    two rows of a file are one thing; ``complete`` fills in what a list never says."""

    code: str
    label: str
    model: type[models.Model]
    columns: tuple[ListColumn, ...]
    find: Callable[[Values], Sequence[Any]] | None = None
    moved: Callable[[Values], Sequence[Any]] | None = None
    same: Callable[[Values], str | None] | None = None
    several: str = "有几条都是这样写的，请在页面上改"
    complete: Callable[[Any], None] = lambda thing: None

    @property
    def by_key(self) -> dict[str, ListColumn]:
        return {column.key: column for column in self.columns}

    @property
    def identity(self) -> tuple[str, ...]:
        return tuple(column.key for column in self.columns if column.identity)

    def kind(self) -> ListKind:
        names = "、".join(self.by_key[key].titles[0] for key in self.identity)
        return ListKind(
            code=self.code,
            label=self.label,
            limits=LIMITS,
            columns=SEQ | {column.key: column.titles for column in self.columns},
            required=self.identity,
            hint=f"请确认表头有{names}。",
            judge=self._judge,
            same=self.same or self._identity_of,
            guide={column.key: column.guide for column in self.columns},
            at_odds=AT_ODDS,
            measures={c.key: c.widget.measure for c in self.columns if c.widget.measure},
        )

    @property
    def kept(self) -> Kept:
        return Kept(self.code, self.go_on, undo=undo.Undo(self.brought, self.take_back))

    def export_columns(self) -> tuple[Column, ...]:
        return tuple(Column(column.titles[0], column.export) for column in self.columns)

    def _judge(self, cells: Cells) -> tuple[Values, Doubts]:
        doubts = Doubts()
        values: Values = {
            column.key: doubts.read(column.key, column.read, cells[column.key])
            for column in self.columns
            if column.key in cells
        }
        doubts.need(values, *self.identity)
        return values, doubts

    def _identity_of(self, values: Values) -> str | None:
        return "\x1f".join(values.get(key) or "" for key in self.identity) or None

    def meant_by(self, values: Values) -> Sequence[Any]:
        """The stored rows that a row may mean; more than one is one too many."""
        if self.find is not None:
            return self.find(values)
        known = {key: values[key] for key in self.identity}
        return saying(self.model._default_manager.all(), **known)

    def try_out(
        self, rows: Numbered, beside: Beside, tell: Tell = lambda done: None
    ) -> tuple[list[Difference], dict[int, str]]:
        """What every row would do, and which cannot be written and why; nothing is kept."""
        return Rows(self, beside, tell).write(rows, dry_run=True)

    # A file ------------------------------------------------------------------------------------

    def receive(self, data: bytes, filename: str, *, by: Any) -> Upload:
        """Keep the file and make its receipt; :meth:`read` reads it. A file whose reading was
        cut short by a crash is taken up again when it is sent again."""
        path = by.office.path if by is not None and by.office_id else ""
        today, now = str(timezone.localdate()), timezone.now()
        try:
            return uploads.keep(
                self.kind(), data, filename, period=today, by=by, office_path=path, now=now
            )
        except uploads.AlreadyReceived as twin:
            if twin.upload in uploads.interrupted(self.code, now):
                return twin.upload
            raise

    def check(self, data: bytes, filename: str) -> imports_kinds.Report:
        """What an import would make of the file, row by row; stores nothing (导入体检)."""
        known = uploads.remembered(self.code)
        report = imports_kinds.examine(self.kind(), data, filename, remembered=known)
        self._try_rows(report)
        return report

    def read(self, upload: Upload) -> None:
        # Whole: a row may build on any row before it, and the differences are kept together.
        try:
            uploads.read(upload, self.kind(), self._settle, at_a_time=LIMITS.last_row)
        finally:
            progress.forget(progress.of_upload(upload))

    def _settle(self, upload: Upload, report: imports_kinds.Report) -> None:
        made = self._try_rows(report, _telling(upload, len(report.rows)))
        _keep(upload, made, {one.at: report.rows[one.at].row for one in made})

    def _try_rows(
        self, report: imports_kinds.Report, tell: Tell = lambda done: None
    ) -> list[Difference]:
        """What the good rows would do; one that cannot be written says why."""
        rows = report.rows
        good = [
            (n, row.values) for n, row in enumerate(rows) if row.status == imports_kinds.ACCEPTED
        ]
        beside = Beside.of(self, [row.values for row in rows], report.layout)
        made, wrong = self.try_out(good, beside, tell)
        with imports_kinds.recounted(report):
            for at, sentence in wrong.items():
                rows[at].status, rows[at].message = imports_kinds.REJECTED, sentence
        return made

    def _beside(self, upload: Upload) -> Beside:
        rows = upload.rows.all() if self.moved else upload.rows.none()
        return Beside.of(self, [opened(row.values) or {} for row in rows], upload.layout)

    def confirm(self, upload: Upload, *, by: Any, only_good: bool = False) -> Upload:
        """Write what was shown, all of it or nothing; a second press changes nothing."""
        return self._import(upload) if self.begin(upload, by=by, only_good=only_good) else upload

    @transaction.atomic
    def begin(self, upload: Upload, *, by: Any, only_good: bool = False) -> bool:
        """A person's word that it is to be written; whoever has the lease does it. False when it
        was given before."""
        row = Upload.objects.select_for_update(of=("self",)).get(pk=upload.pk)
        if row.state in (State.CONFIRMED, State.CONFIRMING):
            return False
        must(row.state == State.STAGED, f"这个文件{row.get_state_display()}，不能导入。")
        problems = row.rejected + row.held
        must(
            only_good or not problems,
            f"有 {problems} 行有问题。请改好后重新上传，或者选“只导入没有问题的行”。",
        )
        must(row.changes.exists(), "这个文件和现在的资料完全一样，没有要导入的内容。")
        row.state, row.plan, row.confirmed_by = State.CONFIRMING, "good" if only_good else "all", by
        row.lease_until = leases.until(uploads.LEASE, timezone.now())
        row.save(update_fields=["state", "plan", "confirmed_by", "lease_until"])
        upload.refresh_from_db()
        return True

    def go_on(self, upload: Upload) -> None:
        """What a worker, or whoever comes after a crash, does with the receipt."""
        if upload.state == State.CONFIRMING:
            self._import(upload)
        else:
            self.read(upload)

    def _import(self, upload: Upload) -> Upload:
        try:
            with transaction.atomic():
                return self._write(upload.pk)
        except _Outdated:
            self._look_again(upload)
            raise Outdated(CHANGED_MEANWHILE) from None
        finally:
            progress.forget(progress.of_upload(upload))

    def _write(self, pk: int) -> Upload:
        upload = Upload.objects.select_for_update(of=("self",)).get(pk=pk)
        if upload.state != State.CONFIRMING:
            return upload  # somebody else has written it meanwhile
        rows = _accepted(upload)
        made, wrong = Rows(self, self._beside(upload), _telling(upload, len(rows))).write(
            rows, dry_run=False
        )
        shown = list(upload.changes.all())
        if wrong or [one.said for one in made] != [_shown(change).said for change in shown]:
            raise _Outdated
        for change, one in zip(shown, made, strict=True):
            change.thing, change.applied = one.thing, True
        RowChange.objects.bulk_update(shown, ["thing", "applied"], batch_size=500)
        upload.state, upload.lease_until = State.CONFIRMED, None
        upload.confirmed_at = timezone.now()
        upload.save(update_fields=["state", "lease_until", "confirmed_at"])
        return upload

    @transaction.atomic
    def _look_again(self, upload: Upload) -> None:
        made, wrong = self.try_out(_accepted(upload), self._beside(upload))
        places = dict(upload.rows.values_list("position", "row"))
        for row in upload.rows.filter(position__in=wrong):
            row.status, row.message = imports_kinds.REJECTED, wrong[row.position]
            row.save(update_fields=["status", "message"])
        _keep(upload, made, places)
        uploads.count(upload)
        upload.state, upload.lease_until, upload.message = State.STAGED, None, CHANGED_MEANWHILE
        upload.save(update_fields=["state", "lease_until", "message"])

    def brought(self, upload: Upload) -> undo.Brought:
        changes = upload.changes.filter(applied=True)
        things = self.model._default_manager.in_bulk([one.thing for one in changes])
        changed = self._changed_since(upload)
        standing = [
            one
            for one in changes
            if self._stands(one, things.get(whole_number(one.thing)), changed)
        ]
        return undo.Brought(len(changes), len(changes) - len(standing))

    def take_back(self, upload: Upload) -> tuple[int, list[str]]:
        """Take back what nobody has touched since: (how many, names of those left)."""
        back, left, changes = 0, [], upload.changes.filter(applied=True).order_by("-position")
        tell, changed = _telling(upload, len(changes)), self._changed_since(upload)
        for done, change in enumerate(changes, 1):
            tell(done)
            if self._take_back(change, changed):
                back += 1
            else:
                left.append(change.name)
        return back, left

    def _changed_since(self, upload: Upload) -> set[str]:
        """What somebody has changed since, in a column too of which the list said nothing."""
        table = self.model._meta.db_table
        updates = Change.objects.filter(table=table, operation="update")
        return set(updates.filter(at__gt=upload.confirmed_at).values_list("row", flat=True))

    def _stands(self, change: RowChange, thing: Any, changed: set[str]) -> bool:
        """Whether the thing is still as the list made it. One that the list made would go with all
        that was written into it since."""
        if thing is None or (change.new and change.thing in changed):
            return False
        columns = self.by_key
        return all(
            clean(columns[key].export(thing)) == clean(value) for key, value in change.after.items()
        )

    def _take_back(self, change: RowChange, changed: set[str]) -> bool:
        thing = self.model._default_manager.filter(pk=change.thing).first()
        columns = self.by_key
        if not self._stands(change, thing, changed):
            return False
        try:
            with transaction.atomic():
                if change.new:
                    thing.delete()
                    return True
                for key, value in change.before.items():
                    columns[key].put(thing, value)
                thing.save()
        except (ProtectedError, IntegrityError, cell_parsers.Bad):
            return False
        return True


class Outdated(Refused):
    """Nothing was written; the receipt says so, with the differences as they are now."""


def how_far(upload: Upload) -> tuple[int, int]:
    """(done, total) rows of what is being done with the file."""
    return progress.of(progress.of_upload(upload)) or (0, upload.accepted)


def _telling(upload: Upload, total: int) -> Tell:
    """Notes how far a long list is, every so many rows."""

    def tell(done: int) -> None:
        if done % _TOLD_EVERY == 0:
            progress.note(progress.of_upload(upload), done, total)

    return tell


class _Outdated(Exception):
    """What would be written is no longer what was shown."""


def _accepted(upload: Upload) -> list[tuple[int, Values]]:
    rows: Iterable[StagedRow] = upload.rows.filter(status=imports_kinds.ACCEPTED)
    return [(row.position, opened(row.values) or {}) for row in rows]


def _shown(change: RowChange) -> Difference:
    return Difference(
        change.position, change.thing, change.name, change.new, change.before, change.after
    )


def _keep(upload: Upload, made: Sequence[Difference], rows: Mapping[int, int]) -> None:
    upload.changes.all().delete()
    RowChange.objects.bulk_create(
        [
            RowChange(
                upload=upload,
                position=one.at,
                row=rows[one.at],
                thing="" if one.new else one.thing,
                name=one.name,
                new=one.new,
                before=one.before,
                after=one.after,
            )
            for one in made
        ],
        batch_size=500,
    )
