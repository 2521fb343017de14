"""Several people in the same moment: real threads with their own connections and a barrier."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, connections

RACE = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.postgres,
    pytest.mark.skipif(
        connection.vendor != "postgresql",
        reason="the in-memory SQLite of the tests has one writer: nothing would race",
    ),
]


def both(*works: Callable[[], Any]) -> list[Any]:
    """Each in a thread of its own, begun together; results or the exceptions they ended with."""
    barrier, results = threading.Barrier(len(works)), [None] * len(works)

    def run(n: int, work: Callable[[], Any]) -> None:
        try:
            connection.ensure_connection()
            barrier.wait(10)
            results[n] = work()
        except Exception as error:
            results[n] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return results
