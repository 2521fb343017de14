"""What the developers own of this app: roles as groups with permissions, the official calendar.

``sync_reference`` writes both at every start; what is right already is left alone.
"""

import csv
from collections.abc import Iterator
from datetime import date
from importlib.resources import files

from django.contrib.auth.models import Group, Permission

from apps.offices.models import CalendarDay, Role, Staff
from apps.offices.roles import PERMISSIONS


class ReferenceDataError(ValueError):
    """The reference data do not fit the program. The text is the sentence to show."""


def sync_roles() -> int:
    """One group per role, named by its label, with exactly the permissions of ``roles.py``;
    every staff member belongs to the group of the role and to no other. Returns the roles."""
    known = {
        f"{app}.{codename}": pk
        for pk, app, codename in Permission.objects.values_list(
            "pk", "content_type__app_label", "codename"
        )
    }
    for role in Role:
        if missing := [name for name in PERMISSIONS[role] if name not in known]:
            raise ReferenceDataError(
                f"岗位“{role.label}”要用的权限“{'”“'.join(missing)}”不存在。"
                "请先运行 migrate；如果还是这样，请核对 apps/offices/roles.py。"
            )
        group, _ = Group.objects.get_or_create(name=role.label)
        group.permissions.set(known[name] for name in PERMISSIONS[role])
    _sync_staff()
    return len(Role)


def _sync_staff() -> None:
    groups = {group.name: group for group in Group.objects.all()}
    for person in Staff.objects.prefetch_related("groups"):
        wanted = {groups[Role(person.role).label]} if person.role else set()
        if set(person.groups.all()) != wanted:
            person.groups.set(wanted)


def sync_calendar() -> int:
    """The days of the State Council's notices. A day that is there already stays as it is: staff
    may have corrected it. Returns the number of official days shipped."""
    shipped = list(_calendar_days())
    there = set(CalendarDay.objects.values_list("day", flat=True))
    if missing := [row for row in shipped if row.day not in there]:
        CalendarDay.objects.bulk_create(missing, ignore_conflicts=True)
    return len(shipped)


def _calendar_days() -> Iterator[CalendarDay]:
    text = files("apps.offices").joinpath("data/calendar.csv").read_text(encoding="utf-8")
    for number, row in enumerate(csv.DictReader(text.splitlines()), start=2):
        works = {"1": True, "true": True, "0": False, "false": False}.get(row["works"].lower())
        if works is None:
            raise ReferenceDataError(
                f"calendar.csv 第 {number} 行的“works”写的是“{row['works']}”，要写 1 或 0。"
            )
        yield CalendarDay(
            day=date.fromisoformat(row["day"]), works=works, name=row["name"], source=row["source"]
        )
