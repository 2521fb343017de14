from django.apps import AppConfig


class ErrorsConfig(AppConfig):
    name = "apps.errors"
    verbose_name = "联网报错"

    def ready(self) -> None:
        from apps.errors import passing_on, tending
        from apps.offices import openwork
        from ydjy.desk import leftovers

        leftovers.register(tending.KEPT)
        openwork.register(passing_on.WORK)
