"""What a web process answers while its database is not in order, and to the machine that watches.

Both stand before the sessions: they must be able to speak when no session can be read.
"""

import sys
from collections.abc import Callable

import psycopg
from django.conf import settings
from django.core.signals import got_request_exception
from django.db import connections
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template import loader
from psycopg_pool import PoolTimeout

from apps.offices.public.page import furniture_at_hand, show
from ydjy.desk import readiness

Answer = Callable[[HttpRequest], HttpResponse]
HEALTH = "/healthz"
# PostgreSQL closes this connection, crashes, or is not up yet; of class 08 the connection is gone.
_LOST = ("57P01", "57P02", "57P03", "08")


def healthz() -> JsonResponse:
    """For the machine that watches: whether the database answers and is ours. Asked anew each time;
    names no version, no path, no address."""
    said = readiness.complaint()
    if not said:
        return JsonResponse({"status": "ok", "database": "ok"})
    database = "down" if said == readiness.AWAY else "not migrated"
    told = {"status": "down", "database": database, "message": said}
    return JsonResponse(told, status=503, json_dumps_params={"ensure_ascii": False})


def only_when_ready(get_response: Answer) -> Answer:
    """Middleware, outside the sessions: no page is made from a database that is not in order."""

    def answer(request: HttpRequest) -> HttpResponse:
        if request.path == HEALTH:
            return healthz()
        if said := readiness.standing.look():
            return unavailable(request, said)
        return get_response(request)

    return answer


def unavailable(request: HttpRequest, said: str) -> HttpResponse:
    """503: the staff read what is wrong, the public that it will be over."""
    if settings.SITE == "staff" or request.path.startswith("/admin/"):
        response = HttpResponse(loader.render_to_string("503.html", {"said": said}), status=503)
    else:
        response = show(request, "public/503.html", {"site": furniture_at_hand()}, status=503)
    response.headers["Retry-After"] = "60"
    response.headers["Cache-Control"] = "no-store"
    return response


# A connection that was lost on the way -----------------------------------------------------------


def read_once_more(get_response: Answer) -> Answer:
    """Middleware, the outermost: a page whose connection to the database was cut while it was made
    is made again, once. Only reads: a POST may have been kept just before."""

    def answer(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if response.status_code == 500 and getattr(request, "connection_lost", False):
            connections["default"].close()
            response = get_response(type(request)(request.environ))  # type: ignore[attr-defined]
        if response.status_code == 500 and getattr(request, "none_to_be_had", False):
            response = unavailable(request, readiness.AWAY)
        return response

    return answer


@receiver(got_request_exception)
def _note(request: HttpRequest | None = None, **kwargs: object) -> None:
    if request is None or request.method not in ("GET", "HEAD"):
        return
    request.none_to_be_had = isinstance(_bottom(sys.exception()), PoolTimeout)  # type: ignore[attr-defined]
    request.connection_lost = _was_lost(sys.exception())  # type: ignore[attr-defined]


def _was_lost(error: BaseException | None) -> bool:
    """Whether a cut connection is at the bottom of it. A statement that took too long is none, nor
    is a pool that nobody answers: to ask again would only double the waiting."""
    found = _bottom(error)
    if found is None or isinstance(found, PoolTimeout):
        return False
    return found.sqlstate is None or found.sqlstate.startswith(_LOST)


def _bottom(error: BaseException | None) -> psycopg.OperationalError | None:
    """What the driver said, under what Django made of it."""
    while error is not None and not isinstance(error, psycopg.OperationalError):
        error = error.__cause__ or error.__context__
    return error
