"""A list of posted workers as an employer sends it, and what is done with it."""

from io import BytesIO

import pytest

from apps.filings.imports import columns as imports_columns
from apps.filings.imports import register as imports_register
from apps.filings.models import Filing
from apps.filings.models.catalogue import Variant
from apps.offices.models import Channel
from tests import cast as casting
from tests.cast import Cast
from ydjy.desk.models import Upload
from ydjy.lib import workbook

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
    return imports_columns.receive(sheet(rows), "派驻.xlsx", by=cast.yixian, variant=variant.pk)


def confirmed(cast: Cast, upload: Upload) -> imports_register.Outcome:
    window = Channel.objects.get(code="window")
    return imports_register.confirm(upload, by=cast.yixian, channel=window, handed=PAPERS)


def made(outcome: imports_register.Outcome) -> list[Filing]:
    return list(Filing.objects.filter(pk__in=outcome.made).order_by("pk"))


class Killed(BaseException):
    """The process ended here."""


def die_at(monkeypatch: pytest.MonkeyPatch, part: int) -> None:
    passed = iter(range(1, part + 1))

    def point(name: str) -> None:
        if next(passed, None) == part:
            raise Killed

    monkeypatch.setattr(imports_register, "crashpoint", point)
    monkeypatch.setattr(imports_register, "AT_A_TIME", 2)
