"""The list of designated institutions as it arrives: columns, and how one row is read."""

import re
from collections.abc import Callable
from datetime import date
from functools import partial

from apps.institutions.referral import scope as scopes
from apps.institutions.search import index_keys
from ydjy.desk.imports.kinds import Guide, ListKind
from ydjy.desk.imports.measures import DAY
from ydjy.desk.imports.row_errors import Cells, Doubts, Values, once
from ydjy.lib import cell_parsers, workbook
from ydjy.lib.text import name_key

COLUMNS: dict[str, tuple[str, ...]] = {
    "seq": ("序号", "行号"),
    "name": ("机构名称", "定点医药机构名称", "医疗机构名称", "定点机构名称", "名称", "医院名称"),
    "code": (
        "机构编码",
        "定点医药机构编码",
        "定点医药机构编号",
        "机构编号",
        "国家码",
        "定点机构编码",
        "定点医药机构代码",
        "medinsCode",
    ),
    "county": ("所属县区", "县区", "所在县区", "所属区县", "行政区划"),
    "grade": ("机构等级", "医院等级", "等级", "级别"),
    "kind": ("机构类别", "机构类型", "类别", "类型"),
    "ownership": ("性质", "经营性质", "机构性质", "所有制"),
    "scope": ("转诊范围", "转诊病种范围", "转诊资格范围"),
    "phone": ("联系电话", "电话", "咨询电话"),
    "address": ("地址", "机构地址", "详细地址"),
    "status": ("开通状态", "状态", "联网状态"),
    "valid_from": ("生效日期", "开通日期", "生效时间"),
    "remark": ("备注", "说明"),
}
REQUIRED = ("name",)
GUIDE = {
    "name": Guide("某某医院", "公章上的全称。"),
    "code": Guide("H21070200001", "H 或 P 加 11 位数字。"),
    "county": Guide("古塔区"),
    "grade": Guide("二级甲等", choices=tuple(index_keys.LEVELS)),
    "kind": Guide("医院", choices=("医院", "社区卫生服务中心", "门诊部", "药店")),
    "ownership": Guide("公立", choices=("公立", "民营")),
    "scope": Guide("仅限精神疾病", "写“不限”“仅限……”或“不含……”；空着不改动现在的。"),
    "phone": Guide("0416-2345678", "几个号码用“、”隔开。"),
    "status": Guide("正常", choices=("正常", "暂停", "已解除")),
    "valid_from": Guide("2026-11-09"),
}
CODE = re.compile(r"[HP][0-9]{11}")
# What the columns of the directory take: PostgreSQL refuses a character more.
_NAME, _PHONES, _GROUPS, _WORDING = 80, 60, 120, 200
_PLAIN = re.compile(r"0(?:10|2[0-9]|[3-9][0-9]{2})-[2-8][0-9]{6,7}")
_SIMPLE = re.compile("(?!.*[0-9]{9})[\u4e00-\u9fffA-Za-z0-9]+")
#: What a list says about whether an institution still works, in our three words.
NORMAL, SUSPENDED, ENDED = "正常", "暂停", "已解除"
_STATES = {
    **dict.fromkeys("正常 启用 有效 开通 已开通 在用 营业".split(), NORMAL),
    **dict.fromkeys("暂停 停用 已停用 中止 暂停服务".split(), SUSPENDED),
    **dict.fromkeys("解除 已解除 注销 已注销 撤销 终止 关闭 解约".split(), ENDED),
}


def kind(
    *,
    today: date,
    area_code: str | None = None,
    vocabulary: scopes.Vocabulary = scopes.SOURCE_GROUPS,
) -> ListKind:
    readers = {
        "seq": partial(cell_parsers.number, limit=20),
        "name": _name,
        "code": _national_code,
        "county": once(partial(cell_parsers.words, limit=20)),
        "grade": once(partial(cell_parsers.words, limit=20)),
        "kind": once(partial(cell_parsers.words, limit=20)),
        "ownership": once(partial(cell_parsers.words, limit=10)),
        "scope": once(partial(_scope, vocabulary=vocabulary)),
        "phone": partial(_phone, area_code=area_code),
        "address": partial(_words, limit=160),
        "status": once(_state),
        "valid_from": once(partial(cell_parsers.day, today=today)),
        "remark": once(partial(cell_parsers.words, limit=200)),
    }
    return ListKind(
        code="institutions",
        label="定点机构",
        limits=workbook.INSTITUTIONS,
        columns=COLUMNS,
        required=REQUIRED,
        hint="请确认是定点机构名单。",
        judge=partial(_judge, readers=readers),
        same=same,
        guide=GUIDE,
        measures={"valid_from": DAY},
    )


