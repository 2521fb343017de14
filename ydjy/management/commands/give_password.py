"""A new one-time password for somebody who is locked out; the last way in for the operator."""

import secrets
from argparse import ArgumentParser
from typing import Any

from django.utils import timezone

from apps.offices.models import Staff
from ydjy.desk.commands import DeskCommand
from ydjy.desk.exceptions import Refused


class Command(DeskCommand):
    help = "给一个账号发新的一次性密码（24 小时内有效，登录后要换）；可同时停用丢失手机的动态码"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username", metavar="USERNAME", help="用户名")
        parser.add_argument("--drop-code", action="store_true", help="停用动态码，重新设置")

    def run(self, *, username: str, drop_code: bool, **options: Any) -> None:
        person = Staff.objects.filter(username=username).first()
        if person is None:
            raise Refused(f"没有“{username}”这个账号。请核对用户名。")
        password = secrets.token_urlsafe(9)
        person.give_password(password, timezone.now())
        person.save()
        if drop_code:
            person.drop_second_factor()
        record = {"username": username, "password": password}
        self.say(record, f"{username} 的一次性密码：{password}（24 小时内有效）", **options)
