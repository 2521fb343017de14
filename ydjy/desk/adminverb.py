"""Pages and steps of our own in the admin: an address asks for its permission, or does not exist.

``AdminSite.admin_view`` checks only that somebody is active staff,
so everything that is no stock page is made by :func:`admin_verb`.
"""

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import update_wrapper
from typing import Any, NamedTuple

from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db import models, transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.urls import reverse

from ydjy.desk import freetext
from ydjy.desk.transactions import SAFE, commits_by_itself
from ydjy.desk.verbs import Refused


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

    def codes(self, owner: Any) -> list[str]:
        """The permissions, ``{app}``, ``{model}`` and what the admin itself says filled in."""
        opts = getattr(owner, "opts", None)
        words = {"app": opts.app_label, "model": opts.model_name} if opts else {}
        words |= getattr(owner, "permission_words", {})
        return [permission.format(**words) for permission in self.permissions]

    def allows(self, user: Any, owner: Any) -> bool:
        return any(user.has_perm(code) for code in self.codes(owner))


class Button(NamedTuple):
    """A verb as the row page offers it: a form with its questions, posted to ``url``."""

    name: str
    label: str
    url: str
    asks: list[tuple[str, str]]


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
) -> Callable[[Callable[..., Any]], Any]:
    """A method of a :class:`DeskAdmin` as a staff address: permission first, row from the scope.

    ``permission`` is one code or several of which any is enough. ``row`` gives the method the row
    (404 outside the person's scope). A ``Refused`` undoes everything and is told to the person.
    The method returns a response, or a sentence of success, or nothing. ``atomic=False`` is for
    a step that commits by itself, piece by piece, so that a crash loses nothing done before.
    """

    def decorate(function: Callable[..., Any]) -> Any:
        permissions = (permission,) if isinstance(permission, str) else permission
        if not permissions:
            raise ValueError(f"{function.__name__}: a verb without a permission is open to all")
        name = function.__name__
        where = path or (f"<path:object_id>/{name}/" if row else f"{name}/")
        verb = Verb(name, permissions, methods, row, where, label, asks or {}, when, atomic)

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
        reads = request.method in SAFE
        with nullcontext() if reads or not verb.atomic else transaction.atomic():
            if not reads:
                freetext.refuse_file_names(request)
            if not reads and not verb.atomic:
                freetext.refuse_numbers(request)
            answer = function(owner, request, *given, **parts)
            if not reads and verb.atomic:
                freetext.refuse_numbers(request, answer)
    except Refused as refused:
        messages.error(request, str(refused))
        return redirect(_back(verb, owner, request, given))
    if isinstance(answer, HttpResponse):
        return answer
    if answer:
        messages.success(request, answer)
    return redirect(_back(verb, owner, request, given, done=True))


def _row(owner: Any, request: HttpRequest, object_id: Any) -> models.Model:
    found = owner.get_object(request, unquote(str(object_id)))
    if found is None:
        raise Http404
    return found


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
