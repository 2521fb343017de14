"""X18 for every kind of list: what nobody imported ends, what a crash left goes on or goes."""

import os
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import time_machine
from django.conf import settings
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.urls import reverse
from django.utils import timezone

from apps.errors.exchange import feedback
from apps.errors.intake import receive as intake_receive
from apps.errors.models import Batch, CauseCode
from apps.filings.imports import columns as imports_columns
from apps.filings.imports import register as imports_register
from apps.filings.models.catalogue import Variant
from apps.institutions import tasks as list_jobs
from apps.institutions.imports import workflow
from apps.institutions.models import ListImport
from apps.offices.models import Channel, PolicyDocument
from tests import cast as casting
from tests import listkinds
from tests import workbooks as books
from tests.cast import Cast
from tests.institutions.lists import csv_list, generated, received
from ydjy.desk.audit import change_log
from ydjy.desk.crypto import vault
from ydjy.desk.exceptions import Refused
from ydjy.desk.exports import files as exports_files
from ydjy.desk.imports import cleanup, progress, uploads
from ydjy.desk.imports.cleanup import Kept
from ydjy.desk.models import Upload
from ydjy.staff_site import list_kinds, tasks

pytestmark = pytest.mark.django_db
State = Upload.State
SMALL = {
    "causes": "原因,怎么查、怎么办\n{cause},先查备案",
    "snippets": "原因,范文\n{cause},请补办备案后重新结算。",
    "diseasegroups": "名称,别名\n测试病,别的叫法",
    "offices": "名称,地址\n义县医保中心,人民路1号",
    "hotlines": "名称,号码,用途,依据\n测试热线,0416-2345678,咨询,{source}",
    "calendar": "日期,上班还是休息,名称,依据\n2031-01-01,休息,元旦,测试文件",
    "synonyms": "百姓的说法,对应的词\n测试说法,转诊",
}


class Sort(NamedTuple):
    """A kind of list as people use it: who receives it, how it is imported, where it is seen
    (blank where nobody looks at it before), and what it is once it was read."""

    kept: Kept
    who: str
    receive: Callable[[Any], Any]
    bring: Callable[[Any, Upload], Any]
    page: str
    read: str = "staged"


def _filings(by: Any) -> Upload:
    header = "姓名 证件号码 险种 人员状态 派驻月数 就医地 开始日期 参保地".split()
    row = ["测试1", casting.number(1), "职工", "在职", "12", "上海市", "2026-11-20", "义县"]
    variant = Variant.objects.get(code="posted-worker")
    return imports_columns.receive(csv_list([row], header), "派驻.csv", by=by, variant=variant.pk)


def _platform(by: Any) -> Upload:
    data = csv_list([["测试1", casting.number(1), "上海市"]], ["姓名", "证件号码", "就医地"])
    return imports_columns.receive(data, "平台.csv", by=by, variant=0, platform=True)


def _register(by: Any, upload: Upload) -> None:
    papers = {
        "1-social-card-insured": "copy",
        "2-posting-certificate-employer": "copy",
        "3-labour-contract-insured": "copy",
        "4-project-statement-employer": "copy",
    }
    window = Channel.objects.get(code="window")
    assert imports_register.confirm(upload, by=by, channel=window, handed=papers).made


def _publish(by: Any, upload: Upload) -> None:
    one = ListImport.objects.get(upload=upload)
    workflow.draft(one, by=by)
    workflow.ask_publish(one, by=None)
    workflow.run(one.pk)


def _weekly(by: Any) -> Upload:
    """Three lines, of which the last repeats the first."""
    rows = books.weekly_rows(2)
    return intake_receive.receive(
        books.weekly_workbook([*rows, [3, *rows[0][1:]]]), "周.xlsx", by=by
    )


def _answer(by: Any) -> Upload:
    """The province's answer, read; nobody looks at it before it is applied."""
    data = csv_list([["测试1", "认可"]], ["姓名", "审核结果"])
    now = timezone.now()
    upload = feedback.keep(data, "审核.csv", by=by, batch=Batch.objects.at(now), now=now)
    uploads.read(upload, feedback.kind(), lambda upload, report: None)
    return upload