Reader = Callable[[str], str | None]


def _judge(cells: Cells, *, readers: dict[str, Reader]) -> tuple[Values, Doubts]:
    doubts = Doubts()
    values = doubts.read_all(readers, cells)
    doubts.need(values, "name")
    return values, doubts


def kind_of(words: str | None, code: str | None) -> str | None:
    """The kind that a list's words or the letter of a code say; ``None`` when neither does."""
    for part, found in (
        ("药", "pharmacy"),
        ("社区", "community"),
        ("卫生院", "community"),
        ("卫生室", "community"),
        ("门诊部", "clinic"),
        ("诊所", "clinic"),
        ("医院", "hospital"),
    ):
        if words and part in words:
            return found
    return "pharmacy" if code and code.startswith("P") else None


def _words(cell: str, *, limit: int) -> str | None:
    """Han characters and a few digits are canonical as they stand; the rest is read."""
    if len(cell) <= limit and _SIMPLE.fullmatch(cell) and "锟斤拷" not in cell:
        return str(cell)
    return cell_parsers.words(cell, limit=limit)


def _name(cell: str) -> str | None:
    """At most what the columns of the name and of its key take: a key may be longer than the
    name, as 五千 is 5000 in it."""
    name = _words(cell, limit=_NAME)
    if name is None:
        return None
    if not any(map(str.isalpha, name)):
        raise cell_parsers.Bad("不像机构名称，请核对是不是串列了")
    if len(name) * 2 > _NAME and len(name_key(name)) > _NAME:
        raise cell_parsers.Bad(f"太长，里面的数字写成阿拉伯数字后超过 {_NAME} 个字，请删短")
    return name


def _phone(cell: str, *, area_code: str | None) -> str | None:
    """A single number with its area code is how it is shown already; the rest is read."""
    if _PLAIN.fullmatch(cell):
        return str(cell)
    numbers = cell_parsers.phone(cell, area_code=area_code)
    if numbers and len(numbers) > _PHONES:
        raise cell_parsers.Bad(
            f"几个号码合起来有 {len(numbers)} 个字符，最多 {_PHONES} 个，请删去几个"
        )
    return numbers


def _state(cell: str) -> str | None:
    text = cell_parsers.plain(cell)
    if text is None:
        return None
    if text not in _STATES:
        raise cell_parsers.Unsure("看不出是“正常”还是“停用”，请写清楚")
    return _STATES[text]


def _national_code(cell: str) -> str | None:
    if CODE.fullmatch(cell):
        return str(cell)
    text = cell_parsers.number(cell, limit=30)
    if text is None:
        return None
    text = text.upper()
    if not CODE.fullmatch(text):
        raise cell_parsers.Bad("国家编码应为 H 或 P 加 11 位数字，请核对")
    return text


def _scope(cell: str, *, vocabulary: scopes.Vocabulary) -> str | None:
    """The official wording. Blank says nothing and changes nothing; it never means 不限."""
    text = cell_parsers.plain(cell)
    if text is None:
        return None
    read = scopes.parse(text, vocabulary)
    if read.mode == "unparsed":
        raise cell_parsers.Unsure(read.problem.rstrip("。") or "转诊范围看不懂，请人判断", text)
    said = scopes.describe(read, vocabulary)
    groups = max(len("、".join(names)) for names in (read.include, read.exclude))
    if groups > _GROUPS or len(said) > _WORDING:
        raise cell_parsers.Bad(f"病种太多，一格里“仅限”或“不含”的病种最多 {_GROUPS} 个字，请删短")
    return said


def same(values: Values) -> str | None:
    if code := values.get("code"):
        return f"code:{code}"
    name = values.get("name")
    return f"name:{name_key(name)}:{values.get('county') or ''}" if name else None
