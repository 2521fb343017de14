"""Lists of institutions as they arrive, made by code: small ones by hand, large ones by number."""

import csv
from collections.abc import Iterable, Sequence
from io import StringIO
from typing import Any

from apps.institutions.imports import workflow
from apps.institutions.models import ListImport

HEADER = ("机构名称", "定点医药机构编码", "所属县区", "等级", "类别", "联系电话", "地址")
PLACES = ("古塔区", "凌河区", "太和区", "义县", "黑山县", "凌海市", "北镇市")
_WORDS = "仁 和 康 宁 安 济 民 福 寿 春 兴 隆 德 善 益 慈 惠 丰 盛 同".split()
_ENDS = ("医院", "大药房", "卫生室", "社区卫生服务站", "中医门诊部", "口腔诊所", "药店", "卫生院")
_KINDS = ("医院", "药店", "卫生室", "社区", "门诊部", "诊所", "药店", "卫生院")


def generated(count: int, *, changed: int = 0) -> list[list[str]]:
    """``count`` rows with codes; in ``changed`` of them, spread evenly, the telephone is new."""
    every = count // changed if changed else 0
    return [_row(n, phone=8000000 if every and n % every == 0 else 2000000) for n in range(count)]


def _row(n: int, phone: int) -> list[str]:
    pick = (n * 2654435761) & 0xFFFFFFFF
    word = _WORDS[pick % 20] + _WORDS[pick // 20 % 20] + _WORDS[pick // 400 % 20]
    place = PLACES[pick // 8000 % len(PLACES)]
    end = pick // 64000 % len(_ENDS)
    return [
        f"{place}{word}{_ENDS[end]}{n}号店",
        f"{'P' if '药' in _ENDS[end] else 'H'}2107{n % 100:02d}{n // 100:05d}",
        place,
        "未定级" if n % 50 else "二级甲等",
        _KINDS[end],
        f"0416-{phone + n % 1000000:07d}",
        f"{place}人民路{n}号",
    ]


def csv_list(rows: Iterable[Sequence[str]], header: Sequence[str] = HEADER) -> bytes:
    out = StringIO()
    writer = csv.writer(out)
    writer.writerow(header)
    writer.writerows(rows)
    return out.getvalue().encode("utf-8-sig")


def table(**columns: Sequence[str]) -> bytes:
    """A list with just these columns: ``table(机构名称=["甲医院"], 联系电话=["…"])``."""
    return csv_list(zip(*columns.values(), strict=True), list(columns))


_serial = iter(range(10**6))


def received(data: bytes, *, by: Any = None, listed: str = "city") -> ListImport:
    """The list, taken and compared."""
    one = workflow.take(data, f"名单{next(_serial)}.csv", listed=listed, by=by)
    return workflow.run(one.pk)


def published(
    data: bytes, *, by: Any, second: Any, listed: str = "city", allow: Any = (), **how: Any
) -> ListImport:
    """The list, all the way: one person takes and drafts it, the second publishes it."""
    one = received(data, by=by, listed=listed)
    workflow.allow(one, allow)
    workflow.draft(one, by=by, **how)
    workflow.ask_publish(one, by=second)
    return workflow.run(one.pk)
