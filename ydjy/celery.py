"""Celery only wakes: the timetable ticks, and what is due is read from the database.

Every job is idempotent and is also a management command, so that a bureau without a worker, or
with a broken one, loses minutes and never a Friday.
"""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ydjy.settings")

app = Celery("ydjy")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["apps.errors", "apps.filings", "apps.institutions", "ydjy.desk"])
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
    "lists that ended half-way": {
        "task": "apps.filings.tasks.go_on",
        "schedule": 60.0,
        "options": {"expires": 55},
    },
    "photographs that a crash left": {"task": "apps.filings.tasks.sweep", "schedule": 3600.0},
    "exports that wait or are over": {
        "task": "ydjy.desk.tasks.tend_exports",
        "schedule": 60.0,
        "options": {"expires": 55},
    },
}
