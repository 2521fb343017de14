"""What the operator may set from outside, read strictly.

Every setting is an environment variable whose name starts with ``YDJY_``. A value that is not
understood, or a name that does not exist, stops the program with one Chinese sentence: a bureau's
operator reads that on a terminal, so it must say which variable, what it holds and how to mend it.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

NAMES = {
    "YDJY_DATA": "存放数据库、密钥和来件的文件夹",
    "YDJY_DATABASE_URL": "数据库地址",
    "YDJY_BROKER_URL": "消息队列地址",
    "YDJY_SITE": "开放哪一侧网站",
    "YDJY_HOSTS": "允许的主机名",
    "YDJY_PROXIES": "前置代理的地址",
    "YDJY_DEBUG": "调试开关",
    "YDJY_SECRET_KEY": "会话签名密钥",
}
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
SITES = ("both", "staff", "public")
_HOST = re.compile(r"[A-Za-z0-9.\-]+|\[[0-9A-Fa-f:]+\]")


class SettingRefused(SystemExit):
    """A variable holds something that cannot be meant; the text is for the operator."""


@dataclass(frozen=True)
class Environment:
    """The settings after reading: nothing here needs checking again."""

    data: Path
    database: dict[str, Any]
    broker_url: str
    site: str
    hosts: tuple[str, ...]
    proxies: tuple[str, ...]
    debug: bool
    secret_key: str | None

    @property
    def loopback_only(self) -> bool:
        return set(self.hosts) <= set(LOOPBACK)


def read(environ: Mapping[str, str] = os.environ, *, base: Path) -> Environment:
    """All settings, or ``SettingRefused`` with the first sentence that the operator needs."""
    for name in environ:
        if name.startswith("YDJY_") and name not in NAMES:
            known = "、".join(NAMES)
            raise SettingRefused(f"没有 {name} 这个设置项。可以设置的有：{known}。请检查拼写。")
    data = Path(environ.get("YDJY_DATA") or base / "var").expanduser().resolve()
    hosts = _hosts(environ.get("YDJY_HOSTS", ""))
    debug = _switch("YDJY_DEBUG", environ.get("YDJY_DEBUG", "0"))
    if debug and not set(hosts) <= set(LOOPBACK):
        raise SettingRefused(
            "YDJY_DEBUG 只能在本机（127.0.0.1）打开。请去掉 YDJY_DEBUG，或去掉 YDJY_HOSTS。"
        )
    return Environment(
        data=data,
        database=_database(environ.get("YDJY_DATABASE_URL", ""), data),
        broker_url=_broker(environ.get("YDJY_BROKER_URL", "")),
        site=_one_of("YDJY_SITE", environ.get("YDJY_SITE", "both"), SITES),
        hosts=hosts,
        proxies=_proxies(environ.get("YDJY_PROXIES", "")),
        debug=debug,
        secret_key=environ.get("YDJY_SECRET_KEY") or None,
    )


def _one_of(name: str, value: str, allowed: tuple[str, ...]) -> str:
    if value not in allowed:
        raise SettingRefused(f"{name} 现在是“{value}”，只能是 {'、'.join(allowed)} 之一。")
    return value


def _switch(name: str, value: str) -> bool:
    return _one_of(name, value, ("0", "1")) == "1"


def _hosts(value: str) -> tuple[str, ...]:
    hosts = tuple(h.strip() for h in value.split(",") if h.strip())
    for host in hosts:
        if not _HOST.fullmatch(host):
            raise SettingRefused(
                f"YDJY_HOSTS 里的“{host}”不是主机名。请写成 yibao.example.cn 这样，"
                "多个用逗号隔开，不能用 *。"
            )
    return LOOPBACK + tuple(h for h in hosts if h not in LOOPBACK)


def _proxies(value: str) -> tuple[str, ...]:
    """Whose word about the caller's address is taken: addresses or nets."""
    named = tuple(p.strip() for p in value.split(",") if p.strip())
    for proxy in named:
        try:
            ip_network(proxy)
        except ValueError as wrong:
            raise SettingRefused(
                f"YDJY_PROXIES 里的“{proxy}”不是地址。请写代理的 IP 地址，例如 127.0.0.1，"
                "多个用逗号隔开；一段地址写成 10.1.2.0/24。"
            ) from wrong
    return named


def _database(url: str, data: Path) -> dict[str, Any]:
    if not url or url.startswith("sqlite:///"):
        path = Path(url.removeprefix("sqlite:///")) if url else data / "ydjy.sqlite3"
        return sqlite(path if path.is_absolute() else data / path)
    parts = urlsplit(url)
    if parts.scheme not in ("postgresql", "postgres") or not parts.path.strip("/"):
        raise SettingRefused(
            "YDJY_DATABASE_URL 看不懂。请写成 postgresql://用户:密码@主机:5432/库名，"
            "或 sqlite:///文件，或不设置（用数据文件夹里的 SQLite）。"
        )
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.strip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(parts.hostname or ""),
        "PORT": str(parts.port or ""),
        "CONN_HEALTH_CHECKS": True,  # a restart of the database leaves no page a dead connection
        "OPTIONS": {
            # A lost connection is given up after 3 s and made anew by whoever asks next: the pool's
            # own waiting doubles up to minutes while the database has long been back.
            "pool": {"min_size": 1, "max_size": 8, "timeout": 10, "reconnect_timeout": 3},
            "options": "-c statement_timeout=60000 -c lock_timeout=10000"
            " -c idle_in_transaction_session_timeout=60000",
        },
    }


def sqlite(path: Path) -> dict[str, Any]:
    """WAL with FULL loses nothing at a power cut; IMMEDIATE ends «database is locked»."""
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": path,
        "CONN_MAX_AGE": 60,  # opening costs more than most pages read
        "OPTIONS": {
            "timeout": 20,
            "transaction_mode": "IMMEDIATE",
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
        },
    }


def reading_only(database: dict[str, Any]) -> dict[str, Any]:
    """The same database for a process that never writes: the copied file has no WAL beside it, so
    that a new copy can be put in its place at any moment; it is noticed within half a minute."""
    if database["ENGINE"].endswith("sqlite3"):
        options = {"timeout": 5, "init_command": "PRAGMA query_only=ON;"}
        return database | {"OPTIONS": options, "CONN_MAX_AGE": 30}
    return database


def _broker(url: str) -> str:
    if url and urlsplit(url).scheme not in ("filesystem", "redis", "rediss", "amqp"):
        raise SettingRefused(
            "YDJY_BROKER_URL 看不懂。不设置就用数据文件夹里的文件队列；"
            "用 Redis 请写成 redis://127.0.0.1:6379/0。"
        )
    return url or "filesystem://localhost"
