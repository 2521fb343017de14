import sys

import django

django.setup()

from tests.faults import actor, friday  # noqa: E402 - needs the settings

{
    "make": actor.make,
    "monday": actor.monday,
    "after": actor.after,
    "answered": friday.answered,
    "friday": friday.friday,
    "restart": friday.restart,
}[sys.argv[1]](*sys.argv[2:])
