"""Refusing a step in words that a clerk can act on."""

from typing import Any

from django.utils import timezone


class Refused(Exception):
    """A verb that cannot be done now. The text is shown to the person as it stands."""


def must(condition: object, sentence: str) -> None:
    """Go on only if ``condition`` holds; otherwise refuse with ``sentence``."""
    if not condition:
        raise Refused(sentence)


class Stale(Refused):
    """Somebody saved between a person's opening the page and taking the step. ``row`` is theirs.

    The row has ``touched_at`` and ``events`` with ``by``, the newest first.
    """

    def __init__(self, row: Any):
        self.row = row
        last = row.events.select_related("by").first()
        who = last.by if last and last.by else "系统"
        when = timezone.localtime(row.touched_at)
        super().__init__(f"{who} {when:%H:%M} 刚改过这条。下面是他填的内容，请核对后再保存。")
