"""Refusing a step in words that a clerk can act on."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
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
        self.who = str(last.by) if last and last.by else "系统"
        when = timezone.localtime(row.touched_at)
        super().__init__(
            f"{self.who} {when:%H:%M} 刚改过这条。下面是{self.who}填的内容，请核对后再保存。"
        )


def in_words(item: models.Model, problem: ValidationError) -> str:
    """What the admin would say of a row that does not hold, field by field, as one sentence."""
    if not hasattr(problem, "error_dict"):
        return "".join(problem.messages)
    fields = {f.name: f.verbose_name for f in item._meta.fields}
    return (
        "；".join(
            f"“{fields.get(name, name)}”{''.join(errors)}".removesuffix("。")
            for name, errors in problem.message_dict.items()
        ).replace("“__all__”", "")
        + "。"
    )
