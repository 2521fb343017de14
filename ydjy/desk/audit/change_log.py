"""Who changed what: records by database triggers, sealed by the minute job into a hash chain.

Every table of the domain apps is recorded, and the received files; a model says ``audited = False``
to be left out. Tables of events (…Event) and of readings are kept instead: their rows can be added
only. Between writing and sealing a record holds what the table itself holds and nothing more.
"""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, timedelta
from hashlib import sha256
from typing import Any

from django.apps import apps
from django.core import checks
from django.db import connection, connections, models, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created
from django.db.models.signals import post_migrate, pre_migrate
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from ydjy.desk.audit import triggers
from ydjy.desk.crypto import fields as crypto_fields

_actor: ContextVar[Callable[[], str]] = ContextVar("actor", default=str)
_ACTOR_WORDS = re.compile(r"[\w:.\-]{0,80}", re.ASCII)
_LOCK = 20_261_116  # any number that nothing else locks by
_PURPOSE = "desk.change.sealed"
_SEAL = "UPDATE desk_change SET before = NULL, after = NULL, sealed = %s, chain = %s WHERE id = %s"


# Who -------------------------------------------------------------------------------------------


@contextmanager
def as_actor(who: str) -> Iterator[None]:
    """Everything written inside is recorded as done by ``who``, such as ``command:intake``."""
    if not _ACTOR_WORDS.fullmatch(who):
        raise ValueError(f"{who!r} is no name of an actor")
    token = _actor.set(lambda: who)
    try:
        yield
    finally:
        _actor.reset(token)


_WHO = {
    "": "系统",
    "visitor": "没有登录的人",
    "system:tick": "系统定时任务",
    "system:exports": "系统导出任务",
    "system:lists": "系统名单导入",
    "system:papers": "系统照片整理",
}
_KINDS = {"staff": "{}号人员（已删除）", "command": "运维命令 {}", "db": "直接改数据库的 {}"}


def who_words(actor: str, person: str = "") -> str:
    """An actor of the records as people read it; ``person`` is the name of a ``staff:7``."""
    if person or actor in _WHO:
        return person or _WHO[actor]
    kind, _, name = actor.partition(":")
    return _KINDS.get(kind, "系统").format(name)


