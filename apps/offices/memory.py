"""What one process remembers of the public site while its content stays the same.

A memory belongs to one edition of the content (``page.Furniture``) and is thrown away with it, so
nothing in it can be stale: a page that could be answered «unchanged» can as well be sent again.
"""

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import TypeVar

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

MOST_BYTES = 16 * 1024 * 1024  # of pages; some thousands of them
LARGEST = 64 * 1024  # of one page: a downloaded table is made anew
MOST_PARTS = 500
# Answers to a question of ours. An address that holds anything else, such as a searched word, is
# made anew and never kept: what people type stays in their own address bar.
ASKED = frozenset({"area", "group", "county", "kind", "opening", "scope", "page", "now", "go"})

Part = TypeVar("Part")


class Memory:
    """Pages by address, the least recently asked for forgotten first; and parts of pages."""

    def __init__(self) -> None:
        self._pages: OrderedDict[str, tuple[bytes, dict[str, str]]] = OrderedDict()
        self._bytes = 0
        self._parts: OrderedDict[str, object] = OrderedDict()
        self._lock = Lock()

    def part(self, name: str, make: Callable[[], Part]) -> Part:
        """A part that several pages share: made once, by whoever needs it first."""
        found = self._parts.get(name, self)
        if found is not self:
            return found  # type: ignore[return-value]
        made = make()
        with self._lock:
            self._parts[name] = made
            if len(self._parts) > MOST_PARTS:
                self._parts.popitem(last=False)
        return made

    def page(self, key: str) -> HttpResponse | None:
        with self._lock:
            found = self._pages.get(key)
            if found is None:
                return None
            self._pages.move_to_end(key)
        return HttpResponse(found[0], headers=found[1])

    def keep(self, key: str, response: HttpResponseBase) -> None:
        if not isinstance(response, HttpResponse) or response.status_code != 200:
            return
        content = response.content
        if not key or len(content) > LARGEST:
            return
        with self._lock:
            before = self._pages.pop(key, None)
            self._pages[key] = content, dict(response.items())
            self._bytes += len(content) - (len(before[0]) if before else 0)
            while self._bytes > MOST_BYTES:
                _, (gone, _) = self._pages.popitem(last=False)
                self._bytes -= len(gone)


def key_of(request: HttpRequest, mode: str) -> str:
    """What a page is remembered under; '' for one that is not."""
    if not ASKED.issuperset(request.GET):
        return ""
    host = f"{request.scheme}://{request.get_host()}"
    return f"{mode} {host}{request.get_full_path()}"
