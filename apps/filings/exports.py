"""The list of filings as a file: with the column names that a received list has, so that it comes
back as what it is. What is registered already is then told, not registered twice (X19)."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.utils import timezone

from apps.filings.models import Filing
from apps.filings.models.catalogue import Variant
from apps.filings.models.querysets import CERT_INDEX
from apps.filings.models.transitions import Status
from apps.filings.rules.judge import STATUS_WORDS
from ydjy.desk.crypto.fields import blind_index
from ydjy.desk.exports.files import Column
from ydjy.desk.imports import kinds as imports_kinds
from ydjy.lib.text import clean

_INSURANCE = {"310": "职工", "390": "居民"}
_OVER = (Status.REJECTED, Status.WITHDRAWN, Status.REVOKED, Status.CHANGED)

COLUMNS = (
    Column("备案编号", "number"),
    Column("备案类别", "variant"),
    Column("姓名", "name"),
    Column("证件类型", "cert_type"),
    Column("证件号码", "cert_no"),
    Column("险种", lambda f: _INSURANCE.get(f.insutype, f.insutype)),
    Column("人员状态", lambda f: STATUS_WORDS.get(f.person_status, "")),
    Column("联系电话", "phone"),
    Column("参保地区划", "insured_area"),
    Column("就医地行政区划", "destination"),
    Column("就医地名称", "destination_name"),
    Column("居外地址", "residence"),
    Column("开始日期", "start_on"),
    Column("结束日期", "end_on"),
    Column("派驻月数", "posting_months"),
    Column("状态", lambda f: f.condition_on(timezone.localdate()) or f.get_status_display()),
    Column("上报状态", lambda f: f.get_upload_status_display()),
    Column("受理机构", "office"),
    Column("渠道", "channel"),
    Column("登记时间", lambda f: _moment(f.created_at)),
    Column("审核时间", lambda f: _moment(f.decided_at)),
    Column("原因", "reason"),
)


def _moment(at: Any) -> str:
    return timezone.localtime(at).strftime("%Y-%m-%d %H:%M") if at else ""


def tell_known(report: imports_kinds.Report, variant: int, staff: Any) -> None:
    """Rows whose filing is here already, and not over, are duplicates of it; so is one that has
    the number of any of ours. One of another kind is not registered as this one."""
    good = [
        row for row in report.rows if row.status in (imports_kinds.ACCEPTED, imports_kinds.HELD)
    ]
    ours = Filing.objects.visible_to(staff)
    known = _by_person(ours.filter(variant=variant).exclude(status__in=_OVER), good)
    numbers = {row.values.get("number") for row in good} - {None}
    numbers = {f.number for f in _in_parts(ours, "number", numbers)}
    names = {one.pk: clean(str(one)) for one in Variant.objects.select_related("category")}
    mine = names.pop(variant, "")
    others = set(names.values()) - {mine}
    with imports_kinds.recounted(report):
        for row in good:
            number, kind = row.values.get("number"), row.values.get("variant")
            number = number if number in numbers else known.get(_key(row.values))
            if number:
                row.status, row.message = imports_kinds.DUPLICATE, f"已经登记过：{number}。"
            elif kind in others:
                row.status = imports_kinds.REJECTED
                row.message = f"“备案类别”写的是{kind}，这张表选的是{mine}，请按类别分成几张表。"


def _by_person(rows: Any, good: list[imports_kinds.ReadRow]) -> dict[tuple[str, str, str], str]:
    persons = {_key(row.values)[0] for row in good}
    found = _in_parts(rows, "cert_index", persons)
    return {(f.cert_index, f.destination, str(f.start_on)): f.number for f in found}


def _in_parts(rows: Any, name: str, wanted: Iterable[Any]) -> Any:
    wanted = sorted(wanted)
    for at in range(0, len(wanted), 500):
        part = rows.filter(**{f"{name}__in": wanted[at : at + 500]})
        yield from part.only("cert_index", "destination", "start_on", "number")


def _key(values: Mapping[str, Any]) -> tuple[str, str, str]:
    person = blind_index(CERT_INDEX, values.get("cert_no") or "")
    return person, values.get("place") or "", values.get("start_on") or ""
