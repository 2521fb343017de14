"""What every public page is made of: its furniture, its type size, and its answer 304.

A page shows published, reviewed rows and nothing about a person. It has no session, writes
nothing, opens no transaction. The browser asks again each time and is told «unchanged» from a
number that database triggers raise on every change of a public table, without rendering anything;
who comes for the first time gets the page as the process remembers it (``memory.py``,
``ydjy/public_site/page_cache.py``).
"""

import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cache, wraps
from pathlib import Path
from typing import Any, TypeVar

from django.conf import settings
from django.core.paginator import Page, Paginator
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.cache import get_conditional_response, patch_vary_headers

from apps.offices.models import City, Hotline, Notice, Office, PublicVersion, SiteSettings
from apps.offices.public.cache import Memory
from apps.offices.public.opening_hours import Opening, Timetable
from ydjy.desk.transactions import commits_by_itself
from ydjy.lib import qr

CSP = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'"
MODES = {"large": "大字", "xl": "特大字"}
PER_PAGE = 20
NEVER = datetime.min.replace(tzinfo=UTC)

View = Callable[..., HttpResponse]
Row = TypeVar("Row", bound=models.Model)
Part = TypeVar("Part")


@dataclass(frozen=True)
class Phone:
    """A telephone as it is shown, with its hours."""

    hotline: Hotline
    opening: Opening

    def __getattr__(self, name: str) -> Any:
        return getattr(self.hotline, name)


@dataclass(frozen=True)
class Furniture:
    """What stands on every page, and the mark of the public content it was made from."""

    version: int = 0
    slot: str = ""
    since: datetime = NEVER
    until: datetime = NEVER
    settings: SiteSettings | None = None
    city: City | None = None
    organiser: str = ""
    phone: Phone | None = None
    notices: tuple[Notice, ...] = ()
    memory: Memory = field(default_factory=Memory, compare=False)

    @property
    def name(self) -> str:
        return self.settings.site_name if self.settings else "异地就医服务"


_kept: tuple[float, Furniture] | None = None


def furniture() -> Furniture:
    """The furniture of this moment. Kept in the process for ``PUBLIC_CACHE_SECONDS``, longer while
    nothing has changed and nobody has opened or closed since."""
    global _kept
    now = timezone.now()
    if _kept and _kept[1].since <= now < _kept[1].until:
        if time.monotonic() - _kept[0] < settings.PUBLIC_CACHE_SECONDS:
            return _kept[1]
        if settings.PUBLIC_CACHE_SECONDS and _version() == _kept[1].version:
            _kept = (time.monotonic(), _kept[1])
            return _kept[1]
    _kept = (time.monotonic(), _make(timezone.localtime(now)))
    return _kept[1]


def kept(name: str, make: Callable[[], Part]) -> Part:
    """A part of pages that holds as long as nothing public has changed: asked for once."""
    return furniture().memory.part(name, make)


def furniture_at_hand() -> Furniture:
    """The last furniture made in this process, for pages that must not ask the database."""
    return _kept[1] if _kept else Furniture()


def _version() -> int:
    return PublicVersion.objects.values_list("number", flat=True).first() or 0


