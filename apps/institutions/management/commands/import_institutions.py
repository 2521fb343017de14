"""A list of institutions from a file: compared, and told; with --publish also written."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from apps.institutions.imports import workflow
from apps.institutions.models import ListImport
from apps.offices.models import Staff
from ydjy.desk.commands import DeskCommand
from ydjy.desk.exceptions import Refused
from ydjy.desk.imports import uploads


class Command(DeskCommand):
    help = (
        "导入机构名单：默认只读文件、比较，留给网页上核对；加 --draft 和 --publish 由两个人分别确认"
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="xlsx、xls 或 csv 文件")
        parser.add_argument("--national", action="store_true", help="全国名单（默认是本市名单）")
        parser.add_argument("--draft", metavar="用户名", help="提交的人")
        parser.add_argument("--publish", metavar="用户名", help="发布的人，要是另一个人")
        parser.add_argument("--only-good", action="store_true", help="只导入没有问题的行")

    def run(self, *, file: Path, **options: Any) -> None:
        if not file.is_file():
            raise Refused(f"没有这个文件：{file}。请检查路径。")
        first, second = (_staff(options.get(key)) for key in ("draft", "publish"))
        listed = ListImport.Listed.NATIONAL if options["national"] else ListImport.Listed.CITY
        one = workflow.run(_taken(file, listed, by=first).pk)
        if one.state == ListImport.State.STAGED and first and (one.new or one.changed):
            workflow.draft(one, by=first, only_good=options["only_good"])
            if second:
                workflow.ask_publish(one, by=second)
                one = workflow.run(one.pk)
        self.say(_record(one), _words(one), **options)
        if one.state == ListImport.State.REFUSED:
            raise Refused(one.message)


def _taken(file: Path, listed: str, *, by: Staff | None) -> ListImport:
    """The list, received now; or before and not understood: then it is read once more, as by now
    somebody may have said which of its columns is which."""
    try:
        return workflow.take(file.read_bytes(), file.name, listed=listed, by=by)
    except uploads.AlreadyReceived as twin:
        known = ListImport.objects.filter(upload=twin.upload).first()
        if known is None or not known.asks_columns:
            raise
        workflow.read_anew(known)
        return known


def _staff(username: str | None) -> Staff | None:
    if not username:
        return None
    found = Staff.objects.filter(username=username, is_active=True).first()
    if found is None:
        raise Refused(f"没有“{username}”这个账号。")
    return found


def _record(one: ListImport) -> dict[str, Any]:
    upload = one.upload
    counts = ("accepted", "held", "rejected", "duplicate", "skipped")
    return {
        "import": one.pk,
        "state": one.state,
        "rows_in": upload.rows_in,
        **{name: getattr(upload, name) for name in counts},
        **{name: getattr(one, name) for name in ("new", "changed", "unchanged", "missing")},
        "message": one.message,
    }


def _words(one: ListImport) -> str:
    return (
        f"共 {one.upload.rows_in} 行：新增 {one.new}，有变化 {one.changed}，"
        f"没有变化 {one.unchanged}，有问题 {one.problems}，名单里没有了 {one.missing}。"
        f"{one.get_state_display()}。{one.message}"
    )