def _small(which: Any, page: str) -> Sort:
    def receive(by: Any) -> Upload:
        text = SMALL[which.code].format(
            cause=CauseCode.objects.get(code="not_filed").label,
            source=PolicyDocument.objects.get_or_create(code="t", title="测试文件")[0].title,
        )
        upload = which.receive(text.encode(), f"{which.code}.csv", by=by)
        which.read(upload)
        return upload

    def bring(by: Any, upload: Upload) -> None:
        which.confirm(upload, by=by)

    return Sort(which.kept, "directory", receive, bring, page)


def _smalls() -> list[Sort]:
    pages = {
        one.small_list.code: (one.small_list, f"admin:{model._meta.label_lower}_list_look")
        for model, one in admin.site._registry.items()
        if hasattr(one, "small_list")
    }
    return [_small(which, page.replace(".", "_")) for which, page in pages.values()]


SORTS = {
    sort.kept.kind: sort
    for sort in (
        Sort(
            intake_receive.KEPT,
            "lead",
            _weekly,
            lambda by, upload: intake_receive.confirm(upload, by=by),
            "admin:errors_batch_preview",
        ),
        Sort(imports_register.KEPT, "yixian", _filings, _register, "admin:filings_filing_batch"),
        Sort(
            imports_columns.KEPT,
            "yixian",
            _platform,
            lambda by, upload: pytest.fail("is never imported"),
            "admin:filings_filing_compared",
        ),
        Sort(
            workflow.KEPT,
            "directory",
            lambda by: received(csv_list(generated(3)), by=by).upload,
            _publish,
            "admin:institutions_listimport_look",
        ),
        Sort(
            feedback.KEPT,
            "lead",
            _answer,
            lambda by, upload: feedback.go_on(upload),
            "",
            "confirmed",
        ),
        *_smalls(),
    )
}


@pytest.fixture(params=SORTS)
def sort(request: pytest.FixtureRequest, jinzhou_policy: None, cast: Cast) -> Sort:
    found = SORTS[request.param]
    cleanup.sweep(found.kept, older_than=-1)  # of other tests, whose rows were rolled back
    for name in ("causecode", "snippet", "diseasegroup", "synonym"):
        cast.directory.user_permissions.add(Permission.objects.get(codename=f"change_{name}"))
    return found


@pytest.fixture
def by(sort: Sort, cast: Cast) -> Any:
    return getattr(cast, sort.who)


@pytest.fixture
def upload(sort: Sort, by: Any) -> Upload:
    found = sort.receive(by)
    Upload.objects.update(office_path=by.office.path)  # not the loaded city's
    found.refresh_from_db()
    told = [found.message, *found.rows.values_list("message", flat=True)]
    assert (found.state, found.accepted >= 1) == ("staged", True), told
    return found


def in_days(days: float) -> datetime:
    """At the full hour, when what is over ends."""
    return (timezone.now() + timedelta(days=days)).replace(minute=0)


def files(sort: Sort) -> list[str]:
    return vault.names(sort.kept.kind, older_than=-1)


def what_is_kept(upload: Upload) -> int:
    of_list = ListImport.objects.filter(upload=upload)
    rows = [upload.rows.all(), upload.changes.all(), *(one.rows.all() for one in of_list)]
    return sum(found.count() for found in rows)


def aged(name: str) -> None:
    path = Path(settings.DATA) / "files" / name
    os.utime(path, (time.time() - 7200,) * 2)


# The end -----------------------------------------------------------------------------------------


def test_every_kind_of_list_that_there_is_is_tended(cast: Cast):
    assert [one.kind for one in list_kinds.KEPT] == [
        *dict.fromkeys(one.kind for one in list_kinds.KEPT)
    ]
    assert {one.kind for one in list_kinds.KEPT} == listkinds.codes() == set(SORTS)


def test_a_file_that_nobody_imports_in_time_ends_and_its_receipt_says_so(
    sort: Sort, upload: Upload
):
    rows = upload.rows_in
    list_kinds.tend(in_days(29))
    upload.refresh_from_db()
    assert (upload.state, what_is_kept(upload) > 0, len(files(sort)) >= 1) == ("staged", True, True)
    for name in files(sort):
        aged(name)
    list_kinds.tend(in_days(32))
    upload.refresh_from_db()
    assert (upload.state, upload.stored, files(sort)) == ("abandoned", "", [])
    assert upload.message.endswith(cleanup.DELETED)
    assert what_is_kept(upload) == 0
    assert upload.rows_in == rows, "how many there were is still told"


