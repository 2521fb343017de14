"""The staged rows of a received file on the screen: counters that narrow, a hundred a page."""

from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest

from ydjy.desk.imports import kinds as imports_kinds
from ydjy.desk.models import Upload

PAGE = 100
NARROW = {
    "good": [imports_kinds.ACCEPTED],
    "twice": [imports_kinds.DUPLICATE],
    "held": [imports_kinds.HELD],
    "wrong": [imports_kinds.REJECTED],
    "skipped": [imports_kinds.SKIPPED],
}
_ALWAYS = ("good", "wrong", "")


def rows_of(upload: Upload, request: HttpRequest, *, good: str = "可以导入") -> dict[str, Any]:
    """The page that was asked for, and the counters; ``good`` names the first."""
    show = request.GET.get("show", "")
    shown = upload.rows.select_related("twin")
    if show in NARROW:
        shown = shown.filter(status__in=NARROW[show])
    counters = [
        ("good", good, upload.accepted),
        ("twice", "重复", upload.duplicate),
        ("held", "等人判断", upload.held),
        ("wrong", "有问题", upload.rejected),
        ("skipped", "跳过", upload.skipped),
        ("", "全部", upload.rows_in),
    ]
    return {
        "page": Paginator(shown, PAGE).get_page(request.GET.get("p")),
        "show": show if show in NARROW else "",
        "counters": [one for one in counters if one[2] or one[0] in _ALWAYS],
    }
