"""Dirty cells of the list of institutions: id → (column, what stands there)."""

from tests.workbooks import Cell
from ydjy.lib.workbook import BoolText, DateText, NumberText

ROW: dict[str, str] = {
    "seq": NumberText("1"),
    "name": "锦州市某某医院",
    "code": "H21070000001",
    "county": "义县",
    "scope": "仅限精神疾病",
    "phone": "0416-8904567",
    "status": "正常",
    "valid_from": DateText("2026-01-01"),
}
CASES: dict[str, tuple[str, Cell]] = {
    "clean": ("name", "锦州市某某医院"),
    "name missing": ("name", ""),
    "name with a numeral": ("name", "第九六八医院"),
    "name lost": ("name", "锦州\ufffd医院"),
    "name too long": ("name", "长" * 81),
    "name markup": ("name", "<b>医院</b>"),
    "code with small letter": ("code", "h21070000001"),
    "code too short": ("code", "H2107"),
    "code of a pharmacy": ("code", "P21070000001"),
    "code a number": ("code", NumberText("21070000001")),
    "code full width": ("code", "Ｈ２１０７００００００１"),
    "code missing": ("code", ""),
    "scope only": ("scope", "仅限精神疾病"),
    "scope with another verb": ("scope", "只限精神疾病"),
    "scope except": ("scope", "除传染病、结核病、精神疾病"),
    "scope without limit": ("scope", "不限"),
    "scope blank": ("scope", ""),
    "scope contradictory": ("scope", "仅限精神疾病，除精神疾病"),
    "scope unknown": ("scope", "看情况"),
    "phone glued": ("phone", "0571-888888880571-99999999"),
    "phone words": ("phone", "找张主任"),
    "phone NaN": ("phone", "NaN"),
    "phone a number": ("phone", NumberText("13800138000")),
    "status stopped": ("status", "停用"),
    "status unknown": ("status", "也许"),
    "status a boolean": ("status", BoolText("TRUE")),
    "day in Chinese": ("valid_from", "2026年1月1日"),
    "day a serial": ("valid_from", NumberText("46023")),
    "day impossible": ("valid_from", "2026-02-30"),
    "day of 2062": ("valid_from", "2062-01-01"),
    "day month first": ("valid_from", "1/2/2026"),
    "county unknown": ("county", "某某县"),
}
