"""Public: which hospital may refer, the list of institutions, one institution."""

from collections.abc import Callable
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone

from apps.institutions.models import (
    DiseaseGroup,
    Institution,
    InstitutionQuerySet,
    NetworkOpening,
)
from apps.institutions.public.querysets import (
    Scope,
    known_institutions,
    public_institutions,
    public_rights,
    with_rights,
)
from apps.institutions.referral.query import area_of
from apps.institutions.referral.scope import GENERAL, Vocabulary, plain_words
from apps.institutions.search import query as search_query
from apps.institutions.search.query import COUNTED
from apps.offices.models import City, Hotline, Office
from apps.offices.public.page import PER_PAGE, furniture, kept, page, show, shown
from ydjy.desk.exceptions import Refused
from ydjy.lib import phones
from ydjy.lib.whole_numbers import whole_number
from ydjy.lib.workdays import in_words

UNSURE = "unsure"
Rule = Callable[[date], dict[str, Any]]


def _vocabulary() -> Vocabulary:
    return kept("vocabulary", DiseaseGroup.objects.vocabulary)


def _no_rule(today: date) -> dict[str, Any]:
    return {}


@page
def referral(request: HttpRequest, rule: Rule = _no_rule) -> HttpResponse:
    """Which hospitals may refer me. ``rule`` tells what the catalogue says of certificates: it is
    handed in by the project, for the catalogue lies above this app."""
    today, city = timezone.localdate(), furniture().city
    vocabulary = _vocabulary()
    area, group = request.GET.get("area", "")[:40], request.GET.get("group", "")[:20]
    rights = public_rights(today)
    newest = max(rights, key=lambda right: right.checked_on, default=None)
    context: dict[str, Any] = {
        "areas": [(o.area, o.area_name or o.name) for o in _areas(today)],
        "groups": [
            (n, "一般疾病（内科、外科、肿瘤等）" if n == GENERAL else n) for n in vocabulary.names
        ],
        "unsure": UNSURE,
        "area": area,
        "group": group,
        "row": newest,
        "rule": rule(today),
    }
    if area and group and city:
        context |= _answer(area, group, city, today)
    elif "area" in request.GET or "group" in request.GET:
        context["problem"] = [("area", "请选择参保地")] * (not area) + [
            ("group", "请选择要看哪一类病")
        ] * (not group)
    return show(request, "institutions/referral.html", context)


def _areas(today: date) -> QuerySet[Office]:
    """The offices whose area a person may be insured in."""
    return shown(Office.objects.exclude(area="").filter(handles_cases=True), today)


def _answer(area: str, group: str, city: City, today: date) -> dict[str, Any]:
    try:
        place = area_of(area, city)
    except Refused:
        return {"problem": [("area", "请从列表里选参保地")]}
    vocabulary = _vocabulary()
    rights = public_rights(today)
    if group != UNSURE and vocabulary.find(group) is None:
        return {"problem": [("group", "请从列表里选一类病")]}
    groups = frozenset() if group == UNSURE else frozenset([group])
    answer = rights.asked(place, groups, today, city.county_rule)
    scopes = {r.institution_id: Scope.of(r, vocabulary) for r in rights}
    every = [
        (r.institution, scopes[r.institution_id]) for r in rights.select_related("institution")
    ]
    said = "说不清楚的病" if group == UNSURE else plain_group(group)
    return {
        "answer": answer,
        "place": place,
        "said": said,
        "yes": every if group == UNSURE else [(i, scopes[i.pk]) for i in answer.yes],
        "ask": [] if group == UNSURE else [(i, scopes[i.pk], why) for i, why in answer.ask],
        "call": _line_of(area, today),
    }


def plain_group(group: str) -> str:
    return "一般疾病" if group == GENERAL else group


def _line_of(area: str, today: date) -> Hotline | None:
    """The telephone of the office that answers for the area, else nobody's."""
    lines = shown(Hotline.objects.filter(office__area=area), today)
    return lines.first()


FILTERS = {"county": "县区", "kind": "类别", "opening": "能直接结算", "scope": "能开转诊的病"}
LABELS = (
    dict(Institution.Kind.choices) | dict(NetworkOpening.Business.choices) | {GENERAL: "一般疾病"}
)
MOST_LINKS = 20  # of one filter


