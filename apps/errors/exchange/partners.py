"""The other side of the exchange: a shared folder, or the province's SFTP server.

Both do the same: nothing when the very same file is there; else write ``名称.part``, read its size
and bytes back, and only then give it its final name. Whatever goes wrong becomes one sentence.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import Any, Protocol

from django.conf import settings

from apps.errors.models import ExchangeSettings
from ydjy.desk.crashpoints import crashpoint
from ydjy.desk.exceptions import Refused

TIMEOUT = 20.0  # seconds for each answer of the other side
CHUNK = 32768
CANNOT = "连不上省里的 SFTP 服务器"


class NotDelivered(Exception):
    """The file did not get there; the text says why and what can be done."""


class Partner(Protocol):
    def put(self, name: str, data: bytes) -> None:
        """Durable under its final name when this returns; ``NotDelivered`` otherwise."""


def folder_of(row: ExchangeSettings) -> Path:
    return Path(row.folder) if row.folder else Path(settings.DATA) / "exchange"


@contextmanager
def open_partner(row: ExchangeSettings) -> Iterator[Partner]:
    """The partner that the settings name. A person is none: there is nothing to open."""
    if row.channel == ExchangeSettings.Channel.SFTP:
        with connect(row) as server:
            yield server
    elif row.channel == ExchangeSettings.Channel.FOLDER:
        yield Folder(folder_of(row) / "out")
    else:
        raise Refused("现在设置为人工报送，没有可以自动发送的地方。")


class Folder:
    """A folder on this machine or on a network drive."""

    def __init__(self, path: Path):
        self.path = path

    def put(self, name: str, data: bytes) -> None:
        path, draft = self.path / name, self.path / f"{name}.part"
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            if path.exists() and path.read_bytes() == data:
                return
            write_through(draft, data)
            crashpoint("CR6")
            if sha256(draft.read_bytes()).digest() != sha256(data).digest():
                raise NotDelivered("写进文件夹的内容与原件不一致，请检查网络盘。")
            draft.rename(path)
            crashpoint("CR7")
            _fsync(self.path)
        except OSError as error:
            raise NotDelivered(
                f"写不进文件夹（{error.strerror or '没有响应'}），"
                "请检查它在不在、有没有写的权限和空间。"
            ) from error


def write_through(path: Path, data: bytes) -> None:
    """Written and forced to disk, readable by us alone."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    with os.fdopen(os.open(path, flags, 0o600), "wb") as out:
        half = len(data) // 2
        out.write(data[:half])
        out.flush()
        crashpoint("CR5")
        out.write(data[half:])
        out.flush()
        os.fsync(out.fileno())


def _fsync(folder: Path) -> None:
    with suppress(OSError):  # some network drives cannot
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


class Drop:
    """The same dance over any client that can open, stat and rename: SFTP's."""

    def __init__(self, client: Any, folder: str):
        self.client, self.folder = client, folder.rstrip("/") or "."

    def put(self, name: str, data: bytes) -> None:
        path, draft = f"{self.folder}/{name}", f"{self.folder}/{name}.part"
        if self._same(path, data):
            return
        with self.client.open(draft, "wb") as out:
            out.set_pipelined(False)
            for start in range(0, len(data), CHUNK):
                out.write(data[start : start + CHUNK])
                crashpoint("CR5")
        crashpoint("CR6")
        if not self._same(draft, data):
            raise NotDelivered("对方收到的文件与原件不一致（大小或内容不同），没有改成正式文件名。")
        self._rename(draft, path)
        crashpoint("CR7")
        if not self._same(path, data):
            raise NotDelivered("改成正式文件名以后核对不上，请联系省里的系统管理员。")

    def _rename(self, draft: str, path: str) -> None:
        """Over what is there; a server without OpenSSH's own way has it put aside first."""
        try:
            self.client.posix_rename(draft, path)
        except OSError as unknown:
            if unknown.errno or "unsupported" not in str(unknown).lower():
                raise
            with suppress(FileNotFoundError):
                self.client.remove(path)
            self.client.rename(draft, path)

    def _same(self, path: str, data: bytes) -> bool:
        """What is there now, read back: neither the size nor the word of the server is proof."""
        try:
            if self.client.stat(path).st_size != len(data):
                return False
            with self.client.open(path, "rb") as there:
                return bytes(there.read(len(data) + 1)) == data
        except FileNotFoundError:
            return False


@contextmanager
def connect(row: ExchangeSettings) -> Iterator[Drop]:
    """An open session in the province's folder; every trouble becomes ``NotDelivered``."""
    try:
        import paramiko
    except ImportError as missing:
        raise NotDelivered("没有安装 SFTP 组件，请运维安装 ydjy[sftp]，或先人工报送。") from missing
    for label, file in (("私钥文件", row.key_file), ("已知主机文件", row.known_hosts)):
        if not Path(file).is_file():
            raise NotDelivered(f"找不到{label} {file}，请检查收发设置。")
    client = paramiko.SSHClient()
    client.set_missing_host_key_policy(paramiko.RejectPolicy())
    try:
        client.load_host_keys(row.known_hosts)
        client.connect(
            row.host,
            port=row.port,
            username=row.username,
            pkey=paramiko.PKey.from_path(row.key_file),
            timeout=TIMEOUT,
            banner_timeout=TIMEOUT,
            auth_timeout=TIMEOUT,
            channel_timeout=TIMEOUT,
            allow_agent=False,
            look_for_keys=False,
        )
        session = client.open_sftp()
        session.get_channel().settimeout(TIMEOUT)
        yield Drop(session, row.remote)
    except paramiko.BadHostKeyException as wrong:
        raise NotDelivered(
            f"{CANNOT}：它的主机密钥和登记的不一样，请先向省里核实，不要发送。"
        ) from wrong
    except paramiko.AuthenticationException as refused:
        raise NotDelivered(f"{CANNOT}：对方不认我们的用户名或密钥，请联系省里。") from refused
    except TimeoutError as slow:
        raise NotDelivered("省里的 SFTP 服务器没有响应。") from slow
    except (paramiko.SSHException, EOFError, OSError) as broken:
        raise NotDelivered(f"{CANNOT}，或传到一半断开了。") from broken
    finally:
        client.close()
