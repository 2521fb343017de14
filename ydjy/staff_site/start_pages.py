"""First pages of those who work on no cases: the directory's keeper, the operator, the auditor."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from kombu import Connection
from kombu.exceptions import OperationalError

from apps.errors.models import Heartbeat
from apps.institutions.models import Institution, ReferralRight
from apps.offices.models import (
    Channel,
    Hotline,
    Office,
    Role,
    SiteSettings,
    Staff,
    official_years,
    unchecked,
    years_wanted,
)
from ydjy.desk import file_queue
from ydjy.desk.admin.logs import OPERATIONS
from ydjy.desk.audit.change_log import who_words
from ydjy.desk.audit.words import row_words, table_words
from ydjy.desk.backup import archive as backup_archive
from ydjy.desk.imports.quota import room
from ydjy.desk.models import Change, Reading
from ydjy.lib import workdays
from ydjy.lib.whole_numbers import whole_number

ROWS = 20


@dataclass(frozen=True)
class Line:
    """One row of a start page: a word, what is so, and whether somebody must act."""

    label: str
    words: str
    url: str = ""
    bad: bool = False


@dataclass
class Start:
    title: str
    about: str
    tables: list[tuple[str, list[Line]]] = field(default_factory=list)


def page(staff: Any, now: datetime) -> Start:
    pages = {
        Role.DIRECTORY: directory,
        Role.OPERATOR: health,
        Role.AUDITOR: last_changes,
    }
    make = pages.get(staff.role)
    if make is None and staff.is_superuser:
        make = health
    if make is None:
        return Start("首页", "这个账号还没有岗位。请管理人员的同事给你设好岗位和机构。")
    return make(now)


def directory(now: datetime) -> Start:
    """What nobody has checked for 90 days, the longest first."""
    today = timezone.localdate(now)
    lines: list[tuple[date, Line]] = []
    total = 0
    stale = [unchecked(model.objects.all(), today) for model in (Hotline, Office, Channel)]
    stale += [Institution.objects.unchecked(today), unchecked(ReferralRight.objects.all(), today)]
    for found in stale:
        rows = list(found[:ROWS])
        total += len(rows)
        lines += [(row.checked_on or date.min, _unchecked(row, today)) for row in rows]
    lines.sort(key=lambda pair: pair[0])
    start = Start("90 天没核对的资料", "电话、地址和医院会变。核对后改一下“最后核对”的日期。")
    start.tables = [("先核对这些", [line for _, line in lines[:ROWS]])]
    if not total:
        start.about = "全部资料都在 90 天内核对过。"
        start.tables = []
    else:
        start.tables.insert(0, ("打电话核对，一条一按", _lists_to_check()))
    if missing := SiteSettings.objects.current().missing:
        where = reverse("admin:offices_sitesettings_changelist")
        line = Line("查询网站的页脚", f"还没有填：{'、'.join(missing)}", where, bad=True)
        start.tables.append(("上线前要填齐", [line]))
    return start


def _lists_to_check() -> list[Line]:
    return [
        Line("电话、网点和渠道", "打开清单", reverse("admin:offices_hotline_unchecked")),
        Line("定点机构", "打开清单", reverse("admin:institutions_institution_unchecked")),
    ]


def _unchecked(row: Any, today: date) -> Line:
    checked = row.checked_on
    words = f"{(today - checked).days} 天前核对" if checked else "从没核对过"
    return Line(f"{row._meta.verbose_name}：{row}", words, _address(row))


def _address(row: Any) -> str:
    try:
        return reverse(f"admin:{row._meta.label_lower.replace('.', '_')}_change", args=[row.pk])
    except NoReverseMatch:
        return ""


def health(now: datetime) -> Start:
    """Whether the machine does its part: database, jobs, audit chain, backup, calendar."""
    start = Start("运行状态", "有红字的一行需要处理。")
    start.tables = [
        ("运行", [_database(), _ticking(now), _queue(now), _sealing(now)]),
        ("存放", [_storage(), _backup(now)]),
        ("工作日历", _years(now)),
    ]
    return start


def _database() -> Line:
    return Line(
        "数据库", f"{'PostgreSQL' if connection.vendor == 'postgresql' else 'SQLite'}，正常"
    )


def _ticking(now: datetime) -> Line:
    last, wrong = Heartbeat.last(), Heartbeat.alarm(now)
    words = f"最近一次是 {_moment(last)}" if last else "刚启动，还没有到第一分钟"
    return Line("每分钟任务", wrong or words, bad=bool(wrong))


def _queue(now: datetime) -> Line:
    folder = settings.CELERY_BROKER_TRANSPORT_OPTIONS.get("data_folder_in")
    if not folder:
        return _message_service()
    waiting = [f.stat().st_mtime for f in Path(folder).iterdir() if f.is_file()]
    minutes = _minutes(datetime.fromtimestamp(min(waiting), UTC), now) if waiting else 0
    words = f"{len(waiting)} 个任务在等，最早的等了 {minutes} 分钟" if waiting else "没有等着的任务"
    aside = Path(settings.CELERY_BROKER_TRANSPORT_OPTIONS["processed_folder"])
    broken = file_queue.put_aside(aside)
    if broken:
        words += (
            f"。有 {broken} 个读不出来的已经放到一边（多半是磁盘满过），不影响办理；"
            f"看过以后请删掉 {aside} 里的文件"
        )
    return Line("消息队列", words + _ask_for_worker(minutes), bad=minutes >= 5 or bool(broken))


def _message_service() -> Line:
    try:
        with Connection(settings.CELERY_BROKER_URL, connect_timeout=1) as service:
            service.ensure_connection(max_retries=1, interval_start=0, timeout=1)
    except (OperationalError, OSError):
        words = "连不上消息服务，请看 Redis 是不是停了。后台任务都停着，页面上的办理不受影响"
        return Line("消息队列", words, bad=True)
    return Line("消息队列", "由外部的消息服务保管，连得上")


def _minutes(since: datetime, now: datetime) -> int:
    return max(0, int((now - since).total_seconds() // 60))


def _ask_for_worker(minutes: int) -> str:
    return "。请看后台任务的进程是不是停了。" if minutes >= 5 else ""


def _sealing(now: datetime) -> Line:
    oldest = Change.objects.filter(chain="").order_by("at").values_list("at", flat=True).first()
    if oldest is None:
        return Line("修改记录", "都已封存")
    minutes = _minutes(oldest, now)
    words = f"有 {minutes} 分钟没有封存" if minutes else "正在封存"
    return Line("修改记录", words + _ask_for_worker(minutes), bad=minutes >= 5)


def _backup(now: datetime) -> Line:
    """Only a desk that others reach is warned: a trial on one's own machine needs no backup."""
    last = backup_archive.last()
    if last is None:
        return Line("备份", "还没有备份过（manage.py backup）", bad=not settings.LOOPBACK_ONLY)
    hours = int((now - last).total_seconds() // 3600)
    words = f"上一次在 {timezone.localtime(last):%m-%d %H:%M}"
    late = hours >= backup_archive.LATE_HOURS
    return Line("备份", words + (f"，已经过了 {hours} 小时" if late else ""), bad=late)


def _storage() -> Line:
    now = room()
    asked = "。快满了，请腾出磁盘空间，或者在“存放规定”里调大；满了不再收新来件。"
    return Line("存放空间", f"{now}{asked if now.nearly_full else ''}", bad=now.nearly_full)


def _years(now: datetime) -> list[Line]:
    wanted = years_wanted(timezone.localdate(now))
    known = official_years(wanted)
    return [
        Line(
            f"{year}年",
            "放假安排已录入" if year in known else "还没有放假安排",
            bad=year not in known,
        )
        for year in wanted
    ]


def last_changes(now: datetime) -> Start:
    """The newest entries of both records, without what was written or read."""
    start = Start("最近的修改和查看", "内容在“系统”里的修改记录和查看记录。")
    rows = list(Change.objects.defer("before", "after", "sealed")[:ROWS])
    who = _names({c.actor for c in rows})
    called = row_words((c.table, c.row) for c in rows)
    changes = [
        Line(
            _moment(c.at),
            f"{who_words(c.actor, who.get(c.actor, ''))}："
            f"{OPERATIONS.get(c.operation, c.operation)}{table_words(c.table)} "
            f"{called[c.table, c.row]}",
        )
        for c in rows
    ]
    readings = [
        Line(_moment(r.at), f"{r.by or '系统'}：{r.what}")
        for r in Reading.objects.select_related("by")[:ROWS]
    ]
    start.tables = [("修改", changes), ("查看", readings)]
    return start


def _names(actors: set[str]) -> dict[str, str]:
    """Names of the people among the actors of the record (``staff:7``)."""
    keys = [a.removeprefix("staff:") for a in actors if a.startswith("staff:")]
    people = Staff.objects.filter(pk__in=[k for k in map(whole_number, keys) if k is not None])
    return {f"staff:{person.pk}": str(person) for person in people}


def _moment(at: datetime) -> str:
    at = timezone.localtime(at)
    return f"{workdays.in_words(at.date())} {at:%H:%M}"
