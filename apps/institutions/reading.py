"""A received list on its way from the kept bytes to what would change: opened, compared, staged.

A job of its own, or a moment of a page; how far it is stands in the database.
"""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from apps.institutions import comparing, listing
from apps.institutions.models import DiseaseGroup, ListImport, ListRow
from apps.institutions.plan import Outcome, Plan
from apps.institutions.store import Store
from apps.offices.models import City
from ydjy.desk import sheets, uploads, vault
from ydjy.desk.models import Upload
from ydjy.lib import workbook
from ydjy.lib.workbook import sift

KIND = "institutions"
LEASE = timedelta(minutes=30)  # a worker that says nothing for so long has died
_TOLD_EVERY = 20_000  # rows between two reports of progress
State, Job = ListImport.State, ListImport.Job


def list_kind(today: Any = None) -> sheets.ListKind:
    city = City.objects.maybe()
    return listing.kind(
        today=today or timezone.localdate(),
        area_code=city.area_code if city else None,
        vocabulary=DiseaseGroup.objects.vocabulary(),
    )


def _compared(one: ListImport) -> tuple[sheets.Opened, Plan]:
    """The comparison of the kept bytes with what is stored now."""
    store = Store(one.listed)
    try:
        opened = _opened(one, store)
        if sift.holds(opened.table):
            return opened, _compare(one, opened, store)
    except comparing.NeedsCells:
        pass
    opened = _opened(one)
    return opened, _compare(one, opened, store)


def _opened(one: ListImport, store: Store | None = None) -> sheets.Opened:
    """The list, without the cells of the rows that ``store`` knows."""
    kind, upload, remembered = list_kind(), one.upload, uploads.remembered(KIND)
    by = store and workbook.Sift(
        workbook.header_names(kind.columns, remembered), comparing.APART, lambda: store.digests
    )
    book = workbook.read_guarded(
        vault.get(upload.stored),
        kind.limits,
        filename=upload.filename,
        encoding=upload.encoding,
        sift=by,
    )
    return sheets.open_book(kind, book, upload.filename, remembered=remembered)


def _compare(one: ListImport, opened: sheets.Opened, store: Store) -> Plan:
    _tell(one, 0, opened.size)
    told = 0

    def tell(done: int) -> None:
        nonlocal told
        if done - told >= _TOLD_EVERY:
            told = done
            _tell(one, done, opened.size)

    return comparing.compare(opened, one.listed, timezone.localdate(), tell, store)


def _tell(one: ListImport, done: int, total: int) -> None:
    until = timezone.now() + LEASE
    ListImport.objects.filter(pk=one.pk).update(done=done, total=total, job_until=until)


def read(one: ListImport) -> ListImport:
    """Compare and stage. A file that cannot be read is refused with the reader's sentence."""
    try:
        opened, plan = _compared(one)
    except workbook.WorkbookError as refused:
        return _refuse(one, str(refused))
    upload = one.upload
    upload.format, upload.layout = opened.book.format, opened.layout
    upload.encoding = opened.book.encoding or ""
    upload.unmapped = list(opened.unmapped)
    upload.message = "".join(opened.book.notes)[:400]
    with transaction.atomic():
        _stage(one, plan)
        upload.save()
    return one


def _refuse(one: ListImport, sentence: str) -> ListImport:
    one.upload.state, one.upload.message = Upload.State.REFUSED, sentence[:400]
    one.upload.save(update_fields=["state", "message"])
    one.state, one.job, one.message = State.REFUSED, Job.NONE, sentence[:400]
    one.save()
    return one


def _stage(one: ListImport, plan: Plan) -> None:
    """Keep what differs; the five counts of the receipt add up to all rows of the file."""
    one.rows.all().delete()
    ListRow.objects.bulk_create(_list_rows(one, plan), batch_size=500)
    upload = one.upload
    upload.accepted = plan.accepted
    for outcome in (Outcome.HELD, Outcome.REJECTED, Outcome.DUPLICATE, Outcome.SKIPPED):
        setattr(upload, outcome.value, plan.count(outcome))
    one.new, one.changed = plan.count(Outcome.NEW), plan.count(Outcome.CHANGED)
    one.unchanged, one.missing = plan.unchanged, plan.count(Outcome.MISSING)
    one.packed, one.state, one.job = vault.put(KIND, plan.pack()), State.STAGED, Job.NONE
    one.done = one.total = plan.total
    one.message = ""
    one.save()


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
