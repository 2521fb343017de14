"""The minute tick without Celery: for cron, and for an operator who wants it now."""

from typing import Any

from django.utils import timezone

from apps.errors import tasks
from apps.institutions import tasks as lists
from ydjy.desk.commands import DeskCommand
from ydjy.staff_site import tasks as staff_site_tasks


class Command(DeskCommand):
    help = (
        "做每分钟该做的事：开本周批次、发送、结转、催办、看收件文件夹、接着导名单；重复运行没有影响"
    )

    def run(self, **options: Any) -> None:
        now = timezone.now()
        batch = tasks.run(now)
        lists.sweep()
        staff_site_tasks.tend_lists()
        record = {"week": batch.week, "due_at": batch.due_at.isoformat(), "state": batch.state}
        self.say(record, f"{batch.week}：{batch.reason}", **options)
