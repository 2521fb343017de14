"""Registering a whole list, some rows at a time, and taking it back (F25, J8).

    STAGED ──begin──▶ CONFIRMING ──the last part──▶ CONFIRMED ──undo──▶ UNDONE

Each part is committed by itself: a crash loses none that is done, and whoever comes next goes on
with the rows that are left. A row has its filing once, by a constraint. What is taken back are the
filings that nobody has touched since; the others are named.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cache
from secrets import randbelow
from typing import Any

from django.db import DataError, IntegrityError, models, transaction
from django.utils import timezone

from apps.filings.imports.columns import KIND, LONG, read
from apps.filings.models import Brought, Filing, ListPlan
from apps.filings.models.querysets import CERT_INDEX
from apps.filings.models.transitions import Status
from apps.filings.rules import loader as rules_loader
from apps.offices.models import Channel, City, Office
from ydjy.desk import bulk_insert, leases
from ydjy.desk.crashpoints import crashpoint
from ydjy.desk.crypto.fields import blind_index, opened
from ydjy.desk.exceptions import Refused, must
from ydjy.desk.imports import cleanup, progress, undo, uploads
from ydjy.desk.imports import kinds as imports_kinds
from ydjy.desk.models import StagedRow, Upload

log = logging.getLogger("ydjy.lists")
AT_A_TIME = 50  # rows of one transaction: others write between two
State = Upload.State


@dataclass
class Outcome:
    """What became of the rows: filings made (their keys), and why the others were not."""

    made: list[int] = field(default_factory=list)
    refused: list[tuple[int, str]] = field(default_factory=list)


def confirm(upload: Upload, *, by: Any, channel: Channel, handed: Mapping[str, str]) -> Outcome:
    """Register every accepted row; a row that the rules refuse says why and stays with the file.

    A second call changes nothing. ``handed`` are the papers that came with the list.
    """
    return go_on(upload) if begin(upload, by=by, channel=channel, handed=handed) else Outcome()


@transaction.atomic
def begin(upload: Upload, *, by: Any, channel: Channel, handed: Mapping[str, str]) -> bool:
    """Write down that the list is to be registered; whoever has its lease does it. False when it
    was registered before."""
    row = Upload.objects.select_for_update().get(pk=upload.pk)
    if row.state in (State.CONFIRMED, State.CONFIRMING):
        return False
    must(row.state == State.STAGED, f"这个文件{row.get_state_display()}，不能登记。")
    _must_have_papers(row, handed)
    ListPlan.objects.create(upload=row, channel=channel, handed=dict(handed), by=by)
    upload.lease_until = _lease(row, state=State.CONFIRMING, confirmed_by=by)
    return True


def _must_have_papers(upload: Upload, handed: Mapping[str, str]) -> None:
    """What nobody ticked every row would lack: it is asked for once, before any is registered."""
    wanted = rules_loader.variants().filter(pk=upload.period.removeprefix("v"))  # type: ignore[attr-defined]
    groups = rules_loader.rules_of(wanted.get()).groups.values()
    lacking = [group for group in groups if not any(row.key in handed for row in group)]
    names = "；".join("或".join(row.words for row in group) for group in lacking)
    must(not lacking, f"还没有勾这批人的材料：{names}。请先勾已经收到的，再登记。")


def how_far(upload: Upload) -> tuple[int, int]:
    """(done, total) rows of what is being done with the list."""
    if upload.state == State.CONFIRMING:
        return upload.accepted - left(upload).count(), upload.accepted
    if upload.state == State.UNDOING:
        return progress.of(progress.of_upload(upload)) or (0, upload.accepted)
    return upload.done, upload.total


def _lease(row: Upload, **more: Any) -> datetime:
    """Until when nobody else goes on with it; no two have the same."""
    span = uploads.LEASE + timedelta(microseconds=randbelow(1_000_000))
    until = leases.until(span, timezone.now())
    for name, value in {**more, "lease_until": until}.items():
        setattr(row, name, value)
    row.save(update_fields=[*more, "lease_until"])
    return until


def go_on(upload: Upload) -> Outcome:
    """Register what is left, as long as the list is whose it was when ``upload`` was taken."""
    outcome, clerk, rest = Outcome(), _Clerk(upload), left(upload)
    lease = upload.lease_until
    with rules_loader.read_once():
        while True:
            with transaction.atomic():
                row = Upload.objects.select_for_update().get(pk=upload.pk)
                if row.state != State.CONFIRMING or row.lease_until != lease:
                    raise Refused("这个文件正在由别的窗口登记，请稍后再看。")
                rows = list(rest[:AT_A_TIME])
                for one in rows:
                    clerk.take(one, outcome)
                if not rows:
                    _finish(row)
                    break
                rest = accepted(row).filter(position__gt=rows[-1].position)
                lease = _lease(row)
            crashpoint("CF1")
            bulk_insert.give_way()
    upload.refresh_from_db()
    return outcome


def _carry_on(upload: Upload) -> None:
    """What a crash left half done: the reading or the registering."""
    if upload.state == State.RECEIVED:
        read(upload, upload.received_by)
    else:
        go_on(upload)


def left(upload: Upload) -> models.QuerySet[StagedRow]:
    """The rows that have still to be registered, in the order of the file."""
    done = Brought.objects.filter(upload=upload).values("position")
    return accepted(upload).exclude(position__in=done)


def accepted(upload: Upload) -> models.QuerySet[StagedRow]:
    rows = upload.rows.filter(status=imports_kinds.ACCEPTED)
    return rows.select_related("upload").defer("cells").order_by("position")


def _finish(row: Upload) -> None:
    uploads.count(row)
    plan = ListPlan.objects.select_related("by").get(upload=row)
    row.state, row.lease_until = State.CONFIRMED, None
    row.confirmed_at, row.confirmed_by = timezone.now(), plan.by
    row.save(update_fields=["state", "lease_until", "confirmed_at", "confirmed_by"])


_NOT_STORED = "这一行的内容互相矛盾，没有登记。请对照材料逐项核对后，在页面上单独登记。"


class _Clerk:
    """Who registers the rows of one list: what is the same for all of them is looked up once."""

    def __init__(self, upload: Upload):
        plan = ListPlan.objects.select_related("channel", "by__office").get(upload=upload)
        self.by, self.channel, self.handed = plan.by, plan.channel, plan.handed
        wanted = rules_loader.variants().filter(pk=upload.period.removeprefix("v"))  # type: ignore[attr-defined]
        self.variant, self.city = wanted.get(), City.objects.served()
        self.office_of = cache(lambda area: Office.objects.for_area(area) or self.by.office)

    def take(self, row: StagedRow, outcome: Outcome) -> None:
        try:
            with transaction.atomic():
                filing = self._register(row)
        except Refused as refused:
            self._reject(row, str(refused), outcome)
        except (IntegrityError, DataError) as wrong:
            # What only the database refuses must not stop the rows after it, now and at each sweep.
            # Its words hold the whole row, and are not for the log.
            kind = type(wrong).__name__
            log.error("row %s of upload %s is not stored: %s", row.row, row.upload_id, kind)
            self._reject(row, _NOT_STORED, outcome)
        else:
            outcome.made.append(filing.pk)

    @staticmethod
    def _reject(row: StagedRow, words: str, outcome: Outcome) -> None:
        row.status, row.message = imports_kinds.REJECTED, words[:400]
        row.save(update_fields=["status", "message"])
        outcome.refused.append((row.row, words))

    def _register(self, row: StagedRow) -> Filing:
        values = opened(row.values) or {}
        area = values.get("insured_area") or self.by.office.area or self.city.area
        waiting = Filing.objects.of_person(blind_index(CERT_INDEX, values["cert_no"])).filter(
            status__in=[Status.DRAFT, Status.PENDING, Status.SUPPLEMENT], variant=self.variant
        )
        if twin := waiting.first():
            raise Refused(f"这个人已经有同类的备案在办：{twin.number}。")
        filing = Filing.register(
            by=self.by,
            words=f"从《{row.upload.filename}》第 {row.row} 行登记"[:300],
            origin=Filing.Origin.WORKBOOK,
            office=self.office_of(area),
            variant=self.variant,
            channel=self.channel,
            insured_area=area,
            handed=dict(self.handed),
            **_columns(values),
        )
        filing.submit(by=self.by)
        if filing.open_ended and filing.end_on:
            raise Refused(
                f"表里写的是长期，这类备案只能到 {filing.end_on}。请把结束日期空着或者写明哪一天。"
            )
        Brought.objects.create(
            filing=filing, upload=row.upload, position=row.position, version=filing.version
        )
        return filing


def _columns(values: Mapping[str, Any]) -> dict[str, Any]:
    """What the list itself says of the person and the filing."""
    until, months = values.get("end_on"), values.get("posting_months")
    texts = {name: values.get(name) or "" for name in ("cert_type", "phone", "residence")}
    return texts | {
        "name": values["name"],
        "cert_no": values["cert_no"],
        "insutype": values["insutype"],
        "person_status": values.get("person_status") or "",
        "destination": values["place"],
        "start_on": date.fromisoformat(values["start_on"]),
        "end_on": date.fromisoformat(until) if until and until != LONG else None,
        "open_ended": until == LONG,
        "posting_months": int(months) if months else None,
    }


# Taking back -------------------------------------------------------------------------------------


def brought(upload: Upload) -> undo.Brought:
    total = _brought(upload).exclude(status=Status.WITHDRAWN).count()
    return undo.Brought(total, total - _untouched(upload).count(), "条备案")


def take_back(upload: Upload) -> tuple[int, list[str]]:
    """Withdraw what nobody has touched since, some at a time; returns how many, and the numbers of
    the others. Stopped half-way, it goes on with the rest."""
    total, reason = _untouched(upload).count(), f"撤销整批登记：{upload.undo_reason}"[:300]
    gone = 0
    while rows := list(_untouched(upload)[:AT_A_TIME]):
        with transaction.atomic():
            Upload.objects.select_for_update().get(pk=upload.pk, state=State.UNDOING)
            for filing in rows:
                filing.withdraw(by=upload.undone_by, reason=reason)
                gone += 1
        progress.note(progress.of_upload(upload), gone, total)
        bulk_insert.give_way()
    ours = _brought(upload)
    left = ours.exclude(status=Status.WITHDRAWN).values_list("number", flat=True)
    return ours.filter(status=Status.WITHDRAWN, reason=reason).count(), list(left)


def _brought(upload: Upload) -> models.QuerySet[Filing]:
    return Filing.objects.filter(brought__upload=upload).order_by("pk")


def _untouched(upload: Upload) -> models.QuerySet[Filing]:
    rows = _brought(upload).select_related("variant__category", "channel")
    return rows.filter(status=Status.PENDING, version=models.F("brought__version"))


KEPT = cleanup.Kept(KIND, _carry_on, undo=undo.Undo(brought, take_back, in_parts=True))
