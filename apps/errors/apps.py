from django.apps import AppConfig


class ErrorsConfig(AppConfig):
    name = "apps.errors"
    verbose_name = "联网报错"
