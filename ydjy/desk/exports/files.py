"""Making the file of an export: at once, or later from the filter that was kept.

    WAITING ──approve (second person)──▶ MAKING ──make──▶ READY ──time──▶ EXPIRED (file deleted)

What is made later is made with the rights that the person has then; a filter that meanwhile gives
more rows than were allowed makes nothing. Every handing out is a reading.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from io import BytesIO
from typing import Any, NamedTuple

from django.apps import apps
from django.contrib import admin
from django.db import transaction
from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone

from ydjy.desk import leases
from ydjy.desk.audit import access_log
from ydjy.desk.crypto import vault
from ydjy.desk.crypto.fields import Sealed
from ydjy.desk.exceptions import Refused, must
from ydjy.desk.models import Reading
from ydjy.desk.models.export import Export, ExportRule
from ydjy.desk.null_characters import asked_again
from ydjy.lib import idnumbers, masking, workbook

WHAT = "导出"
AT_ONCE = 10_000  # rows that are written while the person waits
KIND = "exports"
PATIENCE = timedelta(days=3)  # so long a request waits for the second person
_LEASE = timedelta(minutes=10)
State = Export.State


class Column(NamedTuple):
    """A column of an export: its title, and the row's attribute or a function of the row."""

    title: str
    of: Any

    def text(self, row: Any, full: bool) -> str:
        """The cell. A sealed value is a number of a person: masked unless in full."""
        value = getattr(row, self.of) if isinstance(self.of, str) else self.of(row)
        if isinstance(value, Sealed):
            number = value.reveal() if value else ""
            return number if full or not number else idnumbers.mask(number)
        if value is None:
            return ""
        return str(value) if full else masking.mask_in_text(str(value))


def write(page: Any, rows: Any, columns: Sequence[Column], form: str, full: bool, by: Any) -> Any:
    """(name, bytes) of a list."""
    header = [column.title for column in columns]
    return table(str(page.opts.verbose_name), header, _texts(columns, rows, full), form, by)


def table(
    name: str, header: Sequence[str], rows: Iterable[list[str]], form: str, by: Any
) -> tuple[str, bytes]:
    """(file name, bytes) of any table, with a first line that says who took it out and when."""
    now = timezone.localtime()
    title = f"{by} {now:%Y-%m-%d %H:%M} 导出，仅限工作使用"
    sheet = workbook.SheetOut(name=name[:30], header=list(header), rows=rows, title=title)
    target = BytesIO()
    (workbook.write_csv(target, sheet) if form == "csv" else workbook.write(target, [sheet]))
    return f"{name}-{now:%Y%m%d-%H%M}.{form}", target.getvalue()


def _texts(columns: Sequence[Column], rows: Any, full: bool) -> Iterator[list[str]]:
    for row in rows.iterator(chunk_size=500):
        yield [column.text(row, full) for column in columns]


def must_be_few(by: Any, number: int, rule: ExportRule) -> None:
    must(number, "没有可以导出的行，请先改筛选条件。")
    must(
        number <= rule.most,
        f"有 {number} 行，一次最多导出 {rule.most} 行。请先用筛选缩小范围。",
    )
    today = timezone.localdate()
    handed = Reading.objects.filter(by=by, what__startswith=WHAT, at__date=today).count()
    asked = Export.objects.filter(asked_by=by, asked_at__date=today).count()
    must(
        handed + asked < rule.a_day,
        f"今天已经导出 {handed + asked} 次，每人每天最多 {rule.a_day} 次，请明天再导出。",
    )


# Later -------------------------------------------------------------------------------------------


def ask(page: Any, query: str, *, by: Any, number: int, full: bool, **asked: Any) -> Export:
    """Keep what is asked for; whole numbers wait for a second person."""
    now = timezone.now()
    return Export.objects.create(
        table=page.opts.label_lower,
        query=query,
        rows=number,
        full=full,
        office_path=getattr(by, "office_path", None) or "",
        asked_by=by,
        asked_at=now,
        state=State.WAITING if full else State.MAKING,
        expires_at=now + PATIENCE,
        **asked,
    )


