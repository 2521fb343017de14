"""The product's settings with a throw-away data folder and cheap passwords."""

import atexit
import os
import shutil
import tempfile

_data = tempfile.mkdtemp(prefix="ydjy-test-")
atexit.register(shutil.rmtree, _data, ignore_errors=True)
os.environ["YDJY_DATA"] = _data

from ydjy.settings import *  # noqa: E402, F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
CELERY_TASK_ALWAYS_EAGER = True
PUBLIC_CACHE_SECONDS = 0  # a test's rows are rolled back behind the counter's back
