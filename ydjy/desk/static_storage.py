"""Style sheets, scripts and pictures under names that hold their hash, once they are collected."""

from pathlib import Path

from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import staticfiles_storage
from whitenoise.storage import CompressedManifestStaticFilesStorage


class DeskStatic(CompressedManifestStaticFilesStorage):
    """What ``collectstatic`` has collected has a name for ever; anything else its plain name, which
    is kept for a minute. So a desk that was never collected works, and one that was is fast."""

    def stored_name(self, name: str) -> str:
        known = self.hash_key(self.clean_name(name)) in self.hashed_files
        return str(super().stored_name(name)) if known else name


def stale() -> list[str]:
    """Collected files that are not this program's: it was upgraded without ``collectstatic``."""
    collected = getattr(staticfiles_storage, "hashed_files", {})
    if not collected:
        return []
    return [
        path
        for finder in finders.get_finders()
        for path, storage in finder.list([])
        if path not in collected or _bytes(storage.path(path)) != _bytes(_collected(path))
    ]


def _collected(path: str) -> str:
    return str(staticfiles_storage.path(path))


def _bytes(path: str) -> bytes:
    file = Path(path)
    return file.read_bytes() if file.is_file() else b""
