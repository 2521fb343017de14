"""Named places at which a test kills the process, to see what a crash leaves behind.

In production ``crashpoint`` does nothing: ``CRASHPOINT`` is set by the tests' settings alone, and
the environment of the product refuses the variable that they read it from. The names are those of
the reliability design: CI1 bytes received … CI9 receipt made.
"""

import os
import signal

from django.conf import settings

_passed: dict[str, int] = {}


def crashpoint(name: str) -> None:
    """Ends the process as SIGKILL does if the tests armed ``CI7`` (first pass) or ``CI7:3``."""
    armed = getattr(settings, "CRASHPOINT", "")
    if not armed:
        return
    _passed[name] = _passed.get(name, 0) + 1
    wanted, _, time = armed.partition(":")
    if wanted == name and _passed[name] == int(time or 1):
        os.kill(os.getpid(), signal.SIGKILL)
