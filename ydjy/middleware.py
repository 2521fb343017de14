"""The headers of every answer, and the two clocks of a session."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from ydjy.desk import sessions

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
    """Ends a session that was idle too long or is too old; tells the page how long it has left."""

    def answer(request: HttpRequest) -> HttpResponse:
        if hasattr(request, "session") and request.user.is_authenticated:
            if sessions.seconds_left(request.session) < 0:
                sessions.end(request)
            else:
                sessions.touch(request.session)
        response = get_response(request)
        if request.user.is_authenticated and "begun" not in request.session:
            sessions.begin(request.session)
        return response

    return answer
