"""Filings that come in a workbook: a list of posted workers, a school's list (F25), and what the
platform says it has (F23). Columns with synonyms; every row judged by the same rules as at the
window."""

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from typing import Any

from django.db import transaction
from django.utils import timezone

from apps.filings import exports as filings_exports
from apps.filings.models import Filing
from apps.filings.models.catalogue import Variant
from apps.filings.models.querysets import CERT_INDEX
from apps.filings.rules import judge as rules_judge
from apps.filings.rules import loader as rules_loader
from apps.offices.models import City
from ydjy.desk.crypto.fields import blind_index, opened
from ydjy.desk.exceptions import must
from ydjy.desk.imports import kinds as imports_kinds
from ydjy.desk.imports import uploads
from ydjy.desk.imports.blank_workbook import blank
from ydjy.desk.imports.cleanup import Kept
from ydjy.desk.imports.kinds import Guide, ListKind
from ydjy.desk.imports.measures import DAY, MONTHS
from ydjy.desk.imports.row_errors import Cells, Doubts, Values
from ydjy.desk.models import StagedRow, Upload
from ydjy.lib import cell_parsers, divisions, workbook

KIND, PLATFORM = "filings", "platform"
_SYNONYMS = {
    "seq": ("序号", "行号"),
    "name": ("姓名", "参保人姓名", "人员姓名", "psn_name"),
    "cert_type": ("证件类型", "psn_cert_type"),
    "cert_no": ("证件号码", "身份证号", "身份证号码", "公民身份号码", "certno"),
    "insutype": ("险种", "险种类型", "insutype"),
    "phone": ("联系电话", "手机号", "手机号码", "电话", "tel"),
    "place": ("就医地", "安置地", "备案地", "就医地行政区划", "rloc_admdvs"),
    "residence": ("居外地址", "异地居住地址", "居住地址", "resout_addr"),
    "start_on": ("开始日期", "备案开始日期", "生效日期", "begndate"),
    "end_on": ("结束日期", "备案结束日期", "失效日期", "enddate"),
}
COLUMNS: dict[str, tuple[str, ...]] = _SYNONYMS | {
    "insured_area": ("参保地", "参保地区划", "参保区县", "insu_admdvs"),
    "person_status": ("人员状态", "人员类别"),
    "posting_months": ("派驻月数", "派驻几个月"),
    "remark": ("备注", "说明"),
    "number": ("备案编号",),
    "variant": ("备案类别",),
}
OURS = ("number", "variant")  # what only our own lists say
PLATFORM_COLUMNS: dict[str, tuple[str, ...]] = _SYNONYMS | {
    "external_ref": ("平台流水号", "待遇申报明细流水号", "trt_dcla_detl_sn", "evtsn"),
    "review_flag": ("复核标志", "rchk_flag"),
}
REQUIRED, PLATFORM_REQUIRED = ("name", "cert_no"), ("cert_no", "place")
NEEDED = (*REQUIRED, "insutype", "place", "start_on")  # in every row, whatever the header is
_GUIDE = {
    "name": Guide("张三"),
    "cert_type": Guide("居民身份证"),
    "cert_no": Guide("11010519491231002X", "18 位，照证件填。"),
    "insutype": Guide("职工", "必须填。", choices=("职工", "居民")),
    "person_status": Guide("在职", choices=tuple(rules_judge.STATUS_WORDS.values())),
    "phone": Guide("13800000000"),
    "place": Guide("上海市", "全称或 6 位区划代码。必须填。"),
    "residence": Guide("某某路 1 号"),
    "start_on": Guide("2026-11-09", "必须填。"),
    "end_on": Guide("", "空着就按这类备案的期限；长期有效的写“长期”。"),
    "insured_area": Guide("义县", "空着就是受理机构的地区。"),
    "posting_months": Guide("12", "只写数字。"),
}
_MEASURES = {"start_on": DAY, "end_on": DAY, "posting_months": MONTHS}
_MONTH_DIGITS = 3
LONG = "长期"
_LONG = frozenset({LONG, "长期有效", "永久", "永久有效", "2099-12-31", "9999-12-31"})
_AT_ODDS = "是同一个人、同一个就医地，内容不同，请核对留哪一行"
_INSURANCE = {"职工": "310", "居民": "390", "310": "310", "390": "390", "320": "310"}
_STATUS = {label: value for value, label in rules_judge.STATUS_WORDS.items()}


def kind(today: date | None = None) -> ListKind:
    """The list of filings to register. 材料 are those that the whole list came with."""
    return _kind(KIND, "批量备案", COLUMNS, REQUIRED, today)


def platform_kind(today: date | None = None) -> ListKind:
    """What the national platform's download says."""
    return _kind(PLATFORM, "平台备案", PLATFORM_COLUMNS, PLATFORM_REQUIRED, today)


