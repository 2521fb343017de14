"""Why did this settlement fail? Decided from what we know, with the rows that prove it.

The clerk asks the same questions for every line (D-E03–D-E07): is there a filing on that date, for
that place, uploaded to the platform? was the hospital open for this kind of care? the right card?
:func:`diagnose` asks them of plain values and answers with a cause, a reason in words and the
evidence, and with the second best. What a row of ours shows weighs most: the same message has many
causes. That our register has no filing shows little, since people file elsewhere too: it comes
after what the message says more exactly (a time-out, a catalogue), unless the message is about the
filing, or the platform's own list of that day has none.
"""

import re
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Literal

from ydjy.lib import divisions
from ydjy.lib.text import for_reading

Answer = Literal["yes", "no", "unknown"]


@dataclass(frozen=True)
class FilingFact:
    """A filing of the person, as far as the question needs it."""

    pk: int
    number: str
    status: str  # approved, pending, … (Filing.Status)
    status_label: str
    category: str
    destination: str  # place code at filing level
    destination_name: str
    start_on: date
    end_on: date | None
    uploaded: bool

    def covers_day(self, day: date) -> bool:
        return self.start_on <= day and (self.end_on is None or day <= self.end_on)

    def covers_place(self, area: str) -> bool:
        return divisions.contains(self.destination, area)

    @property
    def label(self) -> str:
        until = f"到 {self.end_on}" if self.end_on else "长期有效"
        about = f"{self.category}，{self.destination_name}，{self.start_on} 起，{until}"
        return f"备案 {self.number}（{about}）"


@dataclass(frozen=True)
class OpeningFact:
    """A dated interval in which the institution settled one business in one reach."""

    pk: int
    reach: str
    business: str
    valid_from: date | None
    valid_to: date | None
    label: str

    def covers_day(self, day: date) -> bool:
        return (self.valid_from is None or self.valid_from <= day) and (
            self.valid_to is None or day <= self.valid_to
        )


@dataclass(frozen=True)
class Case:
    """One line of the list and what our tables say about it on that day."""

    day: date
    home: str  # place code of the city
    insured_area: str
    care_area: str
    care_place: str = ""
    inst_name: str = ""
    inst_code: str = ""
    institution: int | None = None  # key of our row, when we know the institution
    med_type: str = ""
    txn_type: str = ""
    infno: str = ""
    err_code: str = ""
    err_msg: str = ""
    filing_free: frozenset[str] = frozenset()  # businesses that need no filing (policy, D-X10)
    filings: tuple[FilingFact, ...] = ()
    openings: tuple[OpeningFact, ...] = ()
    on_platform: Answer = "unknown"  # a filing for that place, by the platform's list of that day


@dataclass(frozen=True)
class Evidence:
    """The row that proves it. ``model`` and ``pk`` are blank for the line's own words."""

    kind: str
    label: str
    model: str = ""
    pk: int | None = None


@dataclass(frozen=True)
class Check:
    """One question, its answer and the sentence a clerk reads."""

    label: str
    answer: Answer
    words: str


@dataclass(frozen=True)
class Diagnosis:
    cause: str  # CauseCode.code
    reason: str
    evidence: tuple[Evidence, ...] = ()
    checks: tuple[Check, ...] = ()
    filing: int | None = None
    second: "Diagnosis | None" = None

    def as_json(self) -> dict[str, Any]:
        return {
            "reason": self.reason,
            "evidence": [dict(vars(one)) for one in self.evidence],
            "checks": [dict(vars(one)) for one in self.checks],
        }


@dataclass
class _Finding:
    """What one question found: a cause when the answer is no; ``proved`` by a row, and not only
    by the want of one."""

    check: Check
    cause: str = ""
    evidence: tuple[Evidence, ...] = ()
    filing: int | None = None
    proved: bool = False


_MED_TYPES = {
    "11": "outpatient",
    "12": "outpatient",
    "13": "outpatient",
    "14": "chronic",
    "21": "inpatient",
    "22": "inpatient",
    "23": "inpatient",
    "24": "inpatient",
    "25": "inpatient",
    "41": "pharmacy",
    "52": "inpatient",
}
_BUSINESS_WORDS = (
    ("chronic", "慢特病|慢病|特病"),
    ("pharmacy", "药店|购药"),
    ("inpatient", "住院|入院|出院"),
    ("outpatient", "门诊|挂号"),
)
BUSINESS_LABELS = {
    "inpatient": "住院",
    "outpatient": "普通门诊",
    "chronic": "门诊慢特病",
    "pharmacy": "药店购药",
}
REACH_LABELS = {"in_province": "省内异地", "cross_province": "跨省异地"}

