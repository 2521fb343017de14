"""From a clean clone to a running desk: ``make run`` calls this."""

import json
import os
import socket
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from apps.offices.models import City
from ydjy.desk.backup import archive as backup_archive
from ydjy.desk.crypto import vault
from ydjy.lib.crypto import keyfiles
from ydjy.management import demo, processes


class Command(BaseCommand):
    help = "建库、载入锦州资料和演示人员，然后在本机启动网站和后台任务"
    requires_migrations_checks = False
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=8000, help="端口，默认 8000")
        parser.add_argument("--no-serve", action="store_true", help="只准备，不启动")
        parser.add_argument("--json", action="store_true", help="用 JSON 输出准备的结果")

    def handle(self, *, port: int, no_serve: bool, **options: Any) -> None:
        os.umask(0o077)
        if not no_serve:
            _refuse_taken(port)
        for name in ("secret", "field", "index", "backup"):
            keyfiles.load_or_make(settings.KEYS, name)
        call_command("migrate", verbosity=0, interactive=False)
        call_command("sync_reference", stdout=_Silent())
        if City.objects.maybe() is None:
            call_command("load_policy", "jinzhou", stdout=_Silent())
            call_command("sync_reference", stdout=_Silent())
        vault.sweep()
        backup_archive.sweep()
        self._tell(demo.build(timezone.localdate()), port, no_serve, as_json=options["json"])
        if not no_serve:
            processes.run(processes.commands(port), self.stderr.write)
            self.stdout.write("已停止。")

    def _tell(
        self, accounts: list[demo.Account], port: int, no_serve: bool, *, as_json: bool
    ) -> None:
        address = f"http://127.0.0.1:{port}/admin/"
        if as_json:
            record = {"address": address, "accounts": [vars(account) for account in accounts]}
            self.stdout.write(json.dumps(record, ensure_ascii=False))
            return
        if accounts:
            self.stdout.write("演示账号（密码只显示这一次，第一次登录时要换）：")
            for account in accounts:
                self.stdout.write(
                    f"  {account.username:<12} {account.password}   "
                    f"{account.name}，{account.role}，{account.office}"
                )
        else:
            self.stdout.write("已有人员和资料，没有改动。")
        if no_serve:
            self.stdout.write(f"准备好了。启动后的网址是 {address}")
        else:
            self.stdout.write(f"经办台：{address}  公众查询：http://127.0.0.1:{port}/")
            self.stdout.write("按 Ctrl+C 停止。")
        self.stdout.flush()


class _Silent:
    def write(self, text: str) -> None:
        """The commands that quickstart calls have nothing to add to what it says."""


def _refuse_taken(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as taken:
            raise CommandError(
                f"端口 {port} 已被占用。请先停掉占用它的程序，或用 --port 换一个端口。"
            ) from taken
