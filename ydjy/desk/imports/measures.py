"""Units in the title of a column: 涉及金额（万元）, 派驻月数（年）, 报错时间（UTC）.

What can be converted exactly is converted and said; every other unit is asked, because a bracket
that changes what a number means must never be dropped.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from functools import lru_cache

from ydjy.desk.imports.row_errors import Cells, Doubts, Values
from ydjy.lib import cell_parsers
from ydjy.lib.cell_parsers import Unsure
from ydjy.lib.workbook import NumberText, TableSheet

_MONEY = {
    "元": "1", "圆": "1", "块": "1", "人民币": "1", "rmb": "1", "cny": "1", "¥": "1",
    "角": "0.1", "分": "0.01", "十元": "10", "百元": "100", "百": "100", "千元": "1000",
    "千": "1000", "万元": "10000", "万": "10000", "十万元": "100000", "百万元": "1000000",
    "百万": "1000000", "千万元": "10000000", "千万": "10000000", "亿元": "100000000",
    "亿": "100000000",
}  # fmt: skip
_TIME = {"月": "1", "个月": "1", "年": "12", "季": "3", "季度": "3", "半年": "6"}
# What else may stand there and means another thing than the column is read as.
_OTHERS = (
    "天 日 周 星期 小时 时 分钟 秒 毫秒 学期 旬 次 人 人次 件 例 笔 % ‰ 百分比 百分点 "
    "美元 美金 港元 港币 澳门元 澳门币 台币 新台币 欧元 日元 英镑 卢布 韩元 外币 usd hkd eur "
    "utc gmt 格林尼治时间 世界时 协调世界时 当地时间 美国时间 东京时间 "
    "农历 阴历 旧历 民国 回历 佛历 时间戳 unix 毫秒数"
).split()
_UNITS = {*_MONEY, *_TIME, *_OTHERS}
_BRACKETS = re.compile(r"[(\[【<《〔{]([^()\[\]【】<>《》〔〕{}]*)[)\]】>》〕}]")
_BETWEEN = re.compile("[,，;；、/／|]")
_AROUND = re.compile(
    "^(?:单位|计量单位|金额单位|币种|货币|以|按|为|均为|[:：])+|(?:计|为单位|整)+$"
)
_AT_THE_END = re.compile("(?:十|百|千|万|十万|百万|千万|亿)元$")
_ABOVE = re.compile(r"单位[:：]?(?:人民币)?((?:十|百|千|万|十万|百万|千万|亿)?元|角|分)")


@dataclass(frozen=True, eq=False)
class Measure:
    """What a column is counted in, and how many of it each other unit is."""

    unit: str
    factors: dict[str, Decimal] = field(default_factory=dict)


MONEY = Measure("元", {word: Decimal(factor) for word, factor in _MONEY.items()})
MONTHS = Measure("个月", {word: Decimal(factor) for word, factor in _TIME.items()})
DAY = Measure("日期")
COUNT = Measure("数")


def units_in(title: str) -> list[str]:
    """The units that stand in the brackets of a title, or at its end."""
    bare = "".join(unicodedata.normalize("NFKC", title).split()).lower()
    said = [part for inside in _BRACKETS.findall(bare) for part in _BETWEEN.split(inside)]
    words = [_unit_of(part) for part in said]
    if at_end := _AT_THE_END.search(bare):
        words.append(at_end[0])
    return [word for word in words if word in _UNITS]


def _unit_of(part: str) -> str:
    word = _AROUND.sub("", part)
    if word in _UNITS:
        return word
    return word.removeprefix("人民币").removesuffix("人民币").removeprefix(":")


@lru_cache(maxsize=512)
def _other_unit(measure: Measure, title: str, above: str) -> str:
    """The unit of a column that is not read as it stands; blank for all others."""
    units = units_in(title)
    if not units and measure is MONEY and (found := _ABOVE.search(above)):
        units = [found[1]]
    return next((unit for unit in units if measure.factors.get(unit) != 1), "")


def converted(measure: Measure, cell: str, title: str, above: Sequence[str] = ()) -> str:
    """The cell in the unit that the column is read in; ``Unsure`` where a person has to say."""
    unit = _other_unit(measure, title, "".join("".join(above).split()))
    text = cell_parsers.plain(cell) if unit else None
    if text is None or text in cell_parsers.NOTHING:
        return cell
    factor = measure.factors.get(unit)
    if factor is None:
        raise Unsure(f"标题里写着“{unit}”，不知道怎么当{measure.unit}来读，请核对")
    bare = re.sub(r"[\s,¥￥]", "", text).removesuffix(unit)
    try:
        amount = Decimal(bare) * factor
    except InvalidOperation:
        raise Unsure(f"标题里的单位是“{unit}”，这一格写的不是单纯的数字，请核对") from None
    if not amount.is_finite():
        raise Unsure(f"标题里的单位是“{unit}”，这一格写的不是单纯的数字，请核对")
    if measure is MONTHS and amount != int(amount):
        raise Unsure(f"标题里的单位是“{unit}”，换成{measure.unit}不是整数，请核对")
    shown = f"{amount.normalize():f}"
    return NumberText(shown) if isinstance(cell, NumberText) else shown


def note(measure: Measure, title: str, above: Sequence[str] = ()) -> str:
    """What to say of a cell that was converted."""
    unit = _other_unit(measure, title, "".join("".join(above).split()))
    return f"已按标题里的“{unit}”换成{measure.unit}" if unit else ""


Judge = Callable[[Cells], tuple[Values, Doubts]]


def judged(
    judge: Judge, of: Mapping[str, Measure], sheet: TableSheet, cells: dict[str, str]
) -> tuple[Values, Doubts]:
    """The verdict on a row of a file, its numbers and days in the units that its titles say."""
    asked: dict[str, str] = {}
    notes: dict[str, str] = {}
    for key, measure in of.items():
        if not (cell := cells.get(key)):
            continue
        title = sheet.headers[sheet.columns[key]]
        try:
            cells[key] = converted(measure, cell, title, sheet.above)
        except Unsure as doubt:
            asked[key], cells[key] = str(doubt), ""
        if cells[key] and cells[key] is not cell:
            notes[key] = note(measure, title, sheet.above)
    values, doubts = judge(cells)
    for key in asked:
        doubts.bad.pop(key, None)  # only because nothing was read
    doubts.unsure |= asked
    doubts.notes |= notes
    return values, doubts
