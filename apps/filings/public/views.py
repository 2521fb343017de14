"""Public: the guide, the settlement matrix, the failed card, guide topics, the printed list.

This module reads the catalogue only; a contract in pyproject.toml keeps persons out of it.
"""

from datetime import date
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone

from apps.filings.models.catalogue import Category, SettlementRule, Topic, Variant
from apps.filings.paper import blank
from apps.filings.public import guide
from apps.offices.public.opening_hours import Timetable
from apps.offices.public.page import code_of, furniture, page, show, shown

START = "/guide/"


@page
def start(request: HttpRequest) -> HttpResponse:
    """The first question. ``?was=`` keeps an answer ticked on the way back."""
    known = {category.group for category in guide.categories(timezone.localdate())}
    options = [
        (one.code, one.words, one.hint)
        for one in guide.SITUATIONS
        if known.intersection(one.groups)
    ]
    chosen = request.GET.get("situation", "")
    if chosen in {code for code, _, _ in options}:
        return redirect(f"{START}{chosen}/")
    return _question(
        request,
        {
            "title": "您现在是什么情况？",
            "name": "situation",
            "options": options,
            "number": 1,
            "action": START,
            "problem": "situation" in request.GET or "go" in request.GET,
        },
    )


@page
def group(request: HttpRequest, code: str) -> HttpResponse:
    """The second question: which official category, in the words of its people."""
    one = guide.situation(code)
    if one is None:
        raise Http404
    rows = [c for c in guide.categories(timezone.localdate()) if c.group in one.groups]
    if not rows:
        raise Http404
    chosen = request.GET.get("category", "")
    if len(rows) == 1 or chosen in {row.code for row in rows}:
        return redirect(f"{START}c/{chosen or rows[0].code}/")
    return _question(
        request,
        {
            "title": "是下面哪一种？",
            "name": "category",
            "options": [(row.code, row.name, row.people) for row in rows],
            "number": 2,
            "action": f"{START}{code}/",
            "situation": one.words,
            "back": f"{START}?was={code}",
            "problem": "category" in request.GET or "go" in request.GET,
        },
    )


@page
def category(request: HttpRequest, code: str) -> HttpResponse:
    """The third question where a category has several cases, else the answer."""
    today = timezone.localdate()
    row, variants = _find(code, today)
    if not guide.asks(row, variants):
        return _answer(request, row, variants)
    chosen = request.GET.get("variant", "")
    if chosen in {variant.code for variant in variants}:
        return redirect(f"{START}c/{code}/{chosen}/")
    one = guide.situation_of(row)
    return _question(
        request,
        {
            "title": "您是哪一种情形？",
            "name": "variant",
            "options": [
                (v.code, v.name, "；".join(guide.answer(v).who) or v.note) for v in variants
            ],
            "number": 3,
            "action": f"{START}c/{code}/",
            "situation": f"{one.words}，{row.name}",
            "back": f"{START}{one.code}/?was={code}",
            "problem": "variant" in request.GET or "go" in request.GET,
        },
    )


@page
def variant(request: HttpRequest, code: str, variant: str) -> HttpResponse:
    """The answer for one case of a category."""
    row, variants = _find(code, timezone.localdate())
    return _answer(request, row, [_one(variants, variant)])


@page
def check_list(request: HttpRequest, code: str, variant: str = "") -> HttpResponse:
    """The list of materials for paper: A4, black and white (P11)."""
    row, variants = _find(code, timezone.localdate())
    chosen = [_one(variants, variant)] if variant else variants
    return _answer(request, row, chosen, template="filings/check_list.html")


def _find(code: str, today: date) -> tuple[Category, list[Variant]]:
    for row in guide.categories(today):
        if row.code == code:
            return row, list(guide.variants_of(row, today))
    raise Http404


def _one(variants: list[Variant], code: str) -> Variant:
    for row in variants:
        if row.code == code:
            return row
    raise Http404


