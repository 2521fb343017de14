"""Public pages beside a bare view: rendered anew, sent again, answered 304, Django doing nothing.

Everything runs in this process through the whole middleware, so the server's own cost (the same
for all) is left out and the ratios are harsher than on the wire.
"""

import time
from collections.abc import Callable
from itertools import count

from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.core.management import call_command
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory, override_settings
from django.urls import path

from bench.__main__ import median, size, table
from ydjy import urls

TIMES = size(60, 2)
PAGES = {
    "home": "/",
    "answer of the guide": "/guide/c/with-family/with-child/",
    "referral, one county": "/referral/?area=210727&group=精神疾病",
    "search, two words": "/search/?q=精神病 转诊",
    "offices": "/offices/",
}


@transaction.non_atomic_requests
def bare(request: HttpRequest) -> HttpResponse:
    """What Django costs before anybody does anything."""
    return HttpResponse("ok", headers={"Content-Length": "2"})


urlpatterns = [path("bare/", bare), *urls.urlpatterns]


def run() -> None:
    call_command("migrate", verbosity=0)
    call_command("sync_reference", verbosity=0)
    call_command("load_policy", "jinzhou", verbosity=0)
    with override_settings(ROOT_URLCONF="bench.public", ALLOWED_HOSTS=["testserver"]):
        handler, factory = WSGIHandler(), RequestFactory()
        rows, slowest = [], 0.0
        for name, address in PAGES.items():
            mark = _answer(handler, factory, address).headers["ETag"]
            rows.append((f"{name}, rendered", median(_anew(handler, factory, address))))
            rows.append((f"{name}, again", median(_many(handler, factory, address))))
            rows.append((f"{name}, 304", median(_many(handler, factory, address, mark))))
            slowest = max(slowest, _p95(handler, factory, address))
        rows.append(("a bare Django view", median(_many(handler, factory, "/bare/"))))
    table(f"public pages, {TIMES} requests each ({settings.DATABASES['default']['ENGINE']})", rows)
    print(f"  slowest page, 95 of 100 requests within        {slowest * 1000:8.1f} ms")


def _answer(
    handler: WSGIHandler, factory: RequestFactory, address: str, mark: str = ""
) -> HttpResponse:
    headers = {"if-none-match": mark} if mark else {}
    response = handler.get_response(
        handler.request_class(factory.get(address, headers=headers).environ)
    )
    response.close()
    return response


def _many(
    handler: WSGIHandler, factory: RequestFactory, address: str, mark: str = ""
) -> Callable[[], None]:
    def work() -> None:
        for _ in range(TIMES):
            _answer(handler, factory, address, mark)

    return work


def _anew(handler: WSGIHandler, factory: RequestFactory, address: str) -> Callable[[], None]:
    """Under an address that nobody has asked for before, so that no process remembers it."""
    numbers = count()

    def work() -> None:
        for _ in range(TIMES):
            mark = f"{'&' if '?' in address else '?'}n={next(numbers)}"
            _answer(handler, factory, address + mark)

    return work


def _p95(handler: WSGIHandler, factory: RequestFactory, address: str) -> float:
    times = []
    for n in range(TIMES):
        begun = time.perf_counter()
        _answer(handler, factory, f"{address}{'&' if '?' in address else '?'}p={n}")
        times.append(time.perf_counter() - begun)
    return sorted(times)[int(TIMES * 0.95)]
