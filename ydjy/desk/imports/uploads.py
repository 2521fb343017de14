"""A received file, from its bytes to its staged rows: used by every list that is imported.

The bytes are kept before anything is read from them, sealed and whatever they are, and the receipt
is committed; then every row is judged and staged. A crash in between loses nothing: the receipt
says ``RECEIVED``, and whoever comes next reads the kept bytes. A list's own module
(``errors/intake.py``) turns accepted rows into its records when a person confirms.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from hashlib import blake2b, sha256
from itertools import islice, zip_longest
from secrets import randbelow
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Count
from django.utils import timezone

from ydjy.desk import bulk_insert, leases
from ydjy.desk.crashpoints import crashpoint
from ydjy.desk.crypto import fields as crypto_fields
from ydjy.desk.crypto import vault
from ydjy.desk.crypto.fields import opened
from ydjy.desk.exceptions import Refused, must
from ydjy.desk.imports import kinds as imports_kinds
from ydjy.desk.imports import quota, row_errors
from ydjy.desk.models import ColumnMemory, StagedRow, Upload
from ydjy.lib import workbook

STATUS_FIELDS = ("accepted", "held", "rejected", "duplicate", "skipped")
LEASE = timedelta(minutes=2)  # longer than the child may take to read any weekly file
_AT_A_TIME = 2_000  # rows staged at once


class AlreadyReceived(Refused):
    """The very same bytes were received before for this period; ``upload`` is that receipt."""

    def __init__(self, upload: Upload, sentence: str = "这个文件 {at} 已经导入过（{rows} 条）。"):
        self.upload = upload
        if upload.state == Upload.State.COLUMNS:
            sentence = "这个文件 {at} 已经收到，还没有导入：请在“对应列”里选好表里的列是什么。"
        at = timezone.localtime(upload.received_at)
        super().__init__(
            sentence.format(
                at=f"{at.month}月{at.day}日 {at:%H:%M}", rows=upload.rows_in, name=upload.filename
            )
        )


class Unreadable(Refused):
    """The file cannot be read; its receipt is kept. The text is the reader's sentence."""

    def __init__(self, upload: Upload):
        self.upload = upload
        super().__init__(upload.message)


# Receiving -------------------------------------------------------------------------------------


def keep(
    kind: imports_kinds.ListKind,
    data: bytes,
    filename: str,
    *,
    period: str,
    by: Any,
    office_path: str,
    now: datetime,
    sender: str = "",
) -> Upload:
    """Keep the bytes and make the receipt; nothing is read yet.

    ``office_path``: the office that receives the file, whose people and superiors may see it.
    Raises ``AlreadyReceived`` for the same bytes and ``Refused`` for too many, or no room.
    """
    crashpoint("CI1")
    _must_fit(kind, len(data))
    digest = sha256(data).hexdigest()
    if twin := same_file(kind.code, period, digest):
        raise AlreadyReceived(twin)
    quota.must_have_room(len(data))
    upload = Upload(
        kind=kind.code,
        period=period,
        filename=safe_name(filename),
        sender=sender.strip()[:40],
        sha256=digest,
        size=len(data),
        stored=vault.put(kind.code, data),
        office_path=office_path,
        received_at=now,
        received_by=by,
        state=Upload.State.RECEIVED,
        lease_until=leases.until(LEASE, timezone.now()),
    )
    crashpoint("CI2")
    _save_once(upload)
    crashpoint("CI3")
    return upload


def must_see(by: Any) -> None:
    """Whoever brings a list of cases sees it afterwards: a superuser without a case role, or an
    office, would find nothing. Told before the file is chosen."""
    must(
        getattr(by, "case_path", None),
        "你的账号没有经办岗位或者没有设机构，导入以后自己也看不到，不能导入。"
        "请换经办人员的账号，或者先请管理员设好岗位和机构。",
    )


def _save_once(upload: Upload) -> None:
    """The receipt, or ``AlreadyReceived`` when the same bytes were sent in the same moment."""
    try:
        with transaction.atomic():
            upload.save()
    except IntegrityError:
        vault.drop(upload.stored)
        twin = same_file(upload.kind, upload.period, upload.sha256)
        if twin is None:
            raise
        raise AlreadyReceived(twin) from None


def _must_fit(kind: imports_kinds.ListKind, size: int) -> None:
    if size > kind.limits.upload:
        raise Refused(
            f"文件有 {size / 1048576:.1f} MB，最多 {kind.limits.upload // 1048576} MB。"
            "请删去图片和多余的工作表后再导入。"
        )


def same_file(kind: str, period: str, digest: str) -> Upload | None:
    return Upload.objects.of(kind, period).filter(sha256=digest, state__in=Upload.LIVE).first()


