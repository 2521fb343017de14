"""Which stored row a row of a list means, where several say nearly the same: none is overwritten
for another, none comes twice."""

from io import BytesIO
from typing import Any

import openpyxl
import pytest
from django.urls import reverse

from apps.offices.models import Hotline, Office, PolicyDocument
from apps.offices.resources import DAYS, HOTLINES, OFFICES
from tests import workbooks
from tests.cast import Cast
from ydjy.desk.imports.problem_workbook import problem_workbook
from ydjy.desk.imports.reference_list import SmallList
from ydjy.desk.models import Upload

pytestmark = pytest.mark.django_db
PHONES = ["名称", "号码", "用途", "机构", "依据"]


@pytest.fixture(autouse=True)
def notice(db: None) -> PolicyDocument:
    return PolicyDocument.objects.create(code="n", title="通知")


@pytest.fixture
def enquiry(notice: PolicyDocument) -> Hotline:
    return Hotline.objects.create(
        name="咨询", display="0416-2345678", tel="04162345678", uses=["enquiry"], source=notice
    )


def received(which: SmallList, data: Any, cast: Cast) -> Upload:
    content = data if isinstance(data, bytes) else workbooks.xlsx(data)
    upload = which.receive(content, "表.xlsx", by=cast.directory)
    which.read(upload)
    return upload


def messages(upload: Upload) -> list[str]:
    return list(upload.rows.order_by("position").values_list("message", flat=True))


def numbers() -> list[str]:
    return sorted(Hotline.objects.values_list("display", flat=True))


@pytest.mark.parametrize("turned", [False, True], ids=["old one first", "new one first"])
def test_a_second_number_of_a_name_is_added_and_the_first_stays(
    cast: Cast, enquiry: Hotline, turned: bool
):
    rows = [["咨询", "0416-2345678", "", "", ""], ["咨询", "0416-2345679", "咨询", "", "通知"]]
    upload = received(HOTLINES, [PHONES, *(rows[::-1] if turned else rows)], cast)
    HOTLINES.confirm(upload, by=cast.directory)
    assert numbers() == ["0416-2345678", "0416-2345679"]


def test_a_number_of_another_office_under_the_same_name_is_another_telephone(
    cast: Cast, enquiry: Hotline
):
    Hotline.objects.update(office=cast.office["yixian"])
    row = ["咨询", "0416-2345679", "咨询", cast.office["city"].name, "通知"]
    HOTLINES.confirm(received(HOTLINES, [PHONES, row], cast), by=cast.directory)
    assert numbers() == ["0416-2345678", "0416-2345679"]
    enquiry.refresh_from_db()
    assert enquiry.office == cast.office["yixian"]


def test_a_mended_row_overwrites_no_row_that_its_first_file_had_beside_it(
    cast: Cast, enquiry: Hotline
):
    bad = ["咨询", "23456", "咨询", "", "通知"]
    upload = received(HOTLINES, [PHONES, ["咨询", "0416-2345678", "", "", ""], bad], cast)
    assert (upload.accepted, upload.held) == (1, 1)
    book = openpyxl.load_workbook(BytesIO(problem_workbook(upload)[1]))
    book.active["B2"] = "0416-2345679"
    book.save(mended := BytesIO())
    again = received(HOTLINES, mended.getvalue(), cast)
    assert (again.rejected, again.changes.count()) == (1, 0)
    assert "分不清是改那一条还是另加一条" in messages(again)[0]
    assert numbers() == ["0416-2345678"]


def test_two_offices_of_one_name_come_back_by_their_codes(
    cast: Cast, client_of: Any, notice: PolicyDocument
):
    for code in ("one", "two"):
        Office.objects.create(code=code, name="服务站", level="point", source=notice)
    address = reverse("admin:offices_office_export")
    answer = client_of(cast.directory).post(address, {"form": "xlsx"})
    upload = received(OFFICES, answer.content, cast)
    assert (upload.accepted, upload.changes.count()) == (Office.objects.count(), 0)
    rows = [["代号", "名称", "地址"], ["one", "服务站", "东街"], ["two", "服务站", "西街"]]
    OFFICES.confirm(received(OFFICES, rows, cast), by=cast.directory)
    said = dict(Office.objects.filter(name="服务站").values_list("code", "address"))
    assert said == {"one": "东街", "two": "西街"}


def test_two_rows_of_a_list_do_not_change_the_same_stored_row(cast: Cast):
    rows = [["代号", "名称", "地址"], ["yixian", "", "东街"], ["", "义县医保中心", "西街"]]
    rows[1][1] = Office.objects.get(code="yixian").name
    upload = received(OFFICES, rows, cast)
    assert (upload.accepted, upload.rejected) == (1, 1)
    assert "前面已经有一行写的是这一条" in messages(upload)[1]


@pytest.mark.parametrize(
    ("name", "above"),
    [("义县医保中心", "义县医保中心"), ("市医保中心", "义县医保中心")],
    ids=["itself", "one below"],
)
def test_no_office_stands_below_itself(cast: Cast, client_of: Any, name: str, above: str):
    office = Office.objects.get(name=name)
    upload = received(OFFICES, [["名称", "上级"], [name, above]], cast)
    assert messages(upload) == ["“上级”写成了自己或者自己的下级。"]
    office.parent = Office.objects.get(name=above)
    with pytest.raises(Exception, match="自己的下级"):
        office.clean()


def test_a_code_with_other_signs_is_told_in_plain_words(cast: Cast):
    upload = received(OFFICES, [["代号", "名称"], ["a b", "甲站"], ["中文", "乙站"]], cast)
    assert messages(upload) == ["“代号”只能用字母、数字、横线和下划线。"] * 2


def test_what_a_new_row_lacks_is_named_by_its_column(cast: Cast):
    rows = [["日期", "上班还是休息", "名称", "依据"], ["2029-12-03", "", "元旦", "通知"]]
    upload = received(DAYS, rows, cast)
    assert messages(upload) == ["“上班还是休息”空着，新增的必须填。"]
