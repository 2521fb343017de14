"""``backup``: the whole desk as one sealed file; the keys are kept apart."""

from argparse import ArgumentParser
from pathlib import Path
from time import monotonic
from typing import Any

from django.utils import timezone

from ydjy.desk.backup import archive as backup_archive
from ydjy.desk.commands import DeskCommand
from ydjy.desk.exceptions import must


class Command(DeskCommand):
    help = "备份：数据库和来件、返回表等文件，加密成一个文件。keys 文件夹请另外保管。"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--to", type=Path, default=backup_archive.folder(), help="放到哪个文件夹"
        )
        parser.add_argument("--keep", type=int, default=0, help="只留最近几份；不写就都留着")

    def run(self, *, to: Path, keep: int, **options: Any) -> None:
        must(keep >= 0, "“--keep”要写 0 以上的数。")
        begun = monotonic()
        made = backup_archive.make(to.resolve(), now=timezone.localtime(), keep=keep)
        record = made.record(begun, bytes=made.file.stat().st_size)
        words = (
            f"已备份到 {made.file}：{made.rows} 行，{made.files} 个文件。"
            "恢复时还要 keys 文件夹，请和备份分开保管。"
        )
        self.say(record, words, **options)
