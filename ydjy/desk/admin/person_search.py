"""Finding a person without the identity number ever standing in an address.

What is typed is posted; a number becomes a keyed token (``person-`` and 32 hex digits) that tells
nothing without the key, and only that is in the address, the history and the access log.
"""

import re
from collections.abc import Iterable
from functools import reduce
from operator import or_
from typing import Any

from django.contrib import messages
from django.contrib.admin.templatetags.admin_urls import admin_urlname
from django.db import models
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse

from ydjy.desk.admin.modeladmin import admin_verb, masked, short
from ydjy.desk.audit import access_log
from ydjy.desk.crypto.fields import blind_index
from ydjy.desk.exceptions import Refused, must
from ydjy.desk.free_text import IN_STEP
from ydjy.desk.prefixes import begins
from ydjy.lib import idnumbers, masking, text

CERT_INDEX = "person.cert_no"  # the same index everywhere: a ticket finds its person's filings
PREFIX = "person-"
_TOKEN = re.compile(rf"{PREFIX}([0-9a-f]{{32}})")
_KEYED = re.compile(r"[a-z]+-[0-9a-f]{32}")  # any key of ours may hold a long run of digits
_LONG = re.compile(r"\d{15}")  # fewer digits in a row are no identity number
OTHER = "其他"
REASONS = ("在平台上查", "打电话核对", "参保人在窗口", OTHER)  # why a number is looked at
DOTS = "·•・‧⋅∙."  # as they are stored: the full-width ones have become narrow
_DOT = re.compile("[·•・‧⋅∙.．･ㆍ᛫∘◦]")
NO_NUMBER = "这个证件号码不对，没有查找：{}"


def spellings(typed: str) -> list[str]:
    """The name with each kind of middle dot, where one was typed: a keyboard has one, a list has
    another, the document a third."""
    if not _DOT.search(typed):
        return [typed]
    return [_DOT.sub(dot, typed) for dot in DOTS]


def begins_any(column: str, texts: Iterable[str]) -> Q:
    return reduce(or_, (begins(column, one) for one in texts))


def token_of(typed: str) -> str:
    """The token for a number however it is written; raises ``IdNumberError``."""
    return PREFIX + blind_index(CERT_INDEX, idnumbers.parse(typed).number)


def looks_like_number(typed: str) -> bool:
    """So many digits that it could be a number, mistyped or not: never in an address."""
    if _KEYED.fullmatch(typed.strip()):
        return False
    return bool(_LONG.search("".join(typed.split()))) or masking.contains_number(typed)


class PersonSearchMixin:
    """For an admin of rows about persons: ``number name name_initials cert_index cert_no``."""

    search_fields = ("number",)  # only so that the page has a search box; see get_search_results
    search_help_text = "编号、姓名、姓名首字母或完整证件号码"
    search_also: tuple[str, ...] = ()

    def identity(self, obj: Any) -> str:
        return masked(obj.cert_no)

    identity.short_description = "证件号码"  # type: ignore[attr-defined]

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> Any:
        """By the shape of what was typed; exact or prefix, never anywhere in the middle."""
        term = text.clean(short(search_term))
        if not term:
            return queryset, False
        if token := _TOKEN.fullmatch(term):
            return queryset.of_person(token[1]), False
        if looks_like_number(term):
            return queryset.none(), False
        return queryset.filter(self.asked(term)), False

    def asked(self, term: str) -> Q:
        """Each by its index, and no column that what was typed cannot be in."""
        if not term.isascii():
            return begins_any("name", spellings(term))
        found = begins_any("number", {term, term.upper()})
        for column in self.search_also:
            found |= Q(**{column: term})
        return found if term[0].isdecimal() else found | begins("name_initials", term.lower())

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        typed = request.GET.get("q", "")
        if looks_like_number(typed):
            return self._to_list(request, typed)
        base = f"admin:{self.opts.app_label}_{self.opts.model_name}"  # type: ignore[attr-defined]
        context = {
            "find_url": reverse(f"{base}_find"),
            "searched_person": bool(_TOKEN.fullmatch(typed.strip())),
        }
        return super().changelist_view(request, context | (extra_context or {}))  # type: ignore[misc]

    def _to_list(self, request: HttpRequest, typed: str) -> HttpResponse:
        """The list that answers what was typed, at an address without a number in it."""
        base = f"admin:{self.opts.app_label}_{self.opts.model_name}"  # type: ignore[attr-defined]
        asked: QueryDict = request.GET.copy()
        for name in ("q", "p", "e"):
            asked.pop(name, None)
        if looks_like_number(typed):
            try:
                typed = token_of(typed)
                access_log.record_search(request.user, self.model, typed)  # type: ignore[attr-defined]
            except idnumbers.IdNumberError as wrong:
                messages.error(request, NO_NUMBER.format(wrong))
                typed = ""
        if typed:
            asked["q"] = short(typed)
        return redirect(f"{reverse(f'{base}_changelist')}?{asked.urlencode()}")

    @admin_verb(("{app}.view_{model}", "{app}.change_{model}"), row=False)
    def find(self, request: HttpRequest) -> HttpResponse:
        return self._to_list(request, request.POST.get("q", "").strip())

    @admin_verb("{app}.reveal_{model}", changes=False)
    def reveal(self, request: HttpRequest, obj: Any) -> HttpResponse:
        back = reverse(admin_urlname(self.opts, "change"), args=[obj.pk])  # type: ignore[attr-defined]
        number = obj.cert_no.reveal() if obj.cert_no else ""
        return shown_number(self, request, obj, number, back)

    def show_number(self, request: HttpRequest, obj: Any) -> dict[str, Any] | None:
        """What ``desk/show_number.html`` needs; nothing for whom it is not."""
        app, model = self.opts.app_label, self.opts.model_name  # type: ignore[attr-defined]
        user: Any = request.user
        if not obj.cert_no or not user.has_perm(f"{app}.reveal_{model}"):
            return None
        url = reverse(f"admin:{app}_{model}_reveal", args=[obj.pk])
        return {"url": url, "reasons": REASONS}

    def render_change_form(self, request: HttpRequest, context: Any, **kwargs: Any) -> Any:
        if obj := kwargs.get("obj"):
            context["show_number"] = self.show_number(request, obj)
        return super().render_change_form(request, context, **kwargs)  # type: ignore[misc]


def shown_number(
    page: Any, request: HttpRequest, obj: models.Model, number: str, back: str
) -> HttpResponse:
    """Shows a number once and writes down to whom and why: in its place on the page of the row,
    where all that was typed stays; without a script on a page of its own."""
    in_place = "json" in request.headers.get("accept", "")
    try:
        access_log.record(request.user, obj, "证件号码", _why(request))
    except Refused as refused:
        if not in_place:
            raise
        return JsonResponse({"error": str(refused)}, status=400)
    words = number or "没有填写"
    if in_place:
        return JsonResponse({"number": words})
    context = page.admin_site.each_context(request) | {
        "title": "证件号码",
        "opts": page.opts,
        "back": back,
        "number": words,
    }
    return TemplateResponse(request, "desk/reveal.html", context)


def _why(request: HttpRequest) -> str:
    """One of the reasons there are, or what stands behind «其他»."""
    reason, words = request.POST.get("reason", ""), request.POST.get("words", "").strip()
    must(reason in REASONS, "请选择为什么要看证件号码，会记录下来。")
    must(reason != OTHER or words, "选了“其他”，请写明为什么要看。")
    must(not masking.contains_number(words), IN_STEP)
    return words if reason == OTHER else reason
