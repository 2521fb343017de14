"""Pages and steps of our own in the admin: an address asks for its permission, or does not exist.

``AdminSite.admin_view`` checks only that somebody is active staff,
so everything that is no stock page is made by :func:`admin_verb`.
"""

from collections.abc import Callable
from contextlib import nullcontext
from copy import copy
from dataclasses import dataclass, field
from functools import update_wrapper
from typing import Any, NamedTuple

from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db import models, transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, QueryDict
from django.shortcuts import redirect
from django.urls import reverse

from ydjy.desk import free_text
from ydjy.desk.exceptions import Refused
from ydjy.desk.row_state import SEEN, changed_lately, locked, state_of
from ydjy.desk.transactions import SAFE, commits_by_itself


@dataclass(frozen=True)
class Verb:
    """A page or a step of our own on an admin, and who may take it."""

    name: str
    permissions: tuple[str, ...]
    methods: tuple[str, ...]
    row: bool
    path: str
    label: str
    asks: dict[str, str] = field(default_factory=dict)
    when: Callable[[Any], bool] | None = None
    atomic: bool = True
    changes: bool = True

    def codes(self, owner: Any) -> list[str]:
        """The permissions, ``{app}``, ``{model}`` and what the admin itself says filled in."""
        opts = getattr(owner, "opts", None)
        words = {"app": opts.app_label, "model": opts.model_name} if opts else {}
        words |= getattr(owner, "permission_words", {})
        return [permission.format(**words) for permission in self.permissions]

    def allows(self, user: Any, owner: Any) -> bool:
        return any(user.has_perm(code) for code in self.codes(owner))


class Button(NamedTuple):
    """A verb as the row page offers it: a form with its questions, and what has been typed in
    them, posted to ``url`` with the word for the row as the page showed it."""

    name: str
    label: str
    url: str
    asks: list[tuple[str, str, str]]
    seen: str = ""


class Overtaken(Refused):
    """A step that somebody took on a page that was opened before a colleague's change."""


def admin_verb(
    permission: str | tuple[str, ...],
    *,
    methods: tuple[str, ...] = ("POST",),
    label: str = "",
    asks: dict[str, str] | None = None,
    row: bool = True,
    path: str | None = None,
    when: Callable[[Any], bool] | None = None,
    atomic: bool = True,
    changes: bool = True,
) -> Callable[[Callable[..., Any]], Any]:
    """A method of a :class:`DeskAdmin` as a staff address: permission first, row from the scope.
    ``permission`` is one code or several of which any is enough. ``row`` gives the method the row
    (404 outside the person's scope). A ``Refused`` undoes everything and is told. The method gives
    a response, a sentence or nothing. ``atomic=False`` commits by itself, piece by piece;
    ``changes=False`` alters nothing and may be done on an overtaken page.
    """

    def decorate(function: Callable[..., Any]) -> Any:
        permissions = (permission,) if isinstance(permission, str) else permission
        if not permissions:
            raise ValueError(f"{function.__name__}: a verb without a permission is open to all")
        name = function.__name__
        where = path or (f"<path:object_id>/{name}/" if row else f"{name}/")
        how = (methods, row, where, label, asks or {}, when, atomic, changes)
        verb = Verb(name, permissions, *how)

        def method(
            owner: Any, request: HttpRequest, object_id: Any = None, **parts: Any
        ) -> HttpResponse:
            if object_id is not None:
                parts["object_id"] = object_id
            return _run(verb, function, owner, request, **parts)

        update_wrapper(method, function)
        method.admin_verb = verb  # type: ignore[attr-defined]
        return method if atomic else commits_by_itself(method)

    return decorate


def _run(
    verb: Verb, function: Callable[..., Any], owner: Any, request: HttpRequest, **parts: Any
) -> HttpResponse:
    site = getattr(owner, "admin_site", owner)
    if not site.has_permission(request):
        return redirect_to_login(request.path, reverse("admin:login"))
    if not verb.allows(request.user, owner):
        raise PermissionDenied
    if request.method not in verb.methods:
        return HttpResponseNotAllowed(verb.methods)
    given = [_row(owner, request, parts.pop("object_id"))] if verb.row else []
    try:
        answer = _take(verb, function, owner, request, given, parts)
    except Overtaken as refused:
        messages.error(request, str(refused))
        return _shown_now(verb, owner, request, given)
    except Refused as refused:
        messages.error(request, str(refused))
        return redirect(_back(verb, owner, request, given))
    if isinstance(answer, HttpResponse):
        return answer
    if answer:
        messages.success(request, answer)
    return redirect(_back(verb, owner, request, given, done=True))


def _take(
    verb: Verb, function: Any, owner: Any, request: HttpRequest, given: list[Any], parts: Any
) -> Any:
    """Calls the method; what it wrote is undone if the words that came with it may not stand."""
    if request.method in SAFE:
        return function(owner, request, *given, **parts)
    free_text.refuse_file_names(request)
    with transaction.atomic() if verb.atomic else nullcontext():
        if not verb.atomic:
            free_text.refuse_numbers(request)
        for row in given if verb.changes and "GET" not in verb.methods else ():
            must_be_as_seen(request, row, verb.label or "这一步")
        answer = function(owner, request, *given, **parts)
        if verb.atomic:
            free_text.refuse_numbers(request, answer)
    return answer


def _row(owner: Any, request: HttpRequest, object_id: Any) -> models.Model:
    found = owner.get_object(request, unquote(str(object_id)))
    if found is None:
        raise Http404
    return found


def must_be_as_seen(request: HttpRequest, row: models.Model, what: str) -> None:
    """Refuses a step whose page showed the row otherwise than it is now. A verb that has a page
    of its own asks this itself, so that the page comes back with what was typed."""
    word = request.POST.get(SEEN)
    if not word:
        return
    stored = locked(row) if transaction.get_connection().in_atomic_block else row
    if stored is None:
        raise Http404
    if state_of(stored) != word:
        raise Overtaken(
            f"{changed_lately(stored)}，你打开这一页在那以前，所以“{what}”没有办。"
            "下面是现在的内容，看过以后再按。"
        )


def _shown_now(verb: Verb, owner: Any, request: HttpRequest, given: list[Any]) -> HttpResponse:
    """The row's page as it is now, with the answers that were typed still in their boxes."""
    address = _back(verb, owner, request, given)
    if not hasattr(owner, "change_view") or not owner.has_view_or_change_permission(
        request, given[0]
    ):
        return redirect(address)
    shown = copy(request)
    shown.method, shown.POST = "GET", QueryDict()  # type: ignore[assignment]
    shown.typed_answers = {  # type: ignore[attr-defined]
        (verb.name, name): request.POST.get(name, "") for name in verb.asks
    }
    return owner.change_view(shown, str(given[0].pk), form_url=address)


def _back(
    verb: Verb, owner: Any, request: HttpRequest, given: list[Any], *, done: bool = False
) -> str:
    """Where the person is afterwards: on the row, on the page that refused, or on the list."""
    if not hasattr(owner, "opts"):
        return reverse("admin:index")
    base = f"admin:{owner.opts.app_label}_{owner.opts.model_name}"
    if given and owner.has_view_or_change_permission(request, given[0]):
        return reverse(f"{base}_change", args=[given[0].pk])
    if not verb.row and not done and "GET" in verb.methods and request.method != "GET":
        return request.path
    if owner.has_view_or_change_permission(request):
        return reverse(f"{base}_changelist")
    return reverse("admin:index")
