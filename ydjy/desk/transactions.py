"""Who opens a transaction: a request that writes. One that reads waits for nobody.

SQLite has one writer at a time, and a transaction of ours takes its place at once (IMMEDIATE), so
that it never fails half way. A page that only reads therefore opens none: it is answered while a
long import or a slow file is being written. What such a page notes by the way (when somebody was
last seen) is left out while another is writing.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from django.db import OperationalError, connection, transaction
from django.http import HttpRequest, HttpResponse

Answer = Callable[..., HttpResponse]
View = TypeVar("View", bound=Callable[..., Any])
SAFE = ("GET", "HEAD", "OPTIONS", "TRACE")


def commits_by_itself(view: View) -> View:
    """A view that commits piece by piece, or that must answer when there is no database."""
    view.commits_by_itself = True  # type: ignore[attr-defined]
    return view


class OneTransactionPerWrite:
    """Middleware: a request that may write is done whole or not at all."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Answer, args: Any, kwargs: Any
    ) -> HttpResponse | None:
        if request.method in SAFE or getattr(view, "commits_by_itself", False):
            return None
        with transaction.atomic():
            return view(request, *args, **kwargs)


def write_unless_busy(write: Callable[[], object]) -> bool:
    """Does a small write that may be left out; on SQLite it is, while somebody else is writing.

    One statement: it is done or not, and inside a transaction of ours nobody else is writing."""
    if connection.vendor != "sqlite":
        write()
        return True
    connection.ensure_connection()
    sqlite = connection.connection
    patience = int(sqlite.execute("PRAGMA busy_timeout").fetchone()[0])
    sqlite.execute("PRAGMA busy_timeout = 0")
    try:
        write()
    except OperationalError as refused:
        if "locked" not in str(refused):
            raise
        return False
    finally:
        sqlite.execute(f"PRAGMA busy_timeout = {patience}")
    return True
