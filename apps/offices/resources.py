"""The lists of this app: offices, their telephones, and the days of the State Council's notice."""

from collections.abc import Sequence
from typing import Any

from django.core.validators import slug_re

from apps.offices.models import CalendarDay, City, Hotline, Office, PolicyDocument, Synonym
from ydjy.desk.imports import columns
from ydjy.desk.imports.columns import ListColumn
from ydjy.desk.imports.kinds import Guide, Values
from ydjy.desk.imports.reference_list import SmallList
from ydjy.lib import cell_parsers, phones, pinyin

_SOURCE = columns.link(
    "source",
    "依据",
    "政策依据",
    "文件",
    to=PolicyDocument,
    by=("title", "number"),
    sample="关于……的通知",
    note="“政策文件”里已有的标题或文号。新增的必须写。",
)
_DATED = (
    columns.day("valid_from", "生效日期", "启用日期"),
    columns.day("valid_to", "失效日期", "停用日期"),
    _SOURCE,
    columns.day("checked_on", "最后核对", "核对日期"),
)
_ORDER = columns.number("order", "次序", "排序", most=9_999)
_PUBLISHED = columns.yes_no("published", "对外公开", "是否公开", sample="是")


# Offices -----------------------------------------------------------------------------------------


def _offices(values: Values) -> Sequence[Office]:
    """By code; without one by the name, as long as only one has it."""
    if code := values.get("code"):
        return Office.objects.filter(code=code)
    return columns.saying(Office.objects.all(), name=values["name"])


def _code(cell: str) -> str | None:
    said = cell_parsers.code(cell, limit=50)
    if said and not slug_re.fullmatch(said):
        raise cell_parsers.Bad("只能用字母、数字、横线和下划线")
    return said


def _give_code(office: Office) -> None:
    """A new office of a list without codes gets one from its name."""
    if office.code:
        return
    begun, n = pinyin.initials(office.name)[:30] or "office", 1
    office.code = begun
    while Office.objects.filter(code=office.code).exists():
        n += 1
        office.code = f"{begun}-{n}"


OFFICES = SmallList(
    code="offices",
    label="经办机构",
    model=Office,
    find=_offices,
    same=lambda values: values.get("code") or values.get("name"),
    several="有几个机构叫这个名称，请在“代号”列写明是哪一个",
    complete=_give_code,
    columns=(
        ListColumn(
            *("code", ("代号", "机构代号"), columns.Words(_code)),
            Guide(note="空着就按名称找；新增的自动编。"),
        ),
        columns.text(
            *("name", "名称", "机构名称", "经办机构", "网点名称"),
            limit=60,
            identity=True,
            sample="某某镇医保服务站",
        ),
        columns.choice("level", "级别", "机构级别", of=Office.Level, sample="乡镇（街道）"),
        columns.link(
            *("parent", "上级", "上级机构"),
            to=Office,
            by=("name", "code"),
            note="上级机构的名称，可以是这张表里前面的一行。",
        ),
        columns.code("area", "医保区划", "区划代码", limit=12, sample="210727"),
        columns.text("area_name", "服务地区", "服务区域", limit=40),
        columns.text("address", "地址", "办公地址", "详细地址", limit=160),
        columns.text("step_free", "无障碍设施", limit=60),
        columns.choice("accepts", "受理范围", of=Office.Accepts, sample="本辖区"),
        columns.yes_no("handles_cases", "承办报错和备案", "承办业务", sample="否"),
        _ORDER,
        _PUBLISHED,
        *_DATED,
    ),
)


# Telephones --------------------------------------------------------------------------------------


def _hotlines(values: Values) -> Sequence[Hotline]:
    numbered = Hotline.objects.filter(tel=_tel(values["display"] or ""))
    return columns.saying(numbered, name=values["name"])


def _renumbered(values: Values) -> Sequence[Hotline]:
    """The one of that name, at that office if the list says which: then its number changed."""
    named = columns.saying(Hotline.objects.all(), name=values["name"])
    office = values.get("office")
    if not named or not office:
        return named
    there = columns.saying(Office.objects.all(), name=office) or Office.objects.filter(code=office)
    return columns.saying(Hotline.objects.filter(office__in=there), name=values["name"])


def _area_code() -> str | None:
    city = City.objects.maybe()
    return city.area_code if city else None


def _tel(display: str) -> str:
    try:
        return phones.parse(display, _area_code())[0].tel
    except (phones.PhoneError, IndexError):
        return "".join(ch for ch in display if ch.isdecimal())


def _one_phone(cell: str) -> str | None:
    said = cell_parsers.phone(cell, area_code=_area_code())
    if said and "、" in said:
        raise cell_parsers.Bad("一行只写一个号码，几个号码请分成几行")
    return said


def dial(hotline: Hotline, value: str) -> None:
    """Give it the number ``value``: as it is shown, and as a telephone dials it."""
    hotline.display, hotline.tel = value, _tel(value)


class _Number(ListColumn):
    """The number as it is shown; how a telephone dials it follows from it."""

    def save(self, instance: Hotline, row: Any, is_m2m: bool = False, **kwargs: Any) -> None:
        super().save(instance, row, is_m2m, **kwargs)
        dial(instance, instance.display)


_USES = {str(label): value for value, label in Hotline.Use.choices}


HOTLINES = SmallList(
    code="hotlines",
    label="电话",
    model=Hotline,
    find=_hotlines,
    moved=_renumbered,
    several="有几部电话叫这个名称，号码又都对不上，请在页面上改",
    columns=(
        columns.text("name", "名称", "电话名称", limit=40, identity=True, sample="异地就医咨询"),
        _Number(
            "display",
            ("号码", "电话", "电话号码", "联系电话"),
            columns.Words(_one_phone),
            Guide("0416-2345678", "一行一个号码；分机写“转8001”。"),
            identity=True,
        ),
        columns.words(
            *("uses", "用途"),
            of=_USES,
            sample="咨询",
            note=f"可以写：{'、'.join(_USES)}，几种用“、”隔开。",
        ),
        columns.link("office", "机构", "所属机构", to=Office, by=("name", "code")),
        _ORDER,
        _PUBLISHED,
        *_DATED,
    ),
)


# Days off ----------------------------------------------------------------------------------------


DAYS = SmallList(
    code="calendar",
    label="放假安排",
    model=CalendarDay,
    columns=(
        columns.day("day", "日期", "放假日期", identity=True, sample="2027-01-01"),
        columns.yes_no(
            *("works", "上班还是休息", "安排", "是否上班"),
            words=("上班", "休息"),
            sample="休息",
            note="调休上班的日子写“上班”。",
        ),
        columns.text("name", "名称", "节日", "节假日", limit=20, sample="元旦"),
        columns.text("source", "依据", "文号", limit=80, sample="国办发明电〔2026〕7号"),
        columns.yes_no("official", "正式公布", sample="是"),
    ),
)


# Words -------------------------------------------------------------------------------------------


SYNONYMS = SmallList(
    code="synonyms",
    label="同义词",
    model=Synonym,
    columns=(
        columns.text("word", "百姓的说法", "说法", limit=20, identity=True, sample="转院"),
        columns.text("means", "对应的词", limit=20, sample="转诊"),
    ),
)

LISTS = (OFFICES, HOTLINES, DAYS, SYNONYMS)