def _kind(
    code: str,
    label: str,
    columns: Mapping[str, tuple[str, ...]],
    required: tuple[str, ...],
    today: date | None,
) -> ListKind:
    city = City.objects.maybe()
    return ListKind(
        code=code,
        label=label,
        limits=workbook.OTHER,
        columns=dict(columns),
        required=required,
        hint="请确认表头有姓名、证件号码和就医地。",
        judge=partial(
            _judge,
            today=today or timezone.localdate(),
            home=city.area if city else "210700",
            needed=NEEDED if code == KIND else required,
        ),
        same=partial(_person_and_place, dated=code == PLATFORM),
        secret=frozenset({"cert_no", "phone"}),
        guide=_GUIDE,
        measures={key: of for key, of in _MEASURES.items() if key in columns},
        at_odds=_AT_ODDS,
    )


def blank_for(variant: Variant) -> tuple[str, bytes]:
    """下载空白表 for one kind of filing: its papers named, no column that it does not ask for."""
    rules = rules_loader.rules_of(variant)
    posted = any(row.min_posting_months for row in rules.eligibility)
    papers = ["或".join(row.words for row in group) for group in rules.groups.values()]
    notes = [f"这类备案要的材料：{'；'.join(papers)}。"] if papers else []
    left_out = OURS if posted else (*OURS, "posting_months")
    return blank(kind(), f"备案-{variant}", left_out=left_out, notes=notes)


def _judge(
    cells: Cells, *, today: date, home: str, needed: tuple[str, ...]
) -> tuple[Values, Doubts]:
    doubts = Doubts()
    readers = {
        "seq": partial(cell_parsers.number, limit=20),
        "name": cell_parsers.person_name,
        "cert_type": partial(cell_parsers.words, limit=30),
        "insutype": partial(_one_of, table=_INSURANCE, what="险种"),
        "person_status": partial(_one_of, table=_STATUS, what="人员状态"),
        "phone": cell_parsers.phone,
        "residence": partial(cell_parsers.words, limit=120),
        "start_on": partial(cell_parsers.day, today=today),
        "end_on": partial(_until, today=today),
        "posting_months": _months,
        "insured_area": partial(_area, home=home),
        "place": partial(_filed_at, home=home),
        "external_ref": partial(cell_parsers.number, limit=40),
        "review_flag": partial(cell_parsers.code, limit=1),
        "remark": partial(cell_parsers.words, limit=200),
        "number": partial(cell_parsers.number, limit=40),
        "variant": partial(cell_parsers.words, limit=200),
    }
    values = doubts.read_all(readers, cells)
    doubts.read_identity(values, cells, today)
    doubts.need(values, *needed)
    start, end = values.get("start_on"), values.get("end_on")
    if "start_on" in needed and start and end and end != LONG and end < start:
        doubts.bad["end_on"] = "早于开始日期，请核对"
    return values, doubts


def _one_of(cell: str, *, table: Mapping[str, str], what: str) -> str | None:
    text = cell_parsers.plain(cell)
    if text is None:
        return None
    # Two of them in one cell, as in 居民（原职工）, say neither; 3100 is no 310.
    found = {
        code for word, code in table.items() if re.search(rf"(?<![\d非不未])(?:{word})(?!\d)", text)
    }
    if len(found) != 1:
        raise cell_parsers.Bad(f"{what}看不懂，可以写的是：{'、'.join(table)}")
    return found.pop()


def _until(cell: str, *, today: date) -> str | None:
    """A day, or 长期: also as the platform writes it, by the last day of a century."""
    if cell_parsers.plain(cell) in _LONG:
        return LONG
    try:
        return cell_parsers.day(cell, today)
    except cell_parsers.Unsure as doubt:
        if doubt.value in _LONG:
            return LONG
        raise


def _person_and_place(values: Values, *, dated: bool) -> str:
    """What two rows of one filing have in common. A download tells the past ones, too."""
    said = f"{values.get('cert_no')}:{values.get('place')}"
    return f"{said}:{values.get('start_on')}" if dated else said


def _months(cell: str) -> str | None:
    text = (cell_parsers.plain(cell) or "").removesuffix("个月").removesuffix("月")
    if not text:
        return None
    if not text.isdecimal():
        raise cell_parsers.Bad("应为几个月，请只写数字")
    if len(text) > _MONTH_DIGITS:
        raise cell_parsers.Bad("月数太大，请核对")
    return text


def _area(cell: str, *, home: str) -> str | None:
    found = cell_parsers.place(cell, home=home)
    if found and not divisions.contains(home, found[0]):
        raise cell_parsers.Bad("不是本市的参保地")
    return found[0] if found else None


def _filed_at(cell: str, *, home: str) -> str | None:
    found = cell_parsers.place(cell, home=home)
    if found is None:
        return None
    try:
        return divisions.filing_level(found[0]).code
    except ValueError as wrong:
        raise cell_parsers.Bad(str(wrong).rstrip("。")) from wrong


