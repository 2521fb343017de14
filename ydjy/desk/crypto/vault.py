"""Files that hold people's data: received and returned workbooks, sealed, byte for byte.

A file is written under a random name as ``.part``, forced to disk and renamed; a crash leaves at
worst a ``.part`` that :func:`sweep` removes, and what it holds is ciphertext already.
"""

import os
import secrets
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from django.conf import settings

from ydjy.desk.crypto.fields import sealed_parts, unseal


def _folder() -> Path:
    return Path(settings.DATA) / "files"


def put(kind: str, data: bytes) -> str:
    """Store ``data`` and return its name (``weekly/3f…``), durable when this returns."""
    name = f"{kind}/{secrets.token_hex(16)}"
    path = _folder() / name
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_suffix(".part")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        out.writelines(sealed_parts(f"file:{name}", data))
        out.flush()
        os.fsync(out.fileno())
    draft.rename(path)
    handle = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
    return name


def get(name: str) -> bytes:
    """The stored bytes; ``FileNotFoundError`` or ``SealBroken`` when they are gone or altered."""
    return unseal(f"file:{name}", (_folder() / name).read_bytes())


def drop(name: str) -> None:
    (_folder() / name).unlink(missing_ok=True)


def used() -> int:
    """Bytes that all stored files take together."""
    return sum(file.stat().st_size for file in _folder().rglob("*") if file.is_file())


def names(kind: str, *, older_than: float) -> list[str]:
    """What is stored of one kind and has lain there for that many seconds."""
    folder, limit = _folder() / kind, time.time() - older_than
    files = folder.iterdir() if folder.is_dir() else ()
    return [f"{kind}/{file.name}" for file in files if file.stat().st_mtime < limit]


def drop_unknown(kind: str, known: Callable[[], Iterable[str]], *, older_than: float = 3600) -> int:
    """Remove what no row names, because of a crash between the two; returns how many. The rows are
    asked after the folder: a file whose row is just being written is not among the old ones."""
    there = names(kind, older_than=older_than)
    rows = set(known()) if there else ()
    lost = [name for name in there if name not in rows]
    for name in lost:
        drop(name)
    return len(lost)


def sweep(*, older_than: float = 900) -> int:
    """Remove what a crash left half written; returns how many."""
    limit, gone = time.time() - older_than, 0
    for draft in _folder().rglob("*.part"):
        if draft.stat().st_mtime < limit:
            draft.unlink(missing_ok=True)
            gone += 1
    return gone
