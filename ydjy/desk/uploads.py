"""A received file, from its bytes to its staged rows: used by every list that is imported.

The bytes are kept before anything is read from them, sealed and whatever they are, and the receipt
is committed; then every row is judged and staged. A crash in between loses nothing: the receipt
says ``RECEIVED``, and whoever comes next reads the kept bytes. A list's own module
(``errors/intake.py``) turns accepted rows into its records when a person confirms.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from hashlib import blake2b, sha256
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Count
from django.utils import timezone

from ydjy.desk import bulk, secrets, sheets, vault
from ydjy.desk.crashpoints import crashpoint
from ydjy.desk.models import ColumnMemory, StagedRow, Upload
from ydjy.desk.secrets import opened
from ydjy.desk.verbs import Refused
from ydjy.lib import workbook

STATUS_FIELDS = ("accepted", "held", "rejected", "duplicate", "skipped")
LEASE = timedelta(minutes=2)  # longer than the child may take to read any weekly file
_AT_A_TIME = 2_000  # rows staged at once
_TOLD_EVERY = 1.0  # seconds between two notes of progress


class AlreadyReceived(Refused):
    """The very same bytes were received before for this period; ``upload`` is that receipt."""

    def __init__(self, upload: Upload, sentence: str = "这个文件 {at} 已经导入过（{rows} 条）。"):
        self.upload = upload
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
    kind: sheets.ListKind,
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
    Raises ``AlreadyReceived`` for the same bytes and ``Refused`` for too many.
    """
    crashpoint("CI1")
    _must_fit(kind, len(data))
    digest = sha256(data).hexdigest()
    if twin := same_file(kind.code, period, digest):
        raise AlreadyReceived(twin)
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
        lease_until=timezone.now() + LEASE,
    )
    crashpoint("CI2")
    _save_once(upload)
    crashpoint("CI3")
    return upload


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


def _must_fit(kind: sheets.ListKind, size: int) -> None:
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
    ).update(state=Upload.State.RECEIVED, lease_until=timezone.now() + LEASE, done=0, total=0)
    if not changed:
        raise Refused("这个文件已经在导入，不能再对应列。")
    upload.refresh_from_db()


# Reading ---------------------------------------------------------------------------------------

Settle = Callable[[Upload, sheets.Report], None]


def read(upload: Upload, kind: sheets.ListKind, settle: Settle) -> None:
    """Read the kept bytes and stage every row of them with its verdict.

    ``settle`` compares the rows with what the list's own tables know; it may refuse the file.
    Raises ``Unreadable`` with the sentence, or ``AlreadyReceived`` when an earlier file has
    exactly these rows. Whoever reads the same receipt at the same time stages nothing.
    """
    columns, writing = remembered(kind.code, upload.sender), upload.encoding
    data, name = vault.get(upload.stored), upload.filename
    try:
        file = sheets.open_file(kind, data, name, remembered=columns, encoding=writing)
    except sheets.ColumnsMissing as unclear:
        layout = [{"sheet": "", "header_row": 0, "headers": list(unclear.headers), "columns": {}}]
        _end(upload, Upload.State.COLUMNS, str(unclear), layout=layout)
        raise Unreadable(upload) from unclear
    except workbook.WorkbookError as refused:
        _end(upload, Upload.State.REFUSED, str(refused))
        raise Unreadable(upload) from refused
    crashpoint("CI4")
    if twin := _same_rows(upload, file):
        said = "这个文件的内容与 {at} 收到的《{name}》完全相同（{rows} 条），没有新的行。"
        _end(upload, Upload.State.SAME, "", same_as=twin, duplicate=file.size)
        raise AlreadyReceived(twin, said)
    report = sheets.judge(file, _telling(upload, file.size))
    try:
        settle(upload, report)
    except Refused as refused:
        _end(upload, Upload.State.REFUSED, str(refused))
        raise Unreadable(upload) from refused
    with transaction.atomic():
        row = Upload.objects.select_for_update().get(pk=upload.pk)
        if row.state == Upload.State.RECEIVED:
            _stage(row, file, report)
    upload.refresh_from_db()
    crashpoint("CI5")


def _telling(upload: Upload, total: int) -> Callable[[int], None]:
    """Notes the progress of a long reading, and that somebody is at it."""
    begun = timezone.now()

    def tell(done: int) -> None:
        nonlocal begun
        now = timezone.now()
        if (now - begun).total_seconds() >= _TOLD_EVERY:
            begun = now
            Upload.objects.filter(pk=upload.pk).update(
                done=done, total=total, lease_until=now + LEASE
            )

    return tell