def safe_name(filename: str) -> str:
    """The name for people: no path, no control characters, at most 120 characters."""
    name = filename.replace("\\", "/").rsplit("/", 1)[-1]
    name = "".join(ch for ch in name if ch.isprintable() and ch not in '"<>|:*?')
    return name[-120:] or "未命名"


def remembered(kind: str, sender: str = "") -> dict[str, str]:
    """How this sender names the columns, where a person once had to say it."""
    rows = ColumnMemory.objects.filter(kind=kind, sender__in={"", sender}).order_by("sender")
    return dict(rows.values_list("header", "key"))


def remember(kind: str, sender: str, keys: dict[str, str]) -> None:
    for header, key in keys.items():
        ColumnMemory.objects.update_or_create(
            kind=kind, sender=sender, header=header[:60], defaults={"key": key}
        )


def read_anew(upload: Upload) -> None:
    """Forget what was read of it, so that it can be read with other columns."""
    changed = Upload.objects.filter(
        pk=upload.pk, state__in=[Upload.State.COLUMNS, Upload.State.STAGED]
    ).update(
        state=Upload.State.RECEIVED,
        lease_until=leases.until(LEASE, timezone.now()),
        done=0,
        total=0,
    )
    if not changed:
        raise Refused("这个文件已经在导入，不能再对应列。")
    upload.refresh_from_db()


# Reading ---------------------------------------------------------------------------------------

Settle = Callable[[Upload, imports_kinds.Report], None]


class ReadElsewhere(Refused):
    """Somebody else began to read the same receipt after us and goes on with it."""


def read(
    upload: Upload, kind: imports_kinds.ListKind, settle: Settle, *, at_a_time: int = 0
) -> None:
    """Read the kept bytes and stage every row of them with its verdict, some thousand at a time
    (``at_a_time``: for a list whose rows can only be judged together).

    ``settle`` compares the rows of each part with what the list's own tables know; it may refuse
    the file. Raises ``Unreadable`` with the sentence, or ``AlreadyReceived`` when an earlier file
    has exactly these rows. Whoever reads the same receipt later than others goes on alone.
    """
    columns, writing = remembered(kind.code, upload.sender), upload.encoding
    data, name = vault.get(upload.stored), upload.filename
    try:
        file = imports_kinds.open_file(kind, data, name, remembered=columns, encoding=writing)
    except imports_kinds.ColumnsMissing as unclear:
        _end(upload, Upload.State.COLUMNS, str(unclear), layout=unclear.layout)
        raise Unreadable(upload) from unclear
    except workbook.WorkbookError as refused:
        _end(upload, Upload.State.REFUSED, str(refused))
        raise Unreadable(upload) from refused
    crashpoint("CI4")
    if twin := _same_rows(upload, file):
        said = "这个文件的内容与 {at} 收到的《{name}》完全相同（{rows} 条），没有新的行。"
        _end(upload, Upload.State.SAME, "", same_as=twin, duplicate=file.size)
        raise AlreadyReceived(twin, said)
    try:
        _stage_all(upload, file, settle, at_a_time or _AT_A_TIME)
    except Refused as refused:
        if isinstance(refused, ReadElsewhere):
            raise
        quota.forget_rows(upload)
        _end(upload, Upload.State.REFUSED, str(refused))
        raise Unreadable(upload) from refused
    upload.refresh_from_db()
    crashpoint("CI5")


def _stage_all(upload: Upload, file: imports_kinds.Opened, settle: Settle, at_a_time: int) -> None:
    """One staged row for each row of the file; the five counts always add up to all of them.

    Each part is committed with how far the reading is; until the last one the receipt says
    ``RECEIVED``, so what a crash leaves of it is thrown away and read anew.
    """
    counts: Counter[str] = Counter()
    mine, done, layout = _take(upload, file.size), 0, file.layout
    rows, numbers = imports_kinds.judged(file), digests(file)
    while done < file.size:
        part = list(islice(rows, at_a_time))
        settle(
            upload,
            imports_kinds.Report(file.kind, file.filename, "ok", "", rows=part, layout=layout),
        )
        counts.update(row.status for row in part)
        with transaction.atomic():
            row = Upload.objects.select_for_update().get(pk=upload.pk)
            whole = len(part) == file.size
            if row.state != Upload.State.RECEIVED:
                return
            if not whole and row.lease_until != mine:
                raise ReadElsewhere("这个文件正在由系统核对，请稍后再看。")
            if not done:
                quota.forget_rows(row)
            _stage(row, part, done, numbers)
            done += len(part)
            if done < file.size:
                mine = row.lease_until = _lease()
                row.done = done
                row.save(update_fields=["lease_until", "done"])
            else:
                _staged(row, file, counts)


def _take(upload: Upload, total: int) -> datetime | None:
    """Whoever reads it now is known by the end of the lease, which no two have in common."""
    mine = _lease()
    unread = Upload.objects.filter(pk=upload.pk, state=Upload.State.RECEIVED)
    unread.update(lease_until=mine, done=0, total=total)
    return mine


