"""``upgrade``: a newer program on the data of an older one, in the right order; safe to repeat."""

from argparse import ArgumentParser
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core import checks
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from ydjy.desk import readiness
from ydjy.desk.backup import archive as backup_archive
from ydjy.desk.backup import dumps
from ydjy.desk.commands import DeskCommand
from ydjy.desk.exceptions import Refused, must
from ydjy.management.commands import public_role
from ydjy.management.commands.sync_reference import sync


class Command(DeskCommand):
    help = (
        "升级：备份、改表、参考资料、公众网站的角色、样式文件、检查，依次做完。"
        "先停掉程序再运行，做完再启动；可以重复运行"
    )
    requires_system_checks: list[str] = []  # the tables are not yet those of this program
    wants_tables = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--to", type=Path, default=backup_archive.folder(), help="备份放到哪个文件夹"
        )
        parser.add_argument("--no-backup", action="store_true", help="刚备份过，不再备份")

    def run(self, *, to: Path, no_backup: bool, **options: Any) -> None:
        must(readiness.complaint() != readiness.AWAY, readiness.AWAY)
        must(
            not dumps.empty(),
            "数据库是空的，没有可以升级的。第一次使用请运行 manage.py start_desk。",
        )
        steps: tuple[tuple[str, Callable[[], str]], ...] = (
            ("backup", lambda: "没有备份（--no-backup）" if no_backup else _backup(to)),
            ("migrate", _migrate),
            ("sync_reference", _reference),
            ("public_role", _public_role),
            ("collectstatic", _static),
            ("check", _check),
        )
        for name, step in steps:
            try:
                said = step()
            except Refused as refused:
                raise Refused(
                    f"升级停在 {name} 这一步：{refused}\n"
                    "前面几步已经做完，改好后再运行一次就接着做。"
                ) from refused
            self.say({"step": name, "said": said}, f"{name}：{said}", **options)


def _backup(to: Path) -> str:
    made = backup_archive.make(to.resolve(), now=timezone.localtime())
    return f"已备份到 {made.file}"


def _migrate() -> str:
    behind = readiness.missing()
    call_command("migrate", verbosity=0, interactive=False)
    return f"改了 {behind} 步" if behind else "不用改"


def _reference() -> str:
    return f"{sum(sync().values())} 项都是最新"


def _public_role() -> str:
    """The grants of the public site's role, where there is one: a new table is closed to it, and
    one that is no longer public is closed again."""
    if connection.vendor != "postgresql":
        return "SQLite 不用；公众网站单独运行的，请重新运行 public_snapshot"
    if not public_role.exists(public_role.ROLE):
        return "没有建过公众网站的角色，跳过"
    return f"公众网站现在能看 {public_role.grant(public_role.ROLE)} 张表"


def _static() -> str:
    out = StringIO()
    call_command("collectstatic", verbosity=0, interactive=False, stdout=out)
    return f"样式文件在 {settings.STATIC_ROOT}"


def _check() -> str:
    """The same as ``manage.py check``; an error stops the upgrade, a warning is told."""
    found = checks.run_checks(databases=["default"])
    serious = [m for m in found if m.is_serious() and not m.is_silenced()]
    must(not serious, "；".join(f"{m.msg}{m.hint or ''}" for m in serious))
    return "；".join(str(m.msg) for m in found) or "没有问题"