@pytest.mark.parametrize("sort", [name for name in SORTS if name != "platform"], indirect=True)
def test_what_was_imported_stays_whatever_its_age(sort: Sort, upload: Upload, by: Any):
    sort.bring(by, upload)
    before = what_is_kept(upload)
    for name in files(sort):
        aged(name)
    list_kinds.tend(in_days(3000))
    upload.refresh_from_db()
    assert upload.state == "confirmed"
    assert vault.get(upload.stored)
    assert what_is_kept(upload) == before
    if sort.kept is workflow.KEPT:
        assert vault.get(ListImport.objects.get(upload=upload).packed)


SEEN = [name for name, one in SORTS.items() if one.page]


@pytest.mark.parametrize("sort", SEEN, indirect=True)
def test_one_that_somebody_has_open_is_left_to_him_for_three_days(
    sort: Sort, upload: Upload, by: Any, client_of: Any
):
    one = ListImport.objects.filter(upload=upload).first() or upload
    page, begun = reverse(sort.page, args=[one.pk]), timezone.now()
    with time_machine.travel(begun + timedelta(days=31), tick=False):
        assert client_of(by).get(page).status_code == 200
    list_kinds.tend((begun + timedelta(days=33)).replace(minute=0))
    upload.refresh_from_db()
    assert upload.state == "staged"
    list_kinds.tend((begun + timedelta(days=36)).replace(minute=0))
    upload.refresh_from_db()
    assert (upload.state, upload.stored) == ("abandoned", "")


def test_looking_at_a_file_is_written_down_once_a_day(
    sort: Sort, upload: Upload, django_assert_num_queries: Any
):
    with django_assert_num_queries(1):
        cleanup.touch(upload)
    with django_assert_num_queries(0):
        cleanup.touch(upload)
    assert Upload.objects.get(pk=upload.pk).touched_on == timezone.localdate()


@pytest.mark.parametrize("sort", SEEN, indirect=True)
def test_a_page_of_a_file_that_is_over_opens_and_says_so(
    sort: Sort, upload: Upload, by: Any, client_of: Any
):
    list_kinds.tend(in_days(32))
    one = ListImport.objects.filter(upload=upload).first() or upload
    page = client_of(by).get(reverse(sort.page, args=[one.pk]), follow=True)
    assert page.status_code == 200
    assert cleanup.DELETED in page.content.decode()


# After a crash -----------------------------------------------------------------------------------


class Killed(BaseException):
    """The process is gone; nothing of ours catches it."""


def dies_at(monkeypatch: pytest.MonkeyPatch, sort: Sort, by: Any, point: str) -> None:
    def reached(name: str) -> None:
        if name == point:
            raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(uploads, "crashpoint", reached)
        with pytest.raises(Killed):
            sort.receive(by)


@pytest.mark.parametrize("point", ["CI3", "CI4"])
def test_the_minute_job_reads_what_was_received_and_not_read(
    sort: Sort, by: Any, monkeypatch: pytest.MonkeyPatch, point: str
):
    if sort.kept is workflow.KEPT and point == "CI4":
        return  # is read by a job of its own, which has its own tests
    dies_at(monkeypatch, sort, by, point)
    upload = Upload.objects.get()
    assert (upload.state, what_is_kept(upload)) == ("received", 0)
    now = timezone.now().replace(minute=30)
    assert list_kinds.tend(upload.lease_until - timedelta(seconds=1)) == 0, "somebody may be at it"
    assert list_kinds.tend(max(now, upload.lease_until) + timedelta(minutes=1)) == 1
    list_jobs.sweep()
    upload.refresh_from_db()
    assert (upload.state, upload.accepted >= 1) == (sort.read, True)
    assert upload.lease_until is None
    assert what_is_kept(upload) >= 1
    assert list_kinds.tend(now + timedelta(minutes=9)) == 0


