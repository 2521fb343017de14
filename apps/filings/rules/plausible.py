"""What cannot be, or is not likely: days against each other, and every field against its rule row.

Part of :func:`requirements.judge`, so that a row of a list is held to the same as a form. What can
never be is refused here; what is only odd stands in dated rows that a bureau edits
(``models/field_rule.py``), and passes with a reason. Plain values, no Django.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from apps.filings.rules.application import LATER, Application, Finding, in_words
from apps.filings.rules.ruleset import FieldRow, Rules
from ydjy.lib import idnumbers, phones

FIELDS = {
    "start_on": "开始日期",
    "end_on": "结束日期",
    "admission_on": "入院日期",
    "discharge_on": "出院日期",
    "certificate_on": "转诊证明日期",
    "lacking_due_on": "容缺补齐日期",
    "commitment_signed_on": "承诺书签字日期",
    "commitment_due_on": "承诺补齐日期",
    "posting_months": "派驻月数",
    "residence": "居外地址",
    "relation": "随谁居住",
    "relative": "随同人姓名",
    "relative_document": "随同人证件号码",
    "phone": "联系电话",
    "diagnosis": "诊断",
}
ODD = "确实如此的，请在“特殊情况”里写明理由"
_NOT_A_PERSONS = ("short", "service400")  # 12393 and 400 numbers ring at an office


def findings(rules: Rules, asked: Application) -> list[Finding]:
    """What speaks against the days, the field rules, the telephone and the relative's number."""
    return [*_stay(asked), *_lacking(asked), *_fields(rules, asked), *_people(asked)]


def _refused(field: str, words: str, basis: str = "") -> Finding:
    return Finding("plausible", "refuse", words, basis, field)


def _stay(asked: Application) -> Iterator[Finding]:
    """A stay begins, ends and is paid, in this order."""
    came, left = asked.admission_on, asked.discharge_on
    if came is None and (left or asked.settled):
        what = "出院日期" if left else "已经结算"
        yield _refused("admission_on", f"填了{what}，没有填入院日期，请填入院日期。")
    elif came and left and left < came:
        words = f"出院日期早于入院日期{in_words(came)}，请核对这两个日期。"
        yield _refused("discharge_on", words)


def _lacking(asked: Application) -> Iterator[Finding]:
    if LATER not in asked.handed.values():
        return
    if asked.lacking_due_on is None:
        words = "有容缺后补的材料，请填容缺补齐日期：哪天前补齐。"
        yield _refused("lacking_due_on", words)
    elif asked.lacking_due_on < asked.applied_on:
        words = f"容缺补齐日期不能早于受理这天{in_words(asked.applied_on)}，请改成以后的日期。"
        yield _refused("lacking_due_on", words)


def _fields(rules: Rules, asked: Application) -> Iterator[Finding]:
    """The rows that hold on the day of application; one for the group comes before one for all."""
    holding = [
        row
        for row in rules.fields
        if row.group in ("", rules.group) and row.holds_on(asked.applied_on)
    ]
    for row in {row.field: row for row in sorted(holding, key=lambda row: row.group)}.values():
        if row.field not in rules.asked:
            continue
        words = _against(row, asked.given.get(row.field), asked.applied_on)
        reason = asked.excused.get("plausible") if row.excusable else ""
        if words and reason:
            words = f"{words}。按特殊情况办理：{reason}。"
            yield Finding("plausible", "warn", words, rules.basis, row.field)
        elif words:
            words += f"。{ODD}。" if row.excusable else "。"
            yield _refused(row.field, words)


def _against(row: FieldRow, value: Any, applied_on: date) -> str:
    """What speaks against the value of the field; blank if nothing does."""
    label = FIELDS.get(row.field, row.field)
    if value in (None, ""):
        return f"没有填{label}，请补上" if row.needed else ""
    if isinstance(value, date):
        first = applied_on - timedelta(days=row.days_before or 0)
        last = applied_on + timedelta(days=row.days_after or 0)
        if row.days_before is not None and value < first:
            return f"{label}{in_words(value)}太早，最早写{in_words(first)}，请核对"
        if row.days_after is not None and value > last:
            return f"{label}{in_words(value)}太晚，最晚写{in_words(last)}，请核对"
    if isinstance(value, int) and row.at_most is not None and value > row.at_most:
        return f"{label}写的是 {value}，最多 {row.at_most}，请核对"
    return ""


def _people(asked: Application) -> Iterator[Finding]:
    if words := phone_problem(asked.given.get("phone") or ""):
        yield _refused("phone", words)
    if words := document_problem(asked.given.get("relative_document") or ""):
        yield _refused("relative_document", words)


def phone_problem(typed: str) -> str:
    """Why that is nobody's telephone, with the mend; blank if it is one or nothing is written."""
    mend = "请写手机号，或者带区号的座机。"
    if not typed:
        return ""
    try:
        kinds = {found.kind for found in phones.parse(typed)}
    except phones.PhoneError:
        return f"电话的位数或写法不对，{mend}"
    return f"这是服务号码，打不到本人，{mend}" if kinds & set(_NOT_A_PERSONS) else ""


def document_problem(typed: str) -> str:
    """Why that is no document's number, by the kind that the number says; blank if it is one."""
    if not typed:
        return ""
    try:
        idnumbers.parse_document("", typed)
    except idnumbers.IdNumberError as wrong:
        return str(wrong)
    return ""
