"""Celery only wakes: the timetable ticks, and what is due is read from the database.

Every job is idempotent and is also a management command, so that a bureau without a worker, or
with a broken one, loses minutes and never a Friday.
"""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ydjy.settings")

app = Celery("ydjy")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["apps.errors", "apps.institutions", "ydjy.desk"])
EACH_MINUTE = {
    "tick": "apps.errors.tasks.tick",
    "go on with lists": "apps.institutions.tasks.sweep",
    "seal the change log": "ydjy.desk.tasks.seal_changes",
    "what is left of lists": "apps.errors.tasks.tend_lists",
    "exports that wait or are over": "ydjy.desk.tasks.tend_exports",
}
app.conf.beat_schedule = {
    name: {"task": task, "schedule": 60.0, "options": {"expires": 55}}
    for name, task in EACH_MINUTE.items()
}