def _question(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    return show(request, "filings/question.html", context | {"was": request.GET.get("was", "")})


def _answer(
    request: HttpRequest,
    row: Category,
    variants: list[Variant],
    template: str = "filings/answer.html",
) -> HttpResponse:
    timetable = Timetable(timezone.now())
    one = guide.situation_of(row)
    single = variants[0] if len(variants) == 1 else None
    places = guide.places(row, timetable)
    context = {
        "row": row,
        "single": single,
        "answers": [guide.answer(v) for v in variants],
        "places": places,
        "situation": "，".join(filter(None, (one.words, single.name if single else ""))),
        "again": f"{START}?was={one.code}",
        "paper": f"/print/check/{row.code}/{f'{single.code}/' if single and single.name else ''}",
        "sources": {v.source.pk: v.source for v in variants}.values(),
        "today": timetable.today,
    }
    if template == "filings/check_list.html":
        context["qr"] = code_of(request.path.replace("/print/check/", "/guide/c/"))
    return show(request, template, context)


@page
def blank_form(request: HttpRequest, form: str, code: str = "") -> HttpResponse:
    """备案登记表 and 个人承诺书 to be filled in by hand, the category ticked where one is known."""
    today = timezone.localdate()
    kinds = guide.categories(today)
    if code and code not in {kind.code for kind in kinds}:
        raise Http404
    paper = blank.FORMS[form]
    ticked = [(kind.name, kind.code == code) for kind in kinds]
    phone = furniture().phone
    context = {
        "sheet": f"admin/filings/print/{form}.html",
        "paper": paper,
        "of": next((kind.name for kind in kinds if kind.code == code), ""),
        "c": blank.contents(paper, ticked, phone.display if phone else "", today),
        "back": f"{START}c/{code}/" if code else "/",
        "others": [
            (f"/print/{name}/{f'{code}/' if code else ''}", f"空白的{other.title}")
            for name, other in blank.FORMS.items()
            if other != paper
        ],
        "qr": code_of(START),
    }
    return show(request, "filings/blank.html", context)


@page
def settlement(request: HttpRequest) -> HttpResponse:
    """Where a card works, by place and kind of institution; 待核实 stays 待核实 (P7)."""
    rules = shown(SettlementRule.objects.select_related("region", "source"), timezone.localdate())
    tables = []
    for value, label in SettlementRule.Direction.choices:
        here = [rule for rule in rules if rule.direction == value]
        tables.append((str(label), *_matrix(here), _notes(here)))
    context = {
        "tables": [table for table in tables if table[2]],
        "row": max(rules, key=lambda rule: rule.checked_on, default=None),
        "used": {rule.mode for rule in rules},
    }
    return show(request, "filings/settlement.html", context)


def _notes(rules: list[SettlementRule]) -> list[str]:
    """Each note once, with what it is about."""
    about: dict[str, dict[str, None]] = {}
    for rule in rules:
        if rule.note:
            about.setdefault(rule.note, {})[str(rule.get_venue_display())] = None
    return [f"{'、'.join(venues)}：{note}" for note, venues in about.items()]


def _matrix(rules: list[SettlementRule]) -> tuple[list[str], list[dict[str, Any]]]:
    """Columns in the order of the choices, and one row per region."""
    used = {rule.venue for rule in rules}
    columns = [value for value in SettlementRule.Venue.values if value in used]
    regions: dict[str, dict[str, SettlementRule]] = {}
    for rule in rules:
        regions.setdefault(rule.region.name, {})[rule.venue] = rule
    labels = dict(SettlementRule.Venue.choices)
    rows = [
        {
            "region": region,
            "cells": [(str(labels[venue]), found.get(venue)) for venue in columns],
            "rule": next((r for r in found.values() if r.catalogue), None),
        }
        for region, found in regions.items()
    ]
    return [str(labels[venue]) for venue in columns], rows


@page
def card_failed(request: HttpRequest) -> HttpResponse:
    """The four causes of D-E03 to D-E06, each with how to see it and how to mend it (P8)."""
    today = timezone.localdate()
    places = [
        place
        for place in guide.places(None, Timetable(timezone.now()))
        if place.line and place.office.handles_cases
    ]
    about = shown(Topic.objects.filter(code__in=["card-refused", "lost-card"]), today)
    return show(request, "filings/card_failed.html", {"places": places, "about": about})


@page
def topics(request: HttpRequest) -> HttpResponse:
    rows = shown(Topic.objects.all(), timezone.localdate())
    return show(request, "filings/topics.html", {"rows": rows})


@page
def topic(request: HttpRequest, code: str) -> HttpResponse:
    rows = shown(Topic.objects.select_related("source"), timezone.localdate())
    row = rows.filter(code=code).first()
    if row is None:
        raise Http404
    return show(request, "filings/topic.html", {"row": row})
