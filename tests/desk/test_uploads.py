"""Receipt before reading, once for the same bytes, finished after a crash, nothing left behind."""

from datetime import timedelta

import pytest
from django.contrib import admin
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from apps.errors.intake import receive as intake_receive
from apps.offices.models import Staff
from tests import listkinds, workbooks
from ydjy.desk import bulk_insert
from ydjy.desk.crypto import vault
from ydjy.desk.exceptions import Refused
from ydjy.desk.imports import cleanup, problem_workbook, uploads
from ydjy.desk.imports import kinds as imports_kinds
from ydjy.desk.models import StagedRow, Upload
from ydjy.lib import workbook
from ydjy.lib.workbook import sandbox

pytestmark = pytest.mark.django_db


@pytest.fixture
def data():
    return workbooks.weekly_workbook(workbooks.weekly_rows(3))


def test_the_bytes_are_kept_before_anything_is_read(cast, data):
    upload = intake_receive.keep(data, "a.xlsx", by=cast.lead)
    assert upload.state == Upload.State.RECEIVED
    assert vault.get(upload.stored) == data
    assert StagedRow.objects.count() == 0


def test_a_receipt_that_nobody_read_is_read_when_the_file_comes_again(cast, data):
    first = intake_receive.keep(data, "a.xlsx", by=cast.lead)
    again = intake_receive.receive(data, "a.xlsx", by=cast.lead)
    assert again.pk == first.pk
    assert again.accepted == 3


def test_the_tick_reads_a_receipt_whose_reader_died_and_no_other(cast, data):
    upload = intake_receive.keep(data, "a.xlsx", by=cast.lead)
    assert cleanup.go_on(intake_receive.KEPT, timezone.now()) == 0
    assert cleanup.go_on(intake_receive.KEPT, timezone.now() + timedelta(minutes=3)) == 1
    assert cleanup.go_on(intake_receive.KEPT, timezone.now() + timedelta(minutes=9)) == 0
    upload.refresh_from_db()
    assert (upload.state, upload.accepted) == (Upload.State.STAGED, 3)


@pytest.mark.django_db(transaction=True)
def test_a_file_that_cannot_be_tended_keeps_no_other_from_it(cast, monkeypatch, caplog):
    rows = workbooks.weekly_rows(2)
    first, second = (
        intake_receive.keep(workbooks.weekly_workbook([row]), f"{n}.xlsx", by=cast.lead)
        for n, row in enumerate(rows)
    )
    read = intake_receive.read

    def breaks(upload):
        if upload.pk == first.pk:
            raise ZeroDivisionError
        return read(upload)

    monkeypatch.setattr(intake_receive, "read", breaks)
    assert cleanup.go_on(intake_receive.KEPT, timezone.now() + timedelta(minutes=5)) == 2
    assert "could not be tended" in caplog.text
    states = dict(Upload.objects.values_list("pk", "state"))
    assert states == {first.pk: "received", second.pk: "staged"}
    assert cleanup.end(intake_receive.KEPT, timezone.now() + timedelta(days=32)) == 2


def test_a_received_file_is_read_in_a_guarded_process_of_its_own(cast, data, monkeypatch, guarded):
    start, started = sandbox._start, []

    def noted():
        started.append(start())
        return started[-1]

    monkeypatch.setattr(sandbox, "_start", noted)
    monkeypatch.setattr(workbook, "read_guarded", guarded)
    assert intake_receive.receive(data, "a.xlsx", by=cast.lead).accepted == 3
    [child] = started
    assert child.returncode is not None, "it is gone when the file is read"


def test_a_receipt_is_read_once_by_however_many(cast, data):
    upload = intake_receive.keep(data, "a.xlsx", by=cast.lead)
    for _ in range(2):
        intake_receive.read(Upload.objects.get(pk=upload.pk))
    assert upload.rows.count() == 3


def test_bytes_without_a_receipt_are_swept_and_others_stay(cast, data):
    upload = intake_receive.keep(data, "a.xlsx", by=cast.lead)
    lost = vault.put("weekly", b"lost by a crash")
    assert cleanup.sweep(intake_receive.KEPT) == 0  # perhaps its receipt is just being written
    assert cleanup.sweep(intake_receive.KEPT, older_than=-1) >= 1
    assert vault.get(upload.stored) == data
    with pytest.raises(FileNotFoundError):
        vault.get(lost)


