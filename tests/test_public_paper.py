"""What citizens print, and the QR code on it once there is a public address."""

import re
from html import unescape
from typing import Any

import pytest
from django.test import Client

from apps.filings.models.related import PrintOut
from apps.filings.paper import blank, printing
from apps.offices.models import Office, Role, SiteSettings, Staff
from ydjy.lib import qr

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("jinzhou_policy")]
PAPERS = (
    *("/print/phones/", "/print/check/with-family/with-child/"),
    *("/print/filing/", "/print/promise/"),
)


def text(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200
    return unescape(response.content.decode())


def test_a_blank_form_is_the_staffs_own_with_the_category_ticked_and_nobody_in_it(client: Client):
    html = text(client, "/print/filing/with-family/")
    assert "☑随配偶或子女异地居住" in html
    assert html.count("☑") == 1
    assert "☑" not in text(client, "/print/filing/")
    assert client.get("/print/filing/no-such/").status_code == 404
    boxes = re.search('class="boxes">(.*?)</table>', html, re.S)
    assert boxes
    assert boxes[1].count("<td></td>") == 18
    for words in ("本人声明", "经办机构意见", "0416-8904567"):
        assert words in html


def test_the_promise_has_the_words_and_the_version_of_the_staffs(client: Client):
    html = text(client, "/print/promise/")
    assert "因承诺不实多享受的待遇" in html
    assert f"文字版本 {printing.WORDING}" in html
    assert "受理编号" not in html
    assert {form: str(PrintOut.Form(form).label) for form in blank.FORMS} == {
        form: paper.title for form, paper in blank.FORMS.items()
    }


def test_the_list_of_materials_carries_the_eight_elements(client: Client):
    html = text(client, "/print/check/with-family/with-child/")
    for words in ("随配偶或子女异地居住", "可以办的人", "社会保障卡", "怎么办", "什么时候办",
                  "在哪里办", "联系电话", "依据", "《锦州市异地就医经办指南》"):  # fmt: skip
        assert words in html


@pytest.mark.parametrize("address", PAPERS)
def test_paper_has_a_code_only_where_the_public_address_is_known(client: Client, address: str):
    assert 'class="qr"' not in text(client, address)
    SiteSettings.objects.create(address="https://yibao.example.cn/")
    html = text(client, address)
    found = re.search('aria-label="二维码：([^"]+)"', html)
    assert found
    assert found[1].startswith("https://yibao.example.cn/")
    assert qr.svg_path(found[1])[1] in html
    page = found[1].removeprefix("https://yibao.example.cn")
    assert client.get(page).status_code == 200


@pytest.mark.parametrize(
    ("address", "page"),
    [
        ("/admin/offices/hotline/", "/offices/"),
        ("/admin/offices/office/", "/offices/"),
        ("/admin/institutions/institution/", "/institutions/"),
    ],
)
def test_a_printed_staff_list_carries_the_code_of_the_public_page(
    client_of: Any, address: str, page: str
):
    office = Office.objects.get(parent=None, handles_cases=True)
    person = Staff.objects.create_user("k", role=Role.DIRECTORY, office=office, is_staff=True)
    keeper = client_of(person)
    assert 'class="qr"' not in keeper.get(address).content.decode()
    SiteSettings.objects.create(address="https://yibao.example.cn")
    assert f"二维码：https://yibao.example.cn{page}" in keeper.get(address).content.decode()
