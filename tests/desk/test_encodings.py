"""X2: five lines, «看得懂吗？», and another encoding where a person knows better."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from apps.errors.intake import receive as intake_receive
from apps.filings.imports import columns as filing_lists
from apps.institutions.imports import workflow
from apps.institutions.models import ListImport
from apps.offices.resources import OFFICES
from tests import cast as casting
from tests import workbooks
from tests.cast import Cast
from tests.desk.test_leftovers import SORTS, Sort
from ydjy.desk.exceptions import Refused
from ydjy.desk.imports import encodings, uploads
from ydjy.desk.models import Upload

pytestmark = pytest.mark.django_db
RECEIVE = "admin:offices_office_list_receive"


def sent(data: bytes) -> dict[str, Any]:
    return {"file": SimpleUploadedFile("表.csv", data)}


def test_a_wrong_guess_is_put_right_and_the_rows_are_read_anew(cast: Cast, client_of: Any):
    """The headers are plain in both encodings; only the words of the rows are not."""
    browser = client_of(cast.directory)
    uploaded = workbooks.csv_bytes([["name", "display"], ["義縣", "路"], ["黑山", "街"]], "big5")
    uploads.remember(OFFICES.code, "", {"name": "name", "display": "address"})
    page = browser.post(reverse(RECEIVE), sent(uploaded), follow=True)
    upload = Upload.objects.get()
    assert upload.encoding == "gb18030"
    text = page.content.decode()
    assert "看得懂吗" in text
    assert "義縣" not in text
    here = page.redirect_chain[-1][0]
    page = browser.post(here, {"do": "encoding", "encoding": "big5"}, follow=True)
    upload.refresh_from_db()
    assert (upload.encoding, upload.state) == ("big5", "staged")
    assert "義縣" in page.content.decode()


def test_an_encoding_that_does_not_fit_changes_nothing(cast: Cast, client_of: Any):
    browser = client_of(cast.directory)
    data = workbooks.csv_bytes([["名称", "地址"], ["义县医保中心", "北街"]], "gb18030")
    page = browser.post(reverse(RECEIVE), sent(data), follow=True)
    here, before = page.redirect_chain[-1][0], Upload.objects.values().get()
    page = browser.post(here, {"do": "encoding", "encoding": "utf-8"}, follow=True)
    assert "读不出来，请换一种" in page.content.decode()
    assert Upload.objects.values().get() == before
    with pytest.raises(Refused, match="请选择"):
        encodings.choose(Upload.objects.get(), "latin-1")


def test_the_lines_are_five_and_masked_and_a_workbook_has_none(cast: Cast):
    header = ["姓名", "证件号码", "就医地", "开始日期"]
    people = [["甲", casting.number(n), "上海市", "2026-11-20"] for n in range(1, 9)]
    data = workbooks.csv_bytes([header, *people], "gb18030")
    variant = casting.variant().pk
    upload = filing_lists.receive(data, "x.csv", by=cast.yixian, variant=variant)
    shown = encodings.sample(upload)
    assert shown is not None
    assert len(shown.lines) == 5
    assert not shown.sure
    assert casting.number(1) not in str(shown)
    book = workbooks.xlsx([header, *people[:2]])
    other = filing_lists.receive(book, "x.xlsx", by=cast.yixian, variant=variant)
    assert encodings.sample(other) is None


def test_filings_and_institutions_are_read_anew_too(cast: Cast, client_of: Any):
    header = ["姓名", "证件号码", "险种", "就医地", "开始日期"]
    person = ["甲", casting.number(1), "居民", "上海市", "2026-11-20"]
    data = workbooks.csv_bytes([header, person], "utf-8")
    variant = casting.variant().pk
    upload = filing_lists.receive(data, "x.csv", by=cast.yixian, variant=variant)
    upload.encoding = "utf-8-sig"
    upload.save()
    uploads.read_anew(upload)
    filing_lists.read(upload, cast.yixian)
    assert (upload.state, upload.encoding, upload.accepted) == ("staged", "utf-8-sig", 1)

    uploads.remember(workflow.KIND, "", {"name": "name", "remark": "remark"})
    data = workbooks.csv_bytes([["name", "remark"], ["義縣醫院", ""]], "big5")
    one = workflow.take(data, "x.csv", listed="city", by=cast.directory)
    workflow.run(one.pk)
    here = reverse("admin:institutions_listimport_look", args=[one.pk])
    browser = client_of(cast.directory)
    assert "看得懂吗" in browser.get(here).content.decode()
    browser.post(here, {"do": "encoding", "encoding": "big5"}, follow=True)
    one = ListImport.objects.get()
    assert (one.state, one.rows.get().name) == ("staged", "義縣醫院")


def test_a_submitted_list_of_institutions_is_not_read_anew(cast: Cast):
    data = workbooks.csv_bytes([["机构名称", "备注"], ["义县医院", ""]], "gb18030")
    one = workflow.take(data, "x.csv", listed="city", by=cast.directory)
    seen = workflow.run(one.pk)
    workflow.draft(ListImport.objects.get(pk=one.pk), by=cast.directory)
    before = Upload.objects.values().get(), ListImport.objects.values().get()
    with pytest.raises(Refused, match="提交以后不能再改"):
        workflow.use_encoding(seen, "big5")  # his page was opened before
    assert (Upload.objects.values().get(), ListImport.objects.values().get()) == before


# Every kind of list ------------------------------------------------------------------------------

UNSEEN = {"feedback"}  # is applied at once: its verdicts are closed words, other ones are refused


def test_every_kind_that_is_looked_at_before_it_goes_in_is_driven_below():
    assert {kind for kind, sort in SORTS.items() if not sort.page} == UNSEEN


def _weekly(by: Any) -> Upload:
    rows = [workbooks.WEEKLY_HEADERS[1], *workbooks.weekly_rows(2)]
    return intake_receive.receive(workbooks.csv_bytes(rows, "utf-8"), "周.csv", by=by)


@pytest.mark.parametrize("kind", sorted(SORTS.keys() - UNSEEN))
def test_another_encoding_reads_the_file_anew_whatever_list_it_is(
    kind: str, cast: Cast, client_of: Any, jinzhou_policy: None
):
    sort: Sort = SORTS[kind]
    by = getattr(cast, sort.who)
    for name in ("causecode", "snippet", "diseasegroup", "synonym"):
        by.user_permissions.add(Permission.objects.get(codename=f"change_{name}"))
    upload = _weekly(by) if kind == "weekly" else sort.receive(by)
    Upload.objects.update(office_path=by.office.path, encoding="gb18030")  # guessed wrongly
    upload.refresh_from_db()
    rows = upload.accepted
    one = ListImport.objects.filter(upload=upload).first() or upload
    here, browser = reverse(sort.page, args=[one.pk]), client_of(by)
    assert "换了再读" in browser.get(here).content.decode()

    page = browser.post(here, {"do": "encoding", "encoding": "utf-8"}, follow=True)

    assert page.status_code == 200
    upload.refresh_from_db()
    assert upload.encoding.startswith("utf-8")
    assert (upload.state, upload.accepted, rows >= 1) == ("staged", rows, True)
