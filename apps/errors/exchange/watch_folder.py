"""The watched folder: what is laid into ``in`` is received, then moved to ``done`` or ``bad``.

A file counts as whole when nothing wrote to it for ten seconds and its name does not end in
``.part`` or ``.tmp``. What cannot be received goes to ``bad`` with a text file beside it that says
why in one sentence. A weekly list is staged for a person to confirm; an answer of the province is
applied. Interrupted anywhere, the same bytes are recognised the next time.
"""

import logging
import time
from pathlib import Path

from django.utils import timezone

from apps.errors.exchange import feedback, partners
from apps.errors.intake import receive as intake_receive
from apps.errors.models import Batch, ExchangeSettings, ReturnFile
from ydjy.desk.exceptions import Refused
from ydjy.desk.imports import uploads

QUIET = 10.0  # seconds without a write
_UNFINISHED = (".part", ".tmp", ".filepart", ".crdownload")
log = logging.getLogger("ydjy.watching")


def look(*, quiet: float = QUIET) -> dict[str, str]:
    """Receive everything that is whole; file name → what became of it, in words."""
    row = ExchangeSettings.now()
    if not row.watching:
        return {}
    base = partners.folder_of(row)
    for name in ("in", "out", "done", "bad"):
        (base / name).mkdir(parents=True, exist_ok=True)
    found = sorted(path for path in (base / "in").iterdir() if _whole(path, quiet))
    return {path.name: _receive(path, base) for path in found}


def _whole(path: Path, quiet: float) -> bool:
    hidden = path.name.startswith((".", "~$")) or path.name.lower().endswith(_UNFINISHED)
    if hidden or path.is_symlink() or not path.is_file():
        return False
    return time.time() - path.stat().st_mtime >= quiet


def _receive(path: Path, base: Path) -> str:
    try:
        data = path.read_bytes()
        said = _take(data, path.name)
    except uploads.AlreadyReceived as twin:
        said = str(twin)
    except (Refused, OSError) as refused:
        said = str(refused) if isinstance(refused, Refused) else "读不出来，请检查权限。"
        _move(path, base / "bad", said)
        log.warning("a file in the watched folder was put aside")
        return said
    _move(path, base / "done")
    return said


def _take(data: bytes, name: str) -> str:
    now = timezone.now()
    if feedback.looks_like(data, name):
        sent = ReturnFile.objects.effective().order_by("-signed_at").first()
        batch = sent.batch if sent else Batch.objects.at(now)
        return str(feedback.receive(data, name, by=None, batch=batch, now=now))
    upload = intake_receive.receive(data, name, by=None, now=now)
    return f"{upload.message}等人确认。"


def _move(path: Path, folder: Path, why: str = "") -> None:
    """Under its own name, with the time before it where that name is taken."""
    target = folder / path.name
    if target.exists():
        target = folder / f"{timezone.localtime():%Y%m%d-%H%M%S-%f}-{path.name}"
    path.rename(target)
    if why:
        target.with_name(f"{target.name}.txt").write_text(f"{why}\n", encoding="utf-8")
