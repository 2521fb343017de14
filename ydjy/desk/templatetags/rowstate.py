"""The hidden word of a row for the forms that a template writes itself."""

from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from ydjy.desk.row_state import SEEN, state_of

register = template.Library()


@register.simple_tag
def seen(row: Any) -> SafeString:
    """A step that is posted with it is refused if the row has changed since (``admin_verb``)."""
    return format_html('<input type="hidden" name="{}" value="{}">', SEEN, state_of(row))
