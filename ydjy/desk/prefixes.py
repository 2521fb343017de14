"""Texts by their beginning, through the index of their column, on either engine."""

from django.db import connection
from django.db.models import Q

LAST = "\U0010ffff"  # no text goes on after it


def begins(column: str, text: str) -> Q:
    """SQLite's LIKE knows no case, and so no index; PostgreSQL has one for it (``db_index``), and
    may sort in another order."""
    if connection.vendor == "postgresql":
        return Q(**{f"{column}__startswith": text})
    return Q(**{f"{column}__gte": text, f"{column}__lt": f"{text}{LAST}"})
