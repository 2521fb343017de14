"""The short way to a public page: what was sent once is sent again, or is «unchanged».

The outermost middleware. Everything a page goes through the first time (redirect to TLS, allowed
host, headers, the lock on the case tables) has left its mark on the answer that is remembered, and
the memory is thrown away as soon as anything public changes (``page.furniture``); so the second
time nothing of it has to happen again but the caller's pace. Who is too fast, asks for something
else, or comes while the database is away goes the whole way.
"""

from collections.abc import Callable

from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, HttpResponseNotModified

from apps.offices.public.cache import Key, Memory
from apps.offices.public.page import furniture, mark, mode_of
from ydjy.public_site.middleware import STAFF_PREFIXES, too_fast

# Answers to a question of ours. An address that holds anything else, such as a searched word, is
# made anew and never kept: what people type stays in their own address bar.
ASKED = frozenset({"area", "group", "county", "kind", "opening", "scope", "page", "now", "go"})
RARE = ("HTTP_IF_MATCH", "HTTP_IF_UNMODIFIED_SINCE", "HTTP_RANGE")
Answer = Callable[[HttpRequest], HttpResponse]


def public_memory(get_response: Answer) -> Answer:
    """Middleware."""

    def answer(request: HttpRequest) -> HttpResponse:
        if request.method not in ("GET", "HEAD") or request.path.startswith(STAFF_PREFIXES):
            return get_response(request)
        try:
            site = furniture()
        except DatabaseError:
            return get_response(request)
        mode = mode_of(request) if "HTTP_COOKIE" in request.META else ""
        etag, key = mark(site, mode), key_of(request, mode)
        if found := _remembered(request, site.memory, key, etag):
            return found
        response = get_response(request)
        if _is_whole(response, etag) and ASKED.issuperset(request.GET):
            site.memory.keep(key, response)
        return response

    return answer


def _remembered(request: HttpRequest, memory: Memory, key: Key, etag: str) -> HttpResponse | None:
    kept = memory.page(key)
    if kept is None or any(name in request.META for name in RARE) or too_fast(request):
        return None
    if etag in request.META.get("HTTP_IF_NONE_MATCH", ""):
        headers = {n: v for n, v in kept.headers.items() if n != "Content-Length"}
        return HttpResponseNotModified(headers=headers)
    return HttpResponse(kept.content, headers=kept.headers)


def _is_whole(response: HttpResponse, etag: str) -> bool:
    """A page of ours, made from the very content that the mark stands for, and for anybody."""
    if response.status_code != 200 or response.streaming or response.cookies:
        return False
    return response.headers.get("ETag") == etag


def key_of(request: HttpRequest, mode: str) -> Key:
    """What a page is remembered under: the address as it came, letter by letter."""
    asked = request.META
    host, query = asked.get("HTTP_HOST", ""), asked.get("QUERY_STRING", "")
    return mode, request.scheme or "", host, request.path, query