@page
def institutions(request: HttpRequest) -> HttpResponse:
    """The list, narrowed by links that carry their counts (P4)."""
    today = timezone.localdate()
    every = public_institutions(today)
    chosen = {key: request.GET.get(key, "")[:40] for key in FILTERS if request.GET.get(key)}
    number = whole_number(request.GET.get("page"), most=9999) or 1
    start = (number - 1) * PER_PAGE
    found = search_query.find(every, "", **chosen, on=today, limit=PER_PAGE, offset=start)
    keys = [hit.institution.pk for hit in found.hits]
    rows = list(with_rights(every.filter(pk__in=keys), today))
    vocabulary = _vocabulary()
    for row in rows:
        row.scopes = [Scope.of(right, vocabulary) for right in row.rights]
    filters = kept(
        f"filters {sorted(chosen.items())}",
        lambda: [one for key in FILTERS if (one := _filter(key, every, chosen, today))],
    )
    context = {
        "rows": rows,
        "total": "1000 多" if found.capped else found.total,
        "number": number,
        "more": found.more,
        "filters": filters,
        "kept": f"{urlencode(chosen)}&" if chosen else "",
    }
    return show(request, "institutions/institutions.html", context)


def _filter(
    key: str, every: InstitutionQuerySet, chosen: dict[str, str], today: date
) -> dict[str, Any] | None:
    """One filter: its name and its links, each with the rows it would leave."""
    others = {k: v for k, v in chosen.items() if k != key}
    rows = search_query.narrowed(every, **others, on=today)
    values: list[str] = {
        "county": list(
            every.exclude(county="").order_by("county").values_list("county", flat=True).distinct()
        )[:MOST_LINKS],
        "kind": Institution.Kind.values,
        "opening": NetworkOpening.Business.values,
        "scope": list(_vocabulary().names),
    }[key]
    links = []
    for value in values:
        n = search_query.narrowed(rows, **{key: value}, on=today).order_by()[: COUNTED + 1].count()
        if n or chosen.get(key) == value:
            count = f"{COUNTED} 多" if n > COUNTED else n
            url = "?" + urlencode(chosen | {key: value})
            links.append((LABELS.get(value, value), count, url, chosen.get(key) == value))
    every_link = f"?{urlencode(others)}" if others else "/institutions/"
    return {"label": FILTERS[key], "links": links, "every": every_link} if links else None


@page
def institution(request: HttpRequest, pk: int) -> HttpResponse:
    """One institution, at an address that stays (P2), its scope in plain words (P3)."""
    today = timezone.localdate()
    rows = with_rights(known_institutions().select_related("source"), today)
    row = rows.prefetch_related("suspensions").filter(pk=pk).first()
    if row is None:
        raise Http404
    vocabulary = _vocabulary()
    history = shown_ever(row)
    context = {
        "row": row,
        "today": today,
        "stopped": _stopped(row, today),
        "scopes": [(right, plain_words(right.scope, vocabulary)) for right in row.rights],
        "former": [right for right in history if right.valid_to and right.valid_to < today],
        "lines": _dialled(row.phone),
        "aliases": [alias for alias in row.aliases.all() if not alias.former],
        "former_names": [alias for alias in row.aliases.all() if alias.former],
    }
    return show(request, "institutions/institution.html", context)


def _stopped(row: Institution, today: date) -> str:
    """One sentence when it may not settle or refer today; '' while it may."""
    state = row.state_on(today)
    if state == "正常":
        return ""
    if state == "还没生效" and row.valid_from:
        begins = f"{row.valid_from.year}年{in_words(row.valid_from)}起才是定点机构"
        return f"{begins}，现在还不能直接结算，也不能开转诊"
    return f"现在的定点资格是“{state}”，不能直接结算，也不能开转诊"


def _dialled(text: str) -> list[tuple[str, str]]:
    """(number to dial, number as written) of a cell; as it stands where it cannot be read."""
    city = furniture().city
    try:
        found = phones.parse(text, city.area_code if city else None)
    except phones.PhoneError:
        return [("", text)]
    return [(phone.tel, phone.display) for phone in found]


def shown_ever(row: Institution) -> QuerySet[Any]:
    """Its rights of all times, reviewed ones."""
    return row.referral_rights.filter(checked_on__isnull=False, source__isnull=False)
