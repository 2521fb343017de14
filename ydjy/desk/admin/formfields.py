"""Form fields that spare the staff the notation of a computer."""

import re
from typing import Any

from django import forms

_BETWEEN = re.compile(r"[、，,；;\s]+")


class WordsField(forms.CharField):
    """A list of words, written as people write it: 中学、小学. Stored as a list."""

    def __init__(self, *, encoder: Any = None, decoder: Any = None, **kwargs: Any):
        kwargs.setdefault("help_text", "多个用顿号隔开")
        super().__init__(**kwargs)

    def prepare_value(self, value: Any) -> Any:
        return "、".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        if isinstance(value, list):
            return value
        for check in self.validators:  # of the text: a list of words hides what is in them
            check(value or "")
        return [word for word in _BETWEEN.split(super().to_python(value)) if word]

    def has_changed(self, initial: Any, data: Any) -> bool:
        return (initial or []) != self.to_python(data)
