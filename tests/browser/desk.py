"""The staff site in a real browser at moments of our choosing, and the people of the cast in it."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.cast import PASSWORD
from tests.processes import environ, python, serving

PREPARE = """
import django
django.setup()
from django.core.management import call_command
call_command("migrate", verbosity=0)
from tests import cast
from apps.offices.models import Role, Staff
from apps.offices.sync import sync_calendar
from apps.errors.diagnosis.cause_codes import sync_causes
from apps.errors.reports.reminders import sync_ladder
people = cast.hire()
sync_calendar(); sync_causes(); sync_ladder()
Staff.objects.create_user("second", password=cast.PASSWORD, name="周强", role=Role.REVIEWER,
    office=people.office["city"], is_staff=True)
Staff.objects.create_user("yixian2", password=cast.PASSWORD, name="赵阳", role=Role.CLERK,
    office=people.office["yixian"], is_staff=True)
"""


@dataclass
class Desk:
    """One bureau: a data folder, a server that is started anew for each moment, a browser."""

    folder: Path
    chromium: Any
    address: str = ""
    trouble: list[str] = field(default_factory=list)

    def run(self, code: str) -> str:
        """A piece of Python in a process of its own, on this bureau's data."""
        env = environ(self.folder, DJANGO_SETTINGS_MODULE="ydjy.settings")
        done = python("-c", f"import django; django.setup()\n{code}", env=env)
        assert done.returncode == 0, done.stderr
        return str(done.stdout.strip())

    @contextmanager
    def at(self, moment: str) -> Iterator[None]:
        """The site while the clock in Shanghai shows ``moment`` (and goes on)."""
        with serving(self.folder, moment, path="/admin/login/") as self.address:
            yield

    def _heard(self, kind: str, text: str) -> None:
        refused = "status of 403" in text or "status of 404" in text  # what a stranger must get
        if kind == "error" and not refused:
            self.trouble.append(text)

    @contextmanager
    def person(self, username: str, *, path: str = "/admin/") -> Iterator[Any]:
        """A window in which this person is logged in; it talks to us alone and complains of
        nothing."""
        context = self.chromium.new_context(
            base_url=self.address, locale="zh-CN", viewport={"width": 1366, "height": 768},
            accept_downloads=True,
        )  # fmt: skip
        page = context.new_page()
        page.set_default_timeout(20_000)
        page.on("request", lambda r: r.url.startswith(self.address) or self.trouble.append(r.url))
        page.on("console", lambda m: self._heard(m.type, m.text))
        try:
            page.goto("/admin/login/")
            page.fill("#id_username", username)
            page.fill("#id_password", PASSWORD)
            page.keyboard.press("Enter")
            page.wait_for_url(lambda url: "/login/" not in url)
            if path != "/admin/":
                page.goto(path)
            yield page
        finally:
            context.close()


def bureau(made: Path, folder: Path, chromium: Any) -> Desk:
    """A fresh copy of the bureau that :func:`prepare` made."""
    shutil.copytree(made, folder)
    return Desk(folder, chromium)


def prepare(folder: Path) -> Path:
    desk = Desk(folder, None)
    desk.run(PREPARE)
    return folder