def _stretch(now: datetime, boundaries: frozenset[str]) -> tuple[str, datetime, datetime]:
    """Which stretch of which day it is, and from when to when: no sentence about opening changes
    within one."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    hours = [(int(b[:2]), int(b[3:])) for b in sorted(boundaries)]
    times = [midnight + timedelta(hours=h, minutes=m) for h, m in hours]
    passed = sum(moment <= now for moment in times)
    edges = [midnight, *times, midnight + timedelta(days=1)]
    return f"{now:%Y%m%d}.{passed}", edges[passed], edges[passed + 1]


def _make(now: datetime) -> Furniture:
    version, today = _version(), now.date()  # the number first: a change meanwhile is seen later
    timetable = Timetable(now)
    slot, since, until = _stretch(now, timetable.boundaries)
    office = Office.objects.filter(parent=None, published=True).order_by("order").first()
    own = SiteSettings.objects.current()
    lines = list(shown(Hotline.objects.select_related("office", "source"), today))
    line = next((line for line in lines if Hotline.Use.ENQUIRY in line.uses), None)
    line = line or next(
        (line for line in lines if not (line.office and line.office.parent_id)), None
    )
    return Furniture(
        version=version,
        slot=slot,
        since=since,
        until=until,
        settings=own,
        city=City.objects.maybe(),
        organiser=own.organiser or (office.name if office else ""),
        phone=Phone(line, timetable.of_hotline(line)) if line else None,
        notices=tuple(Notice.objects.shown(Notice.Audience.PUBLIC, today)),
    )


def shown(rows: models.QuerySet[Row], today: date) -> models.QuerySet[Row]:
    """Of these rows, those the public may see: published, in force, with 依据 and 最后核对."""
    names = {field.name for field in rows.model._meta.fields}
    rows = rows.filter(source__isnull=False, checked_on__isnull=False)
    if "published" in names:
        rows = rows.filter(published=True)
    return rows.on(today) if "valid_from" in names else rows  # type: ignore[attr-defined,no-any-return]


def page(view: View) -> View:
    """A public page: reading only, no transaction, 304 while nothing on it can have changed."""

    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.method not in ("GET", "HEAD"):
            return HttpResponse(status=405, headers={"Allow": "GET, HEAD"})
        etag = mark(furniture(), mode_of(request))
        response = get_conditional_response(request, etag=etag)
        if response is None:
            response = view(request, *args, **kwargs)
        if response.status_code in (200, 304):
            response.headers["ETag"] = etag
            response.headers.setdefault("Cache-Control", "no-cache")
        patch_vary_headers(response, ("Cookie",))
        return response

    return commits_by_itself(answer)


def mark(site: Furniture, mode: str) -> str:
    """The ETag of every page made from this furniture in this type size."""
    return f'"{_build()}.{site.version}.{site.slot}.{mode}"'


def mode_of(request: HttpRequest) -> str:
    """The chosen type size: '' (标准版), 'large' or 'xl'. From a cookie and nothing else."""
    mode = request.COOKIES.get("mode", "")
    return mode if mode in MODES else ""


def show(
    request: HttpRequest, template: str, context: dict[str, Any] | None = None, status: int = 200
) -> HttpResponse:
    """A rendered public page."""
    site = furniture() if status == 200 else furniture_at_hand()
    words = render_to_string(template, (context or {}) | frame(request, site))
    return HttpResponse(words, status=status)


def frame(request: HttpRequest, site: Furniture) -> dict[str, Any]:
    """What ``public/base.html`` needs to stand."""
    return {
        "site": site,
        "mode": mode_of(request),
        "modes": MODES.items(),
        "here": request.get_full_path(),
    }


@dataclass(frozen=True)
class Code:
    """A QR code for paper: the address it opens and how it is drawn."""

    address: str
    side: int
    path: str


def code_of(path: str) -> Code | None:
    """The code of one of our pages under the address that the public knows; ``None`` before staff
    have filled that in, for a code of this machine's own name would lead nowhere."""
    root = furniture().settings
    if root is None or not root.address:
        return None
    address = root.address.rstrip("/") + path
    try:
        return Code(address, *qr.svg_path(address))
    except qr.TooLong:
        return Code(root.address, *qr.svg_path(root.address))


def paged(rows: Sequence[Any], request: HttpRequest) -> Page[Any]:
    """The page that ``?page=`` asks for; a number that cannot be meant gives the nearest."""
    return Paginator(rows, PER_PAGE).get_page(request.GET.get("page", "")[:6])


@cache
def _build() -> str:
    """Which edition of templates and code made the page, the same in every process of a host."""
    digest = hashlib.blake2b(digest_size=4)
    for folder in ("ydjy", "apps"):
        for path in sorted(Path(settings.BASE_DIR, folder).rglob("*")):
            if path.suffix in (".html", ".py", ".css"):
                digest.update(f"{path.stat().st_mtime_ns}".encode())
    return digest.hexdigest()
