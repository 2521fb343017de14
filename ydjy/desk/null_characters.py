"""No NUL from outside: no name, number or sentence has one, and PostgreSQL refuses it as text.

Whatever page, filter or search it is sent to, it is taken out here, once.
"""

from collections.abc import Callable
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, QueryDict

NUL = "\0"


class WithoutNul:
    """Middleware, after the one that checks forms: a form that is not ours is not read first."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: object, args: object, named: object) -> None:
        if NUL in request.path_info:
            raise Http404
        request.GET = without_nul(request.GET)  # type: ignore[assignment]
        if request.method == "POST":
            request.POST = without_nul(request.POST)  # type: ignore[assignment]


def asked_again(query: str) -> QueryDict:
    """What an address asked for that was itself part of something posted or kept."""
    return without_nul(QueryDict(query))


def without_nul(asked: QueryDict) -> QueryDict:
    """The same where nothing has one."""
    lists: list[tuple[Any, list[Any]]] = list(asked.lists())
    if not any(NUL in text for name, values in lists for text in (name, *values)):
        return asked
    plain = QueryDict(mutable=True)
    for name, values in lists:
        plain.setlist(name.replace(NUL, ""), [text.replace(NUL, "") for text in values])
    return QueryDict(plain.urlencode())
