"""The child of ``read_guarded``: limits first, then the file.

    python -m ydjy.lib.workbook.child

It writes no file (RLIMIT_FSIZE is 0), opens no connection, and leaves no core dump.
"""

from __future__ import annotations

import gc
import resource
import sys

from ydjy.lib.workbook.book import MEGABYTE, Limits, WorkbookError, pack
from ydjy.lib.workbook.guard import receive, send, too_much_memory
from ydjy.lib.workbook.reading import read_events

_TO_SAY_SO = 8 * MEGABYTE  # kept back: whoever has used up everything cannot even refuse


def main() -> None:
    """Answer one message (limits, file name, encoding, size) and the bytes after it with the
    events of reading."""
    message = receive(sys.stdin.buffer)
    if message is None:
        return
    values, filename, encoding, size = message
    data = sys.stdin.buffer.read(size)  # type: ignore[arg-type]
    limits = Limits(*values)  # type: ignore[misc]
    _set_limits(limits)
    # Nothing here is cyclic, and walking a growing list again and again costs a third of the time.
    gc.disable()
    out = sys.stdout.buffer
    try:
        name, chosen = str(filename), str(encoding)
        for event in read_events(data, limits, filename=name, encoding=chosen):
            send(out, pack(event))
    except WorkbookError as error:
        send(out, ("refused", str(error)))
    except MemoryError:
        resource.setrlimit(resource.RLIMIT_AS, (limits.memory + _TO_SAY_SO,) * 2)
        send(out, ("refused", too_much_memory(limits)))


def _set_limits(limits: Limits) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (limits.cpu, limits.cpu + 1))
    resource.setrlimit(resource.RLIMIT_AS, (limits.memory, limits.memory + _TO_SAY_SO))


if __name__ == "__main__":
    main()
