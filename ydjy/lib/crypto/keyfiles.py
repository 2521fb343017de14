"""Secret keys kept as files beside the data: made once, readable by their owner only."""

import hmac
import os
import secrets
from pathlib import Path


def load_or_make(folder: Path, name: str) -> bytes:
    """The 32 random bytes in ``folder/name.key``; made (0600, folder 0700) when missing.

    Two processes that start at once get the same key: the file is linked into place whole, and
    whoever comes second reads what the first one wrote.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / f"{name}.key"
    if not path.exists():
        draft = folder / f".{name}.{os.getpid()}.{secrets.token_hex(4)}"
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
            out.write(secrets.token_hex(32))
            out.flush()
            os.fsync(out.fileno())
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return bytes.fromhex(path.read_text().strip())


def mark(folder: Path, name: str) -> str:
    """Tells this key from another one; nothing of the key can be learned from it."""
    return hmac.digest(load_or_make(folder, name), b"ydjy key mark", "sha256")[:8].hex()
