"""The province's weekly list: what its columns are called and how one row of it is read.

No two senders use the same words (domain 2.6), so every header that was seen is listed here; what
a sender adds is remembered by the intake. 处理结果 and 处理人 are read so that a clerk sees them,
and never stored as an answer: the answers are ours (reliability rule 4).
"""

from collections.abc import Callable, Mapping
from datetime import date
from functools import partial

from ydjy.desk.imports.kinds import Guide, ListKind
from ydjy.desk.imports.measures import DAY, MONEY
from ydjy.desk.imports.row_errors import Cells, Doubts, Values, once
from ydjy.lib import cell_parsers, divisions, workbook

COLUMNS: dict[str, tuple[str, ...]] = {
    "seq": ("序号", "编号", "行号"),
    "province_no": ("省问题编号", "问题编号", "省编号", "工单编号", "问题单号"),
    "reported_on": ("报错时间", "报错日期", "发生时间", "交易时间", "上报时间", "问题日期", "日期"),
    "insured_place": ("参保地", "参保地名称", "参保统筹区", "参保地区"),
    "insured_area": ("参保地区划", "参保区划", "参保地区划代码", "参保地医保区划", "insu_admdvs"),
    "care_place": ("就医地", "就医地名称", "就医地区", "就医统筹区"),
    "care_area": ("就医地区划", "就医区划", "就医地区划代码", "就医地医保区划", "mdtrtarea_admvs"),
    "inst_code": (
        "定点医药机构编码",
        "医疗机构编码",
        "定点机构编码",
        "机构编码",
        "定点医药机构代码",
        "定点医药机构编号",
        "机构编号",
        "国家码",
        "医院编码",
        "fixmedins_code",
    ),
    "inst_name": (
        "定点医药机构名称",
        "医疗机构名称",
        "定点机构名称",
        "机构名称",
        "医疗机构",
        "就医机构",
        "就诊机构",
        "就诊医院",
        "就医医院",
        "医院名称",
        "医院",
        "fixmedins_name",
    ),
    "name": ("姓名", "参保人姓名", "参保人", "人员姓名", "患者姓名", "psn_name"),
    "cert_type": ("证件类型", "证件种类", "psn_cert_type"),
    "cert_no": (
        "证件号码",
        "身份证号",
        "身份证号码",
        "公民身份号码",
        "证件号",
        "参保人证件号码",
        "certno",
        "aac002",
    ),
    "psn_no": ("人员编号", "个人编号", "psn_no"),
    "insutype": ("险种", "险种类型", "insutype"),
    "med_type": ("医疗类别", "就医类别", "med_type"),
    "txn_type": ("交易类型", "业务类型", "交易名称"),
    "infno": ("交易编号", "交易代码", "接口编号", "infno"),
    "mdtrt_id": ("就诊ID", "就诊编号", "就诊流水号", "mdtrt_id"),
    "setl_id": ("结算ID", "结算编号", "结算流水号", "setl_id"),
    "msgid": ("报文ID", "报文编号", "发送方报文ID", "msgid"),
    "err_code": ("报错代码", "错误码", "错误代码", "报错码", "infcode"),
    "err_msg": ("报错信息", "错误信息", "报错内容", "错误描述", "问题描述", "故障提示", "err_msg"),
    "amount": ("涉及金额", "金额", "费用总额", "医疗费总额"),
    "in_hospital": ("是否在院", "在院"),
    "contact": ("联系人", "医院联系人"),
    "phone": ("联系电话", "电话", "联系方式", "手机号", "手机号码"),
    "result": ("处理结果", "处理意见", "处理情况", "反馈结果"),
    "handler": ("处理人", "经办人", "处理人员"),
    "remark": ("备注", "说明"),
}
GUIDE = {
    "province_no": Guide("LN20261116-0001", "省里的编号，没有就空着。"),
    "reported_on": Guide("2026-11-09 09:30"),
    "insured_area": Guide("210727", "6 位区划代码；和“参保地”写一个就行。"),
    "insured_place": Guide("义县"),
    "care_area": Guide("310000", "6 位区划代码；和“就医地”写一个就行。"),
    "care_place": Guide("上海市"),
    "inst_code": Guide("H31010100001", "H 或 P 加 11 位数字。"),
    "inst_name": Guide("某某医院"),
    "name": Guide("张三"),
    "cert_type": Guide("居民身份证"),
    "cert_no": Guide("11010519491231002X", "18 位，照证件填。"),
    "insutype": Guide("310", choices=("310", "390")),
    "med_type": Guide("21"),
    "err_msg": Guide("未查询到备案信息", "照屏幕上的原话。"),
    "amount": Guide("1234.50", "只写数字。"),
    "in_hospital": Guide("否", choices=("是", "否")),
    "phone": Guide("0416-2345678"),
}
_PLACE_LIMIT = 40  # characters that the name of a place may have
REQUIRED = ("reported_on", "name", "cert_no", "err_msg", "inst_name")

