"""Lists of filings: registered by the same rules, and compared with the platform's download."""

from io import BytesIO
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from apps.filings import workbooks
from apps.filings.catalogue import Variant
from apps.filings.models import Filing
from apps.offices.models import Channel
from tests import cast as casting
from tests.cast import Cast
from ydjy.desk.models import Upload
from ydjy.desk.verbs import Refused
from ydjy.lib import workbook

pytestmark = pytest.mark.django_db
HEADER = "序号 姓名 身份证号 险种类型 人员类别 派驻月数 安置地 开始日期 参保区县".split()
PAPERS = {
    "1-social-card-insured": "copy",
    "2-posting-certificate-employer": "copy",
    "3-labour-contract-insured": "copy",
    "4-project-statement-employer": "copy",
}


def sheet(rows: list[list[str]], header: list[str] | None = None) -> bytes:
    target = BytesIO()
    out = workbook.SheetOut(name="名单", header=header or HEADER, rows=rows)
    workbook.write(target, [out])
    return target.getvalue()


def row(order: int, months: str = "12", place: str = "上海市", number: str = "") -> list[str]:
    identity = number or casting.number(order)
    return [
        str(order),
        f"测试{order}",
        identity,
        "职工",
        "在职",
        months,
        place,
        "2026-11-20",
        "义县",
    ]


def received(cast: Cast, rows: list[list[str]]) -> Upload:
    variant = Variant.objects.get(code="posted-worker")
    return workbooks.receive(sheet(rows), "派驻.xlsx", by=cast.yixian, variant=variant.pk)


def confirmed(cast: Cast, upload: Upload) -> workbooks.Outcome:
    return workbooks.confirm(
        upload, by=cast.yixian, variant=Variant.objects.get(code="posted-worker"),
        channel=Channel.objects.get(code="window"), handed=PAPERS,
    )  # fmt: skip


def test_every_row_is_told_what_is_wrong_with_it_by_its_column(policy: Cast):
    upload = received(
        policy,
        [row(1), row(2, number="210727196001010071"), row(3, place="火星"), row(4, months="半年")],
    )
    said = {r.row: (r.status, r.message) for r in upload.rows.all()}
    assert said[2][0] == "accepted"
    assert "“身份证号”校验位对不上" in said[3][1]
    assert "“安置地”" in said[4][1]
    assert "“派驻月数”应为几个月" in said[5][1]


def test_good_rows_are_registered_and_one_that_the_rules_refuse_says_why(policy: Cast):
    upload = received(policy, [row(1), row(2, months="5"), row(3)])
    outcome = confirmed(policy, upload)
    assert [filing.name for filing in outcome.made] == ["测试1", "测试3"]
    assert outcome.refused[0][0] == 3
    assert "派驻要满6个月" in outcome.refused[0][1]
    upload.refresh_from_db()
    assert (upload.accepted, upload.rejected) == (2, 1)
    assert {f.status for f in Filing.objects.all()} == {Filing.Status.PENDING}
    assert {f.origin for f in Filing.objects.all()} == {Filing.Origin.WORKBOOK}


def test_confirming_twice_registers_once_and_the_same_file_again_is_known(policy: Cast):
    upload = received(policy, [row(1)])
    confirmed(policy, upload)
    assert confirmed(policy, upload).made == []
    with pytest.raises(Refused, match="已经导入过"):
        received(policy, [row(1)])
    assert Filing.objects.count() == 1


def test_somebody_whose_filing_waits_already_is_not_registered_twice(policy: Cast):
    confirmed(policy, received(policy, [row(1)]))
    again = received(policy, [row(1), row(1, place="北京市"), row(2)])
    assert (again.duplicate, again.accepted) == (1, 2)
    outcome = confirmed(policy, again)
    assert [filing.name for filing in outcome.made] == ["测试2"]
    assert "已经有同类的备案在办" in outcome.refused[0][1]


def test_somebody_with_a_long_term_filing_elsewhere_is_not_registered(policy: Cast):
    for filing in confirmed(policy, received(policy, [row(1)])).made:
        filing.approve(by=policy.reviewer)
    outcome = confirmed(policy, received(policy, [row(1, place="北京市")]))
    assert "同一时间只能有一个长期备案" in outcome.refused[0][1]


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


# 与平台核对 --------------------------------------------------------------------------------------

THERE = ["姓名", "certno", "rloc_admdvs", "begndate", "rchk_flag"]


def test_the_download_is_compared_row_by_row(jinzhou: Any, policy: Cast, client_of: Any):
    made = []
    for order in (61, 62, 63):
        filing = jinzhou(cert_no=casting.number(order), name=f"测试{order}")
        filing.submit(by=policy.yixian)
        filing.approve(by=policy.reviewer)
        made.append(filing)
    today = str(timezone.localdate())
    rows = [
        ["测试61", casting.number(61), "310000", today, "1"],
        ["测试62", casting.number(62), "310000", "2026-01-01", "1"],
        ["测试64", casting.number(64), "110000", today, "1"],
    ]
    upload = workbooks.receive(
        sheet(rows, THERE), "平台.xlsx", by=policy.yixian, variant=0, platform=True
    )
    found = workbooks.compare(upload, policy.yixian, timezone.localdate())
    assert found.same == [made[0]]
    assert [(f.pk, "开始日期平台是 2026-01-01" in why) for f, _, why in found.differs] == [
        (made[1].pk, True)
    ]
    assert found.only_here == [made[2]]
    assert [values["name"] for _, values in found.only_there] == ["测试64"]
    page = reverse("admin:filings_filing_compared", args=[upload.pk])
    answer = client_of(policy.yixian).post(page, follow=True)
    assert "一致的 1 条记为已上报" in answer.content.decode()
    assert [Filing.objects.get(pk=f.pk).uploaded for f in made] == [True, False, False]
