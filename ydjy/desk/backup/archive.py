"""One file that holds the whole desk, sealed: the database and every kept file, but no key.

The archive is a tar inside a :mod:`ydjy.lib.crypto.stream`: a manifest (rows of each table, head of
the chain of changes), the database as its own engine copies it (SQLite's backup, ``pg_dump``), and
the kept files, which are ciphertext already. The key is ``keys/backup.key``; the keys are kept
apart, or the thief of a backup would have them too. Restoring wants an empty desk, and says whether
every table and the chain are what they were.
"""

import json
import os
import re
import secrets
import shutil
import tarfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from ydjy.desk.audit import change_log
from ydjy.desk.backup import dumps
from ydjy.desk.exceptions import Refused, must
from ydjy.lib.crypto import keyfiles
from ydjy.lib.crypto.stream import BrokenStream, Reader, Writer

MAGIC = b"YDJY-BACKUP-1\n"
MANIFEST, DATABASE = "manifest.json", "database"
_KEPT = re.compile(r"files/[a-z_]+/[0-9a-f]{32}")
_OURS = re.compile(r"ydjy-\d{8}-\d{6}\.bak")
_DRAFT = re.compile(r"ydjy-\d{8}-\d{6}\.part")
LATE_HOURS = 26  # a nightly backup that did not happen
_OPENING = ("field", "index")  # keys without which a restored desk is of no use
_NEEDED = (*_OPENING, "backup")


@dataclass(frozen=True)
class Backup:
    """What was written or read: rows in all tables, kept files, the chain's last link."""

    file: Path
    rows: int
    files: int
    head: str

    def record(self, begun: float, **more: Any) -> dict[str, Any]:
        """What a command prints of it, that began at ``begun`` of the monotonic clock."""
        return {
            "file": str(self.file),
            **more,
            "rows": self.rows,
            "files": self.files,
            "head": self.head,
            "seconds": round(time.monotonic() - begun, 1),
        }


def _key() -> bytes:
    master = keyfiles.load_or_make(settings.KEYS, "backup")
    return HKDF(hashes.SHA256(), 32, salt=None, info=b"backup").derive(master)


def _marks() -> dict[str, str]:
    """What tells one key from another, and nothing of the key itself."""
    return {name: keyfiles.mark(settings.KEYS, name) for name in _OPENING}


def folder() -> Path:
    return Path(settings.DATA) / "backups"


# Making one ------------------------------------------------------------------------------------


def make(target: Path, *, now: datetime, keep: int = 0) -> Backup:
    """Write ``target/ydjy-<moment>.bak``, whole or not at all; ``keep`` leaves only so many."""
    target.mkdir(mode=0o700, parents=True, exist_ok=True)
    sweep(target)
    file = target / f"ydjy-{now:%Y%m%d-%H%M%S}.bak"
    must(not file.exists(), f"{file} 已经有了，请过一秒再备份。")
    with _scratch() as scratch:
        dump, draft = scratch / DATABASE, file.with_suffix(".part")
        facts = dumps.write(dump) | {"keys": _marks()}
        try:
            with os.fdopen(
                os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb"
            ) as out:
                files = _pack(out, dump, facts)
                out.flush()
                os.fsync(out.fileno())
            draft.rename(file)
        finally:
            draft.unlink(missing_ok=True)
    for old in kept(target)[keep:] if keep else ():
        old.unlink()
    made = Backup(file, sum(facts["rows"].values()), files, facts["head"])
    remember(made, now)
    return made


def kept(target: Path) -> list[Path]:
    """The backups of a folder, the newest first."""
    found = [path for path in target.iterdir() if _OURS.fullmatch(path.name)]
    return sorted(found, key=lambda path: path.name, reverse=True)


def _pack(out: Any, dump: Path, facts: dict[str, Any]) -> int:
    """The files follow the database: whatever it names was on disk before it was copied."""
    out.write(MAGIC)
    sealed, files = Writer(out, _key()), 0
    with tarfile.open(fileobj=sealed, mode="w|") as tar:  # type: ignore[call-overload]
        said = json.dumps(facts).encode()
        about = tarfile.TarInfo(MANIFEST)
        about.size = len(said)
        tar.addfile(about, BytesIO(said))
        tar.add(dump, DATABASE)
        for path in sorted((Path(settings.DATA) / "files").glob("*/*")):
            name = f"files/{path.parent.name}/{path.name}"
            if not _KEPT.fullmatch(name):
                continue  # a half-written one
            try:
                tar.add(path, name)
            except FileNotFoundError:  # its time was over meanwhile
                continue
            files += 1
    sealed.close()
    return files


