"""``seal_changes``: what the minute job does, for a desk without a worker."""

from typing import Any

from ydjy.desk import tasks
from ydjy.desk.commands import DeskCommand


class Command(DeskCommand):
    help = "封存修改记录。定时任务每分钟会做一次；没有定时任务时用这个命令。"

    def run(self, **options: Any) -> None:
        sealed = tasks.seal_changes()
        self.say({"sealed": sealed}, f"封存了 {sealed} 条修改记录。", **options)
