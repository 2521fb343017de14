"""An SFTP server on loopback that can misbehave: paramiko's server side in a thread.

``fault``: ``refuse`` closes at once, ``hang`` accepts and never speaks, ``cut:N`` breaks the
connection after N bytes written, ``stall`` stops answering at the first block, ``double`` writes
every block twice, ``lie`` names a wrong size, ``lost`` breaks off after the renaming, before it
says so, ``old`` knows no renaming over a file that is there.
"""

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

paramiko = pytest.importorskip("paramiko")


@dataclass
class Server:
    """``folder`` is the province's side; ``key`` and ``known_hosts`` are the client's files."""

    folder: Path
    key: Path
    known_hosts: Path
    port: int = 0
    fault: str = ""
    connections: int = 0
    open: list[Any] = field(default_factory=list)
    stalled: threading.Event = field(default_factory=threading.Event)


class _Login(paramiko.ServerInterface):
    def __init__(self, allowed: Any):
        self.allowed = allowed

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return paramiko.OPEN_SUCCEEDED

    def check_auth_publickey(self, username: str, key: Any) -> int:
        good = username == "ydjy" and key == self.allowed
        return paramiko.AUTH_SUCCESSFUL if good else paramiko.AUTH_FAILED

    def get_allowed_auths(self, username: str) -> str:
        return "publickey"


class _Handle(paramiko.SFTPHandle):
    server: Any

    def write(self, offset: int, data: bytes) -> int:
        state, fault = self.server.state, self.server.state.fault
        if fault.startswith("cut:"):
            left = int(fault[4:]) - self.server.written
            self.server.written += len(data)
            if left < len(data):
                super().write(offset, data[: max(left, 0)])
                state.open[-1].close()
                return paramiko.SFTP_FAILURE
        if fault == "stall":
            state.stalled.wait(20)
        if fault == "double":
            os.lseek(self.writefile.fileno(), 0, os.SEEK_END)
            os.write(self.writefile.fileno(), data + data)
            return paramiko.SFTP_OK
        return super().write(offset, data)

    def stat(self) -> Any:
        return paramiko.SFTPAttributes.from_stat(os.fstat(self.readfile.fileno()))


class _Files(paramiko.SFTPServerInterface):
    def __init__(self, server: Any, *args: Any, state: Server, **kwargs: Any):
        self.state, self.written = state, 0

    def _path(self, path: str) -> Path:
        return self.state.folder / Path(path).name

    def stat(self, path: str) -> Any:
        try:
            found = paramiko.SFTPAttributes.from_stat(os.stat(self._path(path)))
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno)
        if self.state.fault == "lie":
            found.st_size += 1
        return found

    lstat = stat

    def open(self, path: str, flags: int, attr: Any) -> Any:
        try:
            handle = os.open(self._path(path), flags, 0o600)
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno)
        made = _Handle(flags)
        writing = bool(flags & (os.O_WRONLY | os.O_RDWR))
        made.readfile = made.writefile = os.fdopen(
            handle, "r+b" if flags & os.O_RDWR else ("wb" if writing else "rb")
        )
        made.server = self
        return made

    def posix_rename(self, oldpath: str, newpath: str) -> int:
        if self.state.fault == "old":
            return paramiko.SFTP_OP_UNSUPPORTED
        os.replace(self._path(oldpath), self._path(newpath))
        if self.state.fault == "lost":
            self.state.open[-1].close()
        return paramiko.SFTP_OK

    def rename(self, oldpath: str, newpath: str) -> int:
        if self._path(newpath).exists():
            return paramiko.SFTP_FAILURE
        os.rename(self._path(oldpath), self._path(newpath))
        return paramiko.SFTP_OK

    def remove(self, path: str) -> int:
        self._path(path).unlink()
        return paramiko.SFTP_OK


def _serve(sock: Any, state: Server, host_key: Any, allowed: Any) -> None:
    while True:
        try:
            client, _ = sock.accept()
        except OSError:
            return
        state.connections += 1
        state.open.append(client)
        if state.fault == "refuse":
            client.close()
        elif state.fault != "hang":
            transport = paramiko.Transport(client)
            transport.add_server_key(host_key)
            transport.set_subsystem_handler("sftp", paramiko.SFTPServer, _Files, state=state)
            with suppress(Exception):
                transport.start_server(server=_Login(allowed))


@contextmanager
def running(base: Path) -> Iterator[Server]:
    """A server over an empty folder, with the client's key and the list of known hosts."""
    host_key, key = paramiko.RSAKey.generate(2048), paramiko.RSAKey.generate(2048)
    state = Server(base / "province", base / "key", base / "known_hosts")
    state.folder.mkdir()
    key.write_private_key_file(str(state.key))
    sock = socket.socket()
    sock.bind(("127.0.0.1", 0))
    sock.listen(5)
    state.port = sock.getsockname()[1]
    line = f"[127.0.0.1]:{state.port} ssh-rsa {host_key.get_base64()}\n"
    state.known_hosts.write_text(line)
    thread = threading.Thread(target=_serve, args=(sock, state, host_key, key), daemon=True)
    thread.start()
    try:
        yield state
    finally:
        sock.close()
        state.stalled.set()
        for client in state.open:
            with suppress(OSError):
                client.close()
