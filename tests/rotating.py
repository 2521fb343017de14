"""Walks over everything there is cost a minute: CI walks it all, a developer a third a day."""

import os
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TypeVar

PARTS = 3
Case = TypeVar("Case")


def part_of(cases: Iterable[Case]) -> list[Case]:
    """Every third case, others each day, so that three days see them all; all of them in CI."""
    every = list(cases)
    if os.environ.get("CI"):
        return every
    return every[datetime.now(UTC).toordinal() % PARTS :: PARTS]
