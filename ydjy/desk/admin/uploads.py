"""来件: every file that was received, with its fingerprint, sender, receipt and counts. To look at.

The operator, who sees no cases, sees the receipts of all offices and nothing of what is in them;
everybody else those of the own office and below.
"""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from ydjy.desk.admin.modeladmin import OfficeScopedAdmin
from ydjy.desk.models import Upload
from ydjy.lib import masking

_COUNTS = ("accepted", "duplicate", "rejected", "held", "skipped")


@admin.register(Upload)
class UploadAdmin(OfficeScopedAdmin):
    about = "收到过的每一个文件：谁收的、文件指纹、多少行。只能看，不能改。"
    list_display = ("received_at", "name", "sender", "period", "lines", "state", "fingerprint")
    search_fields = ("=sha256", "=period")
    search_help_text = "文件指纹，或周次（例如 2026-W47）"
    fields = (
        *("name", "sender", "kind", "period", "format", "size", "sha256", "state", "said"),
        *("received_at", "received_by", "confirmed_at", "confirmed_by", "same_as"),
        *("lines", *_COUNTS),
    )
    readonly_fields = ("name", "said", "lines")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        if getattr(request.user, "sees_every_receipt", False):
            return self.model._default_manager.all()
        return super().get_queryset(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.display(description="文件名", ordering="filename")
    def name(self, upload: Upload) -> str:
        return masking.mask_in_text(upload.filename)

    @admin.display(description="行数")
    def lines(self, upload: Upload) -> int:
        return upload.rows_in

    @admin.display(description="指纹")
    def fingerprint(self, upload: Upload) -> str:
        return upload.sha256[:12]

    @admin.display(description="说明")
    def said(self, upload: Upload) -> str:
        return masking.mask_in_text(upload.message)
