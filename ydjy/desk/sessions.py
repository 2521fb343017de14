"""The two clocks of a session: half an hour without a page, nine hours in all.

When somebody was last seen stands in the session and is written at most once a minute, past the
session's own saving: a page that only reads must not wait for a writer because of it.
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpRequest
from django.utils import timezone
from django.utils.module_loading import import_string

from ydjy.desk.models.attempt import Attempt
from ydjy.desk.transactions import write_unless_busy

TOUCHED_EVERY = 60


def seconds_left(session: SessionBase) -> int:
    """How long the session lasts if nobody does anything; not positive once it is over."""
    now = _now()
    idle = settings.SESSION_IDLE_SECONDS - (now - session.get("seen", now))
    whole = settings.SESSION_COOKIE_AGE - (now - session.get("begun", now))
    return int(min(idle, whole))


def begin(session: SessionBase) -> None:
    """Somebody has just logged in."""
    session["begun"] = session["seen"] = _now()


def touch(session: SessionBase) -> None:
    """Somebody asks for a page; left out while another is writing, for the next page notes it."""
    now, saved_later = _now(), session.modified
    if now - session.get("seen", 0) < TOUCHED_EVERY:
        return
    before = dict(session.items())
    session["seen"] = now
    session.setdefault("begun", now)
    if not write_unless_busy(lambda: _write(session)):
        session.update(before)
    session.modified = saved_later


def _write(session: SessionBase) -> None:
    """The row ends with the idle time, so that who never comes back is swept soon after."""
    ends = timezone.now() + timedelta(seconds=settings.SESSION_IDLE_SECONDS + TOUCHED_EVERY)
    text = session.encode(dict(session.items()))
    rows = session.model.objects.filter(session_key=session.session_key)
    rows.update(session_data=text, expire_date=ends)


def end(request: HttpRequest) -> None:
    """Its time is over: the person is nobody from here on, whether or not the row can go now."""
    over, request.session = request.session, type(request.session)()
    request.user = AnonymousUser()
    write_unless_busy(over.delete)


def sweep(now: datetime) -> None:
    """Sessions that are over, and tries at the door that no limit counts any more."""
    import_string(f"{settings.SESSION_ENGINE}.SessionStore").clear_expired()
    Attempt.objects.filter(since__lt=now - timedelta(days=2)).delete()


def _now() -> int:
    return int(timezone.now().timestamp())