def test_too_many_bytes_are_refused_unread(cast, monkeypatch):
    limits = workbook.Limits(upload=10, rows=5, inflated=100)
    kind = intake_receive.list_kind()
    monkeypatch.setattr(intake_receive, "list_kind", lambda today=None: _with(kind, limits))
    with pytest.raises(Refused, match="最多 0 MB"):
        intake_receive.keep(b"x" * 11, "a.xlsx", by=cast.lead)
    assert Upload.objects.count() == 0


def _with(kind: imports_kinds.ListKind, limits: workbook.Limits) -> imports_kinds.ListKind:
    return imports_kinds.ListKind(**{**vars(kind), "limits": limits})


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("../../etc/passwd.xlsx", "passwd.xlsx"),
        ("C:\\报错\\一.xlsx", "一.xlsx"),
        ('a"b\r\n<c>.xlsx', "abc.xlsx"),
        ("\u202egnp.xlsx", "gnp.xlsx"),
        ("", "未命名"),
        ("长" * 300 + ".xlsx", "长" * 115 + ".xlsx"),
    ],
)
def test_a_hostile_name_is_only_a_name(sent, kept):
    assert uploads.safe_name(sent) == kept


def test_a_sender_has_columns_of_its_own():
    uploads.remember("weekly", "甲", {"说法": "err_msg"})
    uploads.remember("weekly", "乙", {"说法": "remark"})
    uploads.remember("weekly", "甲", {"说法": "err_msg"})
    assert uploads.remembered("weekly", "甲") == {"说法": "err_msg"}
    assert uploads.remembered("weekly", "乙") == {"说法": "remark"}
    assert uploads.remembered("weekly", "丙") == {}


def test_a_digest_tells_equal_rows_and_nothing_else(cast, data):
    upload = intake_receive.receive(data, "a.xlsx", by=cast.lead)
    digests = list(upload.rows.values_list("digest", flat=True))
    assert len(set(digests)) == 3
    assert all(len(digest) == 16 for digest in digests)


def test_the_complaints_are_counted_over_all_rows(cast):
    rows = workbooks.weekly_rows(3)
    for row in rows:
        row[10] = ""
    rows[0][8] = ""
    upload = intake_receive.receive(workbooks.weekly_workbook(rows), "a.xlsx", by=cast.lead)
    assert problem_workbook.reasons(upload) == [
        ("“证件号码”空着，必须填", 3),
        ("“姓名”空着，必须填", 1),
    ]


def test_rows_written_at_once_are_like_rows_saved_one_by_one(cast, data):
    upload = intake_receive.receive(data, "a.xlsx", by=cast.lead)
    one = StagedRow.objects.first()
    before = StagedRow.objects.count()
    fresh = [
        StagedRow(
            upload=upload, position=10 + n, sheet="一", row=10 + n, status="held",
            cells=["甲", "乙"], values={"name": "甲"}, columns=["姓名"], message="x", digest="0",
        )
        for n in range(2)
    ]  # fmt: skip
    bulk_insert.insert(fresh)
    stored = StagedRow.objects.get(pk=fresh[1].pk)
    assert fresh[0].pk != fresh[1].pk != one.pk
    assert (stored.columns, stored.cells.reveal()) == (["姓名"], '["甲", "乙"]')
    fresh[0].message = "y"
    fresh[0].save()
    StagedRow.objects.create(upload=upload, position=20, sheet="一", row=20, status="held")
    assert StagedRow.objects.count() == before + 3


# A file of several parts -----------------------------------------------------------------------


@pytest.fixture
def parts(monkeypatch):
    """Two rows at a time; the fifth line repeats the first, the sixth contradicts it."""
    monkeypatch.setattr(uploads, "_AT_A_TIME", 2)
    monkeypatch.setattr(intake_receive, "_AT_A_TIME", 2)
    rows = workbooks.weekly_rows(4)
    rows.append([5, *rows[0][1:]])
    rows.append([6, *rows[0][1:4], *rows[1][4:]])
    return workbooks.weekly_workbook(rows)


