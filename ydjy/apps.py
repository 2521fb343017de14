"""The project is itself an installed app: its templates, static files and commands need no path."""

import gc

from django.apps import AppConfig, apps
from django.db.models.signals import post_migrate


class YdjyConfig(AppConfig):
    name = "ydjy"
    verbose_name = "异地就医经办台"

    def ready(self) -> None:
        # Bound here and not in ydjy/__init__.py: importing ydjy.lib must not load Django, yet
        # @shared_task in the web process must know our broker and not Celery's default one.
        from ydjy import celery  # noqa: F401
        from ydjy.public_site.tables import install_counter
        from ydjy.staff_site import checks  # noqa: F401

        # Sent for the catalogue's app when every table is there; none is migrated on a public copy.
        post_migrate.connect(install_counter, sender=apps.get_app_config("filings"))
        # A long list is many thousand objects, none of them cyclic; to walk all of them after every
        # 700 new ones takes a seventh of the time.
        gc.freeze()
        gc.set_threshold(50_000, 20, 20)
