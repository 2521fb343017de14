"""Settings of a server that does nothing: the same program, no middleware, one view."""

from ydjy.settings import *  # noqa: F403

MIDDLEWARE: list[str] = []
ROOT_URLCONF = "bench.public"
