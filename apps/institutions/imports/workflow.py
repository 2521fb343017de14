"""A list of institutions from its bytes to the directory: take, read, draft, publish, undo.

    take ──read──▶ staged ──draft──▶ draft ──publish (second person)──▶ published ──undo──▶ undone

``take`` keeps the bytes. ``read`` (:mod:`reading`) compares them with what is stored and stages
the rows that differ. ``draft`` is the clerk's word, all or none unless he says otherwise;
``publish`` is another person's, and writes in one transaction (:mod:`writing`). What takes more
than a moment is a job: its state stands in the database, Celery only wakes, and every job may be
run again.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from apps.institutions.imports import compare as imports_compare
from apps.institutions.imports import effects
from apps.institutions.imports import write as imports_write
from apps.institutions.imports.diff import SAMPLE, Differing, Kept, Outcome
from apps.institutions.imports.read import KIND, LEASE, list_kind, read
from apps.institutions.models import Institution, ListImport, ListRow
from ydjy.desk import leases
from ydjy.desk.crypto import vault
from ydjy.desk.exceptions import Refused, must
from ydjy.desk.imports import cleanup, encodings, uploads
from ydjy.desk.imports import problem_workbook as imports_problem_workbook
from ydjy.desk.imports import undo as imports_undo
from ydjy.desk.models import Upload

AT_ONCE = 200_000  # bytes of a file that is read while the person waits
State, Job = ListImport.State, ListImport.Job
PROBLEMS = (Outcome.HELD, Outcome.REJECTED)


def take(
    data: bytes, filename: str, *, listed: str, by: Any, now: datetime | None = None
) -> ListImport:
    """Keep the file; nothing is read yet. ``uploads.AlreadyReceived`` for the same bytes."""
    upload = uploads.keep(
        list_kind(),
        data,
        filename,
        period=listed,
        by=by,
        office_path=by.office.path if by is not None and by.office_id else "",
        now=now or timezone.now(),
    )
    return _adopt(upload)


@transaction.atomic
def _adopt(upload: Upload) -> ListImport:
    """The receipt's reader is for lists whose rows are staged one by one; this one is ours."""
    upload.state, upload.lease_until = Upload.State.STAGED, None
    upload.save(update_fields=["state", "lease_until"])
    return ListImport.objects.create(
        upload=upload, listed=upload.period, job=Job.READ, job_since=timezone.now()
    )


# Reading ---------------------------------------------------------------------------------------


@transaction.atomic
def use_encoding(one: ListImport, encoding: str) -> None:
    """Another encoding, chosen by a person; the list is to be read by it."""
    read_anew(one)
    encodings.choose(one.upload, encoding)


@transaction.atomic
def use_columns(one: ListImport, keys: dict[str, str]) -> None:
    """Which column is which, said by a person (header → key, blank for one that is left out): the
    list is to be read by it, and so is every later one."""
    read_anew(one)
    uploads.remember(KIND, "", keys)


@transaction.atomic
def read_anew(one: ListImport) -> None:
    """To be read once more. A list that is already read anew, or is submitted, stays as it is."""
    row = _held(one)
    must(row.can_be_read_anew, "提交以后不能再改，请先退回。")
    row.state, row.job, row.message = State.READING, Job.READ, ""
    row.job_since, row.job_until = timezone.now(), None
    row.save(update_fields=["state", "job", "message", "job_since", "job_until"])
    row.upload.state, row.upload.message = Upload.State.STAGED, ""
    row.upload.save(update_fields=["state", "message"])


def _held(one: ListImport) -> ListImport:
    """The row as it stands, kept from all others until the transaction ends."""
    held = ListImport.objects.select_for_update(of=("self",)).select_related("upload")
    return held.get(pk=one.pk)


def problem_workbook(one: ListImport) -> tuple[str, bytes]:
    """下载有问题的 n 行: the sender's layout with a column that says what is wrong. Mended, it is
    received as it is, and says nothing of the institutions that are not in it."""
    headers = [header for sheet in one.upload.layout for header in sheet["headers"] if header]
    rows = one.rows.filter(outcome__in=PROBLEMS).order_by("row", "pk")
    return imports_problem_workbook.workbook_of(
        one.upload,
        (
            imports_problem_workbook.Waiting(
                row.sheet,
                row.row,
                row.cells,
                {header for header in headers if f"“{header}”" in row.message},
                row.message,
            )
            for row in rows
        ),
    )


