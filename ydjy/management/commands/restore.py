"""``restore FILE``: the desk of a backup in the place of an empty one."""

from argparse import ArgumentParser
from pathlib import Path
from time import monotonic
from typing import Any

from ydjy.desk.backup import archive as backup_archive
from ydjy.desk.commands import DeskCommand


class Command(DeskCommand):
    help = "把备份恢复到空的一套里，并核对每张表的行数和修改记录。要先放好 keys 文件夹。"
    wants_tables = False
    requires_system_checks: list[str] = []  # there is no table yet to be checked

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="备份文件")

    def run(self, *, file: Path, **options: Any) -> None:
        begun = monotonic()
        found = backup_archive.restore(file)
        words = (
            f"已恢复 {found.rows} 行、{found.files} 个文件，和备份时一致。"
            "请运行 manage.py upgrade，再启动。"
        )
        self.say(found.record(begun), words, **options)
