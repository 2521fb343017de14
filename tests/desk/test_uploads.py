"""Receipt before reading, once for the same bytes, finished after a crash, nothing left behind."""

from datetime import timedelta

import pytest
from django.utils import timezone

from apps.errors import intake
from tests import workbooks
from ydjy.desk import bulk, problems, sheets, uploads, vault
from ydjy.desk.models import StagedRow, Upload
from ydjy.desk.verbs import Refused
from ydjy.lib import workbook

pytestmark = pytest.mark.django_db


@pytest.fixture
def data():
    return workbooks.weekly_workbook(workbooks.weekly_rows(3))


def test_the_bytes_are_kept_before_anything_is_read(cast, data):
    upload = intake.keep(data, "a.xlsx", by=cast.lead)
    assert upload.state == Upload.State.RECEIVED
    assert vault.get(upload.stored) == data
    assert StagedRow.objects.count() == 0


def test_a_receipt_that_nobody_read_is_read_when_the_file_comes_again(cast, data):
    first = intake.keep(data, "a.xlsx", by=cast.lead)
    again = intake.receive(data, "a.xlsx", by=cast.lead)
    assert again.pk == first.pk
    assert again.accepted == 3


def test_the_tick_reads_a_receipt_whose_reader_died_and_no_other(cast, data):
    upload = intake.keep(data, "a.xlsx", by=cast.lead)
    assert intake.resume(timezone.now()) == 0
    assert intake.resume(timezone.now() + timedelta(minutes=3)) == 1
    assert intake.resume(timezone.now() + timedelta(minutes=9)) == 0
    upload.refresh_from_db()
    assert (upload.state, upload.accepted) == (Upload.State.STAGED, 3)


def test_a_receipt_is_read_once_by_however_many(cast, data):
    upload = intake.keep(data, "a.xlsx", by=cast.lead)
    for _ in range(2):
        intake.read(Upload.objects.get(pk=upload.pk))
    assert upload.rows.count() == 3


def test_bytes_without_a_receipt_are_swept_and_others_stay(cast, data):
    upload = intake.keep(data, "a.xlsx", by=cast.lead)
    lost = vault.put("weekly", b"lost by a crash")
    assert uploads.sweep("weekly") == 0  # perhaps its receipt is just being written
    assert uploads.sweep("weekly", older_than=-1) >= 1
    assert vault.get(upload.stored) == data
    with pytest.raises(FileNotFoundError):
        vault.get(lost)


def test_too_many_bytes_are_refused_unread(cast, monkeypatch):
    limits = workbook.Limits(upload=10, rows=5, inflated=100)
    kind = intake.list_kind()
    monkeypatch.setattr(intake, "list_kind", lambda today=None: _with(kind, limits))
    with pytest.raises(Refused, match="最多 0 MB"):
        intake.keep(b"x" * 11, "a.xlsx", by=cast.lead)
    assert Upload.objects.count() == 0


def _with(kind: sheets.ListKind, limits: workbook.Limits) -> sheets.ListKind:
    return sheets.ListKind(**{**vars(kind), "limits": limits})


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
    upload = intake.receive(data, "a.xlsx", by=cast.lead)
    digests = list(upload.rows.values_list("digest", flat=True))
    assert len(set(digests)) == 3
    assert all(len(digest) == 16 for digest in digests)


def test_the_complaints_are_counted_over_all_rows(cast):
    rows = workbooks.weekly_rows(3)
    for row in rows:
        row[10] = ""
    rows[0][8] = ""
    upload = intake.receive(workbooks.weekly_workbook(rows), "a.xlsx", by=cast.lead)
    assert problems.reasons(upload) == [
        ("“证件号码”空着，必须填", 3),
        ("“姓名”空着，必须填", 1),
    ]


def test_rows_written_at_once_are_like_rows_saved_one_by_one(cast, data):
    upload = intake.receive(data, "a.xlsx", by=cast.lead)
    one = StagedRow.objects.first()
    before = StagedRow.objects.count()
    fresh = [
        StagedRow(
            upload=upload, position=10 + n, sheet="一", row=10 + n, status="held",
            cells=["甲", "乙"], values={"name": "甲"}, columns=["姓名"], message="x", digest="0",
        )
        for n in range(2)
    ]  # fmt: skip
    bulk.insert(fresh)
    stored = StagedRow.objects.get(pk=fresh[1].pk)
    assert fresh[0].pk != fresh[1].pk != one.pk
    assert (stored.columns, stored.cells.reveal()) == (["姓名"], '["甲", "乙"]')
    fresh[0].message = "y"
    fresh[0].save()
    StagedRow.objects.create(upload=upload, position=20, sheet="一", row=20, status="held")
    assert StagedRow.objects.count() == before + 3
