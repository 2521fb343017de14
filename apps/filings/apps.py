from django.apps import AppConfig
from django.db.models.signals import post_migrate


class FilingsConfig(AppConfig):
    name = "apps.filings"
    verbose_name = "备案"

    def ready(self) -> None:
        from apps.filings import guards, passing_filings
        from apps.offices import openwork

        openwork.register(passing_filings.WORK)
        post_migrate.connect(guards.install, sender=self, dispatch_uid="filing guards")
