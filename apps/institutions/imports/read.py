"""A received list on its way from the kept bytes to what would change: opened, compared, staged.

A job of its own, or a moment of a page; how far it is stands in the database.
"""

from collections.abc import Callable, Iterable
from datetime import timedelta
from functools import partial
from typing import Any

from django.db import transaction
from django.utils import timezone

from apps.institutions.imports import columns as imports_columns
from apps.institutions.imports import compare as imports_compare
from apps.institutions.imports.diff import Outcome, Plan
from apps.institutions.imports.stored import Store
from apps.institutions.models import DiseaseGroup, ListImport, ListRow
from apps.offices.models import City
from ydjy.desk import leases
from ydjy.desk.crypto import vault
from ydjy.desk.imports import kinds as imports_kinds
from ydjy.desk.imports import problem_workbook, uploads
from ydjy.desk.models import Upload
from ydjy.lib import workbook
from ydjy.lib.workbook import known_rows

KIND = "institutions"
LEASE = timedelta(minutes=30)  # a worker that says nothing for so long has died
_TOLD_EVERY = 20_000  # rows between two reports of progress
_PART = "这是改好的有问题的行，不是整份名单，里面没有的机构不看作停用。"
COUNTS = uploads.STATUS_FIELDS
State, Job = ListImport.State, ListImport.Job


def list_kind(today: Any = None) -> imports_kinds.ListKind:
    city = City.objects.maybe()
    return imports_columns.kind(
        today=today or timezone.localdate(),
        area_code=city.area_code if city else None,
        vocabulary=DiseaseGroup.objects.vocabulary(),
    )


def _compared(one: ListImport) -> tuple[imports_kinds.Opened, Plan]:
    """The comparison of the kept bytes with what is stored now."""
    store = Store(one.listed)
    try:
        opened = _opened(one, store)
        if known_rows.holds(opened.table):
            return opened, _compare(one, opened, store)
    except imports_compare.NeedsCells:
        pass
    opened = _opened(one)
    return opened, _compare(one, opened, store)


def _opened(one: ListImport, store: Store | None = None) -> imports_kinds.Opened:
    """The list, without the cells of the rows that ``store`` knows."""
    kind, upload, remembered = list_kind(), one.upload, uploads.remembered(KIND)
    by = store and workbook.Sift(
        workbook.header_names(kind.columns, remembered),
        imports_compare.APART,
        lambda: store.digests,
    )
    book = workbook.read_guarded(
        vault.get(upload.stored),
        kind.limits,
        filename=upload.filename,
        encoding=upload.encoding,
        sift=by,
    )
    return imports_kinds.open_book(kind, book, upload.filename, remembered=remembered)


def _compare(one: ListImport, opened: imports_kinds.Opened, store: Store) -> Plan:
    _tell(one, 0, opened.size)
    told = 0

    def tell(done: int) -> None:
        nonlocal told
        if done - told >= _TOLD_EVERY:
            told = done
            _tell(one, done, opened.size)

    return imports_compare.compare(opened, one.listed, timezone.localdate(), tell, store)


def _tell(one: ListImport, done: int, total: int) -> None:
    ours = ListImport.objects.filter(pk=one.pk, job=one.job, job_since=one.job_since)
    ours.update(done=done, total=total, job_until=leases.until(LEASE, timezone.now()))


def read(one: ListImport) -> ListImport:
    """Compare and stage. A file that cannot be read is refused with the reader's sentence, and a
    person is asked for the columns where that would help. What was given up or begun anew
    meanwhile is left as it is."""
    end: Callable[[], None]
    try:
        end = partial(_stage, one, *_compared(one))
    except workbook.WorkbookError as unread:
        end = partial(_refuse, one, unread)
    with transaction.atomic():
        if _is_still_ours(one):
            end()
            return one
    one.refresh_from_db()
    return one


def _is_still_ours(one: ListImport) -> bool:
    """Whether the list waits for what was read. Its row is held from here on: whoever gives the
    list up comes before this, or after all that is written of it."""
    row = ListImport.objects.select_for_update(of=("self",)).get(pk=one.pk)
    return (row.state, row.job, row.job_since) == (one.state, one.job, one.job_since)


def _refuse(one: ListImport, unread: workbook.WorkbookError) -> None:
    """Nothing of an earlier reading stays beside the sentence."""
    sentence = str(unread)[:400]
    _count(one, Plan())
    upload = one.upload
    upload.state, upload.message = Upload.State.REFUSED, sentence
    if isinstance(unread, imports_kinds.ColumnsMissing):
        upload.state, upload.layout = Upload.State.COLUMNS, unread.layout
    upload.save(update_fields=["state", "message", "layout", *COUNTS])
    one.packed, one.state, one.job, one.message = "", State.REFUSED, Job.NONE, sentence
    one.save()


def _stage(one: ListImport, opened: imports_kinds.Opened, plan: Plan) -> None:
    """Keep what differs; the five counts of the receipt add up to all rows of the file."""
    _count(one, plan)
    upload = one.upload
    upload.format, upload.encoding = opened.book.format, opened.book.encoding or ""
    upload.layout, upload.unmapped = opened.layout, list(opened.unmapped)
    part = [_PART] if problem_workbook.mended(opened.layout) else []
    upload.message = "".join([*part, *opened.book.notes])[:400]
    upload.save(update_fields=["format", "encoding", "layout", "unmapped", "message", *COUNTS])
    one.packed, one.state, one.job = vault.put(KIND, plan.pack()), State.STAGED, Job.NONE
    one.message = ""
    one.save()


def _count(one: ListImport, plan: Plan) -> None:
    """The rows that differ, in place of those of an earlier reading, and how many of all."""
    one.rows.all().delete()
    ListRow.objects.bulk_create(_list_rows(one, plan), batch_size=500)
    one.upload.accepted = plan.accepted
    for outcome in (Outcome.HELD, Outcome.REJECTED, Outcome.DUPLICATE, Outcome.SKIPPED):
        setattr(one.upload, outcome.value, plan.count(outcome))
    one.new, one.changed = plan.count(Outcome.NEW), plan.count(Outcome.CHANGED)
    one.unchanged, one.missing = plan.unchanged, plan.count(Outcome.MISSING)
    one.done = one.total = plan.total


def _list_rows(one: ListImport, plan: Plan) -> Iterable[ListRow]:
    for row in plan.rows:
        yield ListRow(
            of=one,
            outcome=row.outcome,
            sheet=row.sheet[:40],
            row=row.row,
            institution=row.pk,
            name=row.name[:120],
            before=row.before,
            after=row.after,
            cells=list(row.cells),
            message=row.message,
            decide=row.decide,
        )
