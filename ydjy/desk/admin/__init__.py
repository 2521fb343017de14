"""The staff's pages of the desk itself: Django looks for them in the package of this name."""

from ydjy.desk.admin import logs, uploads
from ydjy.desk.exports import admin as exports

__all__ = ["exports", "logs", "uploads"]
