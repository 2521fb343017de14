"""What a small list changes: one row for each thing that it makes new or changes (X12)."""

from django.db import models


class RowChange(models.Model):
    """A difference that a received list makes 名单的改动: shown before, applied on a person's
    word, and the memory by which it is taken back. Values stand as a list writes them; no list
    about persons is kept like this."""

    upload = models.ForeignKey(
        "desk.Upload", models.CASCADE, related_name="changes", verbose_name="来件"
    )
    position = models.PositiveIntegerField("次序")
    row = models.PositiveIntegerField("行号")
    thing = models.CharField("哪一条", max_length=40, blank=True)
    name = models.CharField("名称", max_length=120)
    new = models.BooleanField("新增", default=False)
    before = models.JSONField("改前", default=dict)
    after = models.JSONField("改后", default=dict)
    applied = models.BooleanField("已写入", default=False)

    class Meta:
        app_label = "desk"
        verbose_name = verbose_name_plural = "名单的改动"
        ordering = ["upload", "position"]
        constraints = [
            models.UniqueConstraint(fields=["upload", "position"], name="row_change_position")
        ]
