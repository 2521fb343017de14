"""Photographs beside the materials: what is taken, how it is kept, who may open it."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from apps.filings.models import Filing, FilingEvent, attachment
from apps.filings.models.attachment import Attachment
from tests.cast import Cast
from tests.filings.test_register import typed
from ydjy.desk.crypto import vault
from ydjy.desk.exceptions import Refused
from ydjy.desk.models import Change, Reading

pytestmark = pytest.mark.django_db

JPG = b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(range(200)) + b"\xff\xd9"
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(40)
PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n%%EOF"
PERMIT, CARD = "2-residence-permit-insured", "1-social-card-insured"


def page(name: str, *args: Any) -> str:
    return reverse(f"admin:filings_filing_{name}", args=args)


@pytest.fixture(autouse=True)
def a_folder_of_its_own(settings: Any, tmp_path: Path) -> None:
    settings.DATA = tmp_path


@pytest.fixture
def filing(jinzhou: Callable[..., Filing]) -> Filing:
    return jinzhou()


@pytest.mark.parametrize(("data", "ending"), [(JPG, "jpg"), (PNG, "png"), (PDF, "pdf")])
def test_a_photograph_is_kept_byte_for_byte_and_sealed(filing: Filing, policy: Cast, data, ending):
    made = attachment.attach(filing, PERMIT, data, by=policy.yixian)
    assert made.ending == ending
    assert attachment.opened(made, by=policy.yixian) == data
    raw = (Path(settings.DATA) / "files" / made.stored).read_bytes()
    assert data[:20] not in raw
    assert filing.events.first().get_verb_display() == "上传材料照片"
    assert filing.version == Filing.objects.get(pk=filing.pk).version


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"MZ\x90 a program", "只收 JPG"),
        (b"<html><script>alert(1)</script>", "只收 JPG"),
        (b"\x89PNG\r\n\x1a\n" + bytes(8), "只收 JPG"),
        (b"\x00\x00\x00\x18ftypheic", "兼容性最佳"),
        (b"", "是空的"),
    ],
)
def test_what_it_is_is_read_from_its_bytes_and_not_from_its_name(filing, policy, data, why):
    with pytest.raises(Refused, match=why):
        attachment.attach(filing, PERMIT, data, by=policy.yixian)
    assert not vault.names(attachment.STORE, older_than=-1)


def test_too_large_the_same_again_and_too_many_are_refused(filing, policy, monkeypatch):
    attachment.attach(filing, PERMIT, JPG, by=policy.yixian)
    with pytest.raises(Refused, match="已经传过"):
        attachment.attach(filing, PERMIT, JPG, by=policy.yixian)
    attachment.attach(filing, CARD, JPG, by=policy.yixian)  # the same picture of another paper
    monkeypatch.setattr(attachment, "MANY", 2)
    with pytest.raises(Refused, match="最多 2 个"):
        attachment.attach(filing, PERMIT, PNG, by=policy.yixian)
    monkeypatch.setattr(attachment, "LIMIT", 10)
    with pytest.raises(Refused, match="改小后再传"):
        attachment.attach(filing, PERMIT, PNG, by=policy.yixian)
    with pytest.raises(Refused, match="没有这一项"):
        attachment.attach(filing, "9-none-insured", PDF, by=policy.yixian)


def test_the_database_keeps_no_picture_twice(filing: Filing, policy: Cast):
    made = attachment.attach(filing, PERMIT, JPG, by=policy.yixian)
    made.pk = None
    with pytest.raises(IntegrityError), transaction.atomic():
        made.save(force_insert=True)


def test_a_paper_that_had_not_come_has_come_by_its_photograph(jinzhou: Any, policy: Cast):
    filing = jinzhou(handed={CARD: "original"})
    with pytest.raises(Refused, match="还缺"):
        filing.submit(by=policy.yixian)
    attachment.attach(filing, PERMIT, JPG, by=policy.yixian)
    filing.submit(by=policy.yixian)
    assert filing.handed == {CARD: "original", PERMIT: "copy"}


def test_a_photograph_settles_what_was_to_come_later(jinzhou: Any, policy: Cast):
    due = timezone.localdate()
    filing = jinzhou(handed={CARD: "original", PERMIT: "later"}, lacking_due_on=due)
    filing.submit(by=policy.yixian)
    filing.approve(by=policy.reviewer)
    assert filing.lacking
    attachment.attach(filing, PERMIT, JPG, by=policy.yixian)
    stored = Filing.objects.get(pk=filing.pk)
    assert (stored.lacking, stored.lacking_due_on, stored.status) == ([], None, "approved")


def test_the_wrong_picture_stays_and_says_so(filing: Filing, policy: Cast):
    made = attachment.attach(filing, PERMIT, JPG, by=policy.yixian)
    with pytest.raises(Refused, match="为什么作废"):
        attachment.void(made, by=policy.yixian, reason="")
    attachment.void(made, by=policy.yixian, reason="别人的")
    assert attachment.opened(made, by=policy.yixian) == JPG
    assert FilingEvent.objects.filter(verb="void_attachment", words__contains="别人的").exists()
    attachment.attach(filing, PERMIT, JPG, by=policy.yixian)  # and may come again
    assert Change.objects.filter(table="filings_attachment").count() >= 3


def test_nothing_is_added_to_a_filing_that_is_over(filing: Filing, policy: Cast):
    filing.withdraw(by=policy.yixian, reason="不办了")
    with pytest.raises(Refused, match="已撤回"):
        attachment.attach(filing, PERMIT, JPG, by=policy.yixian)
    assert not vault.names(attachment.STORE, older_than=-1)


def test_a_file_that_was_altered_is_not_shown(filing: Filing, policy: Cast):
    made = attachment.attach(filing, PERMIT, JPG, by=policy.yixian)
    Attachment.objects.filter(pk=made.pk).update(sha256="0" * 64)
    made.refresh_from_db()
    with pytest.raises(Refused, match="和上传时不一样"):
        attachment.opened(made, by=policy.yixian)


def test_bytes_that_a_crash_left_without_a_row_are_removed(filing: Filing, policy: Cast):
    made = attachment.attach(filing, PERMIT, JPG, by=policy.yixian)
    lost = vault.put(attachment.STORE, JPG)
    assert attachment.sweep() == 0  # not so young: somebody may be about to write the row
    old = time.time() - 7200
    for name in (made.stored, lost):
        os.utime(Path(settings.DATA) / "files" / name, (old, old))
    assert attachment.sweep() == 1
    assert vault.get(made.stored) == JPG


# On the page --------------------------------------------------------------------------------------


def test_from_the_page_it_is_sent_shown_beside_the_material_and_opened(filing, policy, client_of):
    browser = client_of(policy.yixian)
    sent = {"material": PERMIT, "photo": SimpleUploadedFile("张三身份证.jpg", JPG)}
    text = browser.post(page("attach", filing.pk), sent, follow=True).content.decode()
    made = Attachment.objects.get()
    assert "收到 1 个文件" in text
    assert "居住证，照片" in text
    assert 'capture="environment"' in text
    assert "张三" not in text
    answer = browser.get(page("attachment", filing.pk), {"one": made.pk})
    assert answer.content == JPG
    assert answer["Content-Type"] == "image/jpeg"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
    assert "no-store" in answer["Cache-Control"]
    assert Reading.objects.filter(what="材料照片：居住证", by=policy.yixian).count() == 1


def test_a_pdf_is_handed_out_and_never_opened_in_the_page(filing, policy, client_of):
    made = attachment.attach(filing, PERMIT, PDF, by=policy.yixian)
    answer = client_of(policy.yixian).get(page("attachment", filing.pk), {"one": made.pk})
    assert answer["Content-Disposition"].startswith("attachment")
    assert answer.content == PDF


def test_a_picture_is_reached_through_its_own_filing_alone(jinzhou, policy, client_of):
    mine, other = jinzhou(), jinzhou(office=policy.office["heishan"])
    theirs = attachment.attach(other, PERMIT, JPG, by=policy.heishan)
    browser = client_of(policy.yixian)
    for filing in (mine, other):
        for one in (theirs.pk, "x", ""):
            answer = browser.get(page("attachment", filing.pk), {"one": one})
            assert answer.status_code == 404
    assert browser.post(page("attach", other.pk), {"material": PERMIT}).status_code == 404
    assert set(Attachment.objects.visible_to(policy.yixian)) == set()
    assert set(Attachment.objects.visible_to(policy.heishan)) == {theirs}
    assert not Reading.objects.filter(what__startswith="材料照片").exists()


def test_who_may_only_look_is_not_offered_to_add(filing, policy, client_of):
    text = client_of(policy.head).get(page("change", filing.pk)).content.decode()
    assert "take-photo" not in text
    assert client_of(policy.head).post(page("attach", filing.pk)).status_code == 403


def test_photographs_chosen_while_registering_are_kept_with_the_filing(policy, client_of):
    browser, papers = client_of(policy.yixian), {f"m-{CARD}": "original"}
    form = typed("long-term-resident", policy, residence="测试路1号", **papers)
    photo = {f"f-{PERMIT}": SimpleUploadedFile("a.jpg", JPG)}
    answer = browser.post(page("enter"), form | {"do": "look"} | photo)
    assert "请那时再选一次" in answer.content.decode()
    assert not Attachment.objects.exists()
    photo = {f"f-{PERMIT}": SimpleUploadedFile("a.jpg", JPG)}
    answer = browser.post(page("enter"), form | {"do": "submit"} | photo, follow=True)
    filing = Filing.objects.get()
    assert filing.status == Filing.Status.PENDING, answer.content.decode()
    assert filing.handed[PERMIT] == "copy"
    assert Attachment.objects.get().filing == filing
