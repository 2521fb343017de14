"""导入体检: what an intake would make of a file, row by row. Stores nothing."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from ydjy.desk.commands import DeskCommand, read_bytes, report_in_words
from ydjy.staff_site import examine


class Command(DeskCommand):
    help = "检查一个或几个工作簿，逐行说明导入时会怎样；什么也不保存"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("files", nargs="+", metavar="FILE", help="工作簿文件")
        parser.add_argument("--kind", required=True, choices=list(examine.KINDS))
        parser.add_argument("--reveal", action="store_true", help="输出完整的证件号码")

    def run(self, *, files: list[str], kind: str, reveal: bool, **options: Any) -> None:
        for file in files:
            report = examine.check(kind, read_bytes(file), Path(file).name)
            record = report.as_json(reveal=reveal)
            self.say(record | {"file": file}, report_in_words(report), **options)
