"""How long there still is for a filing, in working days and in words (F16, F18)."""

from __future__ import annotations

from datetime import date

from ydjy.lib.workdays import Calendar, in_words


def left(due: date, today: date, calendar: Calendar) -> str:
    """还有 3 个工作日; a day that nobody works is no day to wait for."""
    if due < today:
        late = calendar.workdays_between(due, today)
        return f"已逾期 {late} 个工作日" if late else "已逾期，正好是休息日"
    days = calendar.workdays_between(today, due)
    if days:
        return f"还有 {days} 个工作日"
    return "今天到期" if due == today else "休息日到期，请今天办"


def explained(begun: date, days: int, due: date, calendar: Calendar) -> str:
    """Why the day is that day: 11月20日提交，5 个工作日办结，中间休息 2 天，到11月27日。"""
    rests = (due - begun).days - calendar.workdays_between(begun, due)
    between = f"中间休息 {rests} 天，" if rests else ""
    return f"{in_words(begun)}提交，按规定 {days} 个工作日办结，{between}到{in_words(due)}。"