# Deciding --------------------------------------------------------------------------------------


def allow(one: ListImport, rows: Iterable[int], *, of: Iterable[int] | None = None) -> None:
    """Agree to a wider scope, a taking up again, or a stop for these rows, and to no other row
    ``of`` the page (of the whole list)."""
    must(one.state == State.STAGED, "提交以后不能再改，请先退回。")
    open_questions = one.rows.exclude(decide="")
    asked = open_questions if of is None else open_questions.filter(pk__in=list(of))
    asked.update(allowed=False)
    asked.filter(pk__in=list(rows)).update(allowed=True)


def draft(one: ListImport, *, by: Any, only_good: bool = False) -> None:
    """The clerk's word. All or none: with doubtful rows he must say that the others may go in."""
    must(one.state == State.STAGED, f"这份名单{one.get_state_display()}，现在不能提交。")
    must(
        only_good or not one.problems,
        f"有 {one.problems} 行有问题。请改好后重新上传，或者选“只导入没有问题的行”。",
    )
    must(
        one.new or one.changed or one.rows.filter(allowed=True).exists(),
        "这份名单和现在的资料完全一样，没有要发布的内容。",
    )
    one.state, one.only_good = State.DRAFT, only_good
    one.drafted_by, one.drafted_at = by, timezone.now()
    one.save()


def hand_back(one: ListImport) -> None:
    """The second person sends a draft back to be looked at again."""
    must(one.state == State.DRAFT, "只有等发布的名单可以退回。")
    one.state, one.drafted_by, one.drafted_at = State.STAGED, None, None
    one.save()


@transaction.atomic
def abandon(one: ListImport) -> None:
    one = _held(one)
    undecided = one.state in (State.STAGED, State.DRAFT, State.READING)
    must(undecided or one.asks_columns, "这份名单不能放弃了。")
    one.state, one.job, one.message = State.ABANDONED, Job.NONE, ""
    one.save()
    one.upload.state = Upload.State.ABANDONED
    one.upload.save(update_fields=["state"])


def ask_publish(one: ListImport, *, by: Any) -> None:
    """The second person's word; the writing itself is a job."""
    must(one.state == State.DRAFT, f"这份名单{one.get_state_display()}，不能发布。")
    maker = {one.drafted_by_id, one.upload.received_by_id} - {None}
    must(by is None or by.pk not in maker, "提交的人不能自己发布，请另一位同事核对后发布。")
    one.published_by = by
    one.job, one.job_since, one.job_until = Job.PUBLISH, timezone.now(), None
    one.save()


# Publishing ------------------------------------------------------------------------------------


def publish(one: ListImport) -> ListImport:
    """Write it all, or nothing. If what it builds on has changed since it was looked at, it is
    compared anew and goes back to the first person."""
    plan = Kept.of(vault.get(one.packed))
    with transaction.atomic():
        one = ListImport.objects.select_for_update(of=("self",)).get(pk=one.pk)
        if one.state == State.PUBLISHED:
            return one
        must(one.state == State.DRAFT, f"这份名单{one.get_state_display()}，不能发布。")
        _take_time()
        if imports_compare.outdated(plan, one.listed, timezone.localdate()):
            return _look_again(one)
        _write(one, plan)
        one.state, one.job, one.published_at = State.PUBLISHED, Job.NONE, timezone.now()
        one.save()
        upload = one.upload
        upload.state, upload.confirmed_at = Upload.State.CONFIRMED, one.published_at
        upload.confirmed_by = one.published_by
        upload.save(update_fields=["state", "confirmed_at", "confirmed_by"])
    if connection.vendor == "postgresql" and one.new > SAMPLE:
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE institutions_institution, institutions_searchentry")
    return one


def _look_again(one: ListImport) -> ListImport:
    read(one)
    one.drafted_by = one.published_by = one.drafted_at = None
    if one.state == State.STAGED:
        one.message = "提交以后资料又有人改过，请把变化再看一遍，重新提交。"
    one.save()
    return one