# Keys whose reader needs nothing but the cell.
_PLAIN: dict[str, Callable[[str], str | None]] = {
    "seq": partial(cell_parsers.number, limit=20),
    "province_no": cell_parsers.number,
    "inst_code": partial(cell_parsers.number, limit=30),
    "inst_name": partial(cell_parsers.words, limit=80),
    "name": cell_parsers.person_name,
    "cert_type": partial(cell_parsers.words, limit=30),
    "psn_no": partial(cell_parsers.number, limit=40),
    "insutype": partial(cell_parsers.code, limit=20),
    "med_type": partial(cell_parsers.code, limit=20),
    "txn_type": partial(cell_parsers.words, limit=40),
    "infno": partial(cell_parsers.code, limit=20),
    "mdtrt_id": partial(cell_parsers.number, limit=40),
    "setl_id": partial(cell_parsers.number, limit=40),
    "msgid": cell_parsers.number,
    "err_code": partial(cell_parsers.code, limit=30),
    "err_msg": cell_parsers.words,
    "amount": cell_parsers.money,
    "in_hospital": cell_parsers.yes_no,
    "contact": partial(cell_parsers.words, limit=30),
    "phone": cell_parsers.phone,
    "result": cell_parsers.words,
    "handler": partial(cell_parsers.words, limit=30),
    "remark": partial(cell_parsers.words, limit=300),
}


# Cells that hardly ever repeat: remembering what they say would only cost memory.
_ALL_DIFFERENT = frozenset({"seq", "province_no", "name", "psn_no", "mdtrt_id", "setl_id", "msgid"})


def kind(*, today: date, home: str) -> ListKind:
    """The weekly list as read on ``today`` in the city whose place code is ``home``."""
    readers = {
        key: reader if key in _ALL_DIFFERENT else once(reader) for key, reader in _PLAIN.items()
    }
    return ListKind(
        code="weekly",
        label="联网报错",
        limits=workbook.WEEKLY,
        columns=COLUMNS,
        required=REQUIRED,
        hint="请确认是省里下发的报错表。",
        judge=partial(_judge, today=today, readers=readers, place=_place_reader(home)),
        same=same_problem,
        likely=same_visit,
        likely_words=f"{SAME_DAY}，请判断是不是同一个问题",
        secret=frozenset({"cert_no", "psn_no"}),
        guide=GUIDE,
        measures={"amount": MONEY, "reported_on": DAY},
    )


Place = tuple[tuple[str, str] | None, str | None]
Places = Callable[[str], Place]


def _place_reader(home: str) -> Places:
    """Reads a place, and the sender's words for it, once for each way of writing it that the file
    has."""
    read = once(partial(_place_text, home=home))
    words = once(partial(cell_parsers.words, limit=_PLACE_LIMIT))

    def place(cell: str) -> Place:
        found = read(cell)
        return None if found is None else (found[:6], found[6:]), words(cell)

    return place


def _place_text(cell: str, home: str) -> str | None:
    found = cell_parsers.place(cell, home=home)
    return None if found is None else "".join(found)


def _judge(
    cells: Cells, *, today: date, readers: Mapping[str, cell_parsers.Reader], place: Places
) -> tuple[Values, Doubts]:
    doubts = Doubts()
    values = doubts.read_all(readers, cells)
    doubts.read_identity(values, cells, today)
    stamp = doubts.read(
        "reported_on", lambda cell: cell_parsers.moment(cell, today), cells.get("reported_on", "")
    )
    values["reported_on"] = stamp[:10] if stamp else None
    if stamp and len(stamp) > 10:
        values["reported_at"] = stamp
    _read_places(cells, values, doubts, place)
    doubts.need(values, "reported_on", "name", "cert_no", "err_msg")
    if values.get("inst_name") is None and values.get("inst_code") is None:
        doubts.need(values, "inst_name")
    return {key: values[key] for key in _ORDER if key in values}, doubts