def _end(upload: Upload, state: str, message: str, **more: Any) -> None:
    """The reading is over without staged rows."""
    for name, value in {"state": state, "message": message[:400], **more}.items():
        setattr(upload, name, value)
    upload.lease_until = None
    upload.save()


def digests(file: sheets.Opened) -> Iterator[str]:
    """Of every row 16 hex digits that are equal exactly when its cells are; keyed, because what
    stands in the row is about a person."""
    key = secrets.row_key()
    for sheet in file.table.sheets:
        for row in sheet.rows:
            text = "\x1f".join(row.cells).encode("utf-8", "surrogatepass")
            yield blake2b(text, key=key, digest_size=8).hexdigest()


def _same_rows(upload: Upload, file: sheets.Opened) -> Upload | None:
    """An earlier file of the period with exactly these rows: the same sheet saved anew."""
    earlier = Upload.objects.of(upload.kind, upload.period).filter(
        state__in=[Upload.State.STAGED, Upload.State.CONFIRMED]
    )
    mine: list[str] | None = None
    for twin in earlier.exclude(pk=upload.pk).order_by("received_at"):
        if twin.rows_in != file.size or twin.layout != file.layout:
            continue
        mine = mine or list(digests(file))
        theirs = twin.rows.order_by("position").values_list("digest", flat=True)
        if mine == list(theirs):
            return twin
    return None


def _stage(upload: Upload, file: sheets.Opened, report: sheets.Report) -> None:
    """One staged row for each row of the file; the five counts always add up to all of them."""
    upload.rows.all().delete()
    keys: dict[int, int] = {}  # of a row that others are twins of
    wanted = {id(row.twin) for row in report.rows if row.twin}
    numbered = list(enumerate(zip(report.rows, digests(file), strict=True)))
    firsts = [item for item in numbered if item[1][0].twin is None]
    twins = [item for item in numbered if item[1][0].twin is not None]
    for group in (firsts, twins):
        for at in range(0, len(group), _AT_A_TIME):
            chunk = group[at : at + _AT_A_TIME]
            staged = [_staged(upload, n, row, digest, keys) for n, (row, digest) in chunk]
            bulk.insert(staged)
            for (_, (row, _)), one in zip(chunk, staged, strict=True):
                if id(row) in wanted:
                    keys[id(row)] = one.pk
    for name in STATUS_FIELDS:
        setattr(upload, name, report.count(name))
    upload.format, upload.encoding = report.format, file.book.encoding or ""
    upload.layout, upload.unmapped = report.layout, list(report.unmapped)
    _end(upload, Upload.State.STAGED, report.message, done=file.size, total=file.size)


def _staged(
    upload: Upload, position: int, row: sheets.ReadRow, digest: str, keys: dict[int, int]
) -> StagedRow:
    return StagedRow(
        upload=upload,
        position=position,
        sheet=row.sheet[:40],
        row=row.row,
        status=row.status,
        cells=list(row.cells),
        values=row.values,
        columns=list(row.columns),
        message=row.message[:400],
        digest=digest,
        original_id=row.original,
        twin_id=keys[id(row.twin)] if row.twin else None,
    )


def count(upload: Upload) -> None:
    """Count the rows anew after some were decided."""
    found = dict(upload.rows.order_by().values_list("status").annotate(Count("pk")))
    for name in STATUS_FIELDS:
        setattr(upload, name, found.get(name, 0))
    upload.save(update_fields=STATUS_FIELDS)


def interrupted(kind: str, now: datetime) -> Iterable[Upload]:
    """Receipts that somebody began to read or to import and did not end: a crash, a lost job."""
    unfinished = [Upload.State.RECEIVED, Upload.State.CONFIRMING]
    return Upload.objects.filter(kind=kind, state__in=unfinished, lease_until__lt=now)


def sweep(kind: str, *, older_than: float = 3600) -> int:
    """Remove kept bytes that no receipt knows (a crash between the two); returns how many."""
    known = set(Upload.objects.filter(kind=kind).values_list("stored", flat=True))
    lost = [name for name in vault.names(kind, older_than=older_than) if name not in known]
    for name in lost:
        vault.drop(name)
    return len(lost)


# Answering -------------------------------------------------------------------------------------


def report_of(upload: Upload, kind: sheets.ListKind) -> sheets.Report:
    """What was stored of the file, in the same form as the reader's report on it."""
    rows = [
        sheets.ReadRow(
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
    return sheets.Report(
        kind,
        upload.filename,
        "refused" if refused else "ok",
        upload.message,
        format=upload.format,
        rows=rows,
        unmapped=tuple(upload.unmapped),
        layout=upload.layout,
    )
