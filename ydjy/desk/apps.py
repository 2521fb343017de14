from django.apps import AppConfig


class DeskConfig(AppConfig):
    name = "ydjy.desk"
    label = "desk"
    verbose_name = "系统"

    def ready(self) -> None:
        from ydjy.desk.audit import change_log

        change_log.connect(self)
