"""Lists of filings as the pages do it: choose, map, look, register, give up, come back."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from apps.filings.imports import admin_register
from apps.filings.imports import columns as imports_columns
from apps.filings.models import Filing
from apps.filings.models.catalogue import Variant
from apps.offices.models import Channel
from tests import cast as casting
from tests.cast import Cast
from tests.filings.posted import HEADER, PAPERS, Killed, confirmed, die_at, received, row, sheet
from ydjy.desk.imports import background, staged_rows, uploads
from ydjy.desk.models import Upload

pytestmark = pytest.mark.django_db


def test_a_list_goes_from_the_file_to_the_reviewers_by_the_pages(policy: Cast, client_of: Any):
    browser = client_of(policy.yixian)
    variant = Variant.objects.get(code="posted-worker")
    file = SimpleUploadedFile("派驻.xlsx", sheet([row(1), row(2, months="5")]))
    answer = browser.post(
        reverse("admin:filings_filing_receive"), {"variant": variant.pk, "file": file}, follow=True
    )
    assert "登记 2 条" in answer.content.decode()
    assert casting.number(1) not in answer.content.decode()
    data = {"channel": Channel.objects.get(code="window").pk, "handed": list(PAPERS)}
    answer = browser.post(answer.request["PATH_INFO"], data, follow=True)
    text = answer.content.decode()
    assert "已登记 1 条" in text
    assert "派驻要满6个月" in text


def test_another_offices_file_is_not_there(policy: Cast, client_of: Any):
    upload = received(policy, [row(1)])
    page = reverse("admin:filings_filing_batch", args=[upload.pk])
    assert client_of(policy.heishan).get(page).status_code == 404


def test_a_file_that_another_office_has_received_is_said_to_be_there(policy: Cast, client_of: Any):
    received(policy, [row(1)])
    page = sent(client_of(policy.heishan), sheet([row(1)]))
    assert page.status_code == 200
    assert "已经导入过（1 条）。是别的机构收的，请和他们联系。" in page.content.decode()
    page = sent(client_of(policy.heishan), sheet([row(1)]) + b" ")  # saved anew
    assert page.status_code == 200
    assert "的内容与" in page.content.decode()


def sent(browser: Client, data: bytes, **more: Any) -> Any:
    variant = Variant.objects.get(code="posted-worker")
    more = {"variant": variant.pk, "file": SimpleUploadedFile("派驻.xlsx", data), **more}
    return browser.post(reverse("admin:filings_filing_receive"), more, follow=True)


def test_a_column_that_nobody_knows_is_asked_for_and_remembered_for_the_employer(
    policy: Cast, client_of: Any
):
    browser, header = (
        client_of(policy.yixian),
        ["本人号码" if h == "身份证号" else h for h in HEADER],
    )
    page = sent(browser, sheet([row(1)], header), sender="某某公司")
    upload = Upload.objects.get()
    assert (upload.state, upload.sender) == (Upload.State.COLUMNS, "某某公司")
    assert page.request["PATH_INFO"] == reverse("admin:filings_filing_columns", args=[upload.pk])
    field = next(f for f in page.context_data["form"] if f.label == "本人号码")
    answers = {f.html_name: f.value() or "" for f in page.context_data["form"]}
    text = browser.post(page.request["PATH_INFO"], answers, follow=True).content.decode()
    assert "还没有选哪一列是“证件号码”。" in text
    answers[field.html_name] = "cert_no"
    text = browser.post(page.request["PATH_INFO"], answers, follow=True).content.decode()
    assert "登记 1 条" in text
    assert "登记 1 条" in sent(browser, sheet([row(2)], header), sender="某某公司").content.decode()
    asked = sent(browser, sheet([row(3)], header), sender="别的公司").request["PATH_INFO"]
    assert asked.endswith("/columns/"), "another employer may mean something else"


def test_columns_that_were_named_wrongly_once_are_asked_for_again(policy: Cast, client_of: Any):
    """Without a sender it is remembered for everybody: no list would ever be read again."""
    browser = client_of(policy.yixian)
    header = ["号" if h == "身份证号" else h for h in HEADER]
    page = sent(browser, sheet([row(1)], header))
    swapped = {"号": "name", "姓名": "cert_no"}
    browser.post(page.request["PATH_INFO"], answered(page, swapped), follow=True)
    page = sent(browser, sheet([row(2)]))
    assert page.request["PATH_INFO"].endswith("/columns/")
    right = {"姓名": "name", "身份证号": "cert_no"}
    page = browser.post(page.request["PATH_INFO"], answered(page, right), follow=True)
    assert "登记 1 条" in page.content.decode()
    assert "登记 1 条" in sent(browser, sheet([row(3)])).content.decode()


def answered(page: Any, said: dict[str, str]) -> dict[str, str]:
    return {f.html_name: said.get(f.label, f.value() or "") for f in page.context_data["form"]}


def test_a_channel_that_is_none_is_asked_for(policy: Cast, client_of: Any):
    browser = client_of(policy.yixian)
    here = sent(browser, sheet([row(1)])).request["PATH_INFO"]
    for channel in ("abc", "", "²", "99999999999999999999999"):
        answer = browser.post(here, {"channel": channel}, follow=True)
        assert "请选择渠道。" in answer.content.decode()


def test_a_column_that_was_left_out_is_named_and_can_be_mapped_before_registering(
    policy: Cast, client_of: Any
):
    browser = client_of(policy.yixian)
    header = ["人在哪类" if h == "人员类别" else h for h in HEADER]
    page = sent(browser, sheet([row(1)], header))
    assert "没有用到的列：人在哪类。" in page.content.decode()
    columns = reverse("admin:filings_filing_columns", args=[Upload.objects.get().pk])
    form = browser.get(columns).context_data["form"]
    answers = {f.html_name: f.value() or "" for f in form}
    answers[next(f for f in form if f.label == "人在哪类").html_name] = "person_status"
    page = browser.post(columns, answers, follow=True)
    assert "没有用到的列" not in page.content.decode()
    ((_, values, _),) = page.context_data["rows"]
    assert values["person_status"] == "employed"


def test_who_may_only_register_names_no_columns_of_a_download(policy: Cast, client_of: Any):
    rows = [["测试1", casting.number(1), "上海市", "2026-01-01", ""]]
    data = sheet(rows, ["姓名", "证件号码", "要去的地方", "开始日期", "结束日期"])
    upload = imports_columns.keep(data, "平台.xlsx", by=policy.yixian, variant=0, platform=True)
    with pytest.raises(uploads.Unreadable, match="没有找到“就医地”这一列"):
        imports_columns.read(upload, policy.yixian)
    columns = reverse("admin:filings_filing_columns", args=[upload.pk])
    policy.yixian.groups.clear()
    add, change = (Permission.objects.get(codename=f"{verb}_filing") for verb in ("add", "change"))
    policy.yixian.user_permissions.set([add])
    assert client_of(policy.yixian).get(columns).status_code == 403
    policy.yixian.user_permissions.set([change])
    page = client_of(policy.yixian).get(
        reverse("admin:filings_filing_compared", args=[upload.pk]), follow=True
    )
    assert page.request["PATH_INFO"] == columns
    assert "要去的地方" in page.content.decode()
    assert client_of(policy.heishan).get(columns).status_code in (403, 404)


def test_the_rows_come_by_the_hundred_and_by_what_became_of_them(
    policy: Cast, client_of: Any, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(staged_rows, "PAGE", 2)
    page = sent(client_of(policy.yixian), sheet([row(1), row(2), row(3, place="火星"), row(4)]))
    here = page.request["PATH_INFO"]
    assert [(label, n) for _, label, n in page.context_data["counters"] if n] == [
        ("可以登记", 3), ("等人判断", 1), ("全部", 4),
    ]  # fmt: skip
    names = [values["name"] for _, values, _ in page.context_data["rows"]]
    assert names == ["测试1", "测试2"]
    second = client_of(policy.yixian).get(here, {"p": 2, "show": "good"})
    assert [values["name"] for _, values, _ in second.context_data["rows"]] == ["测试4"]
    wrong = client_of(policy.yixian).get(here, {"show": "held"}).content.decode()
    assert "“安置地”" in wrong
    assert "1 行的问题" in wrong
    assert "测试4" not in wrong


def test_a_list_that_is_given_up_is_not_registered(policy: Cast, client_of: Any):
    browser = client_of(policy.yixian)
    here = sent(browser, sheet([row(1)])).request["PATH_INFO"]
    text = browser.post(here, {"do": "abandon"}, follow=True).content.decode()
    assert "“派驻.xlsx”没有登记。" in text
    window = Channel.objects.get(code="window").pk
    text = browser.post(here, {"channel": window}, follow=True).content.decode()
    assert "已放弃，不能登记" in text
    assert Filing.objects.count() == 0


def test_a_page_that_comes_back_to_a_half_done_list_says_so_and_goes_on(
    policy: Cast, client_of: Any, monkeypatch: pytest.MonkeyPatch
):
    upload = received(policy, [row(n) for n in range(1, 5)])
    die_at(monkeypatch, 1)
    with pytest.raises(Killed):
        confirmed(policy, upload)
    browser, page = (
        client_of(policy.yixian),
        reverse("admin:filings_filing_batch", args=[upload.pk]),
    )
    answer = browser.get(page)
    assert "正在导入：2 / 4 行。可以离开这一页" in answer.content.decode()
    assert answer["Refresh"] == "3"
    monkeypatch.setattr(
        background, "beside", background.go_on
    )  # in no thread, which sees no test's rows
    Upload.objects.filter(pk=upload.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    browser.get(page)
    answer = browser.get(page)
    assert "已登记 4 条" in answer.content.decode()
    assert "Refresh" not in answer
    assert Filing.objects.count() == 4


def test_a_long_list_is_read_and_registered_by_a_worker(
    policy: Cast, client_of: Any, monkeypatch: pytest.MonkeyPatch
):
    asked: list[int] = []
    monkeypatch.setattr(background.go_on_with, "delay", asked.append)
    monkeypatch.setattr(background, "AT_ONCE", 0)
    monkeypatch.setattr(admin_register, "AT_ONCE_ROWS", 1)
    browser = client_of(policy.yixian)
    page = sent(browser, sheet([row(1), row(2)]))
    here, upload = page.request["PATH_INFO"], Upload.objects.get()
    assert "正在核对：正在打开文件" in page.content.decode()
    assert (asked, page["Refresh"]) == ([upload.pk], "3")
    background.go_on_with(upload.pk)
    assert "登记 2 条" in browser.get(here).content.decode()
    data = {"channel": Channel.objects.get(code="window").pk, "handed": list(PAPERS)}
    assert "正在导入：0 / 2 行" in browser.post(here, data, follow=True).content.decode()
    browser.post(here, data)  # the second press asks nobody
    assert (asked, Filing.objects.count()) == ([upload.pk] * 2, 0)
    background.go_on_with(upload.pk)
    background.go_on_with(upload.pk)
    assert Filing.objects.count() == 2
    assert "已登记 2 条" in browser.get(here).content.decode()


def test_a_long_download_shows_how_far_its_reading_is(
    policy: Cast, client_of: Any, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(background.go_on_with, "delay", lambda pk: None)
    monkeypatch.setattr(background, "AT_ONCE", 0)
    rows = [["测试1", casting.number(1), "上海市"]]
    file = SimpleUploadedFile("平台.xlsx", sheet(rows, ["姓名", "证件号码", "就医地"]))
    browser = client_of(policy.yixian)
    page = browser.post(reverse("admin:filings_filing_reconcile"), {"file": file}, follow=True)
    assert "正在核对" in page.content.decode()
    assert page["Refresh"] == "3"
    background.go_on_with(Upload.objects.get().pk)
    page = browser.get(page.request["PATH_INFO"])
    assert "只在平台" in page.content.decode()
