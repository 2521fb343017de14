"""Pages about institutions beside the stock ones: who refers, one day, unchecked, look-alikes."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone

from apps.institutions import duplicates
from apps.institutions.models import (
    DiseaseGroup,
    Institution,
    ListRow,
    NetworkOpening,
    ReferralRight,
)
from apps.institutions.referral import decision as referral_decision
from apps.institutions.referral import scope as scopes
from apps.institutions.referral.query import areas, ask
from apps.institutions.search import query as search_query
from apps.offices.models import City
from ydjy.desk.admin.modeladmin import admin_verb
from ydjy.desk.exceptions import Refused

VIEW = "institutions.view_institution"


def page(self: Any, request: HttpRequest, template: str, **context: Any) -> HttpResponse:
    return TemplateResponse(
        request,
        f"admin/institutions/{template}.html",
        self.admin_site.each_context(request) | {"opts": self.opts} | context,
    )


# 哪家医院能开转诊 --------------------------------------------------------------------------------


class AskForm(forms.Form):
    """Where the person is insured, what it is, when."""

    area = forms.ChoiceField(label="参保地")
    group = forms.MultipleChoiceField(
        label="病种类别", required=False, widget=forms.CheckboxSelectMultiple
    )
    listed = forms.BooleanField(label="病种在转诊目录里", required=False)
    day = forms.DateField(label="哪一天", widget=forms.DateInput(attrs={"type": "date"}))
    q = forms.CharField(label="想问哪家医院", required=False, max_length=64)

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, label_suffix="", **kwargs)
        self.fields["area"].choices = [("", "请选择"), *areas()]  # type: ignore[attr-defined]
        names = DiseaseGroup.objects.vocabulary().names
        self.fields["group"].choices = [  # type: ignore[attr-defined]
            (name, scopes.spoken([name])) for name in names
        ]


@admin_verb(VIEW, methods=("GET",), row=False)
def who_refers(self: Any, request: HttpRequest) -> HttpResponse:
    """The three answers with their reasons; 目录内 before any hospital (trap 29)."""
    today = timezone.localdate().isoformat()
    form = None
    if request.GET:
        data = request.GET.copy()
        data.setdefault("day", today)
        form = AskForm(data)
    context: dict[str, Any] = {"form": form or AskForm(initial={"day": today})}
    if form is not None and form.is_valid():
        asked = form.cleaned_data
        try:
            place, answer = ask(
                asked["area"], asked["group"], asked["day"], in_catalogue=asked["listed"]
            )
        except Refused as refused:
            context["error"] = str(refused)
        else:
            context |= _answered(place, answer, asked)
    city = City.objects.maybe()
    words = city.county_rule_words if city else ""
    return page(self, request, "who_refers", title="哪家医院能开转诊", rule=words, **context)


def _answered(place: Any, answer: referral_decision.ReferralAnswer[Institution], asked: Any) -> Any:
    rights = {r.institution_id: r for r in ReferralRight.objects.in_force(asked["day"])}
    return {
        "answer": answer,
        "place": place.name,
        "day": asked["day"],
        "case": scopes.spoken(asked["group"] or [scopes.GENERAL]),
        "yes": [(one, scopes.plain_words(rights[one.pk].scope)) for one in answer.yes],
        "call_first": scopes.CALL_FIRST,
        "explained": _explained(answer, asked["q"]) if asked["q"].strip() else None,
    }


def _explained(
    answer: referral_decision.ReferralAnswer[Institution], words: str
) -> list[tuple[Any, str]]:
    """What the answer says about the hospitals that somebody asked for by name."""
    said = {
        **{one.pk: "可以" for one in answer.yes},
        **{one.pk: reason for one, reason in (*answer.ask, *answer.no)},
    }
    missing = answer.note if not answer.needs_certificate else "没有转诊资格"
    hits = search_query.find(Institution.objects.all(), words, limit=5).hits
    return [(hit.institution, said.get(hit.institution.pk, missing)) for hit in hits]


# One institution on one day ----------------------------------------------------------------------


class DayForm(forms.Form):
    day = forms.DateField(label="哪一天", widget=forms.DateInput(attrs={"type": "date"}))


@admin_verb(VIEW, methods=("GET",), path="<path:object_id>/timeline/")
def timeline(self: Any, request: HttpRequest, obj: Institution) -> HttpResponse:
    """Was it open on 3 May? State, openings and right of one day, and every interval there was."""
    form = DayForm(request.GET, label_suffix="") if "day" in request.GET else None
    day = timezone.localdate()
    if form is not None and form.is_valid():
        day = form.cleaned_data["day"]
    form = form or DayForm(initial={"day": day}, label_suffix="")
    open_then = {(o.reach, o.business) for o in obj.openings.on(day)}
    lists = ListRow.objects.filter(
        institution=obj.pk, outcome=ListRow.Outcome.CHANGED, of__state="published"
    ).select_related("of__upload")
    return page(
        self,
        request,
        "timeline",
        title=f"{obj} 的历史",
        original=obj,
        form=form,
        day=day,
        state=obj.state_on(day),
        businesses=NetworkOpening.Business.labels,
        matrix=[
            (label, [(reach, b) in open_then for b in NetworkOpening.Business.values])
            for reach, label in NetworkOpening.Reach.choices
        ],
        rights=[_right(right) for right in obj.referral_rights.on(day)],
        intervals=_intervals(obj),
        lists=[(one.of, changes(one)) for one in lists.order_by("-pk")[:20]],
    )


def _right(right: ReferralRight) -> tuple[str, str, str]:
    return scopes.plain_words(right.scope), right.wording, right.inconsistent()


def _intervals(obj: Institution) -> list[tuple[str, str, Any, Any]]:
    rows: list[tuple[str, str, Any, Any]] = [
        ("协议", obj.get_status_display(), obj.valid_from, obj.valid_to)
    ]
    for kind, found in (
        ("联网开通", obj.openings.all()),
        ("转诊资格", obj.referral_rights.all()),
        ("停用", obj.suspensions.all()),
    ):
        for row in found:
            words = {
                "联网开通": lambda r: r.get_reach_display() + r.get_business_display(),
                "转诊资格": lambda r: scopes.describe(r.scope),
                "停用": lambda r: f"{r.get_kind_display()} {r.reason}".strip(),
            }[kind](row)
            rows.append((kind, words, row.valid_from, row.valid_to))
    return sorted(rows, key=lambda row: (row[2] or date.min, row[0]))


LABELS = {
    "national_code": "国家编码",
    "name": "名称",
    "county": "所属县区",
    "level": "等级",
    "kind": "类别",
    "ownership": "性质",
    "phone": "电话",
    "address": "地址",
    "remark": "备注",
    "valid_from": "生效日期",
    "scope": "转诊范围",
    "status": "状态",
    "from": "从哪天起",
}


@dataclass(frozen=True)
class Change:
    label: str
    before: str
    after: str


def changes(row: ListRow) -> list[Change]:
    """The fields of a list row that differ, in words."""
    kinds = dict(Institution.Kind.choices)
    return [
        Change(
            LABELS[name],
            str(kinds.get(row.before.get(name), row.before.get(name) or "")),
            str(kinds.get(value, value)),
        )
        for name, value in row.after.items()
        if name in LABELS
    ]


# Directory upkeep --------------------------------------------------------------------------------


@admin_verb("institutions.check_institution", methods=("GET",), row=False)
def unchecked(self: Any, request: HttpRequest) -> HttpResponse:
    """90 天未核对: ring them, press once (I8)."""
    today = timezone.localdate()
    rows = Paginator(Institution.objects.unchecked(today), 50)
    return page(
        self,
        request,
        "unchecked",
        title="90 天没核对的机构",
        page=rows.get_page(request.GET.get("p")),
        today=today,
    )


@admin_verb("institutions.check_institution", methods=("POST",))
def checked(self: Any, request: HttpRequest, obj: Institution) -> Any:
    """«已电话核对»: one press, back to the list one came from."""
    how = request.POST.get("how", Institution.How.PHONE)
    if how not in Institution.How.values:
        raise Refused("请选择怎么核对的。")
    obj.check_off(by=request.user, how=how, day=timezone.localdate())
    said = f"{obj} 已登记核对（{Institution.How(how).label}）。"
    if request.POST.get("back") == "unchecked":
        messages.success(request, said)
        return redirect("admin:institutions_institution_unchecked")
    return said


@admin_verb(VIEW, methods=("GET",), row=False)
def alike(self: Any, request: HttpRequest) -> HttpResponse:
    """Names that may be one institution, and rights whose rule and wording disagree."""
    return page(
        self,
        request,
        "alike",
        title="可能重复、可能有误",
        pairs=duplicates.pairs(),
        rights=[(right, right.inconsistent()) for right in ReferralRight.objects.disagreeing()],
    )
