"""``start_desk``: an empty machine becomes the desk of one city, with nothing invented in it."""

import os
import secrets
from argparse import ArgumentParser
from io import StringIO
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.db import transaction
from django.utils import timezone

from apps.offices.models import Office, Role, Staff
from ydjy.desk import readiness
from ydjy.desk.backup import dumps
from ydjy.desk.commands import DeskCommand
from ydjy.desk.exceptions import Refused, must
from ydjy.lib import pinyin, policyfile
from ydjy.lib.crypto import keyfiles
from ydjy.management.commands.load_policy import cities, load_city
from ydjy.management.commands.sync_reference import sync

KEYS = ("secret", "field", "index", "backup")
# option, role, what the account is for
FIRST = (
    ("lead", Role.CITY_LEAD, "市本级负责人：加人、收报错、返回"),
    ("operator", Role.OPERATOR, "运维人员：看运行状态，不看个案"),
    ("auditor", Role.AUDITOR, "审计人员：看修改和查看记录，不看个案"),
)


class Command(DeskCommand):
    help = (
        "正式启用：建库，装入参考资料和本市政策，建市本级负责人、运维、审计三个账号；"
        "不带任何演示资料。只用一次，已有资料的拒绝"
    )
    requires_system_checks: list[str] = []  # there is no table yet to be checked
    wants_tables = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--city", required=True, help=f"统筹区：{'、'.join(cities())}")
        for option, _, about in FIRST:
            parser.add_argument(f"--{option}", metavar="NAME", required=True, help=about)

    def run(self, *, city: str, **options: Any) -> None:
        names = {option: " ".join(str(options[option]).split()) for option, _, _ in FIRST}
        must(all(names.values()), "三个人的姓名都要写。")
        must(
            len(set(names.values())) == len(FIRST),
            "负责人、运维和审计要是三个人，请写三个不同的姓名。",
        )
        must(city in cities(), f"没有“{city}”的政策文件，可以装入的是：{'、'.join(cities())}。")
        _refuse_used()
        os.umask(0o077)
        for name in KEYS:
            keyfiles.load_or_make(settings.KEYS, name)
        call_command("migrate", verbosity=0, interactive=False)
        made = _fill(city, names)
        call_command("collectstatic", verbosity=0, interactive=False, stdout=StringIO())
        self.say({"city": city, "accounts": made}, _words(made), **options)


def _refuse_used() -> None:
    """A desk that somebody works with is not begun again."""
    must(readiness.complaint() != readiness.AWAY, readiness.AWAY)
    if dumps.empty():
        return
    must(not readiness.missing(), "这里有一个旧版本的数据库。请先运行 manage.py upgrade。")
    must(
        not Staff.objects.exists(),
        "这里已经有人员和资料，不能再启用一次。升级请用 manage.py upgrade；"
        "要另建一套，请把 YDJY_DATA 设成一个新文件夹（PostgreSQL 请另建一个空库）。",
    )


@transaction.atomic
def _fill(city: str, names: dict[str, str]) -> list[dict[str, str]]:
    """All of it or nothing, so that a mistake leaves a desk that can be started again."""
    try:
        sync()
        load_city(city)
        sync()  # the policy brings what some of the reference hangs on
    except policyfile.PolicyError as problem:
        raise Refused(str(problem)) from None
    office = Office.objects.get(parent=None, handles_cases=True)
    return [_account(names[option], role, office) for option, role, _ in FIRST]


def _account(name: str, role: Role, office: Office) -> dict[str, str]:
    password = secrets.token_urlsafe(9)
    person = Staff(username=_username(name), name=name, role=role, office=office, is_staff=True)
    person.give_password(password, timezone.now())
    person.save()
    return {
        "username": person.username,
        "password": password,
        "name": name,
        "role": str(role.label),
        "office": str(office),
    }


def _username(name: str) -> str:
    """The name as it is spelled, with a number if somebody has it already."""
    plain = (
        "".join(ch for ch in pinyin.spelled(name, person=True) if ch.isascii() and ch.isalnum())
        or "user"
    )
    taken = set(Staff.objects.values_list("username", flat=True))
    more = [plain, *(f"{plain}{n}" for n in range(2, len(taken) + 3))]
    return next(username for username in more if username not in taken)


def _words(accounts: list[dict[str, str]]) -> str:
    told = [f"  {a['username']:<16} {a['password']}   {a['name']}，{a['role']}" for a in accounts]
    return "\n".join(
        [
            "已启用。三个账号（密码只显示这一次，24 小时内有效，第一次登录时要换）：",
            *told,
            "请把 keys 文件夹另外保管一份；每晚运行 manage.py backup；"
            "其他人员由负责人登录后在“人员”里添加。",
        ]
    )
