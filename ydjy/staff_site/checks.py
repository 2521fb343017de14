"""What must hold before the desk may run: Django's own checks, and these. Each says how to mend."""

import stat
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register
from django.db import DatabaseError, connection
from django.utils import timezone

from ydjy.desk import static_storage
from ydjy.desk.backup import archive as backup_archive


@register("security")
def keys_are_ours_alone(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """A key file that others can read protects nothing."""
    return [
        Error(
            f"密钥文件 {path.name} 别人也能读。",
            hint=f"请运行 chmod 600 {path}，并考虑换一把密钥。",
            id="ydjy.E002",
        )
        for path in Path(settings.KEYS).glob("*.key")
        if stat.S_IMODE(path.stat().st_mode) & 0o077
    ]


@register("security", deploy=True)
def debug_is_off(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    if settings.DEBUG and not settings.LOOPBACK_ONLY:
        return [Error("调试开关在对外的网站上打开了。", hint="去掉 YDJY_DEBUG。", id="ydjy.E001")]
    return []


@register("security", deploy=True)
def the_proxy_is_named(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Off loopback a proxy holds the certificate; unnamed, all callers have its address."""
    if settings.LOOPBACK_ONLY or settings.PROXIES:
        return []
    said = "没有写明前置代理的地址，登录次数和公众网站的访问快慢分不清是谁的。"
    hint = "代理在本机的话请设置 YDJY_PROXIES=127.0.0.1（见 docs/deploy.md）。"
    return [Warning(said, hint=hint, id="ydjy.W003")]


@register("database")
def the_database_speaks_chinese(
    app_configs: Any, databases: Any = None, **kwargs: Any
) -> list[CheckMessage]:
    """SQL_ASCII would store broken characters; refused before the first row is written."""
    if "default" not in (databases or ()) or connection.vendor != "postgresql":
        return []
    try:
        with connection.cursor() as cursor:
            cursor.execute("SHOW server_encoding")
            encoding = cursor.fetchone()[0]
    except DatabaseError:
        return []
    if encoding == "UTF8":
        return []
    return [
        Error(
            f"数据库的编码是 {encoding}，存不了所有汉字。",
            hint="请用 UTF8 编码重新建库：createdb --encoding UTF8。",
            id="ydjy.E007",
        )
    ]


@register("security", deploy=True)
def the_backup_is_not_old(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    last = backup_archive.last()
    if last and timezone.now() - last < timedelta(hours=backup_archive.LATE_HOURS):
        return []
    said = f"上一次备份在 {timezone.localtime(last):%Y-%m-%d %H:%M}。" if last else "还没有备份过。"
    return [Warning(said, hint="请每晚运行一次 manage.py backup。", id="ydjy.W002")]


@register("staticfiles")
def the_collected_files_are_ours(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """After an upgrade the old style sheets would be shown for ever."""
    if not (found := static_storage.stale()):
        return []
    words = f"样式文件不是这一版程序的（{found[0]} 等 {len(found)} 个）。"
    return [Warning(words, hint="请运行 manage.py upgrade，再重新启动。", id="ydjy.W003")]


def calendar_warning(today: date) -> CheckMessage | None:
    """From 1 November on, next year's official calendar should be there (O5)."""
    from apps.offices.models import calendar_gap

    said = calendar_gap(today)
    return Warning(said, id="ydjy.W001") if said else None


@register("database")
def next_year_is_in_the_calendar(
    app_configs: Any, databases: Any = None, **kwargs: Any
) -> list[CheckMessage]:
    if "default" not in (databases or ()):
        return []
    try:
        found = calendar_warning(timezone.localdate())
    except DatabaseError:  # no tables yet
        return []
    return [found] if found else []
