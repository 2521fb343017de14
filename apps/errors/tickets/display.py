"""How a ticket is put into a row or a page: masked, with its deadline in words. Decides nothing."""

from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils import timezone

from apps.errors.models.transitions import OPEN
from ydjy.desk.exports.admin_mixin import Column
from ydjy.lib import workdays
from ydjy.lib.workhours import Frame, working_minutes

if TYPE_CHECKING:
    from apps.errors.models import Ticket

# National codes that lists carry instead of words (domain 2.6); others are shown as they came.
_WORDS = {
    "med_type": {"11": "普通门诊", "14": "门诊慢特病", "21": "普通住院", "52": "生育住院"},
    "insutype": {"310": "职工医保", "390": "居民医保"},
}


# An office day of eight hours; the ladder of reminders keeps to the same.
_HOURS = (Frame(time(8, 30), time(12)), Frame(time(13), time(17, 30)))

# The province's own column names, so that an exported list is read again as what it is.
EXPORT_COLUMNS = (
    Column("工单", "number"),
    Column("序号", "seq"),
    Column("省问题编号", "province_no"),
    Column(
        "报错时间",
        lambda t: (
            timezone.localtime(t.reported_at).strftime("%Y-%m-%d %H:%M:%S")
            if t.reported_at
            else t.reported_on
        ),
    ),
    Column("参保地区划", "insured_area"),
    Column("参保地", "insured_place"),
    Column("就医地区划", "care_area"),
    Column("就医地", "care_place"),
    Column("定点医药机构编码", "inst_code"),
    Column("定点医药机构名称", "inst_name"),
    Column("姓名", "name"),
    Column("证件类型", "cert_type"),
    Column("证件号码", "cert_no"),
    Column("人员编号", "psn_no"),
    Column("险种", "insutype"),
    Column("医疗类别", "med_type"),
    Column("交易类型", "txn_type"),
    Column("交易编号", "infno"),
    Column("就诊ID", "mdtrt_id"),
    Column("结算ID", "setl_id"),
    Column("报文ID", "msgid"),
    Column("报错代码", "err_code"),
    Column("报错信息", "err_msg"),
    Column("涉及金额", "amount"),
    Column("是否在院", lambda t: {True: "是", False: "否"}.get(t.in_hospital, "")),
    Column("联系人", "contact"),
    Column("联系电话", "phone"),
    Column("备注", "remark"),
    Column("状态", lambda t: t.get_status_display()),
    Column("经办人", lambda t: t.assignee or ""),
    Column("我们的原因", lambda t: t.cause or ""),
    Column("我们的结果", "result"),
)


def in_words(column: str, code: str) -> str:
    return _WORDS[column].get(code, code)


def masked_name(name: str) -> str:
    """吴*桂: enough to recognise a person whom one knows, in a list that anybody may glance at."""
    if len(name) < 2:
        return name
    return name[0] + "*" * max(len(name) - 2, 1) + (name[-1] if len(name) > 2 else "")


def due_words(due_at: datetime, now: datetime) -> tuple[str, bool]:
    """剩 1 天 or 逾期 5 天, and whether it is late; counted in calendar days of Shanghai."""
    days = (timezone.localdate(due_at) - timezone.localdate(now)) // timedelta(days=1)
    if now >= due_at:
        return (f"逾期 {-days} 天" if days else "今天逾期"), True
    return (f"剩 {days} 天" if days else f"今天 {timezone.localtime(due_at):%H:%M}"), False


def working_left(now: datetime, due_at: datetime, calendar: workdays.Calendar) -> str:
    """工作时间 6 小时: what is left of it for the people who must do it (E9); blank after it."""
    minutes = working_minutes(now, due_at, calendar, lambda day: _HOURS)
    if now >= due_at:
        return ""
    hours, rest = divmod(minutes, 60)
    words = " ".join(filter(None, [f"{hours} 小时" if hours else "", f"{rest} 分" if rest else ""]))
    return f"工作时间 {words}" if words else "没有工作时间了"


def shown(ticket: "Ticket", now: datetime) -> Any:
    """The ticket with what its row shows beside its own columns."""
    ticket.person = masked_name(ticket.name)  # type: ignore[attr-defined]
    ticket.business = in_words("med_type", ticket.med_type)  # type: ignore[attr-defined]
    is_open = ticket.status in OPEN
    words, late = due_words(ticket.batch.due_at, now)
    ticket.due_words = words if is_open else ""  # type: ignore[attr-defined]
    ticket.late = late and is_open  # type: ignore[attr-defined]
    return ticket


def queue_url(**query: object) -> str:
    """The list of tickets, narrowed."""
    return reverse("admin:errors_ticket_changelist") + (f"?{urlencode(query)}" if query else "")
