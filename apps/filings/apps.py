from django.apps import AppConfig
from django.db.models.signals import post_migrate


class FilingsConfig(AppConfig):
    name = "apps.filings"
    verbose_name = "备案"

    def ready(self) -> None:
        from apps.filings.models import triggers

        post_migrate.connect(triggers.install, sender=self, dispatch_uid="filing guards")
