"""Reading an uploaded file in a child process that cannot take the server with it.

The child gets the bytes through its standard input (never a temp file), sets hard limits on its
own address space and processor time, and answers in blocks of marshalled plain tuples; the parent
holds the clock (reliability.md 1.3).
"""

from __future__ import annotations

import marshal
import os
import signal
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import astuple
from pathlib import Path
from typing import IO, Any

from ydjy.lib.workbook.book import (
    MEGABYTE,
    Book,
    Event,
    Limits,
    PackedRows,
    WorkbookError,
    assemble,
)
from ydjy.lib.workbook.known_rows import Sift, SiftedRows, as_bytes

_ROOT = Path(__file__).resolve().parents[3]
_LENGTH = struct.Struct(">Q")
CHILD = "ydjy.lib.workbook.sandbox_child"
OUT_OF_MEMORY = 86  # the child's exit status when it met its limit
# What ends a process from outside. Its own limits end it in another way: see ``_end``.
_STOPPED = [
    -n for n in (signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT)
]
_NOT_THE_FILE = (
    "读到一半，读取程序被停掉了，不是文件的问题。请重新上传一次；"
    "还是这样，请告诉运维人员：服务器可能内存不够，或者有人停了程序。"
)
_SMALLER = "请删去多余的空行、空列、图片和格式，或分成几个文件后重新上传。"


def read_guarded(
    data: bytes,
    limits: Limits,
    *,
    filename: str = "",
    encoding: str = "",
    sift: Sift | None = None,
) -> Book:
    """The book in an uploaded file; WorkbookError also when a limit of the child ended it. With
    ``sift`` its rows are ``SiftedRows``."""
    child = _start()
    too_late = threading.Event()

    def stop() -> None:
        too_late.set()
        child.kill()

    clock = threading.Timer(limits.wall, stop)
    assert child.stdin is not None  # noqa: S101
    assert child.stdout is not None  # noqa: S101
    clock.start()
    try:
        with suppress(BrokenPipeError):
            told = (sift.names, sift.apart) if sift else None
            send(child.stdin, (astuple(limits), filename, encoding, len(data), told))
            child.stdin.write(data)  # as it is: a list may have 100 MB
            if sift:
                send(child.stdin, (as_bytes(sift.known()),))
            child.stdin.close()
        answers = _answers(child.stdout, child, limits, too_late)
        return assemble(answers, PackedRows if sift is None else SiftedRows)
    finally:
        clock.cancel()
        child.kill()
        child.wait()
        child.stdout.close()


def _start() -> subprocess.Popen[bytes]:
    # The environment holds keys; the child needs none of it.
    kept = {key: os.environ[key] for key in ("PATH", "LD_LIBRARY_PATH") if key in os.environ}
    return subprocess.Popen(
        [sys.executable, "-B", "-m", CHILD],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=_ROOT,
        env={**kept, "PYTHONPATH": str(_ROOT), "PYTHONUTF8": "1"},
    )


def _answers(
    stream: IO[bytes],
    child: subprocess.Popen[bytes],
    limits: Limits,
    too_late: threading.Event,
) -> Iterator[Event]:
    while (event := receive(stream)) is not None:
        if event[0] == "refused":
            raise WorkbookError(event[1])
        yield event
        if event[0] == "book":
            return
    # Whether the clock or the kernel did it is known only after the child is gone.
    raise WorkbookError(_end(child.wait(), limits, too_late.is_set()))


def _end(code: int, limits: Limits, too_late: bool) -> str:
    if too_late:
        return f"读取超过 {limits.wall} 秒，已停止，{_SMALLER}"
    if code == -signal.SIGXCPU:
        return f"读取占用处理器时间超过 {limits.cpu} 秒，已停止，{_SMALLER}"
    if code in (OUT_OF_MEMORY, -signal.SIGABRT):
        return f"读取需要的内存超过 {limits.memory // MEGABYTE} MB，已停止，{_SMALLER}"
    if code in _STOPPED:
        return _NOT_THE_FILE
    return "这个文件读不出来，请用 Excel 打开后另存为 .xlsx 再上传。"


def send(stream: IO[bytes], message: tuple[Any, ...]) -> None:
    """One message: its length, then plain values only."""
    body = marshal.dumps(message)
    stream.write(_LENGTH.pack(len(body)))
    stream.write(body)
    stream.flush()


def receive(stream: IO[bytes]) -> Event | None:
    """The next whole message; None when the other side has gone."""
    head = stream.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack(head)
    body = stream.read(length)
    if len(body) < length:
        return None
    message = marshal.loads(body)  # noqa: S302 - from our own child, over a pipe of our own
    assert isinstance(message, tuple)  # noqa: S101
    return message