def acting(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[..., HttpResponse]:
    """Middleware: what a request writes is recorded as done by the person logged in.

    Asked anew at each write, because logging in happens inside a request; it costs no query, for
    the session's clock has read the person before us.
    """

    def answer(request: HttpRequest) -> HttpResponse:
        token = _actor.set(lambda: _person(request))
        try:
            return get_response(request)
        finally:
            _actor.reset(token)

    return answer


def _person(request: HttpRequest) -> str:
    user = getattr(request, "user", None)
    return f"staff:{user.pk}" if user is not None and user.is_authenticated else "visitor"


def _tell_who(*, connection: BaseDatabaseWrapper, **kwargs: Any) -> None:
    """Lets the triggers of a new connection ask who is writing."""
    if connection.vendor == "sqlite":
        connection.connection.create_function("ydjy_actor", 0, lambda: _actor.get()())
    elif _sign not in connection.execute_wrappers:
        connection.execute_wrappers.append(_sign)


def _sign(execute: Any, sql: Any, params: Any, many: bool, context: Any) -> Any:
    """PostgreSQL: the statement itself says who, in a comment before it, which the trigger reads.

    A session variable would be lost with a rolled back savepoint or stay behind in the pool; the
    comment needs no further query and cannot be forged by a value, which never stands first.
    """
    if isinstance(sql, str) and not sql.startswith(("SELECT", "SAVEPOINT", "RELEASE")):
        sql = signed(sql)
    return execute(sql, params, many, context)


def signed(sql: str) -> str:
    """The statement with the comment before it: for COPY, which passes by every wrapper."""
    return f"/*ydjy:{_actor.get()()}*/{sql}"


# The triggers ----------------------------------------------------------------------------------


def audited() -> list[type[models.Model]]:
    """The models whose every change is recorded."""
    ours = [
        model
        for config in apps.get_app_configs()
        if config.name.startswith("apps.")
        for model in config.get_models(include_auto_created=True)
        if model._meta.managed and getattr(model, "audited", True) and not _keeps(model)
    ]
    desk = [
        apps.get_model("desk", name) for name in ("Upload", "Export", "ExportRule", "StorageRule")
    ]
    return [*ours, *desk]


def _keeps(model: type[models.Model]) -> bool:
    return model.__name__.endswith("Event") or model._meta.label == "desk.Reading"


def _statements(alias: str) -> Iterator[tuple[str, str, str]]:
    """(table, trigger, statement) of everything that should stand in this database."""
    backend = connections[alias]
    sqlite = backend.vendor == "sqlite"
    there = set(backend.introspection.table_names())
    change = triggers.sqlite_change if sqlite else triggers.postgres_change
    keep = triggers.sqlite_keep if sqlite else triggers.postgres_keep
    if "desk_change" not in there:
        return
    for model in audited():
        if model._meta.db_table in there:
            for name, statement in change(model):
                yield model._meta.db_table, name, statement
    for model in apps.get_models():
        if _keeps(model) and model._meta.db_table in there:
            for name, statement in keep(model._meta.db_table, triggers.EVENTS_KEPT):
                yield model._meta.db_table, name, statement
    guard = {"but": triggers.SQLITE_SEALING} if sqlite else {"sealing": True}
    for name, statement in keep("desk_change", triggers.CHANGES_KEPT, **guard):  # type: ignore[arg-type]
        yield "desk_change", name, statement


def install(*, using: str = "default", **kwargs: Any) -> None:
    """Puts every trigger in place, as often as it is called (SQLite's table rebuild drops them)."""
    backend = connections[using]
    with transaction.atomic(using=using), backend.cursor() as cursor:
        if backend.vendor == "postgresql":
            cursor.execute(triggers.POSTGRES_FUNCTIONS)
        for _, name, statement in _statements(using):
            if backend.vendor == "sqlite":
                cursor.execute(f'DROP TRIGGER IF EXISTS "{name}"')
            cursor.execute(statement)


def uninstall(*, using: str = "default", **kwargs: Any) -> None:
    """Takes every trigger away: only for migrations, which rebuild tables on SQLite."""
    backend = connections[using]
    with backend.cursor() as cursor:
        for table, name in _standing(using):
            on = "" if backend.vendor == "sqlite" else f' ON "{table}"'
            cursor.execute(f'DROP TRIGGER IF EXISTS "{name}"{on}')


def _standing(alias: str) -> set[tuple[str, str]]:
    with connections[alias].cursor() as cursor:
        if connections[alias].vendor == "sqlite":
            cursor.execute("SELECT tbl_name, name FROM sqlite_master WHERE type = 'trigger'")
        else:
            cursor.execute(
                "SELECT relname, tgname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid"
                " WHERE NOT tgisinternal AND pg_table_is_visible(pg_class.oid)"
            )
        return {(table, name) for table, name in cursor.fetchall() if name.startswith("ydjy_")}


def missing(alias: str = "default") -> list[str]:
    """Tables of which a trigger is missing."""
    standing = _standing(alias)
    return sorted({table for table, name, _ in _statements(alias) if (table, name) not in standing})


def triggers_stand(app_configs: Any, databases: Any = None, **kwargs: Any) -> list[Any]:
    """System check: somebody took a trigger away, or a migration stopped half way."""
    return [
        checks.Warning(
            f"有 {len(gone)} 张表的修改没有人记录：{'、'.join(gone[:5])}。",
            hint="请运行 manage.py migrate，触发器会重新装上。",
            id="desk.W001",
        )
        for alias in databases or []
        if (gone := missing(alias))
    ]


def connect(sender: Any) -> None:
    """Called once at start-up. The only signals of the house: the database's own life."""
    connection_created.connect(_tell_who, dispatch_uid="ydjy audit")
    pre_migrate.connect(_before_migrating, sender=sender, dispatch_uid="ydjy audit")
    post_migrate.connect(install, sender=sender, dispatch_uid="ydjy audit")
    checks.register(triggers_stand, checks.Tags.database)


def _before_migrating(*, using: str = "default", **kwargs: Any) -> None:
    if connections[using].vendor == "sqlite":
        uninstall(using=using)


# The seal --------------------------------------------------------------------------------------


def seal_changes(limit: int = 1000) -> int:
    """Seals the oldest open records; returns how many. May run twice at once: one of them waits
    (SQLite) or leaves (PostgreSQL)."""
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_LOCK])
            if not cursor.fetchone()[0]:
                return 0
        last = _sealed().order_by("-chain").values_list("chain", flat=True).first() or ""
        done = []
        for change in _changes().filter(chain="").order_by("pk")[:limit]:
            contents = json.dumps(
                {"before": change.before, "after": change.after}, ensure_ascii=False
            )
            box = crypto_fields.seal(_PURPOSE, contents.encode())
            last = _link(last, change, box)
            done.append((connection.Database.Binary(box), last, change.pk))
        if done:
            cursor.executemany(_SEAL, done)
        return len(done)


