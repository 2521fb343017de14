"""``check``, as Django has it, and without further words also what only the database can tell."""

from typing import Any

from django.core.management import CommandError
from django.core.management.commands.check import Command as DjangoCheck

from ydjy.desk import readiness


class Command(DjangoCheck):
    help = "检查设置、密钥、数据库、工作日历，有问题的逐条说明怎么改"

    def handle(self, *app_labels: Any, **options: Any) -> None:
        if not (app_labels or options["tags"] or options["databases"]):
            said = readiness.complaint()
            if said == readiness.AWAY:
                self.stderr.write(f"{said}数据库里的内容没有检查。")
            elif said:
                raise CommandError(said)
            else:
                options["databases"] = ["default"]
        super().handle(*app_labels, **options)
