"""The six forms on A4: kept as they were first printed, and one page each as a PDF."""

import re
import zlib
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone

from apps.filings.models import Filing
from apps.filings.models.related import PrintOut
from apps.filings.paper import pdf, printing
from tests import cast as casting
from tests.cast import Cast
from ydjy.desk.exceptions import Refused

pytestmark = pytest.mark.django_db
TEMPLATES = settings.BASE_DIR / "apps/filings/templates/admin/filings/print"
# The promise is what a person signs: another text is another version, so both change together.
SIGNED = {"2026-1": "dfe978356f897e84a6871d146c818324fef527b09c77ad6dc104f441052d1466"}
STREAM = re.compile(rb"stream\r?\n(.*?)\r?\nendstream", re.DOTALL)
PAPER = re.compile(rb"/MediaBox ?\[ ?0 0 ([\d.]+) ([\d.]+) ?\]")


def fullest(jinzhou: Any, policy: Cast) -> Filing:
    """A form with every line on it, each as long as it may be."""
    filing = jinzhou(
        "with-child-spouse",
        name="欧阳测试·买买提江",
        phone="13812345678",
        residence="上海市浦东新区世纪大道一千二百三十四弄五号楼六单元七〇一室" * 4,
        relative="欧阳随同人的姓名很长",
        relative_document=casting.number(70),
        relation="子女的配偶",
        certificate_no="ZZ-2026-000001",
        certificate_on=timezone.localdate(),
        handed={
            "1-social-card-insured": "original",
            "2-id-card-child": "promise",
            "3-personal-record-insured": "copy",
        },
        commitment_signed_on=timezone.localdate(),
        commitment_due_on=timezone.localdate() + timedelta(30),
    )
    filing.agents.create(person="代办人姓名", relation="单位经办人", phone="0416-8904567")
    return filing


def made(filing: Filing, form: str, cast: Cast) -> PrintOut:
    """The form, with the filing moved on to where it can be printed."""
    now = {"receipt": "pending", "supplement": "supplement", "result": "rejected"}.get(form)
    if now:
        day = timezone.localdate() + timedelta(5)
        Filing.objects.filter(pk=filing.pk).update(status="pending")
        Filing.objects.filter(pk=filing.pk).update(
            status=now, supplement_items=["居住证原件（首页、户主页、本人页）"] * 6,
            supplement_due_on=day, reason="居住证已经过期，也不是本人的。" * 8,
            decided_at=timezone.now(), decided_by=cast.reviewer,
        )  # fmt: skip
    filing.refresh_from_db()
    return printing.copy(filing, form, by=cast.yixian)


def sheets(data: bytes) -> list[tuple[int, int]]:
    """Width and height of every page, in points: the pages stand in compressed objects."""
    found = []
    for stream in STREAM.findall(data):
        with suppress(zlib.error):
            found += PAPER.findall(zlib.decompress(stream))
    return [(round(float(wide)), round(float(high))) for wide, high in found]


@pytest.mark.parametrize("form", PrintOut.Form.values)
def test_the_fullest_form_is_one_page_of_a4_as_a_pdf(form: str, jinzhou: Any, policy: Cast):
    pytest.importorskip("weasyprint")
    if not pdf.has_chinese_font():
        pytest.skip("no Chinese font here")
    assert sheets(pdf.render(made(fullest(jinzhou, policy), form, policy))) == [(595, 842)]


def test_without_the_component_the_browser_is_pointed_to(
    jinzhou: Any, policy: Cast, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setitem(__import__("sys").modules, "weasyprint", None)
    with pytest.raises(Refused, match="请用浏览器的打印"):
        pdf.render(made(fullest(jinzhou, policy), "filing", policy))


def test_a_new_wording_never_reaches_a_sheet_that_was_signed(
    jinzhou: Any, policy: Cast, client_of: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
):
    filing = fullest(jinzhou, policy)
    paper = made(filing, "promise", policy)
    monkeypatch.setattr(printing, "WORDING", "2027-1")
    monkeypatch.setattr(printing, "render_to_string", lambda *args: "另一种说法")
    again = made(filing, "promise", policy)
    assert (again.pk, again.wording, again.copies) == (paper.pk, "2026-1", 2)
    assert "一、本人符合上述备案类别的条件" in printing.context(again)["c"]["sheet"]
    filing.check_benefits(by=policy.yixian)  # a newer version of the filing is a newer sheet
    fresh = made(filing, "promise", policy)
    assert (fresh.wording, printing.context(fresh)["c"]["sheet"]) == ("2027-1", "另一种说法")


def test_another_text_of_the_promise_is_another_version():
    text = (TEMPLATES / "promise.html").read_bytes()
    assert sha256(text).hexdigest() == SIGNED[printing.WORDING]


def test_what_was_typed_cannot_become_markup_on_paper(jinzhou: Any, policy: Cast):
    paper = printing.copy(jinzhou(name="<b>甲</b>"), "filing", by=policy.yixian)
    sheet = printing.context(paper)["c"]["sheet"]
    assert "&lt;b&gt;甲&lt;/b&gt;" in sheet
    assert "<b>甲" not in sheet


def test_the_form_of_a_family_names_with_whom_and_a_minors_by_whose_filing(
    jinzhou: Any, policy: Cast
):
    family = printing.contents(fullest(jinzhou, policy), printing.Form.FILING)
    assert family["beside_what"] == "随同人"
    assert "欧阳随同人的姓名很长，子女的配偶" in family["beside"]
    child = jinzhou("minor", guardian_insured_there=True, cert_no=casting.number(75))
    said = printing.contents(child, printing.Form.FILING)
    assert (said["beside_what"], said["beside"]) == ("监护人", "在就医地参加职工医保")


def test_every_text_that_a_person_signs_stands_in_one_place():
    found = [
        path for path in Path(settings.BASE_DIR / "apps").rglob("*")
        if path.suffix in (".html", ".py", ".toml") and "现承诺如下" in path.read_text("utf-8")
    ]  # fmt: skip
    assert found == [TEMPLATES / "promise.html"]
