"""Whether the database is the one that this program was made for: every migration it brings has
run there. A program that does not find it so says it and does no work (docs/deploy.md)."""

import pkgutil
import time
from functools import cache
from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.recorder import MigrationRecorder

AWAY = (
    "数据库现在连不上，或者没有应答。请看数据库是不是停了，磁盘是不是满了，"
    "地址和密码对不对（YDJY_DATABASE_URL）。"
)
_PATIENCE = 10.0  # seconds that a good answer is believed
_IMPATIENCE = 2.0  # and a bad one: people wait for the good one


@cache
def wanted() -> frozenset[tuple[str, str]]:
    """Every migration that this program brings: (app, name)."""
    return frozenset(
        (app.label, module.name)
        for app in apps.get_app_configs()
        for module in pkgutil.iter_modules([str(Path(app.path) / "migrations")])
        if not module.name.startswith("_")
    )


def missing() -> int:
    """How many of them the database has not seen. Raises DatabaseError when it does not answer."""
    return len(wanted() - MigrationRecorder(connection).applied_migrations().keys())


def complaint() -> str:
    """What is wrong with the database, and how to mend it; blank when it is in order."""
    try:
        behind = missing()
    except DatabaseError:
        return AWAY
    if not behind:
        return ""
    if settings.SITE == "public":
        return "公众网站的数据库不是这一版程序的。请重新运行 public_snapshot 或 public_role。"
    if behind == len(wanted()):
        return (
            "数据库是空的，还没有建好表。正式使用请先运行 manage.py start_desk，"
            "试用请运行 make run；如果这里应该有资料，"
            "请检查 YDJY_DATA 和 YDJY_DATABASE_URL，并从备份恢复。"
        )
    return f"数据库比程序旧，还差 {behind} 步升级。请停掉程序，运行 manage.py upgrade，再启动。"


class Standing:
    """The answer as one process remembers it, so that a page costs no question of its own."""

    def __init__(self) -> None:
        self.said, self._until = "", 0.0

    def look(self) -> str:
        """What is wrong, as of a few seconds ago; blank when nothing is."""
        if time.monotonic() >= self._until:
            self.said = complaint()
            patience = _IMPATIENCE if self.said else _PATIENCE
            self._until = time.monotonic() + patience
        return self.said

    def believe(self, seconds: float = 0) -> None:
        """All is well for so many seconds; with none the next one asks."""
        self.said, self._until = "", time.monotonic() + seconds


standing = Standing()
