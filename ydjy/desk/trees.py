"""Rows that stand below others of their kind: offices, groups of diseases."""

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
