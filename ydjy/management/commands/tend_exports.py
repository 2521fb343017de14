"""``tend_exports``: what the minute job does, for a desk without a worker."""

from typing import Any

from ydjy.desk import tasks
from ydjy.desk.commands import DeskCommand


class Command(DeskCommand):
    help = "生成等着的导出文件，删除到期的。定时任务每分钟会做一次；没有定时任务时用这个命令。"

    def run(self, **options: Any) -> None:
        made, gone = tasks.tend_exports()
        said = f"生成了 {made} 个导出文件，到期删除 {gone} 个。"
        self.say({"made": made, "expired": gone}, said, **options)
