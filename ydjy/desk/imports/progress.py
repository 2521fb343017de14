"""How far a long transaction is. Nothing of it can be seen in the database before it ends, so it
is noted in a small file beside the data: two numbers, nobody's name."""

import time
from contextlib import suppress
from pathlib import Path

from django.conf import settings
from django.db import models


def of_upload(upload: models.Model) -> str:
    """The name under which the import of a received file is noted."""
    return f"upload-{upload.pk}"


def _file(what: str) -> Path:
    return Path(settings.DATA) / "progress" / what


def note(what: str, done: int, total: int) -> None:
    """``what`` is ``done`` of ``total``; whoever reads meanwhile sees the old pair or the new."""
    file = _file(what)
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = file.with_suffix(".part")
    draft.write_text(f"{done} {total}", encoding="ascii")
    draft.replace(file)


def of(what: str) -> tuple[int, int] | None:
    """(done, total), or ``None`` when nobody is at it."""
    with suppress(OSError, ValueError):
        done, total = _file(what).read_text(encoding="ascii").split()
        return int(done), int(total)
    return None


def alive(what: str, *, within: float) -> bool:
    """Whether something was noted in the last so many seconds."""
    with suppress(OSError):
        return time.time() - _file(what).stat().st_mtime < within
    return False


def forget(what: str) -> None:
    _file(what).unlink(missing_ok=True)


def sweep(*, older_than: float = 86_400) -> int:
    """Remove what a crash left: whoever is at work notes something every few seconds."""
    limit = time.time() - older_than
    left = [note for note in _file("").glob("*") if note.stat().st_mtime < limit]
    for note in left:
        note.unlink(missing_ok=True)
    return len(left)
