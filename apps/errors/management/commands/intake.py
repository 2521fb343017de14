"""Monday's intake without the browser: receive, stage and confirm a weekly workbook."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from apps.errors.intake import receive as intake_receive
from apps.errors.weeks.names import batch_of
from ydjy.desk.commands import DeskCommand, read_bytes, report_in_words
from ydjy.desk.imports import kinds as imports_kinds
from ydjy.desk.imports import uploads


class Command(DeskCommand):
    help = "导入省里下发的报错表，可以导入的行成为工单"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", metavar="FILE", help="工作簿文件")
        parser.add_argument("--week", metavar="2026-W47", help="哪一周的，不写就是本周")
        parser.add_argument("--reveal", action="store_true", help="输出完整的证件号码")

    def run(
        self, *, file: str, week: str | None = None, reveal: bool = False, **options: Any
    ) -> None:
        data, name = read_bytes(file), Path(file).name
        batch, kind = batch_of(week), intake_receive.list_kind()
        try:
            upload = intake_receive.receive(data, name, by=None, batch=batch)
            intake_receive.confirm(upload, by=None)
            upload.refresh_from_db()
            report = uploads.report_of(upload, kind)
        except (uploads.AlreadyReceived, intake_receive.Unreadable) as refused:
            report = imports_kinds.Report(kind, name, "refused", str(refused))
        record = report.as_json(reveal=reveal) | {
            "file": file,
            "batch": batch.week,
            "counts": report.counts,
        }
        self.say(record, f"{batch.week}：{report_in_words(report)}", **options)
