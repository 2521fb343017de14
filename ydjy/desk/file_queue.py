"""The queue of a desk without Redis: a folder of small files, read by the worker.

kombu's own, but that a message stands there whole or not at all, and that one which cannot be read
(the disk was full, somebody put a file there) is put aside and does not end the worker. What is
lost with it is a wake-up call: the minute jobs find the work in the database.
"""

import logging
import os
import time
import uuid
from contextlib import suppress
from pathlib import Path
from queue import Empty
from typing import Any

from kombu.exceptions import ChannelError
from kombu.transport import filesystem
from kombu.utils.json import dumps, loads

log = logging.getLogger("ydjy.queue")
_SETTLED = 60  # seconds after which a file in the folder of the unreadable is no longer just read


class Channel(filesystem.Channel):
    def _put(self, queue: str, payload: Any, **kwargs: Any) -> None:
        folder = Path(self.data_folder_out)
        name = f"{int(time.time() * 1000)}_{uuid.uuid4()}"
        draft = folder / f"{name}.part"
        try:
            draft.write_text(dumps(payload), encoding="utf-8")
            draft.rename(folder / f"{name}.{queue}.msg")
        except OSError as error:
            with suppress(OSError):
                draft.unlink(missing_ok=True)
            raise ChannelError(f"no message could be left in {folder}") from error

    def _get(self, queue: str) -> Any:
        aside = Path(self.processed_folder)
        for name in sorted(os.listdir(self.data_folder_in)):
            if name.partition(".")[2] != f"{queue}.msg":
                continue
            mine = aside / name
            try:
                (Path(self.data_folder_in) / name).rename(mine)
            except OSError:  # another worker took it
                continue
            try:
                payload = loads(mine.read_bytes().decode())
                self.Message(payload, channel=self)  # as it will be made of it
            except (ValueError, TypeError, KeyError, AttributeError, OSError):
                log.error("a message of the queue cannot be read; it lies in %s", aside)
                continue
            mine.unlink(missing_ok=True)
            return payload
        raise Empty

    def get_table(self, exchange: str) -> Any:
        """Who listens. A list that a full disk emptied is written anew from what we know of it."""
        try:
            return super().get_table(exchange)
        except ValueError:
            self._exchange_file(exchange).unlink(missing_ok=True)
        for known, arguments in self.state.bindings.items():
            if known.exchange == exchange:
                bound = (known.queue, exchange, known.routing_key, arguments)
                self._queue_bind(exchange, *self.typeof(exchange).prepare_bind(*bound))
        return super().get_table(exchange)

    def _queue_bind(self, exchange: str, *args: Any) -> None:
        try:
            super()._queue_bind(exchange, *args)
        except ValueError:
            self._exchange_file(exchange).unlink(missing_ok=True)
            super()._queue_bind(exchange, *args)


class Transport(filesystem.Transport):
    Channel = Channel


def put_aside(folder: Path) -> int:
    """How many unreadable messages lie in ``folder``, put there by a worker."""
    limit = time.time() - _SETTLED
    return sum(1 for file in folder.iterdir() if file.is_file() and file.stat().st_mtime < limit)