@transaction.atomic
def decide(export: Export, *, by: Any, allow: bool, words: str = "") -> Export:
    """The second person's word."""
    export = Export.objects.select_for_update(of=("self",)).get(pk=export.pk)
    must(export.state == State.WAITING, f"这张导出单{export.get_state_display()}，不用再批准。")
    must(export.asked_by_id != by.pk, "自己申请的导出要由另一个人批准。")
    must(allow or words.strip(), "请写明为什么不批准。")
    export.decided_by, export.decided_at = by, timezone.now()
    export.words = words.strip()[:200]
    export.state = State.MAKING if allow else State.DECLINED
    export.save()
    return export


def make(pk: int) -> None:
    """Write the file of one export that waits for it; may be called twice."""
    now = timezone.now()
    free = Q(lease_until=None) | Q(lease_until__lt=now)
    mine = Export.objects.filter(free, pk=pk, state=State.MAKING)
    if not mine.update(lease_until=leases.until(_LEASE, now)):
        return
    export = Export.objects.select_related("asked_by").get(pk=pk)
    try:
        name, data = _made(export)
    except Refused as refused:
        export.state, export.words = State.STOPPED, str(refused)[:200]
    else:
        export.filename, export.stored = name, vault.put(KIND, data)
        hours = ExportRule.on(timezone.localdate()).kept_hours
        export.state, export.expires_at = State.READY, timezone.now() + timedelta(hours=hours)
    export.lease_until = None
    export.save()


def _made(export: Export) -> tuple[str, bytes]:
    by = export.asked_by
    page = admin.site.get_model_admin(apps.get_model(export.table))
    app, model = export.table.split(".")
    may = page.may("export", by) and (not export.full or by.has_perm(f"{app}.reveal_{model}"))
    must(by.is_active and may, "申请的人现在没有导出这个列表的权限。")
    request = HttpRequest()
    request.method, request.user = "GET", by  # type: ignore[attr-defined]
    request.GET = asked_again(export.query.reveal())  # type: ignore[assignment]
    rows = page.export_rows(request)
    must(
        not export.full or rows.count() <= export.rows,
        f"批准的是 {export.rows} 行，现在筛选出来的更多，请重新申请。",
    )
    columns = [c for c in page.get_export_columns(request) if c.title in export.columns]
    made: tuple[str, bytes] = write(page, rows, columns, export.form, export.full, by)
    return made


def hand_out(export: Export, *, by: Any) -> tuple[str, bytes]:
    """The file, to the person who asked for it and nobody else; written down each time."""
    must(export.asked_by_id == by.pk, "文件只给申请的人下载。")
    must(
        export.state == State.READY and export.expires_at > timezone.now(),
        f"这张导出单{export.get_state_display()}，没有文件可以下载。",
    )
    data = vault.get(export.stored)
    allowed = f"，{export.decided_by}批准" if export.decided_by else ""
    said = f"{WHAT} {export.rows} 行（{'完整' if export.full else '打码'}{allowed}）"
    access_log.record_export(by, apps.get_model(export.table), said, export.reason)
    note(export)
    return export.filename, data


def note(export: Export) -> None:
    """Whoever asked has fetched the file, or read why there is none: it waits no more."""
    Export.objects.filter(pk=export.pk, noted_at=None).update(noted_at=timezone.now())


def tend(now: datetime) -> tuple[int, int]:
    """Make what waits, delete what is over; returns how many of each. Safe to run at any time."""
    waiting = Export.objects.filter(state=State.MAKING).order_by("pk")
    pks = list(waiting.values_list("pk", flat=True)[:20])
    for pk in pks:
        make(pk)
    over = Export.objects.filter(expires_at__lte=now, state__in=[State.WAITING, State.READY])
    gone = 0
    for export in over:
        if export.stored:
            vault.drop(export.stored)
        export.state, export.stored = State.EXPIRED, ""
        export.save(update_fields=["state", "stored"])
        gone += 1
    stored = Export.objects.exclude(stored="").values_list("stored", flat=True)
    vault.drop_unknown(KIND, lambda: stored, older_than=_LEASE.total_seconds())
    return len(pks), gone