def test_bytes_whose_receipt_was_never_written_are_removed(
    sort: Sort, upload: Upload, by: Any, monkeypatch: pytest.MonkeyPatch
):
    kept = files(sort)
    Upload.objects.update(sha256="0" * 64)  # the same file may come again
    dies_at(monkeypatch, sort, by, "CI2")
    [lost] = set(files(sort)) - set(kept)
    (Path(settings.DATA) / "files" / f"{lost}.part").write_bytes(b"half")
    list_kinds.tend(in_days(0))
    assert len(files(sort)) == len(kept) + 2, "its receipt may just be being written"
    for name in files(sort):
        aged(name)
    list_kinds.tend(in_days(0))
    assert set(files(sort)) == set(kept)


def test_a_file_that_is_just_being_read_is_not_given_up(sort: Sort, upload: Upload):
    later = in_days(32)
    if sort.kept is workflow.KEPT:
        ListImport.objects.update(job="read", job_until=timezone.now() + timedelta(minutes=5))
    else:
        Upload.objects.update(state=State.RECEIVED, lease_until=later + timedelta(minutes=1))
    cleanup.end(sort.kept, later)
    upload.refresh_from_db()
    assert upload.stored
    assert upload.state != "abandoned"


def test_a_receipt_that_can_never_be_read_ends_like_the_others(
    sort: Sort, by: Any, monkeypatch: pytest.MonkeyPatch
):
    dies_at(monkeypatch, sort, by, "CI3")
    cleanup.end(sort.kept, in_days(32))
    assert Upload.objects.values_list("state", "stored").get() == ("abandoned", "")


def test_what_a_crash_left_beside_the_lists_is_removed_and_the_rest_stays(cast: Cast):
    lost = [vault.put(kind, b"x") for kind in ("papers", "returned")]
    signed = casting.return_file(cast)
    signed.stored = vault.put("returned", b"what went back")
    signed.save()
    export = vault.put(exports_files.KIND, b"x")
    draft = Path(settings.DATA) / "files" / f"{lost[0]}.part"
    draft.write_bytes(b"half")
    progress.note("upload-0", 1, 2)
    note = Path(settings.DATA) / "progress" / "upload-0"
    kept = [Path(settings.DATA) / "files" / name for name in (*lost, export)]
    list_kinds.tend(in_days(0))
    assert all(path.exists() for path in (*kept, draft, note)), "somebody may be at it"
    for name in (*lost, export, signed.stored, f"{lost[0]}.part"):
        aged(name)
    os.utime(note, (time.time() - 90_000,) * 2)
    list_kinds.tend(in_days(0))
    exports_files.tend(timezone.now())
    assert not any(path.exists() for path in (*kept, draft, note))
    assert vault.get(signed.stored) == b"what went back"


# Side by side ------------------------------------------------------------------------------------


def test_a_list_published_in_the_very_moment_is_not_given_up(cast: Cast):
    one = received(csv_list(generated(2)), by=cast.directory)
    workflow.draft(one, by=cast.directory)
    stale = ListImport.objects.get(pk=one.pk)
    workflow.ask_publish(one, by=cast.lead)
    workflow.run(one.pk)
    with pytest.raises(Refused, match="不能放弃"):
        workflow.abandon(stale)
    assert ListImport.objects.get(pk=one.pk).state == "published"


def test_an_imported_file_and_one_taken_back_cannot_be_given_up(cast: Cast):
    upload = _weekly(cast.lead)
    intake_receive.confirm(upload, by=cast.lead)
    for state in (State.CONFIRMED, State.CONFIRMING, State.UNDONE):
        Upload.objects.update(state=state)
        with pytest.raises(Refused, match="已经导入，不能放弃"):
            cleanup.abandon(upload)


def test_the_minute_job_says_that_the_system_did_it(cast: Cast):
    intake_receive.keep(books.weekly_workbook(books.weekly_rows(1)), "a.xlsx", by=cast.lead)
    with time_machine.travel(timezone.now() + timedelta(minutes=5), tick=False):
        assert tasks.tend_lists() == 1
    changes = change_log.apps.get_model("desk.Change").objects.filter(table="desk_upload")
    assert changes.order_by("pk").last().actor == "system:lists"
