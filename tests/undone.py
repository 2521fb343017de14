"""Taking a list back as the page does it, and waiting for it."""

from typing import Any

from ydjy.desk import longlists, undoing
from ydjy.desk.models import Upload


def undone(upload: Upload, *, by: Any = None, reason: str = "发错了") -> tuple[int, list[str]]:
    """(how many went, the names of those left)."""
    upload.refresh_from_db()
    undo = longlists.undo_of(upload)
    undoing.begin(upload, undo, by=by, reason=reason)
    return undoing.go_on(upload, undo)
