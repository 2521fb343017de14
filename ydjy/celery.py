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
app.conf.beat_schedule = {
    "tick": {"task": "apps.errors.tasks.tick", "schedule": 60.0, "options": {"expires": 55}},
    "go on with lists": {
        "task": "apps.institutions.tasks.sweep",
        "schedule": 60.0,
        "options": {"expires": 55},
    },
    "seal the change log": {
        "task": "ydjy.desk.tasks.seal_changes",
        "schedule": 60.0,
        "options": {"expires": 55},
    },
    "what is left of lists": {
        "task": "apps.errors.tasks.tend_lists",
        "schedule": 60.0,
        "options": {"expires": 55},
    },
    "exports that wait or are over": {
        "task": "ydjy.desk.tasks.tend_exports",
        "schedule": 60.0,
        "options": {"expires": 55},
    },
}
