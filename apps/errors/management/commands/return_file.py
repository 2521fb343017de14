"""Friday's return without the browser: freeze the files and write them to a folder.

Two accounts make a return, here as on the page: without both the files stay 待签发.
"""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from apps.errors.exchange import outbox, partners
from apps.errors.models import Batch, ReturnFile
from apps.errors.returns import build as returns_build
from apps.errors.weeks.names import batch_of
from apps.offices.models import Staff
from ydjy.desk.commands import DeskCommand
from ydjy.desk.exceptions import Refused, must

BY_COMMAND = "由运维人员用命令生成"
UNSIGNED = "待签发-"  # stands before the name of what nobody may send yet


class Command(DeskCommand):
    help = "生成返回省里的文件，每一行都有答复；有没办完的就拒绝并列出来。不写两个人的，文件待签发"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--week", metavar="2026-W47", help="哪一周的，不写就是本周")
        parser.add_argument("--out", required=True, metavar="DIR", help="放到哪个文件夹")
        parser.add_argument(
            "--unfinished-as", default="", metavar="TEXT", help="没办完的写什么：原因和预计办结日期"
        )
        parser.add_argument(
            "--late-reason", default=BY_COMMAND, metavar="TEXT", help="过了期限时，迟报的原因"
        )
        parser.add_argument("--prepared-by", metavar="USER", help="经办人的用户名")
        parser.add_argument("--signed-by", metavar="USER", help="复核人的用户名，要是另一个人")

    def run(
        self,
        *,
        out: str,
        week: str | None = None,
        unfinished_as: str = "",
        late_reason: str = BY_COMMAND,
        prepared_by: str | None = None,
        signed_by: str | None = None,
        **options: Any,
    ) -> None:
        both = prepared_by or not signed_by
        must(both, "写了复核人（--signed-by）也要写经办人（--prepared-by）。")
        batch = batch_of(week)
        maker = _who(prepared_by, "errors.export_batch", "导出返回表")
        signer = _who(signed_by, "errors.sign_returnfile", "复核返回表")
        must(not signer or signer != maker, "经办和复核要是两个人，请换一个人复核。")
        files = returns_build.prepare(
            batch, by=maker, unfinished_as=unfinished_as, late_reason=late_reason
        )
        for file in files:
            signed = (
                returns_build.sign(file, by=signer, late_reason=late_reason) if signer else file
            )
            self._write(Path(out), signed, maker, options)

    def _write(self, out: Path, file: ReturnFile, maker: Staff | None, options: Any) -> None:
        signed = file.state == ReturnFile.State.SIGNED
        name = file.filename if signed else f"{UNSIGNED}{file.filename}"
        try:
            partners.Folder(out).put(name, returns_build.content(file))
        except partners.NotDelivered as problem:
            raise Refused(str(problem)) from problem
        if signed:
            outbox.hand_in(file, by=maker, words=BY_COMMAND)
        record = {
            "file": str(out / name),
            "sha256": file.sha256,
            "rows": file.rows,
            "answered": file.answered,
            "unfinished": file.unfinished,
            "version": file.version,
            "state": file.state,
            "prepared_by": file.made_by.username if file.made_by else "",
            "signed_by": file.signed_by.username if file.signed_by else "",
        }
        words = f"{out / name}：{file.rows} 行，有结果 {file.answered}，未办结 {file.unfinished}。"
        if not signed:
            words += "还没有签发，不能送省里：请另一位同事在“等我办”里复核。"
        self.say(record, words, **options)


def _who(username: str | None, permission: str, words: str) -> Staff | None:
    """The account that stands for one of the two people; it must be one that may, and sees it."""
    if not username:
        return None
    person = Staff.objects.filter(username=username, is_active=True).first()
    if person is None:
        raise Refused(f"没有用户名是“{username}”的在用账号，请核对。")
    sees = Batch.objects.visible_to(person).exists() and person.municipal
    must(sees and person.has_perm(permission), f"{person}没有{words}的权限，请换一位。")
    return person
