"""Sentences for the person who sent a workbook: what was read all the same, and what to look at."""

from __future__ import annotations

import re
from collections.abc import Sequence

FROM_1904 = "这个工作簿的日期从 1904 年算起：没有设成日期格式的日期已照此换算，请核对日期列。"
WITH_MACROS = "文件带有宏：只读取了单元格内容，宏没有运行，回传的文件里也不会有宏。"
_PLAIN_DAY = re.compile(r"[2-6][0-9]{4}(?:\.[0-9]+)?")  # as a day: 1954 to 2091


def is_plain_day(number: str) -> bool:
    """Whether a number may be a day whose cell has no date format."""
    return _PLAIN_DAY.fullmatch(number) is not None


def hidden_sheets(names: Sequence[str]) -> list[str]:
    return (
        [f"有隐藏的工作表：{'、'.join(f'“{name}”' for name in names)}，也已读取。"] if names else []
    )


def hidden_rows(sheet: str, rows: int) -> list[str]:
    return [f"工作表“{sheet}”有 {rows} 行被隐藏，也已读取。"] if rows else []
