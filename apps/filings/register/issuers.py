"""Who may write the referral certificate of the filing that is being typed (J6)."""

from datetime import date
from typing import Any, NamedTuple

from django.utils import timezone

from apps.filings.register.forms import RegisterForm
from apps.institutions.models import Institution, ReferralRight
from apps.institutions.referral import query as referral_query
from ydjy.desk.exceptions import Refused
from ydjy.lib import text
from ydjy.lib.whole_numbers import whole_number

ALIKE = 3  # names that are proposed for one that is not in the list


class Issuer(NamedTuple):
    """The hospital that was ticked or typed, what the scope says of it, and why."""

    hospital: Institution | None = None
    verdict: str = ""
    reason: str = ""

    @property
    def columns(self) -> dict[str, Any]:
        return {
            "referral_institution": self.hospital,
            "issuer": self.verdict,
            "issuer_reason": self.reason[:200],
        }


def offered(form: RegisterForm) -> dict[str, Any]:
    """The hospitals for the groups ticked: yes, to be asked, and no with the reason. A hospital
    that is suspended on that day is among the last, with the days and the document."""
    rules, data = form.rules, getattr(form, "cleaned_data", {})
    if rules is None or not rules.certificate_needed or not ReferralRight.objects.exists():
        return {}
    day = data.get("start_on") or timezone.localdate()
    area = data.get("insured_area") or ""
    try:
        _, answer = referral_query.ask(area, data.get("groups") or [], day)
    except Refused as refused:
        return {"note": str(refused)}
    no = [*answer.no, *_not_working(day)]
    return {"yes": answer.yes, "ask": answer.ask, "no": no, "note": answer.note, "day": day}


def _not_working(day: date) -> list[tuple[Institution, str]]:
    """Institutions whose right is written down but does not hold on that day, and why."""
    holding = ReferralRight.objects.in_force(day).values("institution")
    rows = Institution.objects.filter(referral_rights__isnull=False).exclude(pk__in=holding)
    rows = rows.distinct().prefetch_related("suspensions", "referral_rights")
    return [(row, _why_not(row, day)) for row in rows.order_by("weight", "name_key")]


def _why_not(hospital: Institution, day: date) -> str:
    """12月15日起暂停（文号）; or from when to when it had the right."""
    for stop in hospital.suspensions.all():
        if stop.holds_on(day):
            why = f"（{stop.reason}）" if stop.reason else ""
            until = f"到{_month_day(stop.valid_to)}" if stop.valid_to else ""
            return f"{_month_day(stop.valid_from)}起{until}{stop.get_kind_display()}{why}"
    state = hospital.state_on(day)
    if state != "正常":
        return f"这一天定点协议{state}"
    rights = list(hospital.referral_rights.all())
    later = [right.valid_from for right in rights if right.valid_from and right.valid_from > day]
    if later:
        return f"{_month_day(min(later))}起才有转诊资格"
    last = max((right.valid_to for right in rights if right.valid_to), default=None)
    return f"转诊资格到{_month_day(last)}为止" if last else "这一天没有转诊资格"


def _month_day(day: date | None) -> str:
    if day is None:
        return ""
    year = f"{day.year}年" if day.year != timezone.localdate().year else ""
    return f"{year}{day.month}月{day.day}日"


def chosen(form: RegisterForm, found: dict[str, Any]) -> Issuer:
    """What is ticked or typed. A name that nobody knows is no «no»: it has to be asked about."""
    if "yes" not in found:
        return Issuer()
    typed = form.cleaned_data.get("institution_name", "")
    marked = form.cleaned_data.get("institution", "")
    hospital = Institution.objects.named(typed) if typed else None
    if typed and hospital is None:
        return Issuer(None, "ask", _unknown(typed, found))
    if hospital is None:
        hospital = Institution.objects.filter(pk=whole_number(marked)).first()
    if hospital is None:
        return Issuer()
    if hospital in found["yes"]:
        return Issuer(hospital, "yes")
    for verdict in ("ask", "no"):
        for other, reason in found[verdict]:
            if other == hospital:
                return Issuer(hospital, verdict, reason)
    return Issuer(hospital, "no", f"{hospital}不在转诊医院名单里，没有转诊资格")


def _unknown(typed: str, found: dict[str, Any]) -> str:
    """The list does not have that name; the names of the list that are like it."""
    key = text.name_key(typed)
    listed = [*found["yes"], *(h for h, _ in found["ask"]), *(h for h, _ in found["no"])]
    alike = [h.name for h in dict.fromkeys(listed) if key and key in text.name_key(h.name)]
    words = f"转诊医院名单里没有查到“{typed}”"
    if alike:
        more = "等" if len(alike) > ALIKE else ""
        return f"{words}，是不是{'、'.join(alike[:ALIKE])}{more}，是的请写全名"
    return f"{words}，请写医院的全名"
