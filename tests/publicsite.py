"""The public site walked as a visitor walks it: from the home page along every link."""

import re
from html import unescape

from django.core.management import call_command
from django.test import Client

LINK = re.compile(r'href="(/[^"#]*)"')
TITLE = re.compile(r"<title>(.*?)</title>", re.S)
# Forms that a walk along links does not send.
ASKED = (
    "/search/",
    "/search/?q=%E8%BD%AC%E8%AF%8A",
    "/search/?q=%E6%B2%A1%E6%9C%89%E8%BF%99%E4%B8%AA",
    "/guide/?situation=&go=1",
    "/referral/?area=&group=",
    "/referral/?area=210727&group=unsure",
    "/workdays/?from=2026-09-28&days=20",
    "/workdays/?from=nonsense&days=20",
)


def load(city: str) -> None:
    call_command("load_policy", city, verbosity=0)
    call_command("sync_reference", verbosity=0)


def walk(
    client: Client, start: tuple[str, ...] = ("/", "/institutions/", *ASKED)
) -> dict[str, str]:
    """Every page that can be reached, by address. Fails on the first broken link."""
    pages: dict[str, str] = {}
    waiting = list(start)
    while waiting:
        address = waiting.pop()
        if address in pages or address.startswith(("/mode/", "/static/", "/data/")):
            continue
        response = client.get(address)
        while response.status_code == 302:
            response = client.get(response.url)
        assert response.status_code == 200, f"{address}: {response.status_code}"
        pages[address] = response.content.decode()
        if response.headers["Content-Type"].startswith("text/html"):
            waiting += [unescape(found) for found in LINK.findall(pages[address])]
    return pages


def title(html: str) -> str:
    return unescape(TITLE.search(html)[1].strip())  # type: ignore[index]
