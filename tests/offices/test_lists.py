"""Offices, telephones and days off as lists: looked at first, all or none, and taken back."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from apps.offices.models import CalendarDay, Hotline, Office, PolicyDocument
from apps.offices.resources import DAYS, HOTLINES, OFFICES
from tests import workbooks
from tests.cast import Cast
from tests.undone import undone
from ydjy.desk.exceptions import Refused
from ydjy.desk.imports import reference_list, uploads
from ydjy.desk.imports.reference_list import SmallList
from ydjy.desk.models import Upload

pytestmark = pytest.mark.django_db
NOTICE = "关于放假安排的通知"
OFFICE_HEADER = ["名称", "级别", "上级", "地址", "依据"]


@pytest.fixture(autouse=True)
def notice(db: None) -> PolicyDocument:
    return PolicyDocument.objects.create(code="n", title=NOTICE)


def received(which: SmallList, rows: Any, cast: Cast, name: str = "表.xlsx") -> Upload:
    data = workbooks.csv_bytes(rows) if name.endswith("csv") else workbooks.xlsx(rows)
    upload = which.receive(data, name, by=cast.directory)
    which.read(upload)
    return upload


def offices(*rows: list[str]) -> list[list[str]]:
    return [OFFICE_HEADER, *map(list, rows)]


def test_a_list_shows_what_it_would_change_and_changes_nothing_yet(cast: Cast):
    upload = received(
        OFFICES,
        offices(
            ["义县医保中心", "", "", "人民路1号", ""],
            ["城关服务站", "服务网点", "义县医保中心", "", NOTICE],
            ["黑山县医保中心", "县（市、区）级", "", "", ""],
        ),
        cast,
    )
    changed, new = upload.changes.all()
    assert (changed.before, changed.after) == ({"address": ""}, {"address": "人民路1号"})
    assert (new.new, new.after["parent"]) == (True, "义县医保中心")
    assert (upload.accepted, upload.rows_in) == (3, 3)
    assert not Office.objects.filter(name="城关服务站").exists()
    assert Office.objects.get(code="yixian").address == ""


def test_a_list_longer_than_a_part_is_judged_whole(cast: Cast, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(uploads, "_AT_A_TIME", 2)
    rows = [
        ["城关分中心", "乡镇（街道）", "义县医保中心", "", NOTICE],
        ["黑山县医保中心", "", "", "中大路2号", ""],
        ["城关服务站", "服务网点", "城关分中心", "", NOTICE],
    ]
    upload = received(OFFICES, offices(*rows), cast)
    kept = upload.changes.order_by("position").values_list("position", "row", "name")
    assert [name for *_, name in kept] == ["城关分中心", "黑山县医保中心", "城关服务站"]
    assert [place[:2] for place in kept] == [(0, 2), (1, 3), (2, 4)]
    assert (upload.accepted, upload.rows_in) == (3, 3)
    OFFICES.confirm(upload, by=cast.directory)
    assert Office.objects.get(name="城关服务站").parent.name == "城关分中心"


def test_imported_and_taken_back_everything_is_as_before(cast: Cast):
    before = list(Office.objects.order_by("pk").values())
    upload = received(
        OFFICES,
        offices(
            ["义县医保中心", "", "", "人民路1号", ""],
            ["城关分中心", "乡镇（街道）", "义县医保中心", "", NOTICE],
            ["城关服务站", "服务网点", "城关分中心", "", NOTICE],
        ),
        cast,
    )
    OFFICES.confirm(upload, by=cast.directory)
    point = Office.objects.get(name="城关服务站")
    assert point.path.startswith(cast.office["yixian"].path)
    assert point.parent.name == "城关分中心"
    assert point.code == "cgfwz"
    assert undone(upload) == (3, [])
    assert list(Office.objects.order_by("pk").values()) == before


def test_what_somebody_has_changed_or_uses_since_is_not_taken_back(cast: Cast):
    upload = received(
        OFFICES,
        offices(
            ["义县医保中心", "", "", "人民路1号", ""],
            ["城关服务站", "服务网点", "", "", NOTICE],
            ["南街服务站", "服务网点", "", "", NOTICE],
        ),
        cast,
    )
    OFFICES.confirm(upload, by=cast.directory)
    Office.objects.filter(code="yixian").update(address="人民路2号")
    Hotline.objects.create(name="x", display="1", tel="1", office=Office.objects.get(code="cgfwz"))
    back, left = undone(upload)
    assert (back, left) == (1, ["城关服务站", "义县医保中心"])
    assert Office.objects.get(code="yixian").address == "人民路2号"
    with pytest.raises(Refused, match="没有什么可以撤销"):
        undone(upload)


def test_a_blank_cell_erases_nothing_and_a_missing_column_clears_nothing(cast: Cast):
    Office.objects.filter(code="yixian").update(address="人民路1号", area_name="义县")
    upload = received(OFFICES, [["名称", "地址"], ["义县医保中心", ""]], cast)
    assert (upload.accepted, upload.changes.count()) == (1, 0)
    with pytest.raises(Refused, match="完全一样"):
        OFFICES.confirm(upload, by=cast.directory)
    row = Office.objects.get(code="yixian")
    assert (row.address, row.area_name) == ("人民路1号", "义县")


def test_all_or_none_unless_somebody_says_only_the_good_ones(cast: Cast):
    rows = offices(
        ["义县医保中心", "", "", "人民路1号", ""],
        ["城关服务站", "村级", "", "", NOTICE],
        ["南街服务站", "服务网点", "没有这个机构", "", NOTICE],
        ["北街服务站", "服务网点", "", "", ""],
    )
    upload = received(OFFICES, rows, cast)
    assert (upload.accepted, upload.rejected) == (1, 3)
    said = list(upload.rows.filter(status="rejected").values_list("message", flat=True))
    assert "可以写的是：市级" in said[0]
    assert "“没有这个机构”，没有这一个经办机构" in said[1]
    assert "依据" in said[2]
    with pytest.raises(Refused, match="有 3 行有问题"):
        OFFICES.confirm(upload, by=cast.directory)
    OFFICES.confirm(upload, by=cast.directory, only_good=True)
    assert Office.objects.get(code="yixian").address == "人民路1号"
    upload.refresh_from_db()
    assert (upload.plan, upload.confirmed_by) == ("good", cast.directory)


def test_what_was_shown_is_what_is_written_or_nothing_is(cast: Cast):
    upload = received(OFFICES, offices(["义县医保中心", "", "", "人民路1号", ""]), cast)
    Office.objects.filter(code="yixian").update(address="东街3号")
    with pytest.raises(Refused, match=reference_list.CHANGED_MEANWHILE[:8]):
        OFFICES.confirm(upload, by=cast.directory)
    assert Office.objects.get(code="yixian").address == "东街3号"
    assert upload.changes.get().before == {"address": "东街3号"}
    OFFICES.confirm(upload, by=cast.directory)
    OFFICES.confirm(upload, by=cast.directory)  # the second press
    assert Office.objects.get(code="yixian").address == "人民路1号"


def test_the_notice_of_the_holidays_comes_as_a_list(cast: Cast):
    rows = [
        ["2027 年放假安排", "", "", ""],
        ["日期", "安排", "节日", "文号"],
        [date(2027, 1, 1), "休息", "元旦", "国办发明电〔2026〕9号"],
        ["2027年1月3日", "上班", "元旦", "国办发明电〔2026〕9号"],
        ["2027-01-04", "半天", "元旦", "国办发明电〔2026〕9号"],
    ]
    upload = received(DAYS, rows, cast)
    assert (upload.accepted, upload.rejected) == (2, 1)
    DAYS.confirm(upload, by=cast.lead, only_good=True)
    days = {str(d.day): (d.works, d.official) for d in CalendarDay.objects.filter(day__year=2027)}
    assert days == {"2027-01-01": (False, True), "2027-01-03": (True, True)}


def test_a_telephone_that_changed_its_number_is_not_a_second_one(cast: Cast, notice: Any):
    Hotline.objects.create(
        name="咨询", display="0416-2345678", tel="04162345678", uses=["enquiry"], source=notice
    )
    rows = [["名称", "号码", "用途", "依据"], ["咨询", "2345679", "咨询、电话备案", ""]]
    upload = received(HOTLINES, rows, cast)
    HOTLINES.confirm(upload, by=cast.directory)
    row = Hotline.objects.get()
    assert (row.display, row.uses) == ("0416-2345679", ["enquiry", "filing"])
    assert row.tel == "04162345679"
    undone(upload)
    row.refresh_from_db()
    assert (row.display, row.tel, row.uses) == ("0416-2345678", "04162345678", ["enquiry"])


def test_a_file_whose_reading_was_cut_short_is_read_when_it_is_sent_again(cast: Cast):
    data = workbooks.xlsx(offices(["义县医保中心", "", "", "人民路1号", ""]))
    first = OFFICES.receive(data, "a.xlsx", by=cast.directory)  # and then the power failed
    with pytest.raises(uploads.AlreadyReceived):
        OFFICES.receive(data, "a.xlsx", by=cast.directory)  # it may still be being read
    Upload.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    again = OFFICES.receive(data, "a.xlsx", by=cast.directory)
    OFFICES.read(again)
    assert (again.pk, again.state, again.changes.count()) == (first.pk, "staged", 1)


def test_a_file_of_another_list_is_refused_with_a_sentence(cast: Cast):
    with pytest.raises(uploads.Unreadable, match="名称"):
        received(OFFICES, [["姓名", "身份证号"], ["甲", "1"]], cast)


# What goes out comes back ------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["xlsx", "csv"])
@pytest.mark.parametrize(
    ("which", "model"), [(OFFICES, "office"), (HOTLINES, "hotline"), (DAYS, "calendarday")]
)
def test_an_exported_list_comes_back_with_no_change(
    cast: Cast, client_of: Any, notice: Any, which: SmallList, model: str, form: str
):
    Office.objects.filter(code="yixian").update(
        address="=1+1 路（东门），二楼",
        step_free="-@坡道",
        source=notice,
        valid_to=date(2030, 1, 1),
    )
    Hotline.objects.create(
        name="+医保", display="12393", tel="12393", uses=["enquiry", "card"], source=notice,
        office=cast.office["city"], published=False,
    )  # fmt: skip
    CalendarDay.objects.create(day=date(2027, 1, 1), works=False, name="元旦", source="@号")
    address = reverse(f"admin:offices_{model}_export")
    answer = client_of(cast.directory).post(address, {"form": form})
    assert answer.status_code == 200

    upload = which.receive(answer.content, f"导出.{form}", by=cast.directory)
    which.read(upload)

    assert upload.accepted == which.model._default_manager.count()
    assert (upload.rejected, upload.held, upload.changes.count()) == (0, 0, 0)


# On the screen -----------------------------------------------------------------------------------


def sent(rows: Any, name: str = "机构.xlsx") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, workbooks.xlsx(rows))


def test_the_screens_lead_from_the_file_to_the_import_and_back(cast: Cast, client_of: Any):
    browser = client_of(cast.directory)
    start = browser.get(reverse("admin:offices_office_changelist"))
    assert reverse("admin:offices_office_list_receive") in start.content.decode()
    rows = offices(["义县医保中心", "", "", "人民路1号", ""])
    page = browser.post(
        reverse("admin:offices_office_list_receive"), {"file": sent(rows)}, follow=True
    )
    assert "人民路1号" in page.content.decode()
    here = page.redirect_chain[-1][0]
    done = browser.post(here, {"do": "import"}, follow=True)
    assert "已导入：新增 0 条，改动 1 条" in done.content.decode()
    again = browser.post(
        reverse("admin:offices_office_list_receive"), {"file": sent(rows)}, follow=True
    )
    assert again.redirect_chain[-1][0] == here
    undone = browser.post(here, {"do": "undo", "reason": "发错了"}, follow=True)
    assert "收回了 1 条" in undone.content.decode()
    assert Office.objects.get(code="yixian").address == ""


def test_columns_with_unknown_names_are_named_once(cast: Cast, client_of: Any):
    browser = client_of(cast.directory)
    rows = [["单位叫法", "级别", "地址", "次序", "受理范围"], ["义县医保中心", "", "北街", "", ""]]
    page = browser.post(
        reverse("admin:offices_office_list_receive"), {"file": sent(rows)}, follow=True
    )
    here = page.redirect_chain[-1][0]
    assert here.endswith("/columns/")
    chosen = {"column-0": "name", "column-1": "level", "column-2": "address"}
    page = browser.post(here, chosen, follow=True)
    assert "北街" in page.content.decode()
    assert here in page.content.decode(), "what was left out can still be named"
    assert "受理范围" in browser.get(here).content.decode()


def test_the_problems_of_a_list_are_counted_by_reason(cast: Cast, client_of: Any):
    rows = offices(
        *([f"城关{n}站", "村级", "", "", NOTICE] for n in range(3)), ["", "", "", "", ""]
    )
    upload = received(OFFICES, rows, cast)
    look = reverse("admin:offices_office_list_look", args=[upload.pk])
    page = client_of(cast.directory).get(look)
    ((reason, count),) = page.context_data["reasons"]
    assert (reason.startswith("“级别”"), count) == (True, 3)
    assert f"{reason}：3 行" in page.content.decode()


def test_a_problem_is_downloaded_mended_and_accepted(cast: Cast, client_of: Any):
    upload = received(OFFICES, offices(["城关服务站", "村级", "", "", NOTICE]), cast)
    browser = client_of(cast.directory)
    address = reverse("admin:offices_office_list_problems", args=[upload.pk])
    data = browser.get(address).content
    again = OFFICES.receive(data, "改好.xlsx", by=cast.directory)
    OFFICES.read(again)
    assert (again.rejected, again.unmapped) == (1, ["问题"])
