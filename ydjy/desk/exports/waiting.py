"""Exports that wait: for the second person's word, and with a result for whoever asked."""

from ydjy.desk.models.export import Export
from ydjy.desk.waiting_work import WaitingKind

State = Export.State
KINDS = (
    WaitingKind(
        "approve_export",
        "待批准的导出",
        ("desk.approve_export",),
        Export,
        lambda rows, staff, now: rows.filter(state=State.WAITING, expires_at__gt=now).exclude(
            asked_by=staff
        ),
        "desk_export_changelist",
        "?state__exact=waiting",
    ),
    WaitingKind(
        "my_export",
        "我的导出有了结果",
        ("desk.view_export",),
        Export,
        lambda rows, staff, now: rows.answered(now).filter(asked_by=staff),
        "desk_export_changelist",
    ),
)
