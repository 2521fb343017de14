"""The headers of every answer, and the two clocks of a session."""

from collections.abc import Callable

from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

Answer = Callable[[HttpRequest], HttpResponse]

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "object-src 'none'; frame-ancestors 'none'"
)


def headers(get_response: Answer) -> Answer:
    """No inline script or style, no other origin, no caching of what a person may see."""

    def answer(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.headers.setdefault("Content-Security-Policy", CSP)
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        response.headers.setdefault(
            "Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=()"
        )
        if request.path.startswith("/admin/"):
            response.headers.setdefault("Cache-Control", "no-store")
        return response

    return answer


def session_clock(get_response: Answer) -> Answer:
    """Ends a session after 30 idle minutes or 9 hours; writes to it at most once a minute."""

    def answer(request: HttpRequest) -> HttpResponse:
        if hasattr(request, "session") and request.user.is_authenticated:
            now = int(timezone.now().timestamp())
            seen = request.session.get("seen", now)
            begun = request.session.setdefault("begun", now)
            idle_too_long = now - seen > settings.SESSION_IDLE_SECONDS
            if idle_too_long or now - begun > settings.SESSION_COOKIE_AGE:
                logout(request)
            elif now - seen >= 60 or "seen" not in request.session:
                request.session["seen"] = now
        return get_response(request)

    return answer
