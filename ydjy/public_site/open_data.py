"""Open data: what the public pages show, as CSV and JSON with a version (P13).

A list of columns is a promise: a column may be added, one is never renamed or dropped without a
new ``EDITION``. Documented on /data/ and in docs/public.md.
"""

import csv
import io
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone

from apps.filings.models.catalogue import MaterialRule, SettlementRule
from apps.filings.public import guide
from apps.institutions.public.querysets import public_institutions, public_rights
from apps.offices.models import CalendarDay, Hotline, Office, ServiceHours
from apps.offices.public.page import furniture, page, show, shown

EDITION = 1
Rows = Iterable[tuple[Any, ...]]


@dataclass(frozen=True)
class Dataset:
    """One table: (column, what it means) and how its rows are made for a day."""

    name: str
    title: str
    columns: tuple[tuple[str, str], ...]
    rows: Callable[[date], Rows]


SOURCE = (("source", "依据"), ("checked_on", "最后核对"))


def _sourced(row: Any) -> tuple[str, str]:
    return row.source.title if row.source else "", row.checked_on.isoformat()


def _offices(today: date) -> Rows:
    for o in shown(Office.objects.select_related("source", "parent"), today):
        above = o.parent.code if o.parent else ""
        own = (o.code, o.name, o.get_level_display(), above, o.area_name, o.address)
        yield (*own, o.get_accepts_display(), o.step_free, *_sourced(o))


def _hotlines(today: date) -> Rows:
    for line in shown(Hotline.objects.select_related("source", "office"), today):
        office = line.office.code if line.office else ""
        yield (line.name, line.display, office, "、".join(line.use_labels), *_sourced(line))


def _hours(today: date) -> Rows:
    rows = shown(ServiceHours.objects.select_related("source", "office", "hotline"), today)
    for row in rows:
        whose = row.hotline.name if row.hotline else row.office.name
        day = "工作日" if row.weekday is None else "周" + "一二三四五六日"[row.weekday]
        yield (whose, day, f"{row.opens:%H:%M}", f"{row.closes:%H:%M}", *_sourced(row))


def _institutions(today: date) -> Rows:
    for row in public_institutions(today).select_related("source").iterator(2000):
        own = (row.pk, row.national_code or "", row.name, row.get_kind_display(), row.level)
        yield (*own, row.county, row.address, row.phone, *_sourced(row))


def _referral(today: date) -> Rows:
    for right in public_rights(today):
        own = (right.institution_id, right.institution.name, right.get_mode_display())
        yield (*own, right.include, right.exclude, right.wording, right.serves, *_sourced(right))


def _materials(today: date) -> Rows:
    variants = {v.pk: v for v in guide.variants_of(None, today)}
    rules = MaterialRule.objects.filter(variant__in=variants).select_related("material", "source")
    for rule in rules:
        variant = variants[rule.variant_id]
        what = (rule.material.name, rule.get_whose_display(), rule.pages, rule.form)
        where = (variant.category.code, variant.category.name, variant.code, variant.name)
        yield (*where, rule.group_no, *what, *_sourced(variant))


def _settlement(today: date) -> Rows:
    for row in shown(SettlementRule.objects.select_related("region", "source"), today):
        where = (row.get_direction_display(), row.region.name, row.get_venue_display())
        yield (*where, row.get_mode_display(), row.catalogue, row.policy, row.note, *_sourced(row))


def _calendar(today: date) -> Rows:
    for row in CalendarDay.objects.filter(official=True):
        yield (row.day.isoformat(), "上班" if row.works else "休息", row.name, row.source)


DATASETS = {
    one.name: one
    for one in (
        Dataset("offices", "经办机构和网点", (
            ("code", "代号"), ("name", "名称"), ("level", "级别"), ("parent", "上级代号"),
            ("area_name", "服务地区"), ("address", "地址"), ("accepts", "受理范围"),
            ("step_free", "无障碍设施"), *SOURCE), _offices),
        Dataset("hotlines", "办事电话", (
            ("name", "名称"), ("number", "号码，带区号"), ("office", "机构代号"), ("uses", "用途"),
            *SOURCE), _hotlines),
        Dataset("hours", "上班时间", (
            ("whose", "哪部电话或哪个机构"), ("day", "哪天"), ("opens", "开始"), ("closes", "结束"),
            *SOURCE), _hours),
        Dataset("institutions", "定点机构", (
            ("id", "本站编号"), ("national_code", "国家编码"), ("name", "名称"), ("kind", "类别"),
            ("level", "等级"), ("county", "县区"), ("address", "地址"), ("phone", "电话"), *SOURCE),
            _institutions),
        Dataset("referral", "能开转诊的医院和范围", (
            ("institution_id", "本站编号"), ("institution", "医院"), ("mode", "范围类型"),
            ("include", "仅限"), ("exclude", "不含"), ("wording", "文件原文"),
            ("serves", "只为哪个县（市）"), *SOURCE), _referral),
        Dataset("materials", "备案要带的材料", (
            ("category_code", "类别代号"), ("category", "备案类别"), ("variant_code", "情形代号"),
            ("variant", "情形"), ("group", "组号，同组任选其一"), ("material", "材料"),
            ("whose", "谁的"), ("pages", "哪几页"), ("form", "形式"), *SOURCE), _materials),
        Dataset("settlement", "在外地怎么结算", (
            ("direction", "方向"), ("region", "地区"), ("venue", "在哪里看"), ("mode", "怎么结算"),
            ("catalogue", "用哪里的目录"), ("policy", "用哪里的政策"), ("note", "说明"), *SOURCE),
            _settlement),
        Dataset("calendar", "工作日历", (
            ("day", "日期"), ("works", "上班还是休息"), ("name", "名称"), ("source", "依据")),
            _calendar),
    )
}  # fmt: skip


@page
def index(request: HttpRequest) -> HttpResponse:
    """What can be downloaded, and what each column means."""
    return show(request, "public/data.html", {"datasets": DATASETS.values(), "edition": EDITION})


@page
def download(request: HttpRequest, name: str, form: str) -> HttpResponse:
    dataset = DATASETS.get(name)
    if dataset is None:
        raise Http404
    rows, today = dataset.rows(timezone.localdate()), timezone.localdate()
    keys = [key for key, _ in dataset.columns]
    if form == "csv":
        response = HttpResponse(_csv(keys, rows), content_type="text/csv; charset=utf-8")
        response.headers["Content-Disposition"] = f'attachment; filename="{name}-v{EDITION}.csv"'
        return response
    body = {
        "dataset": name,
        "title": dataset.title,
        "edition": EDITION,
        "content_version": furniture().version,
        "as_of": today.isoformat(),
        "columns": dict(dataset.columns),
        "rows": [dict(zip(keys, row, strict=True)) for row in rows],
    }
    return JsonResponse(body, json_dumps_params={"ensure_ascii": False})


def _csv(keys: list[str], rows: Rows) -> str:
    """With a mark at the head, so that Excel reads it as UTF-8."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(keys)
    writer.writerows([_harmless(value) for value in row] for row in rows)
    return "\ufeff" + out.getvalue()


def _harmless(value: Any) -> Any:
    """A text that a spreadsheet would run as a formula gets a quote in front."""
    return (
        f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t") else value
    )
