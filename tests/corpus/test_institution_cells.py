# ruff: noqa: E501 - sentences are quoted whole
"""Every dirty cell of the institutions' list gives exactly this value or exactly this refusal."""

from datetime import date

import pytest

from apps.institutions.imports import columns as imports_columns
from tests.corpus.institution_cells import CASES, ROW

KIND = imports_columns.kind(today=date(2026, 11, 16), area_code="0416")
# id → (verdict, value, what is said by column)
EXPECTED: dict[str, tuple[str, str | None, dict[str, str]]] = {
    "clean": ("accepted", "锦州市某某医院", {}),
    "name missing": ("rejected", None, {"name": "空着，必须填"}),
    "name with a numeral": ("accepted", "第九六八医院", {}),
    "name lost": ("held", "锦州�医院", {"name": "有认不出的字（显示成“?”或“□”），请对照原表补上"}),
    "name too long": ("rejected", None, {"name": "有 81 个字，最多 80 个，请删短"}),
    "name markup": ("accepted", "<b>医院</b>", {}),
    "code with small letter": ("accepted", "H21070000001", {}),
    "code too short": ("rejected", None, {"code": "国家编码应为 H 或 P 加 11 位数字，请核对"}),
    "code of a pharmacy": ("accepted", "P21070000001", {}),
    "code a number": ("rejected", None, {"code": "国家编码应为 H 或 P 加 11 位数字，请核对"}),
    "code full width": ("accepted", "H21070000001", {}),
    "code missing": ("accepted", None, {}),
    "scope only": ("accepted", "仅限精神疾病", {}),
    "scope with another verb": ("accepted", "仅限精神疾病", {}),
    "scope except": (
        "held",
        "除传染病、结核病、精神疾病",
        {"scope": "看不懂转诊范围“除传染病、结核病、精神疾病”。请写成“仅限……”“不含……”或者“不限”"},
    ),
    "scope without limit": ("accepted", "不限", {}),
    "scope blank": ("accepted", None, {}),
    "scope contradictory": (
        "held",
        "仅限精神疾病,除精神疾病",
        {"scope": "看不懂转诊范围“除精神疾病”。请写成“仅限……”“不含……”或者“不限”"},
    ),
    "scope unknown": (
        "held",
        "看情况",
        {"scope": "看不懂转诊范围“看情况”。请写成“仅限……”“不含……”或者“不限”"},
    ),
    "phone glued": ("accepted", "0571-88888888、0571-99999999", {}),
    "phone words": (
        "held",
        "找张主任",
        {
            "phone": "看不懂这个电话。请写成“区号-号码”、手机号或短号（如 12393），分机写“转8001”，几个号码用“、”隔开"
        },
    ),
    "phone NaN": ("accepted", None, {}),
    "phone a number": ("accepted", "13800138000", {}),
    "status stopped": ("accepted", "暂停", {}),
    "status unknown": ("held", None, {"status": "看不出是“正常”还是“停用”，请写清楚"}),
    "status a boolean": ("held", None, {"status": "看不出是“正常”还是“停用”，请写清楚"}),
    "day in Chinese": ("accepted", "2026-01-01", {}),
    "day a serial": ("accepted", "2026-01-01", {}),
    "day impossible": ("rejected", None, {"valid_from": "没有这一天或这个时间，请核对"}),
    "day of 2062": ("held", "2062-01-01", {"valid_from": "日期 2062-01-01 不像是对的，请核对"}),
    "day month first": (
        "held",
        None,
        {"valid_from": "分不清哪个是月、哪个是日，请写成 2026-11-09 这样"},
    ),
    "county unknown": ("accepted", "某某县", {}),
}


@pytest.mark.parametrize("name", CASES)
def test_a_dirty_cell(name: str):
    key, cell = CASES[name]
    values, doubts = KIND.judge(ROW | {key: cell})
    said = {**doubts.bad, **doubts.unsure, **doubts.notes}
    assert (doubts.status, values.get(key), said) == EXPECTED[name]


def test_a_blank_scope_and_a_missing_column_are_two_things():
    without = {key: cell for key, cell in ROW.items() if key != "scope"}
    assert "scope" not in KIND.judge(without)[0]
    assert KIND.judge(ROW | {"scope": ""})[0]["scope"] is None
