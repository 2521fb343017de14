"""XML parts of a package: small ones as a tree, large ones a block of elements at a time."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html import escape
from xml.etree import ElementTree

from ydjy.lib.workbook.book import WorkbookError
from ydjy.lib.workbook.xlsx.package import DAMAGED, HOSTILE

_LONGEST_BLOCK = 16 * 1024 * 1024
_ROOT = re.compile(rb"<((?:[^\s<>/:]+:)?)(worksheet|sst)\b[^>]*>")
_ASIDE = re.compile(
    rb"<!--.*?(?:-->|\Z)|<!\[CDATA\[.*?(?:\]\]>|\Z)|<\?.*?(?:\?>|\Z)|<!?-?\Z|<!\[[CDAT]{0,5}\Z",
    re.DOTALL,
)
_CDATA, _CLOSED = b"<![CDATA[", (b"-->", b"]]>", b"?>")


def parse(data: bytes) -> ElementTree.Element:
    """The root of a part that has no DTD; WorkbookError for one that is not well formed."""
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
        raise WorkbookError(HOSTILE)
    try:
        return ElementTree.fromstring(data)  # noqa: S314 - no DTD, so nothing to expand
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise WorkbookError(DAMAGED) from error


def local(tag: str) -> str:
    """A tag without its namespace: Strict and transitional workbooks differ in nothing else."""
    return tag.rpartition("}")[2]


def text_of(element: ElementTree.Element) -> str:
    """The text of a string item; phonetic guides are not part of it."""
    parts: list[str] = []
    for child in element:
        tag = local(child.tag)
        if tag == "t":
            parts.append(child.text or "")
        elif tag == "r":
            parts.extend(t.text or "" for t in child if local(t.tag) == "t")
    return parts[0] if len(parts) == 1 else "".join(parts)


@dataclass(frozen=True)
class Block:
    """Some hundred whole elements of a large part, and the tags to put around them."""

    data: bytes
    opening: bytes
    closing: bytes
    parent: bytes | None

    def elements(self, inner: bytes | None = None) -> list[ElementTree.Element]:
        """The elements (of ``inner``, a piece of this block) through the XML parser."""
        root = parse(self.opening + (self.data if inner is None else inner) + self.closing)
        if self.parent is None:
            return list(root)
        name = self.parent.decode()
        return [child for group in root if local(group.tag) == name for child in group]


def blocks(
    pieces: Iterator[bytes],
    tag: bytes,
    parent: bytes | None,
    tail: Callable[[bytes], None] | None = None,
) -> Iterator[Block]:
    """A large part, cut where a ``tag`` element begins or ends.

    Tags come out without the namespace prefix that the root has, so that a reader knows only one
    way of writing them. The first block has no opening, as it brings its own; ``tail`` gets the
    last one as a whole document.
    """
    pieces = without_asides(_as_utf8(pieces))
    buffer = next(pieces, b"")
    root = _ROOT.search(buffer)
    if root is None:
        raise WorkbookError(DAMAGED)
    prefix, begins = root[1], root[0].replace(b"<" + root[1], b"<", 1)
    closing = (b"</" + parent + b">" if parent else b"") + b"</" + root[2] + b">"
    start, end = b"<" + prefix + tag + b" ", b"</" + prefix + tag + b">"
    opening = b""
    for piece in pieces:
        buffer += piece
        after = buffer.rfind(end)
        cut = max(buffer.rfind(start), after + len(end) if after >= 0 else 0)
        if cut > 0:
            block, buffer = buffer[:cut], buffer[cut:]
            yield Block(_bare(block, prefix), opening, closing, parent)
            opening = begins + (b"<" + parent + b">" if parent else b"")
        elif len(buffer) > _LONGEST_BLOCK:
            raise WorkbookError(HOSTILE)
    last = Block(_bare(buffer, prefix), opening, b"", parent)
    yield last
    if tail is not None:
        tail(last.opening + last.data)


def _bare(data: bytes, prefix: bytes) -> bytes:
    """The tags without their prefix: text holds no bare ``<``, so only tags are meant."""
    if not prefix:
        return data
    return data.replace(b"<" + prefix, b"<").replace(b"</" + prefix, b"</")


def without_asides(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The part without comments and processing instructions, CDATA as ordinary text: what stands
    in them may look like tags and is none."""
    rest = b""
    for piece in pieces:
        data, rest = rest + piece, b""
        if b"<!" not in data and b"<?" not in data and data[-1:] != b"<":
            yield data
            continue
        parts, done = [], 0
        for aside in _ASIDE.finditer(data):
            parts.append(data[done : aside.start()])
            done = aside.end()
            if done == len(data) and not aside[0].endswith(_CLOSED):
                rest = aside[0]
            elif aside[0].startswith(_CDATA):
                parts.append(escape(aside[0][9:-3].decode(errors="replace"), quote=False).encode())
        if b"<!" in (kept := b"".join([*parts, data[done:]])):
            raise WorkbookError(HOSTILE)  # a document type
        yield kept
    if rest:
        raise WorkbookError(DAMAGED)


_ROW_ENDS = (re.compile(rb"</row\s*>"), re.compile(rb"<row(?:\s[^<>]*)?/>"))


def rows_ended(data: bytes) -> int:
    """How many rows end in these bytes of a block, by their tags alone."""
    return sum(len(ends.findall(data)) for ends in _ROW_ENDS)


def _as_utf8(pieces: Iterator[bytes]) -> Iterator[bytes]:
    first = next(pieces, b"")
    if first[:2] in (b"\xff\xfe", b"\xfe\xff"):
        text = (first + b"".join(pieces)).decode("utf-16", "replace")
        yield re.sub(r"^<\?xml.*?\?>", "", text, count=1, flags=re.DOTALL).encode()
        return
    yield first
    yield from pieces
