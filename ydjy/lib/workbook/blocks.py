"""XML parts of a package: small ones as a tree, large ones a block of elements at a time."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from xml.etree import ElementTree

from ydjy.lib.workbook.book import WorkbookError
from ydjy.lib.workbook.package import DAMAGED, HOSTILE

_LONGEST_BLOCK = 16 * 1024 * 1024
_ROOT = re.compile(rb"<(((?:[\w.-]+:)?)(?:worksheet|sst))\b[^>]*>")


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

    Text cannot hold a bare ``<``; a CDATA section that imitates a tag makes a block that does not
    parse and is refused. The first block has no opening, as it brings its own; ``tail`` gets the
    last one as a whole document.
    """
    pieces = _as_utf8(pieces)
    buffer = next(pieces, b"")
    root = _ROOT.search(buffer)
    if root is None:
        raise WorkbookError(DAMAGED)
    prefix = root[2]
    closing = b"</" + prefix + parent + b">" if parent else b""
    closing += b"</" + root[1] + b">"
    start, end = b"<" + prefix + tag + b" ", b"</" + prefix + tag + b">"
    opening = b""
    for piece in pieces:
        buffer += piece
        after = buffer.rfind(end)
        cut = max(buffer.rfind(start), after + len(end) if after >= 0 else 0)
        if cut > 0:
            block, buffer = buffer[:cut], buffer[cut:]
            yield Block(block, opening, closing, parent)
            opening = root[0] + (b"<" + prefix + parent + b">" if parent else b"")
        elif len(buffer) > _LONGEST_BLOCK:
            raise WorkbookError(HOSTILE)
    last = Block(buffer, opening, b"", parent)
    yield last
    if tail is not None:
        tail(last.opening + last.data)


def _as_utf8(pieces: Iterator[bytes]) -> Iterator[bytes]:
    first = next(pieces, b"")
    if first[:2] in (b"\xff\xfe", b"\xfe\xff"):
        text = (first + b"".join(pieces)).decode("utf-16", "replace")
        yield re.sub(r"^<\?xml.*?\?>", "", text, count=1, flags=re.DOTALL).encode()
        return
    yield first
    yield from pieces
