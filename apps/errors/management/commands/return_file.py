"""Friday's return without the browser: freeze the files and write them to a folder."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from apps.errors import partners, returns, sending
from apps.errors.weeks import batch_of
from ydjy.desk.commands import DeskCommand
from ydjy.desk.verbs import Refused


class Command(DeskCommand):
    help = "生成返回省里的文件，每一行都有答复；有没办完的就拒绝并列出来"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--week", metavar="2026-W47", help="哪一周的，不写就是本周")
        parser.add_argument("--out", required=True, metavar="DIR", help="放到哪个文件夹")
        parser.add_argument(
            "--unfinished-as", default="", metavar="TEXT", help="没办完的写什么：原因和预计办结日期"
        )
        parser.add_argument(
            "--late-reason", default=returns.ALONE, metavar="TEXT", help="过了期限时，迟报的原因"
        )

    def run(
        self,
        *,
        out: str,
        week: str | None = None,
        unfinished_as: str = "",
        late_reason: str = returns.ALONE,
        **options: Any,
    ) -> None:
        batch = batch_of(week)
        files = returns.issue(batch, by=None, unfinished_as=unfinished_as, late_reason=late_reason)
        for file in files:
            try:
                partners.Folder(Path(out)).put(file.filename, returns.content(file))
            except partners.NotDelivered as problem:
                raise Refused(str(problem)) from problem
            path = Path(out) / file.filename
            sending.hand_in(file, by=None, words=returns.ALONE)
            record = {
                "file": str(path),
                "sha256": file.sha256,
                "rows": file.rows,
                "answered": file.answered,
                "unfinished": file.unfinished,
                "version": file.version,
            }
            words = f"{path}：{file.rows} 行，有结果 {file.answered}，未办结 {file.unfinished}。"
            self.say(record, words, **options)