# Receiving ---------------------------------------------------------------------------------------


def keep(
    data: bytes, filename: str, *, by: Any, variant: int, platform: bool = False, sender: str = ""
) -> Upload:
    """The receipt, with the bytes kept; nothing is read yet. ``variant``: the kind of filing the
    whole list is of; ``sender``: whose list it is, by whom the names of columns are remembered.

    Raises ``AlreadyReceived`` for the same bytes, and ``Refused`` for too many.
    """
    office, now = by.office, timezone.now()
    must(office is not None, "你的账号还没有设机构，不能导入。")
    return uploads.keep(
        platform_kind() if platform else kind(),
        data,
        filename,
        period=f"{timezone.localdate(now):%Y-%m-%d}" if platform else f"v{variant}",
        by=by,
        office_path=office.path,
        now=now,
        sender=sender,
    )


def receive(data: bytes, filename: str, *, by: Any, variant: int, platform: bool = False) -> Upload:
    """``keep`` and ``read`` in one. Raises ``Unreadable`` for a file that cannot be read."""
    upload = keep(data, filename, by=by, variant=variant, platform=platform)
    read(upload, by)
    return upload


def kind_of(upload: Upload) -> ListKind:
    return platform_kind() if upload.kind == PLATFORM else kind()


def read(upload: Upload, by: Any) -> None:
    """Read the kept bytes of a receipt of either kind, as far as ``by`` may see what is known."""

    def settle(upload: Upload, report: imports_kinds.Report) -> None:
        if upload.kind != PLATFORM:
            filings_exports.tell_known(report, int(upload.period.removeprefix("v")), by)

    uploads.read(upload, kind_of(upload), settle)


KEPT = Kept(PLATFORM, lambda upload: read(upload, upload.received_by))


# 与平台核对 --------------------------------------------------------------------------------------


@dataclass
class Differences:
    """Our approved filings against the platform's download, row by row."""

    same: list[Filing] = field(default_factory=list)
    differs: list[tuple[Filing, StagedRow, str]] = field(default_factory=list)
    only_here: list[Filing] = field(default_factory=list)
    only_there: list[tuple[StagedRow, dict[str, Any]]] = field(default_factory=list)


def compare(upload: Upload, staff: Any, today: date) -> Differences:
    """Matched by person and place; only filings that the person may see are ours here. What is
    doubtful in a row is compared with nothing, so such a row is never the same."""
    rows = Filing.objects.visible_to(staff).in_force_on(today)
    ours: defaultdict[tuple[str, str], list[Filing]] = defaultdict(list)
    for mine in rows.select_related("variant__category", "office"):
        ours[mine.cert_index, mine.destination].append(mine)
    theirs: defaultdict[tuple[str, str], list[tuple[StagedRow, Values]]] = defaultdict(list)
    for staged in upload.rows.filter(status__in=[imports_kinds.ACCEPTED, imports_kinds.HELD]):
        values = opened(staged.values) or {}
        key = (blind_index(CERT_INDEX, values.get("cert_no") or ""), values.get("place") or "")
        theirs[key].append((staged, values))
    found = Differences()
    for key, told in theirs.items():
        if not (known := ours.pop(key, [])):
            found.only_there += told
        for mine in known:
            why = [(staged, _differs(mine, staged, values)) for staged, values in told]
            if all(words for _, words in why):
                found.differs += [(mine, staged, words) for staged, words in why]
            else:
                found.same.append(mine)
    found.only_here = [mine for several in ours.values() for mine in several]
    return found


def _differs(mine: Filing, staged: StagedRow, values: Mapping[str, Any]) -> str:
    """In words, what the platform says otherwise; blank where both say the same."""
    said = []
    if (there := values.get("start_on")) and there != str(mine.start_on):
        said.append(f"开始日期平台是 {there}，这里是 {mine.start_on}")
    if (there := values.get("end_on")) and there != str(mine.end_on or LONG):
        said.append(f"结束日期平台是 {there}，这里是 {mine.end_on or LONG}")
    if (name := values.get("name")) and name != mine.name:
        said.append("姓名不一样")
    if (there := values.get("insutype")) and there != mine.insutype:
        words = rules_judge.INSURANCE_WORDS
        said.append(f"险种平台是 {words[there]}，这里是 {words.get(mine.insutype, mine.insutype)}")
    if (flag := values.get("review_flag")) and flag != mine.review_flag:
        said.append(f"复核标志平台是 {flag}，这里是 {mine.review_flag}")
    if not said and staged.status == imports_kinds.HELD:
        said.append(staged.message.rstrip("。"))
    return "；".join(said)


@transaction.atomic
def settle(upload: Upload, *, by: Any, today: date) -> int:
    """Everything that is the same on both sides counts as uploaded; returns how many."""
    done = 0
    for filing in compare(upload, by, today).same:
        if not filing.uploaded:
            filing.mark_uploaded(by=by)
            done += 1
    return done