def _lease() -> datetime:
    span = LEASE + timedelta(microseconds=randbelow(1_000_000))
    return leases.until(span, timezone.now())


def _stage(
    upload: Upload, part: list[imports_kinds.ReadRow], position: int, numbers: Iterator[str]
) -> None:
    """Write a part of the rows; a later row may be the twin of one of an earlier part."""
    keys = bulk_insert.keys(StagedRow, len(part))
    for row, key in zip(part, keys, strict=True):
        if row.first:
            row.first.key = key
    staged = (
        (
            key,
            upload.pk,
            n,
            row.sheet[:40],
            row.row,
            row.status,
            row.cells,
            row.values,
            row.columns,
            row.message[:400],
            digest,
            row.original,
            row.twin.key if row.twin else None,
        )
        for n, (key, row, digest) in enumerate(zip(keys, part, numbers, strict=False), position)
    )
    bulk_insert.insert_values(StagedRow, _STAGED, staged)


_STAGED = (
    *("id", "upload_id", "position", "sheet", "row", "status", "cells", "values"),
    *("columns", "message", "digest", "original_id", "twin_id"),
)


def _staged(upload: Upload, file: imports_kinds.Opened, counts: Counter[str]) -> None:
    for name in STATUS_FIELDS:
        setattr(upload, name, counts[name])
    upload.format, upload.encoding = file.book.format, file.book.encoding or ""
    upload.layout, upload.unmapped = file.layout, list(file.unmapped)
    said = imports_kinds.in_words(file, counts)
    _end(upload, Upload.State.STAGED, said, done=file.size, total=file.size)


def _end(upload: Upload, state: str, message: str, **more: Any) -> None:
    """The reading is over without staged rows."""
    for name, value in {"state": state, "message": message[:400], **more}.items():
        setattr(upload, name, value)
    upload.lease_until = None
    upload.save()


def digests(file: imports_kinds.Opened) -> Iterator[str]:
    """Of every row 16 hex digits that are equal exactly when its cells are; keyed, because what
    stands in the row is about a person."""
    key = crypto_fields.row_key()
    for sheet in file.table.sheets:
        for row in sheet.rows:
            text = "\x1f".join(row.cells).encode("utf-8", "surrogatepass")
            yield blake2b(text, key=key, digest_size=8).hexdigest()


def _same_rows(upload: Upload, file: imports_kinds.Opened) -> Upload | None:
    """An earlier file of the period with exactly these rows: the same sheet saved anew."""
    earlier = Upload.objects.of(upload.kind, upload.period).filter(
        state__in=[Upload.State.STAGED, Upload.State.CONFIRMED]
    )
    for twin in earlier.exclude(pk=upload.pk).order_by("received_at"):
        if twin.rows_in != file.size or twin.layout != file.layout:
            continue
        theirs = twin.rows.order_by("position").values_list("digest", flat=True)
        if all(a == b for a, b in zip_longest(digests(file), theirs.iterator())):
            return twin
    return None


def count(upload: Upload) -> None:
    """Count the rows anew after some were decided; the sentence on the file has the new numbers."""
    before = row_errors.summary({name: getattr(upload, name) for name in STATUS_FIELDS})
    found = dict(upload.rows.order_by().values_list("status").annotate(Count("pk")))
    for name in STATUS_FIELDS:
        setattr(upload, name, found.get(name, 0))
    upload.message = upload.message.replace(before, row_errors.summary(found))[:400]
    upload.save(update_fields=[*STATUS_FIELDS, "message"])


def interrupted(kind: str, now: datetime) -> Iterable[Upload]:
    """Receipts that somebody began to read or to import and did not end: a crash, a lost job."""
    unfinished = [Upload.State.RECEIVED, Upload.State.CONFIRMING, Upload.State.UNDOING]
    return Upload.objects.filter(kind=kind, state__in=unfinished, lease_until__lt=now)


# Answering -------------------------------------------------------------------------------------


def report_of(upload: Upload, kind: imports_kinds.ListKind) -> imports_kinds.Report:
    """What was stored of the file, in the same form as the reader's report on it."""
    rows = [
        imports_kinds.ReadRow(
            row.sheet,
            row.row,
            tuple(opened(row.cells) or ()),
            row.status,
            opened(row.values) or {},
            tuple(row.columns),
            row.message,
        )
        for row in upload.rows.all()
    ]
    refused = upload.state == Upload.State.REFUSED
    crashpoint("CI9")
    return imports_kinds.Report(
        kind,
        upload.filename,
        "refused" if refused else "ok",
        upload.message,
        format=upload.format,
        rows=rows,
        unmapped=tuple(upload.unmapped),
        layout=upload.layout,
    )
