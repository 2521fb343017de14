"""Handing out a file: as an attachment under its Chinese name, never opened inside our page."""

from urllib.parse import quote

from django.http import HttpResponse

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def as_picture(name: str, data: bytes, media: str) -> HttpResponse:
    """A picture shown by itself: nothing of it runs, whatever else its bytes can be read as."""
    response = HttpResponse(data, content_type=media)
    response["Content-Disposition"] = f"inline; filename*=UTF-8''{quote(name)}"
    response["Content-Security-Policy"] = (
        "sandbox; default-src 'none'; img-src 'self'; style-src 'unsafe-inline'"
    )
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "no-store"
    return response


def as_file(name: str, data: bytes) -> HttpResponse:
    """The bytes for download."""
    kind = XLSX if name.endswith(".xlsx") else "application/octet-stream"
    response = HttpResponse(data, content_type=kind)
    response["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name)}"
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response
