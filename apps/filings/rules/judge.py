"""May this filing be made? Judged from plain values, with the reason and the 依据 of each point.

:func:`judge` asks everything that domain.md 4.5 and 4.8 ask of a filing: who, what to bring, by
which way, to which place, from when to when. It answers with findings in words that a clerk reads
to the person at the window. Nothing here reads a table or knows Django; whoever calls it takes the
rules from the catalogue (``policybook.py``) or from the filing's own copy.

Sources: D-F01–D-F51; traps 4, 5, 7, 24–29.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from apps.filings.rules import papers, plausible
from apps.filings.rules.application import (
    COPY,
    INSURANCE_WORDS,
    LATER,
    ORIGINAL,
    PROMISE,
    STATUS_WORDS,
    Application,
    Finding,
    Guardian,
    Period,
    Verdict,
    add_months,
    age_on,
    in_words,
)
from apps.filings.rules.ruleset import Choice, EligibilityRow, Rules, decide
from ydjy.lib import divisions
from ydjy.lib.workdays import Calendar

__all__ = [
    "COPY",
    "LATER",
    "ORIGINAL",
    "PROMISE",
    "Application",
    "Choice",
    "Finding",
    "Guardian",
    "Period",
    "Verdict",
    "add_months",
    "age_on",
    "change_lock",
    "commitment_due",
    "decide",
    "end_of",
    "judge",
    "overlapping",
    "settlement",
]

# Days --------------------------------------------------------------------------------------------


def end_of(rules: Rules, start_on: date, discharge_on: date | None = None) -> date | None:
    """The last day (included) that the rules give; None where they give none."""
    if rules.this_stay_only:
        return discharge_on
    return add_months(start_on, rules.validity_months) if rules.validity_months else None


def commitment_due(rules: Rules, signed_on: date, calendar: Calendar) -> date | None:
    """By when the promised papers must come; None where the policy does not say."""
    if rules.commitment_days is None:
        return None
    return calendar.add_workdays(signed_on, rules.commitment_days)


def change_lock(rules: Rules, start_on: date, day: date, excuse: str = "") -> Finding:
    """Whether the filing may be changed on ``day``: not before the lock of the policy is over."""
    opens = add_months(start_on, rules.change_lock_months)
    if rules.change_lock_months == 0 or day >= opens:
        return Finding("change_lock", "ok", "可以变更。", rules.basis)
    words = f"备案开始后{rules.change_lock_months}个月内不变更，{in_words(opens)}起可以变更"
    if excuse:
        return Finding("change_lock", "warn", f"{words}；特殊情况：{excuse}。", rules.basis)
    return Finding("change_lock", "refuse", f"{words}。有特殊情况的，请写明理由。", rules.basis)


def overlapping(mine: Period, others: Iterable[Period]) -> list[Period]:
    """Long-term filings that run at the same time; a temporary one stands beside any other."""
    if not mine.long_term:
        return []
    last = mine.end_on or date.max
    return [
        other
        for other in others
        if other.long_term
        and other.start_on <= last
        and (other.end_on is None or mine.start_on <= other.end_on)
    ]


# The judgement -----------------------------------------------------------------------------------


def judge(rules: Rules, asked: Application, *, passed_over: str = "") -> Verdict:
    """Every point of the rules, in the order in which the window asks them.

    ``passed_over``: why another rule of the category decides this case instead (:func:`decide`).
    """
    findings = [
        _in_force(rules, asked),
        _superseded(rules, passed_over),
        _region(rules, asked),
        _eligibility(rules, asked),
        _channel(rules, asked),
        *_days(rules, asked),
        *plausible.findings(rules, asked),
        _alone(rules, asked),
        *_certificate(rules, asked),
    ]
    lacking = papers.missing(rules, asked)
    findings += papers.findings(rules, asked, lacking)
    if rules.guardian_needed:
        findings.append(_guardian(rules, asked))
    return Verdict(
        tuple(one for one in findings if one is not None),
        tuple(papers.group_words(group) for group in lacking),
        asked.end_on or end_of(rules, asked.start_on, asked.discharge_on),
        settlement(rules, asked),
        asked.admission_on is not None and asked.admission_on < asked.applied_on,
    )


def settlement(rules: Rules, asked: Application) -> str:
    """结算前补办的直接结算，结算后补办的手工报销 (D-F32); what the panel admits too (D-F24), and an
    emergency that is over (D-F23)."""
    late = rules.in_hospital_only and _is_over(asked)
    manual = asked.settled or rules.manual or rules.panel_needed or late
    return "manual" if manual else "direct"


def _is_over(asked: Application) -> bool:
    left = asked.discharge_on
    return asked.settled or (left is not None and left <= asked.applied_on)


def _in_force(rules: Rules, asked: Application) -> Finding | None:
    day = asked.admission_on or asked.applied_on
    if rules.holds_on(day):
        return None
    return Finding(
        "in_force",
        "refuse",
        f"“{rules.label}”在{in_words(day)}不适用（{rules.period}），请改选类别。",
        rules.basis,
    )


def _superseded(rules: Rules, passed_over: str) -> Finding | None:
    if not passed_over:
        return None
    words = f"“{rules.label}”这一条{passed_over}，请改选类别。"
    return Finding("in_force", "refuse", words, rules.basis)


def _region(rules: Rules, asked: Application) -> Finding:
    """The place stands at filing level, and is a place to file for at all (trap 7)."""
    try:
        place = divisions.filing_level(asked.destination)
        relation = divisions.relation(asked.insured_area, asked.destination)
    except ValueError as wrong:
        return Finding("destination", "refuse", str(wrong))
    if place.code != asked.destination:
        words = f"备案要写到“{place.name}”，不写到下面的区县。"
        return Finding("destination", "refuse", words, rules.basis)
    if relation == "local":
        return Finding("destination", "refuse", f"{place.name}就在本市，看病不用异地备案。")
    if rules.cross_province_only and relation != "cross_province":
        words = f"“{rules.label}”只管跨省就医，{place.name}在省内，请改选类别。"
        return Finding("destination", "refuse", words, rules.basis)
    where = "跨省" if relation == "cross_province" else "省内异地"
    return Finding("destination", "ok", f"备案到{place.name}（{where}）。", rules.basis)


def _eligibility(rules: Rules, asked: Application) -> Finding | None:
    """Any one row is enough; the sentence says for each row what is not met."""
    if not rules.eligibility:
        return None
    against = [(row, _not_met(row, asked)) for row in rules.eligibility]
    for row, wrong in against:
        if not wrong:
            look = f"请核对：{row.condition}。" if row.condition else ""
            return Finding("eligibility", "ok", f"人员范围符合。{look}", row.basis or rules.basis)
    words = (
        f"不在“{rules.label}”的人员范围里：" + "；或者".join(wrong for _, wrong in against) + "。"
    )
    basis = against[0][0].basis or rules.basis
    if reason := asked.excused.get("eligibility"):
        return Finding("eligibility", "warn", f"{words}按特殊情况办理：{reason}。", basis)
    return Finding("eligibility", "refuse", words, basis)


def _not_met(row: EligibilityRow, asked: Application) -> str:
    """Why the person is not in this row; blank when they are."""
    wrong = []
    if row.insutypes and asked.insutype not in row.insutypes:
        wrong.append("要是" + "或".join(INSURANCE_WORDS.get(i, i) for i in sorted(row.insutypes)))
    if row.statuses and asked.person_status not in row.statuses:
        wrong.append("要是" + "或".join(STATUS_WORDS.get(s, s) for s in sorted(row.statuses)))
    wrong += _age_not_met(row.min_age, row.below_age, asked)
    if row.min_posting_months:
        if asked.posting_months is None:
            wrong.append("没有写派驻几个月")
        elif asked.posting_months < row.min_posting_months:
            wrong.append(f"派驻要满{row.min_posting_months}个月")
    return "，".join(wrong)


def _age_not_met(at_least: int | None, below: int | None, asked: Application) -> list[str]:
    """Age counts on the day of application (trap 27)."""
    if at_least is None and below is None:
        return []
    if asked.born is None:
        return ["没有出生日期，看不出年龄"]
    age = age_on(asked.born, asked.applied_on)
    if at_least is not None and age < at_least:
        return [f"要年满{at_least}周岁，申请这天是{age}周岁"]
    if below is not None and age >= below:
        return [f"要未满{below}周岁，申请这天是{age}周岁"]
    return []


def _channel(rules: Rules, asked: Application) -> Finding | None:
    """A wrong way is refused with the rule; an override needs a policy that allows it."""
    if not rules.channels or not asked.channel:
        return None
    names = "、".join(
        row.name + ("（仅限跨省）" if row.cross_province_only else "") for row in rules.channels
    )
    row = next((row for row in rules.channels if row.code == asked.channel), None)
    if row is not None and not (row.cross_province_only and not _cross(asked)):
        return Finding("channel", "ok", f"渠道可以：{row.name}。", row.basis)
    basis = (row or rules.channels[0]).basis
    if row is not None:
        words = f"{row.name}只办跨省的，这次是省内异地。可以用的渠道：{names}。"
    else:
        words = f"“{rules.label}”不能用这个渠道办。可以用的渠道：{names}。"
    if (reason := asked.excused.get("channel")) and rules.channel_override:
        return Finding("channel", "warn", f"{words}按特殊情况办理：{reason}。", basis)
    return Finding("channel", "refuse", words, basis)


def _cross(asked: Application) -> bool:
    try:
        return divisions.relation(asked.insured_area, asked.destination) == "cross_province"
    except ValueError:
        return False


def _days(rules: Rules, asked: Application) -> list[Finding | None]:
    found = [_start(rules, asked), _end(rules, asked), _window(rules, asked)]
    return [*found, _backfill(rules, asked)]


def _start(rules: Rules, asked: Application) -> Finding | None:
    """A start in the past is what 补办 is; after the admission it does not help (trap 4)."""
    if asked.admission_on and asked.start_on > asked.admission_on:
        words = f"已经入院的，备案开始日期要在入院日期{in_words(asked.admission_on)}当天或之前。"
        return Finding("start", "refuse", words, rules.basis, "start_on")
    return None


def _end(rules: Rules, asked: Application) -> Finding:
    given = end_of(rules, asked.start_on, asked.discharge_on)
    if asked.end_on and asked.end_on < asked.start_on:
        words = "结束日期早于开始日期，请检查。"
        return Finding("end", "refuse", words, rules.basis, "end_on")
    if rules.this_stay_only:
        return Finding("end", "ok", "只管这一次住院，到出院为止。", rules.basis)
    if given and asked.end_on and asked.end_on > given:
        words = f"这个类别最多办{rules.validity_months}个月，结束日期不能晚于{in_words(given)}。"
        return Finding("end", "refuse", words, rules.basis, "end_on")
    if given:
        return Finding("end", "ok", f"有效到{in_words(asked.end_on or given)}。", rules.basis)
    if rules.unsettled and not asked.end_on and not (rules.long_term and asked.open_ended):
        words = f"“{rules.label}”的有效期还没有依据，请写明结束日期" + (
            "，或者注明长期有效。" if rules.long_term else "。"
        )
        return Finding("end", "refuse", words, rules.basis, "end_on")
    until = f"有效到{in_words(asked.end_on)}。" if asked.end_on else "长期有效，到变更或撤销为止。"
    return Finding("end", "ok", until, rules.basis)


def _window(rules: Rules, asked: Application) -> Finding | None:
    """入院后出院前 (D-F23)."""
    if not rules.in_hospital_only:
        return None
    if asked.admission_on is None:
        words = "请写入院日期：入院后、出院前才能办。"
        return Finding("window", "refuse", words, rules.basis, "admission_on")
    if asked.applied_on < asked.admission_on:
        words = "还没有入院，入院后再办。"
        return Finding("window", "refuse", words, rules.basis, "admission_on")
    if _is_over(asked):
        words = "已经出院或结算，过了入院后、出院前的时间，请走手工报销。"
        return Finding("window", "refuse", words, rules.basis)
    return Finding("window", "ok", "在入院后、出院前，可以办。", rules.basis)


def _backfill(rules: Rules, asked: Application) -> Finding | None:
    """What 补办 leads to. An emergency that is over is not made good at all (D-F23)."""
    if rules.in_hospital_only and _is_over(asked):
        return None
    if asked.settled:
        return Finding("backfill", "warn", "已经结算，补办后按手工报销，请告诉参保人。")
    if not asked.admission_on or asked.admission_on >= asked.applied_on:
        return None
    if settlement(rules, asked) == "manual":
        return Finding("backfill", "warn", "入院后补办，按手工报销，请告诉参保人。")
    again = "" if _is_over(asked) else "；建议重新办一次入院登记"
    return Finding("backfill", "ok", f"结算前补办，办好后可以直接结算{again}。")


def _alone(rules: Rules, asked: Application) -> Finding | None:
    """One long-term filing at a time for a person and insurance (domain 4.5, F11)."""
    last = asked.end_on or end_of(rules, asked.start_on, asked.discharge_on)
    mine = Period("", rules.long_term, asked.start_on, last)
    clash = sorted(overlapping(mine, asked.others), key=lambda other: other.waiting)
    if not clash:
        return None
    words = only_one(clash[0])
    if clash[0].waiting:
        return Finding("alone", "warn", words, rules.basis)
    return Finding("alone", "refuse", words, rules.basis)


def only_one(other: Period) -> str:
    """Why a second long-term filing is refused, and what to do instead."""
    until = in_words(other.end_on) if other.end_on else "长期"
    if other.waiting:
        return (
            f"同一时间只能有一个长期备案：{other.number}（{other.label}，{in_words(other.start_on)}到"
            f"{until}）正在审核。两个只能通过一个，请先问清要办哪一个。"
        )
    return (
        f"同一时间只能有一个长期备案：{other.number}（{other.label}，{in_words(other.start_on)}到"
        f"{until}）还有效。请改办那一个的变更，或者先撤销它。"
    )


def _certificate(rules: Rules, asked: Application) -> list[Finding | None]:
    """A listed disease needs no certificate, and asking for one is our mistake (trap 29)."""
    if not rules.certificate_needed:
        listed = rules.group == "referral"
        words = "不用转诊证明，不要向参保人要。"
        return [Finding("certificate", "ok", words, rules.basis) if listed else None]
    who = rules.certificate_issuers
    if asked.issuer == "no":
        words = f"这家医院不能开这个转诊证明：{asked.issuer_reason}。"
        return [Finding("certificate", "refuse", words, rules.basis)]
    if asked.issuer == "ask" and not asked.issuer_confirmed:
        words = f"这家医院能不能开，要先核实：{asked.issuer_reason}。核实后写明向谁核实的。"
        return [Finding("certificate", "refuse", words, rules.basis)]
    if asked.issuer == "ask":
        return [Finding("certificate", "warn", f"已核实：{asked.issuer_confirmed}。", rules.basis)]
    if not asked.issuer and not asked.certificate_no:
        words = f"须有转诊证明，请选择开证明的医院。{who}。" if who else "须有转诊证明。"
        return [Finding("certificate", "refuse", words, rules.basis)]
    return [Finding("certificate", "ok", f"转诊证明由{who or '医院'}出具。", rules.basis)]


def _guardian(rules: Rules, asked: Application) -> Finding:
    there = asked.guardian
    if there is None:
        words = "请写监护人的备案，或者注明监护人在就医地参加职工医保。"
        return Finding("guardian", "refuse", words, rules.basis)
    if there.insured_there:
        return Finding("guardian", "ok", "监护人在就医地参加职工医保。", rules.basis)
    wrong = ""
    if not there.filing_in_force:
        wrong = "现在没有生效"
    elif there.filing_group != "work":
        wrong = "不是常驻异地工作的备案"
    elif there.filing_destination != asked.destination:
        wrong = "备案的就医地不一样"
    if wrong:
        words = f"监护人的备案{there.filing_number}{wrong}。"
        return Finding("guardian", "refuse", words, rules.basis)
    return Finding("guardian", "ok", f"监护人的备案是{there.filing_number}。", rules.basis)
