"""The child of ``read_guarded``: limits first, then the file.

    python -m ydjy.lib.workbook.sandbox_child

It writes no file (RLIMIT_FSIZE is 0), opens no connection, and leaves no core dump.
"""

from __future__ import annotations

import gc
import os
import resource
import sys

from ydjy.lib.workbook.book import Limits, WorkbookError, pack
from ydjy.lib.workbook.known_rows import sifted
from ydjy.lib.workbook.reading import read_events
from ydjy.lib.workbook.sandbox import OUT_OF_MEMORY, receive, send
from ydjy.lib.workbook.sniff import sniff


def main() -> None:
    """Answer one message (limits, file name, encoding, size, what to sift by) and the bytes after
    it with the events of reading."""
    message = receive(sys.stdin.buffer)
    if message is None:
        return
    values, filename, encoding, size, told = message
    data = sys.stdin.buffer.read(size)  # type: ignore[arg-type]
    limits = Limits(*values)  # type: ignore[misc]
    _set_limits(limits)
    # Nothing here is cyclic, and walking a growing list again and again costs a third of the time.
    gc.disable()
    out = sys.stdout.buffer
    try:
        name, chosen = str(filename), str(encoding)
        events = read_events(data, limits, filename=name, encoding=chosen)
        if told is not None:
            events = sifted(events, told, _known, ragged=sniff(data) == "text")  # type: ignore[arg-type]
        for event in events:
            send(out, pack(event))
    except WorkbookError as error:
        send(out, ("refused", str(error)))


def _known() -> bytes:
    (known,) = receive(sys.stdin.buffer) or (b"",)
    return known  # type: ignore[return-value]


def _set_limits(limits: Limits) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (limits.cpu, limits.cpu + 1))
    resource.setrlimit(resource.RLIMIT_AS, (limits.memory, limits.memory))


if __name__ == "__main__":
    try:
        main()
    except MemoryError:
        os._exit(OUT_OF_MEMORY)  # a sentence would need memory again
