"""What one process remembers of the public site while its content stays the same.

A memory belongs to one edition of the content (``page.Furniture``) and is thrown away with it, so
nothing in it can be stale: a page that could be answered «unchanged» can as well be sent again.
"""

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import NamedTuple, TypeVar

from django.http import HttpResponse

MOST_BYTES = 16 * 1024 * 1024  # of pages; some thousands of them
LARGEST = 64 * 1024  # of one page: a downloaded table is made anew
MOST_PARTS = 500

Part = TypeVar("Part")
Key = tuple[str, ...]


class Kept(NamedTuple):
    """A page as it was sent, with all its headers."""

    content: bytes
    headers: dict[str, str]


class Memory:
    """Pages by address, the least recently asked for forgotten first; and parts of pages."""

    def __init__(self) -> None:
        self._pages: OrderedDict[Key, Kept] = OrderedDict()
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

    def page(self, key: Key) -> Kept | None:
        with self._lock:
            found = self._pages.get(key)
            if found is not None:
                self._pages.move_to_end(key)
        return found

    def keep(self, key: Key, response: HttpResponse) -> None:
        content = response.content
        if len(content) > LARGEST:
            return
        with self._lock:
            before = self._pages.pop(key, None)
            self._pages[key] = Kept(content, dict(response.items()))
            self._bytes += len(content) - (len(before.content) if before else 0)
            while self._bytes > MOST_BYTES:
                _, gone = self._pages.popitem(last=False)
                self._bytes -= len(gone.content)
