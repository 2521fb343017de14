"""Rows that stand below others of their kind: offices, groups of diseases."""

from django.core.exceptions import ValidationError
from django.db import models


def below_itself(row: models.Model, link: str) -> bool:
    """Whether going up from a row by ``link`` leads back to it: no way up would ever end."""
    above, met = getattr(row, link), set()
    while above is not None and above.pk not in met:
        if above.pk == row.pk:
            return True
        met.add(above.pk)
        above = getattr(above, link)
    return False


def refuse_circle(row: models.Model, link: str) -> None:
    """For ``clean`` of such a row: ``ValidationError`` where it stands below itself."""
    if below_itself(row, link):
        raise ValidationError({link: "上级写成了自己或者自己的下级，请重新选择。"})
