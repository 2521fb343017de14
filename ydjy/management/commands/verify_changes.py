"""``verify_changes``: whether the change log is whole. Keep the last link somewhere else."""

from typing import Any

from ydjy.desk.audit import change_log
from ydjy.desk.commands import DeskCommand


class Command(DeskCommand):
    help = "检查修改记录有没有被改过、删过。发现问题时退出码是 1。"

    def run(self, **options: Any) -> None:
        wrong, head = change_log.verify(), change_log.head()
        self.say(
            {"whole": not wrong, "head": head, "wrong": wrong},
            "\n".join(wrong) or f"修改记录完整。最后一环：{head or '还没有'}",
            **options,
        )
        if wrong:
            raise SystemExit(1)
