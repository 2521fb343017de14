"""The product's settings, in which a crash point may be armed. The product itself refuses the
variable: it is taken out of the environment before the product reads it."""

import os

CRASHPOINT = os.environ.pop("YDJY_CRASHPOINT", "")

from ydjy.settings import *  # noqa: E402, F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
CELERY_TASK_ALWAYS_EAGER = True