# What only the message can tell; the first that fits. One-sided bills come first of all: such a
# transaction did go through once, so a missing filing is not why it failed.
_ONE_SIDED = re.compile("单边账|冲正|撤销失败|未冲正")
_FROM_WORDS = (
    ("duplicate", re.compile("已存在|重复登记|已在院|重复上传")),
    ("timeout", re.compile("超时|无返回|结果未知|通讯|连接失败")),
    ("lost_card", re.compile("挂失|遗失|非标准卡|卡已注销")),
    ("card", re.compile("读卡|卡识别|持卡|卡号|社保卡|电子凭证|密码")),
    ("chronic", re.compile("慢特病|慢病|特病资格")),
    ("insured_status", re.compile("参保状态|待遇|暂停参保|停保|断缴|欠费|未查询到参保|参保信息")),
    ("mismatch", re.compile("不一致|信息不符|姓名不符|证件不符")),
    ("catalogue", re.compile("目录|对照|项目编码|药品编码")),
    ("not_open", re.compile("未开通|没有开通|未联网")),
    ("med_type", re.compile("医疗类别|就医类型|不支持")),
)
_ABOUT_FILING = re.compile("备案|转院|转诊")


def business_of(case: Case) -> str:
    """Which kind of care the line is about; blank when it does not say."""
    if case.inst_code.startswith("P"):
        return "pharmacy"
    if case.med_type in _MED_TYPES:
        return _MED_TYPES[case.med_type]
    for business, pattern in _BUSINESS_WORDS:
        if re.search(pattern, case.txn_type) or re.search(pattern, case.med_type):
            return business
    if case.infno[:2] in ("23", "24"):
        return "inpatient"
    return "outpatient" if case.infno[:2] == "22" else ""


def diagnose(case: Case) -> Diagnosis:
    """The cause, why, and the rows that show it."""
    if case.insured_area and not divisions.contains(case.home, case.insured_area):
        told = f"参保地区划 {case.insured_area} 不在本统筹区"
        return Diagnosis("not_ours", f"{told}，应由参保地处理。", (Evidence("text", told),))
    findings = [_filing(case), _opening(case)]
    checks = tuple(finding.check for finding in findings)
    filing = next((f.filing for f in findings if f.filing), None)
    first, *others = (*_ranked(case, findings), _other(case, checks))
    return Diagnosis(
        first.cause,
        first.check.words,
        first.evidence,
        checks,
        filing,
        next((_beside(one) for one in others if one.cause not in ("other", first.cause)), None),
    )


def _beside(found: _Finding) -> Diagnosis:
    return Diagnosis(found.cause, found.check.words, found.evidence, filing=found.filing)


def _ranked(case: Case, findings: list[_Finding]) -> list[_Finding]:
    """The causes that were found, the best first."""
    said = _from_words(case)
    words = [said] if said else []
    proved = [one for one in findings if one.cause and one.proved]
    likely = [one for one in findings if one.cause and not one.proved]
    if said and said.cause == "one_sided":
        return [*words, *proved, *likely]
    if _ABOUT_FILING.search(case.err_msg):
        return [*proved, *likely, *words]
    return [*proved, *words, *likely]


def _other(case: Case, checks: tuple[Check, ...]) -> _Finding:
    known = "、".join(check.label for check in checks if check.answer == "yes")
    reason = f"{known}都正常，" if known else "本地的数据看不出原因，"
    message = Evidence("text", f"省里的报错信息：{for_reading(case.err_msg)}")
    return _Finding(Check("", "unknown", f"{reason}请核对后逐级上报。"), "other", (message,))


def _from_words(case: Case) -> _Finding | None:
    pairs = (("one_sided", _ONE_SIDED), *_FROM_WORDS)
    for cause, pattern in pairs:
        if found := pattern.search(case.err_msg):
            said = f"报错信息里写着“{found.group()}”"
            return _Finding(Check("", "no", f"{said}。"), cause, (Evidence("text", said),))
    return None


# Filing -----------------------------------------------------------------------------------------


def _filing(case: Case) -> _Finding:
    label = "备案在这一天、这个地方有效"
    if case.care_area and divisions.same_city(case.home, case.care_area):
        return _Finding(Check(label, "yes", "就医地就在本市，不需要备案。"))
    if business_of(case) in case.filing_free and not _ABOUT_FILING.search(case.err_msg):
        kind = BUSINESS_LABELS[business_of(case)]
        return _Finding(Check(label, "yes", f"{kind}不需要备案。"))
    if case.on_platform == "yes":
        words = f"国家平台 {case.day:%Y-%m-%d} 的备案清单里有这个人到就医地的备案。"
        return _Finding(Check(label, "yes", words))
    approved = [filing for filing in case.filings if filing.status == "approved"]
    running = [filing for filing in approved if filing.covers_day(case.day)]
    if not running:
        return _no_running_filing(case, label, approved)
    if not case.care_area:
        return _Finding(
            Check(label, "unknown", f"{running[0].label}在有效期内，但认不出就医地是哪里。"),
            filing=running[0].pk,
        )
    return _place(case, label, running)


