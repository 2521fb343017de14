"""How far a long transaction is. Nothing of it can be seen in the database before it ends, so it
is noted in a small file beside the data: two numbers, nobody's name."""

import time
from contextlib import suppress
from pathlib import Path

from django.conf import settings


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


def sweep() -> None:
    """At the start nobody is at anything."""
    for file in _file("").glob("*"):
        file.unlink(missing_ok=True)
