"""Taking a list back as the page does it, and waiting for it."""

from typing import Any

from ydjy.desk.imports import background
from ydjy.desk.imports import undo as imports_undo
from ydjy.desk.models import Upload


def undone(upload: Upload, *, by: Any = None, reason: str = "发错了") -> tuple[int, list[str]]:
    """(how many went, the names of those left)."""
    upload.refresh_from_db()
    undo = background.undo_of(upload)
    imports_undo.begin(upload, undo, by=by, reason=reason)
    return imports_undo.go_on(upload, undo)
