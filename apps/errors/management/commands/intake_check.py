"""导入体检: what an intake would make of a file, row by row. Stores nothing."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from apps.errors import examining
from ydjy.desk import sheets
from ydjy.desk.commands import DeskCommand
from ydjy.desk.verbs import Refused


class Command(DeskCommand):
    help = "检查一个或几个工作簿，逐行说明导入时会怎样；什么也不保存"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("files", nargs="+", metavar="FILE", help="工作簿文件")
        parser.add_argument("--kind", required=True, choices=list(examining.KINDS))
        parser.add_argument("--reveal", action="store_true", help="输出完整的证件号码")

    def run(self, *, files: list[str], kind: str, reveal: bool, **options: Any) -> None:
        for file in files:
            report = examining.check(kind, read_bytes(file), Path(file).name)
            record = report.as_json(reveal=reveal)
            self.say(record | {"file": file}, in_words(report), **options)


def read_bytes(file: str) -> bytes:
    """The file's bytes, or ``Refused`` with what the operator should check."""
    try:
        return Path(file).read_bytes()
    except OSError as error:
        raise Refused(f"打不开文件 {file}。请检查文件名和权限。") from error


def in_words(report: sheets.Report) -> str:
    """The report for a terminal: the summary, then every row that did not simply go in."""
    lines = [f"{report.filename}：{report.message}"]
    lines += [f"  {row.where}：{row.message}" for row in report.rows if row.message]
    if report.unmapped:
        lines.append(f"  没有用到的列：{'、'.join(report.unmapped)}。")
    return "\n".join(lines)
