"""«李某正在处理（3 分钟前）»: who else has this ticket open (E24). A notice, never a lock."""

from datetime import datetime, timedelta
from typing import Any

from apps.errors.models import Presence, Ticket

STAYS = timedelta(minutes=10)


def touch(ticket: Ticket, staff: Any, now: datetime) -> None:
    """This person looks at the ticket now."""
    Presence.objects.bulk_create(
        [Presence(ticket=ticket, staff=staff, at=now)],
        update_conflicts=True,
        unique_fields=["ticket", "staff"],
        update_fields=["at"],
    )


def leave(ticket: Ticket, staff: Any) -> None:
    Presence.objects.filter(ticket=ticket, staff=staff).delete()


def others(ticket: Ticket, staff: Any, now: datetime) -> list[str]:
    """The others of the last ten minutes, in words, the latest first."""
    seen = Presence.objects.filter(ticket=ticket, at__gt=now - STAYS).exclude(staff=staff)
    return [
        f"{row.staff}正在处理（{_ago(now - row.at)}）"
        for row in seen.select_related("staff").order_by("-at")
    ]


def _ago(since: timedelta) -> str:
    minutes = int(since.total_seconds() // 60)
    return f"{minutes} 分钟前" if minutes > 0 else "刚才"  # the clock may have been set back


def forget(now: datetime) -> int:
    gone, _ = Presence.objects.filter(at__lte=now - STAYS).delete()
    return gone
