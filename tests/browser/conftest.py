"""A browser, and the public site of Jinzhou on a Wednesday at 12:10 (lunch break)."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from apps.errors.models import Heartbeat
from tests import migrated
from tests.processes import environ, python, serving

MOMENT = "2026-11-18T04:10:00+00:00"  # 12:10 in Shanghai
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
PREPARE = """
import django
django.setup()
from django.core.management import call_command
call_command("migrate", verbosity=0)
for words in (["sync_reference"], ["load_policy", "jinzhou"]):
    call_command(*words)
"""
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


# The long journeys take minutes: CI runs them, and JOURNEYS=1; the daily suite stays quick.
LONG = {"test_week_journeys.py", "test_filings_journeys.py", "test_nothing_typed_is_lost.py"}
ALL = bool(os.environ.get("CI") or os.environ.get("JOURNEYS"))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not ALL and (long := [item for item in items if Path(str(item.fspath)).name in LONG]):
        config.hook.pytest_deselected(items=long)
        items[:] = [item for item in items if item not in long]
    for item in items:
        if "browser" in Path(str(item.fspath)).parts:
            item.add_marker(pytest.mark.browser)
            if CHROMIUM is None:
                item.add_marker(pytest.mark.skip(reason="Chromium is not installed here"))


@pytest.fixture(scope="session")
def public_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the site, started once for all tests of the browser."""
    folder = tmp_path_factory.mktemp("public-site")
    migrated.lend(folder)
    env = environ(folder, DJANGO_SETTINGS_MODULE="ydjy.settings")
    assert python("-c", PREPARE, env=env).returncode == 0
    with serving(folder, MOMENT) as address:
        yield address


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """One browser for all: a second Playwright in the same process is refused by it.

    Its event loop makes Django refuse the database, hence the variable, for this process only.
    """
    from playwright.sync_api import Page, sync_playwright

    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    click = Page.click

    def click_and_wait(page: Page, selector: str, **more: Any) -> None:
        """A click ends when the page it leads to is whole: what is counted next is all there."""
        click(page, selector, **more)
        page.wait_for_load_state()

    Page.click = click_and_wait
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


Visit = Callable[..., Any]


@pytest.fixture
def visit(chromium: Any, public_site: str) -> Iterator[Visit]:
    """Open a window: ``visit(width, mode, script)``. It may talk to the site alone, and at the end
    must not have complained of anything."""
    opened, trouble = [], []

    def open_window(width: int = 390, mode: str = "", script: bool = True, **more: Any) -> Any:
        context = chromium.new_context(
            viewport={"width": width, "height": 800}, java_script_enabled=script,
            base_url=public_site, locale="zh-CN", **more,
        )  # fmt: skip
        if mode:
            context.add_cookies([{"name": "mode", "value": mode, "url": public_site}])
        page = context.new_page()
        page.on("request", lambda r: r.url.startswith(public_site) or trouble.append(r.url))
        page.on("console", lambda m: m.type == "error" and trouble.append(m.text))
        opened.append(context)
        return page

    yield open_window
    for context in opened:
        context.close()
    assert trouble == []


@pytest.fixture(autouse=True)
def _the_minute_job_is_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    """None runs beside the tests' server; without this every page says so in red after a while."""
    monkeypatch.setattr(Heartbeat, "complaint", lambda now: "")
