"""A rule of the desk that a bureau may change: a row holds from its day on, until a later one."""

from datetime import date
from typing import Self

from django.db import models


class DatedRule(models.Model):
    """``on(day)`` is the rule of a day; the defaults are the product's own."""

    valid_from = models.DateField("从哪天起", unique=True)
    basis = models.CharField("依据", max_length=120, blank=True)

    class Meta:
        abstract = True
        app_label = "desk"
        ordering = ["-valid_from"]

    def __str__(self) -> str:
        return f"{self.valid_from} 起"

    @classmethod
    def on(cls, day: date) -> Self:
        """The rule that holds on a day; the product's own where the bureau has set none."""
        return cls._default_manager.filter(valid_from__lte=day).first() or cls(valid_from=date.min)