def test_a_twin_is_found_in_another_part_and_the_counts_are_of_the_whole(cast, parts):
    upload = intake_receive.receive(parts, "a.xlsx", by=cast.lead)
    assert (upload.accepted, upload.duplicate, upload.held, upload.done) == (4, 1, 1, 6)
    rows = list(upload.rows.order_by("position"))
    assert [row.position for row in rows] == list(range(6))
    assert rows[4].twin_id == rows[0].pk
    assert "编号相同，内容不同" in rows[5].message
    batch = intake_receive.confirm(upload, by=cast.lead)
    assert batch.tickets.count() == 4
    first = batch.tickets.get(lines__staged=rows[0])
    assert set(first.lines.values_list("staged_id", flat=True)) == {rows[0].pk, rows[4].pk}


def test_what_a_crash_left_of_the_parts_is_thrown_away_and_read_anew(cast, parts, monkeypatch):
    upload = intake_receive.keep(parts, "a.xlsx", by=cast.lead)
    write, calls = uploads._stage, []

    def dies(*args):
        calls.append(args)
        if len(calls) == 3:
            raise MemoryError
        write(*args)

    with monkeypatch.context() as patched:
        patched.setattr(uploads, "_stage", dies)
        with pytest.raises(MemoryError):
            intake_receive.read(upload)
    upload.refresh_from_db()
    assert (upload.state, upload.done, upload.rows_in) == (Upload.State.RECEIVED, 4, 0)
    assert upload.rows.count() == 4
    assert cleanup.go_on(intake_receive.KEPT, timezone.now() + timedelta(minutes=3)) == 1
    assert Upload.objects.get().rows_in == upload.rows.count() == 6


def test_who_begins_to_read_later_goes_on_alone(cast, parts, monkeypatch):
    upload = intake_receive.keep(parts, "a.xlsx", by=cast.lead)
    compare, others = intake_receive.duplicates.compare, [Upload.objects.get()]

    def meanwhile(*args):
        compare(*args)
        if others:
            uploads._take(others.pop(), 6)

    monkeypatch.setattr(intake_receive.duplicates, "compare", meanwhile)
    with pytest.raises(uploads.ReadElsewhere):
        intake_receive.read(upload)
    intake_receive.read(upload)
    assert Upload.objects.get().rows_in == upload.rows.count() == 6


def test_a_file_refused_in_a_later_part_keeps_no_rows(cast, parts, monkeypatch):
    def refuse(report):
        if report.rows[0].row > 4:
            raise Refused("不是来件。")

    monkeypatch.setattr(intake_receive.duplicates, "refuse_returned_words", refuse)
    with pytest.raises(uploads.Unreadable):
        intake_receive.receive(parts, "a.xlsx", by=cast.lead)
    assert (Upload.objects.get().state, StagedRow.objects.count()) == (Upload.State.REFUSED, 0)


# Who could not see the list afterwards ------------------------------------------------------------

RECEIVES = sorted(
    f"admin:{model._meta.app_label}_{model._meta.model_name}_{name}"
    for model, one in admin.site._registry.items()
    for name in ("receive", "reconcile", "list_receive")
    if hasattr(one, name)
)


def test_every_page_on_which_a_list_is_received_is_known():
    assert len(RECEIVES) == len(listkinds.codes() - {"feedback"})


@pytest.mark.parametrize("page", RECEIVES)
@pytest.mark.parametrize("office", [True, False])
def test_a_superuser_who_would_not_see_the_list_is_told_before_he_sends_it(
    cast, client_of, data, page, office
):
    if not office:
        Staff.objects.filter(pk=cast.root.pk).update(office=None)
    browser = client_of(Staff.objects.get(pk=cast.root.pk))

    first = browser.get(reverse(page), follow=True)
    sent = {"file": SimpleUploadedFile("a.xlsx", data)}
    then = browser.post(reverse(page), sent, follow=True)

    assert (first.status_code, then.status_code) == (200, 200)
    of_cases = "list_receive" not in page and "listimport" not in page
    assert ("没有经办岗位" in first.content.decode()) == of_cases
    assert not (of_cases and Upload.objects.exists())