def _no_running_filing(case: Case, label: str, approved: list[FilingFact]) -> _Finding:
    day = f"{case.day:%Y-%m-%d}"
    if approved:
        nearest = min(approved, key=lambda filing: abs((filing.start_on - case.day).days))
        early = nearest.start_on > case.day
        words = f"{nearest.label}{'还没有开始' if early else '已经到期'}，{day} 不在有效期内。"
        return _no(case, label, "filing_not_in_force", words, nearest)
    if case.filings:
        latest = max(case.filings, key=lambda filing: filing.start_on)
        words = f"{latest.label}现在是“{latest.status_label}”，没有通过的备案。"
        return _no(case, label, "not_filed", words, latest)
    if case.on_platform == "no":
        words = f"国家平台 {day} 的备案清单里没有这个人到就医地的备案。"
        proof = Evidence("platform", f"国家平台 {day} 的备案清单")
        return _Finding(Check(label, "no", words), "not_filed", (proof,), proved=True)
    words = f"本系统没有查到这个人在 {day} 的备案，平台上有没有请先核对。"
    nothing = Evidence("filing", "本系统的备案登记里没有这个人")
    return _Finding(Check(label, "no", words), "not_filed", (nothing,))


def _place(case: Case, label: str, running: list[FilingFact]) -> _Finding:
    here = [filing for filing in running if filing.covers_place(case.care_area)]
    if not here:
        filed = running[0]
        where = case.care_place or divisions.name(case.care_area)
        words = f"{filed.label}备案到{filed.destination_name}，就医地是{where}。"
        return _no(case, label, "wrong_place", words, filed)
    uploaded = [filing for filing in here if filing.uploaded]
    if not uploaded:
        words = f"{here[0].label}已经通过，但还没有上报国家平台，就医地查不到。"
        return replace(_no(case, label, "not_uploaded", words, here[0]), proved=True)
    return _Finding(
        Check(label, "yes", f"{uploaded[0].label}有效并已上报。"), filing=uploaded[0].pk
    )


def _no(case: Case, label: str, cause: str, words: str, filing: FilingFact) -> _Finding:
    """Our register has this filing and no better one; the platform may have, if its list of that
    day does not say that it has not."""
    proof = Evidence("filing", filing.label, "filings.filing", filing.pk)
    absent = case.on_platform == "no"
    return _Finding(Check(label, "no", words), cause, (proof,), filing.pk, proved=absent)


# Opening ----------------------------------------------------------------------------------------


def _opening(case: Case) -> _Finding:
    label = "机构在这一天开通了这类业务"
    if case.institution is None:
        return _Finding(
            Check(label, "unknown", f"机构库里没有“{case.inst_name}”，看不出是否开通。")
        )
    if not case.openings:
        return _Finding(Check(label, "unknown", "机构库里没有登记这家机构的开通情况。"))
    business = business_of(case)
    places = case.care_area, case.insured_area
    if not business or not all(map(divisions.province_of, places)):
        return _Finding(Check(label, "unknown", "这一行没有写明医疗类别或就医地，看不出是否开通。"))
    reach = divisions.relation(case.insured_area, case.care_area)
    fitting = [o for o in case.openings if (o.reach, o.business) == (reach, business)]
    if open_now := [o for o in fitting if o.covers_day(case.day)]:
        return _Finding(Check(label, "yes", f"{open_now[0].label}。"))
    kind = f"{REACH_LABELS.get(reach, '本地')}{BUSINESS_LABELS[business]}"
    words = f"“{case.inst_name}”在 {case.day:%Y-%m-%d} 没有开通{kind}。"
    proof = tuple(
        Evidence("opening", o.label, "institutions.networkopening", o.pk) for o in fitting
    ) or (Evidence("institution", case.inst_name, "institutions.institution", case.institution),)
    return _Finding(Check(label, "no", words), "not_open", proof, proved=True)


def fill_in(template: str, case: Case) -> str:
    """The result text of a cause with this line's names put in; unknown braces stay as they are."""
    absent = case.on_platform == "no"
    names = {
        "来源": f"国家平台 {case.day:%Y-%m-%d} 的备案清单里" if absent else "本系统",
        "机构": for_reading(case.inst_name) or "就医机构",
        "日期": f"{case.day:%Y-%m-%d}",
        "就医地": for_reading(case.care_place) or divisions.name(case.care_area)
        if case.care_area
        else "就医地",
    }
    return re.sub(r"\{(\w+)\}", lambda found: names.get(found.group(1), found.group(0)), template)