def _take_time() -> None:
    """A list of hundreds of thousands may take longer than a page is allowed to."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL statement_timeout = 0")
            cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")


def _write(one: ListImport, plan: Kept) -> None:
    today = timezone.localdate()
    stamp = imports_write.Stamp(number=one.pk, listed=one.listed, by=one.published_by, day=today)
    new = imports_write.insert(plan.new, stamp)
    kept = {row.institution: row for row in one.rows.exclude(institution=None)}
    changed = plan.changed()
    for row in changed:
        _leave_what_nobody_allowed(row, kept[row.pk])
    fields = set(imports_compare.FIELDS.values())
    imports_write.update(
        [row for row in changed if not row.decide or fields & row.after.keys()], stamp
    )
    renamed = [row.pk for row in changed if "name" in row.after and row.pk is not None]
    for start in range(0, len(renamed), 500):
        Institution.objects.filter(pk__in=renamed[start : start + 500]).index()
    missing = [row for row in plan.missing() if kept[row.pk].allowed]
    effects.apply([*new, *changed, *missing], kept, stamp)


def _leave_what_nobody_allowed(row: Differing, kept: ListRow) -> None:
    """Without a person's word a scope does not widen and a suspension does not end; the row's
    fingerprint is not kept then, so that the next list brings the question again."""
    if kept.allowed:
        row.decide = ""
        return
    for name in filter(None, row.decide.split(",")):
        row.after.pop({"scope": "scope", "resume": "status"}[name], None)


# Undoing ---------------------------------------------------------------------------------------


def brought(upload: Upload) -> imports_undo.Brought:
    return effects.brought(ListImport.objects.get(upload=upload))


@transaction.atomic
def ask_undo(one: ListImport, *, by: Any, reason: str) -> None:
    must(one.state == State.PUBLISHED, "只有发布了的名单可以撤回。")
    one.upload.undone_by, one.upload.undo_reason = by, imports_undo.must_say_why(reason)
    one.upload.save(update_fields=["undone_by", "undo_reason"])
    one.job, one.job_since, one.job_until = Job.UNDO, timezone.now(), None
    one.save()


@transaction.atomic
def undo(one: ListImport) -> ListImport:
    """Take back what nobody has touched since; the rest stays, row by row with the reason."""
    one = ListImport.objects.select_for_update(of=("self",)).get(pk=one.pk)
    if one.state != State.PUBLISHED:
        return one
    _take_time()
    back, kept = effects.take_back(one)
    one.state, one.job = State.UNDONE, Job.NONE
    one.message = f"撤回了 {back} 家机构的改动" + (
        f"，{kept} 家后来有人改过，没有动。" if kept else "。"
    )
    one.save()
    one.upload.state = Upload.State.UNDONE
    one.upload.save(update_fields=["state"])
    return one


# Jobs ------------------------------------------------------------------------------------------

_JOBS = {Job.READ: read, Job.PUBLISH: publish, Job.UNDO: undo}


def run(pk: int) -> ListImport:
    """Do what this import waits for, if it waits for anything and nobody does it already."""
    now = timezone.now()
    mine = ListImport.objects.waiting(now).filter(pk=pk).update(job_until=leases.until(LEASE, now))
    one = ListImport.objects.select_related("upload").get(pk=pk)
    if not mine:
        return one
    try:
        one = _JOBS[ListImport.Job(one.job)](one)
    except Refused as refused:
        one.refresh_from_db()
        one.job, one.message = Job.NONE, str(refused)[:400]
        one.save(update_fields=["job", "message"])
    ListImport.objects.filter(pk=pk, job=Job.NONE).update(job_until=None)
    return one


# What is over -----------------------------------------------------------------------------------


def _give_up(upload: Upload) -> None:
    one = ListImport.objects.filter(upload=upload).first()
    if one is None:
        return cleanup.abandon(upload)
    must(one.job_until is None or one.job_until < timezone.now(), "这份名单正在后台办理。")
    return abandon(one)


def _forget(upload: Upload) -> None:
    for one in ListImport.objects.filter(upload=upload):
        one.rows.all().delete()
        one.packed = ""
        one.save(update_fields=["packed"])


KEPT = cleanup.Kept(
    KIND,
    _adopt,
    _give_up,
    _forget,
    lambda: ListImport.objects.values_list("packed", flat=True),
    imports_undo.Undo(brought),
)
