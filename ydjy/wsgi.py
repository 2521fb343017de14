"""The web process: ``granian --interface wsgi ydjy.wsgi:application``."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ydjy.settings")
application = get_wsgi_application()

from ydjy.public_site.middleware import refuse_full_database  # noqa: E402 - needs the applications

refuse_full_database()