_ORDER = (*COLUMNS, "reported_at")


def _read_places(cells: Cells, values: Values, doubts: Doubts, place: Places) -> None:
    """Insured and care place, each as code and name, whichever of the two columns says it.

    An unknown insured place waits for a person: it decides whose work the line is. An unknown
    place of care does not stop the line; the diagnosis then says that it could not tell.
    """
    for side in ("insured", "care"):
        doubtful: dict[str, str] = {}
        for column in (f"{side}_area", f"{side}_place"):
            if column in cells:
                _read_place(cells[column], values, doubts, column, doubtful, place)
        if side == "insured" and values.get("insured_area") is None:
            doubts.unsure |= doubtful
    if values.get("care_area") is None and (area := _area_in(values.get("inst_code"))):
        values["care_area"] = area


def _read_place(
    cell: str,
    values: Values,
    doubts: Doubts,
    column: str,
    doubtful: dict[str, str],
    place: Places,
) -> None:
    side = column.split("_")[0]
    try:
        found, said = place(cell)
    except cell_parsers.Bad as wrong:
        doubts.bad[column] = str(wrong)
    except cell_parsers.Unsure as unclear:
        doubtful[column] = str(unclear)
        said = (cell_parsers.plain(cell) or "")[: _PLACE_LIMIT + 1]
        if len(said) > _PLACE_LIMIT:
            doubts.bad[column] = f"超过 {_PLACE_LIMIT} 个字，不像地名，请核对是不是串列了"
        else:
            values[f"{side}_place"] = values.get(f"{side}_place") or said
    else:
        _keep_place(values, side, column, found, said)


def _keep_place(
    values: Values, side: str, column: str, found: tuple[str, str] | None, said: str | None
) -> None:
    area, place = f"{side}_area", f"{side}_place"
    if found is None:
        values.setdefault(column, None)
        return
    if values.get(area) is None:
        values[area] = found[0]
    if column == place and said and not said.isdecimal():
        values[place] = said  # the sender's own words, beside the code
    elif values.get(place) is None:
        values[place] = found[1]


def _area_in(inst_code: str | None) -> str | None:
    """A national institution code carries its place: H + 6 digits + 5 (domain 2.4)."""
    area = (inst_code or "")[1:7]
    return area if len(inst_code or "") == 12 and area.isdecimal() and divisions.get(area) else None


def same_problem(values: Values) -> str | None:
    """What makes two lines the same problem: the province's number, else what it is about."""
    if number := values.get("province_no"):
        return f"no:{number}"
    if not values.get("cert_no"):
        return None
    return "is:" + _joined(values, *_ABOUT, "reported_on", "reported_at", "mdtrt_id", "msgid")


SAME_DAY = "是同一个人、同一家医院、同一天，报错不同"


def same_visit(values: Values) -> tuple[str, str] | None:
    """Of a line without a number: person, hospital, day and visit, and what went wrong. Two lines
    of one visit with other errors may be one problem, corrected, or two: a person must look."""
    if values.get("province_no") or not values.get("cert_no"):
        return None
    visit = _joined(values, "cert_no", "inst_code", "inst_name", "reported_on", "mdtrt_id", "msgid")
    return visit, _joined(values, "err_code", "err_msg")


_ABOUT = ("cert_no", "inst_code", "inst_name", "infno", "txn_type", "err_code", "err_msg")


def same_line(values: Values) -> tuple[str, ...]:
    """By what a mended line is recognised as a line of an earlier file: the province's number,
    else its place in the list, the name and the insured place; nothing when it has none."""
    if number := values.get("province_no"):
        return ("no", number)
    seq, name = values.get("seq"), values.get("name")
    place = values.get("insured_area") or values.get("insured_place")
    return ("seq", seq, name, place or "") if seq and name else ()


def missing(values: Values) -> list[str]:
    """The keys without which a line cannot become a ticket."""
    keys = [k for k in ("reported_on", "name", "cert_no", "err_msg") if not values.get(k)]
    named = values.get("inst_name") or values.get("inst_code")
    return keys if named else [*keys, "inst_name"]


def repeated_problem(values: Values) -> str:
    """The same in every week, whatever number the province gives: person, hospital, error."""
    return _joined(values, *_ABOUT)


def _joined(values: Values, *keys: str) -> str:
    return "\x1f".join([values.get(key) or "" for key in keys])
