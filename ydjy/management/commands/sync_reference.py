"""``sync_reference``: the tables that the developers own, brought into line with the program."""

from typing import Any

from django.db import transaction

from apps.errors.diagnosis.cause_codes import sync_causes
from apps.errors.reports.reminders import sync_ladder
from apps.filings.policy_loader import sync_field_rules
from apps.institutions.sync import sync_disease_groups
from apps.offices.sync import ReferenceDataError, sync_calendar, sync_roles
from ydjy.desk.commands import DeskCommand
from ydjy.desk.exceptions import Refused


class Command(DeskCommand):
    help = (
        "更新岗位权限、原因分类、工作日历、病种类别、登记时核对什么。"
        "每次升级以后运行，可以重复运行。"
    )

    def run(self, **options: Any) -> None:
        try:
            counts = sync()
        except ReferenceDataError as problem:
            raise Refused(str(problem)) from None
        words = (
            "岗位 {roles} 个，原因 {causes} 种，催办 {reminder_steps} 级，"
            "日历 {calendar_days} 天，病种类别 {disease_groups} 个，登记时核对 {field_rules} 项，"
            "都已是最新。"
        )
        self.say(counts, words.format(**counts), **options)


@transaction.atomic
def sync() -> dict[str, int]:
    """All of it, or nothing. Raises ReferenceDataError with a sentence."""
    return {
        "roles": sync_roles(),
        "causes": sync_causes(),
        "reminder_steps": sync_ladder(),
        "calendar_days": sync_calendar(),
        "disease_groups": sync_disease_groups(),
        "field_rules": sync_field_rules(),
    }
