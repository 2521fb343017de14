"""Celery only wakes: the timetable ticks, and what is due is read from the database.

Every job is idempotent and is also a management command, so that a bureau without a worker, or
with a broken one, loses minutes and never a Friday.
"""

import logging
import os
from typing import Any

from celery import Celery, Task
from celery.signals import worker_ready

from ydjy.desk import readiness

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ydjy.settings")
log = logging.getLogger("ydjy.worker")


class DeskTask(Task):
    """A job that does nothing on a database which is not this program's."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if said := readiness.standing.look():
            log.error("the job %s was not done: %s", self.name, said)
            return None
        return super().__call__(*args, **kwargs)


app = Celery("ydjy", task_cls=DeskTask)
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["apps.errors", "apps.institutions", "ydjy.desk", "ydjy.staff_site"])
EACH_MINUTE = {
    "tick": "apps.errors.tasks.tick",
    "go on with lists": "apps.institutions.tasks.sweep",
    "seal the change log": "ydjy.desk.tasks.seal_changes",
    "what is left of lists": "ydjy.staff_site.tasks.tend_lists",
    "exports that wait or are over": "ydjy.desk.tasks.tend_exports",
}
app.conf.beat_schedule = {
    name: {"task": task, "schedule": 60.0, "options": {"expires": 55}}
    for name, task in EACH_MINUTE.items()
}


@worker_ready.connect
def go_on_at_once(**kwargs: Any) -> None:
    """A worker that starts is no later than the next minute: it asks for every job of the minute,
    the first of which gives free what dead processes were at."""
    if not readiness.complaint():
        for task in EACH_MINUTE.values():
            app.send_task(task, expires=55)