@contextmanager
def _scratch() -> Iterator[Path]:
    """A folder of our own beside the database, readable by nobody else, gone afterwards."""
    path = Path(settings.DATA) / f"backup-{secrets.token_hex(8)}.part"
    path.mkdir(mode=0o700)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def sweep(target: Path | None = None, *, older_than: float = 43_200) -> int:
    """Remove what a crash left: the folders here, half a backup in ``target``; returns how many.
    Twelve hours: longer than any backup takes, and over before the next night's."""
    limit, left = time.time() - older_than, list(Path(settings.DATA).glob("backup-*.part"))
    left += [
        path for path in (target or folder()).glob("ydjy-*.part") if _DRAFT.fullmatch(path.name)
    ]
    left = [path for path in left if path.stat().st_mtime < limit]
    for path in left:
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    return len(left)


# The last one ----------------------------------------------------------------------------------


def remember(made: Backup, now: datetime) -> None:
    note = Path(settings.DATA) / "last-backup.json"
    draft = note.with_suffix(".part")
    draft.write_text(json.dumps({"at": now.isoformat(), "file": str(made.file)}))
    draft.replace(note)


def last() -> datetime | None:
    """When the last backup was made, here; ``None`` if never."""
    try:
        said = json.loads((Path(settings.DATA) / "last-backup.json").read_text())
        return datetime.fromisoformat(said["at"])
    except (OSError, ValueError, KeyError):
        return None


# Putting one back ------------------------------------------------------------------------------


def restore(file: Path) -> Backup:
    """Put the desk of ``file`` in the place of an empty one. Raises Refused, and then nothing was
    put in place but kept files, which nothing names."""
    must(file.is_file(), f"没有 {file} 这个备份文件。")
    missing = [name for name in _NEEDED if not (Path(settings.KEYS) / f"{name}.key").is_file()]
    must(
        not missing,
        f"{settings.KEYS} 里没有{'、'.join(f'{name}.key' for name in missing)}。"
        "请先把另外保管的 keys 文件夹放回去。",
    )
    must(
        dumps.empty(),
        "这里已经有数据，不能恢复到它上面。"
        "请把 YDJY_DATA 设成一个新文件夹（PostgreSQL 请另建一个空库），放好 keys，再恢复。",
    )
    with _scratch() as scratch:
        try:
            facts, files = _unpack(file, scratch / DATABASE)
        except (BrokenStream, tarfile.TarError, EOFError) as broken:
            raise Refused(
                f"{file} 打不开：不是完整的备份文件，"
                "或者 keys 里的 backup.key 不是做备份时的那一把。"
            ) from broken
        dumps.read(scratch / DATABASE, facts["engine"])
    _must_be_the_same(facts)
    return Backup(file, sum(facts["rows"].values()), files, facts["head"])


def _unpack(file: Path, dump: Path) -> tuple[dict[str, Any], int]:
    facts: dict[str, Any] = {}
    files = 0
    with file.open("rb") as source:
        if source.read(len(MAGIC)) != MAGIC:
            raise BrokenStream("no backup")
        with tarfile.open(fileobj=Reader(source, _key()), mode="r|") as tar:  # type: ignore[call-overload]
            for member in tar:
                contents = tar.extractfile(member)
                if contents is None:
                    raise BrokenStream("not a plain file")
                if member.name == MANIFEST:
                    facts = json.loads(contents.read())
                    _must_be_its_keys(facts)
                elif member.name == DATABASE:
                    _write(contents, dump)
                elif _KEPT.fullmatch(member.name):
                    _write(contents, Path(settings.DATA) / member.name)
                    files += 1
                else:
                    raise BrokenStream("a name that no backup has")
    if not facts or not dump.exists():
        raise BrokenStream("the manifest or the database is missing")
    return facts, files


def _must_be_its_keys(facts: dict[str, Any]) -> None:
    """Before anything is put in place: with another key nobody could read what is restored."""
    here = _marks()
    other = [f"{name}.key" for name in _OPENING if facts["keys"][name] != here[name]]
    must(
        not other,
        f"keys 里的{'、'.join(other)}不是做备份时的那一把，恢复了也打不开里面的内容。"
        "什么也没有写进去。请换成和这份备份同时保管的 keys 文件夹，再恢复一次。",
    )


def _write(contents: Any, path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_suffix(".part")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
        shutil.copyfileobj(contents, out, 1 << 20)
        out.flush()
        os.fsync(out.fileno())
    draft.replace(path)


def _must_be_the_same(facts: dict[str, Any]) -> None:
    now = dumps.facts()
    other = [name for name, rows in facts["rows"].items() if now["rows"].get(name) != rows]
    must(
        not other, f"恢复以后这些表的行数和备份时不一样：{'、'.join(sorted(other))}。请换一份备份。"
    )
    must(now["head"] == facts["head"], "恢复以后修改记录的最后一环和备份时不一样。请换一份备份。")
    wrong = [said for said in change_log.verify() if "小时" not in said]
    must(not wrong, "修改记录核对不上：" + "".join(wrong[:3]))