def verify(*, now: Any = None) -> list[str]:
    """What is wrong with the chain, one sentence each; an empty list is a whole chain."""
    wrong, last, expected = [], "", 1
    for change in _sealed().order_by("chain").iterator():
        number = int(change.chain[:12])
        if number != expected:
            wrong.append(f"第 {expected} 到 {number - 1} 条封存的记录不见了。")
        elif change.chain != _link(last, change, change.sealed.ciphertext()):
            wrong.append(f"第 {number} 条封存的记录（编号 {change.pk}）被改过。")
        else:
            wrong += _opens(change)
        last, expected = change.chain, number + 1
    late = _changes().filter(chain="", at__lt=(now or timezone.now()) - timedelta(hours=1))
    if left := late.count():
        wrong.append(f"有 {left} 条记录过了一小时还没有封存，请看定时任务是不是停了。")
    return wrong


def head() -> str:
    """The last link. Written down elsewhere it proves that nothing was cut off at the end."""
    return _sealed().order_by("-chain").values_list("chain", flat=True).first() or ""


def _changes() -> models.QuerySet[Any]:
    return apps.get_model("desk", "Change").objects.all()


def _sealed() -> models.QuerySet[Any]:
    return _changes().exclude(chain="")


def _link(last: str, change: Any, box: bytes) -> str:
    """Twelve digits of place in the order of sealing, then 52 hex digits over the link before,
    who, when and where, and the ciphertext. The order is not the key's: a long transaction commits
    its records after later ones."""
    about = (
        change.pk,
        change.at.astimezone(UTC).isoformat(),
        change.actor,
        change.table,
        change.row,
        change.operation,
    )
    said = json.dumps([last, *about], ensure_ascii=False).encode()
    return f"{int(last[:12] or 0) + 1:012d}{sha256(said + bytes(box)).hexdigest()[:52]}"


def _opens(change: Any) -> list[str]:
    try:
        change.sealed.reveal()
    except crypto_fields.SealBroken as broken:
        return [f"编号 {change.pk} 的记录：{broken}"]
    return []


# Reading it ------------------------------------------------------------------------------------


def contents(change: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Before and after of a record by column, sealed or not yet; no row is an empty dict."""
    pair = {"before": change.before, "after": change.after}
    if change.chain:
        pair = json.loads(change.sealed.reveal())
    return json.loads(pair["before"] or "{}"), json.loads(pair["after"] or "{}")


def in_words(change: Any) -> list[tuple[str, str, str]]:
    """(field, before, after) in the words of the pages; sealed columns stay sealed."""
    model = next((m for m in audited() if m._meta.db_table == change.table), None)
    fields = {f.column: f for f in model._meta.concrete_fields} if model else {}
    before, after = contents(change)
    return [
        (
            str(fields[column].verbose_name) if column in fields else column,
            _shown(fields.get(column), before.get(column)),
            _shown(fields.get(column), after.get(column)),
        )
        for column in before | after
    ]


def _shown(field: Any, value: Any) -> str:
    if value is None or value == "":
        return ""
    if isinstance(field, models.BinaryField):
        return "●●●●"
    if isinstance(field, models.BooleanField):
        return "是" if value else "否"
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    labels = dict(field.flatchoices) if field is not None else {}
    return str(labels.get(value, value))
